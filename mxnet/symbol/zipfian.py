# SPDX-License-Identifier: Apache-2.0
"""`mx.sym.contrib.rand_zipfian`; see `mxnet._zipfian` for the distribution."""
from __future__ import annotations

from .._zipfian import draw
from ..base import MXNetAssertionTypeError
from .generate import FUNCTIONS
from .symbol import Symbol

__all__ = ["rand_zipfian"]


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Draw `num_sampled` classes below `range_max`, with repetition, for sampled softmax and the like.

    Returns the drawn classes (int64, `(num_sampled,)`), and how often each of `true_classes` and each of those drawn
    is to be expected among them (float64, in their shapes). MXNet: `mx.sym.contrib.rand_zipfian`.

    >>> import mxnet as mx
    >>> drawn, expected_true, expected_drawn = mx.sym.contrib.rand_zipfian(mx.sym.var("true"), 4, 5)
    >>> mx.sym.Group([drawn, expected_true]).infer_shape(true=(3,))[1]
    [(4,), (3,)]
    """
    if not isinstance(true_classes, Symbol):
        raise MXNetAssertionTypeError(f"rand_zipfian: true_classes is a Symbol, not {type(true_classes).__name__}")
    return draw(FUNCTIONS, true_classes, num_sampled, range_max)
