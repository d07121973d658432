# SPDX-License-Identifier: Apache-2.0
"""DeformablePSROIPooling: position-sensitive pooling of regions whose cells are moved by learned offsets."""
from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor

from ..infer import show, unify
from ..params import Params, Range
from ..registry import OperatorError, op
from .psroi_pooling import Count, channel_of, grouped_shape
from .roi_pooling import _round


@op("_contrib_DeformablePSROIPooling", when={"trans": lambda p: not p.no_trans})
def deformable_psroi_pooling(data: Tensor, rois: Tensor, trans: Tensor | None = None, *,
                             spatial_scale: Annotated[float, Range(0, 1)], output_dim: Count, group_size: Count,
                             pooled_size: Count, part_size: Annotated[int, Range(0)] = 0, sample_per_part: Count = 1,
                             trans_std: Annotated[float, Range(0, 1)] = 0.0, no_trans: bool = False) -> Tensor:
    """Average of bilinear samples in the cells of regions, each cell moved by an offset and with channels of its own.

    Parameters
    ----------
    data : score maps, (batch, output_dim * group_size**2, height, width), floating
    rois : regions, (regions, 5): number of the image in the batch, left, top, right, bottom, in pixels of the image
    trans : offsets, (regions, 2 * classes, part_size, part_size), to the right and down, in parts of the region's
        size; each class has as many output channels as the others. Absent with `no_trans`
    spatial_scale : size of the map divided by that of the image
    output_dim, pooled_size, group_size : channels of the result, rows and columns of its grid and of the channel groups
    part_size : rows and columns of the offsets, default (0) `pooled_size`
    sample_per_part : samples in each cell, along each axis
    trans_std : what the offsets are multiplied by

    The output is (regions, output_dim, pooled_size, pooled_size); samples more than half a pixel outside of the map do
    not count. Gradients for `data` and `trans`, none for `rois`. Formula: Dai et al., "Deformable Convolutional
    Networks" (2017). Source: MXNet operator `_contrib_DeformablePSROIPooling`.
    """
    shape = grouped_shape(data.shape, rois.shape, output_dim, pooled_size, group_size)
    if data.is_meta or not data.numel() or not rois.shape[0]:
        return data.new_zeros(shape)
    channels, size = data.shape[1], data.shape[2:]
    y, x = _samples(rois, trans, spatial_scale, output_dim, pooled_size, part_size or pooled_size, sample_per_part,
                    trans_std)
    counted = _within(y.detach(), size[0]) & _within(x.detach(), size[1])
    plane = rois[:, 0].detach().long().view(-1, 1, 1, 1) * channels + channel_of(output_dim, pooled_size, group_size,
                                                                               rois.device)
    found = _bilinear(data, plane.unsqueeze(-1), y, x).masked_fill(~counted, 0.0)
    count = counted.sum(-1).clamp(min=1)
    return (found.sum(-1) / count).expand(shape).contiguous()


@deformable_psroi_pooling.shape
def _(params: Params, data, rois, trans=None):
    out = grouped_shape(data, rois, params.output_dim, params.pooled_size, params.group_size)
    if params.no_trans:
        return {"out": out}
    part = params.part_size or params.pooled_size
    if trans is not None:
        trans = unify("trans", trans, (rois[0], None, part, part))
        if trans[1] is not None and (trans[1] % 2 or params.output_dim % max(1, trans[1] // 2)):
            raise OperatorError(f"trans is {show(trans)}: its channels are pairs for classes, and "
                                f"output_dim={params.output_dim} needs to be a multiple of the classes")
    return {"trans": trans, "out": out}


def _within(place: Tensor, size: int) -> Tensor:
    """Whether coordinates are at most half a pixel outside."""
    return (place >= -0.5) & (place <= size - 0.5)


class _Places(NamedTuple):
    """Where samples lie, (regions, output_dim or 1, rows, columns, samples) or what broadcasts to it."""

    y: Tensor
    x: Tensor


def _samples(rois: Tensor, trans: Tensor | None, scale: float, output_dim: int, pooled: int, part: int, samples: int,
             trans_std: float) -> _Places:
    """The places of all samples; the gradient flows to the offsets alone."""
    with torch.no_grad():
        corners = _round(rois[:, 1:])
        low, high = corners[:, :2] * scale - 0.5, (corners[:, 2:] + 1) * scale - 0.5
        sizes = (high - low).clamp(min=0.1)
        cells = torch.arange(pooled, device=rois.device)
        inner = torch.arange(samples, device=rois.device, dtype=rois.dtype) / samples
        steps = (cells.to(rois.dtype).unsqueeze(1) + inner) / pooled           # (cells, samples along an axis)
        x, y = (low[:, axis].view(-1, 1, 1) + steps * sizes[:, axis].view(-1, 1, 1) for axis in (0, 1))
        y = y.view(-1, 1, pooled, 1, samples, 1)
        x = x.view(-1, 1, 1, pooled, 1, samples)
    if trans is not None:
        place = cells * part // pooled
        moves = trans[:, :, place][..., place] * trans_std                     # (regions, 2 * classes, rows, columns)
        moves = moves.unflatten(1, (-1, 2)).repeat_interleave(output_dim // (trans.shape[1] // 2), 1)
        shape = (len(rois), output_dim, pooled, pooled, 1, 1)
        x = x + (moves[:, :, 0] * sizes[:, 0].view(-1, 1, 1, 1)).view(shape)
        y = y + (moves[:, :, 1] * sizes[:, 1].view(-1, 1, 1, 1)).view(shape)
    y, x = torch.broadcast_tensors(y, x)
    return _Places(y.flatten(-2), x.flatten(-2))


def _bilinear(data: Tensor, plane: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Values between the pixels of planes of the maps (batch * channels), at places moved into the map."""
    height, width = data.shape[2:]
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.detach().floor(), x.detach().floor()
    down, across = y - top, x - left
    base = plane * (height * width)
    rows = [base + row * width for row in (top.long(), y.detach().ceil().long())]
    columns = [left.long(), x.detach().ceil().long()]
    flat = data.flatten()

    def at(row: int, column: int) -> Any:
        return flat[rows[row] + columns[column]]
    upper = at(0, 0) * (1 - across) + at(0, 1) * across
    lower = at(1, 0) * (1 - across) + at(1, 1) * across
    return upper * (1 - down) + lower * down
