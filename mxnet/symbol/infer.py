# SPDX-License-Identifier: Apache-2.0
"""Inference of shapes and dtypes over a graph: sweeps of one-node steps, forward and backward, to a fixpoint."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..base import MXNetError
from ..dtype import FROM_CODE, NAME
from ..ops.infer import Conflict, complete, show, step_dtypes, step_shapes
from ..ops.params import decoder
from ..ops.registry import OperatorError, is_final
from .graph import Node

TUPLE = decoder(tuple[int, ...])     # reads a shape out of text
Facts = dict[int, list[Any]]         # id of a node -> what is known of each of its outputs


class InferenceError(OperatorError):
    """Shapes or dtypes that do not fit together: names the node, what is given and what is needed."""


def infer_shapes(order: list[Node], known: Mapping[str, Any]) -> Facts:
    """All shapes in a graph that follow from those of the named variables. Sizes that stay unknown are None.

    `order` is all of its nodes, inputs first.
    """
    facts: Facts = {}
    for node in order:
        facts[id(node)] = [None] * node.output_count()
        if node.op is None:
            facts[id(node)] = [known[node.name] if node.name in known else _declared_shape(node)]
    return _fixpoint(order, facts, step_shapes, complete, show)


def infer_dtypes(order: list[Node], known: Mapping[str, torch.dtype]) -> Facts:
    """All dtypes in a graph that follow from those of the named variables; None where nothing says. As above."""
    facts: Facts = {}
    for node in order:
        facts[id(node)] = [None] * node.output_count()
        if node.op is None:
            facts[id(node)] = [known[node.name] if node.name in known else _declared_dtype(node)]
    return _fixpoint(order, facts, step_dtypes, lambda kind: kind is not None, lambda k: NAME.get(k, "unknown"))


def from_user(shape: Any) -> tuple[int | None, ...] | None:
    """A shape in MXNet's form (0 or -1 for an unknown size, () for an unknown rank) as a partial shape."""
    if shape is None:
        return None
    if isinstance(shape, int):
        shape = (shape,)
    sizes = tuple([int(size) for size in shape])
    return tuple([size if size > 0 else None for size in sizes]) if sizes else None


def to_user(shape: Any) -> tuple[int, ...]:
    """A partial shape in MXNet's form."""
    return () if shape is None else tuple([0 if size is None else size for size in shape])


def _declared_shape(node: Node) -> Any:
    text = node.attrs.get("__shape__")
    if text is None:
        return None
    try:
        return from_user(TUPLE(text))
    except (ValueError, TypeError, OverflowError):
        raise InferenceError(f"{node.where()}: __shape__ is {text!r:.80}, expected sizes such as (2, 3)") from None


def _declared_dtype(node: Node) -> torch.dtype | None:
    text = node.attrs.get("__dtype__")
    if text is None or text == "-1":
        return None
    try:
        return FROM_CODE[int(text)]
    except (ValueError, KeyError):
        raise InferenceError(f"{node.where()}: __dtype__ is {text!r:.80}, "
                             f"expected one of the codes {', '.join(map(str, FROM_CODE))}") from None


def _fixpoint(order: list[Node], facts: Facts, step: Callable[..., Any], is_complete: Callable[[Any], bool],
              text: Callable[[Any], str]) -> Facts:
    pending = [node for node in order if node.op is not None]
    names = {id(node): node.input_names() for node in pending}
    while pending:
        changed = False
        rest = []
        for node in pending:
            before = [facts[id(source)][index] for source, index in node.inputs], facts[id(node)]
            ins, outs = _step(node, names[id(node)], before, step, text)
            if ins != before[0] or outs != before[1]:
                changed = True
                for (source, index), value in zip(node.inputs, ins):
                    facts[id(source)][index] = value
                facts[id(node)] = outs
            if not (all(map(is_complete, ins)) and all(map(is_complete, outs))):
                rest.append(node)
        if not changed:
            break
        rest.reverse()                               # what is left runs the other way next time
        pending = rest
    return facts


def _step(node: Node, names: list[str], before: tuple[list[Any], list[Any]], step: Callable[..., Any],
          text: Callable[[Any], str]) -> tuple[list[Any], list[Any]]:
    try:
        return step(node.op, node.params, names, *before)
    except Conflict as error:
        others = ", ".join(f"{name} {text(value)}" for name, value in zip(names, before[0])
                           if value is not None and name != error.where)
        source = next((f" ('{s.name}')" for name, (s, _) in zip(names, node.inputs) if name == error.where), "")
        needs = f"{others} needs" if others else "the operator needs"
        raise InferenceError(f"{node.where()}: {error.where}{source} is {error.known} as given, "
                             f"but {needs} {error.claimed}") from None
    except (MXNetError, ValueError, IndexError, TypeError) as error:
        if is_final(error):
            raise
        shown = ", ".join(f"{name} {text(value)}" for name, value in zip(names, before[0]))
        raise InferenceError(f"{node.where()}: {error} (inputs: {shown})") from error


