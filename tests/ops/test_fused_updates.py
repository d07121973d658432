# SPDX-License-Identifier: Apache-2.0
"""One step for a whole model is the step of the operators for each weight, which are held against MXNet's numbers."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import mxnet  # noqa: F401   (declares the operators)
from mxnet.ops import fused_updates
from mxnet.ops.registry import REGISTRY

SHAPES = [(128, 17), (128,), (10, 128), (10,), (1,), (2, 3, 4)]
RATES = {"one group": ([0.1] * 6, [0.01] * 6), "no decay": ([0.1] * 6, [0.0] * 6),
         "decay of matrices": ([0.1] * 6, [0.01, 0.0] * 3),
         "all different": ([0.1, 0.2, 0.05, 0.01, 0.0, 0.3], [0.01, 0.0, 0.1, 0.01, 0.5, 0.0])}
SETTINGS = [{}, {"rescale_grad": 1 / 32}, {"clip_gradient": 0.2}, {"rescale_grad": 0.3, "clip_gradient": 0.1},
            {"rescale_grad": 0.0}]
# function: (operator, number of states, own parameters)
STEPS = {"sgd_step": ("sgd_mom_update", 1, {"momentum": 0.9}),
         "adam_step": ("adam_update", 2, {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3})}
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-13, torch.float16: 1e-2}


def arrays(states: int, dtype: torch.dtype, strided: bool = False) -> list[list[torch.Tensor]]:
    """Lists of weights, gradients and states; second moments positive. `strided` ones lie scattered in memory."""
    rng = torch.Generator().manual_seed(3)
    made = []
    for role in range(2 + states):
        tensors = [torch.randn(*shape, 2, generator=rng, dtype=torch.float32).to(dtype) for shape in SHAPES]
        tensors = [(x.abs() if role > 1 else x)[..., 0] for x in tensors]
        made.append(tensors if strided else [x.contiguous() for x in tensors])
    return made


def run(name: str, lists: list[list[torch.Tensor]], lrs: list[float], wds: list[float], params: dict[str, Any]) -> None:
    step: Callable[..., None] = getattr(fused_updates, name)
    step(*lists, lrs, wds, **params)


def expect(name: str, lists: list[list[torch.Tensor]], lrs: list[float], wds: list[float],
           params: dict[str, Any]) -> None:
    for i, (lr, wd) in enumerate(zip(lrs, wds)):
        group = [tensors[i] for tensors in lists]
        group[0].copy_(REGISTRY[name](*group, lr=lr, wd=wd, **params))


def assert_alike(ours: list[list[torch.Tensor]], theirs: list[list[torch.Tensor]]) -> None:
    for role, (a, b) in enumerate(zip(ours, theirs)):
        for i, (x, y) in enumerate(zip(a, b)):
            bound = TOLERANCE[x.dtype]
            assert torch.allclose(x, y, rtol=bound, atol=bound), f"role {role}, array {i}: off by {(x - y).abs().max()}"


@pytest.mark.parametrize("strided", [False, True])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ["sgd_step", "adam_step"])
def test_step_is_the_operators(name: str, dtype: torch.dtype, rates: str, settings: dict[str, float],
                               strided: bool) -> None:
    operator, states, own = STEPS[name]
    ours, theirs = arrays(states, dtype, strided), arrays(states, dtype)
    gradients = [x.clone() for x in ours[1]]
    for _ in range(2):
        run(name, ours, *RATES[rates], {**own, **settings})
        expect(operator, theirs, *RATES[rates], {**own, **settings})
    assert_alike(ours, theirs)
    assert all(map(torch.equal, ours[1], gradients))


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("rates", RATES)
def test_descent_without_momentum(rates: str, settings: dict[str, float]) -> None:
    ours, theirs = arrays(0, torch.float32), arrays(0, torch.float32)
    run("sgd_step", [*ours, []], *RATES[rates], settings)
    expect("sgd_update", theirs, *RATES[rates], settings)
    assert_alike(ours, theirs)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("rates", RATES)
def test_nesterov(rates: str, settings: dict[str, float]) -> None:
    """The weights are those of the operator; the kept momentum those of its mixed precision form, as in MXNet."""
    lrs, wds = RATES[rates]
    own: dict[str, Any] = {"momentum": 0.9, **settings}
    ours, theirs = arrays(1, torch.float32), arrays(1, torch.float32)
    masters = [x.clone() for x in theirs[0]]
    for _ in range(2):
        run("nag_step", ours, lrs, wds, own)
        for i, (lr, wd) in enumerate(zip(lrs, wds)):
            group = [*[tensors[i] for tensors in theirs], masters[i]]
            theirs[0][i].copy_(REGISTRY["mp_nag_mom_update"](*group, lr=lr, wd=wd, **own))
    assert_alike(ours, theirs)


def test_no_parameters() -> None:
    fused_updates.sgd_step([], [], [], [], [])
    fused_updates.adam_step([], [], [], [], [], [])


def test_momentum_of_many_steps_stays_with_the_operator() -> None:
    ours, theirs = arrays(1, torch.float32), arrays(1, torch.float32)
    for _ in range(50):
        run("sgd_step", ours, [0.01] * 6, [1e-4] * 6, {"momentum": 0.9, "rescale_grad": 0.1})
        expect("sgd_mom_update", theirs, [0.01] * 6, [1e-4] * 6, {"momentum": 0.9, "rescale_grad": 0.1})
    for a, b in zip(ours[0], theirs[0]):
        torch.testing.assert_close(a, b, rtol=2e-5, atol=2e-5)
