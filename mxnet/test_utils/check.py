# SPDX-License-Identifier: Apache-2.0
"""Checking operators and graphs: against given values, against finite differences, and of one context with another."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..base import MXNetAssertionError, MXNetAssertionTypeError, MXNetValueError, nearest
from ..context import Context
from ..ndarray import NDArray, array, waitall, zeros
from ..symbol import Symbol, Variable, make_loss
from .arrays import default_context
from .compare import (
    assert_almost_equal,
    compare_ndarray_tuple,
    default_atols,
    default_numeric_eps,
    default_rtols,
    get_tolerance,
)

__all__ = ["check_consistency", "check_gluon_hybridize_consistency", "check_numeric_gradient", "check_speed",
           "check_symbolic_backward", "check_symbolic_forward", "compare_optimizer", "numeric_grad", "simple_forward"]

Arrays = dict[str, NDArray]
_PROJECTION = "__random_proj"


def _by_name(kind: str, names: Sequence[str], given: Any, ctx: Context, dtype: Any) -> Arrays:
    """Arrays by name, from a list or a dict. Raises ValueError for other names."""
    if isinstance(given, Mapping):
        if set(given) != set(names):
            odd = sorted(set(given) ^ set(names))
            raise MXNetValueError(f"{kind}: keys are {sorted(given)}, the symbol has {sorted(names)}."
                                  f"{nearest(odd[0], names)}")
        found = {name: given[name] for name in names}
    else:
        if len(given) != len(names):
            raise MXNetValueError(f"{kind}: {len(given)} arrays for {len(names)} names ({', '.join(names)})")
        found = dict(zip(names, given))
    return {name: _array(value, ctx, dtype) for name, value in found.items()}


def _array(value: Any, ctx: Context, dtype: Any) -> NDArray:
    if isinstance(value, NDArray):
        return value.copyto(ctx)
    own = dtype is None or (isinstance(dtype, str) and dtype == "asnumpy")
    return array(value, ctx=ctx, dtype=getattr(value, "dtype", None) if own else dtype)


def _aux(symbol: Symbol, given: Any, ctx: Context, dtype: Any) -> Arrays:
    names = symbol.list_auxiliary_states()
    return _by_name("aux_states", names, given, ctx, dtype) if given is not None else {}


def simple_forward(sym: Symbol, ctx: Context | None = None, is_train: bool = False, **inputs: Any) -> Any:
    """Outputs of a symbol for NumPy inputs by name: a NumPy array, or a list for several outputs.

    >>> import numpy as np, mxnet as mx
    >>> mx.test_utils.simple_forward(mx.sym.Variable("x") * 2, x=np.ones(2, np.float32)).tolist()
    [2.0, 2.0]
    """
    ctx = ctx or default_context()
    values = {name: array(value, ctx=ctx) for name, value in inputs.items()}
    executor = sym.bind(ctx, args=values)
    outputs = [output.asnumpy() for output in executor.forward(is_train=is_train)]
    return outputs[0] if len(outputs) == 1 else outputs


def check_symbolic_forward(sym: Symbol, location: Any, expected: Any, rtol: Any = None, atol: Any = None,
                           aux_states: Any = None, ctx: Context | None = None, equal_nan: bool = False,
                           dtype: Any = np.float32) -> list[NDArray]:
    """Assert what a symbol's outputs are.

    Parameters
    ----------
    location : inputs, a list in the order of `list_arguments` or a dict
    expected : outputs, a list or a dict by output name
    rtol, atol, equal_nan : see `assert_almost_equal`
    aux_states : auxiliary states, a list or dict
    ctx, dtype : where and in which type to run; `"asnumpy"` for the types that NumPy arrays have

    Returns the outputs.

    >>> import numpy as np, mxnet as mx
    >>> x, y = mx.sym.Variable("x"), mx.sym.Variable("y")
    >>> ones = np.ones((2, 2), np.float32)
    >>> len(mx.test_utils.check_symbolic_forward(mx.sym.dot(x, y), [ones, ones], [ones * 2]))
    1
    """
    ctx = ctx or default_context()
    args = _by_name("location", sym.list_arguments(), location, ctx, dtype)
    executor = sym.bind(ctx, args=args, args_grad={n: zeros(a.shape, ctx, dtype=a.dtype) for n, a in args.items()},
                        aux_states=_aux(sym, aux_states, ctx, dtype))
    executor.forward(is_train=False)
    names = sym.list_outputs()
    wanted = [expected[name] for name in names] if isinstance(expected, Mapping) else expected
    for name, value, output in zip(names, wanted, executor.outputs):
        assert_almost_equal(value, output, rtol, atol, (f"EXPECTED_{name}", f"FORWARD_{name}"), equal_nan=equal_nan)
    return executor.outputs


def check_symbolic_backward(sym: Symbol, location: Any, out_grads: Any, expected: Any, rtol: Any = None,
                            atol: Any = None, aux_states: Any = None, grad_req: Any = "write",
                            ctx: Context | None = None, grad_stypes: Any = None, equal_nan: bool = False,
                            dtype: Any = np.float32) -> Arrays:
    """Assert what a symbol's gradients are.

    Parameters
    ----------
    location, aux_states, ctx, dtype, rtol, atol, equal_nan : see `check_symbolic_forward`
    out_grads : gradients of the outputs, a list or dict; None for losses
    expected : gradients of the inputs, a list, or a dict of some of them
    grad_req : `"write"`, `"add"` (checked on random numbers), `"null"`, or a list or dict of them

    Returns the gradients by name.
    """
    ctx, names = ctx or default_context(), sym.list_arguments()
    _dense_only(grad_stypes)
    args = _by_name("location", names, location, ctx, dtype)
    wanted = dict(expected) if isinstance(expected, Mapping) else dict(zip(names, expected))
    begin = {name: np.random.normal(size=args[name].shape).astype(np.float32) for name in wanted}
    grads = {name: array(value, ctx=ctx, dtype=args[name].dtype) for name, value in begin.items()}
    reqs = dict.fromkeys(names, grad_req) if isinstance(grad_req, str) else \
        dict(grad_req) if isinstance(grad_req, Mapping) else dict(zip(names, grad_req))
    executor = sym.bind(ctx, args=args, args_grad=grads, aux_states=_aux(sym, aux_states, ctx, dtype),
                        grad_req=[reqs.get(name, "null") if name in grads else "null" for name in names])
    executor.forward(is_train=True)
    if isinstance(out_grads, Mapping):
        out_grads = [out_grads[name] for name in sym.list_outputs()]
    heads = None if out_grads is None else [_array(grad, ctx, dtype) for grad in
                                            (out_grads if isinstance(out_grads, (list, tuple)) else [out_grads])]
    executor.backward(heads)
    for name, value in wanted.items():
        _check_gradient(name, reqs.get(name, "null"), _numpy(value), begin[name], grads[name],
                        rtol, atol, equal_nan)
    return grads


def _check_gradient(name: str, req: str, wanted: np.ndarray, begin: np.ndarray, grad: NDArray, rtol: Any, atol: Any,
                    equal_nan: bool) -> None:
    got = grad.asnumpy()
    names = (f"EXPECTED_{name}", f"BACKWARD_{name}")
    if req == "write":
        assert_almost_equal(wanted, got, rtol, atol, names, equal_nan=equal_nan)
    elif req == "add":
        assert_almost_equal(wanted.astype(got.dtype), got - begin, rtol, atol, names, equal_nan=equal_nan)
    elif req == "null":
        assert_almost_equal(begin, got, rtol, atol, names, equal_nan=equal_nan)
    else:
        raise MXNetValueError(f"grad_req of {name!r} is write, add or null, not {req!r}")


def _numpy(value: Any) -> np.ndarray:
    return value.asnumpy() if isinstance(value, NDArray) else np.asarray(value)


def _dense_only(stypes: Any) -> None:
    if stypes and any(stype not in (None, "default") for stype in
                      (stypes.values() if isinstance(stypes, Mapping) else stypes)):
        from .arrays import _no_sparse
        _no_sparse("gradients of other storage")


# ---- finite differences -----------------------------------------------------------------------------

def numeric_grad(executor: Any, location: Arrays, aux_states: Any = None, eps: float = 1e-4,
                 use_forward_train: bool = True, dtype: Any = np.float32) -> dict[str, np.ndarray]:
    """Central differences of the sum over the first output of an executor, by every element of every input.

    Each difference takes two forward passes. Elements are subtracted before they are summed: the rounding of a large
    sum would hide what one element of the input changes. Returns arrays by name; integer inputs are left out.
    """
    values = {name: _numpy(value) for name, value in location.items()}
    aux = {name: _numpy(value) for name, value in (aux_states or {}).items()}
    for name, value in values.items():
        executor.arg_dict[name][:] = value
    result = {}
    for name, value in values.items():
        if value.dtype.kind != "f":
            continue
        grad = np.zeros(value.size, dtype)
        moved = value.astype(value.dtype, copy=True).reshape(-1)
        for i in range(value.size):
            here, sides = moved[i], []
            for step in (eps / 2, -eps / 2):
                moved[i] = here + step
                executor.arg_dict[name][:] = moved.reshape(value.shape)
                for state, held in aux.items():
                    executor.aux_dict[state][:] = held
                executor.forward(is_train=use_forward_train)
                sides.append(executor.outputs[0].asnumpy().astype(np.float64))
            moved[i] = here
            grad[i] = (sides[0] - sides[1]).sum() / eps
        executor.arg_dict[name][:] = value
        result[name] = grad.reshape(value.shape)
    return result


def check_numeric_gradient(sym: Symbol, location: Any, aux_states: Any = None, numeric_eps: float | None = None,
                           rtol: Any = None, atol: Any = None, grad_nodes: Any = None, use_forward_train: bool = True,
                           ctx: Context | None = None, grad_stype_dict: Any = None, dtype: Any = np.float32) -> None:
    """Assert that the gradients of a symbol (one output) are those of finite differences.

    The output is projected on a random array, so that every element of it matters.

    Parameters
    ----------
    location, aux_states, ctx, dtype : see `check_symbolic_forward`
    numeric_eps : step; default by dtype, see `default_numeric_eps`
    rtol, atol : see `assert_almost_equal`
    grad_nodes : names to check (default all), or a dict of grad_req by name
    use_forward_train : whether the differences are taken with `is_train=True`, too

    >>> import numpy as np, mxnet as mx
    >>> mx.test_utils.check_numeric_gradient(mx.sym.tanh(mx.sym.Variable("x")), [np.ones((2, 2))])
    """
    ctx = ctx or default_context()
    kind = np.dtype(dtype)
    if kind not in default_numeric_eps():
        raise MXNetAssertionTypeError(f"check_numeric_gradient: dtype is float16, float32 or float64, not {kind}")
    _dense_only(grad_stype_dict)
    args = _by_name("location", sym.list_arguments(), location, ctx, dtype)
    aux = _aux(sym, aux_states, ctx, dtype)
    shape = sym.infer_shape(**{name: value.shape for name, value in args.items()})[1][0]
    projection = array(np.random.rand(*shape) + 0.1, ctx=ctx, dtype=dtype)
    loss = make_loss(_projected(sym))
    every = {**args, _PROJECTION: projection}
    reqs = dict(grad_nodes) if isinstance(grad_nodes, Mapping) else \
        dict.fromkeys(args if grad_nodes is None else grad_nodes, "write")
    begin = {name: np.random.normal(size=every[name].shape) for name in reqs}
    grads = {name: array(value, ctx=ctx, dtype=dtype) for name, value in begin.items()}
    executor = loss.bind(ctx, args=every, args_grad=grads, aux_states={k: v.copy() for k, v in aux.items()},
                         grad_req=[reqs.get(name, "null") for name in loss.list_arguments()])
    executor.forward(is_train=True)
    executor.backward()
    exact = {name: grad.asnumpy() for name, grad in grads.items()}
    eps = default_numeric_eps()[kind] if numeric_eps is None else numeric_eps
    checked = {name: args[name].copy() for name in reqs if name in args}
    probe = loss.bind(ctx, args={k: v.copy() for k, v in every.items()},
                      aux_states={k: v.copy() for k, v in aux.items()})
    numeric = numeric_grad(probe, checked, aux, eps, use_forward_train, kind)
    for name, value in numeric.items():
        got = exact[name]
        if reqs[name] == "add":
            got = (got - begin[name]).astype(kind)
        elif reqs[name] == "null":
            value = begin[name].astype(kind)
        assert_almost_equal(value, got, rtol, atol, (f"NUMERICAL_{name}", f"BACKWARD_{name}"))


def _projected(sym: Any) -> Symbol:
    return sym * Variable(_PROJECTION)


# ---- one against the other --------------------------------------------------------------------------

def check_consistency(sym: Any, ctx_list: Sequence[dict[str, Any]], scale: float = 1.0, grad_req: Any = "write",
                      arg_params: Any = None, aux_params: Any = None, rtol: Any = None, atol: Any = None,
                      raise_on_err: bool = True, ground_truth: Any = None, equal_nan: bool = False,
                      use_uniform: bool = False, rand_type: Any = np.float64) -> dict[str, NDArray]:
    """Assert that a symbol gives the same outputs and gradients in several contexts or dtypes.

    Parameters
    ----------
    sym : a symbol, or a list of one for each context
    ctx_list : for each run a dict of `ctx`, shapes of the inputs by name, and `type_dict`
    scale : of the random parameters, normal or (`use_uniform`) uniform
    grad_req : as for `bind`
    arg_params, aux_params : values to use instead of random ones
    rtol, atol, equal_nan : see `assert_almost_equal`; the less precise dtype of two counts
    raise_on_err : False prints what differs instead
    ground_truth : outputs (and gradients) by name to compare with; default those of the most precise run
    rand_type : dtype of the random values

    Returns the ground truth.
    """
    if len(ctx_list) < 2:
        raise MXNetAssertionError(f"check_consistency: two runs at least are compared, not {len(ctx_list)}")
    symbols = [sym] * len(ctx_list) if isinstance(sym, Symbol) else list(sym)
    runs = [one.simple_bind(grad_req=grad_req, **spec) for one, spec in zip(symbols, ctx_list)]
    args, aux = dict(arg_params or {}), dict(aux_params or {})
    for name, value in runs[0].arg_dict.items():
        if name not in args:
            drawn = np.random.uniform(-scale, scale, value.shape) if use_uniform else \
                np.random.normal(size=value.shape, scale=scale)
            args[name] = drawn.astype(rand_type)
    for name, value in runs[0].aux_dict.items():
        aux.setdefault(name, np.zeros(value.shape))
    heads: list[np.ndarray] | None = None
    results = []
    for run in runs:
        for name, value in run.arg_dict.items():
            value[:] = args[name]
        for name, value in run.aux_dict.items():
            value[:] = aux[name]
        for grad in run.grad_dict.values():
            if grad is not None:
                grad[:] = 0
        train = grad_req != "null"
        run.forward(is_train=train)
        found = {name: out.copy() for name, out in run.output_dict.items()}
        if train:
            heads = heads or [np.random.normal(size=out.shape) for out in run.outputs]
            run.backward([array(head, ctx=out.context, dtype=out.dtype) for head, out in zip(heads, run.outputs)])
            found |= {name: grad.copy() for name, grad in run.grad_dict.items() if grad is not None}
        results.append(found)
    precise = max(range(len(runs)), key=lambda i: np.dtype(runs[i].outputs[0].dtype).itemsize)
    truth = ground_truth if ground_truth is not None else results[precise]
    for number, found in enumerate(results):
        if ground_truth is None and number == precise:
            continue
        for name, value in found.items():
            _compare_run(name, number, value, truth[name], rtol, atol, raise_on_err, equal_nan)
    return truth


def _compare_run(name: str, number: int, value: NDArray, truth: NDArray, rtol: Any, atol: Any, raise_on_err: bool,
                 equal_nan: bool) -> None:
    relative = max(get_tolerance(one, rtol, default_rtols()) for one in (value, truth))
    absolute = max(get_tolerance(one, atol, default_atols()) for one in (value, truth))
    try:
        assert_almost_equal(value, truth, relative, absolute, (f"{name}[{number}]", f"{name}[truth]"),
                            equal_nan=equal_nan)
    except AssertionError as error:
        if raise_on_err:
            raise
        print(f"check_consistency: {error}")


def compare_optimizer(opt1: Any, opt2: Any, shape: tuple[int, ...], dtype: Any, w_stype: str = "default",
                      g_stype: str = "default", rtol: float = 1e-4, atol: float = 1e-5, compare_states: bool = True,
                      ntensors: int = 1) -> None:
    """Assert that two optimizers make the same step from the same weights, gradients and fresh states."""
    _dense_only([w_stype, g_stype])
    for index in range(ntensors):
        weight = array(np.random.uniform(-1, 1, shape), dtype=dtype)
        grad = array(np.random.uniform(-1, 1, shape), dtype=dtype)
        ends = []
        for optimizer in (opt1, opt2):
            own = weight.copy()
            state = optimizer.create_state_multi_precision(index, own)
            optimizer.update_multi_precision(index, own, grad.copy(), state)
            ends.append((own, state))
        if compare_states:
            compare_ndarray_tuple(ends[0][1], ends[1][1], rtol=rtol, atol=atol)
        assert_almost_equal(ends[0][0], ends[1][0], rtol=rtol, atol=atol)


def check_gluon_hybridize_consistency(net_builder: Callable[..., Any], data_l: Sequence[NDArray],
                                      numpy_func: Callable[..., Any] | None = None, test_grad: bool = True,
                                      rtol: float = 1e-4, atol: float = 1e-4) -> None:
    """Assert that a gluon block gives the same results and gradients hybridised and not (and as `numpy_func`)."""
    from .. import autograd
    found: list[tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray]]] = []
    params: dict[str, NDArray] = {}
    for hybrid in (False, True):
        net = net_builder(prefix="net_")
        net.initialize()
        if hybrid:
            net.hybridize()
        inputs = [data.copy() for data in data_l]
        net(*inputs)
        for name, param in net.collect_params().items():
            param.set_data(params.setdefault(name, param.data().copy()))
        for data in inputs:
            data.attach_grad()
        with autograd.record(train_mode=test_grad):
            output = net(*inputs)
        if test_grad:
            output.backward()
        grads = [_numpy(data.grad) for data in inputs] if test_grad else []
        own = {name: param.grad().asnumpy() for name, param in net.collect_params().items()
               if test_grad and param.grad_req != "null"}
        found.append((output.asnumpy(), grads, own))
    plain, fast = found
    assert_almost_equal(plain[0], fast[0], rtol, atol)
    for one, other in zip(plain[1], fast[1]):
        assert_almost_equal(one, other, rtol, atol)
    for name, value in plain[2].items():
        assert_almost_equal(value, fast[2][name], rtol, atol)
    if numpy_func is not None:
        assert_almost_equal(numpy_func(*[data.asnumpy() for data in data_l]), plain[0], rtol, atol)


def check_speed(sym: Symbol, location: Any = None, ctx: Context | None = None, N: int = 20, grad_req: Any = None,
                typ: str = "whole", **kwargs: Any) -> float:
    """Seconds of one run, the mean of `N`: forward and backward (`typ="whole"`), or `"forward"` only.

    Inputs are `location` by name, or random for the shapes in `kwargs`.
    """
    ctx, req = ctx or default_context(), grad_req or "write"
    if typ not in ("whole", "forward"):
        raise MXNetValueError(f"check_speed: typ is whole or forward, not {typ!r}")
    shapes = kwargs if location is None else {name: value.shape for name, value in location.items()}
    executor = sym.simple_bind(ctx, grad_req=req, **shapes)
    for name, value in executor.arg_dict.items():
        value[:] = np.random.normal(size=value.shape) if location is None else location[name]

    def once() -> None:
        executor.forward(is_train=typ == "whole")
        if typ == "whole":
            executor.backward(executor.outputs)
    once()
    waitall()
    begin = time.perf_counter()
    for _ in range(N):
        once()
    waitall()
    return (time.perf_counter() - begin) / N
