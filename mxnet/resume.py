# SPDX-License-Identifier: Apache-2.0
"""Checkpoints from which a run goes on bit for bit, whatever batch it was stopped after.

A checkpoint is one file, `{prefix}-{serial}-e{epoch}-b{batches}.resume`, that appears in one step when it is complete.
The serial number rises from file to file, so that the newest is known without clocks. Older ones go after that.

In a job of several workers each writes what is its own (random generators, iterator, metric, running averages) with
what all have, as `{prefix}-rank{rank}of{workers}-...`. They agree on the serial number once, and then count alike;
resuming takes the newest checkpoint that all workers have, and can read.
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
_RANK = re.compile(r"-rank\d+of(\d+)(?=-\d{8,}-e\d+-b\d+\.resume)")


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
        self._serial: int | None = None        # the next one's, once workers have agreed on it

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
        store = parts.distributed_store(module)
        prefix = _prefix_of(self.prefix, store)
        earlier = checkpoints(prefix)
        serial = self._next_serial(prefix, earlier, store)
        path = f"{prefix}-{serial:08d}-e{position.epoch:04d}-b{position.batches:08d}.resume"
        write_state(path, state)
        # a worker may be one checkpoint ahead of another one, which is killed: then that before counts
        self._prune(prefix, [*earlier, path], self.keep if store is None else max(self.keep, 2))
        return path

    def _next_serial(self, prefix: str, earlier: list[str], store: Any) -> int:
        serial = _serial(prefix, earlier[-1]) + 1 if earlier else 0
        if store is None:
            return serial
        if self._serial is None:
            self._serial = max(store.gather_over_workers(serial))
        self._serial += 1
        return self._serial - 1

    @staticmethod
    def _prune(prefix: str, paths: list[str], keep: int) -> None:
        """Remove all but the newest, and what writers that were killed have left."""
        stem = f".{os.path.basename(prefix)}"
        begin = os.path.join(os.path.dirname(os.path.realpath(paths[-1])), f"{stem}-")
        torn = [path for path in glob.glob(f"{glob.escape(begin)}*.resume.*.tmp")
                if _NAME.match(os.path.basename(path)[len(stem):])]
        for path in (*paths[:-keep], *torn):
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
    With `dist_sync` all workers have this callback, each writes files of its own, and two are kept at least.
    Raises MXNetNotImplementedError for what cannot be saved.

    >>> import mxnet as mx
    >>> callbacks = [mx.callback.Speedometer(32), mx.callback.full_checkpoint("run/mlp", period=100)]
    """
    return FullCheckpoint(prefix, period, keep, skip)


def resume(module: Any, source: str | os.PathLike[str], train_data: Any, eval_metric: Any = None) -> Position | None:
    """Bring a bound module with parameters and optimizer, an iterator and a metric to a checkpoint's state.

    `source` is a checkpoint, or the prefix of several, of which the newest is taken that can be read; in a job of
    several workers, that all of them can read (a single checkpoint may be that of any of them). Returns the
    position in the run, None when there is no checkpoint yet. Raises MXNetError when there are, but none can be read,
    and for checkpoints of other networks, optimizers, iterators, or numbers of workers.
    """
    state = _read(local_path(source), parts.distributed_store(module))
    if state is None:
        return None
    position = Position(*state["position"])
    module.load_state_dict(state["module"])
    parts.load_iterator_state(train_data, state["iterator"], position.batches)
    if eval_metric is not None and state["metric"] is not None:
        eval_metric.load_state_dict(state["metric"])
    parts.load_random_state(state["random"])               # last: all above may draw
    return position


def _prefix_of(prefix: str, store: Any) -> str:
    """The prefix of this worker's own files."""
    return prefix if store is None else f"{prefix}-rank{store.rank}of{store.num_workers}"


def _read(name: str, store: Any) -> Any:
    if _NAME.search(name):
        own = name if store is None else _RANK.sub(f"-rank{store.rank}of{store.num_workers}", name)
        return read_state(own)
    paths = checkpoints(_prefix_of(name, store))
    _refuse_other_jobs(name, paths, store)
    return _newest(paths) if store is None else _newest_of_all(_prefix_of(name, store), paths, store)


def _refuse_other_jobs(name: str, paths: list[str], store: Any) -> None:
    """To begin anew, because the files are those of a job of another size, would lose them."""
    if paths:
        return
    sizes = {int(match.group(1)) for path in glob.glob(f"{glob.escape(name)}-*.resume")
             if (match := _RANK.match(path, len(name)))} | ({1} if checkpoints(name) else set())
    workers = 1 if store is None else store.num_workers
    if sizes - {workers}:
        raise MXNetError(f"the checkpoints {name}-* are of a job of {' or '.join(map(str, sorted(sizes)))} workers, "
                         f"this one has {workers}")


def _newest(paths: list[str]) -> Any:
    """The state in the newest file that can be read, None without files."""
    for path in reversed(paths):
        try:
            return read_state(path)
        except MXNetError as error:
            if path == paths[0]:
                raise
            logging.warning("%s; going back to the checkpoint before", error)
    return None


def _newest_of_all(prefix: str, paths: list[str], store: Any) -> Any:
    """The state in the newest file that all workers have and can read, None if none has any."""
    own = {path[len(prefix):]: path for path in paths}
    every = store.gather_over_workers(list(own))
    common = [end for end in own if all(end in others for others in every)]
    for end in reversed(common):
        state, trouble = None, ""
        try:
            state = read_state(own[end])
        except MXNetError as error:
            trouble = str(error)
        troubles = [one for one in store.gather_over_workers(trouble) if one]
        if not troubles:
            return state
        logging.warning("%s; going back to the checkpoint before", "; ".join(troubles))
    if any(every):
        have = "; ".join(f"rank {rank}: {', '.join(ends) or 'none'}" for rank, ends in enumerate(every))
        raise MXNetError(f"no checkpoint of {prefix} is there for all workers and can be read: {have}")
    return None
