# SPDX-License-Identifier: Apache-2.0
"""A backward pass that tells of each gradient when it is complete, while it goes on with the others.

Distributed training sends gradients of the last layers while those of the first are computed. The direct backward
program is copied, with a call behind each gradient; on the tape, hooks of the leaves do the same.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import fx

from .direct import DirectPair

Tell = Callable[[int, torch.Tensor], None]         # number of the wanted variable, its gradient

_made: WeakKeyDictionary[DirectPair, fx.GraphModule] = WeakKeyDictionary()


def backward(pair: DirectPair, tell: Tell, *arguments: Any) -> tuple[Any, ...]:
    """Run a pair's backward program on its arguments, telling of each gradient."""
    module = _made.get(pair)
    if module is None:
        module = _made[pair] = _announcing(pair.module.graph)
    return module.forward(*arguments, tell)


def _announcing(source: fx.Graph) -> fx.GraphModule:
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    results = graph.graph_copy(source, copies)
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    with graph.inserting_before(next(node for node in graph.nodes if node.op != "placeholder")):
        tell = graph.placeholder("tell")
    graph.output(results)
    for number, value in enumerate(results if isinstance(results, (tuple, list)) else ()):
        if isinstance(value, fx.Node):
            with graph.inserting_after(tell if value in placeholders else value):
                graph.call_function(_told, (tell, number, value))
    return fx.GraphModule(torch.nn.Module(), graph)


def _told(tell: Tell, number: int, value: torch.Tensor | None) -> None:
    if value is not None:
        tell(number, value)


@contextmanager
def hooked(leaves: Sequence[torch.Tensor], tell: Tell) -> Iterator[None]:
    """Tell of the gradients of leaves of the tape, for as long as the context lasts."""
    def hook(number: int) -> Callable[[torch.Tensor], None]:
        return lambda value: tell(number, value)
    handles = [leaf.register_hook(hook(number)) for number, leaf in enumerate(leaves)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
