# SPDX-License-Identifier: Apache-2.0
"""MNISTIter and CSVIter over files: compressed, damaged, of other kinds, and parts."""
from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
import mxnet.io
from mxnet.base import MXNetError

MNIST = Path(__file__).parents[2] / "examples" / "data" / "mnist10k"


def write_digits(folder: Path, count: int = 10, zipped: bool = False) -> dict[str, str]:
    images = struct.pack(">4I", 0x803, count, 4, 3) + bytes(value % 256 for value in range(count * 12))
    labels = struct.pack(">2I", 0x801, count) + bytes(range(count))
    names = {"image": folder / "images", "label": folder / "labels"}
    for path, content in zip(names.values(), (images, labels)):
        path.write_bytes(gzip.compress(content) if zipped else content)
    return {kind: str(path) for kind, path in names.items()}


def labels_of(it: Any) -> list[float]:
    return [value for batch in it for value in batch.label[0].asnumpy().tolist()]


@pytest.mark.parametrize("zipped", [False, True])
def test_small_images(tmp_path: Path, zipped: bool) -> None:
    it = mx.io.MNISTIter(**write_digits(tmp_path, zipped=zipped), batch_size=4, shuffle=False)
    batch = it.next()
    assert batch.data[0].shape == (4, 1, 4, 3) and batch.data[0].dtype == np.float32
    np.testing.assert_array_equal(batch.data[0].asnumpy().ravel(), np.arange(48, dtype=np.float32) / 256)
    assert labels_of(it) == [4, 5, 6, 7] and batch.index.tolist() == [0, 1, 2, 3]


def test_compressed_mnist() -> None:
    it = mx.io.MNISTIter(image=str(MNIST / "train-images-idx3-ubyte.gz"), label=MNIST / "train-labels-idx1-ubyte.gz",
                         batch_size=100, flat=True, seed=3)
    seen = labels_of(it)
    assert len(seen) == 8000 and sorted(set(seen)) == list(range(10))
    it.reset()
    assert labels_of(it) == seen


@pytest.mark.parametrize("shuffle", [False, True])
def test_parts_cover_all(tmp_path: Path, shuffle: bool) -> None:
    names = write_digits(tmp_path, 11)
    seen = [labels_of(mx.io.MNISTIter(**names, batch_size=1, shuffle=shuffle, num_parts=3, part_index=part))
            for part in range(3)]
    assert [len(part) for part in seen] == [3, 4, 4]
    assert sorted(label for part in seen for label in part) == list(range(11))


def test_unknown_parameters_are_told(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="MNISTIter: unknown parameters are left out: bach_size"):
        mx.io.MNISTIter(**write_digits(tmp_path), bach_size=3)


@pytest.mark.parametrize(("damage", "match"), [
    (lambda b: b[:9], "ends at byte 9, within the header"), (lambda b: b[:40], "should hold 120 values"),
    (lambda b: b"", "ends at byte 0"), (lambda b: b"\0\0\x08\x01" + b[4:], "magic number is 0x801, expected 0x803"),
    (lambda b: struct.pack(">4I", 0x803, 2 ** 31, 2 ** 31, 2 ** 31) + b, "should hold 9903520314283042199192993792"),
    (lambda b: struct.pack(">4I", 0x803, 9, 4, 3) + b[16:], "holds 9 images, .* holds 10 labels"),
])
def test_damaged_images(tmp_path: Path, damage: Any, match: str) -> None:
    names = write_digits(tmp_path)
    path = Path(names["image"])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(MXNetError, match=match) as caught:
        mx.io.MNISTIter(**names)
    assert "images" in str(caught.value)


@pytest.mark.parametrize("keep", [3, 12, 60, -8])
def test_truncated_compressed_images(tmp_path: Path, keep: int) -> None:
    names = write_digits(tmp_path, zipped=True)
    path = Path(names["image"])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(MXNetError, match="images: "):
        mx.io.MNISTIter(**names)


def test_huge_header_in_compressed_images(tmp_path: Path) -> None:
    names = write_digits(tmp_path)
    Path(names["image"]).write_bytes(gzip.compress(struct.pack(">4I", 0x803, 2 ** 31, 2 ** 31, 2 ** 31)))
    with pytest.raises(MXNetError, match="images: "):
        mx.io.MNISTIter(**names)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(MXNetError, match="nothing: there is no such file"):
        mx.io.MNISTIter(image=str(tmp_path / "nothing"))
    with pytest.raises(MXNetError, match="nothing: there is no such file"):
        mx.io.CSVIter(str(tmp_path / "nothing"), (2,))
    with pytest.raises(MXNetError, match=r"part_index 2 is not in \[0, 2\)"):
        mx.io.MNISTIter(**write_digits(tmp_path), num_parts=2, part_index=2)


def write_table(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_csv_begins_again_when_stopped(tmp_path: Path) -> None:
    """MXNet goes on in the middle of the file instead, after the batches that it had made ahead."""
    it = mx.io.CSVIter(write_table(tmp_path / "d", "".join(f"{row}\n" for row in range(7))), (1,), batch_size=3)
    it.next()
    it.reset()
    assert [batch.data[0].asnumpy().ravel().tolist() for batch in it] == [[0, 1, 2], [3, 4, 5], [6, 0, 1]]


def test_csv_labels_of_more_axes(tmp_path: Path) -> None:
    it = mx.io.CSVIter(write_table(tmp_path / "d", "1,2\n3,4\n"), (2,), write_table(tmp_path / "l", "1,2\n3,4\n"),
                       (1, 2), batch_size=2)
    assert it.next().label[0].asnumpy().tolist() == [[[1, 2]], [[3, 4]]]


def test_csv_dtypes(tmp_path: Path) -> None:
    path = write_table(tmp_path / "d", "9007199254740993,1\n3,4\n")
    assert mx.io.CSVIter(path, (2,), dtype="int64").next().data[0].asnumpy().tolist() == [[9007199254740993, 1]]
    assert mx.io.CSVIter(path, (2,), dtype="float64").next().data[0].dtype == np.float64


@pytest.mark.filterwarnings("ignore:.*input contained no data:UserWarning")
@pytest.mark.parametrize(("text", "match"), [
    ("1,2\n3,x\n", "d: .*'x'"), ("1,2\n3\n", "d: "), ("1,2,3\n", r"rows have 3 values, the shape \(2,\) needs 2"),
    ("", "d: "), ("\n", "d: "),
])
def test_damaged_csv(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        mx.io.CSVIter(write_table(tmp_path / "d", text), (2,))


def test_csv_files_do_not_belong_together(tmp_path: Path) -> None:
    with pytest.raises(MXNetError, match="d has 2 rows, .*l has 1"):
        mx.io.CSVIter(write_table(tmp_path / "d", "1\n2\n"), (1,), write_table(tmp_path / "l", "1\n"))
    with pytest.raises(MXNetError, match="batch_size is at least 1, not 0"):
        mx.io.CSVIter(write_table(tmp_path / "d", "1\n2\n"), (1,), batch_size=0)
