# SPDX-License-Identifier: Apache-2.0
"""Stores pull what MXNet's own pull with the same calls; `dist_record.py` has recorded it."""
from __future__ import annotations

import json
import sys

import agreement
import numpy as np
import pytest
from dist_processes import HERE, launch
from dist_record import JOBS

QUICK = ("compressed, two devices",)


def flat(nested):
    return [value for item in nested for value in flat(item)] if isinstance(nested, list) else [nested]


def check(name, found):
    expected = json.loads((HERE / "recorded.json").read_text(encoding="utf-8"))[name]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected):
        if JOBS[name][0] == "compressed":
            assert flat(ours) == flat(theirs)          # bit by bit
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
                                  for name, job in JOBS.items() if "dist" in job[1]])
def test_distributed(name, tmp_path):
    task, kind, devices, workers, servers = JOBS[name]
    path = tmp_path / "found.json"
    own_servers = ["-s", servers] if "async" in kind else []
    code, output = launch("-n", workers, *own_servers, sys.executable, HERE / "agreement.py", task, kind, devices, path)
    assert code == 0, output
    check(name, json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if "dist" not in job[1]])
def test_local(name, tmp_path):
    task, kind, devices, _, _ = JOBS[name]
    agreement.main(task, kind, devices, tmp_path / "found.json")
    check(name, json.loads((tmp_path / "found.json").read_text(encoding="utf-8")))
