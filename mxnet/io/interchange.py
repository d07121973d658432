# SPDX-License-Identifier: Apache-2.0
"""Between iterators of this package and those of `torch.utils.data`, and which part of the data a process reads."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from ..base import MXNetTypeError, MXNetValueError
from ..dtype import as_numpy
from ..ndarray import NDArray
from ..ndarray.handle import wrap
from ..ndarray.ndarray import context_of
from .base import DataBatch, DataDesc, DataIter

__all__ = ["from_torch", "rank_parts", "to_torch"]


def rank_parts(kvstore: Any = None) -> dict[str, int]:
    """`num_parts` and `part_index` for the iterators of one of several processes.

    From a kvstore (`num_workers` and `rank`), else from `torch.distributed` where it is initialized, else one part.

    >>> import mxnet as mx
    >>> mx.io.rank_parts(mx.kv.create("local"))
    {'num_parts': 1, 'part_index': 0}
    """
    if kvstore is not None:
        return {"num_parts": kvstore.num_workers, "part_index": kvstore.rank}
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return {"num_parts": torch.distributed.get_world_size(), "part_index": torch.distributed.get_rank()}
    return {"num_parts": 1, "part_index": 0}


# ---- from torch -------------------------------------------------------------------------------------------------

def from_torch(loader: Iterable[Any], data_names: str | Sequence[str] = "data",
               label_names: str | Sequence[str] = "softmax_label", last_batch_handle: str = "pad") -> TorchIter:
    """An iterator over the batches of a `torch.utils.data.DataLoader`, or of anything that can be iterated again.

    Parameters
    ----------
    loader : gives batches: a tensor (or array), a tuple or list of them, first data, then labels, or a dict by name
    data_names, label_names : names of the inputs; names of labels that batches do not have are left out
    last_batch_handle : what becomes of a batch smaller than the first: "pad" (default) repeats its examples and `pad`
        says how many, "discard" leaves it out, "keep" gives it as it is

    The first batch is read at once, to tell shapes. Each `reset` begins `loader` again, after telling its sampler the
    number of the epoch (`set_epoch`, as of a DistributedSampler). Tensors are shared, not copied.

    Raises MXNetTypeError, MXNetValueError for batches of another form, MXNetValueError where there are none.

    >>> import mxnet as mx, torch
    >>> examples = torch.utils.data.TensorDataset(torch.zeros(5, 3), torch.arange(5))
    >>> batches = mx.io.from_torch(torch.utils.data.DataLoader(examples, batch_size=2))
    >>> [(batch.label[0].asnumpy().tolist(), batch.pad) for batch in batches]
    [([0, 1], 0), ([2, 3], 0), ([4, 4], 1)]
    """
    return TorchIter(loader, data_names, label_names, last_batch_handle)


class TorchIter(DataIter):
    """What `from_torch` returns."""

    def __init__(self, loader: Iterable[Any], data_names: Any, label_names: Any, last_batch_handle: str) -> None:
        if last_batch_handle not in ("pad", "discard", "keep"):
            raise MXNetValueError(f"last_batch_handle is pad, discard or keep, not {last_batch_handle!r}")
        self.loader, self._handle = loader, last_batch_handle
        self._names = tuple([names] if isinstance(names, str) else list(names) for names in (data_names, label_names))
        self._epoch = 0
        self._begin()
        first = next(self._batches, None)
        if first is None:
            raise MXNetValueError("from_torch: the loader gives no batches")
        self._first: tuple[list[NDArray], list[NDArray]] | None = self._split(first)
        self._descriptions = [
            [DataDesc(name, array.shape, as_numpy(array._tensor.dtype)) for name, array in zip(names, arrays)]
            for names, arrays in zip(self._names, self._first)]
        super().__init__(self._first[0][0].shape[0])

    @property
    def provide_data(self) -> list[DataDesc]:
        """Descriptions of the data, from the first batch."""
        return self._descriptions[0]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Descriptions of the labels, from the first batch."""
        return self._descriptions[1]

    def _begin(self) -> None:
        self._first = None
        tell = getattr(getattr(self.loader, "sampler", None), "set_epoch", None)
        if tell is not None:
            tell(self._epoch)
        self._batches = iter(self.loader)

    def reset(self) -> None:
        """Begin the loader again, for the next epoch."""
        if self._first is None:                  # else nothing was taken yet
            self._epoch += 1
            self._begin()

    def next(self) -> DataBatch:
        """The next batch. Raises StopIteration at the end, and what the loader raises."""
        while True:
            (data, label), self._first = self._first or self._split(next(self._batches)), None
            missing = self.batch_size - data[0].shape[0]
            if missing <= 0 or self._handle == "keep":
                return DataBatch(data, label, pad=0)
            if self._handle == "pad":
                return DataBatch([self._full(array) for array in data], [self._full(array) for array in label],
                                 pad=missing)

    def _full(self, array: NDArray) -> NDArray:
        places = torch.arange(self.batch_size, device=array._tensor.device) % array.shape[0]
        return wrap(array._tensor.index_select(0, places), array._ctx)

    def _split(self, batch: Any) -> tuple[list[NDArray], list[NDArray]]:
        """Data and labels of a batch."""
        data_names, label_names = self._names
        if isinstance(batch, Mapping):
            missing = [name for name in data_names if name not in batch]
            if missing:
                raise MXNetValueError(f"from_torch: a batch has no {missing}, but {list(batch)}: give data_names")
            return ([_array(batch[name]) for name in data_names],
                    [_array(batch[name]) for name in label_names if name in batch])
        parts = list(batch) if isinstance(batch, (tuple, list)) else [batch]
        if not len(data_names) <= len(parts) <= len(data_names) + len(label_names):
            raise MXNetValueError(f"from_torch: a batch has {len(parts)} parts, expected {len(data_names)} of data "
                                  f"{data_names} and up to {len(label_names)} labels {label_names}")
        arrays = [_array(part) for part in parts]
        return arrays[:len(data_names)], arrays[len(data_names):]


def _array(part: Any) -> NDArray:
    if isinstance(part, NDArray):
        return part
    if isinstance(part, np.ndarray):
        part = torch.from_numpy(part)
    if not isinstance(part, torch.Tensor):
        raise MXNetTypeError(f"from_torch: a batch holds tensors or arrays, not {type(part).__name__}")
    return wrap(part, context_of(part))


# ---- to torch ---------------------------------------------------------------------------------------------------

def to_torch(data_iter: Any, num_parts: int = 1, part_index: int = 0, keep_pad: bool = False) -> TorchBatches:
    """The batches of an iterator as tuples of tensors, data first, then labels: an IterableDataset of whole batches.

    Parameters
    ----------
    data_iter : any DataIter; it is reset each time the batches are iterated
    num_parts, part_index : give every num_parts-th batch only, from part_index on: for iterators that cannot read a
        part of their data themselves (`**mx.io.rank_parts()` for the part of a process)
    keep_pad : keep the examples that only fill up a last batch; by default it becomes smaller

    Iterate it as it is, or through `torch.utils.data.DataLoader(batches, batch_size=None)`; of several workers, each
    gives a part. Record iterators work with threads of their own and must be used with num_workers=0.

    Raises MXNetValueError for a part that is not there.

    >>> import mxnet as mx
    >>> batches = mx.io.to_torch(mx.io.NDArrayIter(mx.nd.ones((5, 3)), mx.nd.arange(5), 2))
    >>> [(tuple(data.shape), label.tolist()) for data, label in batches]
    [((2, 3), [0.0, 1.0]), ((2, 3), [2.0, 3.0]), ((1, 3), [4.0])]
    """
    return TorchBatches(data_iter, num_parts, part_index, keep_pad)


class TorchBatches(IterableDataset):
    """What `to_torch` returns."""

    def __init__(self, data_iter: Any, num_parts: int, part_index: int, keep_pad: bool) -> None:
        if not 0 <= part_index < num_parts:
            raise MXNetValueError(f"to_torch: part_index {part_index} is not in [0, {num_parts})")
        self.data_iter, self._parts, self._part, self._keep_pad = data_iter, num_parts, part_index, keep_pad

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        parts, part = self._parts, self._part
        worker = get_worker_info()
        if worker is not None:
            parts, part = parts * worker.num_workers, part * worker.num_workers + worker.id
        self.data_iter.reset()
        for number, batch in enumerate(self.data_iter):
            if number % parts == part:
                end = -batch.pad if batch.pad and not self._keep_pad else None
                yield tuple(array._tensor[:end] for array in (*batch.data, *(batch.label or [])))
