# SPDX-License-Identifier: Apache-2.0
"""Attributes for all symbols made inside a `with` statement."""
from __future__ import annotations

from ._old_names import lend
from ._scoped import Scoped
from .base import MXNetAssertionError, MXNetValueError, classproperty, string_types, with_metaclass

__all__ = ["AttrScope", "classproperty", "string_types", "with_metaclass"]


class AttrScope(metaclass=Scoped):
    """Attributes (strings) that symbols made inside get, unless given their own.

    >>> import mxnet as mx
    >>> with mx.AttrScope(ctx_group="dev1"):
    ...     mx.sym.Variable("a").attr("ctx_group")
    'dev1'
    """

    def __init__(self, **kwargs: str) -> None:
        for key, value in kwargs.items():
            if not isinstance(value, str):
                raise MXNetValueError(f"Attributes need to be string: {key}={value!r}")
        self._attr = kwargs
        self._outer: list[AttrScope] = []

    def get(self, attr: dict[str, str] | None) -> dict[str, str]:
        """The scope's attributes, with those of `attr` over them."""
        if not self._attr:
            return attr if attr else {}
        return {**self._attr, **attr} if attr else dict(self._attr)

    def __enter__(self) -> AttrScope:
        outer = AttrScope.current
        self._outer.append(outer)
        merged = AttrScope()
        merged._attr = {**outer._attr, **self._attr}
        AttrScope.current = merged
        return self

    def __exit__(self, *exc_info: object) -> None:
        if not self._outer:
            raise MXNetAssertionError("this AttrScope was not entered")
        AttrScope.current = self._outer.pop()


lend(__name__)
