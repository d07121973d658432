# SPDX-License-Identifier: Apache-2.0
"""One step for all weights of a model is the step of each weight."""
import numpy as np
import pytest
import training_cases as cases

import mxnet as mx
from mxnet.optimizer import Optimizer

SHAPES = {"a_weight": (4, 3), "a_bias": (4,), "b_weight": (2, 4, 1, 3), "b_gamma": (2,), "c_weight": (1,)}
RUNS = {name: given for name, given in cases.OPTIMIZERS.items() if "schedule" not in name}


def made(run):
    optimizer, given = RUNS[run]
    one = mx.optimizer.create(optimizer, param_idx2name=dict(enumerate(SHAPES)), **{"rescale_grad": 0.25, **given})
    one.set_lr_mult({"b_weight": 0.5})
    return one


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("run", RUNS)
def test_all_at_once_is_one_by_one(run, kind):
    rng = np.random.RandomState(0)
    values = [rng.uniform(-1, 1, shape) for shape in SHAPES.values()]
    together, apart = ([mx.nd.array(value, dtype=kind) for value in values] for _ in range(2))
    updaters = [mx.optimizer.get_updater(made(run)) for _ in range(2)]
    indices = list(range(len(SHAPES)))
    for _ in range(5):
        grads = [mx.nd.array(rng.uniform(-1, 1, shape), dtype=kind) for shape in SHAPES.values()]
        kept = [grad.asnumpy() for grad in grads]
        updaters[0](indices, grads, together)
        for index in indices:
            if run.startswith("lars"):              # its momentum is corrected once for each call
                updaters[1]([index], [grads[index]], [apart[index]])
            else:
                updaters[1](index, grads[index], apart[index])
        assert all(np.array_equal(grad.asnumpy(), before) for grad, before in zip(grads, kept))
    for one, other in zip(together, apart):
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=2e-5, atol=2e-6)
    assert updaters[0].optimizer._index_update_count == updaters[1].optimizer._index_update_count


@pytest.mark.parametrize("parent", ["Adam", "NAG", "RMSProp", "AdaGrad", "Nadam", "Signum", "FTML"])
def test_a_subclass_with_its_own_update_is_asked(parent):
    class Halved(getattr(mx.optimizer, parent)):
        def update(self, index, weight, grad, state):
            weight[:] = weight / 2

    weights = [mx.nd.ones((2,)), mx.nd.ones((3,))]
    mx.optimizer.get_updater(Halved())([0, 1], [mx.nd.ones((2,)), mx.nd.ones((3,))], weights)
    assert [weight.asnumpy().tolist() for weight in weights] == [[0.5] * 2, [0.5] * 3]


def test_a_subclass_without_one_keeps_the_fast_step():
    class Named(mx.optimizer.RMSProp):
        """Nothing of its own."""
    assert Named._update_all is not None and Optimizer._update_all is None


def test_weights_of_different_kinds_go_one_by_one():
    optimizer = mx.optimizer.create("rmsprop")
    weights = [mx.nd.ones((2,)), mx.nd.ones((2,), dtype="float64")]
    mx.optimizer.get_updater(optimizer)([0, 1], [mx.nd.ones((2,)), mx.nd.ones((2,), dtype="float64")], weights)
    np.testing.assert_allclose(weights[0].asnumpy(), weights[1].asnumpy(), rtol=1e-6)


def test_adamax_leaves_weights_without_gradients():
    weight = mx.nd.array([1.0, 2.0])
    updater = mx.optimizer.get_updater(mx.optimizer.create("adamax"))
    for call in (lambda g: updater([0], [g], [weight]), lambda g: updater(0, g, weight)):
        call(mx.nd.array([0.0, 1.0]))
    assert weight.asnumpy()[0] == 1.0 and weight.asnumpy()[1] < 2.0
