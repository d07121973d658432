# SPDX-License-Identifier: Apache-2.0
"""A recorded computation as a symbol: `mx.autograd.get_symbol`.

Recorded arrays remember the step that made them, and a step where its inputs came from. Here these become nodes.
"""
from __future__ import annotations

from typing import Any

from .base import MXNetError
from .name import NameManager
from .ops.params import attr_text
from .symbol import Symbol
from .symbol.graph import Entry, Node


def symbol_of(source: Any) -> Symbol:
    """The symbol for where an array comes from: a (step, output) or a variable. Raises MXNetError for None."""
    if source is None:
        raise MXNetError("get_symbol: the array is neither a variable nor the result of a recorded computation")
    return Symbol([_Builder().entry(source)])


class _Builder:
    """Makes a node for each step once; iterative, since recorded chains can be long."""

    def __init__(self) -> None:
        self.made: dict[int, Node] = {}
        self.names: dict[str, int] = {"var": 0, "null": 0}

    def entry(self, source: Any) -> Entry:
        stack = [source]
        while stack:
            if self._ready(stack[-1]):
                stack.pop()
                continue
            step = stack[-1][0]
            waiting = [one for one in step.inputs if not self._ready(one)]
            if waiting:
                stack.extend(reversed(waiting))
            else:
                stack.pop()
                self.made[id(step)] = self._node(step)
        return self._entry(source)

    def _ready(self, source: Any) -> bool:
        if not isinstance(source, tuple):
            return True
        if source[0] is None:
            raise MXNetError("get_symbol: an index, an assignment or a Function of the user's took part in the "
                             "computation, and symbols have no operator for it")
        return id(source[0]) in self.made

    def _entry(self, source: Any) -> Entry:
        if isinstance(source, tuple):
            return self.made[id(source[0])], source[1]
        if source is None:
            return self._variable("null"), 0
        if id(source) not in self.made:
            self.made[id(source)] = self._variable("var")
        return self.made[id(source)], 0

    def _variable(self, kind: str) -> Node:
        name, self.names[kind] = f"{kind}{self.names[kind]}", self.names[kind] + 1
        return Node(None, name, {}, [])

    def _node(self, step: Any) -> Node:
        given = {key: value for key, value in step.params.items()
                 if key in step.op.params and value != step.op.params[key].default}
        attrs = {key: attr_text(value) for key, value in given.items() if value is not None}
        return Node(step.op, NameManager.current.get(None, step.op.name.lower()), attrs,
                    [self._entry(one) for one in step.inputs], None, step.params)
