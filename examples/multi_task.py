# SPDX-License-Identifier: Apache-2.0
"""Two tasks, one network: which digit is it, and is it odd? `mx.sym.Group`, two labels and a metric for each output.

    python examples/multi_task.py [FOLDER OF THE MNIST FILES]
"""
from __future__ import annotations

import logging
import sys
from pathlib import Path

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
SEED, BATCH, EPOCHS = 42, 100, 5
REQUIRED = 0.92         # test accuracy of the worse of both tasks


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=SEED, **options)


class TwoLabels(mx.io.DataIter):
    """Passes on the batches of an iterator of digits, and adds the label of the second task."""

    def __init__(self, digits: mx.io.DataIter) -> None:
        super().__init__(digits.batch_size)
        self.digits = digits
        self.provide_data = digits.provide_data
        shape = digits.provide_label[0].shape
        self.provide_label = [mx.io.DataDesc("digit_label", shape), mx.io.DataDesc("odd_label", shape)]

    def reset(self) -> None:
        self.digits.reset()

    def next(self) -> mx.io.DataBatch:
        batch = self.digits.next()
        digit, = batch.label
        return mx.io.DataBatch(batch.data, [digit, digit % 2], batch.pad, batch.index,
                               provide_data=self.provide_data, provide_label=self.provide_label)


def two_heads() -> mx.sym.Symbol:
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=128, name="fc1")
    net = mx.sym.Activation(net, act_type="relu", name="relu1")
    digit = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(net, num_hidden=10, name="fc_digit"), name="digit")
    odd = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(net, num_hidden=2, name="fc_odd"), name="odd", grad_scale=0.5)
    return mx.sym.Group([digit, odd])


def both_accuracies() -> mx.metric.EvalMetric:
    metric = mx.metric.CompositeEvalMetric()
    for task in ("digit", "odd"):
        metric.add(mx.metric.Accuracy(name=task, output_names=[f"{task}_output"], label_names=[f"{task}_label"]))
    return metric


def main(folder: Path = DATA) -> float:
    """Train, and return the lower of both test accuracies."""
    mx.random.seed(SEED)
    test = TwoLabels(digits(folder, "t10k", shuffle=False))
    module = mx.mod.Module(two_heads(), label_names=["digit_label", "odd_label"], context=mx.cpu())
    module.fit(TwoLabels(digits(folder, "train", shuffle=True)), eval_data=test, eval_metric=both_accuracies(),
               num_epoch=EPOCHS, initializer=mx.init.Xavier(),
               optimizer="sgd", optimizer_params={"learning_rate": 0.1, "momentum": 0.9})
    accuracies = dict(module.score(test, both_accuracies()))
    print(f"test accuracies: {accuracies}")
    return min(accuracies.values())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA) < REQUIRED))
