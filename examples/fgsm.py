# SPDX-License-Identifier: Apache-2.0
"""Adversarial digits by the fast gradient sign method (Goodfellow et al., 2015): a trained network is bound again with
`inputs_need_grad`, and each pixel is moved a little in the direction in which the loss grows.

    python examples/fgsm.py [FOLDER OF THE MNIST FILES]
"""
from __future__ import annotations

import logging
import sys
from pathlib import Path

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
SEED, BATCH, EPOCHS, EPSILON = 42, 100, 5, 0.1
REQUIRED = 0.5          # the accuracy that is lost by moving every pixel by EPSILON


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=SEED, **options)


def mlp() -> mx.sym.Symbol:
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=128, name="fc1")
    net = mx.sym.Activation(net, act_type="relu", name="relu1")
    net = mx.sym.FullyConnected(net, num_hidden=10, name="fc2")
    return mx.sym.SoftmaxOutput(net, name="softmax")


def attack(trained: mx.mod.Module, test: mx.io.DataIter) -> tuple[float, float]:
    """The accuracies on the digits as they are, and after the attack."""
    victim = mx.mod.Module(trained.symbol, context=mx.cpu())
    victim.bind(test.provide_data, test.provide_label, for_training=True, inputs_need_grad=True)
    victim.set_params(*trained.get_params())
    clean, fooled = mx.metric.Accuracy(), mx.metric.Accuracy()
    test.reset()
    for batch in test:
        victim.forward(batch, is_train=True)
        victim.update_metric(clean, batch.label)
        victim.backward()
        moved = mx.nd.clip(batch.data[0] + EPSILON * mx.nd.sign(victim.get_input_grads()[0]), 0, 1)
        victim.forward(mx.io.DataBatch([moved], batch.label), is_train=False)
        victim.update_metric(fooled, batch.label)
    return clean.get()[1], fooled.get()[1]


def main(folder: Path = DATA) -> float:
    """Train, attack, and return how much accuracy the attack costs."""
    mx.random.seed(SEED)
    module = mx.mod.Module(mlp(), context=mx.cpu())
    module.fit(digits(folder, "train", shuffle=True), num_epoch=EPOCHS, initializer=mx.init.Xavier(),
               optimizer="sgd", optimizer_params={"learning_rate": 0.1, "momentum": 0.9})
    clean, fooled = attack(module, digits(folder, "t10k", shuffle=False))
    print(f"test accuracy: {clean:.4f}; under attack: {fooled:.4f}")
    return clean - fooled


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA) < REQUIRED))
