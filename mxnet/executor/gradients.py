# SPDX-License-Identifier: Apache-2.0
"""What a monitor sees of backward: what each operator adds to the gradients of its inputs, and the sums of these.

The operators run on aliases of their inputs, whose hooks on the tape tell what one operator adds; hooks on results
that are used several times tell the sums. Names and order are MXNet's: `fc1_backward_output0`, ..., and
`sum_grad_output` for a sum, before what it is passed on to. Nothing is kept: values are told as soon as the tape has
them.
"""
from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..symbol.graph import Entry, Node
from ..symbol.traits import gradient_names

Tell = Callable[[str, Tensor], None]
Zeros = Callable[[], Tensor]


class Gradients:
    """One run forward, with hooks, and the backward after it: `tell(name, gradient)` is called in that one."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[Entry], tell: Tell) -> None:
        self._tell = tell
        self._uses = Counter((id(source), index) for source, index in outputs)
        for node in nodes:
            self._uses.update((id(source), index) for source, index in node.inputs)
        self._came: Counter[tuple[int, int]] = Counter()
        self._node: Node | None = None               # what the gradients in `_held` are from
        self._held: dict[int, Tensor | Zeros] = {}

    def inputs(self, node: Node, values: Sequence[Any]) -> tuple[Any, ...]:
        """The tensors to run an operator on."""
        return tuple([self._alias(node, number, value) if isinstance(value, Tensor) and value.requires_grad else value
                      for number, value in enumerate(values)])

    def _alias(self, node: Node, number: int, value: Tensor) -> Tensor:
        alias = value.view_as(value)
        zeros = functools.partial(torch.zeros, value.shape, dtype=value.dtype, device=value.device)
        alias.register_hook(functools.partial(self._part, node, number, zeros))
        return alias

    def results(self, node: Node, values: Sequence[Any]) -> None:
        """Take the results of an operator, before others use them."""
        for index, value in enumerate(values):
            if self._uses[id(node), index] > 1 and isinstance(value, Tensor) and value.requires_grad:
                value.register_hook(functools.partial(self._sum, (id(node), index)))

    def variable(self, node: Node, value: Tensor) -> Tensor:
        """The tensor to run on in the place of a leaf."""
        if self._uses[id(node), 0] < 2:
            return value
        alias = value.view_as(value)
        self.results(node, [alias])
        return alias

    def begin(self, outputs: Sequence[Entry], heads: Sequence[Tensor | None]) -> None:
        """Backward begins with these head gradients, None for losses."""
        self._came.clear()
        for number, ((node, index), head) in enumerate(zip(outputs, heads)):
            if head is not None:
                self._came[id(node), index] += 1
                self._tell(f"_head_grad_{number}_id_output", head)

    def end(self) -> None:
        """Backward is done, or one operator of it: tell what is held."""
        node, held, self._node, self._held = self._node, self._held, None, {}
        if node is None or not any(isinstance(grad, Tensor) for grad in held.values()):
            return                                   # nothing comes through, as below BlockGrad
        names = gradient_names(node)
        for number, grad in sorted(held.items()):
            if number < len(names):
                self._tell(names[number], grad if isinstance(grad, Tensor) else grad())

    def _part(self, node: Node, number: int, zeros: Zeros, grad: Tensor | None) -> None:
        """The tape has what `node` adds to the gradient of one of its inputs."""
        if node is not self._node:
            self.end()
            self._node = node
        self._held[number] = zeros if grad is None else grad
        source, index = node.inputs[number]
        self._came[id(source), index] += grad is not None

    def _sum(self, entry: tuple[int, int], grad: Tensor | None) -> None:
        """The tape has the gradient of what is used several times."""
        self.end()
        if self._came[entry] > 1 and grad is not None:
            self._tell("sum_grad_output", grad)
