# SPDX-License-Identifier: Apache-2.0
"""Training without a tape gives the gradients of training with one."""
from __future__ import annotations

import itertools

import numpy as np
import pytest

import mxnet as mx

S = mx.sym
ACTIVATIONS = ("relu", "sigmoid", "tanh", "softrelu", "softsign")


def network(activation, flatten, no_bias, loss):
    x = S.FullyConnected(S.Variable("data"), num_hidden=7, name="f1", flatten=flatten, no_bias=no_bias)
    x = S.Activation(x, act_type=activation)
    x = S.FullyConnected(x, num_hidden=5, name="f2", flatten=flatten)
    return S.SoftmaxOutput(x, name="softmax", preserve_shape=not flatten) if loss else x


def gradients(symbol, req, loss, direct):
    exe = symbol.simple_bind(mx.cpu(), data=(4, 3, 6), grad_req=req)
    if not direct:
        exe._pair_known = True                       # keep the tape
    rng = np.random.RandomState(0)
    for name, array in exe.arg_dict.items():
        array[:] = rng.randint(0, 5, array.shape) if "label" in name else rng.normal(size=array.shape)
    for array in exe.grad_arrays:
        array[:] = 1
    exe.forward(is_train=True)
    assert (exe._saved is not None) is direct
    head = None if loss else mx.nd.array(rng.normal(size=exe.outputs[0].shape))
    exe.backward(head)
    if req == "write":
        exe.backward(head)
    return {name: grad.asnumpy() for name, grad in exe.grad_dict.items()}


@pytest.mark.parametrize("activation, flatten, no_bias, req, loss", list(itertools.product(
    ACTIVATIONS, [True, False], [True, False], ["write", "add"], [True, False])))
def test_direct_gradients_are_the_tapes(activation, flatten, no_bias, req, loss):
    symbol = network(activation, flatten, no_bias, loss)
    found = gradients(symbol, req, loss, True)
    expected = gradients(mx.sym.load_json(symbol.tojson()), req, loss, False)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-5, atol=1e-6, err_msg=name)


def test_unwanted_gradients_are_left_alone():
    exe = network("relu", True, False, True).simple_bind(mx.cpu(), data=(2, 3), grad_req={"f2_bias": "write"})
    exe.forward(is_train=True)
    exe.backward()
    assert exe._pair is not None
    assert [name for name, grad in exe.grad_dict.items() if grad is not None] == ["f2_bias"]
    probability = exe.outputs[0].asnumpy()
    np.testing.assert_allclose(exe.grad_dict["f2_bias"].asnumpy(), (probability - np.eye(5)[[0, 0]]).sum(0), rtol=1e-5)
