# SPDX-License-Identifier: Apache-2.0
"""Names for symbols that are given none: `fullyconnected0`, `fullyconnected1`, ..."""
from __future__ import annotations

from ._old_names import lend
from ._scoped import Scoped
from .base import MXNetAssertionError, MXNetTypeError, classproperty, with_metaclass

__all__ = ["NameManager", "Prefix", "classproperty", "with_metaclass"]


class NameManager(metaclass=Scoped):
    """Counts the names handed out for each hint. In a `with` statement, names start anew inside.

    >>> import mxnet as mx
    >>> with mx.name.NameManager():
    ...     mx.sym.exp(mx.sym.Variable("a")).name
    'exp0'
    """

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}
        self._outer: NameManager | None = None

    def get(self, name: str | None, hint: str) -> str:
        """`name` if one is given, else `hint` with the next free number."""
        if name:
            if not isinstance(name, str):
                raise MXNetTypeError(f"a symbol's name is a string, not {name!r}")
            return name
        number = self._counter.get(hint, 0)
        self._counter[hint] = number + 1
        return f"{hint}{number}"

    def __enter__(self) -> NameManager:
        self._outer = NameManager.current
        NameManager.current = self
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._outer is None:
            raise MXNetAssertionError("this NameManager was not entered")
        NameManager.current = self._outer


class Prefix(NameManager):
    """Puts a prefix before every name, given or made.

    >>> import mxnet as mx
    >>> with mx.name.Prefix("net_"):
    ...     mx.sym.FullyConnected(mx.sym.Variable("x"), num_hidden=2, name="fc").name
    'net_fc'
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        return self._prefix + super().get(name, hint)


lend(__name__)
