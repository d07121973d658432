# SPDX-License-Identifier: Apache-2.0
"""Sampled classes for losses over many classes, drawn log-uniformly: frequent classes have small numbers.

A class c of `range_max` has the probability log((c + 2) / (c + 1)) / log(range_max + 1), the derivative of whose sum
is inverted to draw: exp(u) - 1 for u uniform in [0, log(range_max + 1)).
"""
from __future__ import annotations

import math

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
    whole = math.log(range_max + 1)
    uniform, exp = FUNCTIONS["_internal"]["_random_uniform"], FUNCTIONS["op"]["exp"]
    drawn = uniform(low=0, high=whole, shape=(num_sampled,), dtype="float64")
    drawn = (exp(drawn) - 1).astype("int64") % range_max

    def expected(classes: Symbol) -> Symbol:
        number = classes.astype("float64")
        return FUNCTIONS["op"]["log"]((number + 2.0) / (number + 1.0)) / whole * num_sampled

    return drawn, expected(true_classes), expected(drawn)
