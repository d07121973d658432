# SPDX-License-Identifier: Apache-2.0
"""Values are let go as they die: peaks of allocated memory, beside plain torch's and from one pass to the next."""
from __future__ import annotations

import pytest

import mxnet as mx

S = mx.sym


@pytest.mark.parametrize("train, limit", [(False, 1.05), (True, 1.05)])
def test_a_residual_network_takes_what_torch_takes(memory, train, limit):
    shape = (4, 3, 64, 64)
    symbol = memory.resnet(memory.Symbols(), S.Variable("data"), 50)
    mine = memory.peak(lambda: memory.ours(symbol, shape, train))
    other = memory.peak(lambda: memory.plain(symbol, shape, train, 50))
    assert mine <= limit * other, (mine, other)


def chain(step, count=16):
    x = S.FullyConnected(S.Variable("data"), num_hidden=1024, name="fc")
    for _ in range(count):
        x = step(x)
    return S.MakeLoss(S.sum(x), name="loss")


SIZE = 512 * 1024 * 4                    # bytes of one value in the chain


def passes(symbol, train):
    exe = symbol.simple_bind(mx.cpu(), data=(512, 8), grad_req="write" if train else "null")

    def run():
        exe.forward(is_train=train)
        if train:
            exe.backward()
    run()
    return run


@pytest.mark.parametrize("step", [S.exp, lambda x: S.Activation(x, act_type="relu"), lambda x: x * 2 + x])
def test_inference_holds_what_is_to_be_read(memory, step):
    assert memory.peak(passes(chain(step), False)) <= 3.1 * SIZE


@pytest.mark.parametrize("step, kept", [
    (lambda x: x * 2, 0), (lambda x: S.Reshape(x * 2, shape=(0, 0)), 0), (S.exp, 1), (S.sin, 1),
    (lambda x: S.Activation(x, act_type="relu"), 1), (lambda x: S.LeakyReLU(x * 2, slope=0.1), 1),
    (lambda x: S.broadcast_add(x * 2, x * 3), 0), (lambda x: S.BlockGrad(x) + x, 0),
    (lambda x: S.Concat(*S.SliceChannel(x * 2, num_outputs=2), dim=1), 0)])
def test_training_holds_what_gradients_read(memory, step, kept):
    """So many values of each step, and five that come and go."""
    assert memory.peak(passes(chain(step), True)) <= (16 * kept + 5.1) * SIZE


def test_backward_empties_what_forward_saved():
    exe = chain(S.exp).simple_bind(mx.cpu(), data=(512, 8))
    exe.forward(is_train=True)
    saved = exe._saved
    assert len(saved) >= 16
    exe.backward()
    assert saved == [] and exe._saved is None


def test_gradients_of_a_second_pass_take_no_more(memory):
    run = passes(chain(S.exp), True)
    assert abs(memory.peak(run) - memory.peak(run)) < 1000
