# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.random` and `mx.sym.random`: which operator a call reaches, with which shape, dtype, context and output."""
from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import mxnet as mx

NAMES = {"uniform": (0.5, 1.0), "normal": (0.5, 1.0), "gamma": (2.0, 3.0), "poisson": (2.0,), "exponential": (2.0,),
         "negative_binomial": (2, 0.5), "generalized_negative_binomial": (2.0, 0.3)}


def node(symbol: mx.sym.Symbol) -> dict[str, Any]:
    return json.loads(symbol.tojson())["nodes"][-1]


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name: str) -> None:
    draw, values = getattr(mx.nd.random, name), NAMES[name]
    assert draw().shape == draw(*values).shape == (1,)
    assert draw(*values, shape=3).shape == (3,)
    assert draw(*values, (2, 3), "float64").dtype == np.float64
    assert draw(*values, shape=2, ctx=mx.cpu(1)).ctx == mx.cpu(1)
    with mx.cpu(2):
        assert draw(*values).ctx == mx.cpu(2)


@pytest.mark.parametrize("name", NAMES)
def test_arrays(name: str) -> None:
    draw = getattr(mx.nd.random, name)
    values = [mx.nd.array([[v, v]], ctx=mx.cpu(1)) for v in NAMES[name]]
    assert draw(*values).shape == (1, 2)
    assert draw(*values, shape=(4, 5)).shape == (1, 2, 4, 5)
    assert draw(*values, shape=3, dtype="float64").dtype == np.float64
    assert draw(*values).ctx == mx.cpu(1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("name", NAMES)
def test_out_gives_shape_dtype_and_context(name: str, dtype: str) -> None:
    out = mx.nd.full((2, 3), -1, dtype=dtype, ctx=mx.cpu(1))
    made = getattr(mx.nd.random, name)(*NAMES[name], out=out)
    assert made is out and (out.asnumpy() >= (0 if name != "normal" else -20)).all()
    rows = [mx.nd.array([v, v]) for v in NAMES[name]]
    getattr(mx.nd.random, name)(*rows, shape=3, out=out.as_in_context(mx.cpu()))


@pytest.mark.parametrize("name", NAMES)
def test_symbols(name: str) -> None:
    draw, values = getattr(mx.sym.random, name), NAMES[name]
    fixed = draw(*values, shape=(2, 3), dtype="float64")
    assert node(fixed)["op"] == f"_random_{name}"
    assert fixed.infer_shape()[1] == [(2, 3)] and fixed.infer_type()[1] == [np.float64]
    sampled = draw(*[mx.sym.var(f"p{i}") for i in range(len(values))], shape=(4,), name="s")
    assert node(sampled)["op"] == f"_sample_{name}" and node(sampled)["name"] == "s"
    assert sampled.infer_shape(p0=(2, 3))[1] == [(2, 3, 4)]


def test_exponential_takes_a_mean() -> None:
    mx.random.seed(1)
    assert 90 < mx.nd.random.exponential(100, shape=10000).mean().asscalar() < 110
    assert 90 < mx.nd.random.exponential(mx.nd.array([100]), shape=10000).mean().asscalar() < 110
    assert node(mx.sym.random.exponential(4, shape=2))["attrs"]["lam"] == "0.25"


def test_randn() -> None:
    assert mx.nd.random.randn(2, 3).shape == (2, 3)
    assert abs(mx.nd.random.randn(500, loc=100, scale=0.1, dtype="float64").mean().asscalar() - 100) < 0.1
    assert mx.nd.random.randn(2, loc=mx.nd.array([0, 1]), scale=mx.nd.array([1, 1])).shape == (2, 2)
    assert mx.sym.random.randn(2, 3).infer_shape()[1] == [(2, 3)]


def test_multinomial_gives_probabilities_by_default_in_symbols_only() -> None:
    assert mx.nd.random.multinomial(mx.nd.array([0, 1])).asnumpy().tolist() == [1]
    assert len(mx.sym.random.multinomial(mx.sym.var("p")).list_outputs()) == 2
    assert len(mx.sym.random.multinomial(mx.sym.var("p"), get_prob=False).list_outputs()) == 1
    out = mx.nd.zeros(3, dtype="int32")
    assert mx.nd.random.multinomial(mx.nd.array([0, 1]), 3, False, out) is out and out.asnumpy().tolist() == [1] * 3


def test_shuffle_and_randint() -> None:
    assert node(mx.sym.random.shuffle(mx.sym.var("x")))["op"] == "_shuffle"
    assert mx.nd.random.randint(3, 4).asnumpy().tolist() == [3]
    assert mx.nd.random.randint(3, 4, (2,), "int64").dtype == np.int64
    out = mx.nd.zeros((2, 2), dtype="int64")
    mx.nd.random.randint(5, 6, out=out)
    assert out.asnumpy().tolist() == [[5, 5], [5, 5]]


@pytest.mark.parametrize(("call", "kind", "match"), [
    (lambda r: r.uniform(mx.nd.zeros(1), 2), TypeError, "all numbers or all NDArrays"),
    (lambda r: r.normal(0, "1"), ValueError, "scale is a number or an NDArray"),
    (lambda r: r.uniform(0, 1, low=2), TypeError, "'low' is given by position and by name"),
    (lambda r: r.uniform(0, 1, (2,), "float32", None, None, 7), TypeError, "at most 6 arguments"),
    (lambda r: r.uniform(0, 1, shap=2), TypeError, "Did you mean 'shape'"),
    (lambda r: r.uniform(2, 1, shape=2), ValueError, "low is at most high"),
    (lambda r: r.uniform(0, 1, shape=2, dtype="int32"), ValueError, "dtype is int32"),
    (lambda r: r.randint(5, 5, shape=2), ValueError, "low is below high"),
    (lambda r: r.randint(mx.nd.zeros(1), 5), ValueError, "low is a whole number"),
    (lambda r: r.randint(0), ValueError, "high is a whole number"),
    (lambda r: r.uniform(0, 1, out=mx.nd.zeros(2, dtype="int32")), ValueError, "dtype is int32"),
    (lambda r: r.randn(), ValueError, "shape"),
    (lambda r: r.multinomial(mx.nd.array([0, 0])), ValueError, "multinomial"),
])
def test_what_is_refused(call: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(mx.MXNetError, match=match) as caught:
        call(mx.nd.random)
    assert isinstance(caught.value, kind)


def test_seed_documentation() -> None:
    mx.random.seed(7)
    first = mx.nd.random.uniform(shape=3)
    mx.random.seed(7)
    assert (mx.nd.random.uniform(shape=3) == first).asnumpy().all()


@pytest.mark.parametrize("number", ["x", [1], 1.5, None, np.float32(2)])
def test_a_seed_is_a_whole_number(number):
    with pytest.raises(ValueError, match="whole number"):
        mx.random.seed(number)
