# SPDX-License-Identifier: Apache-2.0
"""Gradients of BatchNorm do not depend on how the arrays lie in memory (torch's kernel alone mixes up some axes)."""
from __future__ import annotations

import itertools

import numpy as np
import pytest

import mxnet as mx

SHAPES = [(1, 3, 6, 1), (2, 3, 3, 1), (2, 3, 1, 4), (2, 3, 4, 5), (2, 3, 4), (4, 3), (1, 3, 4, 1, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("op", ["BatchNorm", "BatchNorm_v1"])
def test_heads_of_every_layout(op, shape):
    draw = np.random.RandomState(3)
    x, head = draw.uniform(-1, 1, shape), draw.uniform(-1, 1, shape)
    channels = mx.nd.array(draw.uniform(0.5, 1, 3))

    def gradients(axes):
        order = [axes.index(i) for i in range(len(shape))]
        before = mx.sym.transpose(mx.sym.Variable("data"), axes=order)
        normal = getattr(mx.sym, op)(before, fix_gamma=False, name="bn")
        net = mx.sym.transpose(normal, axes=axes)
        arrays = {"data": mx.nd.array(x.transpose(axes)), "bn_gamma": channels, "bn_beta": channels}
        grads = {name: mx.nd.zeros(array.shape) for name, array in arrays.items()}
        exe = net.bind(mx.cpu(), arrays, grads, aux_states=[mx.nd.zeros(3), mx.nd.ones(3)])
        exe.forward(is_train=True)
        exe.backward([mx.nd.array(head.transpose(axes))])
        return grads["data"].asnumpy().transpose(order), grads["bn_gamma"].asnumpy(), grads["bn_beta"].asnumpy()

    expected = gradients(tuple(range(len(shape))))
    np.testing.assert_allclose(expected[2], head.sum(axis=tuple(i for i in range(len(shape)) if i != 1)), rtol=1e-4,
                               atol=1e-5)
    for axes in itertools.permutations(range(len(shape))):
        for found, wanted in zip(gradients(axes), expected):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_head_that_is_transposed_alone():
    net = mx.sym.transpose(mx.sym.BatchNorm(mx.sym.Variable("data"), name="bn"), axes=(2, 3, 1, 0))
    exe = net.simple_bind(mx.cpu(), data=(1, 3, 6, 1))
    head = np.random.RandomState(1).uniform(-1, 1, (6, 1, 3, 1))
    exe.forward(is_train=True)
    exe.backward([mx.nd.array(head)])
    np.testing.assert_allclose(exe.grad_dict["bn_beta"].asnumpy(), head.sum(axis=(0, 1, 3)), rtol=1e-5, atol=1e-6)
