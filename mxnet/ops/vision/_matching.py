# SPDX-License-Identifier: Apache-2.0
"""Greedy matching of rows and columns: the best pair first, then the best of what is left."""
from __future__ import annotations

import torch
from torch import Tensor


def greedy_pairs(scores: Tensor, usable: Tensor) -> Tensor:
    """Which pairs, (batch, rows, columns), the greedy choice takes among the usable ones. Large scores are good; of
    equal ones the first in row order is best.

    A pair that is the best of its row and of its column is one that the greedy choice takes, whatever else there is.
    Such pairs are taken all at once, and their rows and columns leave, until there are none.
    """
    chosen = torch.zeros_like(usable)
    if not usable.numel():
        return chosen
    left = scores.masked_fill(~usable, float("-inf"))
    rows = torch.arange(scores.shape[1], device=scores.device).view(-1, 1)
    columns = torch.arange(scores.shape[2], device=scores.device)
    while True:
        best = (left.argmax(2, keepdim=True) == columns) & (left.argmax(1, keepdim=True) == rows)
        best &= left > float("-inf")
        if not best.any():
            return chosen
        chosen |= best
        left = left.masked_fill(best.any(1, keepdim=True) | best.any(2, keepdim=True), float("-inf"))
