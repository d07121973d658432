# SPDX-License-Identifier: Apache-2.0
"""The examples of the API document's NDArray sections, as printed there (gpu numbers become cpu numbers)."""
from __future__ import annotations

import numpy as np

import mxnet as mx


def test_overview():
    x = mx.nd.array([[1, 2, 3], [4, 5, 6]])
    assert type(x) is mx.nd.NDArray
    assert x.shape == (2, 3)
    y = x + mx.nd.ones(x.shape) * 3
    np.testing.assert_array_equal(y.asnumpy(), [[4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    z = y.as_in_context(mx.cpu(1))
    assert "<NDArray 2x3 @cpu(1)>" in repr(z)


def test_transpose_is_a_copy():
    x = mx.nd.array([[1, 2, 3], [4, 5, 6]])
    t = x.T
    t[:] = 0
    assert x.asnumpy().sum() == 21


def test_dot_uses_last_and_first_axis():
    a, b = mx.nd.ones((2, 3, 4)), mx.nd.ones((4, 5, 6))
    assert mx.nd.dot(a, b).shape == (2, 3, 5, 6)
