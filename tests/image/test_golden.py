# SPDX-License-Identifier: Apache-2.0
"""`mx.image` gives what MXNet gave: pixels equal where they are integers, random augmentations included."""
from __future__ import annotations

import os

import cases
import numpy as np
import pytest

import mxnet as mx

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")
GOLDEN = np.load(os.path.join(FOLDER, "golden.npz"))
ALL = [(kind, name) for kind, known in cases.KINDS.items() for name in known]


@pytest.mark.parametrize(("kind", "name"), ALL, ids=[f"{kind}-{name}" for kind, name in ALL])
def test_as_mxnet(kind, name):
    given = [leaf for one in cases.run(mx, FOLDER, kind, name) for leaf in cases.thin(one)]
    wanted = [GOLDEN[f"{kind}|{name}|{at}"] for at in range(len(given))]
    assert f"{kind}|{name}|{len(given)}" not in GOLDEN
    for ours, theirs in zip(given, wanted):
        assert ours.shape == theirs.shape
        assert ours.dtype.kind == theirs.dtype.kind
        if ours.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-3)
        else:
            np.testing.assert_array_equal(ours, theirs)
