# SPDX-License-Identifier: Apache-2.0
"""NDArrayIter: batches from arrays in memory."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..base import MXNetAssertionError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError
from ..context import Context
from ..dtype import NUMPY
from ..ndarray import NDArray, array
from ..ndarray.handle import wrap
from .base import DataDesc, DataIter

__all__ = ["NDArrayIter"]


def _init_data(data: Any, allow_empty: bool, default_name: str) -> list[tuple[str, NDArray]]:
    """(name, array) pairs, in the order of names, from an array, a list or a dict of them."""
    if data is None:
        data = []
    if hasattr(data, "tocsr") or getattr(data, "stype", "default") != "default":
        raise MXNetNotImplementedError("NDArrayIter over sparse data is not built yet")
    if isinstance(data, (np.ndarray, NDArray, torch.Tensor)) or _is_h5(data):
        data = [data]
    if isinstance(data, (list, tuple)):
        if not allow_empty and not data:
            raise MXNetAssertionError("NDArrayIter needs data: an array, or a list or dict of arrays")
        names = [default_name] if len(data) == 1 else [f"_{i}_{default_name}" for i in range(len(data))]
        data = dict(zip(names, data))
    if not isinstance(data, dict):
        raise MXNetTypeError("Input must be NDArray, numpy.ndarray, h5py.Dataset a list of them or dict with them as "
                             f"values, not {type(data).__name__}")
    return [(name, _as_array(name, value)) for name, value in sorted(data.items())]


def _is_h5(data: Any) -> bool:
    return type(data).__module__.startswith("h5py") and hasattr(data, "shape")


def _as_array(name: str, value: Any) -> NDArray:
    if isinstance(value, NDArray):
        return value
    if _is_h5(value):
        value = value[...]
    try:
        return array(value, ctx=Context("cpu", 0))
    except (TypeError, ValueError):
        raise MXNetTypeError(f"Invalid type '{type(value)}' for {name}, should be NDArray, numpy.ndarray or "
                             f"h5py.Dataset") from None


class NDArrayIter(DataIter):
    """Batches of arrays whose first axis is the example.

    Parameters
    ----------
    data, label : an NDArray or NumPy array (or h5py dataset), or a list or dict of them
    batch_size : examples in a batch
    shuffle : visit the examples in a random order, another at each reset
    last_batch_handle : what to do when examples do not fill the last batch: `"pad"` with those of the beginning,
        `"discard"` it, or `"roll_over"` its examples to the next epoch
    data_name, label_name : names for arrays that come without
    layout : of data and labels, as their descriptions tell it; changes nothing else

    Raises ValueError when arrays differ in their number of examples.

    >>> import mxnet as mx
    >>> it = mx.io.NDArrayIter(mx.nd.ones((100, 10)), batch_size=25)
    >>> [batch.data[0].shape for batch in it]
    [(25, 10), (25, 10), (25, 10), (25, 10)]
    """

    def __init__(self, data: Any, label: Any = None, batch_size: int = 1, shuffle: bool = False,
                 last_batch_handle: str = "pad", data_name: str = "data", label_name: str = "softmax_label",
                 layout: str | None = "NCHW") -> None:
        super().__init__(batch_size)
        if batch_size < 1:
            raise MXNetValueError(f"batch_size is at least 1, not {batch_size}")
        if last_batch_handle not in ("pad", "discard", "roll_over"):
            raise MXNetValueError(f"last_batch_handle is pad, discard or roll_over, not {last_batch_handle!r}")
        self.data = _init_data(data, False, data_name)
        self.label = _init_data(label, True, label_name)
        self.data_list = [value for _, value in self.data + self.label]
        self.num_source = len(self.data_list)
        self.num_data = self.data_list[0].shape[0]
        for name, value in self.data + self.label:
            if value.shape[0] != self.num_data:
                raise MXNetValueError(f"NDArrayIter: {name!r} has {value.shape[0]} examples, "
                                      f"{self.data[0][0]!r} has {self.num_data}")
        self.idx = np.arange(self.num_data)
        self.shuffle, self.last_batch_handle, self.layout = shuffle, last_batch_handle, layout
        self.cursor = -batch_size
        self._kept: np.ndarray | None = None         # numbers of the examples rolled over from the last epoch
        self._epoch = self._order = self.idx.copy()
        self._begin()

    @property
    def provide_data(self) -> list[DataDesc]:
        """Descriptions of the data."""
        return self._describe(self.data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Descriptions of the labels."""
        return self._describe(self.label)

    def _describe(self, sources: list[tuple[str, NDArray]]) -> list[DataDesc]:
        return [DataDesc(name, (self.batch_size, *value.shape[1:]), NUMPY[value._tensor.dtype], self.layout)
                for name, value in sources]

    def _begin(self) -> None:
        if self.shuffle:
            # As MXNet's, so that a seed gives its order: the numbers are shuffled on, then permute what there was.
            np.random.shuffle(self.idx)
            self._epoch = self._epoch[self.idx]
        self._order = self._epoch if self._kept is None else np.concatenate([self._kept, self._epoch])
        self._carried = 0 if self._kept is None else len(self._kept)
        self._kept = None
        self.cursor = -self.batch_size

    def hard_reset(self) -> None:
        """Begin again, and forget examples that were to be rolled over."""
        self._kept = None
        self._begin()

    def reset(self) -> None:
        """Begin the next epoch."""
        if self.last_batch_handle == "roll_over":
            left = len(self._order) % self.batch_size
            finished = len(self._order) - self.batch_size < self.cursor < len(self._order)
            self._kept = self._order[len(self._order) - left:].copy() if left and finished else None
        self._begin()

    def state_dict(self) -> dict[str, Any]:
        """Where it is, and in which order, for checkpoints."""
        return {"cursor": self.cursor, "idx": self.idx if self.shuffle else None, "epoch": self._epoch if self.shuffle
                else None, "order": None if self._order is self._epoch else self._order, "kept": self._kept,
                "carried": self._carried, "examples": self.num_data}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was called. Raises MXNetValueError when there were other examples."""
        if state["examples"] != self.num_data:
            raise MXNetValueError(f"NDArrayIter: the state is of {state['examples']} examples, here are "
                                  f"{self.num_data}")
        if self.shuffle and state["idx"] is not None:
            self.idx, self._epoch = state["idx"], state["epoch"]
        self._order = self._epoch if state["order"] is None else state["order"]
        self.cursor, self._kept, self._carried = state["cursor"], state["kept"], state["carried"]

    def iter_next(self) -> bool:
        self.cursor += self.batch_size
        if self.last_batch_handle == "pad":
            return self.cursor < len(self._order)
        return self.cursor + self.batch_size <= len(self._order)

    def _batch(self, sources: list[tuple[str, NDArray]]) -> list[NDArray]:
        begin, end = self.cursor, self.cursor + self.batch_size
        if not 0 <= begin < len(self._order):
            raise MXNetAssertionError("NDArrayIter: there is no current batch: call next (or, at the end, reset) first")
        plain = not self.shuffle and self._order is self._epoch and end <= self.num_data
        if plain:
            return [wrap(value._tensor[begin:end], value._ctx) for _, value in sources]
        chosen = torch.from_numpy(self._numbers())
        return [wrap(value._tensor.index_select(0, chosen.to(value._tensor.device)), value._ctx)
                for _, value in sources]

    def getdata(self) -> list[NDArray]:
        return self._batch(self.data)

    def getlabel(self) -> list[NDArray]:
        return self._batch(self.label)

    def _numbers(self) -> np.ndarray:
        positions = np.arange(self.cursor, self.cursor + self.batch_size) % len(self._order)
        return self._order[positions]

    def getpad(self) -> int:
        if self.last_batch_handle == "roll_over":        # MXNet counts what was rolled over into the first batch
            return self._carried if self.cursor == 0 else 0
        over = self.cursor + self.batch_size - len(self._order)
        return over if self.last_batch_handle == "pad" and over > 0 else 0
