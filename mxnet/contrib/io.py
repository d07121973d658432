# SPDX-License-Identifier: Apache-2.0
"""An iterator over a loader of (data, label) pairs, such as a `torch.utils.data.DataLoader` or Gluon's."""
from __future__ import annotations

from typing import Any

import torch

from .._old_names import lend
from ..io import DataBatch, DataDesc, DataIter
from ..ndarray import NDArray, array
from ..ndarray.handle import wrap

__all__ = ["DataLoaderIter"]


class DataLoaderIter(DataIter):
    """Batches of a loader whose items are (data, label); the last, smaller one is padded with zeros.

    Parameters
    ----------
    loader : an iterable of pairs of arrays
    data_name, label_name : names of the inputs
    dtype : dtype of the data
    """

    def __init__(self, loader: Any, data_name: str = "data", label_name: str = "softmax_label",
                 dtype: str = "float32") -> None:
        self._loader, self._dtype = loader, dtype
        self._iter = iter(loader)
        data, label = next(self._iter)
        super().__init__(data.shape[0])
        self.provide_data = [DataDesc(data_name, tuple(data.shape), dtype)]
        self.provide_label = [DataDesc(label_name, tuple(label.shape), dtype)]
        self._next: Any = (data, label)
        self.reset()

    def reset(self) -> None:
        self._iter = iter(self._loader)
        self._next = None

    def iter_next(self) -> bool:
        self._next = next(self._iter, None)
        return self._next is not None

    def _padded(self, values: Any) -> NDArray:
        made = array(values, dtype=self._dtype)
        missing = self.batch_size - made.shape[0]
        if missing:
            made = wrap(torch.cat([made._tensor, made._tensor.new_zeros((missing, *made.shape[1:]))]), made._ctx)
        return made

    def getdata(self) -> list[NDArray]:
        return [self._padded(self._next[0])]

    def getlabel(self) -> list[NDArray]:
        return [self._padded(self._next[1])]

    def getpad(self) -> int:
        return self.batch_size - self._next[0].shape[0]

    def next(self) -> DataBatch:
        if not self.iter_next():
            raise StopIteration
        return DataBatch(self.getdata(), self.getlabel(), self.getpad())


lend(__name__)
