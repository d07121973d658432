# SPDX-License-Identifier: Apache-2.0
"""Curves of a training run, from the lines that it logged or from the records of `mx.callback.History`.

Lines are recognised wherever they stand in a log line, so that any prefix (time, level, host) may come before. All
versions of MXNet are read: `Epoch[0] Batch [20]`, `Epoch[0] Batch [0-20]`, `Iter[0] Batch[20] Train-`,
`Epoch[0] Train-` and `Epoch[0] Validation-`.
"""
from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Iterable
from typing import Any

from ._files import atomic_write, local_path
from .base import MXNetError, MXNetTypeError, MXNetValueError, nearest
from .callback import History

__all__ = ["plot_training", "read_log"]

_PAIR = r"([^\s=]+)=(-?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf))"
_BATCH = re.compile(r"Epoch\[(\d+)\] Batch \[(?:\d+-)?(\d+)\]\s+Speed: \S+ samples/sec(.*)")
_TRAIN = re.compile(rf"Iter\[(\d+)\] Batch\[(\d+)\] Train-{_PAIR}", re.IGNORECASE)
_EPOCH = re.compile(rf"Epoch\[(\d+)\] (Train|Validation)-{_PAIR}", re.IGNORECASE)
_SIZE = (7.0, 3.2)          # inches: width, and height for each metric


def read_log(lines: Iterable[str]) -> History:
    """What lines of a log say about training, as records.

    >>> history = read_log(["Epoch[0] Batch [0-20]\\tSpeed: 99.10 samples/sec\\taccuracy=0.250000",
    ...                     "INFO:root:Epoch[0] Train-accuracy=0.500000", "Epoch[0] Validation-accuracy=0.750000"])
    >>> history.batches, history.epochs, history.validations
    ([(0, 20, {'accuracy': 0.25})], {0: {'accuracy': 0.5}}, {0: {'accuracy': 0.75}})
    """
    history = History()
    for line in lines:
        if match := _BATCH.search(line):
            values = {name: float(value) for name, value in re.findall(_PAIR, match[3], re.IGNORECASE)}
            if values:
                history.batches.append((int(match[1]), int(match[2]), values))
        elif match := _TRAIN.search(line):
            history.batches.append((int(match[1]), int(match[2]), {match[3]: float(match[4])}))
        elif match := _EPOCH.search(line):
            table = history.epochs if match[2].lower() == "train" else history.validations
            table.setdefault(int(match[1]), {})[match[3]] = float(match[4])
    return history


def _records(log: Any) -> History:
    if isinstance(log, History):
        return log
    if isinstance(log, (str, os.PathLike)):
        path = local_path(log)
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = read_log(file)
        except OSError as error:
            raise MXNetError(f"{path}: the log cannot be read: {error.strerror}") from None
        if not (found.batches or found.epochs or found.validations):
            raise MXNetError(f"{path}: there is no line that training logs")
        return found
    if isinstance(log, Iterable):
        return read_log(log)
    raise MXNetTypeError(f"plot_training: log is a file's name, lines, or an mx.callback.History, not a "
                         f"{type(log).__name__}")


def _curves(history: History, metric: str) -> dict[str, tuple[list[float], list[float]]]:
    """Points by kind of curve; the unit of the x axis is the epoch."""
    longest = max([batch + 1 for _, batch, _ in history.batches], default=1)
    batches = [(epoch + (batch + 1) / longest, values[metric]) for epoch, batch, values in history.batches
               if metric in values]
    kinds = {"training, batches": batches,
             "training": [(epoch + 1.0, values[metric]) for epoch, values in history.epochs.items()
                          if metric in values],
             "validation": [(epoch + 1.0, values[metric]) for epoch, values in history.validations.items()
                            if metric in values]}
    return {kind: ([x for x, _ in points], [y for _, y in points]) for kind, points in kinds.items() if points}


def _figure(size: tuple[float, float]) -> Any:
    """A figure apart from any window, so that no display is needed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MXNetError("plot_training draws with matplotlib, which is not installed: "
                         "pip install matplotlib") from None
    return Figure(figsize=size, layout="constrained")


def plot_training(log: Any, path: str | os.PathLike[str] | None = None, metrics: Iterable[str] | None = None,
                  title: str | None = None) -> Any:
    """Draw the metrics of a training run over its epochs, on batches, at the ends of epochs, and in validation.

    Parameters
    ----------
    log : the name of a log file that `fit` and `Speedometer` wrote to, its lines, or an `mx.callback.History`
    path : a file to write (png, pdf, svg by its ending), atomically; default none
    metrics : which to draw; default all, one below the other
    title : above all

    Returns the matplotlib figure. Raises MXNetError without matplotlib, and for files without such lines;
    MXNetValueError for metrics that the log does not have.

    >>> import mxnet as mx
    >>> figure = mx.viz.plot_training(["Epoch[0] Train-accuracy=0.5", "Epoch[1] Train-accuracy=0.75"])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['accuracy']
    """
    history = _records(log)
    tables = [*(values for _, _, values in history.batches), *history.epochs.values(), *history.validations.values()]
    known = list(dict.fromkeys(name for values in tables for name in values))
    chosen = known if metrics is None else list(metrics)
    for name in chosen:
        if name not in known:
            raise MXNetValueError(f"plot_training: there is no metric {name!r}, but {', '.join(known) or 'none'}."
                                  f"{nearest(name, known)}")
    if not chosen:
        raise MXNetValueError("plot_training: there is nothing to draw: no line or record has a metric")
    figure = _figure((_SIZE[0], _SIZE[1] * len(chosen)))
    for axes, name in zip(figure.subplots(len(chosen), sharex=True, squeeze=False)[:, 0], chosen):
        for kind, (xs, ys) in _curves(history, name).items():
            fine = kind == "training, batches"
            axes.plot(xs, ys, label=kind, linewidth=0.8 if fine else 1.6, alpha=0.6 if fine else 1.0,
                      marker=None if fine and len(xs) > 1 else "o", markersize=3)
        if not any(math.isfinite(y) for _, ys in _curves(history, name).values() for y in ys):
            axes.text(0.5, 0.5, "no finite values", transform=axes.transAxes, ha="center")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.axes[-1].set_xlabel("epochs")
    if title:
        figure.suptitle(title)
    if path is not None:
        _save(figure, path)
    return figure


def _save(figure: Any, path: str | os.PathLike[str]) -> None:
    name = local_path(path)
    kind = os.path.splitext(name)[1].lstrip(".") or "png"
    drawn = io.BytesIO()
    try:
        figure.savefig(drawn, format=kind)
    except ValueError as error:
        raise MXNetValueError(f"{name}: {error}") from None
    with atomic_write(name) as file:
        file.write(drawn.getvalue())
