# SPDX-License-Identifier: Apache-2.0
"""Module with gradients of reduced variance."""
from pathlib import Path

import numpy as np
import pytest
import svrg_cases

import mxnet as mx
from mxnet.contrib.svrg_optimization.svrg_module import SVRGModule
from mxnet.contrib.svrg_optimization.svrg_optimizer import _SVRGOptimizer

RECORDED = np.load(Path(__file__).parents[1] / "data/module/svrg.npz")


@pytest.mark.parametrize("run", svrg_cases.RUNS)
def test_training_is_as_in_mxnet(run):
    np.testing.assert_allclose(svrg_cases.fit(mx, run), RECORDED[run], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("run", ["1-24-sgd", "2-22-momentum", "2-24-adam"])
def test_two_devices_are_as_one(run):
    np.testing.assert_allclose(svrg_cases.fit(mx, run, [mx.cpu(0), mx.cpu(1)]), RECORDED[run], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize(("freq", "error"), [(0, ValueError), (-1, ValueError), (None, TypeError), (1.5, TypeError),
                                             ("2", TypeError)])
def test_frequencies_that_make_no_sense(freq, error):
    with pytest.raises(error, match="update_freq"):
        SVRGModule(svrg_cases.network(mx), label_names=["label"], update_freq=freq)


def test_gradients_are_corrected():
    module = SVRGModule(svrg_cases.network(mx), label_names=["label"], update_freq=1)
    module.bind([("data", (4, 5))], [("label", (4,))])
    module.init_params(mx.init.Uniform(0.5))
    module.init_optimizer(optimizer_params={"learning_rate": 0.1})
    rng = np.random.RandomState(0)
    data = mx.io.NDArrayIter(rng.normal(size=(8, 5)), rng.normal(size=8), batch_size=4, label_name="label")
    module.update_full_grads(data)
    means = {name: value.asnumpy() for name, value in module._param_dict[0].items()}
    sums = dict.fromkeys(means, 0.0)
    data.reset()
    for batch in data:
        module.forward_backward(batch)
        for name, grads in zip(module._exec_group.param_names, module._exec_group.grad_arrays):
            sums[name] = sums[name] + grads[0].asnumpy()
        module._update_svrg_gradients()                 # weights are those of the means: what is left is the mean
        for name, grads in zip(module._exec_group.param_names, module._exec_group.grad_arrays):
            np.testing.assert_allclose(grads[0].asnumpy(), means[name], rtol=1e-4, atol=1e-6)
    for name, mean in means.items():
        np.testing.assert_allclose(mean, sums[name] / 2, rtol=1e-4, atol=1e-6)


def test_the_optimizer_assigns_to_full_keys():
    made = mx.optimizer.create("_svrgoptimizer", default_optimizer="sgd", learning_rate=0.5, momentum=0.9,
                               param_idx2name={0: "w", 1: "w_full"})
    assert isinstance(made, _SVRGOptimizer) and made.default_opt.momentum == 0.9
    weight, grad = mx.nd.ones((2,)), mx.nd.array([2.0, 4.0])
    made.update(1, weight, grad, made.create_state(1, weight))
    assert weight.asnumpy().tolist() == [2.0, 4.0]
    made.update("w", weight, grad, made.create_state("w", weight))
    assert weight.asnumpy().tolist() == [1.0, 2.0]


def test_prediction_and_scores():
    module = SVRGModule(svrg_cases.network(mx), label_names=["label"], update_freq=2)
    data = mx.io.NDArrayIter(np.ones((6, 5), np.float32), np.ones(6, np.float32), batch_size=2, label_name="label")
    module.fit(data, data, eval_metric="mse", optimizer_params={"learning_rate": 0.05}, num_epoch=20)
    assert module.predict(data).shape == (6, 1)
    assert dict(module.score(data, "mse"))["mse"] < 0.1


@pytest.mark.parametrize("context", [[mx.cpu()], [mx.cpu(0), mx.cpu(1)]])
@pytest.mark.parametrize("stop", [2, 6, 9, 13])
def test_a_run_that_is_stopped_goes_on(stop, context, tmp_path):
    class Stop(Exception):
        """Ends a run."""

    def run(stop_after=None, **kwargs):
        mx.random.seed(1)
        rng = np.random.RandomState(0)
        data = mx.io.NDArrayIter(rng.normal(size=(22, 5)), rng.normal(size=22), batch_size=4, label_name="label")
        module = SVRGModule(svrg_cases.network(mx), label_names=["label"], context=context, update_freq=2)
        save, seen = mx.callback.full_checkpoint(tmp_path / "run"), []

        def callback(param):
            seen.append(param)
            if stop_after:
                save(param)
                if len(seen) == stop_after:
                    raise Stop
        module.fit(data, eval_metric="mse", num_epoch=3, initializer=mx.init.Uniform(0.5), batch_end_callback=callback,
                   optimizer_params={"learning_rate": 0.05, "momentum": 0.9}, **kwargs)
        return {name: value.asnumpy() for name, value in module.get_params()[0].items()}
    whole = run()
    with pytest.raises(Stop):
        run(stop)
    resumed = run(resume=str(tmp_path / "run"))
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
