# SPDX-License-Identifier: Apache-2.0
"""An autoencoder squeezes 784 pixels into 16 numbers and back. It must beat the best linear code of the same width,
the principal components, on digits that it has not seen.

    python examples/autoencoder.py [FOLDER OF THE MNIST FILES]
"""
from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
SEED, BATCH, EPOCHS, CODE = 42, 100, 8, 16
REQUIRED = 1.15         # squared error of the principal components / that of the autoencoder


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=SEED, **options)


def pixels(iterator: mx.io.DataIter) -> np.ndarray:
    return np.concatenate([batch.data[0].asnumpy() for batch in iterator])


def autoencoder() -> mx.sym.Symbol:
    net = mx.sym.Variable("data")
    for name, width in (("encoder1", 256), ("encoder2", CODE), ("decoder1", 256), ("decoder2", 784)):
        net = mx.sym.FullyConnected(net, num_hidden=width, name=name)
        if width == 256:
            net = mx.sym.Activation(net, act_type="relu", name=f"{name}_relu")
    return mx.sym.LinearRegressionOutput(net, mx.sym.Variable("image"), name="reconstruction")


def principal_components_error(train: np.ndarray, test: np.ndarray) -> float:
    """The mean squared error when only the CODE first principal components of `train` are kept."""
    mean = train.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(train, rowvar=False))                            # eigenvalues ascend
    basis = vectors[:, -CODE:]
    return float(np.mean(((test - mean) - (test - mean) @ basis @ basis.T) ** 2))


def main(folder: Path = DATA) -> float:
    """Train, and return by how much the error falls below that of the linear code."""
    mx.random.seed(SEED)
    np.random.seed(SEED)                                                                 # NDArrayIter's shuffling
    train, test = (pixels(digits(folder, part, shuffle=False)) for part in ("train", "t10k"))
    train_iter = mx.io.NDArrayIter(train, train, BATCH, shuffle=True, label_name="image")
    test_iter = mx.io.NDArrayIter(test, test, BATCH, label_name="image")
    module = mx.mod.Module(autoencoder(), label_names=["image"], context=mx.cpu())
    # The loss of an image is a mean over pixels: the rate is that of Adam, which does not mind its scale.
    module.fit(train_iter, eval_data=test_iter, eval_metric="mse", num_epoch=EPOCHS, initializer=mx.init.Xavier(),
               optimizer="adam", optimizer_params={"learning_rate": 0.002})
    error = dict(module.score(test_iter, "mse"))["mse"]
    linear = principal_components_error(train, test)
    print(f"test error: {error:.5f}; with {CODE} principal components: {linear:.5f}")
    return linear / error


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA) < REQUIRED))
