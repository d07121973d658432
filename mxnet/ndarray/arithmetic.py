# SPDX-License-Identifier: Apache-2.0
"""The operators of Python on arrays: `+`, `-`, `*`, ... with arrays, scalars, both ways round and in place.

Each is one row of a table that names MXNet's operators; nothing is computed here.
"""
from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..base import MXNetTypeError
from ..ops.registry import Operator, get
from .handle import NDArrayBase, wrap
from .invoke import REFUSALS, counter, invoke

Binary = Callable[[Any, Any], Any]
NUMBERS = (float, int, np.generic)

# Python's name, MXNet's operator for two arrays, for array and scalar, for scalar and array
ROWS = [
    ("add", "broadcast_add", "_plus_scalar", "_plus_scalar"),
    ("sub", "broadcast_sub", "_minus_scalar", "_rminus_scalar"),
    ("mul", "broadcast_mul", "_mul_scalar", "_mul_scalar"),
    ("div", "broadcast_div", "_div_scalar", "_rdiv_scalar"),
    ("truediv", "broadcast_div", "_div_scalar", "_rdiv_scalar"),
    ("mod", "broadcast_mod", "_mod_scalar", "_rmod_scalar"),
    ("pow", "broadcast_power", "_power_scalar", "_rpower_scalar"),
]
COMPARISONS = [
    ("eq", "broadcast_equal", "_equal_scalar"),
    ("ne", "broadcast_not_equal", "_not_equal_scalar"),
    ("gt", "broadcast_greater", "_greater_scalar"),
    ("ge", "broadcast_greater_equal", "_greater_equal_scalar"),
    ("lt", "broadcast_lesser", "_lesser_scalar"),
    ("le", "broadcast_lesser_equal", "_lesser_equal_scalar"),
]


def pair_function(arrays: Operator, scalar: Operator) -> Binary:
    """`f(x, y)` for an array x and an array or number y, on the shortest path."""
    array_kernel, scalar_kernel = arrays.kernel, scalar.kernel

    def call(self: NDArrayBase, other: Any) -> Any:
        if not counter.recording_threads:
            try:
                if isinstance(other, NDArrayBase):
                    left, right = self._tensor, other._tensor
                    if left.dtype is right.dtype:
                        return wrap(array_kernel(left, right), self._ctx)
                elif isinstance(other, (float, int)):
                    return wrap(scalar_kernel(self._tensor, scalar=other), self._ctx)
            except REFUSALS:
                pass                                   # the long way says what is wrong
        return slow(self, other)

    def slow(self: NDArrayBase, other: Any) -> Any:
        if isinstance(other, NDArrayBase):
            return invoke(arrays, (self, other), {})
        if isinstance(other, NUMBERS):
            return invoke(scalar, (self,), {"scalar": other})
        raise MXNetTypeError(f"{arrays.name}: an NDArray combines with NDArrays and numbers, "
                             f"not with {type(other)}: type not supported")
    return call


def _named(function: Binary, name: str, text: str) -> Binary:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def _inplace(compute: Binary, name: str) -> Binary:
    def call(self: NDArrayBase, other: Any) -> Any:
        made = compute(self, other)
        if made._tensor.shape != self._tensor.shape or made._tensor.dtype != self._tensor.dtype:
            raise MXNetTypeError(f"{name}: the result {tuple(made._tensor.shape)} {made._tensor.dtype} does not fit "
                                 f"into the array {tuple(self._tensor.shape)} {self._tensor.dtype}")
        if counter.recording_threads:
            from ..autograd import refuse_write
            refuse_write(self)                         # type: ignore[arg-type]
            refuse_write(made)                         # a sum with recorded values has a history, the array none
        self._tensor.copy_(made._tensor)
        return self
    return call


def _fast_inplace(method: str, compute: Binary, name: str) -> Binary:
    """`x += y` in torch's own in-place operation where dtype and device are plain, else through a temporary."""
    update = getattr(torch.Tensor, method)
    slow = _inplace(compute, name)

    def call(self: NDArrayBase, other: Any) -> Any:
        tensor = self._tensor
        if not counter.recording_threads and tensor.is_floating_point():
            try:
                if isinstance(other, NDArrayBase):
                    if other._tensor.dtype is tensor.dtype:
                        update(tensor, other._tensor)
                        return self
                elif isinstance(other, (float, int)):
                    update(tensor, other)
                    return self
            except REFUSALS:
                pass
        return slow(self, other)
    return call


def install(cls: type) -> None:
    """Give a class the operators of Python. Called once the operators are declared."""
    for name, arrays, scalar, reverse in ROWS:
        forward = pair_function(get(arrays), get(scalar))
        backward = pair_function(get(arrays), get(reverse))
        setattr(cls, f"__{name}__", _named(forward, f"__{name}__", f"Element-wise {arrays}, with broadcasting."))
        setattr(cls, f"__r{name}__", _named(_reflected(backward, get(reverse)), f"__r{name}__", "The other way round."))
        method = {"add": "add_", "sub": "sub_", "mul": "mul_", "div": "div_", "truediv": "div_"}.get(name)
        update = _fast_inplace(method, forward, f"__i{name}__") if method else _inplace(forward, f"__i{name}__")
        setattr(cls, f"__i{name}__", _named(update, f"__i{name}__", "In place."))
    setattr(cls, "__neg__", unary_function("negative", "Element-wise numerical negative."))  # noqa: B010
    setattr(cls, "__abs__", unary_function("abs", "Element-wise absolute value."))           # noqa: B010
    for name, arrays, scalar in COMPARISONS:
        compare = pair_function(get(arrays), get(scalar))
        setattr(cls, f"__{name}__", _named(compare, f"__{name}__", "1 where it holds, else 0, in the array's dtype."))


def unary_function(operator_name: str, doc: str) -> Callable[[Any], Any]:
    """`f(x)` for an operator of one array, on the shortest path."""
    op = get(operator_name)
    kernel = op.kernel

    def call(self: NDArrayBase) -> Any:
        if not counter.recording_threads:
            try:
                return wrap(kernel(self._tensor), self._ctx)
            except REFUSALS:
                pass                                   # the long way says what is wrong
        return invoke(op, (self,), {})
    call.__doc__ = doc
    return call


def _reflected(backward: Binary, scalar: Operator) -> Binary:
    """`number op x`; for commutative operators the same as `x op number`."""
    def call(self: NDArrayBase, other: Any) -> Any:
        if not isinstance(other, NUMBERS):
            raise MXNetTypeError(f"{scalar.name}: an NDArray combines with NDArrays and numbers, "
                                 f"not with {type(other)}: type not supported")
        return backward(self, other)
    return call


def mixed_function(name: str, arrays: str, scalar: str, reverse: str, numbers: Callable[[Any, Any], Any],
                   doc: str) -> Binary:
    """A public function of two arguments of which each is an array or a number, such as `mx.nd.maximum`."""
    forward, backward = pair_function(get(arrays), get(scalar)), pair_function(get(arrays), get(reverse))

    def call(lhs: Any, rhs: Any) -> Any:
        if isinstance(lhs, NDArrayBase):
            return forward(lhs, rhs)
        if isinstance(rhs, NDArrayBase):
            if not isinstance(lhs, NUMBERS):
                raise MXNetTypeError(f"{name} takes arrays and numbers, not {type(lhs)}")
            return backward(rhs, lhs)
        if isinstance(lhs, NUMBERS) and isinstance(rhs, NUMBERS):
            return numbers(lhs, rhs)
        raise MXNetTypeError(f"{name} takes arrays and numbers, not {type(lhs)} and {type(rhs)}")
    return _named(call, name, doc)


def _as_number(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], float]:
    return lambda a, b: 1 if compare(a, b) else 0


# public name, array operator, scalar operator, reversed scalar operator, on two numbers, what it is
MIXED: list[tuple[str, str, str, str, Callable[[Any, Any], Any], str]] = [
    ("add", "broadcast_add", "_plus_scalar", "_plus_scalar", operator.add, "Sum"),
    ("subtract", "broadcast_sub", "_minus_scalar", "_rminus_scalar", operator.sub, "Difference"),
    ("multiply", "broadcast_mul", "_mul_scalar", "_mul_scalar", operator.mul, "Product"),
    ("divide", "broadcast_div", "_div_scalar", "_rdiv_scalar", operator.truediv, "Quotient"),
    ("true_divide", "broadcast_div", "_div_scalar", "_rdiv_scalar", operator.truediv, "Quotient"),
    ("modulo", "broadcast_mod", "_mod_scalar", "_rmod_scalar", operator.mod, "Remainder, with the divisor's sign"),
    ("power", "broadcast_power", "_power_scalar", "_rpower_scalar", operator.pow, "Power"),
    ("maximum", "broadcast_maximum", "_maximum_scalar", "_maximum_scalar", max, "The greater"),
    ("minimum", "broadcast_minimum", "_minimum_scalar", "_minimum_scalar", min, "The lesser"),
    ("hypot", "broadcast_hypot", "_hypot_scalar", "_hypot_scalar", np.hypot, "Hypotenuse of the legs"),
    ("equal", "broadcast_equal", "_equal_scalar", "_equal_scalar", _as_number(operator.eq), "1 where equal"),
    ("not_equal", "broadcast_not_equal", "_not_equal_scalar", "_not_equal_scalar", _as_number(operator.ne),
     "1 where not equal"),
    ("greater", "broadcast_greater", "_greater_scalar", "_lesser_scalar", _as_number(operator.gt),
     "1 where greater"),
    ("greater_equal", "broadcast_greater_equal", "_greater_equal_scalar", "_lesser_equal_scalar",
     _as_number(operator.ge), "1 where greater or equal"),
    ("lesser", "broadcast_lesser", "_lesser_scalar", "_greater_scalar", _as_number(operator.lt), "1 where lesser"),
    ("lesser_equal", "broadcast_lesser_equal", "_lesser_equal_scalar", "_greater_equal_scalar",
     _as_number(operator.le), "1 where lesser or equal"),
    ("logical_and", "broadcast_logical_and", "_logical_and_scalar", "_logical_and_scalar",
     lambda a, b: 1 if a and b else 0, "1 where both are not 0"),
    ("logical_or", "broadcast_logical_or", "_logical_or_scalar", "_logical_or_scalar",
     lambda a, b: 1 if a or b else 0, "1 where one is not 0"),
    ("logical_xor", "broadcast_logical_xor", "_logical_xor_scalar", "_logical_xor_scalar",
     lambda a, b: 1 if bool(a) ^ bool(b) else 0, "1 where just one is not 0"),
]


def mixed_functions() -> dict[str, Binary]:
    """All functions of MIXED by their public name."""
    made = {}
    for name, arrays, scalar, reverse, numbers, what in MIXED:
        doc = (f"{what} of `lhs` and `rhs`, element-wise with broadcasting.\n\n"
               f"Each is an NDArray or a number; dtype and context are the array's.")
        made[name] = mixed_function(name, arrays, scalar, reverse, numbers, doc)
    made["power"] = _with_its_own_names(made["power"])
    return made


def _with_its_own_names(power: Binary) -> Binary:
    """MXNet calls the arguments of this one otherwise."""
    def call(base: Any, exp: Any) -> Any:
        return power(base, exp)
    return _named(call, "power", "`base` to the power `exp`, element-wise with broadcasting.\n\n"
                                 "Each is an NDArray or a number; dtype and context are the array's.")
