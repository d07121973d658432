# SPDX-License-Identifier: Apache-2.0
"""Running a program node by node: for monitors, for finding what failed, for the NaN check and the profiler.

It runs the same fx graph as the compiled code, so that the normal path pays nothing for any of them.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from torch import fx

from .._nan_check import Call
from .._watching import watching
from ..symbol.graph import Node
from .gradients import Gradients

Show = Callable[[Node, Sequence[Any], Sequence[Any]], None]


class Watch(fx.Interpreter):
    """Shows each operator's inputs and outputs; `current` is the node that runs, with its inputs.

    With `gradients`, what operators do in backward is seen there.
    """

    def __init__(self, module: fx.GraphModule, show: Show | None = None, gradients: Gradients | None = None) -> None:
        super().__init__(module)
        self.gradients = gradients
        self.extra_traceback = False               # errors are explained elsewhere
        self.show = show
        self.current: tuple[Node, Sequence[Any]] | None = None
        self._node: fx.Node | None = None

    def start(self, *arguments: Any) -> tuple[Any, ...]:
        """Run the program."""
        return self.run(*arguments, enable_io_processing=False)

    def run_node(self, n: fx.Node) -> Any:
        self._node = n
        return super().run_node(n)

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        assert self._node is not None
        meta = self._node.meta
        node = meta.get("node")
        if node is None:
            return super().call_function(target, args, kwargs)
        label = ("_backward_" if meta.get("backward") else "") + node.op.name
        with watching.profile(label, node.name) if watching.profile is not None else nullcontext():
            if meta.get("backward"):
                return target(*args, **kwargs)
            return self.apply(node, target, args, kwargs)

    def apply(self, node: Node, target: Any, args: Any, kwargs: Any) -> Any:
        """Run one operator of the forward pass."""
        self.current = (node, args)
        if self.gradients is None:
            result = target(*args, **kwargs)
        else:
            result = target(*self.gradients.inputs(node, args), **kwargs)
            self.gradients.results(node, several(result))
        if self.show is not None:
            self.show(node, args, several(result))
        return result


class Hunt(Watch):
    """Looks for the first operator that produces a NaN or an infinity: in forward, and, on the tape, in backward."""

    def apply(self, node: Node, target: Any, args: Any, kwargs: Any) -> Any:
        call = Call(node.where(), _inputs(node, args))
        result = super().apply(node, target, call.tensors, kwargs)
        call.check(list(zip(node.output_names(), several(result)[:node.visible_count()])))
        return result


def several(result: Any) -> Sequence[Any]:
    """The outputs of an operator as a sequence."""
    return result if isinstance(result, tuple) else (result,)


def _inputs(node: Node, values: Sequence[Any]) -> list[tuple[str, Any]]:
    """Inputs with their names, and where they come from."""
    named = []
    for name, (source, index), value in zip(node.input_names(), node.inputs, values):
        named.append((f"{name} ({source.output_names()[index]})", value))
    return named
