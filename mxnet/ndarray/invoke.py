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
from .._watching import watching
from ..base import MXNetAssertionTypeError, MXNetTypeError
from ..context import Context, current_context
from ..ops.families import same_shape_of_pair
from ..ops.infer import check_eager_dtypes, step_shapes
from ..ops.params import Params, _Null
from ..ops.registry import Operator, OperatorError, explain, get, is_final
from ..random import generator
from .handle import NDArrayBase, array_class, wrap

counter = _mode.counter
REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError)
Plan = Callable[..., Any]
Check = Callable[[Sequence[torch.Tensor]], None]


@functools.lru_cache(maxsize=4096)
def make_plan(op: Operator, params: Params, count: int) -> Plan:
    """`plan(*arrays)`: run the operator outside of recording and wrap what it returns for the user.

    Raises AttributeError for what is no array.
    """
    asks = op.asks
    single = len(op.output_names(params)) == 1
    run, check = _runner(op, params, count), _checker(op, params, count)
    if single and count == 1 and check is None and not asks:
        return _plan_for_one(op, run)
    if single and count == 2 and not asks:
        return _plan_for_two(op, run, check)
    return _plan_for_any(op, params, run, check, None if single else op.visible(params))


def _plan_for_one(op: Operator, run: Plan) -> Plan:
    new, cls = object.__new__, array_class()

    def plan(x: NDArrayBase) -> Any:
        tensor = x._tensor
        made = new(cls)
        try:
            made._tensor = run(tensor)
        except REFUSALS as error:
            raise explain(op, None, (tensor,), error) from error
        made._ctx = x._ctx
        made._entry = None
        return made
    return plan


def _plan_for_two(op: Operator, run: Plan, check: Check | None) -> Plan:
    new, cls = object.__new__, array_class()
    alike = op.dtype_rule is None and (op.shape_rule is same_shape_of_pair or not _checks_shape(op))

    def plan(x: NDArrayBase, y: NDArrayBase) -> Any:
        left, right = x._tensor, y._tensor
        made = new(cls)
        try:
            if check is not None and not (alike and left.dtype is right.dtype and left.shape == right.shape):
                check((left, right))
            made._tensor = run(left, right)
        except REFUSALS as error:
            raise explain(op, None, (left, right), error) from error
        made._ctx = x._ctx
        made._entry = None
        return made
    return plan


def _plan_for_any(op: Operator, params: Params, run: Plan, check: Check | None, shown: int | None) -> Plan:
    """`shown`: how many of several outputs the user sees; None for one output."""
    asks, place = op.asks, getattr(params, "ctx", None)
    drawing = list(asks.items()) == [("rng", "rng"), ("device", "device")]

    def plan(*arrays: NDArrayBase) -> Any:
        ctx = arrays[0]._ctx if arrays else place or current_context()
        tensors = [array._tensor for array in arrays]
        try:
            if check is not None:
                check(tensors)
            result = run(*tensors) if not asks else run(rng=generator(ctx), device=ctx.device) if drawing \
                else run(*tensors, **_asks(op, ctx))
        except REFUSALS as error:
            raise explain(op, None, tensors, error) from error
        if shown is None:
            return wrap(result, ctx)
        made = [wrap(tensor, ctx) for tensor in result[:shown]]
        return made[0] if shown == 1 else made
    return plan


def _runner(op: Operator, params: Params, count: int) -> Plan:
    run = op.prepare(params, count)
    return owning(run, op.visible(params)) if op.alias else run


def owning(run: Plan, shown: int) -> Plan:
    """Around a kernel that may return views: the results that the user sees have memory of their own."""
    def owned(result: torch.Tensor, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        memory = result.data_ptr()
        if result._is_view() or not result.is_contiguous() or any(memory == t.data_ptr() for t in tensors):
            return result.clone(memory_format=torch.contiguous_format)
        return result

    def run_owning(*tensors: torch.Tensor, **asks: Any) -> Any:
        result = run(*tensors, **asks)
        if isinstance(result, tuple):
            return tuple([owned(item, tensors) for item in result[:shown]])
        return owned(result, tensors)
    return run_owning


def _checks_shape(op: Operator) -> bool:
    """Whether torch would let shapes pass that MXNet refuses: it broadcasts."""
    builtin = isinstance(op.kernel, BuiltinFunctionType) and op.shape_rule is not same_shape_of_pair
    return op.shape_rule is not None and not builtin


def _checker(op: Operator, params: Params, count: int) -> Check | None:
    """What torch would let pass and MXNet refuses: mixed dtypes, shapes that only broadcasting makes fit."""
    if count < 2:
        return None
    by_shape = _checks_shape(op)
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
    if counter.recording_threads and watching.profile is not None:
        with watching.profile(op.name, None):
            return _invoke(op, inputs, given, out)
    return _invoke(op, inputs, given, out)


def _invoke(op: Operator, inputs: Sequence[NDArrayBase], given: Mapping[str, Any], out: Any) -> Any:
    params = _parse(op, given, len(inputs))
    expected = (_expected.__wrapped__ if op.open_params else _expected)(op, params, len(inputs))
    if len(inputs) != expected:
        names = ", ".join(item.name for item in op.inputs(params, len(inputs)))
        raise OperatorError(f"{op.name} takes {expected} arrays ({names}), {len(inputs)} are given")
    _same_kind_of_device(op, inputs)
    if out is not None and op.into_rule is not None:
        return _update_out(op, params, inputs, out)
    if out is not None and op.in_place_rule is not None and out is inputs[0] and not counter.recording_threads:
        make_update(op, params, len(inputs))(*[x._tensor for x in inputs])
        return out
    if counter.recording_threads and _mode.mode.recording and any([x._entry is not None for x in inputs]):
        made = _record(op, params, inputs)            # what depends on no variable has no history
    else:
        plan = make_plan.__wrapped__ if op.open_params else make_plan     # open ones are new each time: not to be kept
        made = plan(op, params, len(inputs))(*inputs)
        if counter.recording_threads and watching.nan_check:
            _check_finite(op, params, inputs, made)
    return made if out is None else _write_out(op, made, out)


def _check_finite(op: Operator, params: Params, inputs: Sequence[NDArrayBase], made: Any) -> None:
    from .._nan_check import imperative_call, labelled
    results = [x._tensor for x in (made if isinstance(made, list) else [made])]
    imperative_call(op, params, [x._tensor for x in inputs]).check(labelled(op, params, results))


@functools.lru_cache(maxsize=4096)
def _expected(op: Operator, params: Params, count: int) -> int:
    """How many arrays a call takes."""
    return len(op.inputs(params, count))


@functools.lru_cache(maxsize=4096)
def taped_plan(op: Operator, params: Params, count: int) -> tuple[Plan, Check | None]:
    """What runs the operator on tensors so that torch's tape sees its gradient, and what checks these before."""
    run = op.differentiable(params, count)
    return owning(run, op.visible(params)) if op.alias else run, _checker(op, params, count)


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
    if isinstance(made, NDArrayBase) and isinstance(out, NDArrayBase) and not counter.recording_threads:
        source, place = made._tensor, out._tensor
        if source.dtype is place.dtype and source.shape == place.shape:
            place.copy_(source)
            return out
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
            if counter.recording_threads:
                from ..autograd import refuse_write
                refuse_write(target)                  # type: ignore[arg-type]
                target._entry = result._entry if result._entry is not None else target._entry
            target._tensor.copy_(result._tensor)
    return out


def _update_out(op: Operator, params: Params, inputs: Sequence[NDArrayBase], out: Any) -> Any:
    """Run an operator whose result depends on the array that the caller names."""
    target = out[0] if isinstance(out, (list, tuple)) and len(out) == 1 else out
    if not isinstance(target, NDArrayBase):
        raise MXNetTypeError(f"{op.name}: out= takes one NDArray, not {type(target).__name__}")
    assert op.into_rule is not None
    tensors = [target._tensor, *[x._tensor for x in inputs]]
    try:
        target._tensor.copy_(op.into_rule(*tensors, **params.__dict__))
    except REFUSALS as error:
        raise explain(op, None, tensors[1:], error) from error
    return out


def settled(name: str, given: Mapping[str, Any]) -> Plan:
    """A function without arguments that runs an operator without inputs: there is nothing to record of it."""
    op = get(name)
    return make_plan(op, op.parse(given), 0)


def _record(op: Operator, params: Params, arrays: Sequence[NDArrayBase]) -> Any:
    from ..autograd import record_call  # the tape is needed only by who records
    ctx = arrays[0]._ctx if arrays else getattr(params, "ctx", None) or current_context()
    return record_call(op, params, ctx, arrays)  # type: ignore[arg-type]


def make_update(op: Operator, params: Params, count: int) -> Callable[..., None]:
    """`update(*tensors)`: run an operator whose result takes the place of its first array."""
    check, rule = _checker(op, params, count), op.in_place_rule
    assert rule is not None
    ready = functools.partial(rule, **params.__dict__)

    def update(*tensors: torch.Tensor) -> None:
        try:
            if check is not None:
                check(tensors)
            ready(*tensors)
        except REFUSALS as error:
            raise explain(op, None, tensors, error) from error
    return update


def make_function(op: Operator, public: str) -> Callable[..., Any]:
    """The function for an operator in `mx.nd`: arrays and parameters by position or name, and `out=`."""
    plans: dict[Any, Plan] = {}
    parsed: dict[Any, Params] = {}
    updates: dict[Any, Callable[..., None]] = {}
    takes_out = op.into_rule is None
    most = 1 << 30 if op.schema.variadic else len(op.schema.inputs)
    last: tuple[int, dict[str, Any], Plan | None] = (-1, {}, None)       # most calls repeat the one before

    def call(*args: Any, out: Any = None, name: Any = None, **kwargs: Any) -> Any:
        nonlocal last
        recording = counter.recording_threads and _mode.mode.recording
        if not watching.active and (out is None or (takes_out and not recording)):
            arrays = args
            try:
                if out is None and len(args) == last[0] and kwargs == last[1] and not recording:
                    return last[2](*args)                                # type: ignore[misc]
                if len(args) <= most:
                    key: Any = (len(args), *kwargs.items()) if kwargs else len(args)
                else:
                    key, arrays = (len(args), args[most:], *kwargs.items()), args[:most]
                if recording:
                    return _record(op, parsed[key], arrays)
                plan = plans[key]
                if out is not None and key in updates and out is args[0]:
                    updates[key](*[array._tensor for array in arrays])
                    return out
                if len(args) <= most and out is None:
                    last = (len(args), kwargs, plan)
                made = plan(*arrays)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                if is_final(error):
                    raise
            else:
                return made if out is None else _write_out(op, made, out)
        inputs, given, cacheable = bind_arguments(op, args, kwargs, NDArrayBase)
        if cacheable and len(plans) < 256:
            params = _parse(op, given, len(inputs))
            if len(op.inputs(params, len(inputs))) == len(inputs):
                tail = (args[most:],) if len(args) > most else ()
                key = (len(args), *tail, *kwargs.items()) if kwargs or tail else len(args)
                if _hashable_key(key):
                    plans[key], parsed[key] = make_plan(op, params, len(inputs)), params
                    if op.in_place_rule is not None:
                        updates[key] = make_update(op, params, len(inputs))
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
    cacheable = not any(arg is None for arg in args[:len(names)])
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
    return present, {k: v for k, v in given.items() if v is not _Null}, cacheable and len(present) == min(
        len(args), len(names))


def _hashable_key(key: Any) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return not (isinstance(key, tuple) and any(isinstance(item, NDArrayBase) for part in key[1:] for item in part))


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
            raise MXNetAssertionTypeError(f"{op.name}: {label} takes an {kind}, not {type(item).__name__}")


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
