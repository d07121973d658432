# SPDX-License-Identifier: Apache-2.0
"""What the update operators of the optimizers share: MXNet's rounding of constants, and how a gradient is prepared.

MXNet's parameters are float32, and its kernels bring them to the element type of the weight: `lr=0.1` on a float64
weight is 0.10000000149, and `1 - beta2` of 0.999 is 0.00099998713. Updates have to agree over thousands of steps, so
`constant` gives the numbers as MXNet's kernels hold them.
"""
from __future__ import annotations

import ctypes
import functools
import math
from typing import Annotated, Any

import torch
from torch import Tensor

from .registry import Operator
from .rules import common_dtype, common_shape, require_floating, with_inputs
from .schema import Aux

State = Annotated[Tensor, Aux()]


@functools.lru_cache(maxsize=8192)
def constant(value: float, dtype: torch.dtype) -> float:
    """A parameter as a kernel for weights of this dtype holds it. Raises OperatorError for whole types."""
    require_floating(dtype, "a weight")
    single = ctypes.c_float(value).value
    return torch.tensor(single, dtype=dtype).item() if dtype is torch.float16 else single


@functools.lru_cache(maxsize=8192)
def complement(value: float, dtype: torch.dtype) -> float:
    """1 - value, with the rounding of the dtype before and after."""
    return torch.tensor(1.0 - constant(value, dtype), dtype=dtype).item()


def one_minus_power(base: float, exponent: int, dtype: torch.dtype) -> float:
    """1 - base**exponent with the rounding of the dtype: what Adam-like updates divide their moments by."""
    held = constant(base, dtype)
    if not held and exponent < 0:
        return -math.inf
    return (1.0 - torch.tensor(held ** exponent, dtype=dtype)).item()


def prepared(weight: Tensor, grad: Tensor, rescale_grad: float, clip_gradient: float, wd: float = 0.0,
             decay_first: bool = False) -> Tensor:
    """`clip(rescale_grad * grad) + wd * weight`, or `clip(rescale_grad * grad + wd * weight)` with `decay_first`.

    A negative `clip_gradient` means no clipping. May return `grad` itself, which is not to be changed in place.
    """
    if rescale_grad != 1.0:
        grad = grad * constant(rescale_grad, grad.dtype)
    if clip_gradient >= 0.0 and not decay_first:
        grad = clipped(grad, clip_gradient)
    if wd != 0.0:
        grad = grad.add(weight, alpha=constant(wd, weight.dtype))
    return clipped(grad, clip_gradient) if decay_first else grad


def clipped(values: Tensor, bound: float) -> Tensor:
    """Within [-bound, bound], a new tensor; as it is when `bound` is negative."""
    if bound < 0.0:
        return values
    limit = constant(bound, values.dtype)
    return values.clamp(-limit, limit)


def alike(operator: Operator, *apart: str) -> None:
    """Attach the shape rule of updates: output and inputs, but for those set `apart`, have one shape."""
    names = [item.name for item in operator.schema.inputs if item.name not in apart]

    def rule(params: Any, out: Any = None, **known: Any) -> dict[str, Any]:
        return dict.fromkeys([*names, "out"], common_shape(names, known, out))
    operator.shape(with_inputs(rule, names))


def mixed(operator: Operator, *own: str) -> None:
    """Attach the dtype rule of mixed precision: weight, gradient and output share one dtype, all else is float32.

    `own` names the inputs of that shared dtype, when they are others than weight and gradient.
    """
    own = own or ("weight", "grad")
    names = [item.name for item in operator.schema.inputs]

    def rule(params: Any, out: Any = None, **known: Any) -> dict[str, Any]:
        common = common_dtype(*[known[name] for name in own], out)
        return {name: common if name in own else torch.float32 for name in names} | {"out": common}
    operator.dtype(with_inputs(rule, names))
