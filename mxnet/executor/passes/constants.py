# SPDX-License-Identifier: Apache-2.0
"""Constants: what depends on no argument is computed once, when the program is made."""
from __future__ import annotations

from typing import Any

import torch
from torch import fx

from .facts import exposed, is_item, is_pure, node_of

_LARGEST = 1 << 24                     # bytes: larger constants are made anew, rather than kept as long as the program


def fold_constants(graph: fx.Graph, root: dict[str, object]) -> None:
    """Compute calls of pure operators without inputs, or on such constants, and put the values into `root`.

    Values that may reach the program's results, which belong to the user, are made anew in each run, and so are
    those for operators that change what they are given.

    >>> import mxnet as mx
    >>> x = mx.sym.Variable("x")
    >>> exe = (x + mx.sym.exp(mx.sym.ones((2,)))).simple_bind(mx.cpu(), x=(2,))
    >>> "exp(" in exe.debug_str()
    False
    """
    values: dict[fx.Node, Any] = {}
    kept = exposed(graph)
    for call in graph.nodes:
        if call not in kept and all(source in values for source in call.all_input_nodes):
            _compute(call, values)
    used = {call: _frontier(call, values) for call in values}
    for call, value in values.items():
        if used[call]:
            name = f"constant{len(root)}"
            root[name] = value
            with graph.inserting_before(call):
                constant = graph.get_attr(name)
            for user in used[call]:
                user.replace_input_with(call, constant)
    for call in reversed(list(values)):
        if not call.users:
            graph.erase_node(call)


def _compute(call: fx.Node, values: dict[fx.Node, Any]) -> None:
    node = node_of(call)
    if not is_item(call) and (node is None or not is_pure(node) or call.meta.get("keeps")):
        return
    arguments = fx.node.map_arg(call.args, values.__getitem__)
    try:
        with torch.no_grad():
            value = call.target(*arguments, **call.kwargs)         # type: ignore[operator]
    except Exception:                  # the run will tell, with the node's name
        return
    parts = value if isinstance(value, tuple) else (value,)
    if sum(part.nbytes for part in parts) <= _LARGEST:
        values[call] = value


def _frontier(call: fx.Node, values: dict[fx.Node, Any]) -> list[fx.Node]:
    """The users that take the constant, as a tensor, at run time."""
    if not isinstance(values[call], torch.Tensor):
        return []
    users = [user for user in call.users if user not in values]
    return [user for user in users if (node := node_of(user)) is not None and is_pure(node)]
