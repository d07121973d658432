# SPDX-License-Identifier: Apache-2.0
"""Small networks of MXNet's model zoo, language models and a detector: MXNet's graphs give MXNet's results.

tests/data/zoo holds graphs that MXNet 1.9.1 made, with its outputs, gradients and moving statistics in short (see
`tools/zoo_networks.py`); weights and inputs are made again from their names. `tools/compare_zoo.py --record` writes it.
"""
from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

ROOT = Path(__file__).resolve().parents[2]
ORACLE = ROOT / ".oracle" / "bin" / "python"
RECORDS = sorted((ROOT / "tests" / "data" / "zoo").glob("*.npz"))
SCRIPT = ROOT / "tools" / "zoo_networks.py"
LIMITS = {"out": 1e-4, "train": 1e-4, "smooth": 1e-3, "aux": 1e-4}

spec = importlib.util.spec_from_file_location("zoo_networks", SCRIPT)
zoo = importlib.util.module_from_spec(spec)
spec.loader.exec_module(zoo)


def write_network(record: dict, folder: Path) -> None:
    """The folder that `zoo.run` takes, written by this package."""
    symbol = mx.sym.load_json(record["symbol"].tobytes().decode())
    inputs = json.loads(record["inputs"].tobytes())
    shapes, _, states = symbol.infer_shape(**{name: tuple(shape) for name, (shape, _) in inputs.items()})
    arrays = {f"arg:{name}": mx.nd.array(zoo.weight(name, shape))
              for name, shape in zip(symbol.list_arguments(), shapes) if name not in inputs}
    arrays.update({f"aux:{name}": mx.nd.array(zoo.weight(name, shape))
                   for name, shape in zip(symbol.list_auxiliary_states(), states)})
    symbol.save(str(folder / "net-symbol.json"))
    mx.nd.save(str(folder / "net-0000.params"), arrays)
    (folder / "inputs.json").write_bytes(record["inputs"].tobytes())


def compare(result: dict, record: dict) -> None:
    result, record = zoo.condensed(result), zoo.unpacked(record)
    for kind, limit in LIMITS.items():
        assert zoo.difference(result, record, kind) < limit, kind


def test_there_are_records():
    assert {path.stem for path in RECORDS} == set(zoo.SMALL)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_results_are_those_of_mxnet(path, tmp_path):
    record = dict(np.load(path))
    write_network(record, tmp_path)
    compare(zoo.run(str(tmp_path)), record)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_text_is_kept(path):
    text = np.load(path)["symbol"].tobytes().decode()
    ours, theirs = json.loads(mx.sym.load_json(text).tojson()), json.loads(text)
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.skipif(not ORACLE.exists(), reason="needs MXNet 1.9.1 (make oracle)")
@pytest.mark.parametrize("name", ["tiny_resnet_v1", "lstm_unrolled", "gru_fused", "ssd"])
def test_mxnet_computes_the_same_from_what_is_saved_here(name, tmp_path):
    record = dict(np.load(ROOT / "tests" / "data" / "zoo" / f"{name}.npz"))
    write_network(record, tmp_path)
    subprocess.run([str(ORACLE), str(SCRIPT), "run", str(tmp_path), str(tmp_path / "result.npz")], check=True,
                   capture_output=True, env={**os.environ, "PYTHONPATH": ""})
    compare(dict(np.load(tmp_path / "result.npz")), record)
