# SPDX-License-Identifier: Apache-2.0
"""Numbers as MXNet's kernels see them: scalar parameters in an array's own type, and real functions of whole numbers.

MXNet computes in the type of the array. A scalar is cast to it first (1.5 becomes 1 for an int32 array, -1 becomes 255
for a uint8 one), and a real function of a whole number is computed in floating point and cut towards zero.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .registry import Kernel, OperatorError


def constant(scalar: float, dtype: torch.dtype) -> Tensor:
    """A scalar as a tensor without dimensions, for arithmetic with arrays of that dtype.

    Tensors made once are kept: torch would wrap a Python number anew at every call. Nobody may write to them.
    """
    if scalar or math.copysign(1.0, scalar) > 0:
        return _constant(scalar, dtype)
    return _constant.__wrapped__(scalar, dtype)         # -0.0 equals 0.0, so the cache would not keep them apart


@functools.lru_cache(maxsize=1024)
def _constant(scalar: float, dtype: torch.dtype) -> Tensor:
    return torch.tensor(scalar, dtype=torch.float64).to(dtype)


def number(scalar: float, dtype: torch.dtype) -> Any:
    """A scalar cast to an array's dtype, as a Python number."""
    return scalar if dtype.is_floating_point else torch.tensor(scalar, dtype=torch.float64).to(dtype).item()


def named(kernel: Kernel, name: str) -> Kernel:
    """The kernel, under the name by which the code of a lowered symbol shows it."""
    kernel.__name__ = kernel.__qualname__ = name.strip("_")
    return kernel


def real(function: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    """A function of floating-point arrays, made to take whole ones as well: computed in float64, cut to their dtype."""
    def kernel(data: Tensor) -> Tensor:
        if data.is_floating_point():
            return function(data)
        if data.dtype is torch.bool:
            raise OperatorError("expected numbers, but the array's dtype is bool")
        return function(data.to(torch.float64)).to(data.dtype)
    return named(kernel, function.__name__)


def real_pair(function: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """As `real`, for two arrays of one dtype (or an array and a `constant`)."""
    def kernel(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.is_floating_point():
            return function(lhs, rhs)
        return function(lhs.to(torch.float64), rhs.to(torch.float64)).to(lhs.dtype)
    return named(kernel, function.__name__)


def whole_or(integral: Callable[..., Tensor], function: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    """`function` for floating-point arrays, `integral` for whole ones."""
    def kernel(data: Tensor) -> Tensor:
        return function(data) if data.is_floating_point() else integral(data)
    return named(kernel, function.__name__)

