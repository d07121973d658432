# SPDX-License-Identifier: Apache-2.0
"""Functions of two arrays: of one shape (`elemwise_add`, `_maximum`), and of shapes that are broadcast.

Each row of PAIRS says once what an operation does with whole numbers, zeros and NaN; scalar.py makes the operators of
an array and a scalar from the same rows.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .families import PairGradient, binary, broadcast, no_gradient, pair_gradient
from .numbers import named, real_pair


@dataclass(frozen=True)
class Pair:
    """One operation on two arrays.

    `equal` holds the names of the operator for equal shapes, the canonical one first; `aliases` those of the
    broadcasting one beside `broadcast_<name>`. `gradient` is what torch's autograd does not give; `constant` marks
    operations whose gradient is zero. `printed` is what [5, 2] and [3, 2] give, for the documentation.
    """

    name: str
    function: Callable[[Tensor, Tensor], Tensor]
    doc: str
    printed: str
    equal: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    gradient: PairGradient | None = None
    constant: bool = False

    @property
    def rule(self) -> Any:
        if self.constant:
            return no_gradient
        return None if self.gradient is None else pair_gradient(self.gradient)


def _div(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.div(lhs, rhs) if lhs.is_floating_point() else torch.div(lhs, rhs, rounding_mode="trunc")


def _mod(lhs: Tensor, rhs: Tensor) -> Tensor:
    if not rhs.dim():                                   # a scalar, which need not be where lhs is
        return torch.remainder(lhs, rhs) if rhs.item() else torch.zeros_like(lhs)
    if lhs.is_floating_point():
        return torch.remainder(lhs, rhs).masked_fill_(torch.logical_not(rhs), 0)
    return torch.remainder(lhs, rhs.masked_fill(torch.logical_not(rhs), 1))


def _truth(compare: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A comparison that gives zeros and ones in the inputs' dtype: torch writes them right away into `out`."""
    def kernel(lhs: Tensor, rhs: Tensor) -> Tensor:
        return compare(lhs, rhs, out=torch.empty(0, dtype=lhs.dtype, device=lhs.device))
    return named(kernel, compare.__name__)


def _mod_gradient(lhs: Tensor, rhs: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    return head, -head * torch.floor(lhs / rhs)


def _maximum_gradient(lhs: Tensor, rhs: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    return head * (lhs >= rhs), head * (lhs < rhs)          # at a tie all of it goes to the left, for NaN to none


def _minimum_gradient(lhs: Tensor, rhs: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    return head * (lhs <= rhs), head * (lhs > rhs)


PAIRS = {row.name: row for row in [
    Pair("add", torch.add, "The sum.", "[8. 4.]", ("elemwise_add", "_add", "_plus", "_Plus", "_sparse_elemwise_add"),
         ("broadcast_plus", "_sparse_broadcast_add", "_sparse_broadcast_plus")),
    Pair("sub", torch.sub, "The difference.", "[2. 0.]",
         ("elemwise_sub", "_sub", "_minus", "_Minus", "_sparse_elemwise_sub"),
         ("broadcast_minus", "_sparse_broadcast_sub", "_sparse_broadcast_minus")),
    Pair("mul", torch.mul, "The product.", "[15.  4.]", ("elemwise_mul", "_mul", "_Mul", "_sparse_elemwise_mul"),
         ("_sparse_broadcast_mul",)),
    Pair("div", _div, "The quotient. Of whole numbers, its whole part (a division by zero is refused).",
         "[1.6667 1.    ]", ("elemwise_div", "_div", "_Div", "_sparse_elemwise_div"), ("_sparse_broadcast_div",)),
    Pair("mod", _mod, "The remainder, with the sign of the divisor; 0 for the divisor 0.", "[2. 0.]",
         ("_mod", "_Mod"), (), _mod_gradient),
    Pair("power", real_pair(torch.pow), "`lhs` raised to the power `rhs`.", "[125.   4.]", ("_power", "_Power")),
    Pair("maximum", torch.maximum, "The greater of both; NaN if one is NaN. The gradient goes to the greater one, to "
         "`lhs` if they are equal.", "[5. 2.]", ("_maximum", "_Maximum"), ("_npi_maximum",), _maximum_gradient),
    Pair("minimum", torch.minimum, "The smaller of both; NaN if one is NaN. The gradient goes to the smaller one, to "
         "`lhs` if they are equal.", "[3. 2.]", ("_minimum", "_Minimum"), ("_npi_minimum",), _minimum_gradient),
    Pair("hypot", real_pair(torch.hypot), "The hypotenuse `sqrt(lhs ** 2 + rhs ** 2)`.", "[5.831  2.8284]",
         ("_hypot", "_Hypot")),
    Pair("equal", _truth(torch.eq), "1 where both are equal, else 0.", "[0. 1.]", ("_equal", "_Equal"), constant=True),
    Pair("not_equal", _truth(torch.ne), "1 where both differ, else 0.", "[1. 0.]", ("_not_equal", "_Not_Equal"),
         constant=True),
    Pair("greater", _truth(torch.gt), "1 where `lhs` is greater, else 0.", "[1. 0.]", ("_greater", "_Greater"),
         constant=True),
    Pair("greater_equal", _truth(torch.ge), "1 where `lhs` is greater or equal, else 0.", "[1. 1.]",
         ("_greater_equal", "_Greater_Equal"), constant=True),
    Pair("lesser", _truth(torch.lt), "1 where `lhs` is smaller, else 0.", "[0. 0.]", ("_lesser", "_Lesser"),
         constant=True),
    Pair("lesser_equal", _truth(torch.le), "1 where `lhs` is smaller or equal, else 0.", "[0. 1.]",
         ("_lesser_equal", "_Lesser_Equal"), constant=True),
    Pair("logical_and", _truth(torch.logical_and), "1 where neither is 0, else 0.", "[1. 1.]",
         ("_logical_and", "_Logical_And"), constant=True),
    Pair("logical_or", _truth(torch.logical_or), "1 where not both are 0, else 0.", "[1. 1.]",
         ("_logical_or", "_Logical_Or"), constant=True),
    Pair("logical_xor", _truth(torch.logical_xor), "1 where exactly one of both is 0, else 0.", "[0. 0.]",
         ("_logical_xor", "_Logical_Xor"), constant=True),
]}

for _row in PAIRS.values():
    _example = ("mx.nd.array([5, 2]), mx.nd.array([3, 2])", _row.printed)
    binary(_row.equal[0], _row.function, _row.doc, *_row.equal[1:], gradient=_row.rule, example=_example)
    broadcast(f"broadcast_{_row.name}", _row.function, _row.doc, *_row.aliases, gradient=_row.rule,
              example=("mx.nd.array([5, 2]), mx.nd.array([[3, 2]])", f"[{_row.printed}]"))

_EXAMPLE = "mx.nd.array([5, 2]), mx.nd.array([2, 2])"
binary("_grad_add", torch.add, "The sum of two gradients: what reaches one array along two ways.",
       example=(_EXAMPLE, "[7. 4.]"))
binary("_scatter_elemwise_div", _div, "The quotient; MXNet has it for a row-sparse `lhs`.",
       example=(_EXAMPLE, "[2.5 1. ]"))
