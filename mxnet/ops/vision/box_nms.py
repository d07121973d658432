# SPDX-License-Identifier: Apache-2.0
"""_contrib_box_nms: of boxes that overlap much, keep the best."""
from __future__ import annotations

import torch
from torch import Tensor

from ..infer import show
from ..nn.loss_heads import refuse_integers
from ..params import Params
from ..registry import OperatorError, op
from ._boxes import Format, converted, front, rows_at, suppress


@op("_contrib_box_nms", "_contrib_box_non_maximum_suppression", outputs=("output0",))
def box_nms(data: Tensor, *, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1,
            coord_start: int = 2, score_index: int = 1, id_index: int = -1, background_id: int = -1,
            force_suppress: bool = False, in_format: Format = "corner", out_format: Format = "corner") -> Tensor:
    """Greedy non-maximum suppression: best scores first, without the boxes that overlap with a better one.

    Parameters
    ----------
    data : (..., boxes, width), floating: each row has four coordinates, a score, perhaps a class, perhaps more
    overlap_thresh : intersection over union from which (exclusively) the worse box goes
    valid_thresh : boxes whose score is not above it go
    topk : how many of the best boxes take part; negative: all; 0: nothing happens to data
    coord_start, score_index, id_index : where in a row are the coordinates, the score, and the class (negative: none)
    background_id : boxes of this class go (negative: none)
    force_suppress : boxes of different classes suppress each other too
    in_format, out_format : the coordinates' format in data and in the output, `"corner"` or `"center"`

    The output has data's shape: the rows of the boxes that stay, best first, then rows of -1. The gradient goes to the
    row that each came from. Source: MXNet operator `_contrib_box_nms`.

    >>> import mxnet as mx
    >>> x = mx.nd.array([[0, 0.5, 0, 0, 2, 2], [0, 0.75, 0, 0, 2, 2.5], [0, 0.25, 4, 4, 5, 5]])
    >>> mx.nd.contrib.box_nms(x).asnumpy()[:, 1].tolist()
    [0.75, 0.25, -1.0]
    """
    refuse_integers(data)
    _refuse_positions(tuple(data.shape), coord_start, score_index, id_index)
    if topk == 0 or data.is_meta or not data.numel():
        return data.clone()
    rows = data.reshape(-1, *data.shape[-2:])
    with torch.no_grad():
        order, stays = _best(rows, coord_start, score_index, id_index, background_id, valid_thresh, topk,
                             overlap_thresh, force_suppress, in_format)
    out = rows_at(rows, order)
    if in_format != out_format:
        out = _reformatted(out, coord_start, in_format, out_format)
    out = out.masked_fill(~stays.unsqueeze(2), -1.0)
    if out.shape[1] < rows.shape[1]:
        out = torch.cat([out, out.new_full((len(out), rows.shape[1] - out.shape[1], out.shape[2]), -1.0)], 1)
    return out.view(data.shape)


@box_nms.shape
def _(params: Params, data=None, out=None):
    known = out if data is None else data
    if known is not None:
        _refuse_positions(known, params.coord_start, params.score_index, params.id_index)
    return {"data": out, "out": data}


def _refuse_positions(shape: tuple[int | None, ...], coords: int, score: int, class_: int) -> None:
    if len(shape) < 2:
        raise OperatorError(f"data is {show(shape)}, but needs 2 dimensions or more, (..., boxes, width)")
    width = shape[-1]
    if coords < 0 or score < 0 or (width is not None and max(coords + 3, score, class_) >= width):
        raise OperatorError(f"coord_start={coords} (to {coords + 3}), score_index={score} and id_index={class_}: the "
                            f"rows of data {show(shape)} do not reach so far")
    for name, place in (("score_index", score), ("id_index", class_)):
        if coords <= place <= coords + 3:
            raise OperatorError(f"{name}={place} is among the coordinates, {coords} to {coords + 3}")
    if score == class_:
        raise OperatorError(f"score_index and id_index are both {score}")


def _best(rows: Tensor, coords: int, score: int, class_: int, background: int, valid: float, topk: int, limit: float,
          force: bool, format: Format) -> tuple[Tensor, Tensor]:
    """Where the rows that stay come from, best first, and how many of these are such rows: two arrays (batch, n)."""
    usable = rows[..., score] > valid
    if class_ >= 0 and background >= 0:
        usable &= rows[..., class_] != background
    most = int(usable.sum(1).max())
    ranked = rows[..., score].masked_fill(~usable, float("-inf")).sort(dim=1, descending=True, stable=True).indices
    ranked = ranked[:, :most if topk < 0 else min(most, topk)]
    best = rows_at(rows, ranked)
    corners = converted(best[..., coords:coords + 4], format, "corner")
    alive = usable.gather(1, ranked)
    classes = None if force or class_ < 0 else best[..., class_].trunc()       # a class is the whole part of its number
    stays = suppress(corners, alive, limit, classes, leading=True)
    first = front(stays)
    return ranked.gather(1, first), stays.gather(1, first)


def _reformatted(rows: Tensor, coords: int, old: Format, new: Format) -> Tensor:
    given = rows[..., coords:coords + 4]
    # MXNet hands the gradient of converted coordinates on as it is
    boxes = converted(given.detach(), old, new) + (given - given.detach())
    return torch.cat([rows[..., :coords], boxes, rows[..., coords + 4:]], -1)
