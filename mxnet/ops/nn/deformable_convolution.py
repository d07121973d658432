# SPDX-License-Identifier: Apache-2.0
"""Deformable convolutions, of both versions: the window's points move by learned offsets.

All points of all windows are sampled by one call of torch's grid sampler, then one matrix product does the rest. The
image is padded to sides of 2 ** m + 1 pixels: there the sampler's normalized coordinates are exact, and an offset of 0
meets a pixel and not its neighbourhood, on which the gradient of the offset depends.
"""
from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..params import Range
from ..registry import OperatorError, op
from ._window import Window, check_rank, window

Layout = Literal["NCW", "NCHW", "NCDHW"]


@op("_contrib_DeformableConvolution", when={"bias": lambda p: not p.no_bias})
def deformable_convolution(data: Tensor, offset: Tensor, weight: Tensor, bias: Tensor | None = None, *,
                           kernel: tuple[int, ...], stride: tuple[int, ...] = (), dilate: tuple[int, ...] = (),
                           pad: tuple[int, ...] = (), num_filter: Annotated[int, Range(1)],
                           num_group: Annotated[int, Range(1)] = 1,
                           num_deformable_group: Annotated[int, Range(1)] = 1, workspace: int = 1024,
                           no_bias: bool = False, layout: Layout | None = None) -> Tensor:
    """Convolution whose window has each of its points moved by an offset; between pixels it interpolates.

    `data` is (batch, channels, height, width), `offset` (batch, 2 * num_deformable_group * kernel height * kernel
    width, out_height, out_width) with the shift in y before that in x for each point, in pixels; `weight` is
    (num_filter, channels / num_group, *kernel), `bias` (num_filter,), and the output (batch, num_filter, out_height,
    out_width) with the sizes of an ordinary convolution. A point outside of the image gives 0; between the last pixel
    and the edge of the image it takes the value of the last pixel.

    Parameters
    ----------
    kernel, stride, dilate, pad, num_filter, num_group, no_bias : as in Convolution, for two spatial axes
    num_deformable_group : the channels are split into that many groups, each with offsets of its own
    workspace : accepted and without effect

    Source: Dai et al., "Deformable Convolutional Networks", ICCV 2017.

    >>> import mxnet as mx
    >>> x, still, w = mx.nd.ones((1, 1, 3, 3)), mx.nd.zeros((1, 8, 2, 2)), mx.nd.ones((1, 1, 2, 2))
    >>> how = {"kernel": (2, 2), "num_filter": 1, "no_bias": True}
    >>> mx.nd.contrib.DeformableConvolution(x, still, w, **how).asnumpy().ravel().tolist()
    [4.0, 4.0, 4.0, 4.0]
    """
    moves = _moves(kernel, stride, dilate, pad, layout)
    y, x = _points(offset, kernel, moves, num_deformable_group)
    height, width = data.shape[2:]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    y, x = (torch.where(at < last, at, last) for at, last in ((y, height - 1), (x, width - 1)))   # no gradient there
    columns = _sample(data, y, x, inside.to(data.dtype))
    return _multiply(columns, weight, bias, num_group, offset.shape[2:])


@op("_contrib_ModulatedDeformableConvolution", when={"bias": lambda p: not p.no_bias})
def modulated_deformable_convolution(
        data: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor | None = None, *,
        kernel: tuple[int, ...], stride: tuple[int, ...] = (), dilate: tuple[int, ...] = (), pad: tuple[int, ...] = (),
        num_filter: Annotated[int, Range(1)], num_group: Annotated[int, Range(1)] = 1,
        num_deformable_group: Annotated[int, Range(1)] = 1, workspace: int = 1024, no_bias: bool = False,
        im2col_step: int = 64, layout: Layout | None = None) -> Tensor:
    """Deformable convolution whose points have weights, too: see `DeformableConvolution`.

    `mask` is (batch, num_deformable_group * kernel height * kernel width, out_height, out_width), a factor for each
    point. Here a point outside of the image blends into zeros, within one pixel. `im2col_step` is accepted and without
    effect.

    Source: Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019.

    >>> import mxnet as mx
    >>> x, still, w = mx.nd.ones((1, 1, 3, 3)), mx.nd.zeros((1, 8, 2, 2)), mx.nd.ones((1, 1, 2, 2))
    >>> how = {"kernel": (2, 2), "num_filter": 1, "no_bias": True}
    >>> half = mx.nd.ones((1, 4, 2, 2)) / 2
    >>> mx.nd.contrib.ModulatedDeformableConvolution(x, still, half, w, **how).asnumpy().ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    moves = _moves(kernel, stride, dilate, pad, layout)
    y, x = _points(offset, kernel, moves, num_deformable_group)
    columns = _sample(data, y, x, mask.reshape(y.shape))
    return _multiply(columns, weight, bias, num_group, offset.shape[2:])


def _moves(kernel: tuple[int, ...], stride: tuple[int, ...], dilate: tuple[int, ...], pad: tuple[int, ...],
           layout: str | None) -> Window:
    if len(kernel) != 2:
        raise OperatorError(f"kernel is {kernel}, but deformable convolutions have two spatial axes")
    return window(kernel, stride, dilate, pad, layout)


def _points(offset: Tensor, kernel: tuple[int, ...], moves: Window, groups: int) -> tuple[Tensor, Tensor]:
    """Where the windows look: y and x in pixels, each (batch, groups, points of the kernel, out_height, out_width)."""
    rows, columns = kernel
    out = offset.shape[2:]

    def places(points: int, count: int, axis: int) -> Tensor:
        start = torch.arange(count, device=offset.device) * moves.stride[axis] - moves.pad[axis]
        return (start + torch.arange(points, device=offset.device).unsqueeze(1) * moves.dilate[axis]).to(offset.dtype)

    y = places(rows, out[0], 0).reshape(rows, 1, out[0], 1)
    x = places(columns, out[1], 1).reshape(1, columns, 1, out[1])
    shifts = offset.reshape(len(offset), groups, rows, columns, 2, *out)
    shape = (len(offset), groups, rows * columns, *out)
    return (shifts.select(4, 0) + y).reshape(shape), (shifts.select(4, 1) + x).reshape(shape)


def _sample(data: Tensor, y: Tensor, x: Tensor, factor: Tensor) -> Tensor:
    """The image at those points, times a factor: (batch, channels, points of the kernel, out_height * out_width)."""
    batch, channels, height, width = data.shape
    groups, points = y.shape[1:3]
    half_height, half_width = _half(height), _half(width)
    images = F.pad(data, (0, 2 * half_width + 1 - width, 0, 2 * half_height + 1 - height))
    grid = torch.stack([x / half_width - 1, y / half_height - 1], -1).reshape(batch * groups, points, -1, 2)
    images = images.reshape(batch * groups, channels // groups, *images.shape[2:])
    found = F.grid_sample(images, grid, "bilinear", "zeros", True) * factor.reshape(batch * groups, 1, points, -1)
    return found.reshape(batch, channels, points, -1)


def _half(size: int) -> int:
    """The least power of 2 whose double is `size - 1` at least."""
    return 1 << max(0, (size - 2).bit_length() - 1)


def _multiply(columns: Tensor, weight: Tensor, bias: Tensor | None, groups: int, out: torch.Size) -> Tensor:
    batch, filters = len(columns), len(weight)
    flat = columns.reshape(batch, groups, -1, columns.shape[-1])
    result = (weight.reshape(groups, filters // groups, -1) @ flat).reshape(batch, filters, *out)
    return result if bias is None else result + bias.reshape(-1, 1, 1)


def _shapes(params, data):
    kernel, groups, parts = params.kernel, params.num_group, params.num_deformable_group
    moves = _moves(kernel, params.stride, params.dilate, params.pad, params.layout)
    check_rank(data, kernel)
    batch, channels, *sizes = data
    for name, count in (("num_group", groups), ("num_deformable_group", parts)):
        if channels is not None and channels % count:
            raise OperatorError(f"{name} is {count}, which does not divide the {channels} channels of data")
    if params.num_filter % groups:
        raise OperatorError(f"num_group is {groups}, which does not divide num_filter {params.num_filter}")
    made = [None if size is None else (size + 2 * border - gap * (reach - 1) - 1) // step + 1
            for size, reach, step, gap, border in zip(sizes, kernel, *moves[:3])]
    if any(size is not None and size < 1 for size in made):
        raise OperatorError(f"the kernel {kernel} exceeds data {show(data)}")
    points = parts * kernel[0] * kernel[1]
    each = None if channels is None else channels // groups
    claims = {"offset": (batch, 2 * points, *made), "weight": (params.num_filter, each, *kernel),
              "bias": (params.num_filter,), "out": (batch, params.num_filter, *made)}
    return claims


@deformable_convolution.shape
def _(params, data):
    return _shapes(params, data)


@modulated_deformable_convolution.shape
def _(params, data):
    claims = _shapes(params, data)
    batch, points, *made = claims["offset"]
    return {**claims, "mask": (batch, points // 2, *made)}
