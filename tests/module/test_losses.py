# SPDX-License-Identifier: Apache-2.0
"""Module.fit gives MXNet's loss for each batch: four kinds of networks, every optimizer, from the same parameters."""
from functools import cache
from pathlib import Path

import loss_cases as cases
import numpy as np
import pytest

import mxnet as mx

FOLDER = Path(__file__).resolve().parents[1] / "data" / "training"
FIRST = 20              # batches within which rounding has not grown yet


@cache
def expected(size):
    return np.load(FOLDER / f"{size}.npz")


def check(kind, run, size, steps):
    found, wanted = cases.losses(mx, kind, run, size, steps), expected(size)[f"{kind}/{run}"][:steps]
    assert len(found) == len(wanted)
    np.testing.assert_allclose(found[:FIRST], wanted[:FIRST], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[FIRST:], wanted[FIRST:], rtol=2e-2, atol=1e-4)


@pytest.mark.parametrize("run", cases.RUNS)
@pytest.mark.parametrize("kind", cases.NETWORKS)
def test_losses_of_small_networks(kind, run):
    check(kind, run, "small", FIRST if kind == "resnet20" else cases.STEPS["small"])


@pytest.mark.slow
@pytest.mark.parametrize("run", cases.RUNS)
def test_losses_of_a_small_residual_network_further_on(run):
    check("resnet20", run, "small", cases.STEPS["small"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:FusedRNNCell. layout NTC")
@pytest.mark.parametrize("run", cases.LARGE_RUNS)
@pytest.mark.parametrize("kind", cases.NETWORKS)
def test_losses_of_large_networks(kind, run):
    check(kind, run, "large", cases.STEPS["large"])


def test_every_optimizer_has_a_run():
    known = set(mx.optimizer.Optimizer.opt_registry) - {"sgld", "groupadagrad"}       # noise, and matrices only
    own = {name for name, kind in mx.optimizer.Optimizer.opt_registry.items()
           if kind.__module__.startswith("mxnet.") and not name.startswith("_")}
    assert known & own == {optimizer for optimizer, _ in cases.RUNS.values()}
    assert {cases.RUNS[run][0] for run in cases.LARGE_RUNS} == {optimizer for optimizer, _ in cases.RUNS.values()}
