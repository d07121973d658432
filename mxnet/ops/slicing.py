# SPDX-License-Identifier: Apache-2.0
"""Operators that take, or write, a rectangular part of an array. Those that take one return views where they can."""
from __future__ import annotations

import functools
from typing import Annotated

from torch import Tensor

from .axes import axis_index
from .infer import show, unify
from .numbers import number
from .params import Range
from .registry import OperatorError, op

Bounds = tuple["int | None", ...]
Plan = tuple[tuple[slice, ...], tuple[int, ...], tuple["int | None", ...]]


@functools.lru_cache(maxsize=4096)
def plan(shape: tuple[int | None, ...], begin: Bounds, end: Bounds, step: Bounds) -> Plan:
    """How to cut [begin, end) by `step` out of an array: ascending slices, axes to flip afterwards, resulting shape.

    torch has no negative steps: what they select is selected in ascending order, and flipped. Where the size of an
    axis is unknown, so is what is left of it.
    """
    if not len(begin) == len(end) <= len(shape) or len(step) not in (0, len(begin)):
        raise OperatorError(f"begin={begin}, end={end} and step={step} must be of one length, at most that of data "
                            f"{show(shape)}")
    slices, flips, sizes = [], [], list(shape)
    for axis, (first, last, by) in enumerate(zip(begin, end, step or (None,) * len(begin))):
        if by == 0:
            raise OperatorError(f"step={step} must not be zero")
        size = shape[axis]
        if size is None:
            continue
        chosen = range(*slice(first, last, by).indices(size))
        sizes[axis] = len(chosen)
        if chosen.step < 0:
            flips.append(axis)
            chosen = chosen[::-1]
        slices.append(slice(chosen.start, max(chosen.start, chosen.stop), chosen.step))
    return tuple(slices), tuple(flips), tuple(sizes)


def _plan(shape, params):
    return plan(tuple(shape), params.begin, params.end, params.step)


# ---------------------------------------------------------------------------------------------- taking

@op("slice", "crop", "_sparse_slice", "_npi_slice", "_npx_slice", alias=True)
def slice_(data: Tensor, *, begin: tuple[int | None, ...], end: tuple[int | None, ...],
           step: tuple[int | None, ...] = ()) -> Tensor:
    """The part [begin, end) by `step` of the first axes, each as in Python's `data[begin:end:step]`.

    None is the end at that side, negative numbers count from the end, negative steps go backwards.
    MXNet operator `slice`.

    >>> mx.nd.slice(mx.nd.array([0, 1, 2, 3, 4]), begin=(None,), end=(None,), step=(-2,)).asnumpy().tolist()
    [4.0, 2.0, 0.0]
    """
    slices, flips, _ = plan(data.shape, begin, end, step)
    return data[slices].flip(flips) if flips else data[slices]


@slice_.shape
def _(params, data):
    return {"out": _plan(data, params)[2]}


@op("slice_axis", alias=True)
def slice_axis(data: Tensor, *, axis: int, begin: int, end: int | None) -> Tensor:
    """The part [begin, end) of one axis, which must not be empty nor reach beyond the axis.

    Negative numbers count from the end, `end=None` is the end. MXNet operator `slice_axis`.

    >>> mx.nd.slice_axis(mx.nd.array([0, 1, 2, 3, 4]), axis=0, begin=1, end=-1).asnumpy().tolist()
    [1.0, 2.0, 3.0]
    """
    at = axis_index(axis, data.ndim)
    first, last = _checked(data.shape[at], begin, end)
    return data.narrow(at, first, last - first)


def _checked(size: int, begin: int, end: int | None) -> tuple[int, int]:
    first = begin + size if begin < 0 else begin
    last = size if end is None else end + size if end < 0 else end
    if not 0 <= first < last <= size:
        raise OperatorError(f"begin={begin}, end={end} select nothing, or more than there is, of an axis of size "
                            f"{size}")
    return first, last


@slice_axis.shape
def _(params, data, out=None):
    axis = axis_index(params.axis, len(data))
    size = None
    if data[axis] is not None:
        first, last = _checked(data[axis], params.begin, params.end)
        size = last - first
    claims = {"out": (*data[:axis], size, *data[axis + 1:])}
    if out is not None and len(out) == len(data):
        claims["data"] = (*out[:axis], data[axis], *out[axis + 1:])
    return claims


@op("slice_like", alias=True)
def slice_like(data: Tensor, shape_like: Tensor, *, axes: tuple[int, ...] = ()) -> Tensor:
    """The front part of `data` with the sizes of `shape_like`, in `axes` only when these are given.

    `shape_like` may have any dtype; only its shape matters, and its gradient is zero. MXNet operator `slice_like`.

    >>> mx.nd.slice_like(mx.nd.zeros((4, 5)), mx.nd.zeros((2, 3)), axes=(0,)).shape
    (2, 5)
    """
    return data[tuple([slice(size) for size in _like(data.shape, shape_like.shape, axes)])]


@functools.lru_cache(maxsize=1024)
def _like(shape, like, axes):
    if not axes and len(shape) != len(like):
        raise OperatorError(f"data {show(shape)} and shape_like {show(like)} differ in the number of axes; give axes=")
    sizes = list(shape)
    for axis in axes or range(len(shape)):
        at = axis_index(axis, len(shape), "axes")          # an axis of `data`, and the same one of `shape_like`
        source = axis_index(at, len(like), "axes")
        if None not in (shape[at], like[source]) and like[source] > shape[at]:
            raise OperatorError(f"axis {axis}: shape_like {show(like)} is larger than data {show(shape)}")
        sizes[at] = like[source]
    return tuple(sizes)


@slice_like.shape
def _(params, data, shape_like):
    return {"out": _like(data, shape_like, params.axes)}


@slice_like.dtype
def _(params, data=None, out=None):
    return {"data": out, "out": data}


@op("Crop", count="num_args", alias=True)
def crop(*data: Tensor, num_args: Annotated[int, Range(1, 2)], offset: tuple[int, ...] = (0, 0),
         h_w: tuple[int, ...] = (0, 0), center_crop: bool = False) -> Tensor:
    """A window of the last two axes of the first array (batch, channel, height, width).

    Its size is that of the second array, where there is one (whose gradient is zero), else `h_w`. Its corner is at
    `offset` (row, column), or in the middle with `center_crop`. MXNet operator `Crop`.

    >>> mx.nd.Crop(mx.nd.zeros((1, 1, 5, 6)), h_w=(2, 3), center_crop=True).shape
    (1, 1, 2, 3)
    """
    first = data[0]
    *_, height, width = _window([x.shape for x in data], h_w)
    if center_crop:
        offset = ((first.shape[2] - height) // 2, (first.shape[3] - width) // 2)
    row, column = offset
    if min(offset) < 0 or row + height > first.shape[2] or column + width > first.shape[3]:
        raise OperatorError(f"the window ({height}, {width}) at offset={offset} reaches beyond data "
                            f"{show(first.shape)}")
    return first[:, :, row:row + height, column:column + width]


def _window(shapes, h_w):
    """The shape of the result."""
    if any(shape is not None and len(shape) != 4 for shape in shapes):
        raise OperatorError(f"arrays must have 4 axes (batch, channel, height, width), not {show(shapes[0])}")
    size = h_w if len(shapes) == 1 else (None, None) if shapes[1] is None else shapes[1][2:]
    within = shapes[0][2:] if len(shapes) == 1 else (None, None)
    if len(size) != 2 or any(n is not None and (n < 1 or (limit is not None and n > limit))
                             for n, limit in zip(size, within)):
        raise OperatorError(f"h_w={size} must be the height and width of a window in data {show(shapes[0])}")
    return (*shapes[0][:2], *size)


@crop.shape
def _(params, data, out=None):
    if data[0] is None:
        return {}
    result = unify("output", _window(data, params.h_w), out)
    second = [] if len(data) == 1 else [None if data[1] is None else (*data[1][:2], *result[2:])]
    return {"data": [(*result[:2], *data[0][2:]), *second], "out": result}


# ---------------------------------------------------------------------------------------------- writing

@op("_slice_assign", "_crop_assign", "_npi_slice_assign")
def slice_assign(lhs: Tensor, rhs: Tensor, *, begin: tuple[int | None, ...], end: tuple[int | None, ...],
                 step: tuple[int | None, ...] = ()) -> Tensor:
    """`lhs` with the part that `slice` would take replaced by `rhs`, which has exactly its shape.

    MXNet operator `_slice_assign`.

    >>> mx.nd._internal._slice_assign(mx.nd.zeros(4), mx.nd.array([5, 6]), begin=(1,), end=(3,)).asnumpy().tolist()
    [0.0, 5.0, 6.0, 0.0]
    """
    slices, flips, _ = plan(lhs.shape, begin, end, step)
    result = lhs.clone()
    result[slices] = rhs.flip(flips) if flips else rhs
    return result


@slice_assign.shape
def _(params, lhs=None, out=None):
    whole = unify("output", out, lhs)
    if whole is None:
        return {}
    return {"lhs": whole, "out": whole, "rhs": _plan(whole, params)[2]}


@op("_slice_assign_scalar", "_crop_assign_scalar", "_npi_slice_assign_scalar")
def slice_assign_scalar(data: Tensor, *, scalar: float = 0.0, begin: tuple[int | None, ...],
                        end: tuple[int | None, ...], step: tuple[int | None, ...] = ()) -> Tensor:
    """`data` with the part that `slice` would take set to `scalar`. MXNet operator `_slice_assign_scalar`.

    >>> mx.nd._internal._slice_assign_scalar(mx.nd.zeros(4), scalar=5, begin=(1,), end=(3,)).asnumpy().tolist()
    [0.0, 5.0, 5.0, 0.0]
    """
    result = data.clone()
    result[plan(data.shape, begin, end, step)[0]] = number(scalar, data.dtype)
    return result


@slice_assign_scalar.shape
def _(params, data=None, out=None):
    whole = unify("output", out, data)
    if whole is not None:
        _plan(whole, params)        # refuses bounds that do not fit
    return {"data": whole, "out": whole}
