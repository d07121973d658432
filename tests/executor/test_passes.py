# SPDX-License-Identifier: Apache-2.0
"""Each pass makes the program smaller, and leaves results, gradients and errors as they were."""
from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.executor.passes.facts import is_pure
from mxnet.ops.registry import get
from mxnet.symbol.graph import Node

S = mx.sym


def calls(exe, train=False):
    """Names of the operators that the program calls, in order."""
    graph = exe._program(train, False).module.graph
    return [node.target.__name__ for node in graph.nodes if node.op == "call_function"]


def fill(exe, seed=0):
    rng = np.random.RandomState(seed)
    for name, array in (*exe.arg_dict.items(), *exe.aux_dict.items()):
        array[:] = rng.uniform(0.5, 1.5, array.shape) if "var" in name else rng.normal(size=array.shape)


def results(exe, improve):
    """Results of inference by the program with passes, or without."""
    exe._symbol._programs.clear()
    if not improve:
        plain = exe._program(False, False, improve=False)
        exe._symbol._programs[(False, False, True, *exe._program_key)] = plain
    return [array.asnumpy().copy() for array in exe.forward()]


def check(symbol, rtol=1e-5, atol=1e-6, **shapes):
    exe = symbol.simple_bind(mx.cpu(), **shapes)
    fill(exe)
    before = [array.asnumpy() for array in (*exe.arg_arrays, *exe.aux_arrays)]
    expected, found = results(exe, False), results(exe, True)
    for want, got in zip(expected, found):
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
    for want, array in zip(before, (*exe.arg_arrays, *exe.aux_arrays)):
        np.testing.assert_array_equal(array.asnumpy(), want)
    return exe


# ---- common subexpressions --------------------------------------------------------------------------------------

def test_equal_calls_are_merged():
    x = S.Variable("x")
    exe = check(S.exp(x) * 2 + S.exp(x) * 2 + S.exp(x) * 3 + S.sin(x), x=(3,))
    assert calls(exe).count("exp") == 1 and sum("mul" in name for name in calls(exe)) == 2


def test_several_outputs_are_merged():
    x = S.Variable("x")
    parts = [S.SliceChannel(x, num_outputs=2, axis=1) for _ in range(2)]
    assert calls(check(parts[0][0] * parts[1][0] + parts[0][1] * parts[1][1], x=(3, 4))).count("slice_channel") <= 1


@pytest.mark.parametrize("make", [
    lambda x: S.Dropout(x, mode="always") - S.Dropout(x, mode="always"),
    lambda x: S.random_normal(shape=(50,)) - S.random_normal(shape=(50,)) + x])
def test_random_numbers_are_not_merged(make):
    exe = make(S.Variable("x")).simple_bind(mx.cpu(), x=(50,))
    exe.arg_dict["x"][:] = 1
    assert len(np.unique(exe.forward()[0].asnumpy())) > 1


def test_gradients_with_merged_calls():
    x = S.Variable("x")
    loss = S.MakeLoss(S.sum(S.exp(x) * S.exp(x) + S.relu(x) * S.relu(x)), name="loss")
    exe = loss.simple_bind(mx.cpu(), x=(3,))
    for tape in (False, True):
        exe._pair, exe._pair_known = None, tape
        exe.arg_dict["x"][:] = mx.nd.array([-1, 0.5, 2])
        exe.forward(is_train=True)
        exe.backward()
        values = np.array([-1, 0.5, 2])
        np.testing.assert_allclose(exe.grad_dict["x"].asnumpy(), 2 * np.exp(2 * values) + 2 * np.maximum(values, 0),
                                   rtol=1e-5)


@pytest.mark.parametrize("tape", [False, True])
def test_losses_count_one_by_one(tape):
    data, label = S.Variable("data"), S.Variable("label")
    exe = S.Group([S.LinearRegressionOutput(data, label) for _ in range(2)]).simple_bind(mx.cpu(), data=(2, 3),
                                                                                        label=(2, 3))
    exe._pair_known = tape
    exe.arg_dict["data"][:] = 3
    exe.forward(is_train=True)
    exe.backward()
    np.testing.assert_allclose(exe.grad_dict["data"].asnumpy(), 2.0)        # 3 / 3 for each of two losses


def test_moving_statistics_of_shared_states_change_for_each_node():
    x, states = S.Variable("x"), [S.Variable(name) for name in ("gamma", "beta", "mean", "var")]
    total = S.BatchNorm(x, *states, name="a") + S.BatchNorm(x, *states, name="b")
    exe = total.simple_bind(mx.cpu(), x=(4, 2))
    exe.arg_dict["x"][:] = 10
    exe.forward(is_train=True)
    exe.backward(mx.nd.ones((4, 2)))
    np.testing.assert_allclose(exe.aux_dict["mean"].asnumpy(), 10 * (1 - 0.9 ** 2), rtol=1e-5)


@pytest.mark.parametrize("make", [
    lambda x: [x * 2, x * 2], lambda x: [S.Reshape(x * 2, shape=(-1,)), x * 2],
    lambda x: [S.ones((3,)) + x, S.ones((3,))], lambda x: [S.ones((3,)), S.ones((3,)) * S.sin(x)],
    lambda x: [S.Reshape(S.ones((3,)), shape=(1, 3)), S.ones((3,)) * x]])
def test_results_do_not_share_memory(make):
    exe = S.Group(make(S.Variable("x"))).simple_bind(mx.cpu(), x=(3,))
    exe.arg_dict["x"][:] = 1
    first, second = exe.forward()
    value = second.asnumpy().copy()
    first[:] = 7
    np.testing.assert_array_equal(second.asnumpy(), value)
    again = [array.asnumpy() for array in exe.forward()]
    assert (again[0] != 7).all()


@pytest.mark.parametrize("make", [
    lambda x: S.slice_axis(x, axis=0, begin=1, end=3), lambda x: S.Reshape(x, shape=(-1,)),
    lambda x: S.SliceChannel(x, num_outputs=3, axis=0)[1], lambda x: S.BlockGrad(x)])
def test_results_are_no_views_of_arguments(make):
    exe = make(S.Variable("x")).simple_bind(mx.cpu(), x=(3, 2))
    out = exe.forward()[0]
    exe.arg_dict["x"][:] = 5
    assert (out.asnumpy() == 0).all()


# ---- constants --------------------------------------------------------------------------------------------------

def test_constants_are_computed_once():
    x = S.Variable("x")
    mask = S.exp(S.arange(0, 4)) * 2 + S.ones((4,))
    exe = check(x * mask, x=(4,))
    assert len(calls(exe)) == 1
    expected = 2 * np.exp(np.arange(4)) + 1
    for value in (1, 2):
        exe.arg_dict["x"][:] = value
        np.testing.assert_allclose(exe.forward()[0].asnumpy(), value * expected, rtol=1e-6)


def test_sizes_that_consumers_decide():
    x = S.Variable("x")
    symbol = S.broadcast_add(x, S.zeros((0, 3)) + S.ones((0, 3)))
    for batch in (2, 5):
        exe = (x + (S.zeros((0, 3)) + 1)).simple_bind(mx.cpu(), x=(batch, 3))
        assert (exe.forward()[0].asnumpy() == 1).all()
    assert symbol.list_arguments() == ["x"]


def test_constant_results_belong_to_the_user():
    exe = (S.ones((3,)) * 2).bind(mx.cpu(), [])
    out = exe.forward()[0]
    out[:] = 7
    assert (exe.forward()[0].asnumpy() == 2).all()


def test_large_constants_are_not_kept(monkeypatch):
    from mxnet.executor.passes import constants
    monkeypatch.setattr(constants, "_LARGEST", 12)
    assert len(calls(check(S.Variable("x") * (S.ones((4,)) + 1), x=(4,)))) > 1
    assert len(calls(check(S.Variable("x") * (S.ones((3,)) + 1), x=(3,)))) == 1


def test_files_are_read_in_each_run():
    assert not is_pure(Node(get("_cvimread"), "read", {"filename": "x.png"}, []))
    assert is_pure(Node(get("_ones"), "ones", {"shape": "(2,)"}, []))


def test_a_constant_that_cannot_be_computed_is_reported_when_run():
    exe = (S.Variable("x") + S.linalg_potrf(S.zeros((2, 2)) - 1, name="root")).bind(mx.cpu(), [mx.nd.ones((2, 2))])
    with pytest.raises(mx.MXNetError, match="root"):
        exe.forward()


# ---- batch normalization ----------------------------------------------------------------------------------------

def conv_norm(**options):
    norm = {key: options.pop(key) for key in ("fix_gamma", "axis", "output_mean_var") if key in options}
    options = {"num_filter": 6, "kernel": (3, 3), **options}
    conv = S.Convolution(S.Variable("data"), name="conv", **options)
    return S.BatchNorm(conv, name="bn", **norm)


@pytest.mark.parametrize("options, shape", [
    ({}, (4, 3, 16, 16)), ({"no_bias": True, "fix_gamma": False}, (4, 3, 16, 16)),
    ({"num_group": 3, "stride": (2, 2), "pad": (1, 1), "fix_gamma": False}, (2, 3, 33, 33)),
    ({"kernel": (3,)}, (4, 3, 40)), ({"kernel": (3, 3, 3), "no_bias": True}, (1, 3, 9, 9, 9))])
def test_batch_norm_goes_into_the_convolution(options, shape):
    symbol = S.Activation(conv_norm(**options), act_type="relu")
    exe = check(symbol, data=shape, rtol=1e-4, atol=1e-4)
    assert calls(exe) == ["convolution_with_batch_norm", "relu_"]
    assert calls(exe, train=True)[0] == "_convolution"


@pytest.mark.parametrize("symbol, shape", [
    (conv_norm(axis=2), (1, 3, 8, 8)), (conv_norm(output_mean_var=True), (1, 3, 8, 8)),
    (conv_norm(layout="NHWC", kernel=(3, 3)), (1, 8, 8, 3)), (S.BatchNorm(S.Variable("data") * 2), (2, 3))])
def test_other_batch_norms_stay(symbol, shape):
    exe = check(symbol, data=shape)
    assert "convolution_with_batch_norm" not in calls(exe)


def test_a_convolution_with_another_user_stays():
    conv = S.Convolution(S.Variable("data"), num_filter=4, kernel=(3, 3), pad=(1, 1))
    assert "convolution_with_batch_norm" not in calls(check(S.BatchNorm(conv) + conv, data=(2, 3, 8, 8)))


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_other_dtypes(dtype):
    exe = conv_norm().simple_bind(mx.cpu(), data=(2, 3, 16, 16), type_dict={"data": dtype})
    fill(exe)
    one, other = results(exe, False), results(exe, True)
    np.testing.assert_allclose(one[0], other[0], rtol=1e-2 if dtype == "float16" else 1e-10, atol=1e-3)


def test_changes_of_parameters_are_seen():
    exe = conv_norm(fix_gamma=False).simple_bind(mx.cpu(), data=(4, 3, 16, 16))
    fill(exe)
    results(exe, True)
    for seed, name in enumerate([*exe.arg_dict, *exe.aux_dict]):
        array = {**exe.arg_dict, **exe.aux_dict}[name]
        array[:] = np.random.RandomState(seed).uniform(0.5, 1.5, array.shape)
        found = exe.forward()[0].asnumpy().copy()
        np.testing.assert_allclose(found, results(exe, False)[0], rtol=1e-4, atol=1e-4, err_msg=name)
        results(exe, True)
    weights = np.asarray(exe.arg_dict["conv_weight"])           # memory that others write to
    weights *= 2
    np.testing.assert_allclose(exe.forward()[0].asnumpy().copy(), results(exe, False)[0], rtol=1e-4, atol=1e-4)


# ---- memory -----------------------------------------------------------------------------------------------------

def test_sums_and_activations_write_into_what_nobody_else_reads():
    x, y = S.Variable("x"), S.Variable("y")
    symbol = S.Activation(S.exp(x) + y, act_type="relu") + S.sigmoid(S.sin(y))
    assert calls(check(symbol, x=(3,), y=(3,))) == ["exp", "_add", "relu_", "sin", "sigmoid_", "_add"]


@pytest.mark.parametrize("make", [
    lambda x: S.relu(x), lambda x: S.relu(S.Reshape(x, shape=(-1,))), lambda x: x + S.BlockGrad(x),
    lambda x: S.relu(S.Dropout(x)), lambda x: S.tanh(S.SliceChannel(x, num_outputs=2, axis=1)[0]),
    lambda x: S.Activation(S.Flatten(x), act_type="tanh") + S.Flatten(x)])
def test_arguments_and_views_of_them_are_not_written_to(make):
    check(make(S.Variable("x")), x=(3, 2))


def test_values_with_other_users_are_not_written_to():
    x = S.Variable("x")
    y = S.exp(x)
    check(S.Group([S.relu(y) + y, y, S.sigmoid(y) * S.square(y)]), x=(3,))
    check(y + y, x=(3,))
    check(S.relu(y) + S.relu(S.Reshape(y, shape=(-1,))), x=(3,))


def test_whole_numbers_are_refused_as_before():
    exe = S.Activation(S.Variable("x") * 2, act_type="relu")
    with pytest.raises(mx.MXNetError):
        exe.bind(mx.cpu(), [mx.nd.array([1, 2], dtype="int32")]).forward()


# ---- who sees every node ----------------------------------------------------------------------------------------

def test_monitors_see_every_node():
    x = S.Variable("x")
    norm = S.BatchNorm(S.Convolution(x, num_filter=2, kernel=(1, 1), name="conv"), name="bn")
    shape = (1, 2, 4, 4)
    symbol = S.Activation(norm, act_type="relu", name="relu") * (S.ones(shape, name="one") + S.ones(shape, name="two"))
    exe = symbol.simple_bind(mx.cpu(), x=(1, 2, 4, 4))
    exe.forward()
    seen = []
    exe.set_monitor_callback(lambda name, value: seen.append(name))
    exe.forward()
    assert {"conv_output", "bn_output", "relu_output", "one_output", "two_output"} <= set(seen)


def test_an_error_names_the_node_that_was_merged_into_another():
    conv = S.Convolution(S.Variable("data"), num_filter=2, kernel=(3, 3), name="conv")
    exe = S.BatchNorm(conv, name="bn").simple_bind(mx.cpu(), data=(1, 2, 4, 4))
    exe.arg_dict["conv_weight"]._tensor = torch.zeros(2, 5, 3, 3)
    with pytest.raises(mx.MXNetError, match="Convolution 'conv"):
        exe.forward()
