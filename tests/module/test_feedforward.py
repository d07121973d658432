# SPDX-License-Identifier: Apache-2.0
"""FeedForward and executor_manager; expected numbers are MXNet 1.9.1's for the same data and parameters."""
import numpy as np
import pytest

import mxnet as mx
from mxnet import executor_manager

RNG = np.random.RandomState(0)
X = RNG.randn(50, 6).astype("f")
Y = (X.sum(1) > 0).astype("f")
INPUTS = ("data", "softmax_label")


def net():
    h = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=5, name="fc1")
    h = mx.sym.Activation(mx.sym.BatchNorm(h, name="bn", fix_gamma=False), act_type="relu", name="r")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(h, num_hidden=2, name="fc2"), name="softmax")


SYMBOL = net()
SHAPES = dict(zip(SYMBOL.list_arguments(), SYMBOL.infer_shape(data=(10, 6))[0]))
PARAMS = {name: RNG.uniform(-.5, .5, shape) for name, shape in SHAPES.items() if name not in INPUTS}


def params():
    return {name: mx.nd.array(value) for name, value in PARAMS.items()}


def model(**kwargs):
    with pytest.warns(DeprecationWarning, match=r"mx(net)?\.mod\.Module"):
        return mx.model.FeedForward(SYMBOL, num_epoch=3, arg_params=params(), numpy_batch_size=10, **kwargs)


@pytest.mark.parametrize("given, sums, seen, score", [
    (dict(optimizer="sgd", learning_rate=.1, momentum=.9, wd=1e-2),
     {"bn_beta": 0.55313, "bn_gamma": -1.05127, "fc1_weight": -4.42197, "fc2_weight": 0.63182}, 5, 1.0),
    (dict(optimizer="adam", wd=0.1),
     {"bn_beta": -0.27885, "bn_gamma": -0.16809, "fc1_weight": -3.95494, "fc2_weight": 0.68401}, 5, 0.44),
    (dict(optimizer="sgd", learning_rate=.1, epoch_size=3),
     {"bn_beta": -0.22707, "bn_gamma": -0.26599, "fc1_weight": -4.18168, "fc2_weight": 0.6846}, 3, 0.48)])
def test_fit_predict_score(given, sums, seen, score):
    trained, log = model(**given), []
    batches = mx.io.NDArrayIter(X, Y, 10)
    trained.fit(batches, eval_data=(X, Y), batch_end_callback=lambda param: log.append((param.epoch, param.nbatch)))
    assert log[-1] == (2, seen)
    for name, value in sums.items():
        assert trained.arg_params[name].asnumpy().sum() == pytest.approx(value, abs=3e-5), name
    assert trained.predict(X).shape == (50, 2)
    assert trained.score(batches) == pytest.approx(score)
    outputs, data, label = trained.predict(mx.io.NDArrayIter(X, Y, 16), return_data=True)
    assert (outputs.shape, data.shape, label.shape) == ((50, 2), (50, 6), (50,))
    np.testing.assert_array_equal(data, X)
    assert trained.predict(mx.io.NDArrayIter(X, Y, 16), num_batch=2).shape == (32, 2)


def test_create_shuffles_with_numpy():
    np.random.seed(3)
    with pytest.warns(DeprecationWarning):
        trained = mx.model.FeedForward.create(SYMBOL, X, Y, num_epoch=2, learning_rate=.1, arg_params=params(),
                                              numpy_batch_size=20)
    assert trained.arg_params["fc1_weight"].asnumpy().sum() == pytest.approx(-4.16891, abs=3e-5)
    assert trained.arg_params["bn_beta"].asnumpy().sum() == pytest.approx(-0.26394, abs=3e-5)


def test_save_and_load(tmp_path):
    trained, prefix = model(learning_rate=0.1), str(tmp_path / "net")
    trained.fit(X, Y)
    trained.save(prefix)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net-0003.params", "net-symbol.json"]
    with pytest.warns(DeprecationWarning):
        again = mx.model.FeedForward.load(prefix, 3)
    assert (again.begin_epoch, again.num_epoch) == (3, None)
    np.testing.assert_allclose(again.predict(X), trained.predict(X), rtol=1e-6)


def test_extra_parameters():
    extra = {**params(), "other": mx.nd.ones(3)}
    with pytest.warns(DeprecationWarning):
        kept = mx.model.FeedForward(SYMBOL, arg_params=extra, allow_extra_params=True)
    assert "other" not in kept.arg_params


def test_errors():
    wanted = model()
    for args, error, match in (((X,), ValueError, "labels"), ((X, np.stack([Y, Y], 1)), ValueError, r"\(50, 2\)"),
                               (("x",), TypeError, "DataIter"), ((X, Y[:3]), ValueError, "50 samples"),
                               ((X, list(Y)), TypeError, "list"), ((X, Y, 3), TypeError, "pair")):
        with pytest.raises(error, match=match):
            wanted.fit(*args)
    wanted.num_epoch = None
    with pytest.raises(ValueError, match="num_epoch"):
        wanted.fit(X, Y)
    with pytest.raises(ValueError, match="epoch"):
        wanted.save("x")


def test_executor_manager_on_two_devices():
    names = [name for name in SYMBOL.list_arguments() if name not in INPUTS]
    batches = mx.io.NDArrayIter(X, Y, 10)
    manager = executor_manager.DataParallelExecutorManager(
        SYMBOL, [mx.cpu(0), mx.cpu(1)], batches, SYMBOL.list_arguments(), names, SYMBOL.list_auxiliary_states())
    states = {"bn_moving_mean": mx.nd.zeros(5), "bn_moving_var": mx.nd.ones(5)}
    manager.set_params(params(), states)
    metric = mx.metric.create("acc")
    for batch in batches:
        manager.load_data_batch(batch)
        manager.forward(is_train=True)
        manager.backward()
        manager.update_metric(metric, batch.label)
    assert metric.get()[1] == pytest.approx(0.44)
    sums = [[grad.asnumpy().sum() for grad in grads] for grads in manager.grad_arrays]
    np.testing.assert_allclose(sums, [[0.21748, -0.29507], [0, 0], [-0.49347, 0.62401], [1.03537, -0.66074], [0, 0],
                                      [0, 0]], atol=2e-5)
    manager.copy_to(params(), states)
    assert states["bn_moving_mean"].asnumpy().sum() == pytest.approx(0.3445, abs=1e-4)
    assert len(manager.param_arrays) == len(names) and len(manager.aux_arrays) == 2


def test_helpers_of_executor_manager():
    assert executor_manager._split_input_slice(10, [1, 1]) == [slice(0, 5), slice(5, 10)]
    with pytest.raises(ValueError, match="empty"):
        executor_manager._split_input_slice(1, [1, 1])
    executor_manager._check_arguments(SYMBOL)
    shared = mx.sym.Variable("data") + mx.sym.FullyConnected(mx.sym.Variable("x"), mx.sym.Variable("data"),
                                                             num_hidden=2)
    with pytest.raises(ValueError, match="'data'"):
        executor_manager._check_arguments(shared + mx.sym.Variable("data"))
    target = mx.nd.zeros((2, 2))
    executor_manager._load_general([mx.nd.ones((4, 2))], [[(slice(0, 2), mx.nd.zeros((2, 2))), (slice(2, 4), target)]])
    assert target.asnumpy().sum() == 4
