# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.random` and `mx.sym.random`: one function for each distribution, for parameters that are numbers or arrays.

    mx.nd.random.uniform(0, 1, shape=(2, 3))                    one distribution: the operator _random_uniform
    mx.nd.random.uniform(low, high, shape=4)                    one for each element: the operator _sample_uniform

`functions` builds them for a front end, from its operator functions and its array class.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._mode import counter
from .base import MXNetAssertionError, MXNetAssertionTypeError, MXNetTypeError, MXNetValueError, numeric_types
from .context import Context, current_context
from .ops.params import _Null

Function = Callable[..., Any]


@dataclass(frozen=True)
class Front:
    """A front end: its operator functions by registered name, its array class, and whether it computes at once.

    `plan(name, params)`, where it does, gives a function without arguments that runs an operator without inputs.
    """

    operators: Mapping[str, Function]
    array: type
    imperative: bool
    plan: Function | None = None

    def call(self, name: str, /, *arrays: Any, **given: Any) -> Any:
        """Apply an operator; parameters that are not given or None are left out."""
        return self.operators[name](*arrays, **{k: v for k, v in given.items() if v is not None and v is not _Null})


@dataclass(frozen=True)
class _Distribution:
    """A row of the table: parameters with their defaults, how their values become the operators', and a docstring."""

    defaults: Mapping[str, Any]
    doc: str
    names: Sequence[str] = ()                            # the parameters of _random_x, where they differ
    convert: Function | None = None


_SHAPES = """

    The parameters are numbers, or arrays of one shape.

    Parameters
    ----------
    {parameters}
    shape : int or tuple, how many to draw: the shape of the result. With arrays as parameters it is appended to their
        shape, and may be left out. Without it a single number is drawn
    dtype : {dtypes}
    {rest}
    Raises MXNetValueError for parameters that the distribution does not have.

    >>> import mxnet as mx
    >>> mx.{front}.random.{name}({example}shape=(2, 3)){shown}
"""
_REST = """ctx : Context of the result when the parameters are numbers, default the current one
    out : NDArray to write into; gives shape, dtype and context where these are not given
"""

_DISTRIBUTIONS: dict[str, _Distribution] = {
    "uniform": _Distribution({"low": 0, "high": 1}, "Uniform random numbers in [low, high)."),
    "normal": _Distribution({"loc": 0, "scale": 1},
                            "Normal random numbers with mean `loc` and standard deviation `scale`."),
    "poisson": _Distribution({"lam": 1}, "Poisson random numbers with mean `lam`."),
    "exponential": _Distribution({"scale": 1}, "Exponential random numbers with mean `scale`.", ("lam",),
                                 lambda scale: 1.0 / scale),
    "gamma": _Distribution({"alpha": 1, "beta": 1},
                           "Gamma random numbers with shape `alpha` and scale `beta`: their mean is `alpha * beta`."),
    "negative_binomial": _Distribution(
        {"k": 1, "p": 1}, "Numbers of failures before the `k`-th success, when `p` is the probability of success."),
    "generalized_negative_binomial": _Distribution(
        {"mu": 1, "alpha": 1}, "Negative binomial random numbers with mean `mu` and variance `mu + alpha * mu**2`."),
}


def functions(front: Front) -> dict[str, Function]:
    """All functions of the module `random` of this front end, by name."""
    made = {name: _distribution(front, name, row) for name, row in _DISTRIBUTIONS.items()}
    made["randint"] = _randint(front)
    made["randn"] = _randn(front, made["normal"])
    made["multinomial"] = _multinomial(front)
    made["shuffle"] = _shuffle(front)
    return made


def _distribution(front: Front, name: str, row: _Distribution) -> Function:
    order = (*row.defaults, "shape", "dtype", *(("ctx", "out") if front.imperative else ()))

    def call(*args: Any, **kwargs: Any) -> Any:
        given = _bind(name, order, args, kwargs)
        values = [given.pop(key, default) for key, default in row.defaults.items()]
        if row.convert is not None:
            values = [row.convert(value) for value in values]
        if _are_arrays(front, name, list(row.defaults), values):
            given.pop("ctx", None)
            return front.call(f"_sample_{name}", *values, **_like_out(given))
        return front.call(f"_random_{name}", **dict(zip(row.names or row.defaults, values)), **_placed(front, given))

    def settle(*args: Any, **kwargs: Any) -> Function | None:
        given = _bind(name, order, args, kwargs)
        values = [given.pop(key, default) for key, default in row.defaults.items()]
        if row.convert is not None:
            values = [row.convert(value) for value in values]
        return _settled(front, f"_random_{name}", dict(zip(row.names or row.defaults, values)), given)

    draw = _repeating(call, settle) if front.imperative else call
    parameters = [(key, default) for key, default in row.defaults.items()]
    listed = ", ".join(row.defaults)
    return _describe(draw, front, name, parameters, row.doc + _SHAPES.format(
        parameters=f"{listed} : float or {front.array.__name__}, default "
                   f"{', '.join(str(v) for v in row.defaults.values())}",
        dtypes="float16, float32 (default) or float64", front="nd" if front.imperative else "sym", name=name,
        rest=_REST if front.imperative else "", example="",
        shown=_shown(front)))


def _shown(front: Front) -> str:
    """The end of the documentation's example: what it prints."""
    return ".shape\n    (2, 3)" if front.imperative else ".infer_shape()[1]\n    [(2, 3)]"


def _bind(name: str, order: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by name. Raises MXNetTypeError for too many, or one given twice."""
    if len(args) > len(order):
        raise MXNetTypeError(f"random.{name} takes at most {len(order)} arguments by position "
                             f"({', '.join(order)}), {len(args)} are given")
    given = dict(zip(order, args))
    twice = given.keys() & kwargs.keys()
    if twice:
        raise MXNetTypeError(f"random.{name}: {min(twice)!r} is given by position and by name")
    return {**given, **kwargs}


def _are_arrays(front: Front, name: str, names: Sequence[str], values: Sequence[Any]) -> bool:
    """Whether all parameters are arrays; False for all numbers. Raises for anything else."""
    arrays = [isinstance(value, front.array) for value in values]
    if all(arrays):
        return True
    if any(arrays):
        raise MXNetAssertionTypeError(f"random.{name}: {' and '.join(names)} are to be all numbers or all "
                                      f"{front.array.__name__}s, not some of each")
    for key, value in zip(names, values):
        if not isinstance(value, numeric_types):
            raise MXNetAssertionError(f"random.{name}: {key} is a number or an {front.array.__name__}, not {value!r}")
    return False


def _like_out(given: dict[str, Any]) -> dict[str, Any]:
    """The dtype is that of `out`, when there is one and no dtype is given."""
    out = given.get("out")
    if out is not None and given.get("dtype", _Null) in (_Null, None):
        given["dtype"] = out.dtype
    return given


def _placed(front: Front, given: dict[str, Any]) -> dict[str, Any]:
    """Shape and context of a draw with numbers as parameters: those of `out`, else one number, here."""
    out = given.get("out")
    if not front.imperative:
        return given
    if given.get("shape", _Null) in (_Null, None):
        given["shape"] = (1,) if out is None else out.shape
    if given.get("ctx") is None:
        given["ctx"] = current_context() if out is None else out.ctx
    return _like_out(given)


_KEPT = 256                        # calls of each function that are remembered


def _repeating(call: Function, settle: Function) -> Function:
    """`call`, which remembers what it was called with: programs repeat such calls, and drawing a few numbers takes a
    fraction of the time that it takes to sort out the arguments.

    `settle(*args, **kwargs)` gives what draws for these arguments, or None.
    """
    known: dict[Any, Function] = {}

    def draw(*args: Any, **kwargs: Any) -> Any:
        if counter.recording_threads:                # somebody may want to see each operator
            return call(*args, **kwargs)
        try:
            ready = known[args, tuple(kwargs.items())]
        except (KeyError, TypeError):
            made = call(*args, **kwargs)
            if len(known) < _KEPT and all(type(value) in _SIMPLE for value in (*args, *kwargs.values())):
                ready = settle(*args, **kwargs)
                if ready is not None:
                    known[args, tuple(kwargs.items())] = ready
            return made
        return ready()
    return draw


_SIMPLE = (int, float, str, tuple, Context)


def _settled(front: Front, operator: str, values: Mapping[str, Any], given: Mapping[str, Any]) -> Function | None:
    """The plan of a draw whose parameters are numbers."""
    rest = {key: value for key, value in given.items() if value is not None and value is not _Null}
    if "out" in rest:
        return None
    rest.setdefault("shape", (1,))
    assert front.plan is not None
    return front.plan(operator, {**values, **rest})


def _randint(front: Front) -> Function:
    order = ("low", "high", "shape", "dtype", *(("ctx", "out") if front.imperative else ()))

    def bound(args: Any, kwargs: Any) -> dict[str, Any]:
        given = _bind("randint", order, args, kwargs)
        for key in ("low", "high"):
            if not isinstance(given.get(key), numeric_types):
                raise MXNetValueError(f"random.randint: {key} is a whole number, not {given.get(key)!r}")
        return given

    def call(*args: Any, **kwargs: Any) -> Any:
        return front.call("_random_randint", **_placed(front, bound(args, kwargs)))

    def settle(*args: Any, **kwargs: Any) -> Function | None:
        return _settled(front, "_random_randint", {}, bound(args, kwargs))

    randint = _repeating(call, settle) if front.imperative else call
    empty = inspect.Parameter.empty
    return _describe(randint, front, "randint", [("low", empty), ("high", empty)],
                     "Whole random numbers in [low, high), all equally likely." + _SHAPES.format(
        parameters="low, high : int", dtypes="int32 (default) or int64", rest=_REST if front.imperative else "",
        front="nd" if front.imperative else "sym", name="randint", example="0, 10, ",
        shown=_shown(front)))


def _describe(function: Function, front: Front, name: str, parameters: Sequence[tuple[str, Any]], doc: str) -> Function:
    """Name, documentation and signature of a function that takes its arguments as they come."""
    kind = inspect.Parameter
    tail = [("shape", _Null), ("dtype", _Null)] + ([("ctx", None), ("out", None)] if front.imperative else [])
    listed = [kind(key, kind.POSITIONAL_OR_KEYWORD, default=default) for key, default in [*parameters, *tail]]
    function.__signature__ = inspect.Signature(          # type: ignore[attr-defined]
        [*listed, kind("kwargs", kind.VAR_KEYWORD)])
    function.__name__ = function.__qualname__ = name
    function.__doc__ = inspect.cleandoc(doc)
    return function


def _randn(front: Front, normal: Function) -> Function:
    def randn(*shape: int, **kwargs: Any) -> Any:
        """Normal random numbers; the sizes of the result are the positional arguments.

        `loc` (default 0) and `scale` (default 1) are mean and standard deviation, numbers or arrays; `dtype`, `ctx`
        and `out` are as in `normal`.

        >>> import mxnet as mx
        >>> mx.nd.random.randn(2, 3).shape
        (2, 3)
        """
        loc, scale = kwargs.pop("loc", 0), kwargs.pop("scale", 1)
        return normal(loc, scale, shape=shape, **kwargs)
    return randn


def _multinomial(front: Front) -> Function:
    def multinomial(data: Any, shape: Any = _Null, get_prob: bool = not front.imperative, out: Any = None,
                    dtype: Any = "int32", **kwargs: Any) -> Any:
        """Draws of categories: the last axis of `data` holds the probabilities of as many categories.

        Parameters
        ----------
        data : array of shape (..., k), probabilities
        shape : int or tuple, how many draws for each row; default one, without an axis of its own
        get_prob : whether to give the logarithms of the drawn probabilities as well, with a gradient for `data`.
            Default False for arrays, True for symbols
        dtype : of the categories: int32 (default), uint8, float16, float32 or float64

        >>> import mxnet as mx
        >>> mx.nd.random.multinomial(mx.nd.array([0, 1]), shape=3).asnumpy().tolist()
        [1, 1, 1]
        """
        return front.call("_sample_multinomial", data, shape=shape, get_prob=get_prob, out=out, dtype=dtype, **kwargs)
    if not front.imperative:
        del_out = inspect.signature(multinomial)
        multinomial.__signature__ = del_out.replace(     # type: ignore[attr-defined]
            parameters=[p for p in del_out.parameters.values() if p.name != "out"])
    return multinomial


def _shuffle(front: Front) -> Function:
    def shuffle(data: Any, **kwargs: Any) -> Any:
        """The rows of `data`, its elements along the first axis, in random order.

        >>> import mxnet as mx
        >>> sorted(mx.nd.random.shuffle(mx.nd.arange(4)).asnumpy().tolist())
        [0.0, 1.0, 2.0, 3.0]
        """
        return front.call("_shuffle", data, **kwargs)
    return shuffle
