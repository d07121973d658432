# SPDX-License-Identifier: Apache-2.0
"""Files of optimizer states go from MXNet to here and back, for every optimizer."""
import pickletools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import state_cases as cases

import mxnet as mx


@cache
def recorded():
    return np.load(Path(__file__).resolve().parents[1] / "data" / "training" / "states.npz")


def close(found, run):
    half = "half" in run
    np.testing.assert_allclose(found, recorded()[f"{run}/after"], rtol=2e-3 if half else 1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Accumulating with float16")
@pytest.mark.parametrize("run", cases.RUNS)
def test_states_of_mxnet_go_on(run):
    made, weights, kind = cases.begun(mx, run)
    made.set_states(recorded()[f"{run}/states"].tobytes())
    close(cases.after(mx, made, weights, kind), run)


@pytest.mark.filterwarnings("ignore:Accumulating with float16")
@pytest.mark.parametrize("run", cases.RUNS)
def test_optimizers_of_mxnet_go_on(run):
    _, weights, kind = cases.begun(mx, run)
    made, _ = cases.updater(mx, run)
    made.set_states(recorded()[f"{run}/full"].tobytes())
    close(cases.after(mx, made, weights, kind), run)


def shape_of(data):
    """What a pickle refers to, and its kinds of values in order; numbers and strings of arrays aside."""
    found = [(code.name, value) for code, value, _ in pickletools.genops(data)]
    words = [value for name, value in found if name.endswith("UNICODE") and len(value) < 40]
    return [name for name, _ in found], [word for word in words if "." in word or word[:1].isupper()]


@pytest.mark.parametrize("run", cases.RUNS)
def test_states_are_written_in_the_form_of_mxnet(run):
    made, _, _ = cases.begun(mx, run)
    assert shape_of(made.get_states()) == shape_of(recorded()[f"{run}/states"].tobytes())


@pytest.mark.parametrize("run", cases.RUNS)
def test_dumped_optimizers_name_only_what_mxnet_has(run):
    made, _, _ = cases.begun(mx, run)
    ours, theirs = (set(shape_of(data)[1]) for data in (made.get_states(dump_optimizer=True),
                                                        recorded()[f"{run}/full"].tobytes()))
    assert {word for word in ours - theirs if word.startswith("mxnet.")} == set()
