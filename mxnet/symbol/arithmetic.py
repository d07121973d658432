# SPDX-License-Identifier: Apache-2.0
"""The operators of Python on symbols, and functions of symbols and numbers, each one row of a table.

Unlike arrays, symbols of two inputs do not broadcast: `a + b` is `elemwise_add`. The names that nodes get when given
none (`_plus0`, `_mulscalar1`) are MXNet's, since parameter files hold them.
"""
from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import MXNetTypeError
from ..ops.registry import get
from .compose import apply
from .symbol import Symbol

NUMBERS = (float, int, np.generic)

# Python's name: (operator, its name hint) for two symbols, symbol and number, number and symbol
ROWS: dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "add": (("elemwise_add", "_plus"), ("_plus_scalar", "_plusscalar"), ("_plus_scalar", "_plusscalar")),
    "sub": (("elemwise_sub", "_minus"), ("_minus_scalar", "_minusscalar"), ("_rminus_scalar", "_rminusscalar")),
    "mul": (("elemwise_mul", "_mul"), ("_mul_scalar", "_mulscalar"), ("_mul_scalar", "_mulscalar")),
    "div": (("elemwise_div", "_div"), ("_div_scalar", "_divscalar"), ("_rdiv_scalar", "_rdivscalar")),
    "truediv": (("elemwise_div", "_div"), ("_div_scalar", "_divscalar"), ("_rdiv_scalar", "_rdivscalar")),
    "mod": (("_mod", "_mod"), ("_mod_scalar", "_modscalar"), ("_rmod_scalar", "_rmodscalar")),
    "pow": (("_power", "_power"), ("_power_scalar", "_powerscalar"), ("_rpower_scalar", "_rpower_scalar")),
    "eq": (("_equal", "_equal"), ("_equal_scalar", "_equal_scalar"), ("_equal_scalar", "_equal_scalar")),
    "ne": (("_not_equal", "_not_equal"), ("_not_equal_scalar", "_not_equal_scalar"),
           ("_not_equal_scalar", "_not_equal_scalar")),
    "gt": (("_greater", "_greater"), ("_greater_scalar", "_greater_scalar"), ("_lesser_scalar", "_lesser_scalar")),
    "ge": (("_greater_equal", "_greater_equal"), ("_greater_equal_scalar", "_greater_equal_scalar"),
           ("_lesser_equal_scalar", "_lesser_equal_scalar")),
    "lt": (("_lesser", "_lesser"), ("_lesser_scalar", "_lesser_scalar"), ("_greater_scalar", "_greater_scalar")),
    "le": (("_lesser_equal", "_lesser_equal"), ("_lesser_equal_scalar", "_lesser_equal_scalar"),
           ("_greater_equal_scalar", "_greater_equal_scalar")),
    "power": (("_power", "_power"), ("_power_scalar", "_powerscalar"), ("_rpower_scalar", "_rpowerscalar")),
    "maximum": (("_maximum", "_maximum"), ("_maximum_scalar", "_maximumscalar"),
                ("_maximum_scalar", "_maximumscalar")),
    "minimum": (("_minimum", "_minimum"), ("_minimum_scalar", "_minimumscalar"),
                ("_minimum_scalar", "_minimumscalar")),
    "hypot": (("_hypot", "_hypot"), ("_hypot_scalar", "_hypotscalar"), ("_hypot_scalar", "_hypotscalar")),
}
# public function: row, what it does with two numbers, the names of its arguments
FUNCTIONS: dict[str, tuple[str, Callable[[Any, Any], Any], tuple[str, str]]] = {
    "maximum": ("maximum", max, ("left", "right")), "minimum": ("minimum", min, ("left", "right")),
    "hypot": ("hypot", np.hypot, ("left", "right")),
    "pow": ("power", operator.pow, ("base", "exp")), "power": ("power", operator.pow, ("base", "exp"))}


def _combine(key: str, reflected: bool) -> Callable[[Any, Any], Symbol]:
    pair, scalar, reverse = ROWS[key]

    def call(self: Symbol, other: Any) -> Symbol:
        if isinstance(other, Symbol):
            name, hint = pair
            return apply(get(name), (self, other), {}, {}, hint=hint)
        if isinstance(other, NUMBERS):
            name, hint = reverse if reflected else scalar
            number = int(other) if isinstance(other, bool) else other        # "True" is no number in files
            return apply(get(name), (self,), {}, {"scalar": number}, hint=hint)
        raise MXNetTypeError(f"a Symbol combines with Symbols and numbers: type {type(other)} not supported")
    return call


def install(cls: type) -> None:
    """Give a class the operators of Python."""
    for key in ("add", "sub", "mul", "div", "truediv", "mod", "pow", "eq", "ne", "gt", "ge", "lt", "le"):
        forward = _combine(key, False)
        forward.__name__, forward.__doc__ = f"__{key}__", f"Element-wise `{ROWS[key][0][0]}`; shapes must be equal."
        setattr(cls, f"__{key}__", forward)
        if key in ("add", "sub", "mul", "div", "truediv", "mod", "pow"):
            backward = _combine(key, True)
            backward.__name__, backward.__doc__ = f"__r{key}__", "The other way round."
            setattr(cls, f"__r{key}__", backward)
            setattr(cls, f"__i{key}__", _refuse_inplace(key))
    cls.__neg__ = _negative                              # type: ignore[operator]
    cls.__abs__ = _absolute                              # type: ignore[attr-defined]


def _negative(self: Symbol) -> Symbol:
    """Element-wise numerical negative."""
    return _combine("mul", False)(self, -1.0)


def _absolute(self: Symbol) -> Symbol:
    """Element-wise absolute value."""
    return apply(get("abs"), (self,), {}, {})


def _refuse_inplace(key: str) -> Callable[[Any, Any], Any]:
    def call(self: Symbol, other: Any) -> Any:
        from ..base import NotImplementedForSymbol
        raise NotImplementedForSymbol(f"__i{key}__", f"in-place {key}")
    return call


def public_functions() -> dict[str, Callable[[Any, Any], Any]]:
    """`mx.sym.maximum`, `minimum`, `hypot`, `pow`, `power`: of symbols and numbers."""
    return {name: _function(name, *row) for name, row in FUNCTIONS.items()}


def _function(name: str, key: str, numbers: Callable[[Any, Any], Any], names: tuple[str, str]) -> Callable[..., Any]:
    forward, backward = _combine(key, False), _combine(key, True)
    signature = inspect.Signature([inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in names])

    def call(*args: Any, **kwargs: Any) -> Any:
        left, right = signature.bind(*args, **kwargs).args
        if isinstance(left, Symbol):
            return forward(left, right)
        if isinstance(right, Symbol):
            return backward(right, left)
        if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
            return numbers(left, right)
        raise MXNetTypeError(f"{name}: types ({type(left)}, {type(right)}) not supported")
    call.__name__ = call.__qualname__ = name
    call.__signature__ = signature                       # type: ignore[attr-defined]
    call.__doc__ = f"Element-wise `{ROWS[key][0][0]}` of symbols and numbers; of two numbers, a number."
    return call
