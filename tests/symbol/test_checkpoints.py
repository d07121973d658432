# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that MXNet 1.9.1 wrote load through `mx.model` and `mx.mod`, and give what they gave there."""
from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

spec = importlib.util.spec_from_file_location("checkpoints", Path(__file__).with_name("checkpoints.py"))
checkpoints = importlib.util.module_from_spec(spec)
spec.loader.exec_module(checkpoints)

FOLDER = checkpoints.FOLDER
EXPECTED = dict(np.load(FOLDER / "expected.npz"))
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def test_an_export_of_gluon_runs_in_a_module():
    module = mx.mod.Module.load(str(FOLDER / "gluon"), 3, label_names=None)
    module.bind([("data", checkpoints.SHAPE)], for_training=False)
    out = module.predict(mx.io.NDArrayIter(checkpoints.image(), batch_size=2))
    np.testing.assert_allclose(out.asnumpy(), EXPECTED["gluon"], **CLOSE)


def test_an_export_of_gluon_runs_as_a_symbol():
    symbol, arguments, states = mx.model.load_checkpoint(str(FOLDER / "gluon"), 3)
    assert set(symbol.list_arguments()) == {"data", *arguments}
    assert set(symbol.list_auxiliary_states()) == set(states)
    exe = symbol.simple_bind(mx.cpu(), data=checkpoints.SHAPE, grad_req="null")
    exe.copy_params_from(arguments, states)
    np.testing.assert_allclose(exe.forward(data=mx.nd.array(checkpoints.image()))[0].asnumpy(), EXPECTED["gluon"],
                               **CLOSE)


def test_half_precision_parameters_keep_their_dtypes():
    arrays = mx.nd.load(str(FOLDER / "half-0000.params"))
    kinds = {name: array.dtype for name, array in arrays.items()}
    assert set(kinds.values()) == {np.float16, np.float32}
    assert all((kind is np.float32) == ("batchnorm" in name) for name, kind in kinds.items())


def test_half_precision_parameters_run(tmp_path):
    shutil.copy(FOLDER / "gluon-symbol.json", tmp_path / "half-symbol.json")
    shutil.copy(FOLDER / "half-0000.params", tmp_path)
    symbol, arguments, states = mx.model.load_checkpoint(str(tmp_path / "half"), 0)
    types = {name: array.dtype for name, array in {**arguments, **states}.items()}
    exe = symbol.simple_bind(mx.cpu(), data=checkpoints.SHAPE, grad_req="null", type_dict={"data": np.float16, **types})
    exe.copy_params_from(arguments, states)
    out = exe.forward(data=mx.nd.array(checkpoints.image(), dtype=np.float16))[0]
    assert out.dtype is np.float16
    np.testing.assert_allclose(out.asnumpy().astype(np.float32), EXPECTED["gluon"], rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("name", ["mixed", "mixed_removed"])
def test_mixed_precision(name):
    symbol = mx.sym.load(str(FOLDER / f"{name}-symbol.json"))
    arrays = mx.nd.load(str(FOLDER / "mixed-0000.params"))
    out = symbol.eval(data=mx.nd.array(checkpoints.image()), scale=arrays["arg:scale"])[0].asnumpy()
    if name == "mixed":
        np.testing.assert_array_equal(out, EXPECTED["mixed"])
    np.testing.assert_allclose(out, EXPECTED["mixed"], rtol=2e-3, atol=2e-3)


def test_the_text_of_mixed_precision_is_kept_with_casts_and_without():
    texts = [(FOLDER / f"{name}-symbol.json").read_text() for name in ("mixed", "mixed_removed")]
    symbol = mx.sym.load_json(texts[0])
    assert [symbol.tojson(remove_amp_cast=False), symbol.tojson()] == texts
    # the outputs of the graph stay, whatever they are
    assert [node["op"] for node in json.loads(symbol.get_internals()["up_output"].tojson())["nodes"]][-1] == "amp_cast"


def test_quantized_parameters():
    arrays = mx.nd.load(str(FOLDER / "quantized-0000.params"))
    assert {name: (array.dtype, array.asnumpy().tolist()) for name, array in arrays.items()} == {
        "arg:w_quantize": (np.int8, [[1, -2, 3]]), "arg:w_quantize_min": (np.float32, [-1.5]),
        "arg:b_quantize": (np.int32, [[1, -2, 3]]), "aux:u": (np.uint8, [1, 255])}
