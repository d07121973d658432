# SPDX-License-Identifier: Apache-2.0
"""Nested lists of arrays or symbols, as control flow takes and returns them: to a flat list and back."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .base import MXNetAssertionTypeError

Form = Any           # None for a leaf, else a list of forms


def flatten(value: Any, kind: type, what: str) -> tuple[list[Any], Form]:
    """The leaves in order, and how they are nested. Raises TypeError for a leaf that is no `kind`."""
    if isinstance(value, kind):
        if getattr(value, "num_outputs", 1) > 1:           # a symbol of several outputs counts as the list of them
            return flatten(list(value), kind, what)        # type: ignore[call-overload]
        return [value], None
    if not isinstance(value, (list, tuple)):
        raise MXNetAssertionTypeError(f"{what}: a {kind.__name__}, or a (nested) list of them, is needed, "
                                      f"not {value!r} ({type(value).__name__})")
    flat: list[Any] = []
    forms = []
    for item in value:
        leaves, form = flatten(item, kind, what)
        flat += leaves
        forms.append(form)
    return flat, forms


def regroup(flat: Sequence[Any], form: Form) -> Any:
    """The inverse of `flatten`; tuples have become lists."""
    return _regroup(iter(flat), form)


def _regroup(items: Iterator[Any], form: Form) -> Any:
    return next(items) if form is None else [_regroup(items, inner) for inner in form]
