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
_BLOCK = 256            # boxes that are compared with each other at a time


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


def overlaps(lhs: Tensor, rhs: Tensor) -> Tensor:
    """Intersection over union of corner boxes (..., n, 4) with corner boxes (..., m, 4): (..., n, m).

    A box turned inside out has no area; where the union has none, the result is 0. Three arrays of the result's size
    are all that is made, as there are millions of pairs.
    """
    left, top, right, bottom = (x.unsqueeze(-1) for x in lhs.unbind(-1))
    other_left, other_top, other_right, other_bottom = (x.contiguous().unsqueeze(-2) for x in rhs.unbind(-1))
    common = torch.minimum(right, other_right)
    spare = torch.maximum(left, other_left)
    common.sub_(spare).clamp_(min=0)
    high = torch.minimum(bottom, other_bottom)
    common.mul_(high.sub_(torch.maximum(top, other_top, out=spare)).clamp_(min=0))
    area = (right - left).clamp_(min=0) * (bottom - top).clamp_(min=0)
    other_area = (other_right - other_left).clamp_(min=0) * (other_bottom - other_top).clamp_(min=0)
    union = torch.add(area, other_area, out=spare).sub_(common)
    return common.div_(union.clamp_(min=torch.finfo(union.dtype).tiny))


def suppress(boxes: Tensor, alive: Tensor, limit: float, classes: Tensor | None = None,
             inclusive: bool = False, leading: bool = False) -> Tensor:
    """Greedy non-maximum suppression: which boxes stay, (batch, n).

    `boxes` are corner boxes (batch, n, 4), best first; those not `alive` (batch, n) neither stay nor suppress. A box
    goes when it overlaps by more than `limit` (`inclusive`: or just as much) with a better one that stays, of its class
    where `classes` (batch, n) are given. `leading` says that those alive come before the others.
    """
    if leading and classes is None:
        return _greedy(boxes, alive.sum(1), limit, inclusive)
    if not alive.any():
        return alive.clone()
    image, place = alive.nonzero(as_tuple=True)
    group = image
    if classes is not None:         # each class of each image by itself
        kind = classes[image, place].unique(return_inverse=True)[1]
        group, order = (image * (kind.max() + 1) + kind).sort(stable=True)
        image, place = image[order], place[order]
    group, counts = group.unique_consecutive(return_inverse=True, return_counts=True)[1:]
    slot = torch.arange(len(group), device=boxes.device) - (counts.cumsum(0) - counts)[group]
    grouped = boxes.new_zeros((len(counts), int(counts.max()), 4))
    grouped[group, slot] = boxes[image, place]
    stays = torch.zeros_like(alive)
    stays[image, place] = _greedy(grouped, counts, limit, inclusive)[group, slot]
    return stays


def _greedy(boxes: Tensor, counts: Tensor, limit: float, inclusive: bool) -> Tensor:
    """Which of the boxes (groups, n, 4), of each group the first so many, stay.

    The best boxes of each group, a block of them, are settled among themselves; those that stay suppress others, which
    leave at once; then come the best of the rest. Within a block, "whoever no staying box suppresses stays" is repeated
    until nothing changes: after k rounds at least the k best are right, and in practice a few rounds do.
    """
    groups, most = boxes.shape[:2]
    stays = torch.zeros((groups, most), dtype=torch.bool, device=boxes.device)
    group = torch.arange(groups, device=boxes.device)
    place = torch.arange(most, device=boxes.device).expand(groups, most)
    alive = place < counts.unsqueeze(1)
    while place.shape[1]:
        mine = alive[:, :_BLOCK]
        hits = _suppressing(boxes[:, :_BLOCK], boxes[:, :_BLOCK], limit, inclusive).triu_(1)
        stay, before = mine, None
        while before is None or not torch.equal(before, stay):
            before, stay = stay, mine & ~_any_hits(stay, hits)
        stays[group.unsqueeze(1), place[:, :_BLOCK]] = stay
        if place.shape[1] <= _BLOCK:
            break
        chosen = front(stay)[:, :int(stay.sum(1).max())]
        hits = _suppressing(rows_at(boxes, chosen), boxes[:, _BLOCK:], limit, inclusive)
        rest = alive[:, _BLOCK:] & ~_any_hits(stay.gather(1, chosen), hits)
        open_ = rest.any(1)
        order = front(rest[open_])[:, :int(rest.sum(1).max())]
        group, alive, place = group[open_], rest[open_].gather(1, order), place[open_, _BLOCK:].gather(1, order)
        boxes = rows_at(boxes[open_, _BLOCK:], order)
    return stays


def _suppressing(better: Tensor, worse: Tensor, limit: float, inclusive: bool) -> Tensor:
    """Which boxes overlap too much, as zeros and ones."""
    shares = overlaps(better, worse)
    return (torch.ge if inclusive else torch.gt)(shares, limit, out=shares)


def _any_hits(better: Tensor, hits: Tensor) -> Tensor:
    """Which of the worse boxes some of the better ones hit, by a product of matrices: many times faster than `any`."""
    return torch.bmm(better.to(hits.dtype).unsqueeze(1), hits).squeeze(1) > 0


def front(mask: Tensor) -> Tensor:
    """Indices (batch, n) that bring the true ones of a mask (batch, n) to the front, in order, and then the others."""
    true = mask.cumsum(1)
    numbers = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
    place = torch.where(mask, true - 1, true[:, -1:] + numbers - true)
    return torch.empty_like(place).scatter_(1, place, numbers)


def rows_at(x: Tensor, index: Tensor) -> Tensor:
    """The rows of x (batch, n, width) that index (batch, m) names."""
    return x.gather(1, index.unsqueeze(2).expand(-1, -1, x.shape[2]))


def refuse_no_boxes(name: str, shape: tuple[int | None, ...]) -> None:
    """Raise OperatorError unless the shape ends in boxes, (..., n, 4)."""
    if len(shape) < 2 or shape[-1] not in (4, None):
        raise OperatorError(f"{name} is {show(shape)}, but needs to be (..., boxes, 4)")
