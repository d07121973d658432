# SPDX-License-Identifier: Apache-2.0
"""The bar that `Module.fit` shows in a terminal: batches of the epoch, samples per second, the metric.

It is there when stderr is a terminal, or when `mx.callback.progress(True)` or `MXNET_PROGRESS=1` ask for it; otherwise
nothing of this runs. While it is shown, log lines are written above it. How many batches an
epoch has is known once the first is over.
"""
from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

from .callback import ProgressBar, _batch_size, shown_values

__all__ = ["FitProgress", "fit_progress", "switch"]

_REFRESH = 0.1              # seconds between two readings of the metric, which wait for the device
_asked: bool | None = None


def switch(on: bool | None) -> None:
    """Show bars, do not, or (None) let the environment and the terminal decide."""
    global _asked
    _asked = on


def _wanted(callbacks: Any) -> bool:
    listed = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    if any(isinstance(callback, ProgressBar) for callback in listed):
        return False
    if _asked is not None:
        return _asked
    setting = os.environ.get("MXNET_PROGRESS", "")
    if setting:
        return setting.lower() not in ("0", "false", "off", "no")
    return sys.stderr is not None and sys.stderr.isatty()


class FitProgress:
    """One bar after the other, for each epoch of a run."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._total: int | None = None
        self._bar: Any = None
        self._begun = self._shown = 0.0
        self._count = self._samples = 0

    def begin(self, epoch: int, done: int) -> None:
        """An epoch begins, of which some batches are done already."""
        from tqdm import tqdm
        self._bar = tqdm(total=self._total, initial=done, desc=f"Epoch {epoch + 1}/{self._epochs}", unit="batch",
                         ncols=shutil.get_terminal_size().columns, leave=False, mininterval=_REFRESH)
        self._begun, self._count, self._samples = time.perf_counter(), done, 0

    def batch(self, data_batch: Any, eval_metric: Any) -> None:
        """A batch is done."""
        self._count += 1
        self._samples += _batch_size({"batch": data_batch})
        now = time.perf_counter()
        if now - self._shown >= _REFRESH:
            self._shown = now
            self._bar.set_postfix(shown_values(self._samples, now - self._begun, eval_metric), refresh=False)
            self._bar.update(self._count - self._bar.n)

    def end(self, finished: bool = True) -> None:
        """The epoch is over; its bar goes."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if finished:
            self._total = self._count


@contextlib.contextmanager
def fit_progress(epochs: int, callbacks: Any, logger: Any) -> Iterator[FitProgress | None]:
    """Bars for a run, or None when there are to be none; log lines do not tear them."""
    if not _wanted(callbacks):
        yield None
        return
    from tqdm.contrib.logging import logging_redirect_tqdm
    shown = FitProgress(epochs)
    loggers = [logging.root] + ([logger] if isinstance(logger, logging.Logger) else [])
    with logging_redirect_tqdm(loggers=loggers):
        try:
            yield shown
        finally:
            shown.end(False)
