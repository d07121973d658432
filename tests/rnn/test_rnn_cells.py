# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells against graphs and numbers of MXNet 1.9.1 (tests/data/rnn, written by cell_cases.py)."""
import gzip
import json
from pathlib import Path

import cell_cases as cases
import numpy as np
import pytest

import mxnet as mx

RECORDED = json.loads(gzip.decompress((Path(__file__).parents[1] / "data" / "rnn" / "cells.json.gz").read_bytes()))
FACTS = cases.facts(mx)
DATA = mx.sym.Variable("data")


def test_all_facts_are_recorded():
    assert sorted(FACTS) == sorted(RECORDED)


@pytest.mark.parametrize("name", sorted(name for name in FACTS if not name.startswith("batches/")))
def test_cell_builds_the_graph_of_mxnet(name):
    got, want = FACTS[name](), RECORDED[name]
    for key in want:
        if key == "values":
            for one, other in zip(got[key], want[key], strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-5, atol=3e-6)
        elif key == "parts":
            assert list(got[key]) == list(want[key])
            for part, (shape, total) in want[key].items():
                assert got[key][part][0] == shape
                assert got[key][part][1] == pytest.approx(total, abs=2e-4)
        else:
            assert got[key] == want[key], key


@pytest.mark.parametrize("name", sorted(cases.ITERATORS))
def test_batches_of_sentences(name):
    got = json.loads(json.dumps(FACTS[f"batches/{name}"]()))
    assert got == RECORDED[f"batches/{name}"]


@pytest.mark.parametrize("mode", cases.MODES)
@pytest.mark.parametrize("both", [False, True])
def test_fused_and_unfused_cells_agree(mode, both):
    fused = mx.rnn.FusedRNNCell(4, 2, mode=mode, bidirectional=both, prefix="f_")
    plain = fused.unfuse()
    one, _ = fused.unroll(3, DATA, layout="TNC", merge_outputs=True)
    two, _ = plain.unroll(3, DATA, layout="TNC", merge_outputs=True)
    shapes = dict(zip(one.list_arguments(), one.infer_shape(data=(3, 2, 5))[0]))
    weights = {"f_parameters": mx.nd.array(np.random.RandomState(1).uniform(-1, 1, shapes["f_parameters"]))}
    inputs = mx.nd.array(np.random.RandomState(2).normal(size=(3, 2, 5)))
    parts = plain.pack_weights(fused.unpack_weights(weights))
    outputs = [symbol.bind(mx.cpu(), {"data": inputs, **given}).forward()[0].asnumpy()
               for symbol, given in ((one, weights), (two, parts))]
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


def test_weights_that_fit_no_input_size():
    with pytest.raises(ValueError, match="7 values"):
        mx.rnn.FusedRNNCell(4, prefix="f_").unpack_weights({"f_parameters": mx.nd.ones(7)})


@pytest.mark.parametrize("mode", ["lstm", "gru"])
@pytest.mark.parametrize("both", [False, True])
def test_fused_initializer(mode, both):
    cell = mx.rnn.FusedRNNCell(3, 2, mode=mode, bidirectional=both, prefix="f_", forget_bias=2.0)
    outputs, _ = cell.unroll(2, DATA, layout="TNC")
    size = dict(zip(outputs.list_arguments(), outputs.infer_shape(data=(2, 2, 5))[0]))["f_parameters"]
    array = mx.nd.zeros(size)
    mx.init.One()(mx.init.InitDesc("f_parameters", outputs.attr_dict()["f_parameters"]), array)
    for name, part in cell.unpack_weights({"f_parameters": array}).items():
        expected = 2.0 if name.endswith("_f_bias") else 0.0 if name.endswith("bias") else 1.0
        assert set(part.asnumpy().ravel().tolist()) == {expected}, name
    own = mx.init.FusedRNN(mx.init.Uniform(0.1), 3, 2, mode, both)
    again = mx.init.create(own.dumps())
    again._init_weight(mx.init.InitDesc("f_parameters"), array)
    assert 0 < abs(array.asnumpy()[:9]).max() <= 0.1
    with pytest.raises(ValueError, match="initializer"):
        mx.init.FusedRNN(None, 3, 2, mode, both)._init_weight("f_parameters", array)


def test_initial_states():
    states = mx.rnn.LSTMCell(3, prefix="q_").begin_state(func=mx.sym.Variable)
    assert [state.list_arguments() for state in states] == [["q_begin_state_0"], ["q_begin_state_1"]]
    drawn = mx.rnn.GRUCell(3, prefix="q_").begin_state(func=mx.sym.uniform, low=-1)[0]
    assert json.loads(drawn.tojson())["nodes"][0]["attrs"] == {"__layout__": "NC", "low": "-1", "shape": "(0, 3)"}
    modified = mx.rnn.ZoneoutCell(mx.rnn.RNNCell(3, prefix="q_"), 0.1)
    assert modified.begin_state()[0].name == "q_begin_state_0"


def test_shared_parameters():
    params = mx.rnn.RNNParams("z_")
    first, second = (mx.rnn.RNNCell(3, prefix=prefix, params=params) for prefix in ("a_", "b_"))
    assert first.params is params and first._iW is second._iW
    assert sorted(params._params) == ["z_h2h_bias", "z_h2h_weight", "z_i2h_bias", "z_i2h_weight"]


@pytest.mark.parametrize("call, error, match", [
    (lambda: mx.rnn.FusedRNNCell(4)(DATA, []), NotImplementedError, "unroll"),
    (lambda: mx.rnn.BidirectionalCell(mx.rnn.RNNCell(3), mx.rnn.RNNCell(3))(DATA, []), NotImplementedError, "unroll"),
    (lambda: mx.rnn.ZoneoutCell(mx.rnn.FusedRNNCell(4), .1), AssertionError, "unfuse"),
    (lambda: mx.rnn.ZoneoutCell(mx.rnn.BidirectionalCell(mx.rnn.RNNCell(3), mx.rnn.RNNCell(3)), .1), AssertionError,
     "inside"),
    (lambda: mx.rnn.FusedRNNCell(4, mode="lsmt"), ValueError, "Did you mean 'lstm'"),
    (lambda: mx.rnn.RNNCell(3).unroll(2, DATA, layout="XYZ"), ValueError, "time axis"),
    (lambda: mx.rnn.RNNCell(3).unroll(2, mx.sym.split(DATA, num_outputs=3)), AssertionError, "3 outputs"),
    (lambda: mx.rnn.RNNCell(3).unroll(2, [DATA]), AssertionError, "1 inputs for 2 steps"),
    (lambda: mx.rnn.RNNCell(3).unroll(2, None), TypeError, "None"),
    (lambda: mx.rnn.ConvLSTMCell((1, 3, 6, 5), 2, h2h_kernel=(2, 2)), AssertionError, "odd"),
    (lambda: mx.rnn.DropoutCell("0.5"), TypeError, "number"),
    (lambda: mx.rnn.BucketSentenceIter([[1]], 1, layout="XX"), ValueError, "XX"),
    (lambda: mx.rnn.BucketSentenceIter([[1]], 2), ValueError, "buckets")])
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_a_modified_cell_is_not_used_by_itself():
    cell = mx.rnn.RNNCell(3, prefix="q_")
    mx.rnn.ResidualCell(cell)
    with pytest.raises(AssertionError, match="modifier"):
        cell.begin_state()
    given = mx.rnn.RNNCell(3)
    assert given.params
    with pytest.raises(AssertionError, match="params"):
        mx.rnn.SequentialRNNCell(params=mx.rnn.RNNParams("a_")).add(given)


def test_layout_warning():
    with pytest.warns(UserWarning, match="TNC"):
        mx.rnn.FusedRNNCell(4).unroll(2, DATA)


def test_encode_sentences():
    words = [["a", "b"], ["b", "c"]]
    encode = mx.rnn.encode_sentences
    assert encode(words) == ([[0, 1], [1, 2]], {"\n": -1, "a": 0, "b": 1, "c": 2})
    assert encode(words, invalid_label=1) == ([[0, 2], [2, 3]], {"\n": 1, "a": 0, "b": 2, "c": 3})
    assert encode(words, vocab={"a": 1, "b": 2}, unknown_token="z") == ([[1, 2], [2, 0]], {"a": 1, "b": 2, "z": 0})
    with pytest.raises(AssertionError, match="'c'"):
        encode(words, vocab={"a": 1, "b": 2})


def test_checkpoints_hold_weights_by_gate(tmp_path):
    prefix, cell = str(tmp_path / "net"), mx.rnn.FusedRNNCell(4, prefix="f_")
    outputs, _ = cell.unroll(3, DATA, layout="TNC", merge_outputs=True)
    weights = {"f_parameters": mx.nd.array(np.arange(176) / 176), "other": mx.nd.ones(2)}
    mx.rnn.do_rnn_checkpoint(cell, prefix, period=2)(1, outputs, weights, {})
    stored = mx.nd.load(f"{prefix}-0002.params")
    assert len(stored) == 17 and stored["arg:f_l0_i2h_f_weight"].shape == (4, 5)
    _, args, _ = mx.rnn.load_rnn_checkpoint(cell, prefix, 2)
    np.testing.assert_array_equal(args["f_parameters"].asnumpy(), weights["f_parameters"].asnumpy())
    _, args, _ = mx.rnn.load_rnn_checkpoint([cell.unfuse()], prefix, 2)
    assert args["f_l0_i2h_weight"].shape == (16, 5)


def test_rnn_unroll_is_deprecated():
    with pytest.warns(DeprecationWarning, match="unroll"):
        outputs, _ = mx.rnn.rnn_unroll(mx.rnn.RNNCell(3), 2, input_prefix="x_")
    assert "x_t1_data" in outputs[1].list_arguments()
