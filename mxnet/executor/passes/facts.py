# SPDX-License-Identifier: Apache-2.0
"""What passes ask about the calls of a program."""
from __future__ import annotations

import operator
from typing import Any

from torch import fx

from ...symbol.graph import Node

_OUTSIDE = frozenset(["_cvimread"])    # what these give depends on files


def node_of(value: Any) -> Node | None:
    """The symbol's node that a call runs."""
    return value.meta.get("node") if isinstance(value, fx.Node) else None


def is_item(value: Any) -> bool:
    """Whether a call picks one output out of several."""
    return isinstance(value, fx.Node) and value.target is operator.getitem


def is_pure(node: Node) -> bool:
    """Whether a node gives equal results for equal inputs and changes nothing.

    That rules out random numbers, auxiliary states, files, a user's own code, and gradients that do not grow with the
    head gradient, as those of losses.
    """
    op = node.op
    assert op is not None
    return not (op.name in _OUTSIDE or op.aux_names or op.varying_aux or op.open_params or node.subgraphs or op.loss
                or op.is_loss(node.params) or "rng" in op.asks.values())


def is_fresh(value: Any) -> bool:
    """Whether a value has memory of its own, which nothing but its users reads."""
    if is_item(value):
        value, number = value.args
        if number != 0:
            return False
    node = node_of(value)
    return node is not None and not (node.op.alias or node.op.varying_aux or node.op.open_params  # type: ignore
                                     or node.subgraphs)


def exposed(graph: fx.Graph) -> set[fx.Node]:
    """The values whose memory the program's results may share."""
    found: set[fx.Node] = set()
    output = next(iter(reversed(graph.nodes)))
    waiting = list(output.all_input_nodes)
    while waiting:
        value = waiting.pop()
        if value in found:
            continue
        found.add(value)
        if not is_fresh(value):
            waiting += value.all_input_nodes
    return found
