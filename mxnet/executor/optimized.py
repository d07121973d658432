# SPDX-License-Identifier: Apache-2.0
"""The graph that `Executor.get_optimized_symbol` shows: the symbol that is bound, with equal nodes made one.

Programs for prediction are made better in more ways than a symbol can say (`passes`); of those, this is the one that
MXNet shows, too, unless MXNET_ELIMINATE_COMMON_EXPR is 0 when the symbol is bound.
"""
from __future__ import annotations

import os
from typing import Any

from ..symbol.graph import Node
from ..symbol.symbol import Symbol
from .passes.facts import is_pure

__all__ = ["merged", "shows_merged"]


def shows_merged() -> bool:
    """Whether executors that are made now show equal nodes as one."""
    return os.environ.get("MXNET_ELIMINATE_COMMON_EXPR", "1") != "0"


def merged(symbol: Symbol) -> Symbol:
    """The symbol with one node in place of several that compute the same; outputs keep a node each, and their names.

    >>> import mxnet as mx
    >>> from mxnet.executor.optimized import merged
    >>> x = mx.sym.Variable("x")
    >>> merged(mx.sym.exp(x, name="e") + mx.sym.exp(x)).get_internals().list_outputs()[:2]
    ['x', 'e_output']
    """
    kept = {id(node) for node, _ in symbol._outputs}
    new: dict[int, Node] = {}
    first: dict[Any, Node] = {}
    for node in symbol._nodes:
        inputs = [(new[id(source)], index) for source, index in node.inputs]
        fresh = node
        if any(ours is not theirs for (ours, _), (theirs, _) in zip(inputs, node.inputs)):
            fresh = Node(node.op, node.name, node.attrs, inputs, node.line, node.params, node.subgraphs, node.after)
        if id(node) not in kept and node.inputs and not node.after and is_pure(node):
            key = node.op, tuple(sorted(node.attrs.items())), tuple((id(source), index) for source, index in inputs)
            fresh = first.setdefault(key, fresh)
        new[id(node)] = fresh
    return Symbol([(new[id(node)], index) for node, index in symbol._outputs])
