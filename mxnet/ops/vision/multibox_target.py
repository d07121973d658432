# SPDX-License-Identifier: Apache-2.0
"""_contrib_MultiBoxTarget: what a single-shot detector's anchors should predict."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..infer import show
from ..nn.loss_heads import refuse_integers
from ..params import Params
from ..registry import OperatorError, op
from ._boxes import converted, overlaps, rows_at
from ._matching import greedy_pairs
from ._multibox import refuse_variances

_LEAST = 1e-6           # overlap that a box needs to claim an anchor


@op("_contrib_MultiBoxTarget", "_npx_multibox_target", outputs=("loc_target", "loc_mask", "cls_target"))
def multibox_target(anchor: Tensor, label: Tensor, cls_pred: Tensor, *, overlap_threshold: float = 0.5,
                    ignore_label: float = -1.0, negative_mining_ratio: float = -1.0,
                    negative_mining_thresh: float = 0.5, minimum_negative_samples: int = 0,
                    variances: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2)) -> tuple[Tensor, Tensor, Tensor]:
    """Match anchors with the objects of each image, and encode what is to be learned.

    Each object claims the anchor that it overlaps most, best pair first. Any other anchor takes the object that it
    overlaps most, if by more than `overlap_threshold`. Of the anchors without object all, or with mining those that
    the detector gets most wrong, are background; the rest is ignored.

    Parameters
    ----------
    anchor : corner boxes, (1, anchors, 4)
    label : objects, (batch, objects, 5 or more): class (from 0), left, top, right, bottom; the first class -1 ends an
        image's list
    cls_pred : class scores before the softmax, (batch, classes, anchors), of which class 0 is the background; used for
        mining only
    overlap_threshold : intersection over union (exclusive); not positive: objects claim one anchor each, no more
    ignore_label : class target of ignored anchors
    negative_mining_ratio : positive: background anchors for each anchor with an object; else no mining
    negative_mining_thresh : mined anchors overlap less than this with every object
    minimum_negative_samples : not used, as in MXNet
    variances : the offsets are divided by these

    The outputs are the offsets of the matched objects, (batch, anchors * 4); a mask of that shape, 1 for anchors with
    an object; and class targets, (batch, anchors): class + 1, 0 for background, or `ignore_label`. Everything in an
    image without objects is ignored. No gradient. Source: MXNet operator `_contrib_MultiBoxTarget`.

    >>> import mxnet as mx
    >>> anchor, label = mx.nd.array([[[0, 0, 1, 1], [0, 0, 0.5, 0.5]]]), mx.nd.array([[[2, 0, 0, 0.5, 0.5]]])
    >>> mx.nd.contrib.MultiBoxTarget(anchor, label, mx.nd.zeros((1, 4, 2)))[2].asnumpy().tolist()
    [[0.0, 3.0]]
    """
    refuse_integers(anchor)
    _refuse_misfits(tuple(anchor.shape), tuple(label.shape), tuple(cls_pred.shape))
    refuse_variances(variances)
    if negative_mining_ratio > 0 >= negative_mining_thresh:
        raise OperatorError(f"negative_mining_thresh={negative_mining_thresh} has to be above 0")
    batch, count = len(label), anchor.shape[1]
    empty = (anchor.new_zeros(batch, count * 4), anchor.new_zeros(batch, count * 4),
             anchor.new_full((batch, count), ignore_label))
    if anchor.is_meta or not label.numel() or not count:
        return empty
    with torch.no_grad():
        real = (label[..., 0] != -1).cumprod(1).bool()
        shares = overlaps(anchor, label[..., 1:5]).masked_fill(~real.unsqueeze(1), -1.0)
        best, object_ = shares.max(2)
        claims = greedy_pairs(shares, shares > _LEAST)
        positive = claims.any(2)
        object_ = torch.where(positive, claims.byte().argmax(2), object_)
        if overlap_threshold > 0:
            positive |= best > overlap_threshold
        negative = ~positive
        if negative_mining_ratio > 0:
            negative &= _mined(cls_pred, negative & (best < negative_mining_thresh),
                               positive.sum(1) * negative_mining_ratio)
        return _targets(anchor, rows_at(label, object_), positive, negative & real[:, :1], ignore_label, variances)


def _mined(scores: Tensor, candidates: Tensor, wanted: Tensor) -> Tensor:
    """The candidates whose background is least probable, as many as wanted in each image."""
    background = scores.softmax(1)[:, 0].masked_fill(~candidates, float("inf"))
    place = background.sort(dim=1, stable=True).indices.argsort(1)
    return candidates & (place < wanted.long().unsqueeze(1))


def _targets(anchor: Tensor, objects: Tensor, positive: Tensor, negative: Tensor, ignore: float,
             variances: tuple[float, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs, from the object of each anchor."""
    base, box = converted(anchor, "corner", "center"), converted(objects[..., 1:5], "corner", "center")
    offsets = torch.cat([(box[..., :2] - base[..., :2]) / base[..., 2:], (box[..., 2:] / base[..., 2:]).log()], -1)
    mask = positive.unsqueeze(-1).expand(offsets.shape)
    offsets = (offsets / offsets.new_tensor(variances)).masked_fill(~mask, 0.0)
    classes = torch.where(positive, objects[..., 0] + 1, torch.where(negative, 0.0, ignore).to(anchor.dtype))
    return offsets.flatten(1), mask.to(anchor.dtype).flatten(1), classes


def _refuse_misfits(anchor: Any, label: Any, cls_pred: Any) -> None:
    if len(anchor) != 3 or len(label) != 3 or len(cls_pred) != 3:
        raise OperatorError(f"anchor is {show(anchor)}, label {show(label)} and cls_pred {show(cls_pred)}, but needed "
                            "are (1, anchors, 4), (batch, objects, 5) and (batch, classes, anchors)")
    if label[2] is not None and label[2] < 5:
        raise OperatorError(f"label is {show(label)}, but needs 5 numbers or more for each object")
    needed = (label[0], cls_pred[1], anchor[1])
    if any(a != b for a, b in zip((*anchor[::2], *cls_pred), (1, 4, *needed)) if None not in (a, b)):
        raise OperatorError(f"anchor is {show(anchor)} and cls_pred {show(cls_pred)}, but needed are (1, anchors, 4) "
                            f"and {show(needed)}")


@multibox_target.shape
def _(params: Params, anchor, label, cls_pred):
    _refuse_misfits(anchor, label, cls_pred)
    refuse_variances(params.variances)
    count = anchor[1] if anchor[1] is not None else cls_pred[2]
    batch = label[0] if label[0] is not None else cls_pred[0]
    wide = (batch, None if count is None else count * 4)
    return {"anchor": (1, count, 4), "label": (batch, *label[1:]), "cls_pred": (batch, cls_pred[1], count),
            "out": [wide, wide, (batch, count)]}
