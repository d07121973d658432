# SPDX-License-Identifier: Apache-2.0
"""Operators that hand an array on as it is, or nearly, and differ in what they do with the gradient."""
from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..base import MXNetNotImplementedError
from .elementwise import nearest_away
from .families import no_gradient, same_shape_of_data, same_shape_of_pair, unary
from .params import Param
from .registry import OperatorError, declare, op
from .schema import Input, Schema


def _same(data: Tensor) -> Tensor:
    return data


unary("_copy", _same, "The array itself: a copy of its own for the caller of `mx.nd`.", "identity", alias=True,
      example=("mx.nd.array([1, 2])", "[1. 2.]"))
unary("_copyto", _same, "A copy, which `out=` may place on another device.", "_npi_copyto", alias=True,
      example=("mx.nd.array([1, 2])", "[1. 2.]"))
unary("_CrossDeviceCopy", _same, "A copy between devices, as MXNet puts them into graphs with `ctx_group`.", alias=True,
      example=("mx.nd.array([1, 2])", "[1. 2.]"))
unary("BlockGrad", torch.detach, "The array itself, through which no gradient passes.", "stop_gradient",
      "_sparse_stop_gradient", alias=True, gradient=no_gradient, example=("mx.nd.array([1, 2])", "[1. 2.]"))
unary("make_loss", _same, "The array itself as a loss: its gradient is 1, whatever comes from above.", sparse=True,
      alias=True, output="loss", gradient=lambda data: {"data": torch.ones_like(data)},
      example=("mx.nd.array([1, 2])", "[1. 2.]"))
unary("_contrib_round_ste", nearest_away, "The nearest whole number, halves going away from zero. The gradient passes "
      "straight through, as if nothing had been rounded.", "_sparse__contrib_round_ste",
      gradient=lambda head: {"data": head}, example=("mx.nd.array([1.5, -1.5, 0.4])", "[ 2. -2.  0.]"))
unary("_contrib_sign_ste", torch.sign, "-1, 0 or 1 for negative numbers, zero and positive ones. The gradient passes "
      "straight through.", "_sparse__contrib_sign_ste", gradient=lambda head: {"data": head},
      example=("mx.nd.array([2, 0, -3])", "[ 1.  0. -1.]"))


def _gradient_multiplier(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    return data


gradient_multiplier = declare(
    "_contrib_gradientmultiplier", kernel=_gradient_multiplier, alias=True,
    schema=Schema((Input("data"),), (Param.of("scalar", float, 1.0), Param.of("is_int", bool, True))),
    doc="The array itself, whose gradient is multiplied by `scalar`.\n\n"
        "With a negative scalar, what lies below is trained to do the opposite (Ganin and Lempitsky, 2015: "
        "domain-adversarial training). `is_int` is accepted and without effect.\n\n"
        ">>> print(mx.nd.contrib.gradientmultiplier(mx.nd.array([1, 2]), scalar=-1).asnumpy())\n[1. 2.]")
gradient_multiplier.shape(same_shape_of_data)


@gradient_multiplier.gradient
def _(params, head):
    return {"data": head * params.scalar}


@op("_identity_with_attr_like_rhs", alias=True)
def identity_like(lhs: Tensor, rhs: Tensor) -> Tensor:
    """`lhs` itself; in a symbol its shape and dtype follow from `rhs`, which is not used otherwise.

    >>> print(mx.nd._internal._identity_with_attr_like_rhs(mx.nd.array([1, 2]), mx.nd.zeros((2,))).asnumpy())
    [1. 2.]
    """
    return lhs


identity_like.shape(same_shape_of_pair)


@op("cast_storage", "_sparse_cast_storage", alias=True)
def cast_storage(data: Tensor, *, stype: Literal["default", "row_sparse", "csr"]) -> Tensor:
    """Change how an array is stored. Here arrays are dense: `stype="default"` gives the array itself.

    Raises MXNetNotImplementedError for `"row_sparse"` and `"csr"`.

    >>> print(mx.nd.cast_storage(mx.nd.array([1, 2]), stype="default").asnumpy())
    [1. 2.]
    """
    if stype != "default":
        raise MXNetNotImplementedError(f"stype={stype!r}: operators on sparse storage are not implemented, "
                                       f"only 'default' is")
    return data


cast_storage.shape(same_shape_of_data)


@op("_NoGradient")
def no_gradient_marker() -> Tensor:
    """Marks, in a graph of gradients, that there is none. It has no value: running it raises OperatorError."""
    raise OperatorError("marks the absence of a gradient and has no value")
