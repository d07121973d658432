# SPDX-License-Identifier: Apache-2.0
"""Writing into arrays while recording, gradients of gradients, and recorded computations as symbols."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError


def variable(*values):
    x = mx.nd.array(values)
    x.attach_grad()
    return x


def test_whole_array_takes_over_the_history_of_recorded_values():
    x, target, other = variable(1, 2, 3), mx.nd.zeros((3,)), mx.nd.zeros((3,))
    with mx.autograd.record():
        target[:] = x * 2
        (target * 1).copyto(other)
        y = other * 3
    y.backward()
    assert x.grad.asnumpy().tolist() == [6, 6, 6]


def test_values_are_broadcast_and_cast_with_their_history():
    x, target = variable(1, 2, 3), mx.nd.zeros((2, 3), dtype="float64")
    with mx.autograd.record():
        target[:] = x * 2
        y = target * target
    y.backward()
    assert x.grad.asnumpy().tolist() == [16, 32, 48]


@pytest.mark.parametrize("write", [
    lambda x, y, z: x.__setitem__(slice(None), 2), lambda x, y, z: x.__iadd__(2), lambda x, y, z: y.__isub__(x),
    lambda x, y, z: y.__setitem__(1, 7), lambda x, y, z: mx.nd.sin(x, out=y), lambda x, y, z: z.__iadd__(x),
    lambda x, y, z: z.__setitem__(slice(1, 2), x[0:1]), lambda x, y, z: mx.nd.ones((3,)).copyto(y),
    lambda x, y, z: y.reshape((3, 1)).__setitem__(slice(None), 5)])
def test_refused_while_recording(write):
    x, z = variable(1, 2, 3), mx.nd.zeros((3,))
    with mx.autograd.record():
        y = x * 2
        with pytest.raises(MXNetError, match="while recording"):
            write(x, y, z)
    assert x.asnumpy().tolist() == [1, 2, 3] and y.asnumpy().tolist() == [2, 4, 6] and not z.asnumpy().any()


def test_allowed_outside_and_under_pause():
    x = variable(1, 1)
    with mx.autograd.record():
        y = x * 2
        with mx.autograd.pause():
            y[:] = 1
        z = mx.nd.zeros((2,))
        z[0] = 4                                       # numbers have no history
        w = y * y + z
    w.backward()
    assert x.grad.asnumpy().tolist() == [4, 4]
    x -= 0.5 * x.grad
    mx.nd.sgd_update(x, x.grad, lr=1, out=x)
    assert x.asnumpy().tolist() == [-5, -5] and x.grad is not None


def test_grad_gives_a_list_and_takes_recorded_head_gradients():
    x, weight = variable(1, 2, 3), variable(4, 5, 6)
    with mx.autograd.record():
        slope = mx.autograd.grad(x ** 2, x, head_grads=weight * 1, create_graph=True)
        assert isinstance(slope, list) and len(slope) == 1
        slope[0].sum().backward()
    assert x.grad.asnumpy().tolist() == [8, 10, 12]
    assert weight.grad.asnumpy().tolist() == [2, 4, 6]


def test_gradient_that_is_zero_everywhere():
    x = variable(-1, 2)
    with mx.autograd.record():
        slope = mx.autograd.grad(mx.nd.abs(x), x, create_graph=True)[0]
        curve = mx.autograd.grad(slope, x)[0]
    assert slope.asnumpy().tolist() == [-1, 1] and curve.asnumpy().tolist() == [0, 0]


def test_head_gradient_of_another_size():
    x = variable(1, 2)
    with mx.autograd.record():
        y = x * 2
    with pytest.raises(MXNetError, match=r"\(3,\), its head \(2,\)"):
        y.backward(mx.nd.ones((3,)))


def test_fresh_gradient():
    x, y = variable(1, 1), variable(1, 1)
    assert x._fresh_grad is False
    with mx.autograd.record():
        z = (x + 2).detach() + y
    z.backward()
    assert (x._fresh_grad, y._fresh_grad) == (False, True)
    y._fresh_grad = False
    assert y._fresh_grad is False and mx.nd.ones((1,))._fresh_grad is False


def test_what_depends_on_no_variable_is_not_recorded():
    class Twice(mx.autograd.Function):
        def forward(self, x):
            return x * 2

    with mx.autograd.record():
        results = [mx.nd.ones((2,)) * 2, mx.nd.random.uniform(shape=(2,)), Twice()(mx.nd.ones((2,)))]
        results[0][0] = 5                              # a constant may be written to
    assert results[0].asnumpy().tolist() == [5, 2]
    for result in results:
        with pytest.raises(MXNetError, match="not in a computational graph"):
            result.backward()


def test_get_symbol():
    x, y = variable(1, 2), variable(3, 4)
    with mx.autograd.record():
        parts = mx.nd.split(mx.nd.FullyConnected(x.reshape((1, 2)), mx.nd.ones((4, 2)), no_bias=True, num_hidden=4), 2)
        z = parts[1] * y + 3
    symbol = mx.autograd.get_symbol(z)
    assert symbol.list_arguments() == ["var0", "null0", "var1"]
    given = {"var0": x, "null0": mx.nd.ones((4, 2)), "var1": y}
    assert np.array_equal(symbol.bind(mx.cpu(), given).forward()[0].asnumpy(), z.asnumpy())
    assert mx.autograd.get_symbol(x).list_arguments() == ["var0"]


def test_get_symbol_of_what_symbols_do_not_have():
    x = variable(1, 2)
    with mx.autograd.record():
        y = x[1:] * 2
    with pytest.raises(MXNetError, match="index"):
        mx.autograd.get_symbol(y)
    with pytest.raises(MXNetError, match="neither a variable"):
        mx.autograd.get_symbol(mx.nd.ones((1,)))


def test_cached_op():
    op = mx.nd.CachedOp(mx.sym.Convolution(kernel=(3, 3), num_filter=2, name="c") + 2, [("static_alloc", True)])
    data, weight, bias = mx.nd.ones((1, 1, 5, 5)), mx.nd.ones((2, 1, 3, 3)), variable(1, 2)
    assert op(data, weight, bias).asnumpy()[0, :, 0, 0].tolist() == [12, 13]
    out = mx.nd.zeros((1, 2, 3, 3))
    assert op(data, weight, bias, out=out) is out and out.asnumpy().max() == 13
    with mx.autograd.record():
        made = op(data, weight, bias)
    made.backward()
    assert bias.grad.asnumpy().tolist() == [9, 9]
    with pytest.raises(MXNetError, match=r"3 arrays \(c_data, c_weight, c_bias\), 1 are given"):
        op(data)
    with pytest.raises(TypeError, match="c_bias takes an NDArray, not int"):
        op(data, weight, 3)


def test_cached_op_with_states_and_several_outputs():
    op = mx.nd.CachedOp(mx.sym.BatchNorm(mx.sym.Variable("x"), name="b"))
    mean = mx.nd.zeros((2,))
    with mx.autograd.record():
        made = op(mx.nd.ones((3, 2)), variable(1, 1), mx.nd.zeros((2,)), mean, mx.nd.ones((2,)))
    made.backward()
    assert np.allclose(mean.asnumpy(), 0.1)
    several = mx.nd.CachedOp(mx.sym.SliceChannel(num_outputs=2))
    assert [part.shape for part in several(mx.nd.ones((2, 4)))] == [(2, 2), (2, 2)]


@pytest.mark.parametrize("how, count, edges", [
    ({}, [1, 0, 0, 0, 0, 2, 0, 0, 0, 1], np.linspace(0, 2, 11)), ({"bins": 2, "range": (0, 4)}, [3, 1], [0, 2, 4])])
def test_histogram(how, count, edges):
    found = mx.nd.histogram(mx.nd.array([0, 1, 1, 2]), **how)
    assert found[0].asnumpy().tolist() == count and np.allclose(found[1].asnumpy(), edges)


def test_histogram_between_edges_and_errors():
    counts, edges = mx.nd.histogram(mx.nd.array([0, 1, 1, 2]), mx.nd.array([0, 1, 1.5]))
    assert counts.asnumpy().tolist() == [1, 2] and edges.shape == (3,)
    with pytest.raises(TypeError, match="not list"):
        mx.nd.histogram(mx.nd.ones((2,)), bins=[1, 2])


def test_rand_zipfian():
    drawn, true, sampled = mx.nd.contrib.rand_zipfian(mx.nd.array([3, 1]), 200, 50)
    assert drawn.dtype == np.int64 and drawn.shape == sampled.shape == (200,)
    assert set(drawn.asnumpy()) <= set(range(50))
    assert np.allclose(true.asnumpy() / 50, [0.22701266, 0.41249551])           # MXNet's for four draws


def test_functions_are_in_the_module_of_the_class_too():
    from mxnet.ndarray.ndarray import _DTYPE_MX_TO_NP, _DTYPE_NP_TO_MX, array, zeros
    assert array is mx.nd.array and zeros is mx.nd.zeros
    assert _DTYPE_NP_TO_MX[np.int32] == 4 and _DTYPE_MX_TO_NP[0] is np.float32 and _DTYPE_NP_TO_MX[None] == -1
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mx.nd.ndarray.nothing  # noqa: B018
