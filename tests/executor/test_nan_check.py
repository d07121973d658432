# SPDX-License-Identifier: Apache-2.0
"""The NaN check names the first operator, forward or backward, that produces a NaN or an infinity."""
from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import mxnet as mx
from mxnet import _mode
from mxnet._watching import watching

S = mx.sym


def here():
    return f"{__file__}:{sys._getframe(1).f_lineno}"


def network():
    fc = S.FullyConnected(S.Variable("data"), num_hidden=4, name="fc")
    log = S.log(fc, name="log")
    return S.SoftmaxOutput(S.FullyConnected(log, num_hidden=3, name="last"), name="softmax"), here()


def test_forward_of_an_executor():
    symbol, _ = network()
    exe = symbol.simple_bind(mx.cpu(), data=(2, 5))
    exe.arg_dict["data"][:] = 1
    exe.arg_dict["fc_weight"][:] = -0.5
    for train in (False, True):
        exe.forward(is_train=train)                       # nothing is looked at
        with mx.engine.nan_check(), pytest.raises(mx.MXNetError) as caught:
            exe.forward(is_train=train)
        lines = str(caught.value).split("\n")
        assert lines[0] == (f"NaN check: log 'log' ({__file__}:{network.__code__.co_firstlineno + 2}) produces a NaN "
                            "or an infinity in forward: log_output")
        assert "    log_output: (2, 4) float32: 8 NaN" in lines
        assert "    data (fc_output): (2, 4) float32: from -2.5 to -2.5" in lines


def test_what_was_there_already_is_said():
    exe = network()[0].simple_bind(mx.cpu(), data=(2, 5))
    exe.arg_dict["data"][1, 2] = float("nan")
    exe.arg_dict["data"][1, 3] = float("-inf")
    with mx.engine.nan_check(), pytest.raises(mx.MXNetError) as caught:
        exe.forward()
    text = str(caught.value)
    assert "FullyConnected 'fc'" in text and "1 NaN, 1 infinite, the rest from 0 to 0" in text
    assert text.endswith("what it was given held such values already: data (data)")


@pytest.mark.parametrize("direct", [True, False])
def test_backward_of_an_executor(direct):
    a = S.Variable("a")
    good = S.sin(a, name="good")
    root = S.sqrt(a, name="root")
    exe = (good + root).simple_bind(mx.cpu(), a=(3,))     # the square root's gradient at 0 is infinite
    exe._pair_known = not direct
    exe.arg_dict["a"][:] = mx.nd.array([0, 1, 4])
    with mx.engine.nan_check():
        exe.forward(is_train=True)
        with pytest.raises(mx.MXNetError) as caught:
            exe.backward(mx.nd.ones(3))
    text = str(caught.value)
    assert "sqrt 'root'" in text and "in backward: gradient of data (a)" in text
    assert "(3,) float32: 1 infinite, the rest from 0.25 to 0.5" in text
    assert "root_output: (3,) float32: from 1 to 1" in text and "data (a): (3,) float32: from 0 to 4" in text
    exe.forward(is_train=True)
    exe.backward(mx.nd.ones(3))                           # and nothing is looked at any more
    assert np.isinf(exe.grad_dict["a"].asnumpy()[0])


def test_results_are_the_same_when_all_is_well():
    symbol = S.SoftmaxOutput(S.BatchNorm(S.FullyConnected(S.Variable("data"), num_hidden=4, name="fc"), name="bn"),
                             name="softmax")
    found = []
    for check in (False, True):
        exe = symbol.simple_bind(mx.cpu(), data=(6, 5))
        rng = np.random.RandomState(0)
        for array in exe.arg_arrays:
            array[:] = rng.uniform(0, 1, array.shape)
        watched = mx.engine.nan_check() if check else mx.engine.bulk(1)
        with watched:
            exe.forward(is_train=True)
            exe.backward()
        found.append([x.asnumpy() for x in (*exe.outputs, *exe.grad_arrays, *exe.aux_arrays)])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_a_monitor_sees_the_nodes_before():
    exe = network()[0].simple_bind(mx.cpu(), data=(2, 5))
    exe.arg_dict["fc_bias"][:] = -1
    seen = []
    exe.set_monitor_callback(lambda name, value: seen.append(name))
    with mx.engine.nan_check(), pytest.raises(mx.MXNetError, match="log 'log'"):
        exe.forward(is_train=True)
    assert seen == ["fc_output", "log_output"]


def test_fit():
    data = mx.io.NDArrayIter(np.ones((8, 5), np.float32), np.zeros(8), 4)
    with mx.engine.nan_check(), pytest.raises(mx.MXNetError, match="log 'log'"):
        mx.mod.Module(network()[0]).fit(data, num_epoch=1, initializer=mx.init.Constant(-1))


@pytest.mark.parametrize("call, name", [
    (lambda x: mx.nd.log(x), "log"), (lambda x: x / 0, "_div_scalar"), (lambda x: x / (x - x), "elemwise_div"),
    (lambda x: mx.nd.sqrt(x, out=mx.nd.zeros(2)), "sqrt")])
def test_array_operators(call, name):
    x = mx.nd.array([1, -1])
    call(x)
    with mx.engine.nan_check(), pytest.raises(mx.MXNetError, match=rf"NaN check: \w+ \({__file__}:\d+\) produces") as e:
        call(x)
    assert f"NaN check: {name} " in str(e.value) or name == "elemwise_div"


def test_backward_of_recorded_arrays():
    x = mx.nd.array([0, 4])
    x.attach_grad()
    with mx.engine.nan_check():
        with mx.autograd.record():
            y = (mx.nd.sqrt(x) * 2).sum()
        with pytest.raises(mx.MXNetError, match="sqrt .* in backward: gradient of data"):
            y.backward()


def test_whole_numbers_and_empty_arrays_pass():
    with mx.engine.nan_check():
        mx.nd.ones((3,), dtype="int32") + 1
        mx.nd.zeros((0, 3)).exp()


def test_scopes_nest_and_leave_nothing_behind():
    assert not watching.active and _mode.counter.recording_threads == 0
    with mx.engine.nan_check():
        with mx.engine.nan_check():
            assert watching.nan_check == 2
        assert watching.active
    assert not watching.active and _mode.counter.recording_threads == 0


def test_the_environment_switches_it_on():
    code = "import mxnet as mx\ntry:\n  mx.nd.log(mx.nd.array([-1]))\nexcept mx.MXNetError as e:\n  print('caught', e)"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "MXNET_NAN_CHECK": "1"}, text=True,
                          capture_output=True, check=True)
    assert done.stdout.startswith("caught NaN check: log")
