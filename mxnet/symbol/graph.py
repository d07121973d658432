# SPDX-License-Identifier: Apache-2.0
"""The graph under a Symbol: nodes, and walks over them. All walks are iterative and linear."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..base import MXNetError, MXNetValueError
from ..ops.params import Params
from ..ops.registry import Operator, is_final

Entry = tuple["Node", int]           # one output of a node

# Attributes that steer the framework, not the operator: kept in the graph as `__name__`, answered under both names.
HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage", "profiler_scope")


def is_private(key: str) -> bool:
    """Whether an attribute is no parameter of an operator: it is written `__x__`."""
    return key.startswith("__") and key.endswith("__")


def stored_key(key: str) -> str:
    """The name under which the graph keeps an attribute that the user gives.

    Raises MXNetValueError for the likes of `weight_lr_mult`, which only files from before 0.9 may have.
    """
    if key in HIDDEN:
        return f"__{key}__"
    hidden = None if is_private(key) else input_attribute(key)
    if hidden:
        raise MXNetValueError(f"attribute {key!r} is no longer taken: give the input as "
                              f"Variable({hidden[0]!r}, {hidden[1]}=...) instead")
    return key


def input_attribute(key: str) -> tuple[str, str] | None:
    """`("weight", "lr_mult")` for `weight_lr_mult`, the old way to set an attribute of an input; None for others."""
    for hidden in HIDDEN:
        if key.endswith(f"_{hidden}") and len(key) > len(hidden) + 1:
            return key[:-len(hidden) - 1], hidden
    return None


class Node:
    """A variable (`op` is None) or one application of an operator.

    `attrs` holds the parameters as the user's text and `__x__` attributes; `params` the typed parameters; `line` where
    in the user's program the node was made (file and line number), if it was. `subgraphs` are the symbols that a
    control flow operator runs; its kernel and rules find them in `params`. `after` are nodes that are to run before
    this one though it takes nothing from them (`control_deps` in symbol files).
    """

    __slots__ = ("after", "attrs", "inputs", "line", "name", "op", "params", "subgraphs")
    params: Any

    def __init__(self, op: Operator | None, name: str, attrs: dict[str, str], inputs: list[Entry],
                 line: tuple[str, int] | None = None, params: Params | None = None,
                 subgraphs: tuple[Any, ...] = (), after: Sequence[Node] = ()) -> None:
        self.op, self.name, self.attrs, self.inputs, self.line = op, name, attrs, inputs, line
        self.subgraphs, self.after = subgraphs, tuple(after)
        self.params = params if params is not None or op is None else self._parsed(attrs)

    def _parsed(self, attrs: Mapping[str, str]) -> Params:
        assert self.op is not None
        params = parse_attrs(self.op, attrs, self.name)
        return Params({**params, "subgraphs": self.subgraphs}) if self.subgraphs else params

    def set_attrs(self, attrs: dict[str, str]) -> None:
        """Replace the attributes; nothing changes when they do not parse."""
        if self.op is not None:
            self.params = self._parsed(attrs)
        self.attrs = attrs

    def __repr__(self) -> str:
        return f"<node {self.op.name if self.op else 'null'} {self.name!r}>"

    def output_names(self) -> list[str]:
        """Names of all outputs, hidden ones included, as `list_outputs` spells them."""
        if self.op is None:
            return [self.name]
        prefix = f"{self.name}_" if self.name else ""
        return [prefix + label for label in self.op.output_names(self.params)]

    def output_count(self) -> int:
        return 1 if self.op is None else len(self.op.output_names(self.params))

    def visible_count(self) -> int:
        return 1 if self.op is None else self.op.visible(self.params)

    def input_names(self) -> list[str]:
        """The operator's names for this node's inputs."""
        assert self.op is not None
        return [item.name for item in self.op.inputs(self.params, len(self.inputs))]

    def aux_flags(self) -> list[bool]:
        """For each input, whether it is an auxiliary state."""
        if self.op is None or not (self.op.aux_names or self.op.varying_aux):
            return [False] * len(self.inputs)
        return [item.aux or item.name in self.op.aux_names
                for item in self.op.inputs(self.params, len(self.inputs))]

    def where(self) -> str:
        """`FullyConnected 'fc1' (train.py:12)`: for messages."""
        made = f" ({self.line[0]}:{self.line[1]})" if self.line else ""
        return f"{self.op.name if self.op else 'variable'} {self.name!r}{made}"


def parse_attrs(op: Operator, attrs: Mapping[str, str], name: str) -> Params:
    """The typed parameters among a node's attributes."""
    given = {key: value for key, value in attrs.items() if not is_private(key)}
    try:
        return op.parse(given)
    except MXNetError as error:
        if is_final(error):
            raise
        raise type(error)(f"{error} (in symbol {name!r})") from None


def topological(outputs: Iterable[Entry]) -> list[Node]:
    """All nodes below the outputs, inputs (and what else is to run before) first: depth first, as MXNet orders
    arguments."""
    order: list[Node] = []
    seen: set[int] = set()
    for root, _ in outputs:
        if id(root) in seen:
            continue
        seen.add(id(root))
        stack = [(root, _before(root))]
        while stack:
            node, rest = stack[-1]
            for source, _ in rest:
                if id(source) not in seen:
                    seen.add(id(source))
                    stack.append((source, _before(source)))
                    break
            else:
                stack.pop()
                order.append(node)
    return order


def _before(node: Node) -> Iterator[Entry]:
    return iter(node.inputs) if not node.after else iter([*node.inputs, *((source, 0) for source in node.after)])


def auxiliary(order: Iterable[Node]) -> set[int]:
    """The ids of variables that are auxiliary states of some operator."""
    found: set[int] = set()
    for node in order:
        if node.op is not None and (node.op.aux_names or node.op.varying_aux):
            found.update(id(source) for (source, _), aux in zip(node.inputs, node.aux_flags())
                         if aux and source.op is None)
    return found


def copy_graph(outputs: Iterable[Entry], replace: Mapping[int, Entry] | None = None) -> list[Entry]:
    """A copy of the graph, in which the variables with these ids are replaced by other entries."""
    outputs = list(outputs)
    made: dict[int, Node] = {}
    replace = replace or {}

    def entry(source: Node, index: int) -> Entry:
        return replace[id(source)] if id(source) in replace else (made[id(source)], index)

    for node in topological(outputs):
        if id(node) not in replace:
            made[id(node)] = Node(node.op, node.name, dict(node.attrs), [entry(*e) for e in node.inputs], node.line,
                                  node.params, node.subgraphs,
                                  [entry(source, 0)[0] for source in node.after])
    return [entry(*e) for e in outputs]
