# SPDX-License-Identifier: Apache-2.0
"""Tests for infinities and NaN, as MXNet shows them in `mx.nd.contrib`: 1 and 0 in the array's own dtype."""
from __future__ import annotations

from .generate import function
from .ndarray import NDArray

__all__ = ["isfinite", "isinf", "isnan"]


def isinf(data: NDArray) -> NDArray:
    """1 where a value is infinite, of either sign.

    >>> import mxnet as mx
    >>> mx.nd.contrib.isinf(mx.nd.array([1, float("inf")])).asnumpy().tolist()
    [0.0, 1.0]
    """
    return function("_equal_scalar")(function("abs")(data), scalar=float("inf"))


def isnan(data: NDArray) -> NDArray:
    """1 where a value is NaN."""
    return function("_not_equal")(data, data)


def isfinite(data: NDArray) -> NDArray:
    """1 where a value is neither infinite nor NaN."""
    return function("_equal_scalar")(function("elemwise_sub")(data, data), scalar=0)
