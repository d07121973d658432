# SPDX-License-Identifier: Apache-2.0
"""LeNet on MNIST, from the raw files to a served model, in the way that Module programs are written.

It trains on 8,000 digits, writes a checkpoint, forgets the trained module, loads the checkpoint into a new one and
answers for 2,000 digits that training never saw. Nothing but `mxnet`, NumPy and matplotlib is imported, and the same
file runs under Apache MXNet 1.9.1 (which wants the digits uncompressed: gunzip them and pass their folder as --data).

    python examples/train_lenet.py [--data FOLDER] [--out FOLDER] [--epochs N] [--batch-size N]

Written to --out: lenet-symbol.json, lenet-0005.params, predictions.png, training.png. The exit status is 1 when fewer
than 97.5 % of the test digits are recognised.
"""
from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

import numpy as np

import mxnet as mx

SEED = 42
CLASSES = 10
REQUIRED_ACCURACY = 0.975
HERE = Path(__file__).resolve().parent


def lenet() -> mx.sym.Symbol:
    """Two convolutions and two fully connected layers (LeCun et al., 1998), with ReLU, dropout and a softmax loss."""
    net = mx.sym.Variable("data")                                                       # (batch, 1, 28, 28)
    for index, filters in enumerate((20, 50), start=1):
        net = mx.sym.Convolution(net, kernel=(5, 5), num_filter=filters, name=f"conv{index}")
        net = mx.sym.Activation(net, act_type="relu", name=f"relu{index}")
        net = mx.sym.Pooling(net, pool_type="max", kernel=(2, 2), stride=(2, 2), name=f"pool{index}")
    net = mx.sym.FullyConnected(mx.sym.Flatten(net), num_hidden=500, name="fc1")
    net = mx.sym.Activation(net, act_type="relu", name="relu3")
    net = mx.sym.Dropout(net, p=0.5, name="drop")
    net = mx.sym.FullyConnected(net, num_hidden=CLASSES, name="fc2")
    return mx.sym.SoftmaxOutput(net, name="softmax")                                    # label: softmax_label


def digits(folder: Path, part: str, batch_size: int, shuffle: bool = False) -> mx.io.DataIter:
    """The images (scaled to 0..1) and labels of one part of MNIST, `train` or `t10k`, as an iterator."""
    def idx(name: str) -> str:
        plain = folder / f"{part}-{name}-ubyte"
        return str(plain if plain.exists() else plain.with_name(plain.name + ".gz"))

    return mx.io.MNISTIter(image=idx("images-idx3"), label=idx("labels-idx1"), batch_size=batch_size, shuffle=shuffle,
                           flat=False, silent=True, seed=SEED)


class History:
    """Callbacks that keep what `fit` reports: every training batch, and the test set after every epoch."""

    def __init__(self) -> None:
        self.running: list[list[dict[str, float]]] = []         # [epoch][batch]: means since the epoch's start
        self.tests: list[dict[str, float]] = []

    def batch(self, param) -> None:
        if len(self.running) == param.epoch:
            self.running.append([])
        self.running[-1].append(dict(param.eval_metric.get_name_value()))

    def test(self, param) -> None:
        self.tests.append(dict(param.eval_metric.get_name_value()))

    def per_batch(self, name: str) -> np.ndarray:
        """The values of single batches, all epochs in a row, from the running means: v(k) = k m(k) - (k-1) m(k-1)."""
        return np.concatenate([
            np.diff(np.arange(1, len(epoch) + 1) * [means[name] for means in epoch], prepend=0.0)
            for epoch in self.running])


def train(data: Path, prefix: Path, epochs: int, batch_size: int) -> History:
    """Fit LeNet and leave `<prefix>-symbol.json` and `<prefix>-<epochs>.params` behind."""
    train_iter = digits(data, "train", batch_size, shuffle=True)
    test_iter = digits(data, "t10k", batch_size=100)
    batches = sum(1 for _ in train_iter)
    train_iter.reset()

    rate = 0.1
    decay = mx.lr_scheduler.PolyScheduler(max_update=epochs * batches, base_lr=rate, pwr=1)     # to zero in a line
    history = History()
    module = mx.mod.Module(lenet(), context=mx.cpu())
    module.fit(
        train_iter, eval_data=test_iter, num_epoch=epochs,
        eval_metric=[mx.metric.Accuracy(), mx.metric.CrossEntropy()],
        initializer=mx.init.Xavier(magnitude=2.0),
        optimizer="sgd",
        optimizer_params={"learning_rate": rate, "momentum": 0.9, "wd": 1e-3, "lr_scheduler": decay},
        batch_end_callback=[mx.callback.ProgressBar(total=batches), history.batch],
        eval_end_callback=history.test,
        epoch_end_callback=mx.callback.do_checkpoint(str(prefix), period=epochs))
    return history


def serve(data: Path, prefix: Path, epoch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Load the checkpoint into a fresh module. Gives images (n, 28, 28), labels (n,) and probabilities (n, 10)."""
    test_iter = digits(data, "t10k", batch_size=100)
    module = mx.mod.Module.load(str(prefix), epoch)
    module.bind(data_shapes=test_iter.provide_data, label_shapes=test_iter.provide_label, for_training=False)
    probabilities = module.predict(test_iter).asnumpy()

    test_iter.reset()
    batches = [(batch.data[0].asnumpy()[:, 0], batch.label[0].asnumpy()) for batch in test_iter]
    images, labels = (np.concatenate(parts) for parts in zip(*batches))
    return images, labels.astype(int), probabilities


def report(labels: np.ndarray, predicted: np.ndarray) -> str:
    """For each digit: of those called so, how many are (precision); of those that are, how many were found (recall)."""
    confusion = np.bincount(labels * CLASSES + predicted, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    right = confusion.diagonal()
    precision = right / np.maximum(confusion.sum(axis=0), 1)
    recall = right / np.maximum(confusion.sum(axis=1), 1)
    rows = [f"{digit:>5} {precision[digit]:>10.4f} {recall[digit]:>8.4f} {confusion[digit].sum():>6}"
            for digit in range(CLASSES)]
    return "\n".join([f"{'digit':>5} {'precision':>10} {'recall':>8} {'count':>6}", *rows])


def draw_predictions(path: Path, images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    """A grid of test digits: up to 20 mistakes first, the most confident ones leading, then digits as they come."""
    from matplotlib.figure import Figure

    rows, columns, most_errors = 6, 10, 20
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:most_errors]
    right = np.flatnonzero(predicted == labels)[:rows * columns - len(wrong)]

    figure = Figure(figsize=(columns * 1.05, rows * 1.3 + 0.5), layout="constrained")
    figure.suptitle(f"{(predicted == labels).mean():.2%} of {len(labels)} test digits recognised; "
                    "mistakes first, in red: predicted (truth)")
    cells = figure.subplots(rows, columns).ravel()
    for cell, index in zip(cells, np.concatenate([wrong, right])):
        mistaken = predicted[index] != labels[index]
        cell.imshow(images[index], cmap="gray_r", vmin=0, vmax=1)
        title = f"{predicted[index]} ({labels[index]})" if mistaken else f"{predicted[index]}"
        cell.set_title(f"{title}  {confidence[index]:.0%}", fontsize=8, color="red" if mistaken else "black")
        for edge in cell.spines.values():
            edge.set(color="red" if mistaken else "lightgray", linewidth=2 if mistaken else 0.5)
    for cell in cells:
        cell.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=110)


def draw_training(path: Path, history: History) -> None:
    """Loss and accuracy: each training batch, their mean over the last 25, and the test set after each epoch."""
    from matplotlib.figure import Figure

    window = 25
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, 2), (("cross-entropy", "loss"), ("accuracy", "accuracy"))):
        values = history.per_batch(name)
        epoch_of = np.arange(1, len(values) + 1) * len(history.running) / len(values)
        axes.plot(epoch_of, values, color="tab:blue", alpha=0.25, linewidth=0.8, label="training, each batch")
        if len(values) >= window:
            smooth = np.convolve(values, np.full(window, 1 / window), mode="valid")
            axes.plot(epoch_of[window - 1:], smooth, color="tab:blue", label=f"training, mean of {window} batches")
        axes.plot(range(1, len(history.tests) + 1), [means[name] for means in history.tests], "o-",
                  color="tab:orange", label="test set")
        axes.set(xlabel="epoch", title=title, xlim=(0, None))
        axes.grid(alpha=0.3)
    figure.axes[0].set(yscale="log", ylabel="cross-entropy (nats)")
    figure.axes[1].set(ylim=(0.8, 1.005), ylabel="part recognised")
    figure.axes[1].legend(loc="lower right")
    figure.savefig(path, dpi=110)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train LeNet on MNIST digits, save it, reload it, and test it.")
    parser.add_argument("--data", type=Path, default=HERE / "data" / "mnist10k", help="folder of the idx files")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the checkpoint and the pictures")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    mx.random.seed(SEED)
    np.random.seed(SEED)
    options.out.mkdir(parents=True, exist_ok=True)
    prefix = options.out / "lenet"

    start = time.perf_counter()
    history = train(options.data, prefix, options.epochs, options.batch_size)
    print(f"trained in {time.perf_counter() - start:.1f} s")

    images, labels, probabilities = serve(options.data, prefix, options.epochs)
    predicted = probabilities.argmax(axis=1)
    accuracy = float((predicted == labels).mean())
    print(report(labels, predicted))
    print(f"test accuracy of the reloaded model: {accuracy:.2%} ({(predicted != labels).sum()} of {len(labels)} wrong)")

    draw_predictions(options.out / "predictions.png", images, labels, probabilities)
    draw_training(options.out / "training.png", history)
    for name in ("lenet-symbol.json", f"lenet-{options.epochs:04d}.params", "predictions.png", "training.png"):
        print(f"wrote {options.out / name}")
    if accuracy < REQUIRED_ACCURACY:
        print(f"FAILED: at least {REQUIRED_ACCURACY:.1%} is expected", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
