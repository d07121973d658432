# SPDX-License-Identifier: Apache-2.0
"""Arrays that depend on another one's shape only: zeros, ones, numbers in a row, indices, the shape itself."""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ..context import Context
from .axes import axis_index
from .families import no_gradient, unary
from .infer import prod
from .init import ramp
from .params import Range
from .registry import OperatorError, op

unary("zeros_like", torch.zeros_like, "Zeros, of the shape and dtype of `data`.", sparse=True, gradient=no_gradient,
      example=("mx.nd.array([1, 2])", "[0. 0.]"))
unary("ones_like", torch.ones_like, "Ones, of the shape and dtype of `data`.", gradient=no_gradient,
      example=("mx.nd.array([1, 2])", "[1. 1.]"))


@op("shape_array", "_npx_shape_array")
def shape_array(data: Tensor) -> Tensor:
    """The sizes of the axes, as an int64 array.

    >>> print(mx.nd.shape_array(mx.nd.zeros((2, 3))).asnumpy())
    [2 3]
    """
    return torch.tensor(data.shape, dtype=torch.int64, device=data.device)


@shape_array.shape
def _(params, data):
    return {"out": (len(data),)}


@op("size_array")
def size_array(data: Tensor) -> Tensor:
    """The number of elements, as an int64 array of shape (1,).

    >>> print(mx.nd.size_array(mx.nd.zeros((2, 3))).asnumpy())
    [6]
    """
    return torch.tensor([data.numel()], dtype=torch.int64, device=data.device)


@size_array.shape
def _(params, data=None):
    return {"out": (1,)}


@op("_contrib_index_array")
def index_array(data: Tensor, *, axes: tuple[int, ...] | None = None) -> Tensor:
    """Where each element is: an int64 array of shape (*data.shape, k) with the indices along the k `axes`.

    `axes` are all when not given; negative ones count from the end.

    >>> print(mx.nd.contrib.index_array(mx.nd.zeros((2, 2))).asnumpy().reshape(4, 2))
    [[0 0]
     [0 1]
     [1 0]
     [1 1]]
    """
    rank = data.dim()
    made = torch.empty(*data.shape, rank if axes is None else len(axes), dtype=torch.int64, device=data.device)
    for place, one in enumerate(range(rank) if axes is None else axes):
        axis = axis_index(one, rank, "axes")
        along = torch.arange(data.shape[axis], device=data.device)
        made[..., place] = along.view(-1, *[1] * (rank - axis - 1))
    return made


@index_array.shape
def _(params, data):
    return {"out": (*data, len(data) if params.axes is None else len(params.axes))}


for _made in (shape_array, size_array, index_array):
    _made.gradient(no_gradient)
    _made.dtype(lambda params, data=None: {"out": torch.int64})


@op("_contrib_arange_like", "_npx_arange_like")
def arange_like(data: Tensor, *, start: float = 0.0, step: float = 1.0, repeat: Annotated[int, Range(1)] = 1,
                ctx: Context | None = None, axis: int | None = None) -> Tensor:
    """Numbers `start, start + step, ...`, each `repeat` times, as many as `data` has elements, in its shape and dtype.

    With `axis`, as many as that axis is long, in one axis. For whole numbers, start and step are cut towards zero
    first.

    >>> print(mx.nd.contrib.arange_like(mx.nd.zeros((2, 3)), axis=1).asnumpy())
    [0. 1. 2.]
    """
    shape = _arange_shape(data.shape, axis)
    return ramp(prod(shape) or 0, start, step, repeat, data.dtype, data.device).reshape(shape)


def _arange_shape(shape, axis):
    return tuple(shape) if axis is None else (shape[axis_index(axis, len(shape))],)


@arange_like.shape
def _(params, data):
    return {"out": _arange_shape(data, params.axis)}


arange_like.gradient(no_gradient)


# ---- one element of each row ----------------------------------------------------------------------------------------

@op("_onehot_encode")
def onehot_encode(lhs: Tensor, rhs: Tensor) -> Tensor:
    """Rows that are 1 at an index and 0 elsewhere: `lhs` holds the indices (n,), `rhs` (n, classes) gives the shape.

    The dtype is that of `rhs`. Rows whose index is out of range are 0.

    >>> print(mx.nd._internal._onehot_encode(mx.nd.array([1, 0]), mx.nd.zeros((2, 3))).asnumpy())
    [[0. 1. 0.]
     [1. 0. 0.]]
    """
    classes = torch.arange(rhs.shape[1], device=rhs.device)
    return (lhs.to(torch.int64).unsqueeze(1) == classes).to(rhs.dtype)


@onehot_encode.shape
def _(params, lhs, rhs):
    if len(lhs) != 1 or len(rhs) != 2 or lhs[0] != rhs[0]:
        raise OperatorError(f"lhs is {lhs} and rhs {rhs}, expected (n,) and (n, classes)")
    return {"out": rhs}


@onehot_encode.dtype
def _(params, lhs=None, rhs=None, out=None):
    return {"rhs": rhs if rhs is not None else out, "out": rhs}


onehot_encode.gradient(no_gradient)


@op("fill_element_0index")
def fill_element_0index(lhs: Tensor, mhs: Tensor, rhs: Tensor) -> Tensor:
    """`lhs` (n, classes) with one element of each row replaced: `out[i, rhs[i]] = mhs[i]`.

    `mhs` and `rhs` are (n,), all three of one dtype. Where the index is out of range, the row stays.

    >>> x = mx.nd.zeros((2, 3))
    >>> print(mx.nd.fill_element_0index(x, mx.nd.array([5, 6]), mx.nd.array([0, 2])).asnumpy())
    [[5. 0. 0.]
     [0. 0. 6.]]
    """
    classes = torch.arange(lhs.shape[1], device=lhs.device)
    return torch.where(rhs.to(torch.int64).unsqueeze(1) == classes, mhs.unsqueeze(1), lhs)


@fill_element_0index.shape
def _(params, lhs, mhs, rhs):
    if len(lhs) != 2 or mhs != lhs[:1] or rhs != lhs[:1]:
        raise OperatorError(f"lhs, mhs and rhs are {lhs}, {mhs} and {rhs}, expected (n, classes), (n,) and (n,)")
    return {"out": lhs}


fill_element_0index.gradient(no_gradient)
