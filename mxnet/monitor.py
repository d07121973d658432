# SPDX-License-Identifier: Apache-2.0
"""Monitor: statistics of what goes through executors, for finding where values vanish or explode."""
from __future__ import annotations

import logging
import re
from collections.abc import Callable
from math import sqrt
from typing import Any

from ._old_names import lend
from .base import MXNetTypeError
from .ndarray import NDArray
from .ndarray.generate import function

__all__ = ["Monitor"]


def _root_mean_square(array: NDArray) -> NDArray:
    return function("norm")(array) / sqrt(array.size)


class Monitor:
    """Statistics of outputs, gradients, arguments and auxiliary states, at every `interval`-th batch.

    A node `fc1` reports `fc1_output` in the forward pass and `fc1_backward_output0` and so on, the gradients of its
    inputs that were asked for, in the backward pass. Arguments and auxiliary states come last.

    Parameters
    ----------
    interval : batches from one report to the next
    stat_func : function of an NDArray that returns an NDArray or a list of them; default the root mean
        square, `norm(x) / sqrt(x.size)`
    pattern : regular expression; only names that it matches (from their beginning) are reported
    sort : report in the order of names, instead of the order of execution
    monitor_all : report inputs of operators, too

    >>> import mxnet as mx
    >>> executor = (2 * mx.sym.var("x")).bind(mx.cpu(), {"x": mx.nd.ones((2, 2))})
    >>> monitor = mx.monitor.Monitor(1, pattern="x")
    >>> monitor.install(executor)
    >>> monitor.tic()
    >>> _ = executor.forward()
    >>> monitor.toc()
    [(1, 'x', '1.0\\t')]
    """

    def __init__(self, interval: int, stat_func: Callable[[NDArray], Any] | None = None, pattern: str = ".*",
                 sort: bool = False, monitor_all: bool = False) -> None:
        self.interval, self.sort, self.monitor_all = interval, sort, monitor_all
        self.stat_func = stat_func or _root_mean_square
        self.re_prog = re.compile(pattern)
        self.queue: list[tuple[int, str, Any]] = []
        self.exes: list[Any] = []
        self.step = 0
        self.activated = False

    def stat_helper(self, name: str, array: NDArray) -> None:
        """Take an array, if its name matches and a report is being made. Executors call it."""
        if self.activated and self.re_prog.match(name):
            self.queue.append((self.step, name, self.stat_func(array)))

    def install(self, exe: Any) -> None:
        """Watch an executor; there may be several."""
        exe.set_monitor_callback(self.stat_helper, self.monitor_all)
        self.exes.append(exe)

    def tic(self) -> None:
        """Begin a batch; call it before `forward`."""
        if self.step % self.interval == 0:
            self.queue, self.activated = [], True
        self.step += 1

    def toc(self) -> list[tuple[int, str, str]]:
        """End a batch: (batch, name, statistics as text) of what was seen, nothing between reports."""
        if not self.activated:
            return []
        for exe in self.exes:
            for name, array in [*exe.arg_dict.items(), *exe.aux_dict.items()]:
                self.stat_helper(name, array)
        self.activated = False
        queue = sorted(self.queue, key=lambda item: item[1]) if self.sort else self.queue
        self.queue = []
        return [(step, name, _text(values)) for step, name, values in queue]

    def toc_print(self) -> None:
        """End a batch and log what was seen."""
        for step, name, text in self.toc():
            logging.info("Batch: %7d %-30s %s", step, name, text)


def _text(values: Any) -> str:
    listed = [values] if isinstance(values, NDArray) else values
    if not isinstance(listed, list) or not all(isinstance(value, NDArray) for value in listed):
        raise MXNetTypeError(f"stat_func returns an NDArray or a list of them, not {type(values).__name__}")
    return "".join(f"{value.asnumpy()[0] if value.shape == (1,) else value.asnumpy()!s}\t" for value in listed)


lend(__name__)
