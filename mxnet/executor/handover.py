# SPDX-License-Identifier: Apache-2.0
"""Gradients into the arrays that are to hold them, without a copy where nobody can tell.

A gradient that backward has just made belongs to nobody else, and an array that nothing shares memory with may as well
take that memory over. What is small is copied: that is cheaper than to find out.
"""
from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_LARGE = 1 << 15                       # elements


def store(targets: Sequence[tuple[int, Tensor]], values: Sequence[Tensor | None]) -> None:
    """Put `values[i]` into `target` (None: zeros) for each of the pairs (i, target), which have one shape.

    `values` is to be the only one that refers to what backward has made.
    """
    places: list[Tensor] = []
    copied: list[Any] = []
    for i, target in targets:
        value = values[i]
        if value is None:
            target.zero_()
        elif value is not target:      # else its operator has written it there
            large = is_large(value)
            del value                  # or it would be counted
            if not (large and _takes_over(target, values, i)):
                places.append(target)
                copied.append(values[i])
    if places:
        torch._foreach_copy_(places, copied)


def is_large(target: Tensor) -> bool:
    """Whether an array's gradient is to be handed over, or at least copied, for itself."""
    return target.numel() >= _LARGE


def hand_over(target: Tensor, value: Tensor | None) -> Tensor:
    """Put a gradient (None: zeros) into `target`, by its memory if only the caller, in a variable, refers to it."""
    if value is None:
        return target.zero_()
    if value is not target and not (sys.getrefcount(value) <= _REFERENCES_OF_ARGUMENT and _gives(target, value)):
        target.copy_(value)
    return target


def _takes_over(target: Tensor, values: Sequence[Tensor | None], i: int) -> bool:
    """Give the memory of `values[i]` to `target`, if no other tensor or array uses the memory of one of them."""
    if sys.getrefcount(values[i]) > _REFERENCES:
        return False
    value = values[i]
    assert value is not None
    return _gives(target, value)


def _gives(target: Tensor, value: Tensor) -> bool:
    if value.dtype is not target.dtype or value.device != target.device or not value.is_contiguous():
        return False
    if _users(value) > _USERS or _users(target) > _USERS or value.untyped_storage().nbytes() != value.nbytes:
        return False
    target.set_(value)                        # type: ignore[call-overload]
    return True


def shares_memory(tensor: Tensor) -> bool:
    """Whether another tensor uses this one's memory."""
    return _users(tensor) > _USERS


def _users(tensor: Tensor) -> int:
    """How many use a tensor's memory, this function included."""
    storage = tensor.untyped_storage()
    return torch._C._storage_Use_Count(storage._cdata)


def _references(values: Sequence[Tensor | None], i: int) -> int:
    return sys.getrefcount(values[i])


def _references_of_argument(target: Tensor | None, value: Tensor) -> int:
    return sys.getrefcount(value)


def _call_with_variable() -> int:
    value = torch.empty(1)
    return _references_of_argument(None, value)


_REFERENCES = _references((torch.empty(1),), 0)       # of a value that only its sequence refers to
_USERS = _users(torch.empty(1))                       # of memory that only one tensor uses
_REFERENCES_OF_ARGUMENT = _call_with_variable()       # of a value that only a variable of the caller's refers to
