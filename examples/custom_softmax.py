# SPDX-License-Identifier: Apache-2.0
"""A softmax loss written in NumPy: `mx.operator.CustomOp`, its CustomOpProp, and `mx.sym.Custom` inside a network.

    python examples/custom_softmax.py [FOLDER OF THE MNIST FILES]
"""
from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
SEED, BATCH, EPOCHS = 42, 100, 5
REQUIRED = 0.92         # test accuracy


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=SEED, **options)


class Softmax(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux) -> None:
        scores = in_data[0].asnumpy()
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.assign(out_data[0], req[0], mx.nd.array(powers / powers.sum(axis=1, keepdims=True)))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux) -> None:
        """The gradient of cross-entropy with regard to the scores: probabilities - one-hot labels."""
        grad = out_data[0].asnumpy()
        grad[np.arange(len(grad)), in_data[1].asnumpy().astype(int)] -= 1
        self.assign(in_grad[0], req[0], mx.nd.array(grad))


@mx.operator.register("numpy_softmax")
class SoftmaxProp(mx.operator.CustomOpProp):
    def __init__(self) -> None:
        super().__init__(need_top_grad=False)           # it is a loss: nothing comes from above

    def list_arguments(self) -> list[str]:
        return ["data", "label"]

    def list_outputs(self) -> list[str]:
        return ["output"]

    def infer_shape(self, in_shape):
        return [in_shape[0], [in_shape[0][0]]], [in_shape[0]], []

    def create_operator(self, ctx, shapes, dtypes) -> Softmax:
        return Softmax()


def mlp() -> mx.sym.Symbol:
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=128, name="fc1")
    net = mx.sym.Activation(net, act_type="relu", name="relu1")
    net = mx.sym.FullyConnected(net, num_hidden=10, name="fc2")
    return mx.sym.Custom(net, op_type="numpy_softmax", name="softmax")              # makes the label softmax_label


def main(folder: Path = DATA) -> float:
    """Train, and return the accuracy on the test digits."""
    mx.random.seed(SEED)
    test = digits(folder, "t10k", shuffle=False)
    module = mx.mod.Module(mlp(), context=mx.cpu())
    module.fit(digits(folder, "train", shuffle=True), eval_data=test, num_epoch=EPOCHS, initializer=mx.init.Xavier(),
               optimizer="sgd", optimizer_params={"learning_rate": 0.1, "momentum": 0.9})
    accuracy = dict(module.score(test, "acc"))["accuracy"]
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA) < REQUIRED))
