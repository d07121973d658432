# SPDX-License-Identifier: Apache-2.0
"""Iterators around iterators: another epoch length, and batches made ahead in a thread."""
from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any

from ..base import MXNetValueError
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
            raise MXNetValueError("PrefetchingIter needs at least one iterator")
        self.n_iter = len(self.iters)
        self.rename_data, self.rename_label = rename_data, rename_label
        super().__init__(self.provide_data[0][1][0])
        self.current_batch: Any = None
        self._workers: list[_Worker] = []
        self._start()

    def _start(self) -> None:
        self._workers = [_Worker(source) for source in self.iters]

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
                raise MXNetValueError("Number of entry mismatches between iterators")
            return False
        first = batches[0]
        if any(batch.pad != first.pad for batch in batches):
            raise MXNetValueError("Different pad size in two iterators")
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


class _Worker:
    """A thread that keeps up to two batches of an iterator ready."""

    def __init__(self, source: Any) -> None:
        self._ready: queue.Queue[Any] = queue.Queue(maxsize=2)
        self._stopping = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, args=(source,), daemon=True)
        self._thread.start()

    def _run(self, source: Any) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    item = source.next()
                except StopIteration:
                    item = None
                self._put(item)
                if item is None:
                    return
        except BaseException as error:               # handed to whoever asks for the batch
            self._put(error)

    def _put(self, item: Any) -> None:
        while not self._stopping.is_set():
            try:
                self._ready.put(item, timeout=0.05)
                return
            except queue.Full:
                continue

    def get(self) -> Any:
        if self._ended:
            return None
        item = self._ready.get()
        if item is None or isinstance(item, BaseException):
            self._ended = True
        if isinstance(item, BaseException):
            raise item
        return item

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
