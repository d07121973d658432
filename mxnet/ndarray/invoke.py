# SPDX-License-Identifier: Apache-2.0
"""Running an operator on arrays, and the function that each operator has in `mx.nd`.

The common call (arrays first, parameters as keywords, nothing recorded, no `out=`) finds a plan by the keywords alone:
a closure with everything else settled. What does not fit takes the long way through `invoke`, which makes the plan.
"""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType
from typing import Any

import torch

from .. import _mode
from ..base import MXNetTypeError
from ..context import Context, current_context
from ..ops.families import same_shape_of_pair
from ..ops.infer import check_eager_dtypes, step_shapes
from ..ops.params import Params, _Null
from ..ops.registry import Operator, OperatorError, explain
from ..random import generator
from .handle import NDArrayBase, wrap

counter = _mode.counter
REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError)
Plan = Callable[..., Any]


@functools.lru_cache(maxsize=4096)
def make_plan(op: Operator, params: Params, count: int) -> Plan:
    """`plan(ctx, *tensors)`: run the operator outside of recording and wrap what it returns for the user."""
    run, check = _runner(op, params, count), _checker(op, params, count)
    single = len(op.output_names(params)) == 1
    shown = op.visible(params)

    def refuse(tensors: Sequence[torch.Tensor], error: BaseException) -> BaseException:
        return explain(op, None, tensors, error)

    if single and check is None and not op.asks:
        def plan(ctx: Context, *tensors: torch.Tensor) -> Any:
            try:
                return wrap(run(*tensors), ctx)
            except REFUSALS as error:
                raise refuse(tensors, error) from error
    else:
        def plan(ctx: Context, *tensors: torch.Tensor) -> Any:
            try:
                if check is not None:
                    check(tensors)
                result = run(*tensors, **_asks(op, ctx)) if op.asks else run(*tensors)
            except REFUSALS as error:
                raise refuse(tensors, error) from error
            if single:
                return wrap(result, ctx)
            made = [wrap(tensor, ctx) for tensor in result[:shown]]
            return made[0] if shown == 1 else made
    return plan


def _runner(op: Operator, params: Params, count: int) -> Plan:
    run = op.prepare(params, count)
    return _owning(run) if op.alias else run


def _owning(run: Plan) -> Plan:
    """Around a kernel that may return views: the user's result has memory of its own."""
    def owned(result: torch.Tensor, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        memory = result.data_ptr()
        if result._is_view() or not result.is_contiguous() or any(memory == t.data_ptr() for t in tensors):
            return result.clone(memory_format=torch.contiguous_format)
        return result

    def run_owning(*tensors: torch.Tensor, **asks: Any) -> Any:
        result = run(*tensors, **asks)
        if isinstance(result, tuple):
            return tuple([owned(item, tensors) for item in result])
        return owned(result, tensors)
    return run_owning


def _checker(op: Operator, params: Params, count: int) -> Callable[[Sequence[torch.Tensor]], None] | None:
    """What torch would let pass and MXNet refuses: mixed dtypes, shapes that only broadcasting makes fit."""
    if count < 2:
        return None
    builtin = isinstance(op.kernel, BuiltinFunctionType) and op.shape_rule is not same_shape_of_pair
    by_shape = op.shape_rule is not None and not builtin
    names = [item.name for item in op.inputs(params, count)]
    last: list[Any] = [None, None]                   # dtypes and shapes that passed in the last call: most calls repeat

    def check(tensors: Sequence[torch.Tensor]) -> None:
        kinds = [t.dtype for t in tensors]
        shapes = [t.shape for t in tensors] if by_shape else None
        if kinds == last[0] and shapes == last[1]:
            return
        check_eager_dtypes(op, params, tensors)
        if shapes is not None:
            step_shapes(op, params, names, [tuple(shape) for shape in shapes], [None] * len(op.output_names(params)))
        last[:] = kinds, shapes
    return check


def _asks(op: Operator, ctx: Context) -> dict[str, Any]:
    """What a kernel asks for, outside of any executor."""
    return {name: _mode.mode.training if what == "is_train" else generator(ctx) if what == "rng" else ctx.device
            for name, what in op.asks.items()}


def invoke(op: Operator, inputs: Sequence[NDArrayBase], given: Mapping[str, Any], out: Any = None) -> Any:
    """Run an operator on arrays with parameters as given; record it if this thread records."""
    params = _parse(op, given, len(inputs))
    ctx = inputs[0]._ctx if inputs else getattr(params, "ctx", None) or current_context()
    expected = len(op.inputs(params, len(inputs)))
    if len(inputs) != expected:
        names = ", ".join(item.name for item in op.inputs(params, len(inputs)))
        raise OperatorError(f"{op.name} takes {expected} arrays ({names}), {len(inputs)} are given")
    _same_kind_of_device(op, inputs)
    if counter.recording_threads and _mode.mode.recording:
        from ..autograd import record_call  # the tape is needed only by who records
        made = record_call(op, params, ctx, inputs)  # type: ignore[arg-type]
    else:
        plan = make_plan.__wrapped__ if op.open_params else make_plan     # open ones are new each time: not to be kept
        made = plan(op, params, len(inputs))(ctx, *[x._tensor for x in inputs])
    return made if out is None else _write_out(op, made, out)


def _same_kind_of_device(op: Operator, inputs: Sequence[NDArrayBase]) -> None:
    """Contexts of one kind mix (the result goes to the first), processor and accelerator do not."""
    for other in inputs[1:]:
        if other._tensor.device != inputs[0]._tensor.device:
            raise OperatorError(f"{op.name}: arrays are on {inputs[0]._ctx} and {other._ctx}; "
                                f"move one with as_in_context first")


def _parse(op: Operator, given: Mapping[str, Any], count: int) -> Params:
    if op.count is not None and op.count not in given:
        given = {**given, op.count: count}
    return op.parse(given)


def _write_out(op: Operator, made: Any, out: Any) -> Any:
    """Copy results into the arrays that the caller named, and return those."""
    results = made if isinstance(made, list) else [made]
    targets = list(out) if isinstance(out, (list, tuple)) else [out]
    if len(results) != len(targets):
        raise OperatorError(f"{op.name}: has {len(results)} outputs, out= names {len(targets)} arrays")
    for result, target in zip(results, targets):
        if not isinstance(target, NDArrayBase):
            raise MXNetTypeError(f"{op.name}: out= takes NDArrays, not {type(target).__name__}")
        if target._tensor.shape != result._tensor.shape or target._tensor.dtype != result._tensor.dtype:
            raise OperatorError(
                f"{op.name}: out= is {tuple(target._tensor.shape)} {str(target._tensor.dtype)[6:]}, the result "
                f"{tuple(result._tensor.shape)} {str(result._tensor.dtype)[6:]}")
        if target is not result:
            target._tensor.copy_(result._tensor)
            target._entry = result._entry
    return out


def make_function(op: Operator, public: str) -> Callable[..., Any]:
    """The function for an operator in `mx.nd`: arrays and parameters by position or name, and `out=`."""
    plans: dict[Any, Plan] = {}
    places: dict[Any, Context | None] = {}           # for calls without arrays: the context that they name

    def call(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        if out is None and not counter.recording_threads:
            try:
                key = (len(args), *kwargs.items()) if kwargs else len(args)
                plan = plans[key]
                tensors = [arg._tensor for arg in args]
            except (KeyError, TypeError, AttributeError):
                pass
            else:
                return plan(args[0]._ctx, *tensors) if args else plan(places[key] or current_context())
        inputs, given, cacheable = bind_arguments(op, args, kwargs, NDArrayBase)
        if cacheable and len(plans) < 256:
            params = _parse(op, given, len(inputs))
            if len(op.inputs(params, len(inputs))) == len(inputs):
                key = (len(args), *kwargs.items()) if kwargs else len(args)
                places[key] = getattr(params, "ctx", None)
                plans[key] = make_plan(op, params, len(inputs))
        return invoke(op, inputs, given, out)

    return describe(call, op, public, ("out", "name"))


def bind_arguments(op: Operator, args: Sequence[Any], kwargs: Mapping[str, Any],
                   array: type) -> tuple[list[Any], dict[str, Any], bool]:
    """Sort a call's arguments into arrays (in the operator's order) and parameters.

    The third result: whether arrays came by position alone and parameters by hashable keyword, so that a plan can be
    kept under the keywords.
    """
    schema = op.schema
    if schema.variadic:
        arrays = [item for arg in args for item in (arg if isinstance(arg, (list, tuple)) else (arg,))]
        if array is NDArrayBase:
            _require_arrays(op, arrays, array)
        plain = bool(args) and all(isinstance(arg, array) for arg in args)
        return arrays, {k: v for k, v in kwargs.items() if v is not _Null}, plain and _hashable(kwargs)
    names = [item.name for item in schema.inputs]
    order = [*names, *op.params]
    if len(args) > len(order):
        raise OperatorError(f"{op.name} takes at most {len(order)} arguments ({', '.join(order)}), "
                            f"{len(args)} are given")
    given: dict[str, Any] = dict(zip(order, args))
    cacheable = len(args) <= len(names) and None not in [a if a is None else 0 for a in args]
    for key, value in kwargs.items():
        if key in given:
            raise UnknownArgument(f"{op.name}: {key!r} is given by position and by name")
        if value is not _Null:
            given[key] = value
        if isinstance(value, (array, list)) or key in names:
            cacheable = False
    arrays = [given.pop(name, None) for name in names]
    while arrays and arrays[-1] is None:
        arrays.pop()
    present = [item for item in arrays if item is not None]
    _require_arrays(op, present, array)
    return present, {k: v for k, v in given.items() if v is not _Null}, cacheable and len(present) == len(args)


def _hashable(kwargs: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, (list, dict, set)) for value in kwargs.values())


class UnknownArgument(OperatorError, TypeError):
    """An argument given twice, as Python's own TypeError would say it."""


def _require_arrays(op: Operator, arrays: Sequence[Any], array: type) -> None:
    for position, item in enumerate(arrays):
        if not isinstance(item, array):
            names = [i.name for i in op.schema.inputs]
            label = names[min(position, len(names) - 1)]
            kind = "NDArray" if array is NDArrayBase else array.__name__
            raise MXNetTypeError(f"{op.name}: {label} takes an {kind}, not {type(item).__name__}")


def describe(call: Callable[..., Any], op: Operator, public: str, tail: tuple[str, ...]) -> Callable[..., Any]:
    """Give a generated function its name, signature and documentation."""
    call.__name__ = call.__qualname__ = public
    call.__doc__ = op.doc
    call.__signature__ = signature(op, tail)         # type: ignore[attr-defined]
    return call


def signature(op: Operator, tail: tuple[str, ...]) -> inspect.Signature:
    """The signature that `help()` and completion show: inputs, parameters with their defaults, and `tail`."""
    kind = inspect.Parameter
    how: Any
    if op.schema.variadic:
        first = [kind(item.name, kind.VAR_POSITIONAL if item.variadic else kind.POSITIONAL_OR_KEYWORD)
                 for item in op.schema.inputs]
        how = kind.KEYWORD_ONLY
    else:
        first = [kind(item.name, kind.POSITIONAL_OR_KEYWORD, default=None) for item in op.schema.inputs]
        how = kind.POSITIONAL_OR_KEYWORD
    params = [kind(p.name, how, default=None if p.required else p.default) for p in op.schema.params]
    return inspect.Signature([*first, *params, *[kind(t, kind.KEYWORD_ONLY, default=None) for t in tail]])
