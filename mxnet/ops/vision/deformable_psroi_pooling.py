# SPDX-License-Identifier: Apache-2.0
"""DeformablePSROIPooling: position-sensitive pooling of regions whose cells are moved by learned offsets.

All channels of a class read the same places of the same channel group, four pixels around each sample. With the
channels of a class innermost a cell is a bag of weighted rows, and `embedding_bag` adds them up; its gradient for the
weights is the one for the offsets.
"""
from __future__ import annotations

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show, unify
from ..params import Params, Range
from ..registry import OperatorError, op
from .psroi_pooling import Count, group_of, grouped_pixels, grouped_shape
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

    >>> import mxnet as mx
    >>> x, roi = mx.nd.ones((1, 4, 2, 2)), mx.nd.array([[0, 0, 0, 1, 1]])
    >>> sizes = {"spatial_scale": 1, "output_dim": 1, "group_size": 2, "pooled_size": 2}
    >>> mx.nd.contrib.DeformablePSROIPooling(x, roi, no_trans=True, **sizes).asnumpy().tolist()
    [[[[1.0, 1.0], [1.0, 1.0]]]]
    """
    shape = grouped_shape(data.shape, rois.shape, output_dim, pooled_size, group_size)
    if data.is_meta or not data.numel() or not rois.shape[0]:
        return data.new_zeros(shape)
    classes = 1 if trans is None else trans.shape[1] // 2
    y, x = _samples(rois, trans, spatial_scale, pooled_size, part_size or pooled_size, sample_per_part, trans_std)
    counted = _within(y.detach(), data.shape[2]) & _within(x.detach(), data.shape[3])
    share = counted / counted.sum(-1, keepdim=True).clamp(min=1).to(data.dtype)
    plane = (rois[:, :1].detach().long() * classes + torch.arange(classes, device=rois.device)).view(-1, classes, 1, 1)
    plane = plane * group_size ** 2 + group_of(pooled_size, group_size, rois.device)
    pixel, weight = _around(plane.unsqueeze(-1), y, x, data.shape[2:])
    out = F.embedding_bag(pixel.flatten(0, 3).flatten(1), grouped_pixels(data, output_dim, group_size, classes),
                          mode="sum", per_sample_weights=(weight * share.unsqueeze(-1)).flatten(0, 3).flatten(1))
    return out.view(-1, classes, pooled_size, pooled_size, output_dim // classes).permute(0, 1, 4, 2, 3).reshape(shape)


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


def _samples(rois: Tensor, trans: Tensor | None, scale: float, pooled: int, part: int, samples: int,
             trans_std: float) -> tuple[Tensor, Tensor]:
    """Where all samples lie, y and x: (regions, classes, rows, columns, samples). The gradient flows to the offsets."""
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
        moves = trans[:, :, place][..., place].unflatten(1, (-1, 2)) * trans_std
        moves = (moves * sizes.view(-1, 1, 2, 1, 1)).unsqueeze(-1).unsqueeze(-1)
        x, y = x + moves[:, :, 0], y + moves[:, :, 1]
    y, x = torch.broadcast_tensors(y, x)
    return y.flatten(-2), x.flatten(-2)


def _around(plane: Tensor, y: Tensor, x: Tensor, size: Any) -> tuple[Tensor, Tensor]:
    """The four pixels around each place, moved into the map, and their weights: a new last axis."""
    height, width = size
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.detach().floor(), x.detach().floor()
    down, across = y - top, x - left
    first = (plane * height + top.long()) * width + left.long()
    below = (down.detach() > 0).long() * width            # on a pixel, the next one does not count
    beside = (across.detach() > 0).long()
    pixel = torch.stack([first, first + beside, first + below, first + below + beside], -1)
    up, back = 1 - down, 1 - across
    return pixel, torch.stack([up * back, up * across, down * back, down * across], -1)
