# SPDX-License-Identifier: Apache-2.0
"""Operators that sort, rank and count.

MXNet leaves the order of equal values open. Here `sort` and `argsort` keep the order of their places. `topk`, which is
many times faster for it, promises the first of equals for k = 1 only, and their order along short axes; MXNet's does
that, too. NaN counts as larger than every number.
"""
from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from .axes import axis_index
from .infer import complete, prod, show
from .params import Params
from .registry import OperatorError, op

_SHORT = 16         # MXNet sorts so few elements by insertion


def _along(data: Tensor, axis: int | None) -> tuple[Tensor, int]:
    """The array and axis to work on: flattened when no axis is given."""
    return (data.reshape(-1), 0) if axis is None else (data, axis_index(axis, data.ndim))


def _sorted_shape(shape, axis):
    if axis is not None:
        axis_index(axis, len(shape))
        return shape
    return (prod(shape),)


@op("sort", "_npi_sort", outputs=("output0",))
def sort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True) -> Tensor:
    """The elements in ascending (or descending) order along `axis`, or of the flattened array for `axis=None`.

    MXNet operator `sort`.

    >>> mx.nd.sort(mx.nd.array([3, 1, 2]), is_ascend=False).asnumpy().tolist()
    [3.0, 2.0, 1.0]
    """
    values, at = _along(data, axis)
    return values.sort(dim=at, descending=not is_ascend, stable=True).values


@op("argsort", "_npi_argsort")
def argsort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True,
            dtype: torch.dtype = torch.float32) -> Tensor:
    """The indices, as `dtype`, that sort along `axis`, or the flattened array for `axis=None`.

    MXNet operator `argsort`.

    >>> mx.nd.argsort(mx.nd.array([3, 1, 2])).asnumpy().tolist()
    [1.0, 2.0, 0.0]
    """
    values, at = _along(data, axis)
    return values.argsort(dim=at, descending=not is_ascend, stable=True).to(dtype)


@sort.shape
@argsort.shape
def _(params, data, out=None):
    known = data if params.axis is None or out is None or len(out) != len(data) else out
    return {"out": _sorted_shape(data, params.axis), "data": known}


@argsort.dtype
def _(params):
    return {"out": params.dtype}


# ---------------------------------------------------------------------------------------------- the first k

_NAMES: dict[str, tuple[str, ...]] = {"value": ("output0",), "indices": ("output",), "mask": ("output",),
                                      "both": ("output0", "output1")}


@op("topk", "_npx_topk", outputs=lambda p: _NAMES[p.ret_typ])
def topk(data: Tensor, *, axis: int | None = -1, k: int = 1,
         ret_typ: Literal["value", "indices", "mask", "both"] = "indices", is_ascend: bool = False,
         dtype: torch.dtype = torch.float32) -> Any:
    """The k largest (smallest with `is_ascend`) elements along `axis`, in order; all of them for k < 1.

    `ret_typ` says what comes: the values, their indices as `dtype`, a mask in the shape of `data` that is 1 at these
    elements and 0 elsewhere, or both of values and indices. `axis=None` looks at the flattened array. Only values
    have a gradient. MXNet operator `topk`.

    >>> mx.nd.topk(mx.nd.array([3, 1, 2]), k=2).asnumpy().tolist()
    [0.0, 2.0]
    """
    source, at = _along(data, axis)
    values, indices = _first(source, _checked_k(k, source.shape[at]), at, not is_ascend)
    if ret_typ == "mask":
        return torch.zeros_like(source).scatter_(at, indices, 1).reshape(data.shape)
    if ret_typ == "value":
        return values
    return (values, indices.to(dtype)) if ret_typ == "both" else indices.to(dtype)


def _first(source: Tensor, k: int, axis: int, largest: bool) -> tuple[Tensor, Tensor]:
    """Values and indices of the first k. One of equals is the first; along short axes all keep their order, too."""
    if source.shape[axis] <= _SHORT:
        values, indices = source.sort(dim=axis, descending=largest, stable=True)
        return values.narrow(axis, 0, k).contiguous(), indices.narrow(axis, 0, k).contiguous()
    if k > 1:
        return torch.topk(source, k, axis, largest)
    if largest:
        return source.max(axis, keepdim=True)
    known = source.nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf) if source.is_floating_point() \
        else source
    indices = known.argmin(axis, keepdim=True)
    return source.gather(axis, indices), indices


def _checked_k(k: int, size: int) -> int:
    if k > size:
        raise OperatorError(f"k={k} is more than the {size} elements along the axis")
    return k if k > 0 else size


@topk.shape
def _(params, data):
    shape, axis = ((prod(data),), 0) if params.axis is None else (data, axis_index(params.axis, len(data)))
    size = shape[axis]
    if size is None:
        return {}
    chosen = (*shape[:axis], _checked_k(params.k, size), *shape[axis + 1:])
    return {"out": data if params.ret_typ == "mask" else [chosen, chosen] if params.ret_typ == "both" else chosen}


@topk.dtype
def _(params, data=None, out=None):
    if params.ret_typ == "indices":
        return {"out": params.dtype}
    if params.ret_typ == "both":
        return {"data": out[0], "out": [data, params.dtype]}
    return {"data": out, "out": data}


# ---------------------------------------------------------------------------------------------- counting

@op("_histogram", "_npi_histogram", outputs=("output0", "output1"), when={"bins": lambda p: p.bin_cnt is None})
def histogram(data: Tensor, bins: Tensor | None = None, *, bin_cnt: int | None = None,
              range: tuple[float, ...] | None = None) -> tuple[Tensor, Tensor]:
    """How many elements of `data` lie in each bin (int64), and the edges of the bins.

    The edges are given by `bins`, ascending, or are those of `bin_cnt` equal bins over `range`, a pair of numbers that
    is widened by 0.5 to both sides where they are equal. A bin contains its left edge, the last one also its right
    edge. MXNet operator `_histogram`; `mx.nd.histogram` is the function to call.

    >>> count, edges = mx.nd._internal._histogram(mx.nd.array([0, 1, 1, 3]), bin_cnt=3, range=(0, 3))
    >>> count.asnumpy().tolist(), edges.asnumpy().tolist()
    ([1, 2, 1], [0.0, 1.0, 2.0, 3.0])
    """
    values = data.reshape(-1)
    if bins is None:
        _require_bins(bin_cnt, range)       # type: ignore[arg-type]
        low, high = range if range[0] != range[1] else (range[0] - 0.5, range[1] + 0.5)     # type: ignore[index,misc]
        edges = _equal_edges(data, bin_cnt, low, high)
        places = _equal_places(values, edges, low, high)
    else:
        edges = bins.clone(memory_format=torch.contiguous_format)
        places = torch.searchsorted(edges, _between(values, edges[0], edges[-1]), right=True) - 1
    last = edges.shape[0] - 2
    return _count(places.clamp_(0, last), last + 1), edges


def _between(values, low, high):
    return values[(values >= low) & (values <= high)] if not values.is_meta else values


def _equal_places(values, edges, low, high):
    """By division, and then to a neighbouring bin where the edges, which are cut to the dtype of the data, say so: in
    bins of a broken width, integers lie as they do in MXNet."""
    values = _between(values.double(), low, high)
    count = edges.shape[0] - 1
    places = ((values - low) * count / (high - low)).long().clamp_(max=count - 1)
    below = values < edges[places]
    above = (values >= edges[places + 1]) & ~below
    return places - below.long() + above.long()


def _equal_edges(data, count, low, high):
    """Computed in float64 and cut to the dtype of `data`, as MXNet does."""
    steps = torch.arange(count + 1, dtype=torch.float64, device=data.device)
    return ((low * (count - steps) + high * steps) / count).to(data.dtype)


def _count(places, size):
    return torch.zeros(size, dtype=torch.int64, device=places.device).index_add_(0, places, torch.ones_like(places))


def _require_bins(count: int, limits: tuple[float, ...] | None) -> None:
    if limits is None or len(limits) != 2 or limits[0] > limits[1] or count < 1:
        raise OperatorError(f"bin_cnt={count} must be positive, and range={limits} two ascending numbers")


def _bins_of(params: Params, bins: Any) -> Any:
    if params.bin_cnt is not None:
        _require_bins(params.bin_cnt, params.range)
        return (params.bin_cnt + 1,)
    if params.range is not None:
        raise OperatorError(f"range={params.range} is for use with bin_cnt")
    if bins is not None and (len(bins) != 1 or (complete(bins) and bins[0] < 2)):
        raise OperatorError(f"bins {show(bins)} must be at least two edges")
    return bins


@histogram.shape
def _(params, bins=None, out=None):
    edges = _bins_of(params, bins if bins is not None else out[1])
    count = edges and (None if edges[0] is None else edges[0] - 1,)
    return {"bins": edges, "out": [count, edges]}


@histogram.dtype
def _(params, data=None, bins=None, out=None):
    kind = data or bins or out[1]
    return {"data": kind, "bins": kind, "out": [torch.int64, kind]}
