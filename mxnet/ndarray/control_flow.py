# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.contrib.foreach`, `while_loop` and `cond`: Python's own control flow over array operations, which record."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._nested import Form, flatten, regroup
from ..base import MXNetTypeError, MXNetValueError
from .creation import zeros
from .generate import function
from .ndarray import NDArray

__all__ = ["cond", "foreach", "while_loop"]


def foreach(body: Callable[..., Any], data: Any, init_states: Any) -> tuple[Any, Any]:
    """Run `body(slice, states)` over the slices of arrays along axis 0, passing states on.

    `data` and `init_states` are arrays or (nested) lists of arrays; `body` returns its outputs and the new states.
    Returns the outputs, stacked along a new axis 0, and the last states. Raises TypeError for anything but arrays,
    ValueError when the arrays of `data` differ in length, or have none.

    >>> import mxnet as mx
    >>> out, total = mx.nd.contrib.foreach(lambda x, s: (x + s, x + s), mx.nd.array([1, 2, 3]), mx.nd.zeros((1,)))
    >>> out.asnumpy().ravel().tolist(), float(total.asscalar())
    ([1.0, 3.0, 6.0], 6.0)
    """
    flat, form = flatten(data, NDArray, "foreach: data")
    flatten(init_states, NDArray, "foreach: init_states")
    lengths = {array.shape[0] for array in flat}
    if len(lengths) != 1 or 0 in lengths:
        raise MXNetValueError(f"foreach: data arrays of one length (above 0) along axis 0 are needed, there are "
                              f"{[array.shape for array in flat]}")
    states, steps, out_form = init_states, [], None
    for i in range(lengths.pop()):
        out, states = body(regroup([array[i] for array in flat], form), states)
        leaves, out_form = flatten(out, NDArray, "foreach: the output of body")
        steps.append(leaves)
    return regroup(_stacked(steps), out_form), states


def _stacked(steps: Sequence[Sequence[NDArray]]) -> list[NDArray]:
    return [function("stack")(*column, axis=0) for column in zip(*steps)]


def while_loop(cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any,
               max_iterations: int | None = None) -> tuple[Any, Any]:
    """Run `func(*loop_vars)`, which returns outputs and new loop variables, while `cond(*loop_vars)` is true.

    At most `max_iterations` times. Returns the outputs, stacked along a new axis 0 of `max_iterations` rows (rows of
    steps that did not take place are zeros; [] when none did), and the last loop variables.

    >>> import mxnet as mx
    >>> out, last = mx.nd.contrib.while_loop(lambda i: i < 3, lambda i: (i * 10, i + 1), mx.nd.zeros((1,)), 4)
    >>> out.asnumpy().ravel().tolist(), float(last.asscalar())
    ([0.0, 10.0, 20.0, 0.0], 3.0)
    """
    limit = whole_limit(max_iterations)
    single = isinstance(loop_vars, NDArray)
    variables = [loop_vars] if single else list(loop_vars)
    if not variables:
        raise MXNetValueError("while_loop: loop_vars should have at least one array")
    steps: list[list[NDArray]] = []
    form: Form = None
    while len(steps) < limit and _truth(cond(*variables), "while_loop: cond"):
        out, fresh = func(*variables)
        leaves, form = flatten([] if out is None else out, NDArray, "while_loop: the output of func")
        fresh = [] if fresh is None else [fresh] if isinstance(fresh, NDArray) else list(fresh)
        if len(fresh) != len(variables):
            raise MXNetValueError(f"while_loop: func gives {len(fresh)} loop variables, there are {len(variables)}")
        variables = fresh
        steps.append(leaves)
    outputs: Any = []
    if steps:
        outputs = regroup([_padded(array, limit) for array in _stacked(steps)], form)
    return outputs, variables[0] if single else variables


def whole_limit(max_iterations: Any) -> int:
    """The checked limit of a while loop. Raises ValueError."""
    if max_iterations is None:
        raise MXNetValueError("while_loop: max_iterations is required")
    try:
        limit = int(max_iterations)
    except (TypeError, ValueError):
        limit = -1
    if limit < 0 or limit != max_iterations:
        raise MXNetValueError(f"while_loop: max_iterations is a number of steps, not {max_iterations!r}")
    return limit


def _padded(array: NDArray, rows: int) -> NDArray:
    missing = rows - array.shape[0]
    if not missing:
        return array
    rest = zeros((missing, *array.shape[1:]), ctx=array.context, dtype=array.dtype)
    return function("Concat")(array, rest, dim=0)


def _truth(value: Any, what: str) -> bool:
    if isinstance(value, NDArray) and value.size != 1:
        raise MXNetValueError(f"{what} is one number, not an array of shape {value.shape}")
    return bool(value.asscalar() if isinstance(value, NDArray) else value)


def cond(pred: Any, then_func: Callable[[], Any], else_func: Callable[[], Any]) -> Any:
    """`then_func()` if the one-element array `pred` is not zero, else `else_func()`.

    >>> import mxnet as mx
    >>> float(mx.nd.contrib.cond(mx.nd.array([1]), lambda: mx.nd.ones((1,)), lambda: mx.nd.zeros((1,))).asscalar())
    1.0
    """
    for function_ in (then_func, else_func):
        if not callable(function_):
            raise MXNetTypeError(f"cond: then_func and else_func are functions without arguments, not {function_!r}")
    return then_func() if _truth(pred, "cond: pred") else else_func()
