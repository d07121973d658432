# SPDX-License-Identifier: Apache-2.0
"""Executors: binding, running, gradients, reshaping, monitors. The facts are MXNet 1.9.1's answers."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

S = mx.sym


def net():
    fc = S.FullyConnected(S.Variable("data"), num_hidden=4, name="fc")
    return S.SoftmaxOutput(S.BatchNorm(fc, name="bn"), name="softmax")


def product():
    a, b = S.Variable("a"), S.Variable("b")
    arrays = {"a": mx.nd.array([1, 2, 3]), "b": mx.nd.array([4, 5, 6])}
    grads = {"a": mx.nd.zeros(3), "b": mx.nd.zeros(3)}
    return (a * b).bind(mx.cpu(), arrays, grads), arrays, grads


def test_gradients_are_written_to_the_callers_arrays():
    exe, arrays, grads = product()
    exe.forward(is_train=True)
    for _ in range(2):                               # backward twice
        exe.backward(mx.nd.ones(3))
        assert grads["a"].asnumpy().tolist() == [4, 5, 6]
        assert grads["b"].asnumpy().tolist() == [1, 2, 3]
    arrays["a"][:] = 10
    exe.forward(is_train=True)
    exe.backward(mx.nd.array([1, 0, 2]))
    assert grads["b"].asnumpy().tolist() == [10, 0, 20]


def test_add_request():
    a = S.Variable("a")
    grad = mx.nd.ones(3)
    exe = (a * a).bind(mx.cpu(), [mx.nd.array([1, 2, 3])], [grad], grad_req="add")
    for _ in range(2):
        exe.forward(is_train=True)
        exe.backward(mx.nd.ones(3))
    assert grad.asnumpy().tolist() == [5, 9, 13]


def test_output_handles_are_stable():
    exe, arrays, _ = product()
    out = exe.forward()[0]
    arrays["a"][:] = 0
    assert exe.forward()[0] is out
    assert out.asnumpy().tolist() == [0, 0, 0]
    assert list(exe.output_dict) == exe._output_names


def test_outputs_do_not_alias_arguments():
    a = S.Variable("a")
    array = mx.nd.ones(3)
    exe = S.BlockGrad(a).bind(mx.cpu(), [array])
    out = exe.forward()[0]
    array[:] = 5
    assert out.asnumpy().tolist() == [1, 1, 1]


def test_forward_arguments():
    exe, _, _ = product()
    assert exe.forward(a=mx.nd.array([7, 7, 7]))[0].asnumpy().tolist() == [28, 35, 42]
    with pytest.raises(ValueError, match=r"Shape not match.*need: \(3,\), received: \(4,\)"):
        exe.forward(a=mx.nd.ones(4))
    with pytest.raises(TypeError, match="Unknown argument c"):
        exe.forward(c=mx.nd.ones(3))


@pytest.mark.parametrize("call, match", [
    (lambda s: s.bind(mx.cpu(), [mx.nd.ones(3)]), "Length of args"),
    (lambda s: s.bind(mx.cpu(), [mx.nd.ones(3), mx.nd.ones(4)]), r"elemwise_mul.*\(3,\)"),
    (lambda s: s.bind(mx.cpu(), [mx.nd.ones(3), mx.nd.ones(3)], [mx.nd.ones(3)]), "Length of args_grad"),
    (lambda s: s.bind(mx.cpu(), [mx.nd.ones(3), mx.nd.ones(3)], grad_req="foo"), "grad_req must be in"),
    (lambda s: s.bind(mx.cpu(), [mx.nd.ones(3), 5]), "int for 'b'")])
def test_bad_binding(call, match):
    with pytest.raises(mx.MXNetError, match=match):
        call(S.Variable("a") * S.Variable("b"))


def test_simple_bind_infers_shapes_and_dtypes():
    exe = net().simple_bind(mx.cpu(), data=(2, 3), type_dict={"data": "float16"})
    assert exe.arg_dict["fc_weight"].shape == (4, 3) and exe.arg_dict["fc_weight"].dtype is np.float16
    assert exe.arg_dict["bn_gamma"].dtype is np.float32
    assert exe.aux_dict["bn_moving_mean"].dtype is np.float32
    quiet = net().simple_bind(mx.cpu(), data=(2, 3), grad_req="null")
    assert quiet.grad_arrays == [None] * len(quiet.arg_arrays)


def test_reshape_shares_parameters():
    fc = S.FullyConnected(S.Variable("a"), num_hidden=2, name="fc")
    exe = fc.simple_bind(mx.cpu(), a=(3, 4))
    small = exe.reshape(a=(2, 4))
    exe.arg_dict["fc_weight"][:] = 5
    assert small.arg_dict["fc_weight"].asnumpy()[0, 0] == 5
    assert small.forward()[0].shape == (2, 2)
    with pytest.raises(mx.MXNetError, match="allow_up_sizing"):
        exe.reshape(a=(6, 4))
    assert exe.reshape(a=(6, 4), allow_up_sizing=True).forward()[0].shape == (6, 2)
    with pytest.raises(mx.MXNetError, match="partial_shaping"):
        exe.reshape(a=(3, 5), allow_up_sizing=True)
    assert exe.reshape(a=(3, 5), partial_shaping=True, allow_up_sizing=True).arg_dict["fc_weight"].shape == (2, 5)


def test_copy_params_from():
    exe = S.FullyConnected(S.Variable("a"), num_hidden=2, name="fc").simple_bind(mx.cpu(), a=(3, 4))
    exe.copy_params_from({"fc_weight": mx.nd.ones((2, 4))})
    assert exe.arg_dict["fc_weight"].asnumpy().sum() == 8
    with pytest.raises(ValueError, match='Find name "zz"'):
        exe.copy_params_from({"zz": mx.nd.ones(2)})
    exe.copy_params_from({"zz": mx.nd.ones(2)}, allow_extra_params=True)


def test_monitor_sees_every_output():
    exe = S.BatchNorm(S.FullyConnected(S.Variable("a"), num_hidden=2, name="fc"), name="bn").simple_bind(mx.cpu(),
                                                                                                         a=(3, 4))
    seen = []
    exe.set_monitor_callback(lambda name, value: seen.append(name))
    exe.forward(is_train=True)
    assert seen == ["fc_output", "bn_output", "bn_mean", "bn_var"]


def test_moving_statistics_change_in_backward():
    exe = S.BatchNorm(S.Variable("a"), name="bn", fix_gamma=False).simple_bind(mx.cpu(), a=(8, 3))
    exe.arg_dict["a"][:] = np.random.RandomState(0).normal(3, 2, (8, 3))
    exe.arg_dict["bn_gamma"][:] = 1
    exe.forward(is_train=True)
    assert exe.aux_dict["bn_moving_mean"].asnumpy().tolist() == [0, 0, 0]
    exe.backward(mx.nd.ones((8, 3)))
    np.testing.assert_allclose(exe.aux_dict["bn_moving_mean"].asnumpy(),
                               0.1 * exe.arg_dict["a"].asnumpy().mean(0), rtol=1e-5)


def test_dropout_backward_uses_the_mask_of_its_forward():
    exe = S.Dropout(S.Variable("a"), p=0.5).simple_bind(mx.cpu(), a=(100,))
    exe.arg_dict["a"][:] = 1
    out = exe.forward(is_train=True)[0].asnumpy()
    for _ in range(2):
        exe.backward(mx.nd.ones(100))
        np.testing.assert_array_equal(exe.grad_dict["a"].asnumpy(), out)
    assert (exe.forward(is_train=False)[0].asnumpy() == 1).all()


def test_one_array_bound_twice():
    a, b = S.Variable("a"), S.Variable("b")
    x, ga, gb = mx.nd.array([2.0, 3.0]), mx.nd.zeros(2), mx.nd.zeros(2)
    exe = (a * b).bind(mx.cpu(), [x, x], [ga, gb])
    exe.forward(is_train=True)
    exe.backward(mx.nd.ones(2))
    assert ga.asnumpy().tolist() == gb.asnumpy().tolist() == [2, 3]


def test_long_chain_in_linear_time_and_without_recursion():
    x = S.Variable("x")
    for _ in range(2500):
        x = S.relu(x) + 1
    exe = x.simple_bind(mx.cpu(), x=(2,))
    assert exe.forward(is_train=True)[0].asnumpy().tolist() == [2500, 2500]
    exe.backward(mx.nd.ones(2))
    again = mx.sym.load_json(x.tojson())
    assert again.tojson() == x.tojson()


def test_context_groups():
    with mx.AttrScope(ctx_group="one"):
        a = S.Variable("a") * 2
    with mx.AttrScope(ctx_group="two"):
        b = a + 1
    exe = b.simple_bind(mx.cpu(0), group2ctx={"one": mx.cpu(1), "two": mx.cpu(2)}, a=(2,))
    assert exe.arg_dict["a"].context == mx.cpu(1)
    assert exe.forward()[0].asnumpy().tolist() == [1, 1]


def test_outputs_have_their_shapes_before_the_first_pass():
    x = mx.sym.Variable("x")
    symbol = mx.sym.Group([mx.sym.FullyConnected(x, num_hidden=3, name="f"), mx.sym.Cast(x, dtype="int32")])
    bound = symbol.simple_bind(mx.cpu(), x=(2, 4))
    for one, rows in ((bound, 2), (bound.reshape(x=(1, 4)), 1)):
        assert [(o.shape, o.dtype) for o in one.outputs] == [((rows, 3), np.float32), ((rows, 4), np.int32)]
    assert (x * 2).bind(mx.cpu(), [mx.nd.ones((5,))]).outputs[0].shape == (5,)


def layer():
    return S.FullyConnected(S.Variable("x"), num_hidden=2, name="f")


def test_a_shared_buffer_is_filled_and_used():
    buffer = {}
    first = layer().simple_bind(mx.cpu(), x=(3, 2), shared_buffer=buffer)
    assert sorted(buffer) == ["f_bias", "f_weight", "grad of f_bias", "grad of f_weight", "grad of x", "x"]
    smaller = layer().simple_bind(mx.cpu(), x=(2, 2), shared_buffer=buffer)
    first.arg_dict["f_weight"][:] = 5
    first.arg_dict["x"][:] = mx.nd.arange(6).reshape((3, 2))
    first.grad_dict["f_bias"][:] = 3
    assert smaller.arg_dict["f_weight"].asnumpy().tolist() == [[5, 5], [5, 5]]
    assert smaller.arg_dict["x"].asnumpy().tolist() == [[0, 1], [2, 3]]
    assert smaller.grad_dict["f_bias"].asnumpy().tolist() == [3, 3]
    old = buffer["x"]
    larger = layer().simple_bind(mx.cpu(), x=(5, 2), shared_buffer=buffer)
    assert buffer["x"] is not old and buffer["x"].shape == larger.arg_dict["x"].shape == (5, 2)


def test_what_is_not_named_as_shared_is_an_executors_own():
    first = layer().simple_bind(mx.cpu(), x=(3, 2))
    second = layer().simple_bind(mx.cpu(), x=(3, 2), shared_exec=first, shared_arg_names=["f_weight"])
    for name, array in first.arg_dict.items():
        assert (second.arg_dict[name] is array) == (name == "f_weight")
        assert (second.grad_dict[name] is first.grad_dict[name]) == (name == "f_weight")


@pytest.mark.parametrize("options, error, message", [
    ({"type_dict": {"y": "float16"}}, ValueError, "type_dict has 'y', which is no argument"),
    ({"shared_buffer": 3}, ValueError, "a dict of NDArrays"),
    ({"shared_buffer": {"x": 3}}, TypeError, "has a int for"),
])
def test_options_that_simple_bind_refuses(options, error, message):
    with pytest.raises(error, match=message):
        layer().simple_bind(mx.cpu(), x=(3, 2), **options)


def test_head_gradients_by_names_that_are_no_outputs():
    exe = layer().simple_bind(mx.cpu(), x=(3, 2))
    exe.forward(is_train=True)
    with pytest.raises(mx.MXNetError, match="'g_output', which is no output. Did you mean 'f_output'"):
        exe.backward({"g_output": mx.nd.ones((3, 2))})
    exe.backward({"f_output": mx.nd.ones((3, 2))})
    assert exe.grad_dict["f_bias"].asnumpy().tolist() == [3, 3]


def test_outputs_are_where_their_group_is():
    with mx.AttrScope(ctx_group="second"):
        net = S.exp(S.Variable("x"))
    exe = net.simple_bind(mx.cpu(0), x=(2,), group2ctx={"second": mx.cpu(1)})
    assert exe.outputs[0].context == exe.forward()[0].context == exe.arg_dict["x"].context == mx.cpu(1)


@pytest.mark.parametrize("bind", [
    lambda net: net.bind(mx.cpu(), [mx.nd.ones(2), mx.nd.ones(2)]), lambda net: net.simple_bind(mx.cpu(), a=(2,)),
    lambda net: net.bind(mx.cpu(), {"a": mx.nd.ones(2)})])
def test_variables_of_one_name(bind):
    with pytest.raises(mx.MXNetError, match="several variables are named 'a'"):
        bind(S.Variable("a") + S.Variable("a"))


def test_outputs_of_one_name_have_no_dictionary():
    x = S.Variable("x")
    exe = S.Group([S.exp(x, name="e"), S.sin(x, name="e")]).simple_bind(mx.cpu(), x=(2,))
    assert [out.asnumpy().tolist() for out in exe.forward()] == [[1, 1], [0, 0]]
    with pytest.raises(ValueError, match="Duplicate names detected"):
        _ = exe.output_dict


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("make", [S.identity, S.BlockGrad, S.Dropout, S.make_loss, lambda x: S.reshape(x, shape=(2,)),
                                  lambda x: S.Group([S.identity(x), S.identity(x)]), S.exp])
def test_outputs_of_operators_are_no_arguments(make, train):
    x = mx.nd.ones(2)
    exe = make(S.Variable("x")).bind(mx.cpu(), {"x": x}, args_grad={"x": mx.nd.zeros(2)})
    exe.forward(is_train=train)[0][:] = 9
    assert x.asnumpy().tolist() == [1, 1]


@pytest.mark.parametrize("train", [False, True])
def test_a_variable_that_is_an_output_is_the_argument(train):
    x = mx.nd.ones(2)
    exe = S.Variable("x").bind(mx.cpu(), {"x": x}, args_grad={"x": mx.nd.zeros(2)})
    exe.forward(is_train=train)[0][:] = 9
    assert x.asnumpy().tolist() == [9, 9]
