# SPDX-License-Identifier: Apache-2.0
"""Metrics give what MXNet 1.9.1 gives (scenarios/metric.py), and what goes beyond."""
from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from scenarios.stage import replay, stage_of

import mxnet as mx
import mxnet.metric
from mxnet.base import MXNetError

STAGE = stage_of("metric")


@pytest.mark.parametrize("name", STAGE.scenarios)
def test_as_mxnet(name: str) -> None:
    replay(STAGE, name)


def one(values: Any) -> list[Any]:
    return [mx.nd.array(values)]


def test_values_are_fetched_late() -> None:
    accuracy = mx.metric.Accuracy()
    for _ in range(1200):
        accuracy.update(one([0, 1]), one([[1, 0], [1, 0]]))
    assert 0 < len(accuracy._pending) < 512
    assert accuracy.get() == ("accuracy", 0.5)
    assert not accuracy._pending
    assert (accuracy.num_inst, accuracy.sum_metric, accuracy.global_num_inst) == (2400, 1200, 2400)


def test_instances_do_not_share_what_is_pending() -> None:
    first, second = mx.metric.Accuracy(), mx.metric.Accuracy()
    first.update(one([0]), one([[1, 0]]))
    assert np.isnan(second.get()[1])


def test_setting_a_sum_takes_what_is_pending_first() -> None:
    loss = mx.metric.Loss()
    loss.update(None, one([1, 2]))
    loss.sum_metric = 0.0
    assert loss.num_inst == 2
    loss.num_inst += 2
    assert loss.get() == ("loss", 0.0)
    assert loss.get_global() == ("loss", 1.5)


def test_subclass_that_never_calls_the_base() -> None:
    class Bare(mx.metric.EvalMetric):
        def __init__(self) -> None:
            self.name, self.num_inst, self.sum_metric = "bare", 2, 3.0
    assert Bare().get() == ("bare", 1.5)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda metric: pickle.loads(pickle.dumps(metric))])
def test_copies(copied: Any) -> None:
    accuracy = mx.metric.Accuracy()
    accuracy.update(one([0, 1]), one([[1, 0], [1, 0]]))
    other = copied(accuracy)
    other.update(one([0, 0]), one([[1, 0], [1, 0]]))
    assert (accuracy.get()[1], other.get()[1]) == (0.5, 0.75)


def test_tensors_and_numpy_arrays_are_taken() -> None:
    for kind in (torch.tensor, np.array):
        for name, expected in (("acc", 0.5), ("ce", -np.log(0.5) / 2 - np.log(0.25) / 2)):
            metric = mx.metric.create(name)
            metric.update([kind([0, 1])], [kind([[0.5, 0.25], [0.75, 0.25]])])
            assert metric.get()[1] == pytest.approx(expected)


def test_predictions_that_require_gradients() -> None:
    loss = mx.metric.Loss()
    loss.update(None, torch.ones(3, requires_grad=True))
    assert loss.get() == ("loss", 1.0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "uint8"])
@pytest.mark.parametrize("label_dtype", ["float32", "int32", "int64", "uint8"])
def test_dtypes(dtype: str, label_dtype: str) -> None:
    label = mx.nd.array([1, 0, 1], dtype=label_dtype)
    pred = mx.nd.array([[0, 4], [3, 2], [5, 1]], dtype=dtype)
    expected = {"acc": 2 / 3, "f1": 2 / 3, "loss": 2.5, "mse": ((1 + 9) + (9 + 4) + (16 + 0)) / 6}
    for name, value in expected.items():
        metric = mx.metric.create(name)
        metric.update([label], [pred])
        assert metric.get()[1] == pytest.approx(value, rel=1e-3), name


def test_half_precision_is_summed_in_float32() -> None:
    loss, entropy = mx.metric.Loss(), mx.metric.CrossEntropy()
    loss.update(None, [mx.nd.ones((200, 1000), dtype="float16")])
    assert loss.get() == ("loss", 1.0)
    entropy.update([mx.nd.zeros((5000,))], [mx.nd.full((5000, 2), 0.5, dtype="float16")])
    assert entropy.get()[1] == pytest.approx(np.log(2), rel=1e-4)


def test_label_columns_are_flattened() -> None:
    """MXNet compares every label with every prediction here, and its counts are too large."""
    for name in ("f1", "mcc"):
        column, flat = mx.metric.create(name), mx.metric.create(name)
        pred = one([[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
        column.update(one([[1], [0], [0]]), pred)
        flat.update(one([1, 0, 0]), pred)
        assert column.get() == flat.get()


def test_configuration_keeps_the_average() -> None:
    made = mx.metric.create(mx.metric.F1(average="micro").get_config())
    assert made.average == "micro"


def test_batches_of_other_dtypes_are_fetched_together() -> None:
    loss = mx.metric.Loss()
    for dtype in ("float32", "float64", "int32", "float16"):
        loss.update(None, [mx.nd.ones((2,), dtype=dtype) * 3])
    assert loss.get() == ("loss", 3.0)


@pytest.mark.parametrize(("call", "match"), [
    (lambda: mx.metric.F1(average="weighted"), "average is one of macro, micro, not 'weighted'"),
    (lambda: mx.metric.create("acuracy"), "Did you mean 'accuracy'"),
    (lambda: mx.metric.create(3), "must be of string type"),
    (lambda: mx.metric.TopKAccuracy(1), "top_k is at least 2, not 1"),
    (lambda: mx.metric.TopKAccuracy(4).update(one([1]), one([[1, 2, 3]])), "less than 4 classes"),
    (lambda: mx.metric.TopKAccuracy(2).update(one([1]), one([[[1, 2, 3]]])), r"at most 2 axes, not the shape \(1, 1"),
    (lambda: mx.metric.Accuracy().update(one([1, 2]), one([[1, 2, 3]])), r"labels \(2,\) do not fit .*\(1, 3\)"),
    (lambda: mx.metric.Accuracy().update(one([1, 2]), []), "1 labels, 0 predictions"),
    (lambda: mx.metric.F1().update(one([0, 1, 2]), one([[1, 0]] * 3)), r"binary .*\[0, 1, 2\]"),
    (lambda: mx.metric.CrossEntropy().update(one([3]), one([[1, 2]])), "labels from 3 to 3 are not classes"),
    (lambda: mx.metric.CrossEntropy().update(one([0, 1]), one([[1, 2]])), r"not \(1, 2\) for \(2,\)"),
    (lambda: mx.metric.Perplexity(None).update(one([0, 1]), one([[1, 2]])), "do not fit"),
    (lambda: mx.metric.MSE().update(one([0, 1, 2]), one([1, 2])), r"labels \(3, 1\) do not fit predictions \(2, 1\)"),
    (lambda: mx.metric.PearsonCorrelation().update(one([0, 1]), one([[1, 2]])), r"labels are \(2,\)"),
    (lambda: mx.metric.CompositeEvalMetric(["acc"]).get_metric(3), "none has the number 3"),
    (lambda: mx.metric.CustomMetric(3), "takes a function"),
    (lambda: mx.metric.Accuracy(output_names=["outpt"]).update_dict({}, {"output": 1}), "Did you mean 'output'"),
    (lambda: setattr(mx.metric.PCC(), "sum_metric", 3), "cannot be set"),
])
def test_errors(call: Any, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        call()


def test_base_needs_update() -> None:
    with pytest.raises(NotImplementedError, match="does not define update"):
        mx.metric.EvalMetric("x").update([], [])


def test_composite_of_metrics_that_give_arrays():
    class Last(mx.metric.EvalMetric):
        def update(self, labels, preds):
            self.sum_metric += preds[-1].asnumpy()              # an array of shape (1,)
            self.num_inst += 1

    both = mx.metric.CompositeEvalMetric()
    both.add(mx.metric.Accuracy())
    both.add(Last("last"))
    both.metrics[0].update([mx.nd.array([1])], [mx.nd.array([[0, 1]])])
    for number in (0, 3):
        both.metrics[1].update(None, [mx.nd.array([number])])
    assert both.get() == (["accuracy", "last"], [1.0, 1.5])


def test_accuracy_of_predictions_without_the_axis_of_classes() -> None:
    with pytest.raises(mx.MXNetError, match=r"labels \(3,\) do not fit predictions \(2,\) .* axis 1"):
        mx.metric.Accuracy().update([mx.nd.zeros(3)], [mx.nd.zeros(2)])
