# SPDX-License-Identifier: Apache-2.0
"""From a symbol to straight-line code: the graph as a `torch.fx` graph of kernel calls.

torch.fx writes the code, which calls each kernel with its parameters in place and drops every value after its last
use. The code does not depend on the batch size, so that executors of all shapes of one symbol share it.
"""
from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import fx

from ..context import Context
from ..ops.infer import sized
from ..ops.registry import Operator
from ..symbol.graph import Entry, Node, topological
from . import passes

_PLAIN = (int, float, bool, str, type(None), torch.dtype)


class Program:
    """A lowered symbol. `run(*variables, rng)` gives the outputs as a tuple of tensors.

    Attributes
    ----------
    variables : the nodes whose arrays `run` takes, in order
    keeping : nodes that run their operator's keeping kernel; what these keep follows the outputs, in that order
    outlines : values whose outlines (shape and dtype) come after that
    needs_rng : whether some operator draws random numbers
    module : the fx module, for printing (`module.code`) and for watching node by node

    With `improve` the passes (see `passes`) are run; without, each node of the symbol has its call.
    """

    def __init__(self, outputs: Sequence[Entry], *, train: bool, taped: bool, device: torch.device,
                 groups: Mapping[str, Context], shapes: Mapping[int, Any], keeping: Sequence[Node] = (),
                 outlines: Sequence[Entry] = (), improve: bool = True) -> None:
        order = topological(outputs)
        self.variables = [node for node in order if node.op is None]
        lowering = _Lowering(train, taped, device, groups, shapes, keeping)
        graph = lowering.build(order, outputs, outlines)
        self.needs_rng = lowering.needs_rng
        constants: dict[str, Any] = {}
        if improve:
            passes.improve(graph, constants, train)
        self.module = fx.GraphModule(constants, graph)
        self.run: Callable[..., tuple[torch.Tensor, ...]] = self.module.forward


class _Lowering:
    def __init__(self, train: bool, taped: bool, device: torch.device, groups: Mapping[str, Context],
                 shapes: Mapping[int, Any], keeping: Sequence[Node]) -> None:
        self.train, self.taped, self.device, self.groups, self.shapes = train, taped, device, groups, shapes
        self.keeping, self.kept = keeping, dict.fromkeys(map(id, keeping))
        self.graph = fx.Graph()
        self.values: dict[int, Any] = {}             # id of a node -> fx node, or tuple of them
        self.places: dict[int, torch.device] = {}    # id of a node -> where its outputs are
        self.needs_rng = False

    def build(self, order: Sequence[Node], outputs: Sequence[Entry], outlines: Sequence[Entry]) -> fx.Graph:
        for node in order:
            if node.op is None:
                self.values[id(node)] = self.graph.placeholder(_identifier(len(self.values), node.name))
                self.places[id(node)] = self._device(node)
        self.rng = self.graph.placeholder("rng")
        for node in order:
            if node.op is not None:
                self._apply(node)
        results = [self._value(*entry) for entry in outputs]
        sketches = [self._outline(self._value(*entry)) for entry in outlines]
        self.graph.output((*results, *[self.kept[id(node)] for node in self.keeping], *sketches))
        return self.graph

    def _outline(self, value: fx.Node) -> fx.Node:
        with self.graph.inserting_after(value):        # so that the value itself may go
            return self.graph.call_function(outline, (value,))

    def _device(self, node: Node) -> torch.device:
        group = node.attrs.get("__ctx_group__", "")
        return self.groups[group].device if group in self.groups else self.device

    def _value(self, node: Node, index: int) -> Any:
        value = self.values[id(node)]
        if not isinstance(value, _Several):
            return value
        return value.item(self.graph, index)

    def _apply(self, node: Node) -> None:
        assert node.op is not None
        place = self._device(node)
        inputs = []
        for source, index in node.inputs:
            value = self._value(source, index)
            if self.places[id(source)] != place:
                value = self.graph.call_method("to", (value, place))
            inputs.append(value)
        target, params = self._target(node)
        asks: dict[str, Any] = {}
        for name, what in node.op.asks.items():
            asks[name] = self.train if what == "is_train" else place if what == "device" else self.rng
            self.needs_rng |= what == "rng"
        made = self.graph.call_function(target, tuple(inputs), {**params, **asks})
        made.meta.update(node=node, place=place, keeps=id(node) in self.kept,
                         sized=None if node.inputs else self.shapes.get(id(node)))
        if id(node) in self.kept:
            self.kept[id(node)] = self.graph.call_function(operator.getitem, (made, 1))
            made = self.graph.call_function(operator.getitem, (made, 0))
        self.places[id(node)] = place
        self.values[id(node)] = made if node.output_count() == 1 else _Several(made)

    def _target(self, node: Node) -> tuple[Callable[..., Any], dict[str, Any]]:
        """What to call, and the parameters to write into the call."""
        op, params = node.op, node.params
        assert op is not None and params is not None
        custom = self.taped and op.grad_rule is not None
        if not node.inputs and id(node) in self.shapes:
            params = sized(op, params, self.shapes[id(node)]) or params
        plain = all(_is_plain(value) for value in params.values())
        in_order = op.schema.variadic or node.input_names() == [i.name for i in op.schema.inputs[:len(node.inputs)]]
        kernel = op.keeping_kernel if id(node) in self.kept else op.kernel
        assert kernel is not None
        if plain and in_order and not custom and _has_name(kernel):
            return kernel, dict(params)
        count = len(node.inputs)
        return _named(op.differentiable(params, count) if custom else op.prepare(params, count, kernel), op), {}


def outline(value: torch.Tensor) -> torch.Tensor:
    """A tensor like it that takes no memory."""
    return value.new_empty(()).expand(value.shape)


def _identifier(number: int, name: str) -> str:
    """An argument name for a variable, whose own name may hold anything (`a-0`, `x:0`, `class`)."""
    return f"v{number}_" + "".join(char if char.isascii() and char.isalnum() else "_" for char in name)


class _Several:
    """The outputs of a node with more than one: picked out where they are used."""

    def __init__(self, made: fx.Node) -> None:
        self.made = made
        self.items: dict[int, fx.Node] = {}

    def item(self, graph: fx.Graph, index: int) -> fx.Node:
        if index not in self.items:
            with graph.inserting_after(self.made):
                self.items[index] = graph.call_function(operator.getitem, (self.made, index))
        return self.items[index]


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if isinstance(value, tuple) else \
        isinstance(value, _PLAIN) and not (isinstance(value, float) and value != value)


def _has_name(kernel: Any) -> bool:
    return hasattr(kernel, "__name__") and kernel.__name__.isidentifier() and hasattr(kernel, "__module__")


def _named(function: Callable[..., Any], op: Operator) -> Callable[..., Any]:
    """A function object that the code writer can name after its operator."""
    def call(*tensors: Any, **asks: Any) -> Any:
        return function(*tensors, **asks)
    call.__name__ = call.__qualname__ = op.name.strip("_") or op.name
    call.__module__ = "mxnet.ops"
    return call
