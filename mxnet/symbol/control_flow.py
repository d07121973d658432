# SPDX-License-Identifier: Apache-2.0
"""`mx.sym.contrib.foreach`, `while_loop` and `cond`: nodes that hold subgraphs.

The user's function is called once, on variables, under an attribute scope of its own. What it makes carries the mark
`__subgraph_name__`; a subgraph is what carries the mark, and everything else that it reads becomes an input of the
node.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .._nested import Form, flatten, regroup
from .._user_line import user_line
from ..attribute import AttrScope
from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from ..name import NameManager
from ..ndarray.control_flow import whole_limit
from ..ops.registry import get
from .compose import _scope_attrs
from .creation import Variable
from .graph import Entry, Node
from .symbol import Symbol

__all__ = ["cond", "foreach", "while_loop"]

_MARK = "__subgraph_name__"
_numbers: dict[str, Any] = {}


class _Subgraph:
    """A part of the graph, cut out: `symbol`, and for each of its variables the outer entry that feeds it.

    `feeds[i]` is None for a formal variable (a slice, a state, a loop variable); `formal[k]` says which variable the
    k-th formal one is, or None if it is not used.
    """

    def __init__(self, outputs: Sequence[Symbol], mark: str, formals: Sequence[Symbol] = ()) -> None:
        self.mark = mark
        self.made: dict[Any, Node] = {}
        self.outer: dict[int, Entry] = {}
        entries = [self._copied(symbol._outputs[0]) for symbol in outputs]
        self.symbol = Symbol(self._distinct(entries))
        inner = [node for node in self.symbol._nodes if node.op is None]
        keys = [id(f._outputs[0][0]) for f in formals]
        known = {id(self.made[key]): k for k, key in enumerate(keys) if key in self.made}
        self.feeds = [None if id(node) in known else self.outer[id(node)] for node in inner]
        places = {known[id(node)]: i for i, node in enumerate(inner) if id(node) in known}
        self.formal = [places.get(k) for k in range(len(formals))]

    def _inside(self, node: Node) -> bool:
        return node.attrs.get(_MARK) == self.mark

    def _copied(self, entry: Entry) -> Entry:
        """A copy of what computes an entry, as far as it carries the mark. Iterative: bodies may be deep."""
        stack = [entry]
        while stack:
            node, index = stack[-1]
            if node.op is None or not self._inside(node):
                self._variable(node, index)
                stack.pop()
            elif id(node) in self.made:
                stack.pop()
            else:
                missing = [source for source in node.inputs if not self._known(source)]
                if missing:
                    stack += missing[::-1]
                    continue
                inputs = [self._entry(source) for source in node.inputs]
                self.made[id(node)] = Node(node.op, node.name, dict(node.attrs), inputs, node.line, node.params,
                                           node.subgraphs)
                stack.pop()
        return self._entry(entry)

    def _key(self, entry: Entry) -> Any:
        node, index = entry
        return id(node) if node.op is None or self._inside(node) else (id(node), index)

    def _known(self, entry: Entry) -> bool:
        return self._key(entry) in self.made

    def _entry(self, entry: Entry) -> Entry:
        made = self.made[self._key(entry)]
        return made, 0 if made.op is None else entry[1]

    def _variable(self, node: Node, index: int) -> None:
        """A variable of the subgraph for a variable, or for an output of a node that is outside."""
        key = self._key((node, index))
        if key not in self.made:
            name = node.name if node.op is None else node.output_names()[index]
            made = Node(None, name, dict(node.attrs) if node.op is None else {}, [])
            self.made[key] = made
            self.outer[id(made)] = (node, index)

    def _distinct(self, entries: list[Entry]) -> list[Entry]:
        """Outputs that are variables, or the same as an earlier one, are copied: each is a node's of its own."""
        result: list[Entry] = []
        for node, index in entries:
            if node.op is None or (node, index) in result:
                name = NameManager.current.get(None, "identity")
                node, index = Node(get("_copy"), name, {_MARK: self.mark}, [(node, index)]), 0
            result.append((node, index))
        return result


class _Scope:
    """A unique mark, and the attribute scope that puts it on what is made inside."""

    def __init__(self, name: str) -> None:
        number = next(_numbers.setdefault(name, itertools.count()))
        self.mark = f"{name}{number}"
        self.attrs = AttrScope(**{_MARK: self.mark})

    def __enter__(self) -> _Scope:
        self.attrs.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.attrs.__exit__(*exc_info)

    @staticmethod
    def formals(symbols: Sequence[Symbol]) -> list[Symbol]:
        """Variables that stand for these symbols, named after them."""
        names: list[str] = []
        for symbol in symbols:
            node, index = symbol._outputs[0]
            name = f"{node.name}-{index}"
            names.append(name if name not in names else f"{name}-{len(names)}")
        return [Variable(name) for name in names]


class _Inputs:
    """The inputs of a node, each entry once, with the places that subgraphs know them by."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = list(entries)

    def place(self, entry: Entry) -> int:
        if entry not in self.entries:
            self.entries.append(entry)
        return self.entries.index(entry)


def _node(op: str, inputs: Sequence[Entry], subgraphs: Sequence[_Subgraph], count: int, **attrs: Any) -> list[Symbol]:
    """The outputs of a new control flow node."""
    operator = get(op)
    text = {key: str(list(value) if isinstance(value, (list, tuple)) else value) for key, value in attrs.items()}
    text.update(num_args=str(len(inputs) + len(subgraphs)), num_outputs=str(count))
    text.update(_scope_attrs(operator, None))
    node = Node(operator, NameManager.current.get(None, op), text, list(inputs), user_line(),
                subgraphs=tuple([sub.symbol for sub in subgraphs]))
    return [Symbol([(node, i)]) for i in range(count)]


def foreach(body: Callable[..., Any], data: Any, init_states: Any, name: str = "foreach") -> tuple[Any, Any]:
    """Run `body(slice, states)` over slices along axis 0, as `mx.nd.contrib.foreach`, in a graph.

    `data` and `init_states` are symbols or (nested) lists of symbols; `body` has to use all of them. Returns the
    outputs, stacked along a new axis 0, and the last states.

    >>> import mxnet as mx
    >>> out, last = mx.sym.contrib.foreach(lambda x, s: (x + s, x + s), mx.sym.var("x"), mx.sym.var("s"))
    >>> mx.sym.Group([out, last]).infer_shape(x=(5, 2), s=(2,))[1]
    [(5, 2), (2,)]
    """
    items, data_form = flatten(data, Symbol, "foreach: data")
    states, state_form = flatten(init_states, Symbol, "foreach: init_states")
    with _Scope(name) as scope:
        formals = scope.formals([*items, *states])
        slices, carried = formals[:len(items)], formals[len(items):]
        out, new = body(regroup(slices, data_form), regroup(carried, state_form))
    outs, out_form = flatten(out, Symbol, "foreach: the output of body")
    news, new_form = flatten(new, Symbol, "foreach: the states from body")
    if len(news) != len(states):
        raise MXNetAssertionError(f"foreach: body gives {len(news)} states, there are {len(states)}")
    if not outs and not news:
        raise MXNetValueError("foreach: body gives neither outputs nor states")
    sub = _Subgraph([*outs, *news], scope.mark, formals)
    unused = [str(f.name) for f, place in zip(formals, sub.formal) if place is None]
    if unused:
        raise MXNetValueError(f"foreach: body does not use {', '.join(unused)}; all data and states have to be used")
    remain = [i for i, feed in enumerate(sub.feeds) if feed is not None]
    inputs = [s._outputs[0] for s in (*items, *states)] + [feed for feed in sub.feeds if feed is not None]
    made = _node("_foreach", inputs, [sub], len(outs) + len(news), num_out_data=len(outs),
                 in_data_locs=sub.formal[:len(items)], in_state_locs=sub.formal[len(items):], remain_locs=remain)
    return regroup(made[:len(outs)], out_form), regroup(made[len(outs):], new_form)


def while_loop(cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any, max_iterations: int | None = None,
               name: str = "while_loop") -> tuple[Any, Any]:
    """Run `func(*loop_vars)` while `cond(*loop_vars)` is true, as `mx.nd.contrib.while_loop`, in a graph.

    `func` has to use all loop variables. The outputs have `max_iterations` rows; those of steps that did not take
    place are zeros.
    """
    limit = whole_limit(max_iterations)
    single = isinstance(loop_vars, Symbol)
    starts, _ = flatten([loop_vars] if single else list(loop_vars), Symbol, "while_loop: loop_vars")
    if not starts:
        raise MXNetValueError("while_loop: loop_vars should have at least one symbol")
    with _Scope(f"{name}_cond") as scope:
        tested = scope.formals(starts)
        truth = cond(*tested)
    if not isinstance(truth, Symbol):
        raise MXNetTypeError(f"while_loop: cond gives a Symbol, not {type(truth).__name__}")
    test = _Subgraph([truth], scope.mark, tested)
    with _Scope(f"{name}_func") as scope:
        formals = scope.formals(starts)
        out, new = func(*formals)
    outs, out_form = flatten([] if out is None else out, Symbol, "while_loop: the output of func")
    news, _ = flatten([new] if isinstance(new, Symbol) else list(new or ()), Symbol, "while_loop: the new loop_vars")
    if len(news) != len(starts):
        raise MXNetValueError(f"while_loop: func gives {len(news)} loop variables, there are {len(starts)}")
    body = _Subgraph([*outs, *news], scope.mark, formals)
    unused = [str(f.name) for f, place in zip(formals, body.formal) if place is None]
    if unused:
        raise MXNetValueError(f"while_loop: func does not use {', '.join(unused)}; all loop_vars have to be used")
    inputs = _Inputs()
    made_of = [s._outputs[0] for s in starts]
    test_places = _loop_places(test, made_of, inputs)
    body_places = _loop_places(body, made_of, inputs)
    made = _node("_while_loop", inputs.entries, [test, body], len(outs) + len(news), num_out_data=len(outs),
                 max_iterations=limit, cond_input_locs=test_places, func_input_locs=body_places,
                 func_var_locs=body.formal)
    last = made[len(outs):]
    return regroup(made[:len(outs)], out_form), last[0] if single else last


def _loop_places(sub: _Subgraph, starts: Sequence[Entry], inputs: _Inputs) -> list[int]:
    """For each variable of a subgraph, the node's input that feeds it."""
    formal = {place: start for place, start in zip(sub.formal, starts) if place is not None}
    return [inputs.place(formal[i] if feed is None else feed) for i, feed in enumerate(sub.feeds)]


def cond(pred: Symbol, then_func: Callable[[], Any], else_func: Callable[[], Any], name: str = "cond") -> Any:
    """The results of `then_func()` if `pred` (one number) is not zero, else those of `else_func()`, in a graph.

    Both give the same number of symbols, of the same shapes.
    """
    if not isinstance(pred, Symbol):
        raise MXNetTypeError(f"cond: pred is a Symbol, not {type(pred).__name__}")
    with _Scope(f"{name}_pred") as scope:
        test = _Subgraph([pred], scope.mark)
    branches: list[_Subgraph] = []
    forms: list[Form] = []
    for part, function in (("then", then_func), ("else", else_func)):
        with _Scope(f"{name}_{part}") as scope:
            out = function()
        outs, form = flatten(out, Symbol, f"cond: the result of {part}_func")
        branches.append(_Subgraph(outs, scope.mark))
        forms.append(form)
    counts = [len(branch.symbol) for branch in branches]
    if counts[0] != counts[1]:
        raise MXNetValueError(f"cond: then_func gives {counts[0]} results, else_func {counts[1]}")
    inputs = _Inputs()
    places = [_loop_places(sub, (), inputs) for sub in (test, *branches)]
    made = _node("_cond", inputs.entries, [test, *branches], counts[0], cond_input_locs=places[0],
                 then_input_locs=places[1], else_input_locs=places[2])
    return regroup(made, forms[0])
