# SPDX-License-Identifier: Apache-2.0
"""Files of MXNet 0.5 to 1.9, operator by operator and as a network, give the graphs and numbers that MXNet gives."""
from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

spec = importlib.util.spec_from_file_location("generations", Path(__file__).with_name("generations.py"))
generations = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generations)

RECORD = json.loads(generations.RECORD.read_text())
FORMS = range(len(generations.FORMATS))
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def compare(found, expected):
    numbers = found.pop("numbers", expected["numbers"])
    assert found == {key: value for key, value in expected.items() if key != "numbers"}
    np.testing.assert_allclose(numbers, expected["numbers"], **CLOSE)


@pytest.mark.parametrize("number", range(len(generations.NODES)),
                         ids=[f"{i}-{node[0]}" for i, node in enumerate(generations.NODES)])
def test_a_node_of_each_format(number):
    done = set()
    for form in FORMS:
        answer = RECORD["nodes"][number][form]
        if RECORD["answers"][answer] is None:        # MXNet refuses the file; inputs that are missing are made here
            continue
        compare(generations.one_node(mx, number, form, run=answer not in done), RECORD["answers"][answer])
        done.add(answer)
    assert done


@pytest.mark.parametrize("form", FORMS)
def test_a_network_of_each_format(form):
    found = generations.whole_network(mx, form)
    expected = RECORD["networks"][form]
    if expected is None:                             # MXNet refuses `ctx_group` beside the parameters in its own files
        expected = {**RECORD["networks"][-2]}
        assert form == FORMS[-1]
    compare(found, expected)
