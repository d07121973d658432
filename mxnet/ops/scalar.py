# SPDX-License-Identifier: Apache-2.0
"""Functions of an array and a scalar, either way round, from the rows of broadcast.py."""
from __future__ import annotations

import torch
from torch import Tensor

from .broadcast import PAIRS
from .families import as_number, no_gradient, scalar, scalar_operator
from .numbers import constant

# operator, aliases, row of PAIRS, whether the scalar comes first
_ROWS: list[tuple[str, tuple[str, ...], str, bool]] = [
    ("_plus_scalar", ("_PlusScalar",), "add", False),
    ("_minus_scalar", ("_MinusScalar",), "sub", False),
    ("_rminus_scalar", ("_RMinusScalar",), "sub", True),
    ("_mul_scalar", ("_MulScalar",), "mul", False),
    ("_div_scalar", ("_DivScalar",), "div", False),
    ("_rdiv_scalar", ("_RDivScalar",), "div", True),
    ("_mod_scalar", ("_ModScalar",), "mod", False),
    ("_rmod_scalar", ("_RModScalar",), "mod", True),
    ("_hypot_scalar", ("_HypotScalar", "_npi_hypot_scalar"), "hypot", False),
    ("_maximum_scalar", ("_MaximumScalar", "_npi_maximum_scalar"), "maximum", False),
    ("_minimum_scalar", ("_MinimumScalar", "_npi_minimum_scalar"), "minimum", False),
    ("_equal_scalar", ("_EqualScalar",), "equal", False),
    ("_not_equal_scalar", ("_NotEqualScalar",), "not_equal", False),
    ("_greater_scalar", ("_GreaterScalar",), "greater", False),
    ("_greater_equal_scalar", ("_GreaterEqualScalar",), "greater_equal", False),
    ("_lesser_scalar", ("_LesserScalar",), "lesser", False),
    ("_lesser_equal_scalar", ("_LesserEqualScalar",), "lesser_equal", False),
    ("_logical_and_scalar", ("_LogicalAndScalar",), "logical_and", False),
    ("_logical_or_scalar", ("_LogicalOrScalar",), "logical_or", False),
    ("_logical_xor_scalar", ("_LogicalXorScalar",), "logical_xor", False),
    ("_scatter_plus_scalar", (), "add", False),
    ("_scatter_minus_scalar", (), "sub", False),
]

for _name, _aliases, _key, _reverse in _ROWS:
    _row = PAIRS[_key]
    _sides = "`scalar` (lhs) and `data` (rhs)" if _reverse else "`data` (lhs) and `scalar` (rhs)"
    _made = scalar(_name, _row.function, f"Of {_sides}: {_row.doc}", *_aliases, reverse=_reverse,
                   gradient=_row.gradient)
    if _row.constant:
        _made.gradient(no_gradient)


def _power_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    data = as_number(data, is_int)
    if data.is_floating_point():
        return torch.pow(data, scalar)              # torch knows squares and roots by the number, not by a tensor
    return PAIRS["power"].function(data, constant(scalar, data.dtype))


def _rpower_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    data = as_number(data, is_int)
    if data.is_floating_point():
        return torch.pow(scalar, data)
    return PAIRS["power"].function(constant(scalar, data.dtype), data)


scalar_operator("_power_scalar", _power_scalar, "`data` raised to the power `scalar`.", "_PowerScalar")
scalar_operator("_rpower_scalar", _rpower_scalar, "`scalar` raised to the power `data`.", "_RPowerScalar")
