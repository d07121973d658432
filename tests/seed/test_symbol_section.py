# SPDX-License-Identifier: Apache-2.0
"""The examples of the API document's Symbol sections."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def test_overview():
    a = mx.sym.Variable("a")
    b = mx.sym.Variable("b")
    c = 2 * a + b
    assert type(c) is mx.symbol.Symbol
    e = c.bind(mx.cpu(), {"a": mx.nd.array([1, 2]), "b": mx.nd.array([2, 3])})
    y = e.forward()
    assert "<NDArray 2 @cpu(0)>" in repr(y)
    np.testing.assert_array_equal(y[0].asnumpy(), np.array([4.0, 7.0], dtype=np.float32))


def test_binary_operators_do_not_broadcast():
    a, b = mx.sym.Variable("a"), mx.sym.Variable("b")
    with pytest.raises(mx.MXNetError, match="elemwise_add"):
        (a + b).infer_shape(a=(2, 3), b=(2, 1))
    assert mx.sym.broadcast_plus(a, b).infer_shape(a=(2, 3), b=(2, 1))[1] == [(2, 3)]
