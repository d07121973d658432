# SPDX-License-Identifier: Apache-2.0
"""One step for all weights of a model is the step of each weight."""
from pathlib import Path

import numpy as np
import pytest
import training_cases as cases
import whole_cases

import mxnet as mx
from mxnet.optimizer import Optimizer

RECORDED = np.load(Path(__file__).parents[1] / "data/module/whole_updates.npz")
RUNS = [name for name in cases.OPTIMIZERS if "schedule" not in name]


def one_by_one(updater, indices, grads, weights):
    for one in zip(indices, grads, weights):
        updater(*one)


@pytest.mark.filterwarnings("ignore:Accumulating")
@pytest.mark.parametrize("case", RECORDED.files)
def test_all_at_once_is_as_in_mxnet(case):
    run, mode, scheduled = case.split("/")
    ours, _ = whole_cases.train(mx, whole_cases.optimizer(mx, run, mode, scheduled == "1"), mode, whole_cases.at_once)
    if mode in ("float32", "counts"):
        np.testing.assert_allclose(ours, RECORDED[case], rtol=1e-5, atol=2e-6)
    else:                                                               # a rounding in float16 apart
        np.testing.assert_allclose(ours, RECORDED[case], rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("run", RUNS)
def test_all_at_once_is_one_by_one(run, kind, monkeypatch):
    monkeypatch.setitem(whole_cases.DTYPES, "counts", [kind] * whole_cases.COUNT)
    results = []
    for call in (whole_cases.at_once, one_by_one):
        values, updater = whole_cases.train(mx, whole_cases.optimizer(mx, run), "counts", call)
        results.append((values, updater.optimizer._index_update_count))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=2e-5, atol=2e-6)
    assert results[0][1] == results[1][1]


@pytest.mark.filterwarnings("ignore:Accumulating")
@pytest.mark.parametrize("mode", whole_cases.DTYPES)
@pytest.mark.parametrize(("run", "more"), [
    *((run, more) for run in ("sgld", "dcasgd", "lbsgd", "lars", "lamb")
      for more in ({}, {"clip_gradient": 0.1}, {"wd": 0.1})),
    *((run, {"momentum": 0.9}) for run in ("dcasgd", "lbsgd", "lars"))])
def test_all_at_once_is_one_by_one_to_the_bit(run, mode, more, monkeypatch):
    monkeypatch.setitem(cases.OPTIMIZERS, run, (run, {"learning_rate": 0.05}))
    results = []
    for call in (whole_cases.at_once, one_by_one):
        if run in ("lars", "lamb") and call is one_by_one:  # MXNet takes other norms where it is not given a list
            def call(updater, *given):
                for one in zip(*given):
                    updater(*([item] for item in one))
        mx.random.seed(3)
        made = whole_cases.optimizer(mx, run, mode, **more)
        results.append(whole_cases.train(mx, made, mode, call)[0])
    assert np.array_equal(*results)
    assert np.isfinite(results[0]).all()


def test_noise_is_the_same_for_weights_of_two_kinds():
    results = []
    for call in (whole_cases.at_once, one_by_one):
        mx.random.seed(3)
        made = mx.optimizer.create("sgld", learning_rate=0.1, multi_precision=True)
        results.append(whole_cases.train(mx, made, "mixed", call)[0])
    assert np.array_equal(*results)


@pytest.mark.parametrize("run", RUNS)
def test_gradients_stay_as_they_are(run):
    made, rng = whole_cases.optimizer(mx, run), np.random.RandomState(0)
    weights, grads = whole_cases.arrays(mx, rng, "float32"), whole_cases.arrays(mx, rng, "float32")
    kept = [grad.asnumpy() for grad in grads]
    mx.optimizer.get_updater(made)(list(range(whole_cases.COUNT)), grads, weights)
    assert all(np.array_equal(grad.asnumpy(), before) for grad, before in zip(grads, kept))


@pytest.mark.parametrize("name", ["sgd", "adam", "nag"])
def test_half_weights_without_copies_are_trained(name):
    weights = [mx.nd.ones((2,), dtype="float16"), mx.nd.ones((2,))]
    grads = [mx.nd.ones((2,), dtype="float16"), mx.nd.ones((2,))]
    updater = mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.1, epsilon=1e-3) if name == "adam"
                                       else mx.optimizer.create(name, learning_rate=0.1, momentum=0.5))
    with pytest.warns(UserWarning, match="float16"):
        updater([0, 1], grads, weights)
    np.testing.assert_allclose(weights[0].asnumpy(), weights[1].asnumpy(), rtol=2e-3)
    assert weights[0].dtype == np.float16


def test_momentum_that_a_state_lacks_is_told():
    optimizer = mx.optimizer.create("dcasgd", momentum=0.9)
    weight = mx.nd.ones((2,))
    with pytest.raises(mx.base.MXNetError, match="momentum"):
        optimizer.update(0, weight, weight, (None, weight.copy()))


@pytest.mark.parametrize("parent", ["SGD", "Adam", "NAG", "RMSProp", "AdaGrad", "Nadam", "Signum", "FTML", "SGLD",
                                    "DCASGD", "LARS", "LBSGD", "LAMB"])
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
