# SPDX-License-Identifier: Apache-2.0
"""Calls that MXNet takes and few programs make: inputs left out by None, heads that nobody reads, backward alone."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def bound(symbol, **arrays):
    args = {name: array if isinstance(array, mx.nd.NDArray) else mx.nd.array(array) for name, array in arrays.items()}
    return symbol.bind(mx.cpu(), args, {name: mx.nd.ones(a.shape, dtype=a.dtype) * 9 for name, a in args.items()})


def test_none_by_position_leaves_an_input_out():
    x, w, length = mx.sym.var("x"), mx.sym.var("w"), mx.sym.var("length")
    conv = mx.sym.Convolution(x, w, None, num_filter=1, kernel=(1, 1), no_bias=True)
    assert conv.list_arguments() == ["x", "w"]
    loss = mx.sym.CTCLoss(x, w, None, length, use_label_lengths=True)
    assert loss.list_arguments() == ["x", "w", "length"]
    made = mx.sym.FullyConnected(x, None, num_hidden=1, name="fc")
    assert made.list_arguments() == ["x", "fc_weight", "fc_bias"]
    with pytest.raises(mx.MXNetError, match="by position and by name"):
        mx.sym.FullyConnected(x, None, w, num_hidden=1, bias=w)


@pytest.mark.parametrize("op", [mx.sym.shape_array, mx.sym.size_array, mx.sym.argsort, mx.sym.BlockGrad])
def test_a_head_that_nothing_reads_may_have_any_shape(op):
    run = bound(op(mx.sym.var("x")), x=np.ones((2, 3)))
    run.forward(is_train=True)
    run.backward(mx.nd.ones((5, 5, 5)))
    assert not run.grad_arrays[0].asnumpy().any()


def test_a_head_that_is_read_must_fit():
    run = bound(mx.sym.exp(mx.sym.var("x")), x=np.ones((2, 3)))
    run.forward(is_train=True)
    with pytest.raises(mx.MXNetError, match=r"\(3, 2\), the output \(2, 3\)"):
        run.backward(mx.nd.ones((3, 2)))


def test_backward_alone_runs_forward():
    run = bound(mx.sym.repeat(mx.sym.var("x"), repeats=2, axis=0) ** 2, x=[[1], [3]])
    run.backward(mx.nd.ones((4, 1)))
    assert run.grad_arrays[0].asnumpy().tolist() == [[4], [12]]


@pytest.mark.parametrize("mode, passes", [("training", True), ("always", False)])
def test_backward_of_a_prediction(mode, passes):
    run = bound(mx.sym.Dropout(mx.sym.var("x"), p=0.5, mode=mode), x=np.ones((9, 9)))
    run.forward(is_train=False)
    run.backward(mx.nd.ones((9, 9)), is_train=False)
    grads = run.grad_arrays[0].asnumpy()
    np.testing.assert_array_equal(grads, run.outputs[0].asnumpy())
    assert (grads == 1).all() == passes


@pytest.mark.parametrize("build", [lambda x, i: mx.sym.take(x, i), lambda x, i: mx.sym.pick(x, i),
                                   lambda x, i: mx.sym.where(i, x, x),
                                   lambda x, i: mx.sym.softmax(x, i, use_length=True, axis=1)])
def test_gradients_of_integers_are_zeros(build):
    run = bound(build(mx.sym.var("x"), mx.sym.var("i")), x=np.ones((3, 3)), i=mx.nd.ones((3,), dtype="int32"))
    out = run.forward(is_train=True)[0]
    run.backward(mx.nd.ones(out.shape))
    assert run.grad_dict["i"].asnumpy().tolist() == [0, 0, 0]


def test_an_integer_variable_on_the_tape():
    x, i = mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([1, 1], dtype="int32")
    x.attach_grad()
    i.attach_grad()
    with mx.autograd.record():
        y = mx.nd.take(x, i)
    y.backward()
    assert x.grad.asnumpy().tolist() == [[0, 0], [2, 2]] and i.grad.asnumpy().tolist() == [0, 0]


def test_ctc_loss_does_not_read_beyond_the_lengths():
    scores = np.random.RandomState(3).normal(size=(4, 2, 3)).astype(np.float32)
    label, lengths = mx.nd.array([[1, 2], [2, 0]]), mx.nd.array([2, 4])
    losses, grads = [], []
    for filler in (0, np.nan):
        scores[2:, 0] = filler
        x = mx.nd.array(scores)
        x.attach_grad()
        with mx.autograd.record():
            loss = mx.nd.CTCLoss(x, label, lengths, use_data_lengths=True)
        loss.backward()
        losses.append(loss.asnumpy())
        grads.append(x.grad.asnumpy())
    np.testing.assert_array_equal(losses[0], losses[1])
    np.testing.assert_array_equal(grads[0], grads[1])
    assert not grads[0][2:, 0].any() and np.isfinite(losses[0]).all()


@pytest.mark.parametrize("make", [mx.sym.ones, mx.sym.zeros, lambda shape: mx.sym.full(shape, 2),
                                  lambda shape: mx.sym.random.uniform(shape=shape)])
def test_minus_one_is_an_unknown_size_of_a_constant(make):
    sums = mx.sym.ones(shape=(2, 3)) + mx.sym.transpose(make(shape=(-1, -1)))
    assert sums.bind(mx.cpu(), {}).forward()[0].shape == (2, 3)
    sums = mx.sym.ones(shape=(2, -1)) + mx.sym.transpose(make(shape=(3, -1)))
    assert sums.bind(mx.cpu(), {}).forward()[0].shape == (2, 3)
    with pytest.raises(mx.MXNetError, match="-2"):
        make(shape=(2, -2)).infer_shape()
