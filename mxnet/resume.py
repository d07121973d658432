# SPDX-License-Identifier: Apache-2.0
"""Checkpoints from which a run goes on bit for bit, whatever batch it was stopped after.

A checkpoint is one file, `{prefix}-{serial}-e{epoch}-b{batches}.resume`, that appears in one step when it is complete.
The serial number rises from file to file, so that the newest is known without clocks. Older ones go after that.
"""
from __future__ import annotations

import contextlib
import glob
import logging
import os
import re
from typing import Any, NamedTuple

from ._files import local_path
from ._statefile import read_state, write_state
from .base import MXNetError, MXNetValueError
from .module import training_state as parts

__all__ = ["FullCheckpoint", "Position", "checkpoints", "full_checkpoint", "resume"]

_NAME = re.compile(r"-(\d{8,})-e(\d+)-b(\d+)\.resume")


class Position(NamedTuple):
    """Where a run is: the number of its epoch, and how many of the epoch's batches are done."""

    epoch: int
    batches: int


def checkpoints(prefix: str | os.PathLike[str]) -> list[str]:
    """Files of full checkpoints with this prefix, the newest last."""
    prefix = local_path(prefix)
    found = [(int(match.group(1)), path) for path in glob.glob(f"{glob.escape(prefix)}-*.resume")
             if (match := _NAME.fullmatch(path[len(prefix):]))]
    return [path for _, path in sorted(found)]


class FullCheckpoint:
    """A batch callback of `fit` that saves everything; see `full_checkpoint`."""

    def __init__(self, prefix: str | os.PathLike[str], period: int = 1, keep: int = 2, skip: bool = False) -> None:
        for name, value in (("period", period), ("keep", keep)):
            if not isinstance(value, int) or value < 1:
                raise MXNetValueError(f"full_checkpoint: {name} is a whole number from 1, not {value!r}")
        self.prefix, self.period, self.keep, self.skip = local_path(prefix), period, keep, skip

    def __call__(self, param: Any) -> None:
        """Take a BatchEndParam of `fit`."""
        if (param.nbatch + 1) % self.period == 0:
            names = param.locals
            self.save(names["self"], names["train_data"], Position(param.epoch, param.nbatch + 1), param.eval_metric)

    def save(self, module: Any, train_data: Any, position: Position, eval_metric: Any = None) -> str:
        """Save now; for training loops without `fit`. Returns the file's name."""
        state = {"position": list(position), "module": module.state_dict(), "random": parts.random_state(),
                 "iterator": parts.iterator_state(train_data, self.skip),
                 "metric": eval_metric.state_dict() if eval_metric is not None else None}
        earlier = checkpoints(self.prefix)
        serial = _serial(self.prefix, earlier[-1]) + 1 if earlier else 0
        path = f"{self.prefix}-{serial:08d}-e{position.epoch:04d}-b{position.batches:08d}.resume"
        write_state(path, state)
        self._prune([*earlier, path])
        return path

    def _prune(self, paths: list[str]) -> None:
        """Remove all but the newest, and what writers that were killed have left."""
        stem = f".{os.path.basename(self.prefix)}"
        begin = os.path.join(os.path.dirname(os.path.realpath(paths[-1])), f"{stem}-")
        torn = [path for path in glob.glob(f"{glob.escape(begin)}*.resume.*.tmp")
                if _NAME.match(os.path.basename(path)[len(stem):])]
        for path in (*paths[:-self.keep], *torn):
            with contextlib.suppress(FileNotFoundError):         # another writer has removed it
                os.unlink(path)


def _serial(prefix: str, path: str) -> int:
    match = _NAME.fullmatch(path[len(prefix):])
    assert match is not None
    return int(match.group(1))


def full_checkpoint(prefix: str | os.PathLike[str], period: int = 1, keep: int = 2,
                    skip: bool = False) -> FullCheckpoint:
    """A batch callback that saves all that decides how the run goes on, for `fit(resume=prefix)`.

    Parameters
    ----------
    prefix : begin of the file names, with the folder
    period : batches from one checkpoint to the next, counted within each epoch
    keep : how many to keep; older ones are removed once a new one is complete
    skip : for iterators without `state_dict`: resuming resets them, and runs through the batches that were seen. Exact
        when each epoch has the same batches

    A run that goes on from a checkpoint ends with the parameters, bit for bit on CPU, of one that was never stopped.
    Raises MXNetNotImplementedError for what cannot be saved.

    >>> import mxnet as mx
    >>> callbacks = [mx.callback.Speedometer(32), mx.callback.full_checkpoint("run/mlp", period=100)]
    """
    return FullCheckpoint(prefix, period, keep, skip)


def resume(module: Any, source: str | os.PathLike[str], train_data: Any, eval_metric: Any = None) -> Position | None:
    """Bring a bound module with parameters and optimizer, an iterator and a metric to a checkpoint's state.

    `source` is a checkpoint, or the prefix of several, of which the newest is taken that can be read. Returns the
    position in the run, None when there is no checkpoint yet. Raises MXNetError when there are, but none can be read,
    and for checkpoints of other networks, optimizers or iterators.
    """
    state = _read(source)
    if state is None:
        return None
    position = Position(*state["position"])
    module.load_state_dict(state["module"])
    parts.load_iterator_state(train_data, state["iterator"], position.batches)
    if eval_metric is not None and state["metric"] is not None:
        eval_metric.load_state_dict(state["metric"])
    parts.load_random_state(state["random"])               # last: all above may draw
    return position


def _read(source: str | os.PathLike[str]) -> Any:
    name = local_path(source)
    if _NAME.search(name):
        return read_state(name)
    paths = checkpoints(name)
    for path in reversed(paths):
        try:
            return read_state(path)
        except MXNetError as error:
            if path == paths[0]:
                raise
            logging.warning("%s; going back to the checkpoint before", error)
    return None
