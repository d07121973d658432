# SPDX-License-Identifier: Apache-2.0
"""Random numbers follow their distributions: moments, and Kolmogorov-Smirnov or chi-square distances, with fixed seeds.

The bounds are such that a correct generator passes with all but one seed in about a million.
"""
from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import mxnet as mx

COUNT = 20000
Cdf = Callable[[np.ndarray], np.ndarray]

# name: (parameters as _random_x takes them, mean, variance)
CONTINUOUS: dict[str, list[tuple[dict[str, float], float, float]]] = {
    "uniform": [({"low": -1.0, "high": 3.0}, 1.0, 16 / 12)],
    "normal": [({"loc": 1.0, "scale": 3.0}, 1.0, 9.0)],
    "exponential": [({"lam": 5.0}, 0.2, 0.04)],
    "gamma": [({"alpha": 3.0, "beta": 5.0}, 15.0, 75.0), ({"alpha": 0.3, "beta": 2.0}, 0.6, 1.2)],
}
DISCRETE: dict[str, list[tuple[dict[str, float], float, float]]] = {
    "poisson": [({"lam": 2.5}, 2.5, 2.5), ({"lam": 40.0}, 40.0, 40.0)],
    "negative_binomial": [({"k": 3, "p": 0.3}, 7.0, 7 / 0.3), ({"k": 1, "p": 1.0}, 0.0, 0.0)],
    "generalized_negative_binomial": [({"mu": 3.0, "alpha": 0.5}, 3.0, 3 + 4.5), ({"mu": 3.0, "alpha": 0.0}, 3.0, 3.0)],
}
EVERY = [(name, *case) for name, rows in {**CONTINUOUS, **DISCRETE}.items() for case in rows]


def cdf(name: str, p: dict[str, float]) -> Cdf:
    """The distribution function of a continuous distribution."""
    def special(function: Callable[..., torch.Tensor], *args: Any) -> np.ndarray:
        return function(*[torch.as_tensor(arg, dtype=torch.float64) for arg in args]).numpy()
    if name == "uniform":
        return lambda x: (x - p["low"]) / (p["high"] - p["low"])
    if name == "normal":
        return lambda x: special(torch.special.ndtr, (x - p["loc"]) / p["scale"])
    if name == "exponential":
        return lambda x: -np.expm1(-p["lam"] * x)
    return lambda x: special(torch.special.gammainc, np.full_like(x, p["alpha"]), x / p["beta"])


def probabilities(name: str, p: dict[str, float], upto: int) -> np.ndarray:
    """Of 0, 1, ..., upto - 1, by the densities, which are held against MXNet's."""
    x = mx.nd.arange(upto, dtype="float64").reshape((1, upto))
    if p.get("p") == 1.0:
        return np.eye(1, upto)[0]
    if p.get("alpha") == 0.0:
        name, p = "poisson", {"lam": p["mu"]}
    parameters = [mx.nd.array([value], dtype="float64") for value in p.values()]
    return getattr(mx.nd, f"random_pdf_{name}")(x, *parameters).asnumpy()[0]


def assert_continuous(x: np.ndarray, distribution: Cdf) -> None:
    """Kolmogorov and Smirnov's distance is small."""
    x = np.sort(x.astype("float64").ravel())
    steps = np.arange(x.size + 1) / x.size
    expected = distribution(x)
    distance = max(np.abs(steps[1:] - expected).max(), np.abs(steps[:-1] - expected).max())
    assert distance * math.sqrt(x.size) < 2.7


def assert_frequencies(counts: np.ndarray, expected: np.ndarray) -> None:
    """Pearson's distance is small; classes that are expected less than 5 times count as one."""
    rare = expected < 5
    counts, expected = (np.append(v[~rare], v[rare].sum()) for v in (counts, expected))
    keep = expected > 0
    assert not counts[~keep].any()
    counts, expected = counts[keep], expected[keep]
    freedom = max(1, len(counts) - 1)
    assert ((counts - expected) ** 2 / expected).sum() < freedom + 6 * math.sqrt(2 * freedom) + 10


def assert_moments(x: np.ndarray, mean: float, variance: float) -> None:
    x = x.astype("float64")
    assert abs(x.mean() - mean) <= 5 * math.sqrt(variance / x.size) + 1e-3 * abs(mean)
    assert abs(x.var() - variance) <= 0.15 * variance


def assert_distribution(name: str, p: dict[str, float], x: np.ndarray) -> None:
    if name in CONTINUOUS:
        return assert_continuous(x, cdf(name, p))
    assert (x == np.floor(x)).all() and (x >= 0).all()
    upto = int(x.max()) + 2
    expected = probabilities(name, p, upto) * x.size
    return assert_frequencies(np.bincount(x.astype("int64").ravel(), minlength=upto), expected)


@pytest.fixture(autouse=True)
def seeded() -> None:
    mx.random.seed(20)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(("name", "p", "mean", "variance"), EVERY)
def test_numbers_as_parameters(name: str, p: dict[str, float], mean: float, variance: float, dtype: str) -> None:
    drawn = getattr(mx.nd, f"random_{name}")(shape=(COUNT // 4, 4), dtype=dtype, **p)
    assert drawn.shape == (COUNT // 4, 4) and drawn.dtype == np.dtype(dtype)
    assert_moments(drawn.asnumpy(), mean, variance)
    if dtype != "float16":
        assert_distribution(name, p, drawn.asnumpy())


@pytest.mark.parametrize(("name", "p", "mean", "variance"), EVERY)
def test_like_another_array(name: str, p: dict[str, float], mean: float, variance: float) -> None:
    drawn = getattr(mx.nd.random, f"{name}_like")(mx.nd.zeros((COUNT,)), **p).asnumpy()
    assert_moments(drawn, mean, variance)
    assert_distribution(name, p, drawn)


@pytest.mark.parametrize(("name", "p", "mean", "variance"), EVERY)
def test_arrays_as_parameters(name: str, p: dict[str, float], mean: float, variance: float) -> None:
    """Each element of the parameters has its own distribution; here are two alike."""
    drawn = getattr(mx.nd, f"sample_{name}")(*[mx.nd.array([value, value]) for value in p.values()], shape=(COUNT,))
    for row in drawn.asnumpy():
        assert_moments(row, mean, variance)
        assert_distribution(name, p, row)
    first, second = drawn.asnumpy()
    assert variance == 0 or (first != second).any()


def test_each_element_has_its_own_parameters() -> None:
    low, high = mx.nd.array([[0, 10], [100, 1000]]), mx.nd.array([[1, 20], [200, 2000]])
    drawn = mx.nd.sample_uniform(low, high, shape=(500,)).asnumpy()
    assert (drawn >= low.asnumpy()[..., None]).all() and (drawn < high.asnumpy()[..., None]).all()


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers(dtype: str) -> None:
    drawn = mx.nd.random.randint(-3, 4, shape=(COUNT,), dtype=dtype).asnumpy()
    assert drawn.min() == -3 and drawn.max() == 3
    assert_frequencies(np.bincount(drawn + 3), np.full(7, COUNT / 7))


def test_large_whole_numbers() -> None:
    drawn = mx.nd.random.randint(2**40, 2**62, shape=(COUNT,), dtype="int64").asnumpy()
    assert drawn.min() >= 2**40 and drawn.max() < 2**62
    assert_continuous(drawn, lambda x: (x - 2**40) / (2**62 - 2**40))


def test_categories() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]], "float32")
    drawn, logs = mx.nd.sample_multinomial(mx.nd.array(p), shape=(COUNT,), get_prob=True)
    for row, log, chances in zip(drawn.asnumpy(), logs.asnumpy(), p):
        assert_frequencies(np.bincount(row, minlength=3), chances.astype("float64") * COUNT)
        np.testing.assert_allclose(log, np.log(chances[row]), rtol=1e-6)


def test_categories_need_not_sum_to_one() -> None:
    drawn = mx.nd.sample_multinomial(mx.nd.array([2, 6, 0]), shape=(COUNT,)).asnumpy()
    assert_frequencies(np.bincount(drawn, minlength=3), np.array([0.25, 0.75, 0]) * COUNT)


def test_gradient_of_drawn_probabilities() -> None:
    p = mx.nd.array([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]])
    p.attach_grad()
    with mx.autograd.record():
        drawn, logs = mx.nd.sample_multinomial(p, shape=4, get_prob=True)
    logs.backward(mx.nd.array([[1, 2, 3, 4], [5, 6, 7, 8]]))
    expected = np.zeros((2, 3))
    np.add.at(expected, (np.arange(2)[:, None], drawn.asnumpy()), np.arange(1, 9).reshape(2, 4))
    np.testing.assert_allclose(p.grad.asnumpy(), expected / p.asnumpy(), rtol=1e-6)


def test_shuffling_reaches_all_orders_equally() -> None:
    orders = {order: i for i, order in enumerate(itertools.permutations(range(3)))}
    seen = [orders[tuple(mx.nd.shuffle(mx.nd.array([0, 1, 2])).asnumpy().astype(int))] for _ in range(1200)]
    assert_frequencies(np.bincount(seen, minlength=6), np.full(6, 200.0))


def test_shuffling_moves_whole_rows() -> None:
    x = mx.nd.arange(12).reshape((6, 2))
    rows = mx.nd.random.shuffle(x).asnumpy()
    assert sorted(map(tuple, rows)) == list(map(tuple, x.asnumpy()))


@pytest.mark.parametrize(("limit", "count"), [(1000, 5), (10, 10), (50, 20), (3, 1)])
def test_zipfian_candidates(limit: int, count: int) -> None:
    drawn, tries = mx.nd._internal._sample_unique_zipfian(range_max=limit, shape=(3000, count))
    x, tries = drawn.asnumpy(), tries.asnumpy()
    assert x.min() >= 0 and x.max() < limit and (tries >= count).all()
    assert all(len(set(row)) == count for row in x)
    edges = np.log(np.clip(np.arange(limit + 1) + 0.5, 1, limit))        # class k: the logarithms that round to it
    chances = np.diff(edges) / np.log(limit)
    assert_frequencies(np.bincount(x[:, 0], minlength=limit), chances * 3000)
    if count == 1:
        assert (tries == 1).all()


def test_a_seed_repeats_everything() -> None:
    def draw() -> list[np.ndarray]:
        mx.random.seed(7)
        random, p = mx.nd.random, mx.nd.array([0.3, 0.7])
        return [x.asnumpy() for x in (
            random.uniform(shape=9), random.normal(shape=9), random.gamma(2, 2, shape=9), random.poisson(4, shape=9),
            random.exponential(shape=9), random.negative_binomial(3, 0.5, shape=9), random.randint(0, 99, shape=9),
            random.multinomial(p, shape=9), random.shuffle(mx.nd.arange(20)), random.normal(p, p, shape=3))]
    assert all(map(np.array_equal, draw(), draw()))


def test_contexts_draw_different_numbers() -> None:
    first, second = (mx.nd.random.uniform(shape=8, ctx=mx.cpu(i)) for i in (0, 1))
    assert second.ctx == mx.cpu(1)
    assert (first.asnumpy() != second.asnumpy()).any()


def test_a_symbol_draws_anew_in_each_pass() -> None:
    executor = mx.sym.random.normal(2.0, 0.5, shape=(COUNT,)).bind(mx.cpu(), {})
    first = executor.forward()[0].asnumpy().copy()
    second = executor.forward()[0].asnumpy()
    assert (first != second).any()
    assert_continuous(first, cdf("normal", {"loc": 2.0, "scale": 0.5}))


def test_a_shape_comes_from_what_it_is_used_with() -> None:
    noisy = mx.sym.elemwise_add(mx.sym.var("x"), mx.sym.random.uniform(0, 1))
    executor = noisy.simple_bind(mx.cpu(), x=(2, 3))
    drawn = executor.forward(x=mx.nd.zeros((2, 3)))[0].asnumpy()
    assert drawn.shape == (2, 3) and len(set(drawn.ravel())) == 6
