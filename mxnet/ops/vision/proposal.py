# SPDX-License-Identifier: Apache-2.0
"""Region proposals: the boxes that a region proposal network is most sure of (Ren et al., Faster R-CNN, 2015).

All boxes of a batch are decoded, sorted and thinned out at once; `_boxes.suppress` does the non-maximum suppression.
A box here covers the pixels from its left to its right column, both included, so that its width is right - left + 1.
"""
from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..families import no_gradient
from ..infer import show
from ..params import Params
from ..registry import OperatorError, op
from ._boxes import suppress

_OUTPUTS = ("output", "score")


def _names(params: Params) -> tuple[str, ...]:
    return _OUTPUTS if params.output_score else _OUTPUTS[:1]


@op("_contrib_Proposal", outputs=_names)
def proposal(cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, *, rpn_pre_nms_top_n: int = 6000,
             rpn_post_nms_top_n: int = 300, threshold: float = 0.7, rpn_min_size: int = 16,
             scales: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0), ratios: tuple[float, ...] = (0.5, 1.0, 2.0),
             feature_stride: int = 16, output_score: bool = False, iou_loss: bool = False) -> Any:
    """Region proposals for one image; see `contrib.MultiProposal`, which takes batches.

    Source: MXNet operator `_contrib_Proposal`.

    >>> import mxnet as mx
    >>> sizes = {"scales": (2,), "ratios": (1,), "rpn_post_nms_top_n": 4}
    >>> probabilities, offsets = mx.nd.ones((1, 2, 3, 3)), mx.nd.zeros((1, 4, 3, 3))
    >>> mx.nd.contrib.Proposal(probabilities, offsets, mx.nd.array([[48, 48, 1]]), **sizes).shape
    (4, 5)
    """
    if cls_prob.shape[0] != 1:
        raise OperatorError(f"cls_prob has a batch of {cls_prob.shape[0]}, but Proposal takes one image; "
                            f"MultiProposal takes more")
    return _propose(cls_prob, bbox_pred, im_info, rpn_pre_nms_top_n, rpn_post_nms_top_n, threshold, rpn_min_size,
                    scales, ratios, feature_stride, output_score, iou_loss)


@op("_contrib_MultiProposal", outputs=_names)
def multi_proposal(cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, *, rpn_pre_nms_top_n: int = 6000,
                   rpn_post_nms_top_n: int = 300, threshold: float = 0.7, rpn_min_size: int = 16,
                   scales: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0), ratios: tuple[float, ...] = (0.5, 1.0, 2.0),
                   feature_stride: int = 16, output_score: bool = False, iou_loss: bool = False) -> Any:
    """Region proposals: the best boxes that a region proposal network gives, without near duplicates.

    Parameters
    ----------
    cls_prob : (batch, 2 * anchors, height, width): for each place and anchor the probability of background (first
        half of the channels) and of an object (second half). There are `len(ratios) * len(scales)` anchors
    bbox_pred : (batch, 4 * anchors, height, width): how far each anchor is off (dx, dy, dw, dh for each)
    im_info : (batch, 3): height, width and scale of each image
    rpn_pre_nms_top_n, rpn_post_nms_top_n : how many of the best boxes go into the suppression (not positive: all), and
        how many come out; when fewer remain, they are repeated in turn
    threshold : boxes that overlap a better one by more than this share of their union are dropped
    rpn_min_size : smaller boxes, in pixels of the unscaled image, come last
    scales, ratios, feature_stride : sizes of the anchors in strides, heights by widths, and pixels between two places
    output_score : whether to give the probabilities as a second output, (batch * rpn_post_nms_top_n, 1)
    iou_loss : `bbox_pred` holds distances of the edges, in pixels, instead

    The output is (batch * rpn_post_nms_top_n, 5): number of the image, left, top, right, bottom. There is no gradient.
    Source: MXNet operator `_contrib_MultiProposal`.

    >>> import mxnet as mx
    >>> sizes = {"scales": (2,), "ratios": (1,), "rpn_post_nms_top_n": 4}
    >>> probabilities, offsets = mx.nd.ones((2, 2, 3, 3)), mx.nd.zeros((2, 4, 3, 3))
    >>> mx.nd.contrib.MultiProposal(probabilities, offsets, mx.nd.array([[48, 48, 1]] * 2), **sizes).shape
    (8, 5)
    """
    return _propose(cls_prob, bbox_pred, im_info, rpn_pre_nms_top_n, rpn_post_nms_top_n, threshold, rpn_min_size,
                    scales, ratios, feature_stride, output_score, iou_loss)


def _shapes(params: Params, cls_prob: Any, bbox_pred: Any = None, im_info: Any = None) -> dict[str, Any]:
    """Shape rule: offsets and image sizes follow from the probabilities."""
    if len(cls_prob) != 4:
        raise OperatorError(f"cls_prob is {show(cls_prob)}, but needs 4 dimensions, (batch, 2 * anchors, height, "
                            f"width)")
    for name in ("scales", "ratios"):
        if not all(number > 0 for number in getattr(params, name)):
            raise OperatorError(f"{name}={getattr(params, name)} are to be numbers above 0")
    batch, channels, *size = cls_prob
    anchors = len(params.scales) * len(params.ratios)
    if channels not in (None, 2 * anchors):
        raise OperatorError(f"cls_prob is {show(cls_prob)}, but {len(params.ratios)} ratios and {len(params.scales)} "
                            f"scales need {2 * anchors} channels")
    rows = None if batch is None else batch * params.rpn_post_nms_top_n
    outs = [(rows, 5), (rows, 1)][:1 + params.output_score]
    return {"cls_prob": (batch, 2 * anchors, *size), "bbox_pred": (batch, 4 * anchors, *size), "im_info": (batch, 3),
            "out": outs if params.output_score else outs[0]}


proposal.shape(_shapes)
multi_proposal.shape(_shapes)
proposal.gradient(no_gradient)
multi_proposal.gradient(no_gradient)


def _propose(cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, most: int, wanted: int, threshold: float,
             min_size: int, scales: tuple[float, ...], ratios: tuple[float, ...], stride: int, output_score: bool,
             iou_loss: bool) -> Any:
    batch, channels, height, width = cls_prob.shape
    if cls_prob.is_meta:
        outs = cls_prob.new_empty(batch * wanted, 5), cls_prob.new_empty(batch * wanted, 1)
        return outs if output_score else outs[0]
    anchors = _anchors(scales, ratios, stride, height, width, cls_prob)
    scores = cls_prob[:, channels // 2:].permute(0, 2, 3, 1).reshape(batch, -1)
    offsets = bbox_pred.reshape(batch, -1, 4, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
    limits = im_info[:, [1, 0]]                                  # width and height of each image
    _check_sizes(limits, stride, height, width)
    boxes = _decoded(anchors, offsets, limits, iou_loss)
    boxes, scores = _without_small(boxes, _without_padding(scores, limits, stride, height, width),
                                   min_size * im_info[:, 2:3])
    boxes, scores = _best(boxes, scores, min(most, scores.shape[1]) if most > 0 else scores.shape[1])
    chosen = _chosen(boxes, threshold, min(wanted, scores.shape[1]), wanted)
    image = torch.arange(batch, device=boxes.device, dtype=boxes.dtype).repeat_interleave(wanted).unsqueeze(1)
    kept = boxes.gather(1, chosen.unsqueeze(2).expand(-1, -1, 4)).reshape(-1, 4)
    rows = torch.cat([image, kept], 1)
    return (rows, scores.gather(1, chosen).reshape(-1, 1)) if output_score else rows


def _anchors(scales: tuple[float, ...], ratios: tuple[float, ...], stride: int, height: int, width: int,
             like: Tensor) -> Tensor:
    """The anchors around all places, (height * width * anchors, 4)."""
    sizes = []
    for ratio in ratios:
        across = math.floor(math.sqrt(math.floor(stride * stride / ratio)) + 0.5)
        down = math.floor(across * ratio + 0.5)
        sizes += [(across * scale, down * scale) for scale in scales]
    reach = (torch.tensor(sizes, dtype=like.dtype) - 1) / 2
    middle = (stride - 1) / 2
    base = torch.cat([middle - reach, middle + reach], 1).to(like.device)
    x = torch.arange(width, dtype=like.dtype, device=like.device) * stride
    y = torch.arange(height, dtype=like.dtype, device=like.device) * stride
    shift = torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)] * 2, -1)
    return (shift.unsqueeze(2) + base).reshape(-1, 4)


def _decoded(anchors: Tensor, offsets: Tensor, limits: Tensor, iou_loss: bool) -> Tensor:
    """The anchors moved and stretched by the offsets, and cut to the images."""
    low, high = anchors[:, :2], anchors[:, 2:]
    move, stretch = offsets[..., :2], offsets[..., 2:]
    if iou_loss:
        low, high = low + move, high + stretch
    else:
        size = high - low + 1
        centre = move * size + (low + (size - 1) / 2)
        reach = (stretch.exp() * size - 1) / 2
        low, high = centre - reach, centre + reach
    most = (limits - 1).unsqueeze(1)
    return torch.cat([low.clamp(min=0).minimum(most), high.clamp(min=0).minimum(most)], -1)


def _check_sizes(limits: Tensor, stride: int, height: int, width: int) -> None:
    rows, columns = int((limits[:, 1] // stride).max()), int((limits[:, 0] // stride).max())
    if rows > height or columns > width:
        raise OperatorError(f"images of up to {rows} rows and {columns} columns of {stride} pixels need more than the "
                            f"{height} rows and {width} columns that cls_prob has")


def _without_padding(scores: Tensor, limits: Tensor, stride: int, height: int, width: int) -> Tensor:
    """Scores, -1 at places outside of the image."""
    columns, rows = (limits // stride).unbind(1)
    x = torch.arange(width, device=scores.device) >= columns.view(-1, 1, 1)
    y = torch.arange(height, device=scores.device).unsqueeze(1) >= rows.view(-1, 1, 1)
    outside = (x | y).unsqueeze(3)
    return scores.view(len(scores), height, width, -1).masked_fill(outside, -1.0).reshape(scores.shape)


def _without_small(boxes: Tensor, scores: Tensor, least: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes below the least size are widened by half of it on each side, and their score is -1."""
    small = ((boxes[..., 2:] - boxes[..., :2] + 1) < least.unsqueeze(1)).any(2)
    reach = torch.cat([-least, -least, least, least], 1).unsqueeze(1) / 2
    return torch.where(small.unsqueeze(2), boxes + reach, boxes), scores.masked_fill(small, -1.0)


def _best(boxes: Tensor, scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The boxes with the best scores, best first, equal ones in their order."""
    scores, order = scores.sort(dim=1, descending=True, stable=True)
    return boxes.gather(1, order[:, :count].unsqueeze(2).expand(-1, -1, 4)), scores[:, :count]


def _chosen(boxes: Tensor, threshold: float, most: int, wanted: int) -> Tensor:
    """Numbers of the boxes that stay, (batch, wanted): at most so many different ones, repeated in turn.

    Whether a box stays depends on the better ones alone, and as a rule the best few thin out to enough: more of them
    are looked at only while they do not.
    """
    edges = boxes + boxes.new_tensor((0.0, 0.0, 1.0, 1.0))       # from pixels to the edges around them
    looked = 2 * most
    while True:
        some = edges[:, :looked]
        alive = torch.ones(some.shape[:2], dtype=torch.bool, device=boxes.device)
        stays = suppress(some, alive, threshold, leading=True)
        if looked >= boxes.shape[1] or int(stays.sum(1).min()) >= most:
            break
        looked *= 4
    order = (~stays).long().sort(dim=1, stable=True).indices
    turn = torch.arange(wanted, device=boxes.device)
    return order.gather(1, turn % stays.sum(1, keepdim=True).clamp(max=most))
