# SPDX-License-Identifier: Apache-2.0
"""Callbacks for `fit` and `score`: speed, progress bars, logs, checkpoints.

Batch callbacks are called with a BatchEndParam (epoch, nbatch, eval_metric, locals), nbatch counting from 0; epoch
callbacks with (epoch, symbol, arg_params, aux_params).
"""
from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from ._old_names import lend
from .base import MXNetValueError
from .kvstore.link import writes_checkpoints
from .model import save_checkpoint
from .resume import FullCheckpoint, full_checkpoint

__all__ = ["FullCheckpoint", "History", "LogValidationMetricsCallback", "ProgressBar", "Speedometer", "do_checkpoint",
           "full_checkpoint", "log_train_metric", "module_checkpoint", "progress"]


def do_checkpoint(prefix: str, period: int = 1) -> Callable[..., None]:
    """An epoch callback that saves `prefix-symbol.json` and `prefix-0001.params`, ... after every `period` epochs.

    In a distributed job rank 0 saves, and the first worker of each other machine; all do whose prefix names their rank.
    """
    period = max(1, int(period))

    def _callback(iter_no: int, sym: Any, arg: Any, aux: Any) -> None:
        if (iter_no + 1) % period == 0 and writes_checkpoints(prefix):
            save_checkpoint(prefix, iter_no + 1, sym, arg, aux)
    return _callback


def module_checkpoint(mod: Any, prefix: str, period: int = 1,
                      save_optimizer_states: bool = False) -> Callable[..., None]:
    """An epoch callback that saves a module (and its optimizer's states) after every `period` epochs.

    In a distributed job those save that `do_checkpoint` names.
    """
    period = max(1, int(period))

    def _callback(iter_no: int, sym: Any = None, arg: Any = None, aux: Any = None) -> None:
        if (iter_no + 1) % period == 0 and writes_checkpoints(prefix):
            mod.save_checkpoint(prefix, iter_no + 1, save_optimizer_states)
    return _callback


def log_train_metric(period: int, auto_reset: bool = False) -> Callable[[Any], None]:
    """A batch callback that logs the metric at every `period`-th batch, and with `auto_reset` begins it anew."""
    def _callback(param: Any) -> None:
        if param.nbatch % period == 0 and param.eval_metric is not None:
            for name, value in param.eval_metric.get_name_value():
                logging.info("Iter[%d] Batch[%d] Train-%s=%f", param.epoch, param.nbatch, name, value)
            if auto_reset:
                param.eval_metric.reset_local()
    return _callback


class Speedometer:
    """A batch callback that logs samples per second and the metric, every `frequent` batches of `batch_size`.

    With `auto_reset` the metric begins anew each time (its global value goes on), so that each line tells about its
    own batches.
    """

    def __init__(self, batch_size: int, frequent: int = 50, auto_reset: bool = True) -> None:
        self.batch_size, self.frequent, self.auto_reset = batch_size, frequent, auto_reset
        self.init = False                   # whether the clock runs since the beginning of this epoch
        self.tic: float = 0
        self.last_count = 0

    def __call__(self, param: Any) -> None:
        """Take a BatchEndParam."""
        count = param.nbatch
        if count < self.last_count:
            self.init = False
        self.last_count = count
        if not self.init:
            self.init, self.tic = True, time.time()
        elif count % self.frequent == 0:
            self._log(param)
            self.tic = time.time()

    def _log(self, param: Any) -> None:
        count, elapsed = param.nbatch, time.time() - self.tic
        speed = self.frequent * self.batch_size / elapsed if elapsed else float("inf")
        if param.eval_metric is None:
            logging.info("Iter[%d] Batch [%d]\tSpeed: %.2f samples/sec", param.epoch, count, speed)
            return
        pairs = param.eval_metric.get_name_value()
        first = count - self.frequent if self.auto_reset else 0
        if self.auto_reset:
            param.eval_metric.reset_local()
        logging.info("Epoch[%d] Batch [%d-%d]\tSpeed: %.2f samples/sec" + "\t%s=%f" * len(pairs), param.epoch, first,
                     count, speed, *(item for pair in pairs for item in pair))


def progress(on: bool | None = None) -> None:
    """Whether `fit` shows a progress bar: True, False, or None (as at start) for when stderr is a terminal.

    The environment variable `MXNET_PROGRESS=0` or `1` says the same before a program begins. A bar is left out when
    the program has a `ProgressBar` of its own among its callbacks.

    >>> import mxnet as mx
    >>> mx.callback.progress(False)
    """
    from . import _progress
    _progress.switch(on)


class History:
    """A batch callback that keeps the metric's values, for `mx.viz.plot_training` or a program's own use.

    Its method `validation` is for `eval_end_callback`. `frequent` is the number of batches from one record to the next.

    Attributes
    ----------
    batches : (epoch, number of the batch, {metric: value}) for batches
    epochs : {epoch: {metric: value}} at the end of each, as far as it is known
    validations : {epoch: {metric: value}}

    >>> import mxnet as mx, numpy as np
    >>> net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2), name="softmax")
    >>> data, history = mx.io.NDArrayIter(np.ones((8, 3)), np.zeros(8), batch_size=4), mx.callback.History()
    >>> mx.mod.Module(net).fit(data, data, num_epoch=2, batch_end_callback=history,
    ...                        eval_end_callback=history.validation)
    >>> [(epoch, batch, *values) for epoch, batch, values in history.batches], list(history.validations)
    ([(0, 0, 'accuracy'), (0, 1, 'accuracy'), (1, 0, 'accuracy'), (1, 1, 'accuracy')], [0, 1])
    """

    def __init__(self, frequent: int = 1) -> None:
        self.frequent = max(1, int(frequent))
        self.batches: list[tuple[int, int, dict[str, float]]] = []
        self.epochs: dict[int, dict[str, float]] = {}
        self.validations: dict[int, dict[str, float]] = {}

    def __call__(self, param: Any) -> None:
        """Take a BatchEndParam."""
        if param.eval_metric is None or (param.nbatch + 1) % self.frequent:
            return
        values = {name: float(value) for name, value in param.eval_metric.get_name_value()}
        self.batches.append((param.epoch, param.nbatch, values))
        self.epochs[param.epoch] = {name: float(value) for name, value in param.eval_metric.get_global_name_value()}

    def validation(self, param: Any) -> None:
        """Take the BatchEndParam of the end of a validation."""
        if param.eval_metric is not None:
            self.validations[param.epoch] = {name: float(value) for name, value in param.eval_metric.get_name_value()}


class ProgressBar:
    """A batch callback that shows a bar for each epoch, with the metric and samples per second (needs tqdm).

    Parameters
    ----------
    total : batches in an epoch
    length : width of the line, in characters

    The bar is closed with the epoch's last batch; when an epoch was shorter, with the first batch of the next.
    """

    _REFRESH = 0.1          # seconds between two readings of the metric, which wait for the device

    def __init__(self, total: int, length: int = 80) -> None:
        if total < 1:
            raise MXNetValueError(f"ProgressBar: total is a number of batches from 1, not {total}")
        self.total, self.bar_len = total, length
        self._bar: Any = None
        self._seen: tuple[Any, int] = (None, -1)          # epoch and batch of the last call
        self._opened = self._shown = 0.0
        self._samples = 0

    def __call__(self, param: Any) -> None:
        """Take a BatchEndParam."""
        epoch, last = self._seen
        if self._bar is None or epoch != param.epoch or param.nbatch < last:
            self._open(param.epoch)
        else:                           # the bar opens after the first batch: only those that follow are timed
            self._samples += _batch_size(param.locals)
        self._seen = param.epoch, param.nbatch
        done, now = min(param.nbatch + 1, self.total), time.perf_counter()
        if done == self.total or now - self._shown >= self._REFRESH:
            self._shown = now
            self._bar.set_postfix(self._values(param.eval_metric), refresh=False)
            self._bar.update(done - self._bar.n)
        if done == self.total:
            self.close()

    def _open(self, epoch: Any) -> None:
        from tqdm import tqdm
        self.close()
        self._bar = tqdm(total=self.total, ncols=self.bar_len, desc=f"Epoch {epoch}", mininterval=0,
                         bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{remaining}{postfix}]")
        self._opened, self._samples = time.perf_counter(), 0

    def _values(self, eval_metric: Any) -> dict[str, Any]:
        return shown_values(self._samples, time.perf_counter() - self._opened, eval_metric)

    def close(self) -> None:
        """Close the bar that is shown, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def shown_values(samples: int, seconds: float, eval_metric: Any) -> dict[str, Any]:
    """What stands behind a bar: samples per second, when there were any, and the metric."""
    shown: dict[str, Any] = {}
    if samples:
        rate = samples / max(seconds, 1e-9)
        shown["samples/s"] = f"{rate:.0f}" if rate >= 100 else f"{rate:.3g}"
    shown.update(eval_metric.get_name_value() if eval_metric is not None else ())
    return shown


def _batch_size(names: Mapping[str, Any] | None) -> int:
    """Examples in the batch that the caller of a batch callback just did, from its local variables; 0 if unknown."""
    for name in ("data_batch", "eval_batch", "batch"):
        batch = (names or {}).get(name)
        parts = batch if isinstance(batch, list) else [batch]
        if all(getattr(part, "data", None) for part in parts):
            return sum(part.data[0].shape[0] for part in parts if part is not None)
    return 0


class LogValidationMetricsCallback:
    """A `score_end_callback` that logs the metric of an epoch's validation."""

    def __call__(self, param: Any) -> None:
        """Take a BatchEndParam."""
        if not param.eval_metric:
            return
        for name, value in param.eval_metric.get_name_value():
            logging.info("Epoch[%d] Validation-%s=%f", param.epoch, name, value)


lend(__name__)
