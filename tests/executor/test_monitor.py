# SPDX-License-Identifier: Apache-2.0
"""What the monitor of an executor sees of backward. Names, order and values are MXNet 1.9.1's answers."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

S = mx.sym
DATA = S.var("data")


def seen(net, shapes, reqs="write", monitor_all=False):
    """Names, shapes and sums that are told in backward."""
    exe = net.simple_bind(mx.cpu(), grad_req=reqs, **shapes)
    random = np.random.RandomState(0)
    for _, array in sorted(exe.arg_dict.items()):
        array[:] = random.rand(*array.shape)
    if "softmax_label" in exe.arg_dict:
        exe.arg_dict["softmax_label"][:] = 1
    told = []
    exe.set_monitor_callback(lambda name, value: told.append(
        (name, value.shape, round(float(value.asnumpy().astype("float64").sum()), 3) + 0.0)), monitor_all)
    exe.forward(is_train=True)
    told.clear()
    exe.backward([mx.nd.ones(output.shape) for output in exe.outputs])
    unseen = net.simple_bind(mx.cpu(), grad_req=reqs, **shapes)
    for name, array in unseen.arg_dict.items():
        array[:] = exe.arg_dict[name]
    unseen.forward(is_train=True)
    unseen.backward([mx.nd.ones(output.shape) for output in exe.outputs])
    for name, array in exe.grad_dict.items():
        if array is not None:
            np.testing.assert_allclose(array.asnumpy(), unseen.grad_dict[name].asnumpy(), rtol=1e-5, atol=1e-5)
    return told


def fc(name="fc1", hidden=3):
    return S.FullyConnected(DATA, num_hidden=hidden, name=name)


def mlp():
    act = S.Activation(fc(), act_type="tanh", name="act")
    return S.SoftmaxOutput(S.FullyConnected(act, num_hidden=4, name="fc2"), name="softmax")


MLP = [("softmax_backward_output0", (2, 4), 0), ("softmax_backward_output1", (2,), 0),
       ("fc2_backward_output0", (2, 3), -0.476), ("fc2_backward_output1", (4, 3), 0), ("fc2_backward_output2", (4,), 0),
       ("act_backward_output", (2, 3), -0.031), ("fc1_backward_output0", (2, 5), -0.086),
       ("fc1_backward_output1", (3, 5), -0.095), ("fc1_backward_output2", (3,), -0.031)]


@pytest.mark.parametrize("monitor_all", [False, True])
def test_each_operators_gradients(monitor_all):
    assert seen(mlp(), {"data": (2, 5)}, monitor_all=monitor_all) == MLP


def test_gradients_that_nobody_wants_are_not_there():
    reqs = {name: "null" if name in ("data", "softmax_label") else "write" for name in mlp().list_arguments()}
    assert seen(mlp(), {"data": (2, 5)}, reqs) == [
        row for row in MLP if row[0] not in ("softmax_backward_output1", "fc1_backward_output0")]


HEAD = ("_head_grad_0_id_output", (2, 5), 10.0)
SLICES = S.SliceChannel(DATA, num_outputs=2, name="sl")
CONV = S.Convolution(DATA, kernel=(3, 3), num_filter=2, name="c1")
NETS = {
    "sums": (S.elemwise_mul(DATA, DATA, name="m") + DATA + S.exp(DATA, name="e"), (2, 5), [
        HEAD, ("e_backward_output", (2, 5), 18.84), ("m_backward_output0", (2, 5), 6.158),
        ("m_backward_output1", (2, 5), 6.158), ("sum_grad_output", (2, 5), 41.155)]),
    "blocked": (S.Group([S.sin(DATA, name="s"), S.BlockGrad(S.cos(DATA, name="c"), name="bg")]), (2, 5), [
        HEAD, ("s_backward_output", (2, 5), 8.029)]),
    "slices": (SLICES[0] * SLICES[1] + SLICES[0], (2, 4), [
        ("_head_grad_0_id_output", (2, 2), 4.0), ("_mul{}_backward_output0", (2, 2), 2.477),
        ("_mul{}_backward_output1", (2, 2), 2.334), ("sum_grad_output", (2, 2), 6.477),
        ("sl_backward_data", (2, 4), 8.811)]),
    "concat": (S.sum(S.Concat(fc(), DATA, name="cc"), name="su"), (2, 5), [
        ("_head_grad_0_id_output", (1,), 1.0), ("su_backward_output", (2, 8), 16.0),
        ("cc_backward_output0", (2, 3), 6.0), ("cc_backward_output1", (2, 5), 10.0),
        ("fc1_backward_output0", (2, 5), 16.902), ("fc1_backward_output1", (3, 5), 18.473),
        ("fc1_backward_output2", (3,), 6.0), ("sum_grad_output", (2, 5), 26.902)]),
    "pooling": (S.Pooling(S.BatchNorm(CONV, name="bn"), kernel=(2, 2), stride=(2, 2), name="p"), (2, 1, 6, 6), [
        ("_head_grad_0_id_output", (2, 2, 2, 2), 16.0), ("p_backward_output", (2, 2, 4, 4), 16.0),
        ("bn_backward_output0", (2, 2, 4, 4), 0.0), ("bn_backward_output1", (2,), 0.0),
        ("bn_backward_output2", (2,), 16.0), ("c1_backward_output0", (2, 1, 6, 6), 0.0),
        ("c1_backward_output1", (2, 1, 3, 3), 0.8), ("c1_backward_output2", (2,), 0.0)]),
}


@pytest.mark.parametrize("name", NETS)
def test_what_is_told(name):
    net, shape, expected = NETS[name]
    number = next((found[4:-7] for found in net.get_internals().list_outputs() if found.startswith("_mul")), "")
    rows = [(label.format(number), *rest) for label, *rest in expected]
    found = seen(net, {"data": shape})
    assert [row[:2] for row in found] == [row[:2] for row in rows]
    np.testing.assert_allclose([row[2] for row in found], [row[2] for row in rows], atol=2e-3)


def test_a_result_with_two_users_has_a_sum():
    first = fc()
    told = seen(S.elemwise_add(first, S.tanh(first, name="t")), {"data": (2, 5)})
    assert [row[0] for row in told] == ["_head_grad_0_id_output", "t_backward_output", "sum_grad_output",
                                        "fc1_backward_output0", "fc1_backward_output1", "fc1_backward_output2"]
    assert told[2][2] == pytest.approx(6.355, abs=2e-3)


LEGACY = S.InstanceNorm(DATA, S.var("g"), S.var("b"), name="n")


@pytest.mark.parametrize("net, shapes, names", [
    (LEGACY, {"data": (2, 4, 3)},
     ["_head_grad_0_id_output", "n_backward_data", "n_backward_gamma", "n_backward_beta"]),
    (S.SVMOutput(DATA, S.var("label"), name="n"), {"data": (2, 3), "label": (2,)},
     ["n_backward_data", "n_backward_label"]),
    (S.batch_dot(DATA, S.var("e"), name="n"), {"data": (2, 2, 3), "e": (2, 3, 2)},
     ["_head_grad_0_id_output", "n_backward_lhs_output", "n_backward_rhs_output"]),
    (S.elemwise_add(DATA, S.var("e"), name="n"), {"data": (2, 3), "e": (2, 3)}, ["_head_grad_0_id_output"]),
    (S.add_n(S.sqrt(DATA, name="n"), S.var("e"), name="a"), {"data": (2, 3), "e": (2, 3)},
     ["_head_grad_0_id_output", "output", "output", "n_backward_output"]),
])
def test_names_of_gradients(net, shapes, names):
    assert [row[0] for row in seen(net, shapes)] == names


def test_monitor_reports_gradients():
    exe = mlp().simple_bind(mx.cpu(), data=(2, 5))
    monitor = mx.mon.Monitor(1, pattern=".*backward.*")
    monitor.install(exe)
    monitor.tic()
    exe.forward(is_train=True)
    exe.backward()
    assert [name for _, name, _ in monitor.toc()] == [row[0] for row in MLP]


def test_mirrored_operators_are_seen_too():
    with mx.AttrScope(force_mirroring="True"):
        net = mlp()
    assert [row[0] for row in seen(net, {"data": (2, 5)})] == [row[0] for row in MLP]


def test_gradients_of_custom_operators_have_their_name():
    class Twice(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], in_data[0] * 2)

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            self.assign(in_grad[0], req[0], out_grad[0] * 2)

    @mx.operator.register("monitored_twice")
    class TwiceProp(mx.operator.CustomOpProp):
        def create_operator(self, ctx, in_shapes, in_dtypes):
            return Twice()

    told = seen(S.exp(S.Custom(S.sin(DATA, name="s"), op_type="monitored_twice", name="c"), name="e"), {"data": (2,)})
    assert [row[0] for row in told] == ["_head_grad_0_id_output", "e_backward_output", "c_output", "s_backward_output"]
