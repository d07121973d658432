# SPDX-License-Identifier: Apache-2.0
"""Operators that change an array's shape and nothing else; all of them return views where torch can make one."""
from __future__ import annotations

import functools
from typing import Any

from torch import Tensor

from .axes import axes_index, axis_index
from .infer import complete, prod, show, unify
from .registry import OperatorError, op
from .reshape_codes import resolve_shape

_resolve = functools.lru_cache(maxsize=4096)(resolve_shape)


@op("Reshape", "reshape", alias=True)
def reshape(data: Tensor, *, shape: tuple[int, ...] = (), reverse: bool = False, target_shape: tuple[int, ...] = (),
            keep_highest: bool = False) -> Tensor:
    """The same elements in the same order, in another shape.

    `shape` holds sizes and codes, matched against the axes of `data` from left to right: 0 keeps the axis at its
    place, -1 (once) takes what is left over, -2 keeps all remaining axes, -3 merges two axes, and -4 splits one axis
    into the two sizes that follow it (one of them may be -1). With `reverse` both are matched from the right.
    `target_shape` is the older form, used when `shape` is empty: its one 0 is what is left over, `keep_highest` keeps
    the first axis, and `reverse` means nothing. Raises an error when the numbers of elements differ. MXNet operator
    `Reshape`.

    >>> mx.nd.reshape(mx.nd.zeros((2, 3, 4)), shape=(0, -3)).shape
    (2, 12)
    >>> mx.nd.reshape(mx.nd.zeros((2, 3, 4)), shape=(-4, 1, 2, -2)).shape
    (1, 2, 3, 4)
    """
    if not shape:
        shape, reverse = _legacy_codes(target_shape, keep_highest), False
    return data.reshape(_resolve(data.shape, shape, reverse))       # type: ignore[arg-type]


def _legacy_codes(target: tuple[int, ...], keep_highest: bool) -> tuple[int, ...]:
    """`target_shape` in the codes of `shape`."""
    if not target:
        raise OperatorError("Reshape needs a shape")
    return tuple([0 if keep_highest and i == 0 else size or -1 for i, size in enumerate(target)])


@reshape.shape
def _(params, data, out=None):
    if not params.shape and not params.target_shape:
        return {}
    codes, reverse = params.shape, params.reverse
    if not codes:
        codes, reverse = _legacy_codes(params.target_shape, params.keep_highest), False
    return _same_elements(data, unify("output", resolve_shape(data, codes, reverse), out))


def _same_elements(data, out):
    """Claims of a reshape to `out`: a single unknown size follows from the number of elements."""
    if complete(data) and complete(out):
        if prod(data) != prod(out):
            raise OperatorError(f"an array of shape {show(data)} has {prod(data)} elements and cannot become "
                                f"{show(out)}")
    elif complete(out):
        data = _solve(data, prod(out))
    elif complete(data):
        out = _solve(out, prod(data))
    return {"data": data, "out": out}


def _solve(shape, total):
    """Fill in the one unknown size of a shape with `total` elements, if there is just one."""
    known = prod(size for size in shape if size is not None)
    if shape.count(None) != 1 or not known or total % known:
        return shape
    return tuple([total // known if size is None else size for size in shape])


@op("reshape_like", "_npx_reshape_like", alias=True)
def reshape_like(lhs: Tensor, rhs: Tensor, *, lhs_begin: int | None = None, lhs_end: int | None = None,
                 rhs_begin: int | None = None, rhs_end: int | None = None) -> Tensor:
    """`lhs` in the shape of `rhs`, or with its axes [lhs_begin, lhs_end) replaced by those of `rhs` in
    [rhs_begin, rhs_end).

    Bounds that are not given are the ends; negative ones count from the end. `rhs` may have any dtype; only its shape
    matters, and its gradient is zero. Raises an error when the numbers of elements differ. MXNet operator
    `reshape_like`.

    >>> mx.nd.reshape_like(mx.nd.zeros((30, 7)), mx.nd.zeros((15, 2, 4)), lhs_begin=0, lhs_end=1, rhs_begin=0,
    ...                    rhs_end=2).shape
    (15, 2, 7)
    """
    if lhs_begin is lhs_end is rhs_begin is rhs_end is None:
        return lhs.reshape(rhs.shape)
    return lhs.reshape(_spliced(lhs.shape, rhs.shape, lhs_begin, lhs_end, rhs_begin, rhs_end))


def _spliced(lhs, rhs, lhs_begin, lhs_end, rhs_begin, rhs_end):
    """The shape of `lhs` with a run of its axes replaced by a run of the axes of `rhs`."""
    first, last = _run_of_axes(len(lhs), lhs_begin, lhs_end, "lhs")
    return (*lhs[:first], *rhs[slice(*_run_of_axes(len(rhs), rhs_begin, rhs_end, "rhs"))], *lhs[last:])


def _run_of_axes(rank: int, begin: int | None, end: int | None, side: str) -> tuple[int, int]:
    first, last = begin or 0, rank if end is None else end
    first, last = first + rank if first < 0 else first, last + rank if last < 0 else last
    if not 0 <= first < last <= rank:
        raise OperatorError(f"{side}_begin={begin}, {side}_end={end} name no axes of an array with {rank} axes")
    return first, last


@reshape_like.shape
def _(params, lhs, rhs, out=None):
    bounds = params.lhs_begin, params.lhs_end, params.rhs_begin, params.rhs_end
    claims = _same_elements(lhs, unify("output", _spliced(lhs, rhs, *bounds), out))
    return {"lhs": claims["data"], "out": claims["out"]}


@reshape_like.dtype
def _(params, lhs=None, out=None):
    return {"lhs": out, "out": lhs}


@op("Flatten", "flatten", "_npx_batch_flatten", alias=True)
def flatten(data: Tensor) -> Tensor:
    """All axes but the first merged into one: (d0, d1, ..., dn) becomes (d0, d1 * ... * dn).

    An array with one axis becomes a column. MXNet operator `Flatten`.

    >>> mx.nd.flatten(mx.nd.zeros((2, 3, 4))).shape
    (2, 12)
    """
    return data.flatten(1) if data.ndim > 1 else data.unsqueeze(1)


@flatten.shape
def _(params, data, out=None):
    batch, width = unify("output", (data[0], prod(data[1:])), out)
    if complete(data[1:]) or width is None:
        return {"data": (batch, *data[1:]), "out": (batch, width)}
    return {"data": (batch, *_solve(data[1:], width)), "out": (batch, width)}


@op("expand_dims", "_npi_expand_dims", alias=True)
def expand_dims(data: Tensor, *, axis: int) -> Tensor:
    """A new axis of size 1 before axis `axis`, which is in [-ndim - 1, ndim]. MXNet operator `expand_dims`.

    >>> mx.nd.expand_dims(mx.nd.zeros((2, 3)), axis=1).shape
    (2, 1, 3)
    """
    return data.unsqueeze(axis)


@expand_dims.shape
def _(params, data=None, out=None):
    if data is None and out is None:
        return {}
    axis = axis_index(params.axis, len(out) if data is None else len(data) + 1)
    claims = {}
    if data is not None:
        claims["out"] = (*data[:axis], 1, *data[axis:])
    if out is not None:
        claims["out"] = unify("output", claims.get("out"), (*out[:axis], 1, *out[axis + 1:]))
        claims["data"] = (*out[:axis], *out[axis + 1:])
    return claims


@op("squeeze", alias=True)
def squeeze(data: Tensor, *, axis: tuple[int, ...] | None = None) -> Tensor:
    """Without its axes of size 1: all of them, or those in `axis` (an integer or a tuple), which must have size 1.

    At least one axis is left: an array with one element becomes (1,). MXNet operator `squeeze`.

    >>> mx.nd.squeeze(mx.nd.zeros((2, 1, 3, 1)), axis=1).shape
    (2, 3, 1)
    """
    return data.reshape(_squeezed(data.shape, axis))


@functools.lru_cache(maxsize=4096)
def _squeezed(shape: tuple[int, ...], axis: tuple[int, ...] | None) -> tuple[int, ...]:
    if axis is None:
        return tuple([size for size in shape if size != 1]) or (1,)
    axes = axes_index(axis, len(shape))
    for at in axes:
        if shape[at] not in (1, None):
            raise OperatorError(f"axis {at} of shape {show(shape)} has size {shape[at]}, only size 1 can be squeezed")
    return tuple([size for at, size in enumerate(shape) if at not in axes]) or (1,)


@squeeze.shape
def _(params, data, out=None):
    if params.axis is None and None in data:
        return {}
    claims: dict[str, Any] = {"out": _squeezed(tuple(data), params.axis)}
    if params.axis is not None and out is not None and len(params.axis) < len(data):
        axes, rest = axes_index(params.axis, len(data)), iter(out)
        claims["data"] = tuple([1 if at in axes else next(rest, None) for at in range(len(data))])
    return claims
