# SPDX-License-Identifier: Apache-2.0
"""Reductions over axes: sums, means, products, extremes, norms, moments, and where the extremes are."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ..dtype import TORCH
from .axes import axis_index
from .families import no_gradient, reduced, reduced_axes, reduced_shape, reduction
from .registry import Operator, OperatorError, op
from .schema import Shape

_EMPTY = "there is nothing to take the {} of"
_AGAINST = "mx.nd.array([[1, 2], [3, 5]]), axis=1"

# ---- sums, means, products ------------------------------------------------------------------------------------------


def _sum(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    if data.is_floating_point():
        return torch.sum(data, axes, keepdims)
    return torch.sum(data, axes, keepdims, dtype=data.dtype)


def _mean(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    if data.is_floating_point():
        return torch.mean(data, axes, keepdims)
    total = _sum(data, axes, keepdims)          # wraps in the array's own dtype
    if data.dtype is torch.bool:
        return total
    return torch.div(total, data.numel() // max(total.numel(), 1), rounding_mode="trunc")


def _prod(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    if len(axes) == data.dim():
        whole = torch.prod(data, dtype=data.dtype)
        return whole.reshape((1,) * data.dim()) if keepdims else whole
    for axis in reversed(axes):                 # torch's takes one axis
        data = torch.prod(data, axis, keepdims, dtype=data.dtype)
    return data


def _nansum(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    return torch.nansum(data, axes, keepdims) if data.is_floating_point() else _sum(data, axes, keepdims)


def _nanprod(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    return _prod(torch.where(torch.isnan(data), 1.0, data) if data.is_floating_point() else data, axes, keepdims)


def _square_sum(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    return _sum(torch.square(data), axes, keepdims)


reduction("sum", _sum, "The sum over axes. Sums of whole numbers wrap around.", "sum_axis", sparse=True,
          example=(_AGAINST, "[3. 8.]"))
reduction("mean", _mean, "The mean over axes. Of whole numbers, its whole part.", sparse=True,
          example=(_AGAINST, "[1.5 4. ]"))
reduction("prod", _prod, "The product over axes. Products of whole numbers wrap around.",
          example=(_AGAINST, "[ 2. 15.]"))
reduction("nansum", _nansum, "The sum over axes, NaN counting as 0.",
          example=("mx.nd.array([[1, float('nan')], [3, 5]]), axis=1", "[1. 8.]"))
reduction("nanprod", _nanprod, "The product over axes, NaN counting as 1.",
          example=("mx.nd.array([[1, float('nan')], [3, 5]]), axis=1", "[ 1. 15.]"))
reduction("_square_sum", _square_sum, "The sum of squares over axes; MXNet has it for a row-sparse array.",
          example=(_AGAINST, "[ 5. 34.]"))

# ---- extremes -------------------------------------------------------------------------------------------------------


def _extreme_gradient(data: Tensor, out: Tensor, head: Tensor) -> Tensor:
    return head * (data == out)                 # each of those that are equal gets all of it


reduction("max", torch.amax, "The greatest over axes; NaN if one is NaN. Each of several that are equal gets the whole "
          "gradient.", "max_axis", empty=_EMPTY.format("maximum"), gradient=_extreme_gradient,
          example=(_AGAINST, "[2. 5.]"))
reduction("min", torch.amin, "The smallest over axes; NaN if one is NaN. Each of several that are equal gets the whole "
          "gradient.", "min_axis", empty=_EMPTY.format("minimum"), gradient=_extreme_gradient,
          example=(_AGAINST, "[1. 3.]"))


def _position(find: Callable[..., Tensor], data: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    axis = None if axis is None else axis_index(axis, data.dim())
    if axis is None or data.dim() == 1:
        where = find(data.reshape(-1), 0, True)
        return (where.reshape((1,) * data.dim()) if keepdims else where).to(data.dtype)
    if not data.shape[axis]:
        raise OperatorError(f"data is {tuple(data.shape)}: axis {axis} is empty, nothing can be found along it")
    return find(data, axis, keepdims).to(data.dtype)


def _position_shape(params, data):
    return {"out": reduced_shape(data, reduced_axes(params.axis, len(data)), params.keepdims)}


def _finds_position(made: Operator) -> Operator:
    made.gradient(no_gradient)
    made.shape(_position_shape)
    return made


_MANY = 2048            # elements


def _places(extreme: Callable[..., Any], position: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """On a CPU, torch's `max`, which says where it is, too, takes a third of the time of its `argmax` on large data."""
    def find(data: Tensor, axis: int, keepdim: bool) -> Tensor:
        if data.device.type == "cpu" and data.numel() >= _MANY:
            return extreme(data, axis, keepdim).indices
        return position(data, axis, keepdim)
    return find


_argmax, _argmin = _places(torch.max, torch.argmax), _places(torch.min, torch.argmin)


@_finds_position
@op("argmax")
def argmax(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the greatest number along an axis is: the first of several that are equal, or the first NaN.

    Without `axis`, the position in the flattened array, as an array of shape (1,). `keepdims` keeps the axis with size
    1. The positions have the dtype of `data` (float32 usually: beyond 2**24 they are rounded; uint8 wraps around). The
    gradient is 0.

    >>> print(mx.nd.argmax(mx.nd.array([[1, 2], [5, 3]]), axis=1).asnumpy())
    [1. 0.]
    """
    return _position(_argmax, data, axis, keepdims)


@_finds_position
@op("argmin")
def argmin(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest number along an axis is: the first of several that are equal, or the first NaN.

    As `argmax` in everything else.

    >>> print(mx.nd.argmin(mx.nd.array([[1, 2], [5, 3]]), axis=1).asnumpy())
    [0. 1.]
    """
    return _position(_argmin, data, axis, keepdims)


@op("argmax_channel")
def argmax_channel(data: Tensor) -> Tensor:
    """Where the greatest number along axis 1 is: `argmax(data, axis=1)`, as for (batch, classes).

    >>> print(mx.nd.argmax_channel(mx.nd.array([[1, 2], [5, 3]])).asnumpy())
    [1. 0.]
    """
    return _position(_argmax, data, 1, False)


@argmax_channel.shape
def _(params, data):
    axis_index(1, len(data))
    return {"out": (data[0], *data[2:])}


argmax_channel.gradient(no_gradient)


# ---- norms and moments ----------------------------------------------------------------------------------------------

def _taxicab(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    return torch.linalg.vector_norm(data, 1, axes, keepdims)


def _euclidean(data: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    return torch.linalg.vector_norm(data, 2, axes, keepdims)


@op("norm", "_sparse_norm")
def norm(data: Tensor, *, ord: int = 2, axis: tuple[int, ...] | None = None,
         out_dtype: Literal[None, "float16", "float32", "float64", "int32", "int64", "int8"] = None,
         keepdims: bool = False) -> Tensor:
    """The norm over axes: the sum of absolute values (`ord=1`) or the root of the sum of squares (`ord=2`).

    `axis` is an axis or a tuple of them; all axes when it is not given or empty, which gives shape (1,). `keepdims`
    keeps the reduced axes with size 1. The output has the dtype of `data` (whole numbers are cut towards zero) unless
    `out_dtype` names another. The gradient at a norm of 0 is 0.

    >>> print(mx.nd.norm(mx.nd.array([[3, 4], [0, 2]]), axis=1).asnumpy())
    [5. 2.]
    """
    if ord not in (1, 2):
        raise OperatorError(f"ord is {ord}, expected 1 or 2")

    reduce, axes = _taxicab if ord == 1 else _euclidean, reduced_axes(axis, data.dim())
    if data.is_floating_point() and not out_dtype:
        return reduced(reduce, data, axes, keepdims)
    return reduced(reduce, data.to(torch.float64), axes, keepdims).to(TORCH[out_dtype] if out_dtype else data.dtype)


@norm.shape
def _(params, data):
    return {"out": reduced_shape(data, reduced_axes(params.axis, len(data)), params.keepdims)}


@norm.dtype
def _(params, data=None, out=None):
    return {"out": TORCH[params.out_dtype]} if params.out_dtype else {"data": out, "out": data}


@op("moments", outputs=("output0", "output1"))
def moments(data: Tensor, *, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and (biased) variance over axes, as two arrays of the dtype of `data`.

    `axes` is required: an axis or a tuple of them, negative ones counting from the end. `keepdims` keeps the reduced
    axes with size 1; otherwise they go, and what all axes are reduced to has shape (1,).

    >>> mean, var = mx.nd.moments(mx.nd.array([[1, 3], [2, 2]]), axes=(1,))
    >>> print(mean.asnumpy(), var.asnumpy())
    [2. 2.] [1. 0.]
    """
    chosen = _moment_axes(axes, data.dim())
    if data.is_floating_point():
        every = range(data.dim()) if chosen is None else chosen
        var, mean = torch.var_mean(data, tuple(every), correction=0, keepdim=keepdims)
        return (mean, var) if keepdims or chosen is not None else (mean.reshape(1), var.reshape(1))
    middle = reduced(_mean, data, chosen, True)
    mean, var = (reduced(_mean, item, chosen, keepdims) for item in (data, torch.square(data - middle)))
    return mean, var


def _moment_axes(axes: tuple[int, ...] | None, rank: int) -> Shape | None:
    if not axes:
        raise OperatorError("axes is required: for moments over the whole array, name every axis")
    return reduced_axes(axes, rank)


@moments.shape
def _(params, data):
    shape = reduced_shape(data, _moment_axes(params.axes, len(data)), params.keepdims)
    return {"out": (shape, shape)}
