# SPDX-License-Identifier: Apache-2.0
"""ROIPooling: the largest value in each cell of a grid laid over regions of a feature map.

Cells are rectangles of any size, and many overlap, so no pooling kernel fits. The largest value of a rectangle is that
of four rectangles with sides of powers of two that cover it: `_tables` holds the largest values of all such rectangles,
and each cell looks four of them up. Channels lie innermost, so that a look-up copies rows. Training also needs to know
where the largest values are: then the tables hold keys, which order as the values do and end in the pixel's number.
"""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ..params import Params, Range
from ..registry import op
from ._regions import region_shapes

_MOST = 2**31 - 1       # pixels that a key can tell apart


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
    height, width = data.shape[2:]
    maps = data.permute(0, 2, 3, 1)
    with torch.no_grad():
        images = rois[:, 0].long()
        down = _edges(rois[:, 2], rois[:, 4], spatial_scale, rows, height)
        across = _edges(rois[:, 1], rois[:, 3], spatial_scale, columns, width)
        empty = (down[1] <= down[0]).unsqueeze(2) | (across[1] <= across[0]).unsqueeze(1) | (images < 0).view(-1, 1, 1)
        found = _largest(_keys(maps) if data.requires_grad else maps, images.clamp(min=0), down, across)
    if data.requires_grad:
        found = maps.reshape(-1, channels).gather(0, _pixels(found))
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


def _keys(maps: Tensor) -> Tensor:
    """Whole numbers, one for each value, that order as the values do; of equal ones the first is largest."""
    if maps.element_size() > 4:
        order = maps.unique(return_inverse=True)[1]
    else:
        bits = (maps.float() + 0.0).view(torch.int32)           # + 0.0: the two zeros are equal
        order = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long()     # negative floats order backwards
    pixels = torch.arange(maps.shape[:3].numel(), device=maps.device).view(*maps.shape[:3], 1)
    return (order << 32) + (_MOST - pixels)


def _pixels(keys: Tensor) -> Tensor:
    return _MOST - (keys & 0xFFFFFFFF)


def _largest(maps: Tensor, images: Tensor, rows: tuple[Tensor, Tensor], columns: tuple[Tensor, Tensor]) -> Tensor:
    """The largest value of each cell: (regions * rows * columns, channels)."""
    batch, height, width, channels = maps.shape
    (high, top, bottom), (wide, left, right) = _covers(*rows), _covers(*columns)
    most = int(wide.max())
    tables = _tables(maps, int(high.max()), most).view(-1, channels)
    offset = ((high.unsqueeze(2) * (most + 1) + wide.unsqueeze(1)) * batch + images.view(-1, 1, 1)) * (height * width)

    def look_up(row: Tensor, column: Tensor) -> Tensor:
        return tables.index_select(0, (offset + (row * width).unsqueeze(2) + column.unsqueeze(1)).flatten())
    upper = torch.maximum(look_up(top, left), look_up(top, right))
    return torch.maximum(upper, torch.maximum(look_up(bottom, left), look_up(bottom, right)))


def _covers(begin: Tensor, end: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each range the largest power of two in it (its exponent), and where the two ranges of that size begin that
    cover it. An empty range gives some place on the map."""
    level = torch.frexp((end - begin).clamp(min=1).float()).exponent.long() - 1
    last = (end - (1 << level)).clamp(min=0)
    return level, torch.minimum(begin, last), last


def _tables(maps: Tensor, high: int, wide: int) -> Tensor:
    """The largest values of the rectangles of 2**i rows and 2**j columns that begin at each pixel, as an array
    (i, j, batch, row, column, channels), i up to `high` and j up to `wide`. What would reach beyond the map holds
    nothing of use."""
    tables = maps.new_empty((high + 1, wide + 1, *maps.shape))
    tables[0, 0] = maps
    for j in range(wide):
        _double(tables[0, j], tables[0, j + 1], 2, 1 << j)
    for i in range(high):
        _double(tables[i], tables[i + 1], 2, 1 << i)
    return tables


def _double(table: Tensor, into: Tensor, axis: int, step: int) -> None:
    """Each rectangle with the one `step` further: twice the size."""
    both = table.shape[axis] - step
    torch.maximum(table.narrow(axis, 0, both), table.narrow(axis, step, both), out=into.narrow(axis, 0, both))
