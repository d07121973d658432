# SPDX-License-Identifier: Apache-2.0
"""Programs of MXNet's years: what they print is what MXNet printed, and what is wrong in them is named."""
from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mxnet as mx

from .programs import examples, network, stage
from .stage import replay


@pytest.mark.parametrize("name", sorted(stage.scenarios))
def test_programs(name: str) -> None:
    replay(stage, name)


def test_load_logs_what_the_default_fills(caplog: pytest.LogCaptureFixture) -> None:
    loaded = mx.init.Load({"arg:a_weight": mx.nd.ones((2,))}, default_init=mx.init.Zero(), verbose=True)
    with caplog.at_level(logging.INFO):
        for name in ("a_weight", "b_weight"):
            loaded(mx.init.InitDesc(name), mx.nd.zeros((2,)))
    assert caplog.messages == ["Initialized a_weight by loading", "Initialized b_weight by default"]


def bound() -> Any:
    module = mx.mod.Module(network(mx))
    module.bind([("data", (4, 4))], [("softmax_label", (4,))])
    module.init_params()
    return module


@pytest.mark.parametrize("kind, call, match", [
    (TypeError, lambda: mx.optimizer.create("sgd", learning_rat=0.1),
     "SGD: unknown parameter 'learning_rat'. Did you mean 'learning_rate'"),
    (TypeError, lambda: bound().fit(examples(mx), num_epoch=1, initializer="xavier", force_init=True),
     "initializer is one of mx.init, such as mx.init.Xavier.., not 'xavier'"),
    (TypeError, lambda: mx.mod.BucketingModule(lambda key: network(mx), default_bucket_key=3),
     "sym_gen returns .symbol, data_names, label_names., for bucket 3 it gave <Symbol softmax>"),
    (mx.MXNetError, lambda: bound().forward(mx.io.DataBatch([mx.nd.zeros((4, 5))], [mx.nd.zeros((4,))])),
     "fc_weight.*Given: data .4, 5., bound as .4, 4."),
])
def test_mistakes_are_named(kind: type[Exception], call: Callable[[], Any], match: str) -> None:
    with pytest.raises(kind, match=match):
        call()


def test_optimizer_errors_of_its_own_stay() -> None:
    class Needy(mx.optimizer.Optimizer):
        def __init__(self, rate: float) -> None:
            super().__init__(learning_rate=rate)
    mx.optimizer.Optimizer.opt_registry["needy"] = Needy
    try:
        with pytest.raises(TypeError, match="rate"):
            mx.optimizer.create("needy")
    finally:
        del mx.optimizer.Optimizer.opt_registry["needy"]


def test_wrong_label_name_names_the_inputs_and_warns_at_the_users_line() -> None:
    source = mx.io.NDArrayIter(np.zeros((8, 4)), np.zeros(8), 4, label_name="wrong")
    with warnings.catch_warnings(record=True) as caught, pytest.raises(KeyError, match="'wrong'.*data, softmax_label"):
        warnings.simplefilter("always")
        mx.mod.Module(network(mx)).fit(source, num_epoch=1)
    assert [warning.filename for warning in caught] == [__file__]


def test_rescale_warning_is_at_the_users_line() -> None:
    with pytest.warns(UserWarning, match="rescale_grad") as caught:
        bound().fit(examples(mx), num_epoch=1, optimizer=mx.optimizer.SGD(rescale_grad=1.0))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("kind", ["SGD", "NAG", "Signum", "Adam", "LAMB"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_update_of_a_subclass_is_not_passed_by(kind: str, momentum: float) -> None:
    """DSD's SparseSGD masks what SGD did. MXNet 1.9.1 passes by such an update of some classes, older ones call it."""
    parent = getattr(mx.optimizer, kind)

    class Masked(parent):                                            # type: ignore[misc,valid-type]
        def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
            super().update(index, weight, grad, state)
            weight[:] = weight * 0
    module = bound()
    given = {"momentum": momentum} if kind in ("SGD", "NAG", "Signum") else {}
    module.init_optimizer(optimizer=Masked(learning_rate=0.1, rescale_grad=0.25, **given))
    module.forward_backward(examples(mx).next())
    module.update()
    assert all(not value.asnumpy().any() for value in module.get_params()[0].values())


def test_metrics_take_numpy_arrays_of_every_memory() -> None:
    labels = np.arange(4.0)[::-1]
    metric = mx.metric.MSE()
    metric.update([labels], [np.frombuffer(labels.tobytes(), np.float64)])
    assert metric.get()[1] == 0
