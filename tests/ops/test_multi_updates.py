# SPDX-License-Identifier: Apache-2.0
"""Updates of many weights at once do what the operators for one weight do, which are held against MXNet's numbers.

These are more cases than the recorded ones, other dtypes and scales that skip a step among them, and what is refused.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import mxnet as mx

SHAPES = [(3, 5), (4,), (2, 1, 3)]
LRS, WDS, ETAS = (0.1, 0.02, 0.3), (0.05, 0.0, 0.01), (1.0, 0.7, 0.5)
SETTINGS = [{}, {"rescale_grad": 0.3}, {"clip_gradient": 0.2}, {"rescale_grad": 0.3, "clip_gradient": 0.2}]
TOLERANCE = {"float32": 2e-6, "float64": 1e-7, "float16": 4e-3}

# operator on lists: (operator on one weight, its states with their dtype or None for the weight's, own parameters)
SGD = {
    "multi_sgd_update": ("sgd_update", (), {}),
    "multi_sgd_mom_update": ("sgd_mom_update", (None,), {"momentum": 0.9}),
    "multi_mp_sgd_update": ("mp_sgd_update", ("float32",), {}),
    "multi_mp_sgd_mom_update": ("mp_sgd_mom_update", ("float32", "float32"), {"momentum": 0.9}),
}
ADAMW = {"_multi_adamw_update": ("_adamw_update", (None, None), {"beta1": 0.8, "epsilon": 0.01}),
         "_multi_mp_adamw_update": ("_mp_adamw_update", ("float32",) * 3, {"beta1": 0.8, "epsilon": 0.01})}
LAMB = {"_multi_lamb_update": ("lamb_update", (None, None), {}),
        "_multi_mp_lamb_update": ("mp_lamb_update", ("float32",) * 3, {})}


def groups(states: Sequence[str | None], dtype: str) -> list[list[mx.nd.NDArray]]:
    """Weight, gradient and states of each weight; second moments positive."""
    rng = np.random.RandomState(7)
    return [[mx.nd.array(rng.randn(*shape), dtype=kind or dtype) for kind in (None, None)]
            + [mx.nd.array(np.abs(rng.randn(*shape)), dtype=kind or dtype) for kind in states] for shape in SHAPES]


def copies(arrays: list[list[mx.nd.NDArray]]) -> list[list[mx.nd.NDArray]]:
    return [[x.copy() for x in group] for group in arrays]


def operator(name: str) -> Any:
    return getattr(mx.nd._internal if name.startswith("_") else mx.nd.op, name)


def interleaved(arrays: list[list[mx.nd.NDArray]]) -> list[mx.nd.NDArray]:
    return [x for group in arrays for x in group]


def assert_alike(ours: list[list[mx.nd.NDArray]], theirs: list[list[mx.nd.NDArray]], dtype: str) -> None:
    for i, (mine, other) in enumerate(zip(ours, theirs)):
        for j, (a, b) in enumerate(zip(mine, other)):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype],
                                       err_msg=f"weight {i}, array {j}")


def dtypes_of(name: str) -> tuple[str, ...]:
    """Where weights are float32, operators on lists ignore the masters, those for one weight do not: see samples."""
    return ("float16",) if "_mp_" in name else ("float32", "float64", "float16")


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name in SGD for dtype in dtypes_of(name)])
@pytest.mark.parametrize("preloaded", [False, True])
def test_gradient_descent(name: str, dtype: str, settings: dict[str, float], preloaded: bool) -> None:
    single, states, own = SGD[name]
    many, one = groups(states, dtype), groups(states, dtype)
    data, rates = interleaved(many), {"lrs": LRS, "wds": WDS}
    if preloaded:
        name, data, rates = f"preloaded_{name}", [*data, mx.nd.array(LRS), mx.nd.array(WDS)], {}
    weights = [group[0] for group in many]
    result = operator(name)(*data, out=weights, num_weights=3, **rates, **own, **settings)
    assert [a is b for a, b in zip(result, weights)] == [True] * 3
    for group, lr, wd in zip(one, LRS, WDS):
        operator(single)(*group, out=group[0], lr=lr, wd=wd, **own, **settings)
    assert_alike(many, one, dtype)


@pytest.mark.parametrize("clip", [-1.0, 0.2])
@pytest.mark.parametrize("scale", [0.5, 0.0, float("inf"), float("nan")])
@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name in ADAMW for dtype in dtypes_of(name)])
def test_adamw(name: str, dtype: str, scale: float, clip: float) -> None:
    single, states, own = ADAMW[name]
    many, one = groups(states, dtype), groups(states, dtype)
    before = copies(many)
    rescale = mx.nd.array([scale], dtype="float32" if "_mp_" in name else dtype)
    operator(name)(*interleaved(many), rescale, out=[group[0] for group in many], num_weights=3, lrs=LRS, wds=WDS,
                   etas=ETAS, clip_gradient=clip, **own)
    for group, lr, wd, eta in zip(one, LRS, WDS, ETAS):
        operator(single)(*group, rescale.astype("float32"), out=group[0], lr=lr, wd=wd, eta=eta, clip_gradient=clip,
                         **own)
    assert_alike(many, one, dtype)
    if scale != 0.5 and "_mp_" not in name:             # an overflow: the step is left out
        assert_alike(many, before, dtype)


@pytest.mark.parametrize("bias_correction", [True, False])
@pytest.mark.parametrize("bounds", [{}, {"lower_bound": 0.5, "upper_bound": 1.5}])
@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name in LAMB for dtype in dtypes_of(name)])
def test_lamb(name: str, dtype: str, bounds: dict[str, float], bias_correction: bool) -> None:
    single, states, _ = LAMB[name]
    many, one = groups(states, dtype), groups(states, dtype)
    steps = (1, 3, 2)
    operator(name)(*interleaved(many), out=[group[0] for group in many], num_tensors=3, learning_rates=LRS, wds=WDS,
                   step_count=steps, bias_correction=bias_correction, **bounds)
    for group, lr, wd, t in zip(one, LRS, WDS, steps):
        weight, master = group[0], group[4:]
        g = operator(f"{single}_phase1")(*group, wd=wd, t=t, bias_correction=bias_correction)
        kind = "float32" if master else dtype
        norms = [mx.nd.array([np.linalg.norm(x.asnumpy().astype("float64"))], dtype=kind) for x in (weight, g)]
        operator(f"{single}_phase2")(weight, g, *norms, *master, out=weight, lr=lr, **bounds)
    assert_alike(many, one, dtype)


def test_one_weight_gives_one_array() -> None:
    result = mx.nd.multi_sgd_update(mx.nd.ones(2), mx.nd.ones(2), lrs=(0.5,), wds=(0.0,), num_weights=1)
    assert result.asnumpy().tolist() == [0.5, 0.5]


def test_names_and_states_of_a_symbol() -> None:
    made = mx.sym.multi_mp_sgd_mom_update(*[mx.sym.var(name) for name in "abcdefgh"], lrs=(0.1, 0.1), wds=(0, 0),
                                          num_weights=2, name="n")
    assert made.list_arguments() == ["a", "b", "e", "f"]
    assert made.list_auxiliary_states() == ["c", "d", "g", "h"]
    assert made.list_outputs() == ["n_output0", "n_output1"]


@pytest.mark.parametrize(("arrays", "params", "match"), [
    (4, {"lrs": (0.1,), "wds": (0.0,), "num_weights": 2}, "2 weights need"),
    (4, {"lrs": (0.1,) * 2, "wds": (0.0,), "num_weights": 2}, "2 weights need"),
    (3, {"lrs": (0.1,) * 2, "wds": (0.0,) * 2, "num_weights": 2}, "takes 4 arrays"),
    (4, {"lrs": (0.1,) * 2, "num_weights": 2}, "wds"),
])
def test_numbers_that_do_not_fit(arrays: int, params: dict[str, Any], match: str) -> None:
    with pytest.raises(mx.MXNetError, match=match):
        mx.nd.multi_sgd_update(*[mx.nd.ones(2)] * arrays, **params)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(mx.MXNetError, match="weight 1"):
        mx.nd.multi_sgd_update(mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones((3, 2)), mx.nd.ones(2), lrs=(1, 1), wds=(0, 0),
                               num_weights=2)


def test_finite_keeps_what_out_holds() -> None:
    verdict = mx.nd.ones(1)
    for values, expected in (([1.0, 2.0], 1.0), ([1.0, float("inf")], 0.0), ([3.0], 0.0)):
        given = mx.nd.all_finite(mx.nd.array(values), init_output=False, out=verdict)
        assert given is verdict and verdict.asscalar() == expected
    with pytest.raises(mx.MXNetError, match="give out="):
        mx.nd.multi_all_finite(mx.nd.ones(2), num_arrays=1, init_output=False)
    with pytest.raises(mx.MXNetError, match=r"out= is \(2,\)"):
        mx.nd.multi_all_finite(mx.nd.ones(2), num_arrays=1, init_output=False, out=mx.nd.ones(2))


@pytest.mark.parametrize("dtype, expected", [("float32", 2.5), ("float64", 2.5), ("int32", 2.0), ("uint8", 2.0)])
@pytest.mark.parametrize("shape", [(2, 3), (1,)])
def test_set_value_fills_out(dtype: str, expected: float, shape: tuple[int, ...]) -> None:
    x = mx.nd.zeros(shape, dtype=dtype)
    assert mx.nd._internal._set_value(2.5, out=x) is x
    assert mx.nd._internal._set_value(src="2.5", out=[x])[0] is x
    assert x.dtype == np.dtype(dtype) and (x.asnumpy() == expected).all() and x.shape == shape


@pytest.mark.parametrize("call, match", [
    ({"src": 1}, "names, and there is none"), ({"out": 3, "src": 1}, "one NDArray, not int"), ({}, "src")])
def test_set_value_needs_an_array(call: dict[str, Any], match: str) -> None:
    with pytest.raises(mx.MXNetError, match=match):
        mx.nd._internal._set_value(**call)
