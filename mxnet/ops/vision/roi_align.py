# SPDX-License-Identifier: Apache-2.0
"""ROIAlign: regions of a feature map, sampled at exact places and averaged over the cells of a grid.

A cell of the output is a weighted sum of pixels, four around each sample. With the channels innermost that is a bag of
rows with weights, so `embedding_bag` adds them up, however many each cell has, and knows the gradient.
"""
from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..params import Params, Range
from ..registry import op
from ._regions import region_shapes


@op("_contrib_ROIAlign")
def roi_align(data: Tensor, rois: Tensor, *, pooled_size: Annotated[tuple[int, ...], Range(1)],
              spatial_scale: Annotated[float, Range(0, 1)], sample_ratio: int = -1, position_sensitive: bool = False,
              aligned: bool = False) -> Tensor:
    """Average of bilinear samples in each cell of a grid laid over regions of a feature map.

    Parameters
    ----------
    data : feature maps, (batch, channels, height, width), floating
    rois : regions, (regions, 5) in data's dtype: number of the image in the batch (a negative one gives zeros), left,
        top, right, bottom, in pixels of the image
    pooled_size : (rows, columns) of the grid
    spatial_scale : size of the feature map divided by that of the image
    sample_ratio : samples in each cell, along each axis; not positive: as many as the cell has pixels, rounded up
    position_sensitive : each cell reads channels of its own: output channel c of cell i is channel c * cells + i
    aligned : pixel centres lie at half coordinates, and regions may be smaller than a pixel; else regions have at
        least one pixel

    The output is (regions, channels, rows, columns); samples more than a pixel outside of the map are 0. Gradient for
    `data`, none for `rois`. Formula: He et al., "Mask R-CNN" (2017). Source: MXNet operator `_contrib_ROIAlign`.

    >>> import mxnet as mx
    >>> x, roi = mx.nd.arange(16).reshape((1, 1, 4, 4)), mx.nd.array([[0, 0, 0, 2, 2]])
    >>> mx.nd.contrib.ROIAlign(x, roi, pooled_size=(1, 1), spatial_scale=1.0).asnumpy().tolist()
    [[[[5.0]]]]
    """
    regions, channels, rows, columns = region_shapes(data.shape, rois.shape, pooled_size, position_sensitive)
    if data.is_meta or not data.numel() or not regions:
        return data.new_zeros(regions, channels, rows, columns)
    batch, _, height, width = data.shape
    own = rows * columns if position_sensitive else 1
    pixels = data.view(batch, channels, own, height, width).permute(0, 3, 4, 2, 1).reshape(-1, channels)
    with torch.no_grad():
        taps = _taps(rois, (height, width), pooled_size, spatial_scale, sample_ratio, aligned)
        place = taps.pixel * own + (taps.cell % own if own > 1 else 0)
    out = F.embedding_bag(place, pixels, taps.starts, mode="sum", per_sample_weights=taps.weight)
    return out.view(regions, rows, columns, channels).permute(0, 3, 1, 2).contiguous()


@roi_align.shape
def _(params: Params, data, rois):
    return {"out": region_shapes(data, rois, params.pooled_size, params.position_sensitive)}


class _Taps(NamedTuple):
    """All weighted pixels of all cells (cells counted over regions, rows, columns), cell after cell."""

    cell: Tensor
    pixel: Tensor
    weight: Tensor
    starts: Tensor          # where each cell's begin


def _taps(rois: Tensor, size: tuple[int, int], pooled_size: tuple[int, ...], scale: float, ratio: int,
          aligned: bool) -> _Taps:
    rows, columns = pooled_size
    shift = 0.5 if aligned else 0.0
    left, top, right, bottom = (rois[:, 1:] * scale - shift).unbind(1)
    high, wide = bottom - top, right - left
    if not aligned:
        high, wide = high.clamp(min=1.0), wide.clamp(min=1.0)
    high, wide = high / rows, wide / columns
    down, across = (torch.full_like(x, ratio) if ratio > 0 else x.ceil().clamp(min=0) for x in (high, wide))
    down, across = down.long(), across.long()
    count = (down * across * 4).repeat_interleave(rows * columns)
    cell = torch.arange(len(count), device=rois.device).repeat_interleave(count)
    ends = count.cumsum(0)
    starts = ends - count
    number = torch.arange(len(cell), device=rois.device) - starts[cell]
    region = cell // (rows * columns)
    sample, corner = number >> 2, number & 3
    grid_row, grid_column = sample // across[region], sample % across[region]
    y = _along(top, high, down, region, cell // columns % rows, grid_row)
    x = _along(left, wide, across, region, cell % columns, grid_column)
    row, row_weight = _pixel(y, size[0], corner >> 1)
    column, column_weight = _pixel(x, size[1], corner & 1)
    image = rois[:, 0].long()
    share = (image >= 0) / (down * across).clamp(min=1).to(rois.dtype)
    pixel = (image.clamp(min=0)[region] * size[0] + row) * size[1] + column
    return _Taps(cell, pixel, row_weight * column_weight * share[region], starts)


def _along(begin: Tensor, step: Tensor, samples: Tensor, region: Tensor, cell: Tensor, sample: Tensor) -> Tensor:
    """The coordinate of each sample along one axis."""
    return begin[region] + cell * step[region] + (sample + 0.5) * step[region] / samples[region]


def _pixel(at: Tensor, size: int, upper: Tensor) -> tuple[Tensor, Tensor]:
    """The lower or upper neighbour of each coordinate, and its weight."""
    near = at.clamp(0, size - 1)
    lower = near.floor()
    share = near - lower
    weight = torch.where(upper.bool(), share, 1 - share) * ((at >= -1) & (at <= size))
    return (lower.long() + upper).clamp(max=size - 1), weight
