# SPDX-License-Identifier: Apache-2.0
"""`get_optimized_symbol`: how many nodes remain is MXNet 1.9.1's answer."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.test_utils import environment

a, b = mx.sym.Variable("a"), mx.sym.Variable("b")
CASES = {
    "scalars": (lambda: (a + 5) + (a + 5), 1),
    "three": (lambda: mx.sym.sqrt(a) + mx.sym.sqrt(a) * mx.sym.sqrt(a), 2),
    "in steps": (lambda: (a * 5) * (b * 5) + (a * 5) * (b * 5), 3),
    "other parameters": (lambda: (a + 5) * (a + 6), 0),
    "other order": (lambda: mx.sym.elemwise_add(a, b) * mx.sym.elemwise_add(b, a), 0),
    "random": (lambda: mx.sym.Dropout(a) + mx.sym.Dropout(a), 0),
    "states": (lambda: mx.sym.BatchNorm(a, name="x") + mx.sym.BatchNorm(a, name="y"), 0),
    "constants": (lambda: mx.sym.zeros((5, 4)) + mx.sym.zeros((5, 4)) + a, 0),
    "outputs": (lambda: mx.sym.Group([a + 1, a + 1]), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_equal_nodes_are_one(name):
    build, saved = CASES[name]
    symbol = build()
    shapes = {key: (5, 4) for key in symbol.list_inputs() if key in "ab"}
    with environment("MXNET_ELIMINATE_COMMON_EXPR", "0"):
        plain = symbol.simple_bind(mx.cpu(), **shapes)
    merging = symbol.simple_bind(mx.cpu(), **shapes)
    whole, short = plain.get_optimized_symbol(), merging.get_optimized_symbol()
    assert len(whole.get_internals()) - len(short.get_internals()) == saved
    assert short.list_outputs() == symbol.list_outputs() and short.list_arguments() == symbol.list_arguments()
    assert short.list_auxiliary_states() == symbol.list_auxiliary_states()
    again = short.simple_bind(mx.cpu(), **shapes)
    for left, right in zip(merging.forward(), again.forward()):
        np.testing.assert_array_equal(left.asnumpy(), right.asnumpy())
