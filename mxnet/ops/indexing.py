# SPDX-License-Identifier: Apache-2.0
"""Operators that take, place or mark elements by index.

MXNet's index arrays are of any dtype, float32 by default: fractions are cut towards zero. What happens to an index out
of range is said by `mode`, where the operator has one; elsewhere it is an error.
"""
from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor

from .axes import axis_index
from .infer import complete, prod, show, unify
from .numbers import number
from .params import Range
from .registry import OperatorError, op


def positions(index: Tensor, size: int, mode: str) -> Tensor:
    """Whole numbers in [0, size): `clip` moves the others to the nearest end, `wrap` takes them modulo `size`."""
    index = index.long()
    if mode == "clip":
        return index.clamp(0, size - 1)
    if mode == "wrap":
        return index.remainder(size)
    if not index.is_meta and index.numel() and not (int(index.min()) >= 0 and int(index.max()) < size):
        raise OperatorError(f"indices from {int(index.min())} to {int(index.max())} do not lie in [0, {size})")
    return index


# ---------------------------------------------------------------------------------------------- along one axis

@op("take", "_npi_take")
def take(a: Tensor, indices: Tensor, *, axis: int = 0, mode: Literal["raise", "wrap", "clip"] = "clip") -> Tensor:
    """Slices of `a` along `axis`, at `indices`: the shape of `a` with `axis` replaced by the shape of `indices`.

    An index out of range is moved to the nearest end (`"clip"`), taken modulo the size (`"wrap"`), or an error
    (`"raise"`). The gradient of `a` adds up over equal indices. MXNet operator `take`.

    >>> mx.nd.take(mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([1, 1, 0])).asnumpy().tolist()
    [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    at = axis_index(axis, a.ndim)
    index = positions(indices, a.shape[at], mode)
    if index.ndim == 1:
        return a.index_select(at, index)
    return a.index_select(at, index.reshape(-1)).reshape(*a.shape[:at], *index.shape, *a.shape[at + 1:])


@take.direct
def _(params, a, indices, head, needs, into):
    if "a" not in needs:
        return {}
    at = axis_index(params.axis, a.ndim)
    index = positions(indices, a.shape[at], params.mode)
    if at == 0:
        return {"a": added_rows(a, index, head, into.get("a"))}
    heads = head.reshape(*a.shape[:at], -1, *a.shape[at + 1:])
    return {"a": zeros_for(a, into.get("a")).index_add_(at, index.reshape(-1), heads)}


def zeros_for(like: Tensor, place: Tensor | None) -> Tensor:
    """Zeros in the shape of `like`, in `place` if there is one."""
    return torch.zeros_like(like, memory_format=torch.contiguous_format) if place is None else place.zero_()


def added_rows(table: Tensor, index: Tensor, rows: Tensor, place: Tensor | None = None) -> Tensor:
    """The gradient of `table[index]`: zeros, to whose rows at `index` those of `rows` are added."""
    flat = index.reshape(-1)
    return zeros_for(table, place).index_add_(0, flat, rows.reshape(len(flat), *table.shape[1:]))


@take.shape
def _(params, a, indices):
    axis = axis_index(params.axis, len(a))
    return {"out": (*a[:axis], *indices, *a[axis + 1:])}


@take.dtype
def _(params, a=None, out=None):
    return {"a": out, "out": a}


@op("batch_take")
def batch_take(a: Tensor, indices: Tensor) -> Tensor:
    """One element of each row: `out[i] = a[i, indices[i]]`; the rows run along the last axis of `a`.

    `indices` are int32, as many as there are rows, and clipped into the row; the result has their shape.
    MXNet operator `batch_take`.

    >>> mx.nd.batch_take(mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([1, 0], dtype="int32")).asnumpy().tolist()
    [2.0, 3.0]
    """
    rows = a.reshape(-1, a.shape[-1])
    return rows.gather(1, positions(indices, a.shape[-1], "clip").reshape(-1, 1)).reshape(indices.shape)


@batch_take.shape
def _(params, a, indices=None, out=None):
    if len(a) < 2:
        raise OperatorError(f"a {show(a)} must have at least 2 axes")
    result = unify("indices", indices, out)
    if result is None and len(a) == 2:
        result = (a[0],)
    rows = prod(a[:-1])
    if complete(result) and rows is not None and prod(result) != rows:
        raise OperatorError(f"indices {show(result)} must be one for each of the {rows} rows of a {show(a)}")
    return {"indices": result, "out": result}


@batch_take.dtype
def _(params, a=None, out=None):
    return {"a": out, "out": a, "indices": torch.int32}


@op("pick", "choose_element_0index", "_npx_pick")
def pick(data: Tensor, index: Tensor, *, axis: int | None = -1, keepdims: bool = False,
         mode: Literal["wrap", "clip"] = "clip") -> Tensor:
    """One element along `axis` for each place of the other axes, at `index`.

    `index` has the shape of `data` without `axis`, or with size 1 there; `keepdims` keeps the axis in the result. An
    index out of range is moved to the nearest end (`"clip"`) or taken modulo the size (`"wrap"`).
    MXNet operator `pick`.

    >>> mx.nd.pick(mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([1, 0])).asnumpy().tolist()
    [2.0, 3.0]
    """
    return _pick_keeping(data, index, axis=axis, keepdims=keepdims, mode=mode)[0]


@pick.keeping
def _pick_keeping(data: Tensor, index: Tensor, *, axis: int | None, keepdims: bool,
                  mode: str) -> tuple[Tensor, tuple[int, Tensor]]:
    """The result, and where it comes from."""
    at = _one_axis(axis, data.ndim)
    places = positions(index if index.ndim == data.ndim else index.unsqueeze(at), data.shape[at], mode)
    picked = data.gather(at, places)
    return picked if keepdims or data.ndim == 1 else picked.squeeze(at), (at, places)


@pick.direct
def _(data, head, kept, needs, into):
    at, places = kept
    return {"data": zeros_for(data, into.get("data")).scatter_(at, places, head.reshape(places.shape))} \
        if "data" in needs else {}


def _one_axis(axis, rank):
    if axis is None:
        raise OperatorError("pick needs an axis, axis=None is not supported")
    return axis_index(axis, rank)


@pick.shape
def _(params, data, index=None):
    axis = _one_axis(params.axis, len(data))
    kept = (*data[:axis], 1, *data[axis + 1:])
    dropped = (*data[:axis], *data[axis + 1:]) or (1,)
    wanted = kept if index is not None and len(index) == len(data) else dropped
    return {"index": wanted, "out": kept if params.keepdims else dropped}


@pick.dtype
def _(params, data=None, out=None):
    return {"data": out, "out": data}


@op("one_hot", "_npx_one_hot")
def one_hot(indices: Tensor, *, depth: Annotated[int, Range(0)], on_value: float = 1.0, off_value: float = 0.0,
            dtype: torch.dtype = torch.float32) -> Tensor:
    """A new last axis of size `depth`, `on_value` at the index and `off_value` elsewhere.

    An index out of range marks nothing. The result is of `dtype`, whatever that of `indices`, and its gradient is
    zero. MXNet operator `one_hot`.

    >>> mx.nd.one_hot(mx.nd.array([1, 0]), depth=3).asnumpy().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    exact = torch.float32 if depth <= 2 ** 24 and indices.dtype is not torch.float64 else torch.int64
    codes = indices.long() if not indices.is_floating_point() else indices.to(exact).trunc()
    codes, places = codes.to(exact).unsqueeze(-1), torch.arange(depth, dtype=exact, device=indices.device)
    if on_value == 1 and off_value == 0:                # a comparison that writes numbers is faster than one of truths
        return torch.eq(codes, places, out=torch.empty(0, dtype=dtype, device=indices.device))
    hot = codes == places
    on, off = (torch.tensor(number(value, dtype), dtype=dtype, device=indices.device)
               for value in (on_value, off_value))
    return torch.where(hot, on, off)


@one_hot.shape
def _(params, indices=None, out=None):
    claims = {}
    if indices is not None:
        claims["out"] = (*indices, params.depth)
    if out is not None:
        claims["indices"] = out[:-1]
        claims["out"] = unify("output", (*out[:-1], params.depth), claims.get("out"))
    return claims


@one_hot.dtype
def _(params):
    return {"out": params.dtype}


@op("_contrib_index_copy")
def index_copy(old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor) -> Tensor:
    """`old_tensor` with its slices at `index_vector` (along the first axis) replaced by those of `new_tensor`.

    MXNet operator `_contrib_index_copy`.

    >>> mx.nd.contrib.index_copy(mx.nd.zeros((3, 2)), mx.nd.array([2]), mx.nd.array([[5, 6]])).asnumpy().tolist()
    [[0.0, 0.0], [0.0, 0.0], [5.0, 6.0]]
    """
    return old_tensor.index_copy(0, index_vector.long(), new_tensor)


@index_copy.shape
def _(params, old_tensor=None, index_vector=None, new_tensor=None, out=None):
    old = unify("output", out, old_tensor)
    if index_vector is not None and len(index_vector) != 1:
        raise OperatorError(f"index_vector {show(index_vector)} must have one axis")
    count = index_vector[0] if index_vector is not None else new_tensor[0] if new_tensor else None
    claims = {"old_tensor": old, "out": old, "index_vector": (count,)}
    if old is not None:
        claims["new_tensor"] = (count, *old[1:])
    return claims


@index_copy.dtype
def _(params, old_tensor=None, new_tensor=None, out=None):
    kind = old_tensor or new_tensor or out
    return {"old_tensor": kind, "new_tensor": kind, "out": kind}


@op("_contrib_boolean_mask", "_npi_boolean_mask")
def boolean_mask(data: Tensor, index: Tensor, *, axis: int = 0) -> Tensor:
    """The slices of `data` along the first axis where `index` is not zero.

    The size of the result depends on values, so that no shape can be inferred beforehand.
    MXNet operator `_contrib_boolean_mask`.

    >>> mx.nd.contrib.boolean_mask(mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([0, 1])).asnumpy().tolist()
    [[3.0, 4.0]]
    """
    return data[index.bool()]


def _require_mask(data, index, axis):
    if axis != 0:
        raise OperatorError(f"axis={axis}: masks go along axis 0 only")
    if len(index) != 1 or (None not in (data[0], index[0]) and index[0] != data[0]):
        raise OperatorError(f"index {show(index)} must be one value for each of the {data[0]} slices of data "
                            f"{show(data)}")


@boolean_mask.shape
def _(params, data, index):
    _require_mask(data, index, params.axis)
    return {}


@boolean_mask.dtype
def _(params, data=None, out=None):
    return {"data": out, "out": data}


# ---------------------------------------------------------------------------------------------- along several axes

@op("gather_nd", "_npi_gather_nd", "_npx_gather_nd")
def gather_nd(data: Tensor, indices: Tensor) -> Tensor:
    """Elements (or slices) of `data`, at the indices that run along the first axis of `indices`.

    `indices` is (m, y0, ...): for each place in (y0, ...) it holds an index into the first m axes of `data`, negative
    ones counting from the end; the result is (y0, ..., remaining axes of data). An index out of range is an error. The
    gradient of `data` adds up over equal indices. MXNet operator `gather_nd`.

    >>> mx.nd.gather_nd(mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([[0, 1], [1, 0]])).asnumpy().tolist()
    [2.0, 3.0]
    """
    return data[indices.long().unbind(0)]


def _gathered(data, indices):
    """The shape of what `indices` select."""
    if len(indices) < 2 or (indices[0] is not None and indices[0] > len(data)):
        raise OperatorError(f"indices {show(indices)} must have at least 2 axes, the first at most as long as data "
                            f"{show(data)} has axes")
    return None if indices[0] is None else (*indices[1:], *data[indices[0]:])


@gather_nd.shape
def _(params, data, indices):
    return {"out": _gathered(data, indices)}


@gather_nd.dtype
def _(params, data=None, out=None):
    return {"data": out, "out": data}


@op("scatter_nd")
def scatter_nd(data: Tensor, indices: Tensor, *, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape`, with the elements (or slices) of `data` at `indices`, which are as in `gather_nd`.

    Of several elements for one place any one may stay. An index out of range is an error. MXNet operator `scatter_nd`.

    >>> mx.nd.scatter_nd(mx.nd.array([5, 6]), mx.nd.array([[0, 1], [1, 0]]), shape=(2, 2)).asnumpy().tolist()
    [[0.0, 5.0], [6.0, 0.0]]
    """
    return data.new_zeros(shape).index_put(indices.long().unbind(0), data)


@op("_backward_gather_nd")
def backward_gather_nd(data: Tensor, indices: Tensor, *, shape: tuple[int, ...]) -> Tensor:
    """The gradient of `gather_nd`: zeros of `shape`, with elements (or slices) of `data` added at `indices`.

    As `scatter_nd`, but elements for one place add up. MXNet operator `_backward_gather_nd`.

    >>> mx.nd._internal._backward_gather_nd(mx.nd.array([5, 6]), mx.nd.array([[1, 1]]), shape=(2,)).asnumpy().tolist()
    [0.0, 11.0]
    """
    return data.new_zeros(shape).index_put(indices.long().unbind(0), data, accumulate=True)


def _require_scattered(data, indices, shape):
    if not shape or min(shape) < 0:
        raise OperatorError(f"shape={shape} must be the sizes of the result")
    wanted = _gathered(shape, indices)
    if wanted is not None:
        unify("data", data, wanted)


@backward_gather_nd.shape
@scatter_nd.shape
def _(params, data=None, indices=None):
    if data is not None and indices is not None:
        _require_scattered(data, indices, params.shape)
    return {"out": params.shape}


@backward_gather_nd.dtype
@scatter_nd.dtype
def _(params, data=None, out=None):
    return {"data": out, "out": data}


@op("_scatter_set_nd", "_npi_scatter_set_nd")
def scatter_set_nd(lhs: Tensor, rhs: Tensor, indices: Tensor, *, shape: tuple[int, ...]) -> Tensor:
    """`lhs`, of shape `shape`, with the elements (or slices) of `rhs` at `indices`, which are as in `gather_nd`.

    MXNet operator `_scatter_set_nd`.

    >>> mx.nd._internal._scatter_set_nd(mx.nd.zeros(3), mx.nd.array([5]), mx.nd.array([[1]]),
    ...                                 shape=(3,)).asnumpy().tolist()
    [0.0, 5.0, 0.0]
    """
    return lhs.index_put(indices.long().unbind(0), rhs)


@scatter_set_nd.shape
def _(params, rhs=None, indices=None):
    if rhs is not None and indices is not None:
        _require_scattered(rhs, indices, params.shape)
    return {"lhs": params.shape, "out": params.shape}


@scatter_set_nd.dtype
def _(params, lhs=None, rhs=None, out=None):
    kind = lhs or rhs or out
    return {"lhs": kind, "rhs": kind, "out": kind}


# ---------------------------------------------------------------------------------------------- flat indices

@op("_ravel_multi_index", "ravel_multi_index")
def ravel_multi_index(data: Tensor, *, shape: tuple[int, ...] | None = None) -> Tensor:
    """Flat indices into an array of `shape`: column j of `data` (ndim, n) holds the index along each axis.

    The first size of `shape` does not matter and may be -1. The result has the dtype of `data`, which must be able to
    hold it: float32 is exact up to 2**24. MXNet operator `_ravel_multi_index`.

    >>> mx.nd.ravel_multi_index(mx.nd.array([[3, 6], [4, 5]]), shape=(7, 6)).asnumpy().tolist()
    [22.0, 41.0]
    """
    sizes = _require_sizes(shape)
    if data.ndim != 2 or data.shape[0] != len(sizes):
        raise OperatorError(f"data {show(data.shape)} must have one row for each axis of shape={sizes}")
    strides = [1]
    for size in sizes[:0:-1]:
        strides.append(strides[-1] * size)
    weights = torch.tensor(strides[::-1], device=data.device)
    return (data.long() * weights.unsqueeze(1)).sum(0).to(data.dtype)


def _require_sizes(shape):
    if not shape:
        raise OperatorError(f"shape={shape} must be the sizes of the array that is indexed")
    return shape


@ravel_multi_index.shape
def _(params, data=None, out=None):
    sizes = _require_sizes(params.shape)
    known = unify("data", data, (len(sizes), None if out is None else out[0]))
    return {"data": known, "out": (known[1],)}


@op("_unravel_index", "unravel_index")
def unravel_index(data: Tensor, *, shape: tuple[int, ...] | None = None) -> Tensor:
    """The index along each axis of an array of `shape`, for each flat index in `data`: (ndim, ...).

    The first size of `shape` does not matter and may be -1. MXNet operator `_unravel_index`.

    >>> mx.nd.unravel_index(mx.nd.array([22, 41]), shape=(7, 6)).asnumpy().tolist()
    [[3.0, 6.0], [4.0, 5.0]]
    """
    rest, parts = data.long(), []
    for size in _require_sizes(shape)[:0:-1]:
        parts.append(rest.fmod(size))
        rest = rest.div(size, rounding_mode="trunc")
    return torch.stack([rest, *parts[::-1]]).to(data.dtype)


@unravel_index.shape
def _(params, data=None, out=None):
    sizes = _require_sizes(params.shape)
    claims = {"out": None if data is None else (len(sizes), *data)}
    if out is not None:
        claims["data"] = out[1:]
    return claims
