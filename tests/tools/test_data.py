# SPDX-License-Identifier: Apache-2.0
"""`mxtorch data inspect`: every kind of file, damage, and sheets of images."""
from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

import mxnet as mx
from mxnet.tools import __main__ as command
from mxnet.tools import data

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")


def said(path):
    return "\n".join(data.inspect(str(path)))


def test_records():
    text = said(os.path.join(FOLDER, "single.rec"))
    for line in ("33,528 bytes", "10 records", "bytes of a record: 2,195 to 5,653, mean 3,344",
                 "content: 7 JPEG, 3 PNG",
                 "images: 40 to 70 wide (mean 51), 40 to 61 high (mean 48), 10 sizes", "numbers in a label: 1 (10)",
                 "first number of the label: 10 values"):
        assert line in text


def test_detection_records():
    text = said(os.path.join(FOLDER, "det.rec"))
    assert "numbers in a label: 7 (4), 12 (3), 17 (3)" in text and "19 objects, their classes" in text


def test_many_labels_become_ranges(tmp_path):
    with mx.recordio.MXRecordIO(tmp_path / "a.rec", "w") as record:
        for at in range(50):
            record.write(mx.recordio.pack((0, at, at, 0), b"text"))
        record.write(b"short")
    text = said(tmp_path / "a.rec")
    assert "50 other data" in text and "1 records are too short for a header" in text and "0 to 4.08333" in text


def test_damaged_and_empty_records(tmp_path):
    shutil.copy(os.path.join(FOLDER, "single.rec"), tmp_path / "a.rec")
    with open(tmp_path / "a.rec", "r+b") as file:
        file.seek(0)
        file.write(b"nonsense")
    assert "9 records\nDAMAGED: 1 stretches, " in said(tmp_path / "a.rec")
    (tmp_path / "b.rec").write_bytes(b"")
    assert said(tmp_path / "b.rec").endswith("0 bytes\n0 records")


def test_indices(tmp_path):
    for name in ("single.rec", "single.idx"):
        shutil.copy(os.path.join(FOLDER, name), tmp_path / name)
    assert "10 keys, 0 to 9\n0 records of" in said(tmp_path / "single.idx")
    with open(tmp_path / "single.idx", "a", encoding="utf-8") as file:
        file.write("9\t12\n")
    text = said(tmp_path / "single.idx")
    assert "1 keys stand there more than once" in text and "WRONG: no record begins where 2 keys point to" in text
    os.remove(tmp_path / "single.rec")
    assert "there is no " in said(tmp_path / "single.idx")


def test_lists():
    text = said(os.path.join(FOLDER, "small.lst"))
    assert "10 images\nkeys 0 to 9\nnumbers in a label: 2 (10)" in text


def test_arrays_and_states(tmp_path):
    path = str(tmp_path / "a.params")
    mx.nd.save(path, {"arg:w": mx.nd.array([[1, 2.5], [np.nan, 0]]), "arg:e": mx.nd.array([3], dtype="int64")})
    text = said(path)
    assert "2 arrays, 5 values, 24 bytes of values" in text
    assert "float32 (2, 2) arg:w: 0 ... 2.5, 1 NaN or infinite" in text and "int64 (1,) arg:e: 3 ... 3" in text
    mx.nd.save(path, [mx.nd.zeros((2,))])
    assert "float32 (2,) 0: 0 ... 0" in said(path)
    updater = mx.optimizer.get_updater(mx.optimizer.Adam())
    updater(0, mx.nd.ones((3,)), mx.nd.ones((3,)))
    (tmp_path / "a.states").write_bytes(updater.get_states(dump_optimizer=True))
    assert "states of 1 parameters, of Adam\n  0: float32 (3,), float32 (3,)" in said(tmp_path / "a.states")


def test_symbols(tmp_path):
    path = str(tmp_path / "a-symbol.json")
    net = mx.sym.FullyConnected(mx.sym.relu(mx.sym.relu(mx.sym.var("data"))), num_hidden=3, name="fc")
    mx.sym.BatchNorm(net, name="bn").save(path)
    text = said(path)
    assert "4 operators, 5 arguments, 2 auxiliary states\noutputs: bn_output" in text and "    2 relu" in text


@pytest.mark.parametrize(("name", "content", "match"), [
    ("a.xyz", b"", "the kind of a file is told by its suffix"), ("a.params", b"nonsense", "a.params, byte"),
    ("a.json", b"{", "a.json"), ("a.states", b"nonsense", "no optimizer states"), ("b.rec", None, "cannot be read"),
])
def test_what_is_refused(tmp_path, capsys, name, content, match):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert command.main(["data", "inspect", str(tmp_path / name)]) == 1
    assert match in capsys.readouterr().err


def test_sheet(tmp_path, capsys):
    cv2 = pytest.importorskip("cv2")
    sheet = str(tmp_path / "sheet.png")
    assert command.main(["data", "inspect", os.path.join(FOLDER, "single.rec"), "--sheet", sheet, "--count", "4"]) == 0
    assert "256 x 256 pixels" in capsys.readouterr().out
    assert cv2.imread(sheet).shape == (256, 256, 3)
    with mx.recordio.MXRecordIO(tmp_path / "a.rec", "w") as record:
        record.write(mx.recordio.pack((0, 1, 2, 0), b"no image"))
    with pytest.raises(mx.MXNetError, match="none of its records holds an image"):
        data.contact_sheet(str(tmp_path / "a.rec"))


def test_the_command_names_its_tools(capsys):
    assert command.main([]) == 2 and command.main(["--help"]) == 0
    assert "{data,im2rec,launch,rec2idx}" in capsys.readouterr().err
