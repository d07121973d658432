# SPDX-License-Identifier: Apache-2.0
"""Operators that move or repeat elements: transposition, flipping, blocks, diagonals, tiling, padding."""
from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .axes import axes_index, axis_index, require_image, scaled
from .infer import complete, prod, show, unify
from .params import Range
from .registry import OperatorError, op

# ---------------------------------------------------------------------------------------------- axes

@op("transpose", alias=True)
def transpose(data: Tensor, *, axes: tuple[int, ...] = ()) -> Tensor:
    """The axes in another order: axis i of the result is axis `axes[i]` of `data`; reversed when none are given.

    MXNet operator `transpose`.

    >>> mx.nd.transpose(mx.nd.zeros((2, 3, 4)), axes=(1, 0, 2)).shape
    (3, 2, 4)
    """
    return data.permute(axes or tuple(range(data.ndim - 1, -1, -1)))


@transpose.shape
def _(params, data=None, out=None):
    rank = next((len(shape) for shape in (data, out) if shape is not None), None)
    if rank is None:
        return {}
    axes = axes_index(params.axes, rank, "axes") or tuple(range(rank - 1, -1, -1))
    if len(axes) != rank:
        raise OperatorError(f"axes={params.axes} must name each of the {rank} axes once")
    claims = {}
    if data is not None:
        claims["out"] = tuple([data[axis] for axis in axes])
    if out is not None:
        claims["data"] = tuple([out[axes.index(axis)] for axis in range(rank)])
    return claims


@op("SwapAxis", "swapaxes", "_npi_swapaxes", alias=True)
def swap_axis(data: Tensor, *, dim1: int = 0, dim2: int = 0) -> Tensor:
    """Axes `dim1` and `dim2` exchanged. MXNet operator `SwapAxis`.

    >>> mx.nd.swapaxes(mx.nd.zeros((2, 3, 4)), dim1=0, dim2=2).shape
    (4, 3, 2)
    """
    return data.transpose(dim1, dim2)


@swap_axis.shape
def _(params, data=None, out=None):
    return {"out": _swapped(params, data), "data": _swapped(params, out)}


def _swapped(params, shape):
    if shape is None:
        return None
    first, second = (axis_index(getattr(params, name), len(shape), name) for name in ("dim1", "dim2"))
    swapped = list(shape)
    swapped[first], swapped[second] = shape[second], shape[first]
    return tuple(swapped)


@op("reverse", "flip")
def reverse(data: Tensor, *, axis: tuple[int, ...]) -> Tensor:
    """The elements in reverse order along `axis` (an integer or a tuple). MXNet operator `reverse`.

    An axis that is named twice is reversed twice.

    >>> mx.nd.flip(mx.nd.array([[1, 2], [3, 4]]), axis=1).asnumpy().tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    if len(axis) > 1:
        count = Counter([axis_index(item, data.ndim) for item in axis])
        axis = tuple([item for item, times in count.items() if times % 2])
    return data.flip(axis)


@reverse.shape
def _(params, data=None, out=None):
    whole = unify("output", out, data)
    if whole is not None:
        for axis in params.axis:
            axis_index(axis, len(whole))
    return {"data": whole, "out": whole}


# ---------------------------------------------------------------------------------------------- blocks

@op("depth_to_space", alias=True)
def depth_to_space(data: Tensor, *, block_size: Annotated[int, Range(1)]) -> Tensor:
    """Channels moved into blocks of pixels: (n, c * b * b, h, w) becomes (n, c, h * b, w * b), b = `block_size`.

    The block's row varies slowest among the channels, its column next. MXNet operator `depth_to_space`.

    >>> mx.nd.depth_to_space(mx.nd.zeros((1, 8, 2, 3)), block_size=2).shape
    (1, 2, 4, 6)
    """
    n, c, h, w = _depth_to_space_shape(data.shape, block_size)
    blocks = data.reshape(n, block_size, block_size, c, h // block_size, w // block_size)
    return blocks.permute(0, 3, 4, 1, 5, 2).reshape(n, c, h, w)


def _depth_to_space_shape(shape, block):
    require_image(shape)
    n, c, h, w = shape
    if c is not None and c % (block * block):
        raise OperatorError(f"data {show(shape)}: {c} channels do not divide by block_size * block_size = {block**2}")
    return n, scaled(c, 1, block * block), scaled(h, block), scaled(w, block)


@depth_to_space.shape
def _(params, data=None, out=None):
    claims = {}
    if data is not None:
        claims["out"] = _depth_to_space_shape(data, params.block_size)
    if out is not None:
        claims["data"] = _space_to_depth_shape(out, params.block_size)
    return claims


@op("space_to_depth", alias=True)
def space_to_depth(data: Tensor, *, block_size: Annotated[int, Range(1)]) -> Tensor:
    """Blocks of pixels moved into channels: (n, c, h * b, w * b) becomes (n, c * b * b, h, w); see `depth_to_space`.

    MXNet operator `space_to_depth`.

    >>> mx.nd.space_to_depth(mx.nd.zeros((1, 2, 4, 6)), block_size=2).shape
    (1, 8, 2, 3)
    """
    n, c, h, w = _space_to_depth_shape(data.shape, block_size)
    blocks = data.reshape(n, data.shape[1], h, block_size, w, block_size)
    return blocks.permute(0, 3, 5, 1, 2, 4).reshape(n, c, h, w)


def _space_to_depth_shape(shape, block):
    require_image(shape)
    n, c, h, w = shape
    if any(size is not None and size % block for size in (h, w)):
        raise OperatorError(f"data {show(shape)}: height and width do not divide by block_size={block}")
    return n, scaled(c, block * block), scaled(h, 1, block), scaled(w, 1, block)


@space_to_depth.shape
def _(params, data=None, out=None):
    claims = {}
    if data is not None:
        claims["out"] = _space_to_depth_shape(data, params.block_size)
    if out is not None:
        claims["data"] = _depth_to_space_shape(out, params.block_size)
    return claims


# ---------------------------------------------------------------------------------------------- diagonals

@op("diag")
def diag(data: Tensor, *, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The k-th diagonal of `data`, or from an array with one axis the matrix that has it as its k-th diagonal.

    The diagonal runs over `axis1` and `axis2`, which the result has no more; it becomes the last axis. Diagonals above
    the main one have k > 0. Raises an error when there is no such diagonal. MXNet operator `diag`.

    >>> mx.nd.diag(mx.nd.array([[1, 2, 3], [4, 5, 6]]), k=1).asnumpy().tolist()
    [2.0, 6.0]
    """
    if data.ndim == 1:
        return torch.diag_embed(data, k)
    _diagonal_shape(data.shape, k, axis1, axis2)
    return data.diagonal(k, axis1, axis2).clone(memory_format=torch.contiguous_format)


def _diagonal_shape(shape, k, axis1, axis2):
    if len(shape) == 1:
        return (_plus(shape[0], abs(k)),) * 2
    first, second = axes_index((axis1, axis2), len(shape), "axis1, axis2")
    rows, columns = _plus(shape[first], min(k, 0)), _plus(shape[second], -max(k, 0))
    if any(size is not None and size < 0 for size in (rows, columns)):
        raise OperatorError(f"data {show(shape)} has no diagonal k={k} over the axes {axis1} and {axis2}")
    rest = [size for axis, size in enumerate(shape) if axis not in (first, second)]
    return (*rest, None if None in (rows, columns) else min(rows, columns))


def _plus(size, more):
    return None if size is None else size + more


@diag.shape
def _(params, data):
    return {"out": _diagonal_shape(data, params.k, params.axis1, params.axis2)}


# ---------------------------------------------------------------------------------------------- repetition

@op("repeat", "_np_repeat")
def repeat(data: Tensor, *, repeats: Annotated[int, Range(0)], axis: int | None = None) -> Tensor:
    """Each element `repeats` times in a row along `axis`, or in the flattened array when no axis is given.

    MXNet operator `repeat`.

    >>> mx.nd.repeat(mx.nd.array([[1, 2], [3, 4]]), repeats=2, axis=1).asnumpy().tolist()
    [[1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]]
    """
    return torch.repeat_interleave(data, repeats, axis)


@repeat.shape
def _(params, data, out=None):
    if params.axis is None:
        return {"out": (scaled(prod(data), params.repeats),)}
    axis = axis_index(params.axis, len(data))
    claims = {"out": (*data[:axis], scaled(data[axis], params.repeats), *data[axis + 1:])}
    if out is not None and len(out) == len(data) and params.repeats:
        claims["data"] = (*out[:axis], scaled(out[axis], 1, params.repeats), *out[axis + 1:])
    return claims


@op("tile", "_npi_tile")
def tile(data: Tensor, *, reps: tuple[int, ...]) -> Tensor:
    """The whole array `reps[i]` times along axis i; the shorter of shape and `reps` is filled up with ones in front.

    MXNet operator `tile`.

    >>> mx.nd.tile(mx.nd.array([1, 2]), reps=(2, 2)).asnumpy().tolist()
    [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    _require_counts(reps)
    return torch.tile(data, reps)


def _require_counts(reps: tuple[int, ...]) -> None:
    if reps and min(reps) < 0:
        raise OperatorError(f"reps={reps} must not be negative")


@tile.shape
def _(params, data):
    _require_counts(params.reps)
    reps = (1,) * (len(data) - len(params.reps)) + params.reps
    sizes = (1,) * (len(reps) - len(data)) + tuple(data)
    return {"out": tuple([scaled(size, times) for size, times in zip(sizes, reps)])}


# ---------------------------------------------------------------------------------------------- padding

_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


@op("Pad", "pad")
def pad(data: Tensor, *, mode: Literal["constant", "edge", "reflect"], pad_width: tuple[int, ...],
        constant_value: float = 0.0) -> Tensor:
    """Wider along the spatial axes: `pad_width` holds (before, after) for each axis, zeros for the first two.

    `data` is (batch, channel, height, width) or (batch, channel, depth, height, width). The new elements are
    `constant_value` (`"constant"`), the nearest element of `data` (`"edge"`), or `data` mirrored at its outermost
    elements (`"reflect"`, by less than the axis' size). MXNet operator `Pad`.

    >>> mx.nd.pad(mx.nd.array([[[[1, 2]]]]), mode="edge", pad_width=(0, 0, 0, 0, 0, 0, 1, 2)).asnumpy().tolist()
    [[[[1.0, 1.0, 2.0, 2.0, 2.0]]]]
    """
    _padded_shape(data.shape, mode, pad_width)
    pairs = [pad_width[i + j] for i in range(len(pad_width) - 2, 2, -2) for j in (0, 1)]      # the last axis first
    return F.pad(data, pairs, _MODES[mode], constant_value if mode == "constant" else None)


def _padded_shape(shape, mode, widths):
    if len(shape) not in (4, 5) or len(widths) != 2 * len(shape):
        raise OperatorError(f"data {show(shape)} must have 4 or 5 axes, and pad_width={widths} two numbers for each")
    if any(widths[:4]):
        raise OperatorError(f"pad_width={widths} must be zero for the first two axes (batch and channel)")
    before, after = widths[::2], widths[1::2]
    if mode == "reflect" and any(size is not None and max(b, a) >= size > 0 and (b or a)
                                 for size, b, a in zip(shape, before, after)):
        raise OperatorError(f"reflect: pad_width={widths} must be smaller than the sizes of data {show(shape)}")
    return tuple([_plus(size, b + a) for size, b, a in zip(shape, before, after)])


@pad.shape
def _(params, data, out=None):
    claims = {"out": _padded_shape(data, params.mode, params.pad_width)}
    if out is not None and complete(out):
        sums = [b + a for b, a in zip(params.pad_width[::2], params.pad_width[1::2])]
        claims["data"] = unify("data", data, tuple([size - more for size, more in zip(out, sums)]))
    return claims
