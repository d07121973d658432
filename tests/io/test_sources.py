# SPDX-License-Identifier: Apache-2.0
"""Several files, folders and patterns where MXNet's registered iterators take a path."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.io._sources import files_of

COUNTS = {"a": 7, "b": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two record files; labels are 0, 1, ... in each. `both.idx` has the offsets in both, one after the other."""
    folder = tmp_path_factory.mktemp("sources")
    lines, begin = [], 0
    for name, count in COUNTS.items():
        path = str(folder / f"{name}.rec")
        with mx.recordio.MXIndexedRecordIO(path[:-3] + "idx", path, "w") as record:
            for label in range(count):
                image = np.full((40, 50, 3), label * 10, np.uint8)
                record.write_idx(label, mx.recordio.pack_img((0, label, label, 0), image, img_fmt=".png"))
        lines += [f"{len(lines) + at}\t{begin + offset}\n" for at, offset in enumerate(record.idx.values())]
        begin += os.path.getsize(path)
    (folder / "both.idx").write_text("".join(lines))
    (folder / "deep").mkdir()
    (folder / "deep" / "y.rec").write_bytes((folder / "b.rec").read_bytes())
    (folder / "deep" / "x.rec").write_bytes((folder / "a.rec").read_bytes())
    (folder / "deep" / "empty.rec").write_bytes(b"")
    return folder


def labels(path: str, kind: Any = mx.io.ImageRecordIter, **given: Any) -> list[float]:
    it = kind(path_imgrec=path, data_shape=(3, 20, 20), batch_size=1, preprocess_threads=1, **given)
    return [float(batch.label[0].asnumpy().ravel()[0]) for batch in it]


BOTH = [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3]


@pytest.mark.parametrize("path", ["{0}/a.rec;{0}/b.rec", "{0}/(a|b).rec", "{0}/deep", "{0}/deep/", "file://{0}/deep",
                                  "{0}/a.rec;{0}/b.rec;", "{0}/[ab].rec"])
def test_several_record_files(folder: Path, path: str) -> None:
    assert labels(path.format(folder)) == BOTH


def test_parts_of_several_files(folder: Path) -> None:
    """The parts that MXNet 1.9.1 makes."""
    both = f"{folder}/a.rec;{folder}/b.rec"
    assert [labels(both, num_parts=3, part_index=part) for part in range(3)] == [
        [0, 1, 2, 3], [4, 5, 6, 0], [1, 2, 3]]
    assert [labels(f"{both};{folder}/a.rec", num_parts=4, part_index=part) for part in range(4)] == [
        [0, 1, 2, 3, 4], [5, 6, 0, 1, 2], [3, 0, 1, 2], [3, 4, 5, 6]]
    assert [labels(both, path_imgidx=str(folder / "both.idx"), num_parts=2, part_index=part) for part in range(2)] == [
        [0, 1, 2, 3, 4, 5], [6, 0, 1, 2, 3]]
    assert labels(both, shuffle=True, seed=3) == [3, 0, 1, 0, 3, 5, 2, 2, 6, 4, 1]


def test_errors_name_the_file(folder: Path) -> None:
    with pytest.raises(MXNetError, match="nix.rec: cannot be opened: No such file"):
        labels(f"{folder}/a.rec;{folder}/nix.rec")
    with pytest.raises(MXNetError, match="a.idx: there is no record of .*b.rec"):
        labels(f"{folder}/a.rec;{folder}/b.rec", path_imgidx=str(folder / "a.idx"))
    (folder / "none").mkdir()
    with pytest.raises(MXNetError, match="none: the folder has no files"):
        labels(str(folder / "none"))
    broken = bytearray((folder / "b.rec").read_bytes())
    broken[40:60] = bytes(20)
    (folder / "broken").write_bytes(broken)
    with pytest.raises(MXNetError, match="broken, byte 0"):
        labels(f"{folder}/a.rec;{folder}/broken")


def test_several_tables(tmp_path: Path) -> None:
    for name, text in (("1.csv", "1,2\n3,4"), ("2.csv", "5,6\n7,8"), ("3.csv", "9,10\n")):
        (tmp_path / name).write_text(text)

    def rows(path: str) -> list[list[float]]:
        return [batch.data[0].asnumpy()[0].tolist() for batch in mx.io.CSVIter(path, (2,), batch_size=1)]

    assert rows(f"{tmp_path}/1.csv;{tmp_path}/2.csv;{tmp_path}/3.csv") == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]
    assert rows(str(tmp_path)) == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]
    assert rows(f"{tmp_path}/[13].csv") == [[1, 2], [3, 4], [9, 10]]
    (tmp_path / "2.csv").write_text("5,x\n")
    with pytest.raises(MXNetError, match="2.csv, line 1: .* found 'x'"):
        rows(str(tmp_path))


def test_a_file_that_is_called_like_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a;b").write_text("1")
    assert files_of(tmp_path / "a;b") == [str(tmp_path / "a;b")]
    assert files_of(f"{tmp_path}/(") == [f"{tmp_path}/("]
    assert files_of(f"{tmp_path}/nothing/.*") == [f"{tmp_path}/nothing/.*"]
    assert files_of(";") == [";"]
    monkeypatch.chdir(tmp_path)
    assert files_of("a.*") == ["a;b"]
