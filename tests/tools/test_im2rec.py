# SPDX-License-Identifier: Apache-2.0
"""im2rec and rec2idx: files as MXNet's tools write them, and what happens to images that cannot be read."""
from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest

import mxnet as mx
from mxnet.tools import im2rec, rec2idx

sys.path.insert(0, os.path.dirname(__file__))
import record_im2rec as runs

with open(os.path.join(runs.FOLDER, "im2rec.json"), encoding="utf-8") as opened:
    GOLDEN = json.load(opened)


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("name", runs.RUNS)
def test_files_as_mxnet(name, threads):
    def call(arguments):
        assert im2rec.main([*arguments, "--num-thread", threads]) == 0
    made, wanted = runs.run(call, name), GOLDEN[name]
    assert list(made) == list(wanted)
    encoded = "--pass-through" not in runs.RUNS[name][1]
    for file, content in made.items():
        # PNG's compressed bytes depend on the version of zlib, so offsets do, too.
        if not (encoded and file.endswith((".rec", ".idx"))):
            assert content == wanted[file]


def test_encoded_images(tmp_path):
    runs.images(tmp_path / "images")
    stem = str(tmp_path / "set")
    im2rec.main([stem, str(tmp_path / "images"), "--list", "--recursive", "--exts", ".png"])
    im2rec.main([stem, str(tmp_path / "images"), "--encoding", ".png", "--resize", "20", "--quality", "9"])
    with mx.recordio.MXIndexedRecordIO(f"{stem}.idx", f"{stem}.rec", "r") as record:
        for key in record.keys:
            header, image = mx.recordio.unpack_img(record.read_idx(key))
            assert header.id == key
            assert min(image.shape[:2]) == 20
    batch = mx.io.ImageRecordIter(path_imgrec=f"{stem}.rec", data_shape=(3, 18, 18), batch_size=2).next()
    assert batch.data[0].shape == (2, 3, 18, 18)


def test_several_labels(tmp_path):
    runs.images(tmp_path / "images")
    with open(tmp_path / "set.lst", "w", encoding="utf-8") as file:
        file.write("5\t1.5\t2.5\t2.png\nbad line\n7\t3\t4\tgray.png\n")
    stem = str(tmp_path / "set")
    assert im2rec.main([stem, str(tmp_path / "images"), "--pack-label", "--pass-through"]) == 0
    with mx.recordio.MXIndexedRecordIO(f"{stem}.idx", f"{stem}.rec", "r") as record:
        assert record.keys == [5, 7]
        np.testing.assert_array_equal(mx.recordio.unpack(record.read_idx(7))[0].label, [3, 4])


def test_damaged_and_missing_images_are_left_out(tmp_path, capsys):
    runs.images(tmp_path / "images")
    (tmp_path / "images" / "bad.jpg").write_bytes(b"nonsense")
    with open(tmp_path / "set.lst", "w", encoding="utf-8") as file:
        file.write("0\t1\tbad.jpg\n1\t2\tmissing.jpg\n2\t3\t2.png\n")
    stem = str(tmp_path / "set")
    assert im2rec.main([stem, str(tmp_path / "images")]) == 1
    said = capsys.readouterr().err
    assert "bad.jpg: is no image" in said
    assert "missing.jpg: cannot be read" in said
    assert "2 images were left out" in said
    with mx.recordio.MXIndexedRecordIO(f"{stem}.idx", f"{stem}.rec", "r") as record:
        assert record.keys == [2]


def test_no_list(tmp_path, capsys):
    assert im2rec.main([str(tmp_path / "set"), str(tmp_path)]) == 1
    assert "there is no list" in capsys.readouterr().err


def test_rec2idx(tmp_path, capsys):
    source = os.path.join(runs.FOLDER, "single.rec")
    assert rec2idx.main([source, str(tmp_path / "made.idx")]) == 0
    assert "10 records" in capsys.readouterr().out
    with open(os.path.join(runs.FOLDER, "single.idx"), "rb") as file:
        assert (tmp_path / "made.idx").read_bytes() == file.read()
