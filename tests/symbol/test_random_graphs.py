# SPDX-License-Identifier: Apache-2.0
"""Random graphs of 1 to 60 nodes: names, inferred shapes, outputs and gradients are those of MXNet 1.9.1."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

spec = importlib.util.spec_from_file_location("random_graphs", Path(__file__).with_name("random_graphs.py"))
graphs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(graphs)

RECORD = dict(np.load(graphs.RECORD))
ENDS = np.cumsum([names.count(",") + 1 for names in RECORD["names"]])        # one row of numbers for each name


def compare(number, found):
    assert found["names"] == RECORD["names"][number]
    assert found["shapes"] == RECORD["shapes"][number]
    expected = np.split(RECORD["numbers"], ENDS[:-1])[number]
    scale = np.maximum(np.abs(expected[:, 1:]), 1e-3)        # a weighted sum may cancel, its error is the norm's
    assert np.all(np.abs(found["numbers"] - expected) <= 1e-4 * scale)


@pytest.mark.parametrize("number", graphs.GRAPHS)
def test_a_graph_is_as_in_mxnet(number):
    with mx.name.NameManager():
        compare(number, graphs.compute(mx, number))


@pytest.mark.parametrize("number", graphs.GRAPHS[::7])
def test_a_graph_survives_being_saved(number):
    with mx.name.NameManager():
        compare(number, graphs.compute(mx, number, lambda symbol: mx.sym.load_json(symbol.tojson())))


@pytest.mark.parametrize("number", graphs.GRAPHS[::7])
def test_types_follow_the_inputs(number):
    symbol, inputs = graphs.Maker(mx, number).graph()
    found = symbol.infer_type(**{name: "float64" for name in inputs})
    assert {kind for part in found for kind in part} == {np.float64}
