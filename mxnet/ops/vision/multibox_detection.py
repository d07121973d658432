# SPDX-License-Identifier: Apache-2.0
"""_contrib_MultiBoxDetection: from a single-shot detector's predictions to the objects that it found."""
from __future__ import annotations

import torch
from torch import Tensor

from ..infer import show
from ..nn.loss_heads import refuse_integers
from ..params import Params
from ..registry import OperatorError, op
from ._boxes import converted, front, rows_at, suppress
from ._multibox import refuse_variances


@op("_contrib_MultiBoxDetection", "_npx_multibox_detection")
def multibox_detection(cls_prob: Tensor, loc_pred: Tensor, anchor: Tensor, *, clip: bool = True,
                       threshold: float = 0.01, background_id: int = 0, nms_threshold: float = 0.5,
                       force_suppress: bool = False, variances: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2),
                       nms_topk: int = -1) -> Tensor:
    """Objects found by a single-shot detector: each anchor's best class and box, without those that overlap much.

    Parameters
    ----------
    cls_prob : probabilities of the classes, (batch, classes, anchors); class 0 is the background
    loc_pred : offsets of the boxes, (batch, anchors * 4)
    anchor : corner boxes relative to the image, (1, anchors, 4)
    clip : cut boxes to the image
    threshold : anchors whose best class is less probable find nothing
    background_id : not used, as in MXNet
    nms_threshold : overlap (intersection over union) from which the less probable box goes; outside of (0, 1]: none do
    force_suppress : boxes of different classes suppress each other too
    variances : factors of the four offsets
    nms_topk : how many of the most probable boxes can stay; not positive: all

    The output is (batch, anchors, 6), most probable first: class (not counting the background) or -1 where nothing was
    found or the box went, probability, left, top, right, bottom; rows of -1 where nothing was found. No gradient.
    Source: MXNet operator `_contrib_MultiBoxDetection`.

    >>> import mxnet as mx
    >>> prob, anchor = mx.nd.array([[[0.25, 0.5], [0.75, 0.5]]]), mx.nd.array([[[0, 0, 0.5, 0.5], [0, 0, 0.5, 1]]])
    >>> found = mx.nd.contrib.MultiBoxDetection(prob, mx.nd.zeros((1, 8)), anchor, nms_threshold=0.5)
    >>> found.asnumpy()[0, :, 0].tolist()
    [0.0, -1.0]
    """
    refuse_integers(cls_prob)
    _refuse_misfits(tuple(cls_prob.shape), tuple(loc_pred.shape), tuple(anchor.shape))
    refuse_variances(variances)
    batch, _, count = cls_prob.shape
    if cls_prob.is_meta or not cls_prob.numel():
        return cls_prob.new_full((batch, count, 6), -1.0)
    with torch.no_grad():
        score, best = cls_prob[:, 1:].max(1)
        found = score >= threshold
        boxes = _decoded(loc_pred.view(batch, count, 4), anchor, variances)
        boxes = boxes.clamp_(0, 1) if clip else boxes
        rows = torch.cat([best.to(score.dtype).unsqueeze(2), score.unsqueeze(2), boxes], 2)
        most = int(found.sum(1).max())
        out = rows_at(rows, front(found)[:, :most])
        out.masked_fill_((torch.arange(most, device=out.device) >= found.sum(1, keepdim=True)).unsqueeze(2), -1.0)
        if 0 < nms_threshold <= 1:
            kept = min(nms_topk, most) if nms_topk > 0 else most
            out[:, :kept] = _thinned(rows, score, found, kept, nms_threshold, force_suppress)
            out[:, kept:, 0] = -1.0             # MXNet leaves these unsorted
        return torch.cat([out, out.new_full((batch, count - most, 6), -1.0)], 1)


def _thinned(rows: Tensor, score: Tensor, found: Tensor, kept: int, limit: float, force: bool) -> Tensor:
    """The `kept` most probable rows, without class where they overlap with a better one, -1 where nothing was found."""
    order = score.masked_fill(~found, float("-inf")).sort(dim=1, descending=True, stable=True).indices[:, :kept]
    rows, alive = rows_at(rows, order), found.gather(1, order)
    stays = suppress(rows[..., 2:], alive, limit, None if force else rows[..., 0], inclusive=True)
    rows[..., 0].masked_fill_(~stays, -1.0)
    return rows.masked_fill_(~alive.unsqueeze(2), -1.0)


def _decoded(offsets: Tensor, anchor: Tensor, variances: tuple[float, ...]) -> Tensor:
    """Corner boxes from offsets."""
    base = converted(anchor, "corner", "center")
    scaled = offsets * offsets.new_tensor(variances)
    centre = scaled[..., :2] * base[..., 2:] + base[..., :2]
    return converted(torch.cat([centre, scaled[..., 2:].exp() * base[..., 2:]], -1), "center", "corner")


def _refuse_misfits(cls_prob, loc_pred, anchor):
    if len(cls_prob) != 3 or len(loc_pred) != 2 or len(anchor) != 3:
        raise OperatorError(f"cls_prob is {show(cls_prob)}, loc_pred {show(loc_pred)} and anchor {show(anchor)}, but "
                            "needed are (batch, classes, anchors), (batch, anchors * 4) and (1, anchors, 4)")
    count = next((n for n in (cls_prob[2], anchor[1]) if n is not None), None)
    wanted = ((cls_prob[0], None if count is None else count * 4), (1, count, 4))
    for name, given, needed in (("loc_pred", loc_pred, wanted[0]), ("anchor", anchor, wanted[1])):
        if any(a != b for a, b in zip(given, needed) if None not in (a, b)):
            raise OperatorError(f"{name} is {show(given)}, but cls_prob {show(cls_prob)} needs {show(needed)}")


@multibox_detection.shape
def _(params: Params, cls_prob, loc_pred, anchor):
    _refuse_misfits(cls_prob, loc_pred, anchor)
    refuse_variances(params.variances)
    count = cls_prob[2] if cls_prob[2] is not None else anchor[1]
    batch = cls_prob[0] if cls_prob[0] is not None else loc_pred[0]
    return {"cls_prob": (batch, cls_prob[1], count), "loc_pred": (batch, None if count is None else count * 4),
            "anchor": (1, count, 4), "out": (batch, count, 6)}
