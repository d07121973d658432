# SPDX-License-Identifier: Apache-2.0
"""Common subexpressions: of calls of one pure operator on the same values with the same parameters, one remains."""
from __future__ import annotations

from typing import Any

from torch import fx

from .facts import exposed, is_item, is_pure, node_of


def merge_equal(graph: fx.Graph) -> None:
    """Let the users of a repeated call use the first.

    Calls whose memory may reach the program's results stay: results do not share memory.

    >>> import mxnet as mx
    >>> x = mx.sym.Variable("x")
    >>> exe = (mx.sym.exp(x) + mx.sym.exp(x)).simple_bind(mx.cpu(), x=(2,))
    >>> exe.debug_str().count("exp(")
    1
    """
    known: dict[Any, fx.Node] = {}
    kept = exposed(graph)
    for value in list(graph.nodes):
        key = _key(value)
        if key is None or value in kept:
            continue
        first = known.setdefault(key, value)
        if first is not value:
            value.replace_all_uses_with(first)
            graph.erase_node(value)


def _key(value: fx.Node) -> Any:
    if is_item(value):
        return "item", value.args
    node = node_of(value)
    if node is None or value.meta.get("keeps") or not is_pure(node):
        return ("to", value.args) if value.op == "call_method" and value.target == "to" else None
    key = node.op, node.params, value.args, value.meta.get("sized"), value.meta.get("place")
    try:
        hash(key)
    except TypeError:
        return None
    return key
