# SPDX-License-Identifier: Apache-2.0
"""Functions of an array and a scalar, either way round, from the rows of broadcast.py."""
from __future__ import annotations

import torch
from torch import Tensor

from .broadcast import PAIRS
from .families import as_number, no_gradient, scalar, scalar_operator
from .numbers import constant

_ARGUMENTS = "mx.nd.array([5, 2]), scalar=3"

# operator, aliases, row of PAIRS, whether the scalar comes first, what [5, 2] and the scalar 3 give
_ROWS: list[tuple[str, tuple[str, ...], str, bool, str]] = [
    ("_plus_scalar", ("_PlusScalar",), "add", False, "[8. 5.]"),
    ("_minus_scalar", ("_MinusScalar",), "sub", False, "[ 2. -1.]"),
    ("_rminus_scalar", ("_RMinusScalar",), "sub", True, "[-2.  1.]"),
    ("_mul_scalar", ("_MulScalar",), "mul", False, "[15.  6.]"),
    ("_div_scalar", ("_DivScalar",), "div", False, "[1.6667 0.6667]"),
    ("_rdiv_scalar", ("_RDivScalar",), "div", True, "[0.6 1.5]"),
    ("_mod_scalar", ("_ModScalar",), "mod", False, "[2. 2.]"),
    ("_rmod_scalar", ("_RModScalar",), "mod", True, "[3. 1.]"),
    ("_hypot_scalar", ("_HypotScalar", "_npi_hypot_scalar"), "hypot", False, "[5.831  3.6056]"),
    ("_maximum_scalar", ("_MaximumScalar", "_npi_maximum_scalar"), "maximum", False, "[5. 3.]"),
    ("_minimum_scalar", ("_MinimumScalar", "_npi_minimum_scalar"), "minimum", False, "[3. 2.]"),
    ("_equal_scalar", ("_EqualScalar",), "equal", False, "[0. 0.]"),
    ("_not_equal_scalar", ("_NotEqualScalar",), "not_equal", False, "[1. 1.]"),
    ("_greater_scalar", ("_GreaterScalar",), "greater", False, "[1. 0.]"),
    ("_greater_equal_scalar", ("_GreaterEqualScalar",), "greater_equal", False, "[1. 0.]"),
    ("_lesser_scalar", ("_LesserScalar",), "lesser", False, "[0. 1.]"),
    ("_lesser_equal_scalar", ("_LesserEqualScalar",), "lesser_equal", False, "[0. 1.]"),
    ("_logical_and_scalar", ("_LogicalAndScalar",), "logical_and", False, "[1. 1.]"),
    ("_logical_or_scalar", ("_LogicalOrScalar",), "logical_or", False, "[1. 1.]"),
    ("_logical_xor_scalar", ("_LogicalXorScalar",), "logical_xor", False, "[0. 0.]"),
    ("_scatter_plus_scalar", (), "add", False, "[8. 5.]"),
    ("_scatter_minus_scalar", (), "sub", False, "[ 2. -1.]"),
]

for _name, _aliases, _key, _reverse, _printed in _ROWS:
    _row = PAIRS[_key]
    _sides = "`scalar` (lhs) and `data` (rhs)" if _reverse else "`data` (lhs) and `scalar` (rhs)"
    _made = scalar(_name, _row.function, f"Of {_sides}: {_row.doc}", *_aliases, reverse=_reverse,
                   gradient=_row.gradient, example=(_ARGUMENTS, _printed))
    if _row.constant:
        _made.gradient(no_gradient)


def _power_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    if data.is_floating_point():
        return torch.pow(data, scalar)              # torch knows squares and roots by the number, not by a tensor
    data = as_number(data, is_int)
    return PAIRS["power"].function(data, constant(scalar, data.dtype))


def _rpower_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    if data.is_floating_point():
        return torch.pow(scalar, data)
    data = as_number(data, is_int)
    return PAIRS["power"].function(constant(scalar, data.dtype), data)


scalar_operator("_power_scalar", _power_scalar, "`data` raised to the power `scalar`.", "_PowerScalar",
                example=(_ARGUMENTS, "[125.   8.]"))
scalar_operator("_rpower_scalar", _rpower_scalar, "`scalar` raised to the power `data`.", "_RPowerScalar",
                example=(_ARGUMENTS, "[243.   9.]"))
