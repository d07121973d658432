# SPDX-License-Identifier: Apache-2.0
"""`dist_async`: what servers do with values, optimizers, states, commands, and workers that are lost."""
from __future__ import annotations

import sys

import pytest
from dist_processes import WORKER, launch, run


@pytest.mark.parametrize("workers", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_served_by_rank_0(workers, tmp_path):
    codes, outputs = run("asynchronous", tmp_path, workers)
    assert codes == [0] * workers, outputs


@pytest.mark.slow
def test_served_by_servers(tmp_path):
    code, output = launch("-n", 2, "-s", 2, sys.executable, WORKER, "asynchronous", tmp_path)
    assert code == 0, output


@pytest.mark.slow
def test_bounded_staleness(tmp_path):
    codes, outputs = run("stale", tmp_path, 2, MXNET_KVSTORE_STALENESS="2")
    assert codes == [0, 0], outputs


@pytest.mark.slow
def test_a_killed_worker_is_named(tmp_path):
    code, output = launch("-n", 3, "-s", 1, "--timeout", 30, sys.executable, WORKER, "lost", tmp_path)
    assert code != 0
    assert output.count("rank 1 does not answer: it was killed or its machine is gone") >= 2, output


@pytest.mark.slow
def test_lenet_converges(tmp_path):
    codes, outputs = run("lenet", tmp_path, 2)
    assert codes == [0, 0], outputs
