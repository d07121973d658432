# SPDX-License-Identifier: Apache-2.0
"""Binding a symbol: from what the caller gives to the full lists of arrays that an executor needs."""
from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ..base import MXNetAssertionError, MXNetError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError, nearest
from ..context import Context
from ..dtype import as_torch
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..ops.infer import complete, show, sized
from ..symbol import infer
from ..symbol.symbol import Symbol
from .executor import Executor

_REQS = ("null", "write", "add")


def bind(symbol: Symbol, ctx: Context, args: Any, args_grad: Any, grad_req: Any, aux_states: Any,
         group2ctx: Mapping[str, Context] | None, shared_exec: Any) -> Executor:
    """See `Symbol.bind`."""
    if not isinstance(ctx, Context):
        raise MXNetTypeError(f"Context type error: bind takes a Context, not {ctx!r}")
    names, aux_names = symbol.list_arguments(), symbol.list_auxiliary_states()
    _require_distinct([*names, *aux_names])
    arrays = _by_order("args", args, names, required=True)
    grads = _by_order("args_grad", args_grad, names, required=False)
    aux = _by_order("aux_states", aux_states if aux_states is not None else {}, aux_names, required=True)
    reqs = _requests(grad_req, names)
    shapes = {name: tuple(array.shape) for name, array in zip((*names, *aux_names), (*arrays, *aux))}
    facts = infer.infer_shapes(symbol._nodes, shapes)
    kinds = {name: array._tensor.dtype for name, array in zip((*names, *aux_names), (*arrays, *aux))}
    dtypes = infer.infer_dtypes(symbol._nodes, kinds)     # refuses, with names, what torch would promote in silence
    for name, array, grad in zip(names, arrays, grads):
        if grad is not None and grad.shape != array.shape:
            raise MXNetValueError(f"bind: the gradient array of {name!r} is {grad.shape}, the argument {array.shape}")
    made = Executor(symbol, ctx, arrays, grads, reqs, aux, group2ctx, _created(symbol, facts))
    return _foretell(made, facts, [dtypes[id(node)][index] for node, index in symbol._outputs])


def _foretell(executor: Executor, facts: infer.Facts, kinds: Sequence[torch.dtype | None]) -> Executor:
    """Give the outputs the shapes and dtypes that they will have: programs ask for those before any forward pass."""
    for handle, (node, index), kind in zip(executor.outputs, executor._symbol._outputs, kinds):
        shape = facts[id(node)][index]
        if complete(shape):
            handle._tensor = torch.zeros((), dtype=kind or torch.float32, device=handle._ctx.device).expand(shape)
    return executor


def _by_order(what: str, given: Any, names: Sequence[str], required: bool) -> list[Any]:
    if given is None:
        if required and names:
            raise MXNetValueError(f"bind: {what} must be given for {', '.join(names)}")
        return [None] * len(names)
    if isinstance(given, Mapping):
        for name in names:
            if required and name not in given:
                raise MXNetValueError(f"key `{name}` is missing in `{what}`.{nearest(name, given)}")
        arrays = [given.get(name) for name in names]
    else:
        arrays = list(given)
        if len(arrays) != len(names):
            raise MXNetValueError(f"Length of {what} does not match the number of arguments: {len(arrays)} are given "
                                  f"for {len(names)} ({', '.join(names)})")
    for name, array in zip(names, arrays):
        if array is None and required:
            raise MXNetValueError(f"bind: {what} has None for {name!r}")
        if array is not None and not isinstance(array, NDArray):
            raise MXNetTypeError(f"Only accept list of NDArrays or dict of str to NDArray: {what} has a "
                                 f"{type(array).__name__} for {name!r}")
    return arrays


def _requests(grad_req: Any, names: Sequence[str]) -> list[str]:
    if isinstance(grad_req, str):
        reqs = [grad_req] * len(names)
    elif isinstance(grad_req, Mapping):
        reqs = [grad_req.get(name, "null") for name in names]
    else:
        reqs = list(grad_req)
        if len(reqs) != len(names):
            raise MXNetValueError(f"grad_req has {len(reqs)} entries for {len(names)} arguments")
    for req in reqs:
        if req not in _REQS:
            raise MXNetValueError(f"grad_req must be in {', '.join(_REQS)}, not {req!r}")
    return reqs


def _created(symbol: Symbol, facts: infer.Facts) -> dict[int, Any]:
    """Shapes of constants whose own parameter leaves a size to inference."""
    found = {}
    for node in symbol._nodes:
        if node.op is not None and not node.inputs:
            shape = facts[id(node)][0]
            if complete(shape) and sized(node.op, node.params, shape) is not None:
                found[id(node)] = shape
    return found


def infer_all(symbol: Symbol, shapes: Mapping[str, Any], dtypes: Mapping[str, torch.dtype],
              ) -> tuple[infer.Facts, infer.Facts]:
    """Complete shapes and dtypes of everything; what nothing decides is float32.

    Raises MXNetError that lists the arguments whose shape cannot be decided.
    """
    facts = infer.infer_shapes(symbol._nodes, {name: infer.from_user(s) for name, s in shapes.items()})
    variables = [node for node in symbol._nodes if node.op is None]
    unknown = [f"{node.name}: {show(facts[id(node)][0])}" for node in variables if not complete(facts[id(node)][0])]
    if unknown:
        given = ", ".join(f"{name}: {shape}" for name, shape in shapes.items()) or "none"
        raise MXNetError(f"simple_bind: the shapes of these arguments cannot be inferred: {'; '.join(unknown)} "
                         f"(? is unknown). Given are {given}")
    known = dict(dtypes)
    while True:
        kinds = infer.infer_dtypes(symbol._nodes, known)
        missing = next((node for node in variables if kinds[id(node)][0] is None), None)
        if missing is None:
            return facts, kinds
        known[missing.name] = torch.float32


def simple_bind(symbol: Symbol, ctx: Context, grad_req: Any, type_dict: Mapping[str, Any] | None,
                stype_dict: Mapping[str, str] | None, group2ctx: Mapping[str, Context] | None,
                shared_arg_names: Sequence[str] | None, shared_exec: Executor | None,
                shared_buffer: dict[str, NDArray] | None, shapes: Mapping[str, Any]) -> Executor:
    """See `Symbol.simple_bind`."""
    sparse = {name: kind for name, kind in (stype_dict or {}).items() if kind not in ("default", None)}
    if sparse:
        raise MXNetNotImplementedError(f"simple_bind: sparse storage is not supported yet: {sparse}")
    inputs = symbol.list_inputs()
    _require_distinct(inputs)
    for name in shapes:
        if name not in inputs:                       # MXNet ignores it in silence
            warnings.warn(f"simple_bind: the shape of {name!r} is ignored, there is no such argument."
                          f"{nearest(name, inputs)} The arguments are {inputs}", stacklevel=3)
    shapes = {name: shape for name, shape in shapes.items() if name in inputs}
    kinds = {name: as_torch(kind) for name, kind in (type_dict or {}).items()}
    _check(type_dict, shared_buffer, inputs)
    facts, dtypes = infer_all(symbol, shapes, kinds)
    names = symbol.list_arguments()
    reqs = _requests(grad_req, names)
    pool = _Pool(shared_exec, set(shared_arg_names) if shared_arg_names is not None else None, shared_buffer)
    args, grads = [], []
    for node, req in zip(symbol._variables(False), reqs):
        place = _context_of(node, ctx, group2ctx)
        shape, kind = facts[id(node)][0], dtypes[id(node)][0]
        args.append(pool.argument(node.name, shape, kind, place))
        grads.append(pool.gradient(node.name, shape, kind, place) if req != "null" else None)
    aux = [pool.auxiliary(node.name, facts[id(node)][0], dtypes[id(node)][0], _context_of(node, ctx, group2ctx))
           for node in symbol._variables(True)]
    made = Executor(symbol, ctx, args, grads, reqs, aux, group2ctx, _created(symbol, facts))
    return _foretell(made, facts, [dtypes[id(node)][index] for node, index in symbol._outputs])


def _require_distinct(names: Sequence[str]) -> None:
    """Raise when two variables have one name: all that is given by name would go to one of them only."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise MXNetValueError(f"bind: several variables are named {', '.join(map(repr, twice))}. Make each once and "
                              "use it again, or give them names that differ")


def _check(type_dict: Any, shared_buffer: Any, inputs: Sequence[str]) -> None:
    """Raise for types of arguments that are not there, and for a buffer that is no dict of NDArrays."""
    for name in type_dict or {}:
        if name not in inputs:
            raise MXNetValueError(f"simple_bind: type_dict has {name!r}, which is no argument.{nearest(name, inputs)}")
    if shared_buffer is None:
        return
    if not isinstance(shared_buffer, dict):
        raise MXNetValueError(f"shared_buffer is a dict of NDArrays by name, not {type(shared_buffer).__name__}")
    for name, array in shared_buffer.items():
        if not isinstance(array, NDArray):
            raise MXNetTypeError(f"shared_buffer has a {type(array).__name__} for {name!r}, not an NDArray")
        if array.stype != "default":
            raise MXNetAssertionError(f"shared_buffer has {array.stype} storage for {name!r}; only dense can be shared")


def _context_of(node: Any, ctx: Context, group2ctx: Mapping[str, Context] | None) -> Context:
    return (group2ctx or {}).get(node.attrs.get("__ctx_group__"), ctx)


class _Pool:
    """Arrays that an executor can take over from another one or from a shared buffer; new ones are zeros.

    `names` are the arguments whose arrays, and gradients, are the other executor's (None: all that fit). The rest come
    from the front of the buffer's arrays, under their name and `grad of` it, which grow where they are too small.
    """

    def __init__(self, executor: Executor | None, names: set[str] | None, buffer: dict[str, NDArray] | None) -> None:
        self.executor, self.names, self.buffer = executor, names, buffer

    def argument(self, name: str, shape: tuple[int, ...], kind: torch.dtype, ctx: Context) -> NDArray:
        theirs = self.executor.arg_dict.get(name) if self.executor and self._is_shared(name) else None
        found = _fitting(theirs, shape, kind)
        return self._buffered(name, shape, kind, ctx) if found is None else found

    def gradient(self, name: str, shape: tuple[int, ...], kind: torch.dtype, ctx: Context) -> NDArray:
        theirs = self.executor.grad_dict.get(name) if self.executor and self._is_shared(name) else None
        found = _fitting(theirs, shape, kind)
        return self._buffered(f"grad of {name}", shape, kind, ctx) if found is None else found

    def auxiliary(self, name: str, shape: tuple[int, ...], kind: torch.dtype, ctx: Context) -> NDArray:
        found = _fitting(self.executor.aux_dict.get(name), shape, kind) if self.executor else None
        return _zeros(shape, kind, ctx) if found is None else found

    def _is_shared(self, name: str) -> bool:
        return self.names is None or name in self.names

    def _buffered(self, key: str, shape: tuple[int, ...], kind: torch.dtype, ctx: Context) -> NDArray:
        if self.buffer is None:
            return _zeros(shape, kind, ctx)
        known = self.buffer.get(key)
        count = int(torch.Size(shape).numel())
        if known is None or known._tensor.dtype is not kind or known.size < count or known._ctx != ctx:
            known = self.buffer[key] = _zeros(shape, kind, ctx)
        return wrap(known._tensor.view(-1)[:count].view(shape), ctx)


def _fitting(array: NDArray | None, shape: tuple[int, ...], kind: torch.dtype) -> NDArray | None:
    return array if array is not None and array.shape == shape and array._tensor.dtype is kind else None


def _zeros(shape: tuple[int, ...], kind: torch.dtype, ctx: Context) -> NDArray:
    return wrap(torch.zeros(shape, dtype=kind, device=ctx.device), ctx)


def reshape(executor: Executor, partial_shaping: bool, allow_up_sizing: bool, shapes: Mapping[str, Any]) -> Executor:
    """See `Executor.reshape`."""
    symbol = executor._symbol
    for name in shapes:
        if name not in executor.arg_dict:
            raise MXNetValueError(f"reshape: {name!r} is not an argument.{nearest(name, executor.arg_dict)}")
    facts = infer.infer_shapes(symbol._nodes, {name: infer.from_user(shape) for name, shape in shapes.items()})
    args, grads = [], []
    for node, array, grad in zip(symbol._variables(False), executor.arg_arrays, executor.grad_arrays):
        shape = _decided(node, facts)
        if shape != array.shape and node.name not in shapes and not partial_shaping:
            given = ", ".join(f"{name} {tuple(new)}, bound as {executor.arg_dict[name].shape}"
                              for name, new in shapes.items())
            raise MXNetError(f"reshape: the shape of unspecified argument {node.name!r} changes from {array.shape} to "
                             f"{shape}; allow it with partial_shaping=True. Given: {given}")
        args.append(_resized(node.name, array, shape, allow_up_sizing))
        grads.append(None if grad is None else _resized(node.name, grad, shape, True))
    aux = []
    for node, array in zip(symbol._variables(True), executor.aux_arrays):
        shape = _decided(node, facts)
        if shape != array.shape and not partial_shaping:
            raise MXNetError(f"reshape: the shape of auxiliary state {node.name!r} changes from {array.shape} to "
                             f"{shape}; allow it with partial_shaping=True")
        aux.append(_resized(node.name, array, shape, allow_up_sizing))
    made = Executor(symbol, executor._ctx, args, grads, executor._grad_req, aux, executor._group2ctx,
                    _created(symbol, facts))
    made.set_monitor_callback(executor._monitor, executor._monitor_all)
    return _foretell(made, facts, [output._tensor.dtype for output in executor.outputs])


def _decided(node: Any, facts: infer.Facts) -> tuple[int, ...]:
    shape = facts[id(node)][0]
    if not complete(shape):
        raise MXNetError(f"reshape: the shape of {node.name!r} cannot be inferred: {show(shape)}")
    return shape


def _resized(name: str, array: NDArray, shape: tuple[int, ...], may_grow: bool) -> NDArray:
    """The array itself, a view on the front of its memory, or a larger one."""
    if array.shape == shape:
        return array
    count = int(torch.Size(shape).numel())
    if count > array.size:
        if not may_grow:
            raise MXNetError(f"New shape of arg: {name} {shape} is larger than original {array.shape}. First making a "
                             f"big executor and then down sizing it is more efficient; to grow it all the same, pass "
                             f"allow_up_sizing=True")
        return _zeros(shape, array._tensor.dtype, array._ctx)
    return wrap(array._tensor.reshape(-1)[:count].view(shape), array._ctx)
