# SPDX-License-Identifier: Apache-2.0
"""The iterators that MXNet implements in C++ and registers by name: over MNIST's files and over CSV."""
from __future__ import annotations

import gzip
import math
import os
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..base import MXNetError, MXNetNotImplementedError, MXNetValueError
from ..context import Context
from ..dtype import as_numpy, as_torch
from ..ndarray import NDArray
from ..ndarray.handle import wrap
from ._csv import read_csv
from ._parse import convert, warn_unknown
from ._shuffle import Permutations
from .base import DataBatch, DataDesc, DataIter

__all__ = ["CSVIter", "LibSVMIter", "MNISTIter", "MXDataIter"]

_DEFLATE_AT_MOST = 1032          # how many bytes one compressed byte can stand for
_CPU = Context("cpu", 0)


class MXDataIter(DataIter):
    """Base of registered iterators: whole batches of a fixed order of examples.

    `order` (numbers of the examples of an epoch) and `data`, `labels` (tensors, example first) are set by the
    subclass. With `round_batch` the last batch is filled with examples from the beginning, and the next epoch begins
    after those; without, its missing examples are padding.
    """

    _last: DataBatch | None = None
    _repeated: DataBatch | None = None               # what every call of next gives, after debug_skip_load

    def __init__(self, batch_size: int, data: torch.Tensor, labels: torch.Tensor, order: torch.Tensor | None = None,
                 data_name: str = "data", label_name: str = "softmax_label", round_batch: bool = True,
                 drop_last: bool = False) -> None:
        super().__init__(batch_size)
        if batch_size < 1:
            raise MXNetValueError(f"batch_size is at least 1, not {batch_size}")
        self._data, self._labels, self._order = data, labels, order
        self._names = data_name, label_name
        self._round, self._drop = round_batch, drop_last
        self._count = len(data) if order is None else len(order)
        self._start = 0
        self._at = -batch_size

    @property
    def provide_data(self) -> list[DataDesc]:
        """Description of the data."""
        return [self._describe(self._names[0], self._data)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Description of the label."""
        return [self._describe(self._names[1], self._labels)]

    def _describe(self, name: str, values: torch.Tensor) -> DataDesc:
        return DataDesc(name, (self.batch_size, *values.shape[1:]), as_numpy(values.dtype))

    def reset(self) -> None:
        over = self._at + self.batch_size - self._count
        ended = self._at >= 0 and over > 0 and self._round and not self._drop
        self._start = over % max(self._count, 1) if ended and over < self.batch_size else 0
        self._at = self._start - self.batch_size

    def state_dict(self) -> dict[str, Any]:
        """Where it is, for checkpoints."""
        return {"start": self._start, "at": self._at, "examples": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was called. Raises MXNetValueError when there were other examples."""
        if state["examples"] != self._count:
            raise MXNetValueError(f"the state is of an iterator over {state['examples']} examples, here are "
                                  f"{self._count}")
        self._start, self._at = state["start"], state["at"]

    def iter_next(self) -> bool:
        following = self._at + self.batch_size
        last = following + self.batch_size if self._drop else following + 1
        if last > self._count:
            return False
        self._at = following
        return True

    def next(self) -> DataBatch:
        """The next batch. Raises StopIteration at the end."""
        if self._repeated is not None:
            return self._repeated
        if not self.iter_next():
            raise StopIteration
        self._last = DataBatch([self.getdata()], [self.getlabel()], self.getpad(), self.getindex())
        return self._last

    def debug_skip_load(self) -> None:
        """From now on `next` gives the batch that it gave last (or else gives next), to time what uses batches."""
        self._repeated = self._last or self.next()

    def _rows(self, values: torch.Tensor) -> NDArray:
        end = self._at + self.batch_size
        if self._order is None and end <= self._count:
            return wrap(values[self._at:end], _CPU)
        places = torch.arange(self._at, end) % self._count
        return wrap(values.index_select(0, places if self._order is None else self._order[places]), _CPU)

    def getdata(self) -> NDArray:                    # type: ignore[override]
        """The data of the current batch: one array, not a list, as MXNet's registered iterators give it."""
        return self._rows(self._data)

    def getlabel(self) -> NDArray:                   # type: ignore[override]
        """The labels of the current batch: one array."""
        return self._rows(self._labels)

    def getindex(self) -> np.ndarray:
        """Numbers of the examples of the current batch."""
        places = torch.arange(self._at, self._at + self.batch_size) % self._count
        return (places if self._order is None else self._order[places]).numpy().astype(np.uint64)

    def getpad(self) -> int:
        return max(self._at + self.batch_size - self._count, 0)


# ---- MNIST --------------------------------------------------------------------------------------

def read_idx(path: str | os.PathLike[str], ndim: int) -> np.ndarray:
    """An unsigned byte array from a file in MNIST's idx format, plain or gzip-compressed.

    Raises MXNetError naming the file when it is missing, of another kind, or shorter than its header says.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(name, "rb") as file:
            header = file.read(4 + 4 * ndim)
            if len(header) < 4 + 4 * ndim:
                raise MXNetError(f"{name}: ends at byte {len(header)}, within the header")
            magic, *sizes = struct.unpack(f">{1 + ndim}I", header)
            if magic != 0x0800 + ndim:
                raise MXNetError(f"{name}: is no idx file of {ndim} axes of bytes: its magic number is {magic:#x}, "
                                 f"expected {0x0800 + ndim:#x}")
            count = int(np.prod(sizes, dtype=object))
            if count > os.path.getsize(name) * (_DEFLATE_AT_MOST if zipped else 1):
                raise MXNetError(f"{name}: should hold {count} values, but the file is shorter")
            body = file.read(count)
            file.read(1)                      # gzip checks what was read when it comes to the end
    except FileNotFoundError:
        raise MXNetError(f"{name}: there is no such file") from None
    except (EOFError, OSError) as error:
        raise MXNetError(f"{name}: cannot be read: {error}") from None
    if len(body) < count:
        raise MXNetError(f"{name}: should hold {count} values, ends after {len(body)}")
    return np.frombuffer(body, np.uint8).reshape(sizes)


def MNISTIter(image: str = "./train-images-idx3-ubyte", label: str = "./train-labels-idx1-ubyte",
              batch_size: int = 128, shuffle: bool = True, flat: bool = False, seed: int = 0, silent: bool = False,
              num_parts: int = 1, part_index: int = 0, prefetch_buffer: int = 4, dtype: Any = None, ctx: str = "gpu",
              input_shape: Any = None, data_name: str = "data", label_name: str = "softmax_label",
              **kwargs: Any) -> MXDataIter:
    """Batches of MNIST digits, as float32 in [0, 1).

    Parameters
    ----------
    image, label : idx files, plain or .gz
    batch_size : examples in a batch; examples that do not fill one are left out
    shuffle, seed : order the examples by a random permutation, made once from the seed: MXNet's own
    flat : batches of shape (batch, 784) instead of (batch, 1, 28, 28)
    num_parts, part_index : read one of several equal parts, for several workers
    silent : do not log the number of examples
    input_shape : a shape for each example, instead
    dtype : dtype of the data, default float32
    prefetch_buffer, ctx : accepted; there is nothing to prefetch, all is in memory

    Raises MXNetError for files that are missing, corrupt, or do not belong together.
    """
    warn_unknown("MNISTIter", kwargs)
    batch_size, seed, num_parts, part_index = (convert("MNISTIter", name, value, "int") for name, value in (
        ("batch_size", batch_size), ("seed", seed), ("num_parts", num_parts), ("part_index", part_index)))
    shuffle, flat, silent = (convert("MNISTIter", name, value, "bool") for name, value in (
        ("shuffle", shuffle), ("flat", flat), ("silent", silent)))
    images, labels = read_idx(image, 3), read_idx(label, 1)
    if len(images) != len(labels):
        raise MXNetError(f"MNISTIter: {image} holds {len(images)} images, {label} holds {len(labels)} labels")
    if not 0 <= part_index < num_parts:
        raise MXNetValueError(f"MNISTIter: part_index {part_index} is not in [0, {num_parts})")
    part = slice(*(len(images) * index // num_parts for index in (part_index, part_index + 1)))
    data = torch.from_numpy(images[part].copy()).to(torch.float32).div_(256).to(as_torch(dtype))
    shape = tuple(input_shape) if input_shape is not None else (-1,) if flat else (1, *images.shape[1:])
    data = data.reshape(len(data), *shape)
    targets = torch.from_numpy(labels[part].astype(np.float32))
    order = None
    if shuffle:
        order = torch.tensor(Permutations(seed).draw(len(data)))
    if not silent:
        import logging
        logging.info("MNISTIter: load %d images, shuffle=%d, shape=%s", len(data), shuffle, tuple(data.shape[1:]))
    return MXDataIter(batch_size, data, targets, order, data_name, label_name, drop_last=True)


# ---- CSV ----------------------------------------------------------------------------------------

def CSVIter(data_csv: str, data_shape: Any, label_csv: str = "NULL", label_shape: Any = (1,), batch_size: int = 1,
            round_batch: bool = True, prefetch_buffer: int = 4, dtype: Any = None, ctx: str = "gpu",
            data_name: str = "data", label_name: str = "softmax_label", **kwargs: Any) -> MXDataIter:
    """Batches of rows of CSV files.

    Parameters
    ----------
    data_csv, data_shape : file, and the shape that each of its rows is read as. Several files with `;` between, a
        folder, or a regular expression for file names are read as one
    label_csv, label_shape : the same for labels; without a file labels are 0. Labels of one value are a (batch,) array
    batch_size : rows in a batch
    round_batch : fill the last batch with rows from the beginning (which the next epoch then begins after)
    dtype : dtype of data and labels, default float32

    Raises MXNetError, with file and line, for files that are missing, for what is no number, and for rows that have
    another number of values.
    """
    warn_unknown("CSVIter", kwargs)
    batch_size = convert("CSVIter", "batch_size", batch_size, "int")
    round_batch = convert("CSVIter", "round_batch", round_batch, "bool")
    sizes, label_sizes = (convert("CSVIter", name, shape, "tuple[int, ...]")
                          for name, shape in (("data_shape", data_shape), ("label_shape", label_shape)))
    kind = as_torch(dtype)
    data = _rows_of(data_csv, sizes, kind)
    if label_csv in (None, "NULL", ""):
        labels = torch.zeros(len(data), dtype=kind)
    else:
        labels = _rows_of(label_csv, label_sizes, kind)
        if len(labels) != len(data):
            raise MXNetError(f"CSVIter: {data_csv} has {len(data)} rows, {label_csv} has {len(labels)}")
        labels = labels.flatten() if math.prod(label_sizes) == 1 else labels
    return MXDataIter(batch_size, data, labels, None, data_name, label_name, round_batch)


def _rows_of(path: str, sizes: tuple[int, ...], kind: torch.dtype) -> torch.Tensor:
    if math.prod(sizes) < 1:
        raise MXNetValueError(f"CSVIter: a row of {path} cannot have the shape {sizes}")
    values = read_csv(path, math.prod(sizes), np.dtype(as_numpy(kind)))
    return torch.from_numpy(values).reshape(len(values), *sizes)


def _not_built(name: str) -> Callable[..., DataIter]:
    def call(*args: Any, **kwargs: Any) -> DataIter:
        raise MXNetNotImplementedError(f"{name} is not built yet")
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Not built yet: raises MXNetNotImplementedError. MXNet's iterator `{name}`."
    return call


LibSVMIter = _not_built("LibSVMIter")
