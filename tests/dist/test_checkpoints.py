# SPDX-License-Identifier: Apache-2.0
"""Jobs that go on from their checkpoints, and who writes them."""
from __future__ import annotations

import types

import numpy as np
import pytest
from dist_processes import run

from mxnet.kvstore import link
from mxnet.kvstore.link import writes_checkpoints


def finals(folder, workers):
    found = []
    for rank in range(workers):
        with np.load(folder / f"final{rank}.npz") as file:
            found.append({name: file[name] for name in file.files})
    return found


@pytest.mark.parametrize("more", [{}, pytest.param({"PACK": "1"}, marks=pytest.mark.slow),
                                  pytest.param({"MXNET_KVSTORE_SHARED_MEMORY": "0"}, marks=pytest.mark.slow)])
def test_a_killed_job_goes_on_to_the_same_bits(more, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    codes, outputs = run("full_resume", whole, 2, **more)
    assert codes == [0, 0], outputs
    codes, outputs = run("full_resume", parts, 2, KILL="1", MXNET_KVSTORE_TIMEOUT="30", **more)
    assert codes == [1, -9], outputs
    assert [len(list(parts.glob(f"net-rank{rank}of2-*.resume"))) for rank in range(2)] == [2, 2]
    codes, outputs = run("full_resume", parts, 2, GOES_ON="1", **more)
    assert codes == [0, 0], outputs
    for ours, theirs in zip(finals(parts, 2), finals(whole, 2)):
        for name, value in theirs.items():
            np.testing.assert_array_equal(ours[name], value)
    assert {path.name for path in parts.glob("net-*.params")} == {f"net-000{epoch}.params" for epoch in (1, 2, 3)}


@pytest.mark.slow
def test_checkpoints_of_other_jobs_are_refused(tmp_path):
    codes, outputs = run("others_resume", tmp_path, 2)
    assert codes == [0, 0], outputs


@pytest.mark.parametrize("rank, first, prefix, writes", [
    (0, True, "net", True), (1, False, "net", False), (1, False, "net-1", True), (1, False, "rank1/net", True),
    (1, False, "net-10", False), (12, False, "net-1", False), (4, True, "net", True)])
def test_who_writes_checkpoints(rank, first, prefix, writes, monkeypatch):
    members = types.SimpleNamespace(is_first_of_machine=lambda: first)
    assert writes_checkpoints(prefix)          # alone
    monkeypatch.setattr(link, "_link", types.SimpleNamespace(rank=rank, members=members))
    assert writes_checkpoints(prefix) == writes
