# SPDX-License-Identifier: Apache-2.0
"""A support vector machine on top of a hidden layer (Tang, 2013): SVMOutput with squared and with linear hinge loss.

    python examples/svm_mnist.py [FOLDER OF THE MNIST FILES]
"""
from __future__ import annotations

import logging
import sys
from pathlib import Path

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
SEED, BATCH, EPOCHS = 42, 100, 5
REQUIRED = 0.92         # test accuracy of the worse of both losses


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=SEED, **options)


def svm(use_linear: bool) -> mx.sym.Symbol:
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=128, name="fc1")
    net = mx.sym.Activation(net, act_type="relu", name="relu1")
    net = mx.sym.FullyConnected(net, num_hidden=10, name="fc2")
    label = mx.sym.Variable("softmax_label")                                             # as the iterator calls it
    return mx.sym.SVMOutput(net, label, margin=1.0, regularization_coefficient=1.0, use_linear=use_linear, name="svm")


def accuracy(folder: Path, use_linear: bool) -> float:
    mx.random.seed(SEED)
    train, test = digits(folder, "train", shuffle=True), digits(folder, "t10k", shuffle=False)
    module = mx.mod.Module(svm(use_linear), context=mx.cpu())
    module.fit(train, eval_data=test, num_epoch=EPOCHS, initializer=mx.init.Xavier(), optimizer="sgd",
               optimizer_params={"learning_rate": 0.02, "momentum": 0.9, "wd": 1e-4})
    return dict(module.score(test, "acc"))["accuracy"]


def main(folder: Path = DATA) -> float:
    """Train with both losses, and return the lower test accuracy."""
    squared, linear = (accuracy(folder, use_linear) for use_linear in (False, True))
    print(f"test accuracy: {squared:.4f} with squared, {linear:.4f} with linear hinge loss")
    return min(squared, linear)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA) < REQUIRED))
