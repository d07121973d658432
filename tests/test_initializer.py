# SPDX-License-Identifier: Apache-2.0
"""Initializers: names and fixed values as MXNet 1.9.1 (scenarios/initializer.py); random ones by their statistics."""
from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from scenarios.stage import replay, stage_of

import mxnet as mx
import mxnet.initializer
from mxnet.base import MXNetError
from mxnet.initializer import InitDesc

STAGE = stage_of("initializer")
init = mx.initializer


# Registering a class again replaces the one that the recording process had, with a warning.
@pytest.mark.filterwarnings("ignore:.*registered with name:UserWarning")
@pytest.mark.parametrize("name", STAGE.scenarios)
def test_as_mxnet(name: str) -> None:
    replay(STAGE, name)


def drawn(initializer: Any, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    array = mx.nd.zeros(shape, dtype=dtype)
    initializer(InitDesc("w_weight"), array)
    assert array.dtype == np.dtype(dtype) and array.shape == shape
    return array.asnumpy().astype(np.float64)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("initializer", "deviation", "bound"), [
    (init.Uniform(0.5), 0.5 / 3 ** 0.5, 0.5), (init.Normal(0.2), 0.2, None),
    (init.Xavier(), (3 / 150) ** 0.5 / 3 ** 0.5, (3 / 150) ** 0.5),
    (init.Xavier(factor_type="in"), (3 / 100) ** 0.5 / 3 ** 0.5, (3 / 100) ** 0.5),
    (init.Xavier("gaussian", "out", 2), (2 / 200) ** 0.5, None),
    (init.MSRAPrelu("in", 0.25), (2 / (1 + 0.25 ** 2) / 100) ** 0.5, None),
])
def test_distributions(initializer: Any, deviation: float, bound: float | None, dtype: str) -> None:
    values = drawn(initializer, (200, 100), dtype)
    assert abs(values.mean()) < 4 * deviation / values.size ** 0.5
    assert values.std() == pytest.approx(deviation, rel=0.03)
    if bound is not None:
        assert bound * 0.99 < np.abs(values).max() <= bound * 1.001


def test_fans_count_the_kernel() -> None:
    bound = (3 / ((4 * 9 + 8 * 9) / 2)) ** 0.5
    values = drawn(init.Xavier(), (8, 4, 3, 3))
    assert bound * 0.9 < np.abs(values).max() <= bound


@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (3, 2, 2, 2)])
def test_orthogonal(shape: tuple[int, ...], kind: str) -> None:
    matrix = drawn(init.Orthogonal(1.5, kind), shape).reshape(shape[0], -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix @ matrix.T, 2.25 * np.eye(len(matrix)), atol=1e-5)


def test_seed_gives_the_same_values() -> None:
    made = []
    for _ in range(2):
        mx.random.seed(7)
        made.append(drawn(init.Xavier(), (3, 4)))
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize(("name", "value"), [("bn_moving_mean", 0), ("bn_moving_var", 1), ("bn_moving_avg", 0)])
def test_moving_statistics_without_attribute(name: str, value: float) -> None:
    """MXNet refuses them; a symbol that was not made by MXNet has no attribute that says what they are."""
    array = mx.nd.full((2,), 9)
    init.Xavier()(InitDesc(name), array)
    assert array.asnumpy().tolist() == [value] * 2


def test_verbosity(caplog: pytest.LogCaptureFixture) -> None:
    array = mx.nd.zeros((2, 2))
    with caplog.at_level(logging.INFO):
        one = init.One().set_verbosity(True)
        one(InitDesc("fc_weight"), array)
        init.Zero().set_verbosity(True, lambda x: f"sum {x.asnumpy().sum()}")(InitDesc("fc_weight"), array)
        init.Load({"w": array}, verbose=True)("w", array)
    assert [record.getMessage() for record in caplog.records] == [
        "Initialized fc_weight as weight: 1.0", "Initialized fc_weight as weight: sum 0.0", "Initialized w by loading"]


def test_load_from_a_file(tmp_path: Any) -> None:
    path = str(tmp_path / "p.params")
    mx.nd.save(path, {"arg:w": mx.nd.array([1, 2])})
    array = mx.nd.zeros((2,))
    init.Load(path)("w", array)
    assert array.asnumpy().tolist() == [1, 2]


@pytest.mark.parametrize(("call", "match"), [
    (lambda a: init.Xavier()(InitDesc("w_weight"), mx.nd.zeros((3,))), "cannot be applied to vector w_weight"),
    (lambda a: init.Zero()(InitDesc("rnn_parameters"), a), "Unknown initialization pattern for rnn_parameters"),
    (lambda a: init.Zero()(3, a), "takes a name and an array, not int"),
    (lambda a: init.Orthogonal(1, "x")(InitDesc("w_weight"), a), "rand_type is uniform or normal, not 'x'"),
    (lambda a: init.Mixed(["a"], [init.Zero()])("b", a), "did not match any pattern"),
    (lambda a: init.Load({})("b", a), "Not found in loaded param"),
    (lambda a: init.Load({"b": a})("b", mx.nd.zeros((3,))), r"target \(3,\) vs loaded \(2, 2\)"),
    (lambda a: init.Load([a]), "takes a dict of arrays"),
    (lambda a: init.create("xavir"), "Did you mean 'xavier'"),
    (lambda a: init.Bilinear()(InitDesc("w_weight"), a), r"4 axes, not w_weight \(2, 2\)"),
])
def test_errors(call: Any, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        call(mx.nd.zeros((2, 2)))
