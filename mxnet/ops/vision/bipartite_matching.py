# SPDX-License-Identifier: Apache-2.0
"""_contrib_bipartite_matching: pairs of rows and columns, best score first."""
from __future__ import annotations

import torch
from torch import Tensor

from ..infer import show
from ..nn.loss_heads import refuse_integers
from ..params import Params
from ..registry import OperatorError, op
from ._matching import greedy_pairs


@op("_contrib_bipartite_matching", outputs=("output0", "output1"))
def bipartite_matching(data: Tensor, *, is_ascend: bool = False, threshold: float,
                       topk: int = -1) -> tuple[Tensor, Tensor]:
    """Greedy matching: the pair with the best score first, then the best of the rows and columns that are left.

    Parameters
    ----------
    data : scores, (..., rows, columns), floating; of equal ones the first in row order is best
    is_ascend : whether small scores are good
    threshold : only scores above it match (below it with `is_ascend`)
    topk : positive: stop once more than that many pairs are found, as MXNet 1.9.1 counts; else no limit

    The outputs are, for each row, (..., rows), its column, and for each column, (..., columns), its row; -1 where there
    is none. No gradient. Source: MXNet operator `_contrib_bipartite_matching`.

    >>> import mxnet as mx
    >>> scores = mx.nd.array([[0.5, 0.6], [0.1, 0.2], [0.3, 0.4]])
    >>> [x.asnumpy().tolist() for x in mx.nd.contrib.bipartite_matching(scores, threshold=1e-12)]
    [[1.0, -1.0, 0.0], [2.0, 0.0]]
    """
    refuse_integers(data)
    if data.ndim < 2:
        raise OperatorError(f"data is {show(tuple(data.shape))}, but needs to be (..., rows, columns)")
    *lead, rows, columns = data.shape
    if data.is_meta or not data.numel():
        return data.new_full((*lead, rows), -1.0), data.new_full((*lead, columns), -1.0)
    scores = data.detach().reshape(-1, rows, columns)
    chosen = greedy_pairs(-scores if is_ascend else scores, scores < threshold if is_ascend else scores > threshold)
    if topk > 0:
        taken = scores.masked_fill(~chosen, float("inf") if is_ascend else float("-inf")).flatten(1)
        order = taken.sort(dim=1, descending=not is_ascend, stable=True).indices
        chosen = chosen & torch.zeros_like(chosen).flatten(1).scatter_(1, order[:, :topk + 1], True).view(chosen.shape)
    column_of, row_of = _partners(chosen, 2).to(data.dtype), _partners(chosen, 1).to(data.dtype)
    return column_of.view(*lead, rows), row_of.view(*lead, columns)


def _partners(chosen: Tensor, axis: int) -> Tensor:
    """The index of the chosen one along an axis, -1 without one."""
    return torch.where(chosen.any(axis), chosen.byte().argmax(axis), -1)


@bipartite_matching.shape
def _(params: Params, data):
    if len(data) < 2:
        raise OperatorError(f"data is {show(data)}, but needs to be (..., rows, columns)")
    return {"out": [data[:-1], (*data[:-2], data[-1])]}
