# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.contrib.rand_zipfian`; see `mxnet._zipfian` for the distribution."""
from __future__ import annotations

from .._zipfian import draw
from ..context import Context, current_context
from .generate import FUNCTIONS
from .ndarray import NDArray

__all__ = ["rand_zipfian"]


def rand_zipfian(true_classes: NDArray, num_sampled: int, range_max: int,
                 ctx: Context | None = None) -> tuple[NDArray, NDArray, NDArray]:
    """Draw `num_sampled` classes below `range_max`, with repetition, for sampled softmax and the like.

    Returns the drawn classes (int64, `(num_sampled,)`), and how often each of `true_classes` and each of those drawn
    is to be expected among them (float64, in their shapes). MXNet: `mx.nd.contrib.rand_zipfian`.

    >>> import mxnet as mx
    >>> drawn, expected_true, expected_drawn = mx.nd.contrib.rand_zipfian(mx.nd.array([3]), 4, 50)
    >>> drawn.shape, round(expected_true.asnumpy().tolist()[0], 6)
    ((4,), 0.227013)
    """
    return draw(FUNCTIONS, true_classes, num_sampled, range_max, ctx=ctx or current_context())
