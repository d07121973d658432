# SPDX-License-Identifier: Apache-2.0
"""Functions of two arrays, of arrays that are broadcast, and of an array and a scalar: one table for all of them.

A row of PAIRS makes `elemwise_add` (or `_maximum`), `broadcast_add` and `_plus_scalar` (and `_rminus_scalar` the other
way round), so that what an operation does with whole numbers, zeros and NaN is said once.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .families import PairGradient, binary, broadcast, no_gradient, pair_gradient, scalar
from .numbers import real_pair

Function = Callable[[Tensor, Tensor], Tensor]


# ---- what is computed -----------------------------------------------------------------------------------------------

def _div(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.div(lhs, rhs) if lhs.is_floating_point() else torch.div(lhs, rhs, rounding_mode="trunc")


def _mod(lhs: Tensor, rhs: Tensor) -> Tensor:
    zero = rhs == 0
    if lhs.is_floating_point():
        return torch.remainder(lhs, rhs).masked_fill(zero, 0)
    return torch.remainder(lhs, rhs.masked_fill(zero, 1))


def _room(like: Tensor) -> Tensor:
    """An empty tensor for `out=`: a comparison writes zeros and ones of this dtype right away."""
    return torch.empty(0, dtype=like.dtype, device=like.device)
