# SPDX-License-Identifier: Apache-2.0
"""The loop below FeedForward, which old programs import from `mx.model`."""
from pathlib import Path

import multi_device_cases
import numpy as np
import pytest

import mxnet as mx

RECORDED = np.load(Path(__file__).parents[1] / "data/module/multi_device.npz")


@pytest.mark.parametrize("run", multi_device_cases.RUNS)
def test_training_is_as_in_mxnet(run):
    seen, params = multi_device_cases.train(mx, run)
    np.testing.assert_array_equal(seen[:, :3], RECORDED[f"{run}/seen"][:, :3])
    np.testing.assert_allclose(seen[:, 3], RECORDED[f"{run}/seen"][:, 3], rtol=1e-4)
    np.testing.assert_allclose(params, RECORDED[f"{run}/params"], rtol=1e-4, atol=2e-5)


def test_callbacks():
    seen = []
    for callbacks in (None, [], seen.append, [seen.append, seen.append]):
        mx.model._multiple_callbacks(callbacks, 1)
    assert seen == [1, 1, 1]
