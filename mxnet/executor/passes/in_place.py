# SPDX-License-Identifier: Apache-2.0
"""Inference: element-wise operators write into their input where nothing else will read it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx

from ...symbol.graph import Node
from .facts import is_fresh, node_of

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_, "sigmoid": torch.sigmoid_, "tanh": torch.tanh_}


def reuse_memory(graph: fx.Graph) -> None:
    """Replace calls of activations and sums by those that overwrite."""
    for call in graph.nodes:
        node = node_of(call)
        if node is None or node.op is None:
            continue
        kind = _activation(node)
        if kind is not None and _is_free(call.args[0], call):
            call.target, call.kwargs = _overwriting(kind, call.target, dict(call.kwargs)), {}
        elif node.op.name == "elemwise_add":
            free = [value for value in call.args if _is_free(value, call)]
            if free and call.args[0] is not call.args[1]:
                other = call.args[1] if free[0] is call.args[0] else call.args[0]
                call.target, call.args = _add, (free[0], other)


def _activation(node: Node) -> Callable[[Tensor], Tensor] | None:
    assert node.op is not None
    return _ACTIVATIONS.get(node.params.act_type if node.op.name == "Activation" else node.op.name)


def _overwriting(overwrite: Callable[[Tensor], Tensor], original: Any, params: dict[str, Any]) -> Any:
    def call(data: Tensor) -> Tensor:                    # whole numbers are refused, or converted
        return overwrite(data) if data.is_floating_point() else original(data, **params)
    call.__name__ = call.__qualname__ = overwrite.__name__
    call.__module__ = "mxnet.ops"
    return call


def _add(data: Tensor, other: Tensor) -> Tensor:
    return data.add_(other)


def _is_free(value: Any, user: fx.Node) -> bool:
    return is_fresh(value) and list(value.users) == [user]
