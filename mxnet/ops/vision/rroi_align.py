# SPDX-License-Identifier: Apache-2.0
"""RROIAlign: rotated regions of a feature map, sampled at exact places and averaged over the cells of a grid.

As in roi_align.py, each cell is a bag of weighted pixels, and `embedding_bag` adds them up.
"""
from __future__ import annotations

import math
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..params import Params, Range
from ..registry import OperatorError, op
from ._regions import region_shapes
from .roi_align import between


@op("_contrib_RROIAlign")
def rroi_align(data: Tensor, rois: Tensor, *, pooled_size: Annotated[tuple[int, ...], Range(1)],
               spatial_scale: Annotated[float, Range(0, 1)], sampling_ratio: int = -1) -> Tensor:
    """Average of bilinear samples in each cell of a grid laid over rotated regions of a feature map.

    Parameters
    ----------
    data : feature maps, (batch, channels, height, width), floating
    rois : regions, (regions, 6): number of the image in the batch, centre x, centre y, width, height in pixels of the
        image, and an angle in degrees, counter-clockwise
    pooled_size : (rows, columns) of the grid
    spatial_scale : size of the feature map divided by that of the image
    sampling_ratio : samples in each cell, along each axis; not positive: as many as the cell has pixels, rounded up

    The output is (regions, channels, rows, columns); regions have at least one pixel, samples more than a pixel
    outside of the map are 0. Gradient for `data`, none for `rois`. Formula: Ma et al., "Arbitrary-Oriented Scene Text
    Detection via Rotation Proposals" (2018). Source: MXNet operator `_contrib_RROIAlign`.

    >>> import mxnet as mx
    >>> x, roi = mx.nd.arange(16).reshape((1, 1, 4, 4)), mx.nd.array([[0, 1.5, 1.5, 2, 2, 90]])
    >>> mx.nd.contrib.RROIAlign(x, roi, pooled_size=(1, 2), spatial_scale=1.0, sampling_ratio=1).shape
    (1, 1, 1, 2)
    """
    shape = _shape(data.shape, rois.shape, pooled_size)
    if data.is_meta or not data.numel() or not rois.shape[0]:
        return data.new_zeros(shape)
    channels, height, width = data.shape[1:]
    pixels = data.permute(0, 2, 3, 1).reshape(-1, channels)
    with torch.no_grad():
        places, weights, starts = _taps(rois, (height, width), pooled_size, spatial_scale, sampling_ratio)
    out = F.embedding_bag(places, pixels, starts, mode="sum", per_sample_weights=weights)
    return out.view(shape[0], *shape[2:], channels).permute(0, 3, 1, 2).contiguous()


def _shape(data: Any, rois: Any, pooled_size: tuple[int, ...]) -> tuple[Any, ...]:
    if len(rois) != 2 or rois[1] not in (6, None):
        raise OperatorError(f"rois is {show(rois)}, but needs to be (regions, 6): image, centre x, centre y, width, "
                            f"height, angle")
    return region_shapes(data, (rois[0], 5), pooled_size)


@rroi_align.shape
def _(params: Params, data, rois):
    return {"out": _shape(data, rois, params.pooled_size)}


def _taps(rois: Tensor, size: tuple[int, int], pooled_size: tuple[int, ...], scale: float,
          ratio: int) -> tuple[Tensor, Tensor, Tensor]:
    """All pixels of all cells, cell after cell, their weights, and where each cell's begin."""
    rows, columns = pooled_size
    x, y, wide, high = (rois[:, 1:5] * scale).unbind(1)
    wide, high = wide.clamp(min=1.0), high.clamp(min=1.0)
    down, across = ((torch.full_like(x, ratio) if ratio > 0 else (size_ / cells).ceil()).long()
                    for size_, cells in ((high, rows), (wide, columns)))
    count = (down * across * 4).repeat_interleave(rows * columns)
    cell = torch.arange(len(count), device=rois.device).repeat_interleave(count)
    starts = count.cumsum(0) - count
    number = torch.arange(len(cell), device=rois.device) - starts[cell]
    region = cell // (rows * columns)
    sample, corner = number >> 2, number & 3
    grid_row, grid_column = sample // across[region], sample % across[region]
    along_y = _along(high, down, rows, region, cell // columns % rows, grid_row)
    along_x = _along(wide, across, columns, region, cell % columns, grid_column)
    angle = rois[:, 5] * (math.pi / 180)
    cos, sin = angle.cos()[region], angle.sin()[region]
    row, row_weight = _neighbour(along_y * cos - along_x * sin + y[region], size[0], corner >> 1)
    column, column_weight = _neighbour(along_x * cos + along_y * sin + x[region], size[1], corner & 1)
    pixel = (rois[:, 0].long()[region] * size[0] + row) * size[1] + column
    share = 1 / (down * across).to(rois.dtype)
    return pixel, row_weight * column_weight * share[region], starts


def _neighbour(at: Tensor, size: int, upper: Tensor) -> tuple[Tensor, Tensor]:
    """The lower or upper neighbour of each coordinate, and its weight."""
    lower, share, inside = between(at, size)
    return (lower + upper).clamp(max=size - 1), torch.where(upper.bool(), share, 1 - share) * inside


def _along(size: Tensor, samples: Tensor, cells: int, region: Tensor, cell: Tensor, sample: Tensor) -> Tensor:
    """How far each sample is from the centre of its region, along one of the region's own axes."""
    step = size / cells
    return cell * step[region] - (size / 2)[region] + (sample + 0.5) * step[region] / samples[region]
