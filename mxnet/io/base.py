# SPDX-License-Identifier: Apache-2.0
"""What data iterators are made of: descriptions of inputs, batches, and the base of all iterators."""
from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import MXNetAssertionTypeError
from ..ndarray import NDArray

__all__ = ["DataBatch", "DataDesc", "DataIter"]


class DataDesc(namedtuple("DataDesc", ["name", "shape"])):
    """Name, shape, dtype and layout of one input; unpacks and compares as (name, shape).

    >>> DataDesc("data", (32, 3, 224, 224))
    DataDesc[data,(32, 3, 224, 224),<class 'numpy.float32'>,NCHW]
    """

    dtype: Any
    layout: str | None

    def __new__(cls, name: str, shape: Any, dtype: Any = np.float32, layout: str | None = "NCHW") -> DataDesc:
        made = super().__new__(cls, name, tuple(shape) if isinstance(shape, list) else shape)
        made.dtype, made.layout = dtype, layout
        return made

    def __repr__(self) -> str:
        return f"DataDesc[{self.name},{self.shape},{self.dtype},{self.layout}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return DataDesc, (self.name, self.shape, self.dtype, self.layout)

    @classmethod
    def of(cls, item: Any) -> DataDesc:
        """A DataDesc from one, or from (name, shape[, dtype[, layout]])."""
        return item if isinstance(item, DataDesc) else cls(*item)

    @staticmethod
    def get_batch_axis(layout: str | None) -> int:
        """The position of `N` in a layout; 0 for None, -1 when the layout has no batch axis."""
        return 0 if layout is None else layout.find("N")

    @staticmethod
    def get_list(shapes: Sequence[tuple[str, Any]], types: Sequence[tuple[str, Any]] | None) -> list[DataDesc]:
        """Descriptions from (name, shape) and, optionally, (name, dtype) pairs."""
        if types is None:
            return [DataDesc(name, shape) for name, shape in shapes]
        kinds = dict(types)
        return [DataDesc(name, shape, kinds[name]) for name, shape in shapes]


class DataBatch:
    """One mini-batch.

    Attributes
    ----------
    data, label : lists of arrays
    pad : how many examples at the end are padding
    index : the examples' numbers, if the iterator knows them
    bucket_key, provide_data, provide_label : for bucketing, what this batch needs to be bound
    """

    def __init__(self, data: Any, label: Any = None, pad: int | None = None, index: Any = None, bucket_key: Any = None,
                 provide_data: Any = None, provide_label: Any = None) -> None:
        if data is not None and not isinstance(data, (list, tuple)):
            raise MXNetAssertionTypeError(f"Data must be list of NDArrays, not {type(data).__name__}")
        if label is not None and not isinstance(label, (list, tuple)):
            raise MXNetAssertionTypeError(f"Label must be list of NDArrays, not {type(label).__name__}")
        self.data: Any = data
        self.label: Any = label
        self.pad, self.index = pad, index
        self.bucket_key, self.provide_data, self.provide_label = bucket_key, provide_data, provide_label

    def __str__(self) -> str:
        labels = [item.shape for item in self.label] if self.label else None
        return f"{type(self).__name__}: data shapes: {[item.shape for item in self.data or []]} label shapes: {labels}"


class DataIter:
    """Base of iterators: a subclass defines `provide_data`, `provide_label`, `reset`, and `next` or its parts."""

    def __init__(self, batch_size: int = 0) -> None:
        self.batch_size = batch_size

    def __iter__(self) -> DataIter:
        return self

    def __next__(self) -> DataBatch:
        return self.next()

    def reset(self) -> None:
        """Begin again."""

    def next(self) -> DataBatch:
        """The next batch. Raises StopIteration at the end."""
        if self.iter_next():
            return DataBatch(data=self.getdata(), label=self.getlabel(), pad=self.getpad(), index=self.getindex())
        raise StopIteration

    def iter_next(self) -> bool:
        """Move to the next batch; False at the end."""
        raise NotImplementedError(f"{type(self).__name__} defines neither next nor iter_next")

    def getdata(self) -> list[NDArray]:
        """Data of the current batch."""
        raise NotImplementedError(f"{type(self).__name__} does not define getdata")

    def getlabel(self) -> list[NDArray] | None:
        """Labels of the current batch; None if a subclass does not define it, for data without labels."""
        return None

    def getindex(self) -> Any:
        """Numbers of the examples of the current batch, or None."""
        return None

    def getpad(self) -> int | None:
        """How many examples of the current batch are padding; None if a subclass does not define it."""
        return None
