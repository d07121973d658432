# SPDX-License-Identifier: Apache-2.0
"""PSROIPooling: averages over the cells of regions, where each cell reads channels of its own.

All channels of a cell read the same pixels of the same channel group. With the channels of a group innermost a cell is
a bag of rows, and `embedding_bag` averages them, however many each cell has, and knows the gradient.
"""
from __future__ import annotations

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..params import Params, Range
from ..registry import OperatorError, op
from ._regions import region_shapes
from .roi_pooling import _round

Count = Annotated[int, Range(1)]


@op("_contrib_PSROIPooling")
def psroi_pooling(data: Tensor, rois: Tensor, *, spatial_scale: Annotated[float, Range(0, 1)], output_dim: Count,
                  pooled_size: Count, group_size: Annotated[int, Range(0)] = 0) -> Tensor:
    """Position-sensitive average pooling of regions.

    Parameters
    ----------
    data : score maps, (batch, output_dim * group_size**2, height, width), floating
    rois : regions, (regions, 5): number of the image in the batch, left, top, right, bottom, in pixels of the image
    spatial_scale : size of the map divided by that of the image
    output_dim : channels of the result
    pooled_size : rows and columns of the grid that each region is divided into
    group_size : rows and columns of the groups of channels, default (0) `pooled_size`

    The output is (regions, output_dim, pooled_size, pooled_size); cells without a pixel are 0. Gradient for `data`,
    none for `rois`. Formula: Dai et al., "R-FCN" (2016). Source: MXNet operator `_contrib_PSROIPooling`.

    >>> import mxnet as mx
    >>> x, roi = mx.nd.arange(16).reshape((1, 4, 2, 2)), mx.nd.array([[0, 0, 0, 1, 1]])
    >>> mx.nd.contrib.PSROIPooling(x, roi, spatial_scale=1.0, output_dim=1, pooled_size=2).asnumpy().ravel().tolist()
    [0.0, 5.0, 10.0, 15.0]
    """
    shape = grouped_shape(data.shape, rois.shape, output_dim, pooled_size, group_size or pooled_size)
    if data.is_meta or not data.numel() or not rois.shape[0]:
        return data.new_zeros(shape)
    group_size = group_size or pooled_size
    rows = grouped_pixels(data, output_dim, group_size)
    with torch.no_grad():
        pixels, starts = _pixels_of_cells(rois, data.shape[2:], spatial_scale, pooled_size, group_size)
    out = F.embedding_bag(pixels, rows, starts, mode="mean")
    return out.view(-1, pooled_size, pooled_size, output_dim).permute(0, 3, 1, 2).contiguous()


@psroi_pooling.shape
def _(params: Params, data, rois):
    return {"out": grouped_shape(data, rois, params.output_dim, params.pooled_size,
                                 params.group_size or params.pooled_size)}


def grouped_shape(data: Any, rois: Any, output_dim: int, pooled_size: int, group_size: int) -> tuple[Any, ...]:
    """The output's shape. Raises OperatorError when there are too few channels for so many groups."""
    regions, channels, *grid = region_shapes(data, rois, (pooled_size, pooled_size))
    needed = output_dim * group_size ** 2
    if channels is not None and channels < needed:
        raise OperatorError(f"data has {channels} channels, but output_dim={output_dim} and group_size={group_size} "
                            f"need {needed}")
    return regions, output_dim, *grid


def grouped_pixels(data: Tensor, output_dim: int, group_size: int, classes: int = 1) -> Tensor:
    """Rows (batch * classes * group_size**2 * height * width, channels of a class), one for each pixel of each group.
    """
    groups = group_size ** 2
    apart = data[:, :output_dim * groups].unflatten(1, (classes, output_dim // classes, groups))
    return apart.permute(0, 1, 3, 4, 5, 2).contiguous().view(-1, output_dim // classes)


def group_of(pooled_size: int, group_size: int, device: torch.device) -> Tensor:
    """The channel group that each cell reads, (pooled_size, pooled_size)."""
    group = torch.arange(pooled_size, device=device) * group_size // pooled_size
    return group.unsqueeze(1) * group_size + group


def _pixels_of_cells(rois: Tensor, size: Any, scale: float, pooled_size: int,
                     group_size: int) -> tuple[Tensor, Tensor]:
    """The pixels (rows of `grouped_pixels`) of all cells, cell after cell, and where each cell's begin."""
    height, width = size
    top, bottom = _edges(rois[:, 2], rois[:, 4], scale, pooled_size, height)
    left, right = _edges(rois[:, 1], rois[:, 3], scale, pooled_size, width)
    high, wide = (bottom - top).clamp(min=0).unsqueeze(2), (right - left).clamp(min=0).unsqueeze(1)
    count = (high * wide).flatten()
    plane = rois[:, 0].long().view(-1, 1, 1) * group_size ** 2 + group_of(pooled_size, group_size, rois.device)
    first = ((plane * height + top.unsqueeze(2)) * width + left.unsqueeze(1)).flatten()
    starts = count.cumsum(0) - count
    cell = torch.repeat_interleave(count)
    number = torch.arange(len(cell), device=rois.device) - starts[cell]
    columns = wide.expand(-1, pooled_size, -1).flatten()[cell]
    row = torch.div(number, columns, rounding_mode="floor")
    return first[cell] + row * (width - columns) + number, starts


def _edges(first: Tensor, last: Tensor, scale: float, cells: int, size: int) -> tuple[Tensor, Tensor]:
    """Where each cell of each region begins and ends along one axis, cut to the map: two arrays (regions, cells)."""
    begin, end = _round(first) * scale, (_round(last) + 1) * scale
    width = ((end - begin).clamp(min=0.1) / cells).unsqueeze(1)
    number = torch.arange(cells, device=first.device, dtype=width.dtype)
    begin = begin.unsqueeze(1)
    return (number * width + begin).floor().clamp(0, size).long(), \
        ((number + 1) * width + begin).ceil().clamp(0, size).long()
