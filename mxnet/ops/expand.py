# SPDX-License-Identifier: Apache-2.0
"""Repeating arrays along axes of size 1. The results are views, of which one element may stand for many."""
from __future__ import annotations

from torch import Tensor

from .axes import axis_index
from .infer import show
from .registry import OperatorError, op

_Sizes = tuple[int, ...]


def _matched(data, wanted):
    """The shape to which `data` is broadcast: known sizes must be equal, or 1 in `data`. Raises OperatorError."""
    if len(data) != len(wanted) or any(a not in (1, b, None) and b is not None for a, b in zip(data, wanted)):
        raise OperatorError(f"data is {show(data)}, which cannot be broadcast to {show(wanted)}: "
                            f"only axes of size 1 are repeated, and the number of axes stays")
    if any(size is not None and size < 0 for size in wanted):
        raise OperatorError(f"{tuple(wanted)} has a size below 0")
    return tuple(wanted)


@op("broadcast_to", alias=True)
def broadcast_to(data: Tensor, *, shape: _Sizes = ()) -> Tensor:
    """Repeat the array along axes of size 1 until it has the given shape; 0 in `shape` leaves that axis as it is.

    `shape` has as many sizes as `data` has axes. The dtype stays.

    >>> print(mx.nd.broadcast_to(mx.nd.array([[1, 2]]), shape=(2, 0)).asnumpy())
    [[1. 2.]
     [1. 2.]]
    """
    return data.expand(_target(data.shape, shape))


def _target(data, shape):
    if len(shape) != len(data):
        return _matched(data, shape)
    return _matched(data, [size if size else old for size, old in zip(shape, data)])


@broadcast_to.shape
def _(params, data):
    return {"out": _target(data, params.shape)}


@op("broadcast_axis", "broadcast_axes", alias=True)
def broadcast_axis(data: Tensor, *, axis: _Sizes = (), size: _Sizes = ()) -> Tensor:
    """Repeat the array along the axes `axis`, which have size 1, to the sizes `size` (a number, or one for each axis).

    Axes are not negative. The dtype stays.

    >>> print(mx.nd.broadcast_axis(mx.nd.array([[1, 2]]), axis=0, size=2).asnumpy())
    [[1. 2.]
     [1. 2.]]
    """
    return data.expand(_widened(data.shape, axis, size))


def _widened(data, axes, sizes):
    if len(axes) != len(sizes):
        raise OperatorError(f"axis {axes} and size {sizes} need the same length")
    wanted = list(data)
    for axis, size in zip(axes, sizes):
        if not 0 <= axis < len(data):
            raise OperatorError(f"axis {axis} is out of range: expected 0 to {len(data) - 1}")
        if wanted[axis] not in (1, None):
            raise OperatorError(f"data is {show(data)}: axis {axis} has size {wanted[axis]}, only size 1 is repeated")
        wanted[axis] = size
    if min(sizes, default=0) < 0:
        raise OperatorError(f"size {sizes} has a number below 0")
    return tuple(wanted)


@broadcast_axis.shape
def _(params, data):
    return {"out": _widened(data, params.axis, params.size)}


@op("broadcast_like", alias=True)
def broadcast_like(lhs: Tensor, rhs: Tensor, *, lhs_axes: _Sizes | None = None,
                   rhs_axes: _Sizes | None = None) -> Tensor:
    """Repeat `lhs` along axes of size 1 until it has the shape of `rhs`.

    With `lhs_axes` and `rhs_axes` (of one length, negative ones counting from the end), the axes `lhs_axes` of `lhs`
    get the sizes of the axes `rhs_axes` of `rhs`, and the others stay. The dtype is that of `lhs`. `rhs` gets no
    gradient.

    >>> print(mx.nd.broadcast_like(mx.nd.array([[1, 2]]), mx.nd.zeros((2, 2))).asnumpy())
    [[1. 2.]
     [1. 2.]]
    """
    return lhs.expand(_like(lhs.shape, rhs.shape, lhs_axes, rhs_axes))


def _like(lhs, rhs, lhs_axes, rhs_axes):
    if lhs_axes is None or rhs_axes is None:
        return _matched(lhs, rhs)
    if not lhs_axes or len(lhs_axes) != len(rhs_axes):
        raise OperatorError(f"lhs_axes {lhs_axes} and rhs_axes {rhs_axes} need the same length, at least 1")
    wanted = list(lhs)
    for mine, other in zip(lhs_axes, rhs_axes):
        axis = axis_index(mine, len(lhs), "lhs_axes")
        if lhs[axis] not in (1, None):
            raise OperatorError(f"lhs is {show(lhs)}: axis {axis} has size {lhs[axis]}, only size 1 is repeated")
        wanted[axis] = rhs[axis_index(other, len(rhs), "rhs_axes")]
    return tuple(wanted)


@broadcast_like.shape
def _(params, lhs, rhs):
    return {"out": _like(lhs, rhs, params.lhs_axes, params.rhs_axes)}


@broadcast_like.dtype
def _(params, lhs=None, rhs=None, out=None):
    return {"lhs": lhs if lhs is not None else out, "rhs": rhs, "out": lhs}
