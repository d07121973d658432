# SPDX-License-Identifier: Apache-2.0
"""What an array handle holds, apart from all that can be done with it."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..context import Context


class NDArrayBase:
    """A mutable cell around a torch tensor.

    `_tensor` holds the values and is never part of an autograd graph; `_ctx` is the context; `_entry` is what the
    recorder knows of this array (see `mxnet.autograd`), or None.
    """

    __slots__ = ("__weakref__", "_ctx", "_entry", "_tensor")
    _tensor: torch.Tensor
    _ctx: Context
    _entry: Any


_class: type[NDArrayBase] = NDArrayBase
_new = object.__new__


def wrap(tensor: torch.Tensor, ctx: Context) -> Any:
    """An NDArray around a tensor that nothing else will write to (or that is meant to be shared)."""
    made = _new(_class)
    made._tensor = tensor
    made._ctx = ctx
    made._entry = None
    return made


def tensor_on(values: np.ndarray) -> torch.Tensor:
    """A tensor on the memory of a NumPy array, or on a copy, for what torch does not take as it is.

    That is memory that nobody may write, such as that of `bytes`, steps backwards, as in `image[:, :, ::-1]`, and the
    other byte order.
    """
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if not values.flags.writeable or any(stride < 0 for stride in values.strides):
        values = values.copy()
    return torch.as_tensor(values)


def array_class() -> type[NDArrayBase]:
    """The class that `wrap` makes."""
    return _class


def set_class(cls: type[NDArrayBase]) -> None:
    """Name the class that `wrap` makes; called once, where NDArray is defined."""
    global _class
    _class = cls
