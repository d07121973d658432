# SPDX-License-Identifier: Apache-2.0
"""_contrib_box_iou: how much boxes overlap."""
from __future__ import annotations

from torch import Tensor

from ..nn.loss_heads import refuse_integers
from ..params import Params
from ..registry import op
from ._boxes import Format, converted, overlaps, refuse_no_boxes


@op("_contrib_box_iou")
def box_iou(lhs: Tensor, rhs: Tensor, *, format: Format = "corner") -> Tensor:
    """Intersection over union of every box of `lhs` with every box of `rhs`.

    Parameters
    ----------
    lhs, rhs : boxes, (..., 4), floating
    format : `"corner"`: left, top, right, bottom; `"center"`: centre x, centre y, width, height

    The output has the axes of `lhs` and then those of `rhs`, without the fours; where the union has no area, 0. No
    gradient. Source: MXNet operator `_contrib_box_iou`.

    >>> import mxnet as mx
    >>> mx.nd.contrib.box_iou(mx.nd.array([[0, 0, 2, 1]]), mx.nd.array([[1, 0, 2, 1], [5, 5, 6, 6]])).asnumpy().tolist()
    [[0.5, 0.0]]
    """
    refuse_integers(lhs)
    for name, boxes in (("lhs", lhs), ("rhs", rhs)):
        refuse_no_boxes(name, tuple(boxes.shape))
    left = converted(lhs.detach().reshape(-1, 4), format, "corner")
    right = converted(rhs.detach().reshape(-1, 4), format, "corner")
    return overlaps(left, right).view(*lhs.shape[:-1], *rhs.shape[:-1])


@box_iou.shape
def _(params: Params, lhs, rhs):
    refuse_no_boxes("lhs", lhs)
    refuse_no_boxes("rhs", rhs)
    return {"lhs": (*lhs[:-1], 4), "rhs": (*rhs[:-1], 4), "out": (*lhs[:-1], *rhs[:-1])}
