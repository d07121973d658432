# SPDX-License-Identifier: Apache-2.0
"""A perceptron with two hidden layers on MNIST: the shortest whole program with `Module.fit`.

    python examples/train_mnist_mlp.py [FOLDER OF THE MNIST FILES]
"""
from __future__ import annotations

import logging
import sys
from pathlib import Path

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
SEED, BATCH, CLASSES, EPOCHS = 42, 100, 10, 5
REQUIRED = 0.92         # test accuracy


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=SEED, **options)


def mlp() -> mx.sym.Symbol:
    net = mx.sym.Variable("data")                                                       # (batch, 784)
    for index, width in enumerate((128, 64), start=1):
        net = mx.sym.FullyConnected(net, num_hidden=width, name=f"fc{index}")
        net = mx.sym.Activation(net, act_type="relu", name=f"relu{index}")
    net = mx.sym.FullyConnected(net, num_hidden=CLASSES, name="fc3")
    return mx.sym.SoftmaxOutput(net, name="softmax")


def main(folder: Path = DATA) -> float:
    """Train, and return the accuracy on the test digits."""
    mx.random.seed(SEED)
    test = digits(folder, "t10k", shuffle=False)
    module = mx.mod.Module(mlp(), context=mx.cpu())
    module.fit(digits(folder, "train", shuffle=True), eval_data=test, num_epoch=EPOCHS, initializer=mx.init.Xavier(),
               optimizer="sgd", optimizer_params={"learning_rate": 0.1, "momentum": 0.9},
               batch_end_callback=mx.callback.Speedometer(BATCH, 40))
    accuracy = dict(module.score(test, "acc"))["accuracy"]
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA) < REQUIRED))
