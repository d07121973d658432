# SPDX-License-Identifier: Apache-2.0
"""The operators of symbolic control flow: `_foreach`, `_while_loop`, `_cond`.

Their subgraphs are symbols, lowered once for each mode and device, and run step by step: torch's autograd sees the
steps, so gradients need nothing more. Locations (`..._locs`) say which input of the node feeds which variable of a
subgraph. `mx.sym.contrib` makes the nodes (`mxnet.symbol.control_flow`).
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .infer import unify
from .params import Param, Params
from .registry import Kernel, Operator, OperatorError, declare
from .schema import Input, Schema

Tensors = Sequence[torch.Tensor]
_ASKS = (("is_train", "is_train"), ("rng", "rng"), ("device", "device"))


class _ControlFlow(Operator):
    def prepare(self, params: Params, count: int | None = None, kernel: Kernel | None = None) -> Kernel:
        return lambda *tensors, **asks: _single(self.kernel(tensors, params, asks))


def _subgraph(params: Params, index: int) -> Any:
    if "subgraphs" not in params:
        raise OperatorError("the node has no subgraphs: make it by mx.sym.contrib.foreach, while_loop or cond")
    return params.subgraphs[index]


def _single(results: list[torch.Tensor]) -> Any:
    return results[0] if len(results) == 1 else tuple(results)


def _declare(name: str, kernel: Kernel, doc: str, *locations: str, **numbers: Any) -> Operator:
    params = [Param.of(key, int) for key in ("num_args", "num_outputs", *numbers)]
    params += [Param.of(key, tuple[int, ...]) for key in locations]
    return declare(
        name, kernel=kernel, doc=doc, kind=_ControlFlow,
        schema=Schema((Input("data", variadic=True),), tuple(params), _ASKS),
        outputs=lambda p: ("output",) if p.num_outputs == 1 else tuple([f"output{i}" for i in range(p.num_outputs)]),
        input_names=lambda p, count: [f"arg{i}" for i in range(count)])


class _Body:
    """One subgraph, ready to run on a list of tensors in the order of its variables."""

    def __init__(self, symbol: Any, asks: Mapping[str, Any]) -> None:
        from ..executor.lowering import Program
        from ..symbol.graph import auxiliary
        self.rng = asks["rng"]
        key, cache = ("subgraph", asks["is_train"], asks["device"]), symbol._program_cache()
        if key not in cache:
            program = Program(symbol._outputs, train=asks["is_train"], taped=True, device=asks["device"], groups={},
                              shapes={})
            states = auxiliary(symbol._nodes)
            cache[key] = program, [i for i, node in enumerate(program.variables) if id(node) in states]
        self.program, self.states = cache[key]

    def __call__(self, tensors: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        for i in self.states:                # updated in place, and no part of any gradient
            tensors[i] = tensors[i].detach()
        return self.program.run(*tensors, self.rng)


# ---- foreach ------------------------------------------------------------------------------------

def _foreach(tensors: Tensors, params: Params, asks: Mapping[str, Any]) -> list[torch.Tensor]:
    body = _Body(_subgraph(params, 0), asks)
    n_data, n_states, n_out = len(params.in_data_locs), len(params.in_state_locs), params.num_out_data
    feed: list[Any] = [None] * (n_data + n_states + len(params.remain_locs))
    for place, tensor in zip(params.remain_locs, tensors[n_data + n_states:]):
        feed[place] = tensor
    states = list(tensors[n_data:n_data + n_states])
    if len({t.shape[0] for t in tensors[:n_data]}) != 1 or not tensors[0].shape[0]:
        raise OperatorError("foreach: data of one length (above 0) along axis 0 is needed")
    steps = []
    for slices in zip(*[t.unbind(0) for t in tensors[:n_data]]):
        for place, tensor in zip((*params.in_data_locs, *params.in_state_locs), (*slices, *states)):
            feed[place] = tensor
        made = body(feed)
        steps.append(made[:n_out])
        states = list(made[n_out:])
    return [torch.stack(column) for column in zip(*steps)] + states


foreach = _declare("_foreach", _foreach, "Run a subgraph over slices along axis 0: see `mx.sym.contrib.foreach`.",
                   "in_state_locs", "in_data_locs", "remain_locs", num_out_data=int)


def _foreach_claims(params: Params, data: list[Any], out: list[Any], inner: Callable[..., Any], *, first: Any,
                    inside: Callable[[Any], Any], outside: Callable[[Any, Any], Any], merge: Callable[..., Any],
                    ) -> Mapping[str, Any]:
    """Claims about shapes or dtypes: `inside` goes from a whole array to a slice of it, `outside` back."""
    n_data, n_states, n_out = len(params.in_data_locs), len(params.in_state_locs), params.num_out_data
    states = [merge("state", known, result)
              for known, result in zip(data[n_data:n_data + n_states], out[n_out:])]
    places = (*params.in_data_locs, *params.in_state_locs, *params.remain_locs)
    known = [*map(inside, data[:n_data]), *states, *data[n_data + n_states:]]
    ins, outs = inner(_subgraph(params, 0), dict(zip(places, known)))
    found = [ins[place] for place in places]
    for j in range(n_states):
        found[n_data + j] = outs[n_out + j] = merge("state", found[n_data + j], outs[n_out + j])
    return {"data": [outside(first, item) for item in found[:n_data]] + found[n_data:],
            "out": _out([outside(first, item) for item in outs[:n_out]] + outs[n_out:])}


def _out(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0]


def _outs(params: Params, out: Any) -> list[Any]:
    return [out] if params.num_outputs == 1 else list(out)


@foreach.shape
def _(params: Params, data: list[Any], out: Any = None) -> Mapping[str, Any]:
    outs = _outs(params, out)
    whole = [*data[:len(params.in_data_locs)], *outs[:params.num_out_data]]
    length = next((shape[0] for shape in whole if shape and shape[0] is not None), None)
    return _foreach_claims(params, data, outs, _inner_shapes, first=length, merge=unify,
                           inside=lambda shape: None if shape is None else shape[1:],
                           outside=lambda n, shape: None if shape is None else (n, *shape))


@foreach.dtype
def _(params: Params, data: list[Any], out: Any = None) -> Mapping[str, Any]:
    return _foreach_claims(params, data, _outs(params, out), _inner_dtypes, first=None, merge=_either,
                           inside=lambda kind: kind, outside=lambda _, kind: kind)


def _either(_: str, first: Any, second: Any) -> Any:
    return second if first is None else first


# ---- while_loop ---------------------------------------------------------------------------------

def _while_loop(tensors: Tensors, params: Params, asks: Mapping[str, Any]) -> list[torch.Tensor]:
    test, func = _Body(_subgraph(params, 0), asks), _Body(_subgraph(params, 1), asks)
    variables = _variable_places(params)
    values, n_out, limit = list(tensors), params.num_out_data, params.max_iterations
    steps: list[tuple[torch.Tensor, ...]] = []
    while len(steps) < limit and _truth(test([values[i] for i in params.cond_input_locs])):
        made = func([values[i] for i in params.func_input_locs])
        steps.append(made[:n_out])
        for place, value in zip(variables, made[n_out:]):
            values[place] = value
    if steps:
        outputs = [_padded(torch.stack(column), limit) for column in zip(*steps)]
    else:
        known = dict(enumerate([values[i] for i in params.func_input_locs]))
        _, shapes = _inner_shapes(_subgraph(params, 1), {i: tuple(t.shape) for i, t in known.items()})
        _, kinds = _inner_dtypes(_subgraph(params, 1), {i: t.dtype for i, t in known.items()})
        outputs = [torch.zeros((limit, *shape), dtype=kind, device=asks["device"])
                   for shape, kind in zip(shapes[:n_out], kinds)]
    return outputs + [values[place] for place in variables]


def _variable_places(params: Params) -> list[int]:
    """For each loop variable, the node's input that starts it."""
    return [params.func_input_locs[i] for i in params.func_var_locs]


def _truth(results: tuple[torch.Tensor, ...]) -> bool:
    if results[0].numel() != 1:
        raise OperatorError(f"a condition is one number, not an array of shape {tuple(results[0].shape)}")
    return bool(results[0].item())


def _padded(tensor: torch.Tensor, rows: int) -> torch.Tensor:
    missing = rows - tensor.shape[0]
    return torch.cat([tensor, tensor.new_zeros((missing, *tensor.shape[1:]))]) if missing else tensor


while_loop = _declare("_while_loop", _while_loop, "Run a subgraph while another one says so: see "
                      "`mx.sym.contrib.while_loop`. Rows of steps that did not take place are zeros.",
                      "cond_input_locs", "func_input_locs", "func_var_locs", num_out_data=int, max_iterations=int)


def _while_claims(params: Params, data: list[Any], out: list[Any], inner: Callable[..., Any],
                  outside: Callable[[Any], Any], merge: Callable[..., Any]) -> Mapping[str, Any]:
    known, n_out = list(data), params.num_out_data
    variables = _variable_places(params)
    for place, value in zip(variables, out[n_out:]):
        known[place] = merge("loop variable", known[place], value)
    _from_subgraph(_subgraph(params, 0), params.cond_input_locs, known, inner, merge)
    outs = _from_subgraph(_subgraph(params, 1), params.func_input_locs, known, inner, merge)
    for place, value in zip(variables, outs[n_out:]):
        known[place] = merge("loop variable", known[place], value)
    return {"data": known, "out": _out([*map(outside, outs[:n_out]), *[known[place] for place in variables]])}


@while_loop.shape
def _(params: Params, data: list[Any], out: Any = None) -> Mapping[str, Any]:
    return _while_claims(params, data, _outs(params, out), _inner_shapes, merge=unify,
                         outside=lambda shape: None if shape is None else (params.max_iterations, *shape))


@while_loop.dtype
def _(params: Params, data: list[Any], out: Any = None) -> Mapping[str, Any]:
    return _while_claims(params, data, _outs(params, out), _inner_dtypes, lambda kind: kind, _either)


# ---- cond ---------------------------------------------------------------------------------------

def _cond(tensors: Tensors, params: Params, asks: Mapping[str, Any]) -> list[torch.Tensor]:
    chosen = _truth(_Body(_subgraph(params, 0), asks)([tensors[i] for i in params.cond_input_locs]))
    places = params.then_input_locs if chosen else params.else_input_locs
    return list(_Body(_subgraph(params, 1 if chosen else 2), asks)([tensors[i] for i in places]))


cond = _declare("_cond", _cond, "Run one of two subgraphs, as a third one says: see `mx.sym.contrib.cond`.",
                "cond_input_locs", "then_input_locs", "else_input_locs")


def _cond_claims(params: Params, data: list[Any], inner: Callable[..., Any], merge: Callable[..., Any],
                 ) -> Mapping[str, Any]:
    known = list(data)
    _from_subgraph(_subgraph(params, 0), params.cond_input_locs, known, inner, merge)
    first = _from_subgraph(_subgraph(params, 1), params.then_input_locs, known, inner, merge)
    second = _from_subgraph(_subgraph(params, 2), params.else_input_locs, known, inner, merge)
    return {"data": known, "out": _out([merge("output", a, b) for a, b in zip(first, second)])}


@cond.shape
def _(params: Params, data: list[Any]) -> Mapping[str, Any]:
    return _cond_claims(params, data, _inner_shapes, unify)


@cond.dtype
def _(params: Params, data: list[Any]) -> Mapping[str, Any]:
    return _cond_claims(params, data, _inner_dtypes, _either)


# ---- inference inside of subgraphs --------------------------------------------------------------

def _from_subgraph(symbol: Any, places: Sequence[int], known: list[Any], inner: Callable[..., Any],
                   merge: Callable[..., Any]) -> list[Any]:
    """Infer in a subgraph from the node's inputs; adds to `known` and returns what is found of the outputs."""
    ins, outs = inner(symbol, {i: known[place] for i, place in enumerate(places)})
    for place, value in zip(places, ins):
        known[place] = merge("an input", known[place], value)
    return outs


def _inner_shapes(symbol: Any, known: Mapping[int, Any]) -> tuple[list[Any], list[Any]]:
    from ..symbol.infer import infer_shapes
    return _inner(symbol, known, infer_shapes)


def _inner_dtypes(symbol: Any, known: Mapping[int, Any]) -> tuple[list[Any], list[Any]]:
    from ..symbol.infer import infer_dtypes
    return _inner(symbol, known, infer_dtypes)


def _inner(symbol: Any, known: Mapping[int, Any], infer: Callable[..., Any]) -> tuple[list[Any], list[Any]]:
    """What follows for the subgraph's variables and outputs, from what is known of the variables by position."""
    variables = [node for node in symbol._nodes if node.op is None]
    facts = infer(symbol._nodes, {variables[i].name: value for i, value in known.items() if value is not None})
    return [facts[id(node)][0] for node in variables], [facts[id(node)][index] for node, index in symbol._outputs]
