# SPDX-License-Identifier: Apache-2.0
"""Damaged symbol files and files of arrays end in MXNetError (or still are some): see `damage.py`.

Many seeds run in a process of its own whose memory is limited, so that a number in a file cannot make it grow; fresh
ones in `make fuzz`.
"""
from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

import mxnet as mx

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data"
spec = importlib.util.spec_from_file_location("damage", HERE / "damage.py")
damage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(damage)

SYMBOLS = damage.symbols()
ARRAYS = damage.files_of_arrays()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.parametrize("kind, count", [("symbols", 800), ("arrays", 20000)])
def test_nothing_but_errors_comes_of_damage(kind, count):
    run = subprocess.run([sys.executable, HERE / "damage.py", kind, "0", str(count)], capture_output=True, text=True,
                         timeout=200, cwd=HERE.parents[1])
    assert run.returncode == 0, run.stderr[-3000:]
    whole, kept = map(int, run.stdout.split())
    assert whole == count and 0 < kept < count


@pytest.mark.parametrize("name", sorted(SYMBOLS))
def test_whole_files_are_read(name):
    assert damage.use_symbol(SYMBOLS[name])


@examples(100)
@given(seed=st.integers(0, 2**64))
def test_damaged_symbols(seed):
    chance = damage.seeded(seed)
    damage.use_symbol(damage.damaged_json(SYMBOLS[chance.choice(sorted(SYMBOLS))], chance))


@examples(300)
@given(seed=st.integers(0, 2**64))
def test_damaged_arrays(seed):
    chance = damage.seeded(seed)
    damage.use_arrays(damage.damaged_bytes(chance.choice(ARRAYS), chance))


def graph(nodes, **more):
    variables = [i for i, node in enumerate(nodes) if node["op"] == "null"]
    return json.dumps({"nodes": nodes, "arg_nodes": variables, "heads": [[len(nodes) - 1, 0, 0]], **more})


def node(op, inputs=(), **attrs):
    return {"op": op, "name": op.lower(), "inputs": [[i, 0, 0] for i in inputs], "attrs": attrs}


X = {"op": "null", "name": "x", "inputs": []}


@pytest.mark.parametrize("text, match", [
    (graph([X, node("relu", [1])]), "node 1, which does not come before"),
    (graph([node("relu", [1]), X]), "node 1, which does not come before"),
    (graph([X, node("relu", [-1])]), "node -1"),
    (graph([X], heads=[[0, 0, 0]] * 3 + [[0, 1, 0]]), "output 1"),
    (graph([X], heads=[[-1, 0]]), "node -1"),
    (graph([X], heads=[]), "no heads"),
    (graph([X], heads={}), "should be a list"),
    (graph([X, node("no_such_operator", [0])]), "no_such_operator"),
    (graph([X, node("SliceChannel", [0], num_outputs="999999999999")]), "too large"),
    (graph([node("Concat", [], num_args="99999999999999999999")]), "num_args"),
    (graph([X, node("FullyConnected", [0], num_hidden="-3")]), "num_hidden"),
    (graph([X, node("Reshape", [0], shape="(2,")]), "shape"),
    (graph([X, node("Cast", [0], dtype="(1, 2")]), "dtype"),
    ('{"nodes": ' + "[" * 50000, "not JSON"),
    ('{"nodes": [' + '{"a": ' * 50000, "not JSON"),
])
def test_broken_graphs_are_refused(text, match):
    with pytest.raises(mx.MXNetError, match=match):
        mx.sym.load_json(text)


@pytest.mark.parametrize("attrs, match", [
    ({"__shape__": "(2,"}, "__shape__"), ({"__shape__": "x" * 1000}, "__shape__"),
    ({"__shape__": "(1.5,)"}, "__shape__"), ({"__shape__": "(nan,)"}, "__shape__"),
    ({"__dtype__": "float32"}, "__dtype__"), ({"__dtype__": "99"}, "__dtype__"),
    ({"__dtype__": "9" * 5000}, "__dtype__")])
def test_broken_attributes_are_told_when_they_are_needed(attrs, match):
    symbol = mx.sym.load_json(graph([{**X, "attrs": attrs}, node("relu", [0])]))
    with pytest.raises(mx.MXNetError, match=match):
        (symbol.infer_shape_partial if "__shape__" in attrs else symbol.infer_type)()


def test_huge_shapes_take_no_memory():
    symbol = mx.sym.load_json(graph([X, node("Pad", [0], mode="constant", pad_width="(0,0,0,0,0,999999999,0,0)"),
                                     node("tile", [1], reps="(1,1,1,1000)"), node("sum", [2])]))
    assert symbol.get_internals().infer_shape(x=(10**6, 10**6, 3, 3))[1][2] == (10**6, 10**6, 10**9 + 2, 3000)


def test_control_characters_and_escapes():
    symbol = mx.sym.relu(mx.sym.Variable('a "quoted" \\ \n\r\t é 漢'), name="r")
    text = symbol.tojson()
    assert "é 漢" in text and "\\u" not in text              # MXNet's reader has no other escapes
    assert mx.sym.load_json(text).list_arguments() == symbol.list_arguments()
    assert mx.sym.load_json(text.replace("é", "\x01")).list_arguments()[0].endswith("\x01 漢")
    assert mx.sym.load_json(text.replace("é", "\\u00e9")).tojson() == text


def test_text_that_cannot_be_written(tmp_path):
    symbol = mx.sym.load_json(json.dumps({"nodes": [{**X, "name": "\ud800"}], "arg_nodes": [0], "heads": [[0, 0]]}))
    with pytest.raises(mx.MXNetError, match="UTF-8"):
        symbol.save(str(tmp_path / "x.json"))
    assert not list(tmp_path.iterdir())


def test_files_of_all_dtypes_are_among_those_damaged():
    found = {str(t.dtype) for data in ARRAYS for t in damage.tensors(data)}
    assert {"torch.float16", "torch.int8", "torch.uint8", "torch.int32", "torch.int64", "torch.float64"} <= found
    assert np.all([len(data) > 0 for data in ARRAYS])
