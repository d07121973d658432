# SPDX-License-Identifier: Apache-2.0
"""Random augmentations have the distributions that MXNet's have (`statistic_cases.py` recorded them)."""
from __future__ import annotations

import os
import sys

import numpy as np
import pytest

import mxnet as mx

sys.path.insert(0, os.path.dirname(__file__))
import statistic_cases as cases

GOLDEN = np.load(os.path.join(os.path.dirname(__file__), "..", "data", "image", "statistics.npz"))
NEAR = 2e-3                  # how far values may be off that should be equal
APART = 0.095                # distance of two distributions (Kolmogorov) that chance exceeds once in 4,000 times


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("statistics") / "a.rec")
    cases.write_records(mx, path)
    return path


def distance(values, quantiles):
    """How far shares of values below and up to quantiles are from those that the quantiles stand for."""
    values = np.sort(values)
    near = NEAR + 1e-5 * np.abs(quantiles)
    below = np.searchsorted(values, quantiles - near, "left") / len(values)
    up_to = np.searchsorted(values, quantiles + near, "right") / len(values)
    return max((below - cases.SHARES).max(), (cases.SHARES - up_to).max())


@pytest.mark.parametrize("name", cases.CASES)
def test_draws_as_mxnet(name, records):
    numbers, wanted = cases.run(mx, records, name), GOLDEN[name]
    assert numbers.shape[1] == wanted.shape[1]
    apart = [distance(numbers[:, at], wanted[:, at].astype(np.float64)) for at in range(numbers.shape[1])]
    assert max(apart) < APART, f"numbers {np.flatnonzero(np.array(apart) >= APART)}: {np.round(apart, 3)}"
