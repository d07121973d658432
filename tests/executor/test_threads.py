# SPDX-License-Identifier: Apache-2.0
"""Executors in eight threads at once, on shared parameters; and what is each thread's own."""
from __future__ import annotations

import threading

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd

S = mx.sym
COUNT = 8


def in_threads(work):
    """`work(i)` in eight threads that start together; what they return, or the first error."""
    results, errors, gate = [None] * COUNT, [], threading.Barrier(COUNT)

    def run(i):
        try:
            gate.wait(30)
            results[i] = work(i)
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(COUNT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]
    return results


def network():
    x = S.Convolution(S.Variable("data"), num_filter=4, kernel=(3, 3), name="conv")
    x = S.Activation(S.BatchNorm(x, fix_gamma=False, name="bn"), act_type="relu")
    x = S.broadcast_mul(S.Flatten(S.Pooling(x, kernel=(2, 2), pool_type="max")), S.exp(S.zeros((1, 1))))
    return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=5, name="fc"), name="softmax")


SHAPE = (3, 2, 8, 8)


def bound(symbol):
    exe = symbol.simple_bind(mx.cpu(), data=SHAPE)
    rng = np.random.RandomState(7)
    for array in exe.arg_arrays:
        array[:] = rng.normal(0, 0.5, array.shape)
    exe.aux_dict["bn_moving_var"][:] = 1
    return exe


def inputs(i):
    rng = np.random.RandomState(100 + i)
    return {"data": rng.normal(size=SHAPE).astype(np.float32), "softmax_label": rng.randint(0, 5, SHAPE[0])}


def sharing(symbol, base):
    """An executor of one's own on the parameters of another; its states are its own, for training changes them."""
    args = {name: array.copy() if name in inputs(0) else array for name, array in base.arg_dict.items()}
    grads = {name: mx.nd.zeros(array.shape) for name, array in args.items()}
    return symbol.bind(mx.cpu(), args, grads, aux_states={name: array.copy() for name, array in base.aux_dict.items()})


def passes(exe, i, train):
    values = {key: mx.nd.array(value) for key, value in inputs(i).items()}
    exe.forward(is_train=train, **values)
    if not train:
        return [exe.outputs[0].asnumpy()]
    exe.backward()
    return [exe.outputs[0].asnumpy(), *[grad.asnumpy() for grad in exe.grad_arrays]]


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("path", ["direct", "tape", "mirror", "monitor", "one symbol each"])
def test_shared_parameters(train, path):
    symbol = network()
    if path == "mirror":
        with mx.AttrScope(force_mirroring="True"):
            symbol = network()
    base = bound(symbol)
    expected = [passes(sharing(symbol, base), i, train) for i in range(COUNT)]

    def work(i):
        own = mx.sym.load_json(symbol.tojson()) if path == "one symbol each" else symbol
        exe = sharing(own, base)
        exe._pair_known |= path == "tape"
        if path == "monitor":
            exe.set_monitor_callback(lambda name, value: None)
        found = [passes(exe, i, train) for _ in range(10)]
        return found[0], found[-1]
    for want, both in zip(expected, in_threads(work)):
        for got in both:
            for one, other in zip(want, got):
                np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)


def test_the_first_program_of_a_symbol_may_be_made_by_all_at_once():
    symbol = network()
    base = bound(symbol)
    executors = [sharing(symbol, base) for _ in range(COUNT)]
    found = in_threads(lambda i: passes(executors[i], 0, True))
    for result in found[1:]:
        for one, other in zip(found[0], result):
            np.testing.assert_array_equal(one, other)


def test_contexts_are_each_threads_own():
    def work(i):
        assert mx.current_context() == mx.cpu(0)
        with mx.cpu(i):
            arrays = [mx.nd.ones((2,)) + 1 for _ in range(20)]
            with mx.Context("cpu", i + 1):
                assert mx.nd.zeros((1,)).context == mx.cpu(i + 1)
            return {array.context for array in arrays} | {mx.current_context()}
    assert in_threads(work) == [{mx.cpu(i)} for i in range(COUNT)]


def test_recording_is_each_threads_own():
    def work(i):
        x = mx.nd.array([i, 2])
        x.attach_grad()
        for _ in range(20):
            if i % 2:
                assert not autograd.is_recording() and not autograd.is_training()
                assert (x * x)._entry is None
            else:
                with autograd.record(train_mode=i % 4 == 0):
                    assert autograd.is_recording() and autograd.is_training() is (i % 4 == 0)
                    y = x * x
                y.backward()
        return x.grad.asnumpy().tolist()
    assert in_threads(work) == [[0, 0] if i % 2 else [2 * i, 4] for i in range(COUNT)]
    assert not autograd.is_recording()


def test_names_are_each_threads_own():
    def work(i):
        with mx.name.Prefix(f"t{i}_") if i % 2 else mx.name.NameManager():
            layers = [S.Activation(S.Variable("x"), act_type="relu").name for _ in range(20)]
        return layers
    for i, names in enumerate(in_threads(work)):
        assert names == [f"{f't{i}_' if i % 2 else ''}activation{k}" for k in range(20)]


def test_attributes_are_each_threads_own():
    def work(i):
        with mx.AttrScope(__number__=str(i)):
            made = [S.Variable("x") for _ in range(20)]
            with mx.AttrScope(__group__="g"):
                inner = S.relu(made[0])
        return {x.attr("__number__") for x in made} | {inner.attr("__number__"), S.Variable("y").attr("__number__")}
    assert in_threads(work) == [{str(i), None} for i in range(COUNT)]


def test_random_operators_draw_from_one_generator_safely():
    symbol = S.Dropout(S.Variable("x"), p=0.5)

    def work(i):
        exe = symbol.simple_bind(mx.cpu(), x=(2000,))
        exe.arg_dict["x"][:] = 1
        shares = []
        for _ in range(10):
            out = exe.forward(is_train=True)[0].asnumpy()
            exe.backward(mx.nd.ones(2000))
            np.testing.assert_array_equal(exe.grad_dict["x"].asnumpy(), out)
            shares.append((out > 0).mean())
        return np.mean(shares)
    assert all(0.45 < share < 0.55 for share in in_threads(work))
