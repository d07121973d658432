# SPDX-License-Identifier: Apache-2.0
"""Sampled classes for losses over many classes, drawn log-uniformly: frequent classes have small numbers.

A class c of `range_max` has the probability log((c + 2) / (c + 1)) / log(range_max + 1), the derivative of whose sum
is inverted to draw: exp(u) - 1 for u uniform in [0, log(range_max + 1)). The formulas are the same on arrays and on
symbols; `functions` are the operators of one of the two.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Functions = Mapping[str, Mapping[str, Callable[..., Any]]]


def draw(functions: Functions, true_classes: Any, num_sampled: int, range_max: int,
         **place: Any) -> tuple[Any, Any, Any]:
    """The drawn classes, and how often the true and the drawn ones are to be expected; `place`: where to draw."""
    whole = math.log(range_max + 1)
    uniform, op = functions["_internal"]["_random_uniform"], functions["op"]
    drawn = uniform(low=0, high=whole, shape=(num_sampled,), dtype="float64", **place)
    drawn = (op["exp"](drawn) - 1).astype("int64") % range_max

    def expected(classes: Any) -> Any:
        number = classes.astype("float64")
        return op["log"]((number + 2.0) / (number + 1.0)) / whole * num_sampled

    return drawn, expected(true_classes), expected(drawn)
