# SPDX-License-Identifier: Apache-2.0
"""Iterators around iterators: another epoch length, and batches made ahead in a thread."""
from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Sequence
from typing import Any

from ..base import MXNetAssertionError, MXNetNotImplementedError, MXNetValueError
from ..ndarray import NDArray
from .base import DataBatch, DataDesc, DataIter

__all__ = ["PrefetchingIter", "ResizeIter"]


class ResizeIter(DataIter):
    """Makes an epoch of `size` batches out of an iterator, which is begun again as often as needed.

    `reset_internal` says whether `reset` also resets the iterator inside.
    """

    def __init__(self, data_iter: Any, size: int, reset_internal: bool = True) -> None:
        super().__init__(data_iter.batch_size)
        self.data_iter, self.size, self.reset_internal = data_iter, size, reset_internal
        self.cur = 0
        self.current_batch: Any = None
        self.provide_data, self.provide_label = data_iter.provide_data, data_iter.provide_label
        if hasattr(data_iter, "default_bucket_key"):
            self.default_bucket_key = data_iter.default_bucket_key

    def reset(self) -> None:
        self.cur = 0
        if self.reset_internal:
            self.data_iter.reset()

    def state_dict(self) -> dict[str, Any]:
        """Where it is, for checkpoints. Raises MXNetNotImplementedError when the iterator inside does not say."""
        return {"cur": self.cur, "inside": _state_of(self.data_iter)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was called."""
        self.data_iter.load_state_dict(state["inside"])
        self.cur = state["cur"]

    def iter_next(self) -> bool:
        if self.cur == self.size:
            return False
        try:
            self.current_batch = self.data_iter.next()
        except StopIteration:
            self.data_iter.reset()
            self.current_batch = self.data_iter.next()
        self.cur += 1
        return True

    def next(self) -> DataBatch:
        if not self.iter_next():
            raise StopIteration
        assert self.current_batch is not None
        return self.current_batch

    def _current(self) -> DataBatch:
        if self.current_batch is None:
            raise MXNetValueError("there is no current batch: call next first")
        return self.current_batch

    def getdata(self) -> list[NDArray]:
        return self._current().data

    def getlabel(self) -> list[NDArray]:
        return self._current().label

    def getindex(self) -> Any:
        return self._current().index

    def getpad(self) -> int | None:
        return self._current().pad


class PrefetchingIter(DataIter):
    """Runs one or several iterators ahead in threads, and joins their batches.

    `rename_data`, `rename_label` are dicts (one for each iterator) of new names. An exception in a thread is raised by
    `next`.
    """

    def __init__(self, iters: Any, rename_data: Sequence[dict[str, str]] | None = None,
                 rename_label: Sequence[dict[str, str]] | None = None) -> None:
        self.iters = list(iters) if isinstance(iters, (list, tuple)) else [iters]
        if not self.iters:
            raise MXNetAssertionError("PrefetchingIter needs at least one iterator")
        self.n_iter = len(self.iters)
        self.rename_data, self.rename_label = rename_data, rename_label
        super().__init__(self.provide_data[0][1][0])
        self.current_batch: Any = None
        self._workers: list[_Worker] = []
        self._start()

    def _start(self) -> None:
        self._done = 0
        self._begun = [_state_of(source) if hasattr(source, "state_dict") else None for source in self.iters]
        self._workers = [_Worker(source) for source in self.iters]

    def state_dict(self) -> dict[str, Any]:
        """Where it is, for checkpoints: where the iterators inside began, and how many batches were taken since.

        Raises MXNetNotImplementedError when an iterator inside does not say where it is.
        """
        for source, begun in zip(self.iters, self._begun):
            if begun is None:
                _state_of(source)
        return {"done": self._done, "begun": self._begun}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was called; runs through the batches that were taken."""
        self._stop()
        for source, begun in zip(self.iters, state["begun"]):
            source.load_state_dict(begun)
        self._start()
        for _ in range(state["done"]):
            self.iter_next()

    @property
    def provide_data(self) -> list[DataDesc]:
        """Descriptions of the data of all iterators."""
        return self._provided("provide_data", self.rename_data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Descriptions of the labels of all iterators."""
        return self._provided("provide_label", self.rename_label)

    def _provided(self, what: str, renames: Sequence[dict[str, str]] | None) -> list[DataDesc]:
        found = []
        for number, source in enumerate(self.iters):
            for item in getattr(source, what):
                desc = DataDesc.of(item)
                name = renames[number].get(desc.name, desc.name) if renames is not None else desc.name
                found.append(DataDesc(name, desc.shape, desc.dtype, desc.layout))
        return found

    def reset(self) -> None:
        self._stop()
        for source in self.iters:
            source.reset()
        self._start()

    def _stop(self) -> None:
        for worker in self._workers:
            worker.stop()

    def __del__(self) -> None:
        for worker in getattr(self, "_workers", []):
            worker.stop()

    def iter_next(self) -> bool:
        batches = [worker.get() for worker in self._workers]
        if any(batch is None for batch in batches):
            if any(batch is not None for batch in batches):
                raise MXNetAssertionError("Number of entry mismatches between iterators")
            return False
        first = batches[0]
        self._done += 1
        if any(batch.pad != first.pad for batch in batches):
            raise MXNetAssertionError("Different pad size in two iterators")
        self.current_batch = DataBatch([item for batch in batches for item in batch.data],
                                       [item for batch in batches for item in batch.label or []],
                                       first.pad, first.index, provide_data=self.provide_data,
                                       provide_label=self.provide_label)
        return True

    def next(self) -> DataBatch:
        if not self.iter_next():
            raise StopIteration
        assert self.current_batch is not None
        return self.current_batch

    def getdata(self) -> list[NDArray]:
        return self.current_batch.data

    def getlabel(self) -> list[NDArray]:
        return self.current_batch.label

    def getindex(self) -> Any:
        return self.current_batch.index

    def getpad(self) -> int | None:
        return self.current_batch.pad


def _state_of(source: Any) -> Any:
    """A copy of an iterator's state: what it holds may change when the iterator goes on."""
    if not hasattr(source, "state_dict"):
        raise MXNetNotImplementedError(f"{type(source).__name__} does not say where it is: it defines no state_dict")
    return copy.deepcopy(source.state_dict())


class _Worker:
    """A thread that keeps one batch of an iterator ready: how far the iterator has gone never depends on time."""

    def __init__(self, source: Any) -> None:
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._wanted = threading.Semaphore(1)
        self._stopping = self._ended = False
        self._thread = threading.Thread(target=self._run, args=(source,), daemon=True)
        self._thread.start()

    def _run(self, source: Any) -> None:
        item: Any = self                                 # anything but what ends the loop
        while item is not None and not isinstance(item, BaseException):
            self._wanted.acquire()
            if self._stopping:
                return
            try:
                item = source.next()
            except StopIteration:
                item = None
            except BaseException as error:               # handed to whoever asks for the batch
                item = error
            self._ready.put(item)

    def get(self) -> Any:
        """The next batch, None at the end. Raises what the iterator raised."""
        if self._ended:
            return None
        item = self._ready.get()
        self._ended = item is None or isinstance(item, BaseException)
        if isinstance(item, BaseException):
            raise item
        self._wanted.release()
        return item

    def stop(self) -> None:
        """Let the thread finish the batch that it is at, and end."""
        if self._thread is threading.current_thread():
            self._stopping = True
        elif self._thread.is_alive():
            if not self._ended:
                self._ready.get()
                self._ended = True
            self._stopping = True
            self._wanted.release()
            self._thread.join()
