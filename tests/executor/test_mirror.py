# SPDX-License-Identifier: Apache-2.0
"""Mirrored operators give the same results and gradients, with less memory."""
from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import mxnet as mx
from mxnet.executor import mirror

S = mx.sym


def blocks(count, **attributes):
    x = S.Variable("data")
    for i in range(count):
        x = S.Convolution(x, num_filter=8, kernel=(3, 3), pad=(1, 1), no_bias=True, name=f"conv{i}")
        with mx.AttrScope(**attributes):
            x = S.BatchNorm(x, fix_gamma=False, name=f"bn{i}")
            x = S.Activation(x, act_type="relu", name=f"relu{i}")
    return S.SoftmaxOutput(S.FullyConnected(S.Flatten(x), num_hidden=4, name="fc"), name="softmax")


def various(**attributes):
    """Views, several outputs, several consumers, random numbers, and chains of mirrored operators."""
    a = S.FullyConnected(S.Variable("data"), num_hidden=12, name="first")
    with mx.AttrScope(**attributes):
        b = S.tanh(a) * S.sigmoid(a)
        left, right = S.SliceChannel(S.Reshape(b, shape=(0, 2, 6)), num_outputs=2, axis=1, squeeze_axis=True)
        c = S.Dropout(S.LeakyReLU(left, act_type="elu"), p=0.4, name="drop")
        d = S.LayerNorm(right + S.exp(c * 0.1), S.Variable("gamma"), S.Variable("beta"), name="norm")
        e = S.transpose(S.broadcast_add(d, S.max(c, axis=1, keepdims=True)))
    f = S.FullyConnected(S.transpose(e), num_hidden=5, name="second")
    return S.Group([S.SoftmaxOutput(f, name="softmax"), S.MakeLoss(S.sum(S.square(e)), name="loss")])


def executor(symbol, shape, tape=True):
    exe = symbol.simple_bind(mx.cpu(), data=shape)
    exe._pair_known |= tape
    rng = np.random.RandomState(0)
    for name, array in exe.arg_dict.items():
        array[:] = rng.randint(0, 4, array.shape) if "label" in name else rng.normal(0, 0.5, array.shape)
    return exe


def step(exe):
    mx.random.seed(3)
    for _ in range(2):
        exe.forward(is_train=True)
        exe.backward()
    return [array.asnumpy() for array in (*exe.outputs, *exe.grad_arrays, *exe.aux_arrays)]


@pytest.mark.parametrize("make, shape", [(lambda **a: blocks(3, **a), (2, 3, 8, 8)), (various, (6, 5))])
def test_results_are_the_same(make, shape):
    expected = step(executor(make(), shape))
    exe = executor(make(force_mirroring="True"), shape)
    assert exe._mirrored
    for want, got in zip(expected, step(exe)):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("make, shape", [(lambda: blocks(3), (2, 3, 8, 8)), (various, (6, 5))])
def test_the_environment_mirrors_what_is_cheap(make, shape, monkeypatch):
    expected = step(executor(make(), shape))
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    exe = executor(make(), shape)
    names = {node.name for node in exe._symbol._nodes if id(node) in exe._mirrored}
    assert {"bn0", "relu0"} <= names or {"norm"} <= names
    assert not names & {"conv0", "fc", "first", "second", "softmax", "drop", "data"}
    for want, got in zip(expected, step(exe)):
        np.testing.assert_array_equal(got, want)


def test_memory_is_saved(memory):
    plain = executor(blocks(20), (4, 3, 16, 16))
    thrifty = executor(blocks(20, force_mirroring="True"), (4, 3, 16, 16))
    step(plain), step(thrifty)                                    # outputs and gradients are there now
    layer = 4 * 8 * 16 * 16 * 4                                   # bytes of one result
    without, with_ = (memory.peak(lambda exe=exe: step(exe)) for exe in (plain, thrifty))
    assert without - with_ > 15 * layer, (without / layer, with_ / layer)      # of two results per block one is kept


def test_operators_run_again_and_once_only():
    exe = executor(blocks(3, force_mirroring="True"), (2, 3, 8, 8))
    runs = []
    original = mirror._Recipe._run

    def counted(recipe):
        runs.append(recipe)
        return original(recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirror._Recipe, "_run", counted)
        exe.forward(is_train=True)
        assert not runs
        exe.backward()
    assert len(runs) == len(set(map(id, runs))) == 6


def test_nothing_is_left_behind():
    exe = executor(various(force_mirroring="True"), (6, 5))
    made = []
    original = mirror._Recipe.__init__

    def noted(recipe, *args):
        original(recipe, *args)
        made.append(weakref.ref(recipe))
    gc.disable()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mirror._Recipe, "__init__", noted)
            exe.forward(is_train=True)
            assert any(reference() is not None for reference in made)
            exe.backward()
            assert made and all(reference() is None for reference in made)
    finally:
        gc.enable()


def test_a_long_chain_needs_no_recursion():
    x = S.Variable("data")
    with mx.AttrScope(force_mirroring="True"):
        for _ in range(1500):
            x = S.sin(x)
    exe = executor(x, (3,))
    plain = executor(mx.sym.load_json(x.tojson().replace('"__force_mirroring__": "True"', '"__other__": "1"')), (3,))
    assert not plain._mirrored and len(exe._mirrored) == 1500
    for e in (exe, plain):
        e.forward(is_train=True)
        e.backward(mx.nd.ones(3))
    np.testing.assert_array_equal(exe.grad_arrays[0].asnumpy(), plain.grad_arrays[0].asnumpy())


def test_inference_and_monitors_are_not_touched():
    exe = executor(blocks(2, force_mirroring="True"), (2, 3, 8, 8))
    plain = executor(blocks(2), (2, 3, 8, 8))
    np.testing.assert_array_equal(exe.forward()[0].asnumpy(), plain.forward()[0].asnumpy())
    seen = []
    exe.set_monitor_callback(lambda name, value: seen.append(name))
    step(exe)
    assert seen[:3] == ["conv0_output", "bn0_output", "bn0_mean"]
