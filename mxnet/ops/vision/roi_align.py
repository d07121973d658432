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
        place = taps.pixel
        if own > 1:
            place = place * own + (taps.cell % own).repeat_interleave(4)
    out = F.embedding_bag(place, pixels, taps.starts, mode="sum", per_sample_weights=taps.weight)
    return out.view(regions, rows, columns, channels).permute(0, 3, 1, 2).contiguous()


@roi_align.shape
def _(params: Params, data, rois):
    return {"out": region_shapes(data, rois, params.pooled_size, params.position_sensitive)}


class _Taps(NamedTuple):
    """All samples of all cells (counted over regions, rows, columns), cell after cell, and four pixels of each."""

    cell: Tensor            # of each sample
    pixel: Tensor
    weight: Tensor
    starts: Tensor          # where each cell's pixels begin


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
    image = rois[:, 0].long()
    share = (image >= 0) / (down * across).clamp(min=1).to(rois.dtype)
    y = _axis(top, high, down, rows, size[0], image.clamp(min=0) * size[0], size[1], share)
    x = _axis(left, wide, across, columns, size[1], torch.zeros_like(image), 1, torch.ones_like(share))

    grid = (len(rois), rows, columns)               # the cells, and for each of them its place on both axes
    first_y = (y.starts.view(-1, 1, 1) + torch.arange(rows, device=rois.device).view(-1, 1) * down.view(-1, 1, 1))
    first_x = (x.starts.view(-1, 1, 1) + torch.arange(columns, device=rois.device) * across.view(-1, 1, 1))
    count = (down * across).view(-1, 1, 1).expand(grid).reshape(-1)
    starts = count.cumsum(0) - count
    cell = torch.arange(len(count), device=rois.device).repeat_interleave(count)
    number = torch.arange(len(cell), device=rois.device) - starts[cell]
    wide_of_cell = across.view(-1, 1, 1).expand(grid).reshape(-1)[cell]
    grid_row = number // wide_of_cell
    at_y = first_y.expand(grid).reshape(-1)[cell] + grid_row
    at_x = first_x.expand(grid).reshape(-1)[cell] + (number - grid_row * wide_of_cell)

    pixels, weights = [], []
    for y_pixel, y_weight in ((y.lower[at_y], y.lower_weight[at_y]), (y.upper[at_y], y.upper_weight[at_y])):
        for x_pixel, x_weight in ((x.lower, x.lower_weight), (x.upper, x.upper_weight)):
            pixels.append(y_pixel + x_pixel[at_x])
            weights.append(y_weight * x_weight[at_x])
    return _Taps(cell, torch.stack(pixels, 1).view(-1), torch.stack(weights, 1).view(-1), starts * 4)


class _Axis(NamedTuple):
    """All samples along one axis, region after region: the two pixels between which each lies, and their weights."""

    starts: Tensor          # where each region's begin
    lower: Tensor
    upper: Tensor
    lower_weight: Tensor
    upper_weight: Tensor


def _axis(begin: Tensor, step: Tensor, samples: Tensor, cells: int, size: int, base: Tensor, stride: int,
          factor: Tensor) -> _Axis:
    """`step` is the size of a cell, with so many samples. Pixel i is given as `(base + i) * stride`, and the weights
    are multiplied by `factor`."""
    count = samples * cells
    starts = count.cumsum(0) - count
    region = torch.arange(len(begin), device=begin.device).repeat_interleave(count)
    number = torch.arange(len(region), device=begin.device) - starts[region]
    each, width = samples[region], step[region]
    cell = number // each
    at = begin[region] + cell * width + (number - cell * each + 0.5) * width / each
    lower, share, inside = between(at, size)
    base, weight = base[region], inside * factor[region]
    return _Axis(starts, (lower + base) * stride, ((lower + 1).clamp(max=size - 1) + base) * stride,
                 (1 - share) * weight, share * weight)


def between(at: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The lower neighbour of each coordinate, the share of the upper one, and whether it lies near the map at all."""
    near = at.clamp(0, size - 1)
    lower = near.floor()
    return lower.long(), near - lower, (at >= -1) & (at <= size)
