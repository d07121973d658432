# SPDX-License-Identifier: Apache-2.0
"""Boxes: their formats, how much they overlap, and which of many overlapping ones to keep.

A box is four numbers on the last axis: left, top, right, bottom (`corner`), or centre x, centre y, width, height
(`center`).
"""
from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..infer import show
from ..registry import OperatorError

Format = Literal["corner", "center"]
_BLOCK = 512            # boxes that are compared with each other at a time


def to_corners(boxes: Tensor) -> Tensor:
    """Corner boxes from center boxes."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)


def to_centers(boxes: Tensor) -> Tensor:
    """Center boxes from corner boxes."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], -1)


def converted(boxes: Tensor, old: Format, new: Format) -> Tensor:
    """The boxes in the new format."""
    if old == new:
        return boxes
    return to_corners(boxes) if new == "corner" else to_centers(boxes)


def area(boxes: Tensor) -> Tensor:
    """The area of corner boxes; that of one turned inside out is 0."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def overlaps(lhs: Tensor, rhs: Tensor) -> Tensor:
    """Intersection over union of corner boxes (..., n, 4) with corner boxes (..., m, 4): (..., n, m); 0 where the union
    is empty."""
    lhs, rhs = lhs.unsqueeze(-2), rhs.unsqueeze(-3)
    wide = torch.minimum(lhs[..., 2], rhs[..., 2]) - torch.maximum(lhs[..., 0], rhs[..., 0])
    high = torch.minimum(lhs[..., 3], rhs[..., 3]) - torch.maximum(lhs[..., 1], rhs[..., 1])
    common = wide.clamp_(min=0).mul_(high.clamp_(min=0))
    union = area(lhs) + area(rhs) - common
    return torch.where(union > 0, common / union, 0.0)


def suppress(boxes: Tensor, alive: Tensor, limit: float, classes: Tensor | None = None,
             inclusive: bool = False) -> Tensor:
    """Greedy non-maximum suppression: which boxes stay, (batch, n).

    `boxes` are corner boxes (batch, n, 4), best first; those not `alive` (batch, n) neither stay nor suppress. A box
    goes when it overlaps by more than `limit` (`inclusive`: or just as much) with a better one that stays, of its class
    where `classes` are given.

    Blocks of boxes are settled one after the other. Within a block, "whoever no staying box suppresses stays" is
    repeated until nothing changes: after k rounds at least the k best are right, and in practice a few rounds do.
    """
    alive = alive.clone()
    for start in range(0, boxes.shape[1], _BLOCK):
        end = min(start + _BLOCK, boxes.shape[1])
        mine, rivals = alive[:, start:end], classes if classes is None else classes[:, start:end]
        hits = _suppressing(boxes[:, start:end], boxes[:, start:end], limit, inclusive, rivals, rivals).triu_(1)
        stay = mine
        while True:
            before, stay = stay, mine & ~(hits & stay.unsqueeze(2)).any(1)
            if torch.equal(before, stay):
                break
        alive[:, start:end] = stay
        if end < boxes.shape[1] and stay.any():
            most = int(stay.sum(1).max())
            chosen = stay.sort(dim=1, descending=True, stable=True).indices[:, :most]      # the staying ones, padded
            hits = _suppressing(rows_at(boxes[:, start:end], chosen), boxes[:, end:], limit, inclusive,
                                None if rivals is None else rivals.gather(1, chosen),
                                None if classes is None else classes[:, end:])
            alive[:, end:] &= ~(hits & stay.gather(1, chosen).unsqueeze(2)).any(1)
    return alive


def _suppressing(better: Tensor, worse: Tensor, limit: float, inclusive: bool, better_class: Tensor | None,
                 worse_class: Tensor | None) -> Tensor:
    shares = overlaps(better, worse)
    hits = shares >= limit if inclusive else shares > limit
    if better_class is not None and worse_class is not None:
        hits &= better_class.unsqueeze(2) == worse_class.unsqueeze(1)
    return hits


def rows_at(x: Tensor, index: Tensor) -> Tensor:
    """The rows of x (batch, n, width) that index (batch, m) names."""
    return x.gather(1, index.unsqueeze(2).expand(-1, -1, x.shape[2]))


def refuse_no_boxes(name: str, shape: tuple[int | None, ...]) -> None:
    """Raise OperatorError unless the shape ends in boxes, (..., n, 4)."""
    if len(shape) < 2 or shape[-1] not in (4, None):
        raise OperatorError(f"{name} is {show(shape)}, but needs to be (..., boxes, 4)")
