# SPDX-License-Identifier: Apache-2.0
"""Direct gradients of single operators, with written and with added gradients, are those of torch's tape."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.executor.handover import store
from mxnet.ops.registry import REGISTRY

S = mx.sym
A, B, C, D = (S.Variable(name) for name in "abcd")
IMAGE, FLAT = {"a": (2, 4, 6, 6)}, {"a": (3, 5)}
PAIR, SPREAD = {"a": (3, 5), "b": (3, 5)}, {"a": (2, 1, 5), "b": (1, 4, 5)}
POSITIVE = S.abs(A) + 0.5
NORM = {"a": (2, 4, 6), "b": (4,), "c": (4,)}
SEQUENCE = {"a": (5, 3, 4)}


def recurrent(mode, gates, **options):
    layers, directions = options.get("num_layers", 1), 1 + options.get("bidirectional", False)
    size = sum(directions * gates * 6 * ((6 * directions if layer else 4) + 6 + 2) for layer in range(layers))
    shapes = SEQUENCE | {"b": (size,)} | dict.fromkeys("cd" if mode == "lstm" else "c", (layers * directions, 3, 6))
    states = (C, D) if mode == "lstm" else (C,)
    return S.RNN(A, B, *states, state_size=6, mode=mode, **{"num_layers": 1, **options}), shapes


CASES = [
    *[(getattr(S, name)(A), FLAT) for name in (
        "exp", "expm1", "tanh", "sigmoid", "relu", "square", "abs", "sin", "cos", "negative", "identity", "Flatten",
        "transpose", "softmax", "log_softmax", "softmin", "sum", "mean", "max", "min", "sign", "ceil", "floor", "trunc",
        "fix")],
    *[(getattr(S, name)(POSITIVE), FLAT) for name in ("sqrt", "rsqrt", "reciprocal", "log", "log1p")],
    *[(net, FLAT) for net in (A + 2, A - 2, 2 - A, A * 3, A / 3, 3 / POSITIVE, S.clip(A, a_min=-0.5, a_max=0.5))],
    *[(net, PAIR) for net in (A + B, A - B, A * B, A / (S.abs(B) + 1), S.where(A, A, B), S.where(A > 0, B, A),
                              S.Concat(A, B, dim=0), S.Concat(A, B, A, dim=1), S.dot(A, B, transpose_b=True),
                              S.dot(A, B, transpose_a=True), A + A * B)],
    *[(getattr(S, f"broadcast_{name}")(A, B * B + 1), SPREAD) for name in ("add", "sub", "mul", "div")],
    (S.where(S.sum(A, axis=1), A, B), PAIR),
    (S.dot(A, B), {"a": (2, 3, 4), "b": (4, 5)}),
    (S.dot(A, B, transpose_a=True, transpose_b=True), {"a": (4, 2, 3), "b": (5, 4)}),
    *[(S.batch_dot(A, B, transpose_a=left, transpose_b=right),
       {"a": (2, 4, 3) if left else (2, 3, 4), "b": (2, 5, 4) if right else (2, 4, 5)})
      for left in (False, True) for right in (False, True)],
    *[(getattr(S, name)(A, axis=(0, 2), **more), IMAGE) for name in ("sum", "mean", "max")
      for more in ({}, {"keepdims": True}, {"exclude": True})],
    (S.softmax(A, axis=1, temperature=2.0), IMAGE), (S.log_softmax(A, axis=0, temperature=0.5), FLAT),
    (S.SoftmaxActivation(A, mode="channel"), IMAGE), (S.SoftmaxActivation(A), FLAT),
    (S.Reshape(A, shape=(-1, 3)), FLAT), (S.expand_dims(A, axis=1), FLAT), (S.squeeze(S.expand_dims(A, axis=0)), FLAT),
    (S.transpose(A, axes=(2, 0, 3, 1)), IMAGE), (S.SwapAxis(A, dim1=1, dim2=3), IMAGE),
    (S.slice_axis(A, axis=1, begin=1, end=-1), IMAGE), (S.slice_axis(A, axis=-1, begin=-2, end=None), FLAT),
    (S.Group([*S.split(A, num_outputs=2, axis=1)]), IMAGE), (S.split(A, num_outputs=2, axis=1)[1] * 2, IMAGE),
    (S.split(A, num_outputs=4, axis=1, squeeze_axis=True)[0], IMAGE),
    (S.Cast(A, dtype="float64"), FLAT),
    *[(S.LeakyReLU(A, act_type=kind), IMAGE) for kind in ("leaky", "elu", "selu", "gelu", "rrelu")],
    (S.LeakyReLU(A, B, act_type="prelu"), IMAGE | {"b": (4,)}),
    (S.LeakyReLU(A, B, act_type="prelu"), FLAT | {"b": (1,)}),
    (S.L2Normalization(A), IMAGE), (S.L2Normalization(A, mode="channel"), IMAGE),
    (S.LRN(A, nsize=3), IMAGE),
    *[(S.LayerNorm(A, B, C, **more), {"a": (2, 6, 4), "b": (4,), "c": (4,)})
      for more in ({}, {"output_mean_var": True})],
    (S.LayerNorm(A, B, C, axis=1), NORM), (S.InstanceNorm(A, B, C), NORM),
    (S.BatchNorm(A, B, C, fix_gamma=False), NORM),
    (S.BatchNorm(A, B, C), NORM), (S.BatchNorm(A, B, C, use_global_stats=True, fix_gamma=False), NORM),
    (S.BatchNorm(A, B, C, output_mean_var=True)[0], NORM),
    (S.GroupNorm(A, B, C, num_groups=2), {"a": (2, 4, 6), "b": (2,), "c": (2,)}),
    *[(S.Pooling(A, kernel=(2, 2), stride=(2, 2), pool_type=kind), IMAGE) for kind in ("max", "avg", "sum")],
    *[(S.Pooling(A, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type=kind, pooling_convention=how, **more), IMAGE)
      for kind in ("max", "avg") for how in ("valid", "full") for more in ({}, {"count_include_pad": False})],
    (S.Pooling(A, global_pool=True, kernel=(1, 1), pool_type="avg"), IMAGE),
    (S.Pooling(A, kernel=(2,), stride=(2,), pool_type="max"), {"a": (2, 3, 7)}),
    (S.Pooling(A, kernel=(2, 2, 2), stride=(2, 2, 2), pool_type="max"), {"a": (1, 2, 4, 4, 4)}),
    (S.Pooling(A, kernel=(2, 2), pool_type="max", layout="NHWC"), IMAGE),
    *[(S.Convolution(A, B, kernel=(3, 3), pad=(1, 1), stride=stride, num_filter=4, no_bias=True),
       {"a": (2, channels, 6, 7), "b": (4, channels, 3, 3)}) for channels in (3, 5) for stride in ((1, 1), (2, 2))],
    (S.Convolution(A, B, C, kernel=(2, 2), dilate=(2, 2), num_filter=4, num_group=2),
     IMAGE | {"b": (4, 2, 2, 2), "c": (4,)}),
    (S.Convolution(A, B, kernel=(3,), num_filter=2, no_bias=True), {"a": (2, 3, 7), "b": (2, 3, 3)}),
    (S.Convolution(A, B, kernel=(2, 2), num_filter=4, no_bias=True, layout="NHWC"),
     {"a": (2, 5, 5, 3), "b": (4, 2, 2, 3)}),
    (S.Deconvolution(A, B, kernel=(4, 4), stride=(2, 2), pad=(1, 1), num_filter=3), IMAGE | {"b": (4, 3, 4, 4)}),
    (S.Deconvolution(A, B, C, kernel=(3, 3), stride=(2, 2), adj=(1, 1), num_filter=3, no_bias=False),
     IMAGE | {"b": (4, 3, 3, 3), "c": (3,)}),
    *[(S.UpSampling(A, scale=scale, sample_type="nearest"), IMAGE) for scale in (1, 2, 3, 9)],
    *[(S.UpSampling(A, B, scale=2, sample_type="nearest", num_args=2, multi_input_mode=mode),
       IMAGE | {"b": (2, 4, 3, 3)}) for mode in ("concat", "sum")],
    (S.UpSampling(A, B, scale=2, sample_type="bilinear", num_filter=4, num_args=2), IMAGE | {"b": (4, 1, 4, 4)}),
    (S.Embedding(S.BlockGrad(A), B, input_dim=3, output_dim=4), FLAT | {"b": (3, 4)}),
    *[(S.take(A, S.BlockGrad(B), axis=axis, mode=mode), {"a": (3, 4), "b": (2, 3)}) for axis in (0, 1)
      for mode in ("clip", "wrap")],
    *[(S.pick(A, S.BlockGrad(B), axis=axis, keepdims=keep), FLAT | {"b": (5,) if axis == 0 else (3,)})
      for axis in (0, -1) for keep in (False, True)],
    *[(S.SequenceMask(A, S.BlockGrad(B), use_sequence_length=True, axis=axis, value=value),
       SEQUENCE | {"b": (3 + 2 * axis,)})
      for axis in (0, 1) for value in (0, 2)],
    (S.SequenceMask(A), SEQUENCE), (S.Dropout(A, p=0.3), IMAGE),
    (S.Dropout(A, p=0.5, axes=(2, 3)), {"a": (40, 30, 4, 4)}),
    (S.Dropout(A, p=0.5), {"a": (40, 128)}), (S.Dropout(A, p=0.3), {"a": (41, 127)}),
    *[recurrent(mode, gates, **more) for mode, gates in (("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1), ("lstm", 4))
      for more in ({}, {"num_layers": 2, "bidirectional": True, "state_outputs": True}, {"num_layers": 2, "p": 0.4})],
    (S.FullyConnected(S.sign(A), B, num_hidden=2, no_bias=True), FLAT | {"b": (2, 5)}),
    (S.tanh(S.sign(A)) + A, FLAT),
]


def gradients(net, shapes, req, direct):
    net = mx.sym.load_json(net.tojson())                # programs of its own
    exe = net.simple_bind(mx.cpu(), grad_req=req, **shapes)
    if not direct:
        exe._pair_known = True                          # keep the tape
    rng = np.random.RandomState(0)
    for array in exe.arg_arrays:
        array[:] = rng.normal(size=array.shape)
    for array in exe.aux_arrays:
        array[:] = 0.5
    for array in exe.grad_arrays:
        array[:] = 1
    mx.random.seed(3)
    outputs = exe.forward(is_train=True)
    assert (exe._saved is not None) is direct
    exe.backward([mx.nd.array(rng.normal(size=y.shape), dtype=y.dtype) for y in outputs])
    arrays = {"output": outputs[0], **exe.aux_dict, **exe.grad_dict}
    return {name: array.asnumpy() for name, array in arrays.items()}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{i}-{net.name}" for i, (net, _) in enumerate(CASES)])
@pytest.mark.parametrize("req", ["write", "add"])
def test_direct_gradients_are_the_tapes(number, req):
    net, shapes = CASES[number]
    found, expected = (gradients(net, shapes, req, direct) for direct in (True, False))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-4, atol=2e-5, err_msg=name)


def test_every_operator_with_a_direct_gradient_is_tried():
    tried = {node["op"] for net, _ in CASES for node in json.loads(net.tojson())["nodes"]}
    missing = {op.name for op in REGISTRY.values() if op.direct_rule is not None} - tried
    assert missing <= {"Activation", "_copyto", "_grad_add", "Convolution_v1", "BatchNorm_v1", "_contrib_SyncBatchNorm",
                       "_contrib_BatchNormWithReLU", "_contrib_SparseEmbedding"}


# ---- gradients without copies ---------------------------------------------------------------------------------------

def test_a_large_gradient_is_taken_over_and_a_small_one_copied():
    for count, taken in ((1 << 16, True), (8, False)):
        target = torch.zeros(count)
        values = (torch.ones(count),)
        memory = values[0].data_ptr()
        store([(0, target)], values)
        assert (target.data_ptr() == memory) is taken and target.sum() == count


def copied(target, values):
    memory = target.data_ptr()
    store([(0, target)], values)
    return target.data_ptr() == memory and bool((target == 1).all())


def test_what_somebody_else_holds_is_copied():
    count = 1 << 16
    held = torch.ones(count)
    assert copied(torch.zeros(count), (held,))
    del held
    assert copied(torch.zeros(count), (torch.ones(count),) * 2)
    assert copied(torch.zeros(count), (torch.ones(2 * count)[:count],))
    value = torch.ones(count)
    view, values = value[:5], (value,)
    del value
    assert copied(torch.zeros(count), values) and view.sum() == 5
    target = torch.zeros(count)
    view = target[:5]
    assert copied(target, (torch.ones(count),)) and view.sum() == 5


def test_holders_of_a_gradient_see_the_next_one():
    exe = (A * B).simple_bind(mx.cpu(), a=(300, 200), b=(300, 200))
    handle, tensor, view = exe.grad_dict["a"], exe.grad_dict["a"].handle, exe.grad_dict["b"][3:5]
    for value in (2, 3):
        exe.arg_dict["a"][:], exe.arg_dict["b"][:] = value, value
        exe.forward(is_train=True)
        exe.backward(mx.nd.ones((300, 200)))
        assert handle.asnumpy().min() == tensor.min() == view.asnumpy().min() == value
    head = mx.nd.ones((300, 200))
    exe = (A + B).simple_bind(mx.cpu(), a=(300, 200), b=(300, 200))
    exe.forward(is_train=True)
    exe.backward(head)
    exe.grad_dict["a"][:] = 5
    assert head.asnumpy().max() == exe.grad_dict["b"].asnumpy().max() == 1
