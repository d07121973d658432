# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.contrib`'s updates take numbers and lists; the numbers are MXNet 1.9.1's answers."""
from __future__ import annotations

import inspect

import numpy as np
import pytest

import mxnet as mx

SCALES = (1, 0.1, 0.01, 0.001)


def arrays(dtype="float32"):
    return [mx.nd.array(np.arange(1, 4) * scale, dtype=dtype) for scale in SCALES]


def lists(count=2):
    return [list(group) for group in zip(*[arrays() for _ in range(count)])]


def near(array, expected, rtol=1e-5):
    np.testing.assert_allclose(array.asnumpy(), expected, rtol=rtol)


@pytest.mark.parametrize("scale", [0.5, mx.nd.array([0.5])])
def test_adamw(scale):
    w, g, m, v = arrays()
    mx.nd.contrib.adamw_update(w, g, m, v, scale, 0.1, 0.3, out=w, wd=0.1)
    near(w, [0.9567284, 1.9212545, 2.88707])
    near(m, [0.014, 0.028, 0.042])
    near(v, [0.0010015, 0.002008, 0.0030195])


@pytest.mark.parametrize("scale", [np.nan, 0.0, np.inf])
def test_adamw_skips_a_step_whose_scale_is_no_number(scale):
    w, g, m, v = arrays()
    mx.nd.contrib.adamw_update(w, g, m, v, scale, 0.1, 0.3, out=w)
    near(w, [1, 2, 3])


def test_adamw_in_mixed_precision():
    w, g, m, v = arrays()
    w16 = w.astype("float16")
    mx.nd.contrib.mp_adamw_update(w16, g.astype("float16"), m, v, w, 0.5, 0.1, 0.3, out=w16, wd=0.1)
    near(w, [0.95673037, 1.9212573, 2.8870704])
    near(w16, [0.9565, 1.921, 2.887], 1e-3)


@pytest.mark.parametrize("size", [0, 2])
def test_multi_adamw(size):
    ws, gs, ms, vs = lists()
    mx.nd.contrib.multi_adamw_update(ws, gs, ms, vs, 0.5, [0.1, 0.2], [0.1, 0], [0.3, 0.4], out=ws, size=size,
                                     beta1=0.8)
    near(ws[0], [0.9529365, 1.9158987, 2.8805187])
    near(ws[1], [0.95449734, 1.9357296, 2.9213831])
    near(ms[1], [0.018, 0.036, 0.054])
    ws, gs, ms, vs = lists()
    halves = [w.astype("float16") for w in ws]
    mx.nd.contrib.multi_mp_adamw_update(halves, [g.astype("float16") for g in gs], ms, vs, ws, 0.5, [0.1, 0.2],
                                        [0.1, 0], [0.3, 0.4], out=halves, size=size)
    near(ws[1], [0.9646121, 1.9500163, 2.93885])
    near(halves[1], [0.965, 1.95, 2.94], 1e-3)


def test_multi_lamb():
    ws, gs, ms, vs = lists()
    mx.nd.contrib.multi_lamb_update(ws, gs, ms, vs, [1, 2], [0.1, 0.2], [0.1, 0], out=ws)
    near(ws[0], [0.869833, 1.7901379, 2.718905])
    near(ws[1], [0.6924914, 1.5672561, 2.4725807])
    halves = [w.astype("float16") for w in ws]
    mx.nd.contrib.multi_mp_lamb_update(halves, [g.astype("float16") for g in gs], ms, vs, ws, [1, 2], [0.1, 0.2],
                                       [0.1, 0], out=halves)
    near(ws[1], [0.44371432, 1.2188355, 2.0498452])
    near(halves[0], [0.748, 1.6, 2.469], 1e-3)


def test_names_of_the_arguments():
    assert list(inspect.signature(mx.nd.contrib.adamw_update).parameters)[4:9] == [
        "rescale_grad", "lr", "eta", "beta1", "beta2"]
    assert mx.nd.power(base=mx.nd.array([2]), exp=3).asscalar() == 8 == mx.nd.power(2, exp=mx.nd.array([3])).asscalar()
