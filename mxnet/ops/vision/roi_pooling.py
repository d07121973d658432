# SPDX-License-Identifier: Apache-2.0
"""ROIPooling: the largest value in each cell of a grid laid over regions of a feature map.

Cells are rectangles of any size, and many overlap, so no pooling kernel fits. The largest value of a rectangle is that
of four rectangles with sides of powers of two that cover it: `_tables` holds the largest values of all such rectangles,
and each cell looks four of them up. Channels lie innermost, so that a look-up copies a row. Training also needs to know
where the largest values are; the tables then hold their places too.
"""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ..params import Params, Range
from ..registry import op
from ._regions import region_shapes


@op("ROIPooling", "_npx_roi_pooling")
def roi_pooling(data: Tensor, rois: Tensor, *, pooled_size: Annotated[tuple[int, ...], Range(1)],
                spatial_scale: Annotated[float, Range(0, 1)]) -> Tensor:
    """Max pooling of regions of any size to one size.

    Parameters
    ----------
    data : feature maps, (batch, channels, height, width), floating
    rois : regions, (regions, 5) in data's dtype: number of the image in the batch, left, top, right, bottom, in pixels
        of the image. Corners are multiplied by `spatial_scale` and rounded, and belong to the region.
    pooled_size : (rows, columns) of the grid that each region is divided into; cells overlap where sizes do not fit
    spatial_scale : size of the feature map divided by that of the image

    The output is (regions, channels, rows, columns); a cell outside of the map is 0. The gradient goes to the first of
    the largest values, none to `rois`. Formula: Girshick, "Fast R-CNN" (2015). Source: MXNet operator `ROIPooling`.

    >>> import mxnet as mx
    >>> x, roi = mx.nd.arange(16).reshape((1, 1, 4, 4)), mx.nd.array([[0, 0, 0, 3, 1]])
    >>> mx.nd.ROIPooling(x, roi, pooled_size=(1, 2), spatial_scale=1.0).asnumpy().tolist()
    [[[[5.0, 7.0]]]]
    """
    regions, channels, rows, columns = region_shapes(data.shape, rois.shape, pooled_size)
    if data.is_meta or not data.numel():
        return data.new_zeros(regions, channels, rows, columns)
    batch, _, height, width = data.shape
    maps = data.permute(0, 2, 3, 1)
    with torch.no_grad():
        images = rois[:, 0].long()
        down = _edges(rois[:, 2], rois[:, 4], spatial_scale, rows, height)
        across = _edges(rois[:, 1], rois[:, 3], spatial_scale, columns, width)
        empty = (down[1] <= down[0]).unsqueeze(2) | (across[1] <= across[0]).unsqueeze(1) | (images < 0).view(-1, 1, 1)
        found = _largest(maps, images.clamp(min=0), down, across, want_places=data.requires_grad)
    if data.requires_grad:
        found = maps.reshape(-1, channels).gather(0, found.long())
    found = found.view(regions, rows, columns, channels).masked_fill(empty.unsqueeze(3), 0.0)
    return found.permute(0, 3, 1, 2).contiguous()


@roi_pooling.shape
def _(params: Params, data, rois):
    return {"out": region_shapes(data, rois, params.pooled_size)}


def _round(x: Tensor) -> Tensor:
    """To the nearest whole number, halves away from zero."""
    return (x.abs() + 0.5).floor().mul_(x.sign())


def _edges(first: Tensor, last: Tensor, scale: float, cells: int, size: int) -> tuple[Tensor, Tensor]:
    """Where each cell of each region begins and ends along one axis, cut to the map: two arrays (regions, cells)."""
    begin, end = _round(first * scale), _round(last * scale)
    width = ((end - begin + 1).clamp(min=1) / cells).unsqueeze(1)
    number = torch.arange(cells, device=first.device, dtype=width.dtype)
    begin = begin.unsqueeze(1)
    return ((width * number).floor() + begin).clamp(0, size).long(), \
        ((width * (number + 1)).ceil() + begin).clamp(0, size).long()


def _largest(maps: Tensor, images: Tensor, rows: tuple[Tensor, Tensor], columns: tuple[Tensor, Tensor],
             want_places: bool) -> Tensor:
    """The largest value of each cell, or its place among all pixels: (regions * rows * columns, channels)."""
    batch, height, width, channels = maps.shape
    (high, top, bottom), (wide, left, right) = _covers(*rows), _covers(*columns)
    most = int(wide.max())
    tables = _tables(maps.contiguous(), int(high.max()), most, want_places)
    level = high.unsqueeze(2) * (most + 1) + wide.unsqueeze(1)
    offset = (level * batch + images.view(-1, 1, 1)) * (height * width)

    def look_up(row: Tensor, column: Tensor) -> list[Tensor]:
        where = (offset + (row * width).unsqueeze(2) + column.unsqueeze(1)).flatten()
        return [table.view(-1, channels).index_select(0, where) for table in tables]

    def strip(row: Tensor) -> list[Tensor]:
        (value, *place), (other, *other_place) = look_up(row, left), look_up(row, right)
        if not place:
            return [torch.maximum(value, other)]
        better = (other > value) | ((other == value) & (other_place[0] < place[0]))
        return [torch.where(better, other, value), torch.where(better, other_place[0], place[0])]
    (value, *place), (other, *other_place) = strip(top), strip(bottom)
    return torch.where(other > value, other_place[0], place[0]) if place else torch.maximum(value, other)


def _covers(begin: Tensor, end: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each range the largest power of two in it (its exponent), and where the two ranges of that size begin that
    cover it. An empty range gives some place on the map."""
    level = torch.frexp((end - begin).clamp(min=1).float()).exponent.long() - 1
    last = (end - (1 << level)).clamp(min=0)
    return level, torch.minimum(begin, last), last


def _tables(maps: Tensor, high: int, wide: int, want_places: bool) -> list[Tensor]:
    """The largest values, and perhaps their first places, of the rectangles of 2**i rows and 2**j columns that begin
    at each pixel: arrays (i and j, batch, row, column, channels), i up to `high` and j up to `wide`."""
    lowest = [maps]
    if want_places:
        pixels = torch.arange(maps.shape[:3].numel(), dtype=torch.int32, device=maps.device)
        lowest.append(pixels.view(*maps.shape[:3], 1).expand(maps.shape))
    levels = [[lowest]]
    for j in range(wide):
        levels[0].append(_doubled(levels[0][-1], 2, 1 << j))
    for i in range(high):
        levels.append([_doubled(table, 1, 1 << i) for table in levels[-1]])
    return [torch.stack(same) for same in zip(*[table for row in levels for table in row])]


def _doubled(table: list[Tensor], axis: int, step: int) -> list[Tensor]:
    """Each rectangle with the one `step` further: twice the size. At the end of the map there is nothing to add."""
    both = table[0].shape[axis] - step
    ends = [x.narrow(axis, both, step) for x in table]
    near, far = [x.narrow(axis, 0, both) for x in table], [x.narrow(axis, step, both) for x in table]
    if len(table) == 1:
        return [torch.cat([torch.maximum(near[0], far[0]), ends[0]], axis)]
    better = far[0] > near[0]
    return [torch.cat([torch.where(better, b, a), end], axis) for a, b, end in zip(near, far, ends)]
