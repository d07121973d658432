# SPDX-License-Identifier: Apache-2.0
"""Training without a tape: a forward program that also returns what backward needs, and a straight-line backward.

torch's tape costs about as much as the work itself when layers are small. Where every operator on the way to a wanted
gradient has a rule that gives its gradients directly, backward is code like forward: calls of torch functions, one
after the other, and nothing for inputs whose gradient nobody wants. Other graphs are recorded on the tape.
"""
from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import fx

from .._watching import watching
from ..context import Context
from ..symbol.graph import Entry, Node, topological
from .handover import hand_over
from .lowering import Program
from .watch import Watch


class Target(NamedTuple):
    """What is known of the array for a wanted gradient: whether an operator may write into it (it is contiguous, and
    to be overwritten), and whether it is worth handing over before backward ends."""

    written: bool
    large: bool


Key = tuple[int, int]                # id of a node, number of its output
_KEPT = -1                           # in a key: what the node's keeping kernel keeps
_OUTLINE = -2                        # and numbers below: shape and dtype of output 0, 1, ...


def can_run_directly(outputs: Sequence[Entry], wanted: set[int]) -> bool:
    """Whether every operator between the wanted variables (by id) and the outputs has a direct gradient."""
    needed = _needed(topological(outputs), wanted)
    return all(node.op is None or _rule_kind(node) is not None
               for node in topological(outputs) if id(node) in needed)


def _needed(order: Sequence[Node], wanted: set[int]) -> set[int]:
    """Ids of the nodes that a wanted variable leads to."""
    needed = set(wanted)
    for node in order:
        if any(id(source) in needed for source, _ in node.inputs):
            needed.add(id(node))
    return needed


def _rule_kind(node: Node) -> str | None:
    op = node.op
    if op is None:
        return None
    if op.direct_rule is not None:
        return "direct"
    plain = not op.schema.variadic and node.output_count() == 1 and not op.aux_names
    return "gradient" if plain and op.grad_rule is not None else None


class DirectPair:
    """The two programs.

    `program.run(*variables, rng)` gives the outputs and, behind them, what is saved; `backward(saved, heads, buffers)`
    gives a gradient, or None, for each wanted variable. A head may be None where the output is a loss. `buffers` are
    the arrays for the gradients `buffered` (numbers of wanted variables), which are there when backward ends.
    """

    def __init__(self, outputs: Sequence[Entry], wanted: Sequence[Node], targets: Sequence[Target], *,
                 device: torch.device, groups: Mapping[str, Context], shapes: Mapping[int, Any]) -> None:
        builder = _BackwardBuilder(outputs, wanted, targets)
        self.buffered = builder.buffered
        self.module = fx.GraphModule(torch.nn.Module(), builder.graph)
        keys = [(builder.nodes[node], index) for node, index in builder.saved]
        self.program = Program([*outputs, *[key for key in keys if key[1] >= 0]], train=True, taped=False,
                               device=device, groups=groups, shapes=shapes,
                               keeping=[node for node, index in keys if index == _KEPT],
                               outlines=[(node, _OUTLINE - index) for node, index in keys if index <= _OUTLINE])

    def backward(self, saved: list[torch.Tensor], heads: Sequence[torch.Tensor | None],
                 buffers: Sequence[torch.Tensor]) -> tuple[Any, ...]:
        """Run backward. `saved` is empty afterwards: each value is let go after its last use."""
        run = self.module.forward if watching.profile is None else Watch(self.module).start
        return run(saved, *buffers, *heads)


class _BackwardBuilder:
    def __init__(self, outputs: Sequence[Entry], wanted: Sequence[Node], targets: Sequence[Target]) -> None:
        self.order = topological(outputs)
        self.nodes = {id(node): node for node in self.order}
        self.needed = _needed(self.order, {id(node) for node in wanted})
        self.saved: dict[Key, str] = {}              # what forward returns besides the outputs, by placeholder name
        self._plan()
        self.graph = fx.Graph()
        order = sorted(self.saved.items(), key=lambda item: max(-item[0][1], 0))
        self.saved = dict(order)                     # values, what is kept, outlines: as the program gives them
        saved = self.graph.placeholder("saved")
        into = self._into(wanted, targets)
        self.buffered = sorted({*into, *[i for i, target in enumerate(targets) if target.large]})
        self.buffers = {id(wanted[i]): self.graph.placeholder(f"buffer{i}") for i in self.buffered}
        self.into = {id(wanted[i]) for i in into}
        self.cotangents: dict[Key, fx.Node] = {}
        self.heads: set[int] = set()
        heads = []
        for position, (node, _) in enumerate(outputs):
            heads.append(self.graph.placeholder(f"head{position}"))
            self.heads.add(id(node))
        held = self.graph.call_function(_let_go, (saved,))
        self.places = {key: self.graph.create_node("call_function", operator.getitem, (held, position), name=name)
                       for position, (key, name) in enumerate(self.saved.items())}
        for (node, index), head in zip(outputs, heads):
            if id(node) in self.needed and not (node.op is not None and node.op.loss):
                self._add((id(node), index), head)
        for node in reversed(self.order):
            if node.op is not None and id(node) in self.needed:
                self._differentiate(node)
        for number in set(self.buffered).difference(into):
            self._hand_over(wanted[number])
        self.graph.output(tuple(self.cotangents.get((id(node), 0)) for node in wanted))

    def _hand_over(self, variable: Node) -> None:
        """Put a gradient where it belongs as soon as it is complete, so that its memory is not needed any longer."""
        value = self.cotangents.get((id(variable), 0))
        if value is not None:
            place = value
            while place.next.target is operator.getitem:       # the list that a rule gives must be gone by then
                place = place.next
            with self.graph.inserting_after(place):
                self.cotangents[(id(variable), 0)] = self.graph.call_function(
                    hand_over, (self.buffers[id(variable)], value))

    def _plan(self) -> None:
        """Which values the rules of all nodes ask for."""
        for node in self.order:
            if node.op is None or id(node) not in self.needed:
                continue
            for fact in self._facts(node):
                for key in self._keys(node, fact):
                    self._save(*key)
        for key in list(self.saved):
            if self._resolved(key) != key:
                del self.saved[key]
                self._save(*self._resolved(key))

    def _into(self, wanted: Sequence[Node], targets: Sequence[Target]) -> list[int]:
        """Wanted variables whose gradient one operator gives, one that can write it to where it belongs."""
        users: dict[int, list[Node]] = {}
        for node in self.order:
            for source, _ in node.inputs:
                users.setdefault(id(source), []).append(node)
        found = []
        for number, (node, target) in enumerate(zip(wanted, targets)):
            only = users.get(id(node), [])
            if target.written and len(only) == 1 and _rule_kind(only[0]) == "direct" \
                    and "into" in only[0].op.wanted["direct"]:                # type: ignore[union-attr]
                found.append(number)
        return found

    def _facts(self, node: Node) -> tuple[str, ...]:
        """Names of the values that the node's rule takes, apart from what is known now."""
        kind = _rule_kind(node)
        assert kind is not None and node.op is not None
        known = ("params", "needs", "into", *node.op.asks)
        present = {*node.input_names(), "out", "hidden", "kept", "head", _variadic(node)}
        if kind == "direct" and node.op.unused is not None:
            present.difference_update(node.op.unused(node.params))
        return tuple(name for name in node.op.wanted[kind] if name not in known and name in present)

    def _keys(self, node: Node, fact: str) -> list[Key]:
        """What of the forward pass a fact of the node is; nothing for the head gradient."""
        if fact == "kept":
            return [(id(node), _KEPT)]
        if fact in ("out", "hidden"):
            return [(id(node), index) for index in range(fact == "hidden", node.output_count())]
        outlined = _rule_kind(node) == "direct" and fact in node.op.outlined    # type: ignore[union-attr]
        inputs = [(id(source), _OUTLINE - index if outlined else index) for source, index in node.inputs]
        if fact == _variadic(node):
            return inputs[len(node.op.schema.inputs) - 1:]                  # type: ignore[union-attr]
        return [] if fact == "head" else [inputs[node.input_names().index(fact)]]

    def _save(self, node: int, index: int) -> None:
        what = "kept" if index == _KEPT else f"outline{_OUTLINE - index}" if index <= _OUTLINE else index
        self.saved.setdefault((node, index), f"{self.nodes[node].name}_{what}")

    def _resolved(self, key: Key) -> Key:
        """The value itself in the place of its outline, where it is there anyway."""
        full = (key[0], _OUTLINE - key[1])
        return full if key[1] <= _OUTLINE and (full in self.saved or self.nodes[key[0]].op is None) else key

    def _add(self, key: Key, value: fx.Node) -> None:
        known = self.cotangents.get(key)
        self.cotangents[key] = value if known is None else self.graph.call_function(_sum, (known, value))

    def _differentiate(self, node: Node) -> None:
        assert node.op is not None
        heads = [self.cotangents.pop((id(node), index), None) for index in range(node.output_count())]
        if not any(head is not None for head in heads) and not (node.op.loss and id(node) in self.heads):
            return
        names = node.input_names()
        needs = [name for name, (source, _) in zip(names, node.inputs) if id(source) in self.needed]
        facts = self._facts(node)
        values = [self._value(node, fact) if fact != "head" else heads[0] if len(heads) == 1 else tuple(heads)
                  for fact in facts]
        into = {name: self.buffers[id(source)] for name, (source, _) in zip(names, node.inputs)
                if id(source) in self.into}
        call = _bound_rule(node, facts, tuple(needs), tuple(into))
        result = self.graph.call_function(call, (*values, *into.values()))
        result.meta.update(node=node, backward=True)
        for position, name in enumerate(needs):
            source, index = node.inputs[names.index(name)]
            value = result if len(needs) == 1 else self.graph.call_function(operator.getitem, (result, position))
            self._add((id(source), index), value)

    def _value(self, node: Node, fact: str) -> Any:
        places = [self.places[self._resolved(key)] for key in self._keys(node, fact)]
        several = fact in ("hidden", _variadic(node)) or (fact == "out" and node.output_count() > 1)
        return places if several else places[0]


def _let_go(saved: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """The values, which from now on only the caller holds."""
    values = tuple(saved)
    saved.clear()
    return values


def _sum(value: torch.Tensor | None, more: torch.Tensor | None) -> torch.Tensor | None:
    """The sum of two gradients, where None is zero."""
    return more if value is None else value if more is None else torch.add(value, more)


def _variadic(node: Node) -> str | None:
    """The name under which a rule gets all inputs of a variadic operator, as a sequence."""
    schema = node.op.schema                                                 # type: ignore[union-attr]
    return schema.inputs[-1].name if schema.variadic else None


def _bound_rule(node: Node, facts: tuple[str, ...], needs: tuple[str, ...],
                into: tuple[str, ...]) -> Callable[..., Any]:
    """The node's rule with all that is known now filled in: takes facts and buffers, gives the needed gradients."""
    op, kind = node.op, _rule_kind(node)
    assert op is not None
    rule = op.direct_rule if kind == "direct" else op.grad_rule
    assert rule is not None and kind is not None
    order = op.wanted[kind]
    template: list[Any] = [_known(node, name, needs) for name in order]
    slots = [order.index(name) for name in facts]
    buffers = order.index("into") if into else None
    count, single = len(facts), needs[0] if len(needs) == 1 else None
    nothing = None if single is not None else [None] * len(needs)
    heads = facts.index("head") if "head" in facts else None
    variadic, names = _variadic(node), node.input_names()

    def call(*values: Any) -> Any:
        if heads is not None and not _arrives(values[heads]):
            return nothing
        arguments = template.copy()
        for slot, value in zip(slots, values):
            arguments[slot] = value
        if buffers is not None:
            arguments[buffers] = dict(zip(into, values[count:]))
        grads = rule(*arguments)
        if variadic is not None and variadic in grads:
            parts = grads[variadic]
            grads = {**grads, **dict(zip(names[len(names) - len(parts):], parts))}
        if single is not None:
            return grads.get(single)
        return [grads.get(name) for name in needs]
    call.__name__ = call.__qualname__ = f"{op.name.strip('_') or op.name}_gradient"
    call.__module__ = "mxnet.ops"
    return call


def _arrives(head: Any) -> bool:
    """Whether a head gradient (or one of several) is not zero for sure: an operator above may have none to give."""
    return any(item is not None for item in head) if isinstance(head, (tuple, list)) else head is not None


def _known(node: Node, name: str, needs: tuple[str, ...]) -> Any:
    """What is known now of an argument of the rule: None for those that come later or that the node does not have."""
    if name == "params":
        return node.params
    if name == "needs":
        return frozenset(needs)
    if name == "into":
        return {}
    return node.op.asks[name] == "is_train" if node.op is not None and name in node.op.asks else None
