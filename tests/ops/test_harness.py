# SPDX-License-Identifier: Apache-2.0
"""The golden harness itself: inputs are the same bits everywhere, files round-trip, differences are found."""
from __future__ import annotations

import re
import zlib

import comparison
import numpy as np
import pytest
import store
from observe import Array
from samples import Bad, Sample, T, boxes, distinct, ints, spd, special, values
from store import Recorded

TOLERANCES = comparison.DEFAULT


def test_inputs_have_the_same_bits_with_every_numpy():
    record = Sample("sin", [T(3, 4), T(3, 4, dtype="float16", low=-1, high=2), ints(5, low=-3, high=9), distinct(4, 3),
                            values([[1, 2], [3, 4]], "int64"), special(), special("int8"), special("bfloat16"),
                            spd(2, 3, 3), boxes(2, 3, 4, high=10), T(2, 2, dtype="uint8"), T(0, 2)], {"a": 1.5})
    assert record.digest() == "787fa9d3c61aebaf"
    arrays = record.arrays()
    assert [x.shape for x in arrays] == [spec.shape for spec in record.tensors()]
    assert [zlib.crc32(x.tobytes()) for x in arrays] == [
        4207102823, 1466550148, 3464831381, 1997010858, 2624136704, 2912882893, 4034482887, 1929615195,
        1013700015, 3144815808, 205926545, 0]


def test_constructors_keep_what_they_promise():
    low, high, order, square, corner = Sample("x", [
        T(1000), T(1000, low=2, high=3), distinct(7, 9), spd(5, 4, 4), boxes(50, 4, low=-5, high=5)]).arrays()
    assert abs(low.mean()) < 0.2 and 0.8 < low.std() < 1.2
    assert high.min() >= 2 and high.max() <= 3
    assert np.unique(order).size == order.size
    assert np.linalg.eigvalsh(square).min() > 0
    assert (corner[:, 2:] >= corner[:, :2]).all() and corner.min() >= -5 and corner.max() <= 5


def test_digest_follows_what_is_run_and_nothing_else():
    plain = Sample("sum", [T(2, 3)], {"axis": 1})
    assert Sample("sum", [T(2, 3)], {"axis": 1}, rtol=1e-3, reason="r", ours_ok="o", skip={"add": "s"}
                  ).digest() == plain.digest()
    others = [Sample("max", [T(2, 3)], {"axis": 1}), Sample("sum", [T(3, 2)], {"axis": 1}),
              Sample("sum", [T(2, 3, dtype="float64")], {"axis": 1}), Sample("sum", [T(2, 3)], {"axis": 0}),
              Sample("sum", {"data": T(2, 3)}, {"axis": 1}), Sample("sum", [T(2, 3)], {"axis": 1}, grad=False)]
    assert len({record.digest() for record in [plain, *others]}) == 7


@pytest.mark.parametrize("make, message", [
    (lambda: T(2, dtype="int16"), "int16"),
    (lambda: T(), "at least one dimension"),
    (lambda: T(2, low=1), "both of low and high"),
    (lambda: Sample("sin", [np.zeros(3)]), "an input is a T"),
    (lambda: Sample("sum", [T(2)], {"axis": np.int64(0)}), "axis"),
    (lambda: Sample("sum", [T(2)], rtol=1e-3), "reason"),
    (lambda: Sample("sum", [T(2)], skip={"gradient": "why"}), "gradient"),
    (lambda: Bad("sum", [T(2)]), "match"),
])
def test_a_record_that_is_no_record_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_family_file_gives_back_what_was_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    large = np.arange(5000, dtype="float32").reshape(50, 100)
    half = np.array([1.5, np.nan, -0.0], "float16")
    notes = {"b": {"nd": {"outputs": [Recorded.of("float32", large), Recorded.of("float16", half)], "changed": {}}},
             "a": {"nd": {"error": "crash"}, "train": {"outputs": [Recorded.of("bfloat16", large[:2, :2]),
                                                                   Recorded.of("bool", np.ones((0, 2), bool)),
                                                                   Recorded.of("float32", large, repeatable=False)]}}}
    assert store.load("f") == {}
    assert store.save("f", notes)
    first = store.path_of("f").read_bytes()
    assert not store.save("f", dict(reversed(notes.items())))
    store.path_of("f").unlink()
    assert store.save("f", notes) and store.path_of("f").read_bytes() == first
    loaded = store.load("f")
    assert loaded["a"]["nd"] == {"error": "crash"} and loaded["b"]["nd"]["changed"] == {}
    whole, small = loaded["b"]["nd"]["outputs"]
    assert whole.shape == (50, 100) and whole.values.size == store.SOME and whole.sums == store.sums_of(large)
    assert small.values.tobytes() == half.tobytes()
    lower, empty, unknown = loaded["a"]["train"]["outputs"]
    assert (lower.dtype, lower.values.tolist()) == ("bfloat16", [0, 1, 100, 101])
    assert empty.shape == (0, 2) and unknown == Recorded("float32", (50, 100), None, None)


@pytest.mark.parametrize("got, want, message", [
    (Array("float32", np.ones(3)), Recorded("float64", (3,), None, None), "dtype is float32"),
    (Array("float32", np.ones((3, 1))), Recorded("float32", (3,), None, None), r"shape is \(3, 1\)"),
    (Array("int32", np.array([1, 2])), Recorded.of("int32", np.array([1, 3])), "1 of 2 values differ.* position 1"),
    (Array("float32", np.array([1, np.nan])), Recorded.of("float32", np.array([1, 2.0])), "position 1"),
    (Array("float32", np.array([1, 1.001, 2.1])), Recorded.of("float32", np.array([1, 1, 2.0])), "2 of 3.*position 2"),
])
def test_differences_are_told(got, want, message):
    lines = comparison.arrays("output", got, want, TOLERANCES)
    assert len(lines) == 1
    assert re.search(message, lines[0]), lines


def test_likeness_is_silent():
    want = Recorded.of("float32", np.array([np.nan, np.inf, 1.0, 0.0], "float32"))
    got = Array("float32", np.array([np.nan, np.inf, 1.000001, -0.0], "float32"))
    assert comparison.arrays("output", got, want, TOLERANCES) == []
    unknown = Recorded("float32", (4,), None, None)
    assert comparison.arrays("output", got, unknown, TOLERANCES) == []


def test_a_value_between_those_stored_counts():
    array = np.zeros(5000, "float32")
    want = Recorded.of("float32", array)
    array[7] = 1.0
    assert array[7] not in store.sample_of(array)
    assert "sum of magnitudes" in comparison.arrays("output", Array("float32", array), want, TOLERANCES)[0]


def test_inference_needs_what_mxnet_knows_and_refuses_what_is_not_so():
    def shapes(*arguments):
        return {"arguments": [list(s) for s in arguments], "outputs": [], "aux": []}
    truth = shapes((2, 3), (3,))
    told = comparison.inferred
    assert told("shape", shapes((2, 3), (3,)), shapes((2, 3), ()), truth) == []
    assert told("shape", shapes((2, 3), ()), shapes((2, 3), ()), truth) == []
    assert told("shape", shapes((2, 3), (0,)), shapes((2, 3), (3,)), truth)
    assert told("shape", shapes((2, 3), (4,)), shapes((2, 3), ()), truth)
    assert told("shape", shapes((2, 3), (3,)), shapes((2, 3), (9,)), truth) == []
