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
from mxnet.io import _csv

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
    with pytest.raises(MXNetError, match="nothing: the file cannot be read: No such file"):
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


@pytest.mark.parametrize(("text", "match"), [
    ("1,2\n3,x\n", "d, line 2: expected numbers with commas between, found 'x'"),
    ("1,2\n3\n", "d, line 2: 1 values, the shape needs 2: b'3'"),
    ("1,2,3\n", "d, line 1: 3 values, the shape needs 2"),
    ("", "d: there are no rows"), ("\n", "d: there are no rows"), ("#1,2\n3,4\n", "line 1: .* found '#1'"),
    ("1,2\n" * 70000 + "1,,2\n", "line 70001: .* found ''"), ("1,1_0\n", "line 1: 2 values"),
    ("1,2 3\n", "found '2 3'"), ("1,2\n\n3,0x5\n", "line 3: .*found '0x5'"), ("1,-\n", "found '-'"),
    ("1,.\n", r"found '\.'"), ("1,1e\n", "found '1e'"), ("1,--5\n", "found '--5'"),
    ("1,1.2.3\n", r"found '1\.2\.3'"),
])
def test_damaged_csv(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        mx.io.CSVIter(write_table(tmp_path / "d", text), (2,))


ODD = """1 -1 +1 007 1. .5 -.5 1e3 1E-3 -1.5e+2 0.1 123456789 12345678 1e400 -1e-400 1e39 1e99999999999 nan inf -inf
    3.4028235e38 0.30000000000000004 1234567.123456789012345678 0.00000000000000000123 4.9e-324 99999999.99999999 -0
    -0.0 0.000000000000000001234567890123 16777217 1.17549435e-38 1e-45""".split() + [" 1 ", "1\t"]


@pytest.mark.parametrize("among", [0, 40000])
@pytest.mark.parametrize("text", ODD)
def test_numbers_are_read_as_python_reads_them(tmp_path: Path, text: str, among: int) -> None:
    path = write_table(tmp_path / "d", f"{text},2.5\n" + "1.25,-3\n" * among + f"-3,{text}")
    values = _csv.read_csv(path, 2, np.dtype(np.float32))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(values[0], np.array([float(text), 2.5]).astype(np.float32))
        np.testing.assert_array_equal(values[-1], np.array([-3, float(text)]).astype(np.float32))
    assert values.shape == (among + 2, 2)


@pytest.mark.parametrize("form", ["%.18e", "%.6g", "%d", "%.3f", "%.9f", "%r"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_tables_of_random_numbers(tmp_path: Path, form: str, dtype: str) -> None:
    g = np.random.default_rng(7)
    rows = [form % value for value in (g.normal(size=3000) * 10.0 ** g.integers(-3, 6, 3000)).tolist()]
    path = write_table(tmp_path / "d", "".join(",".join(rows[at:at + 3]) + "\n" for at in range(0, 3000, 3)))
    expected = np.array([float(cell) for cell in rows]).astype(dtype).reshape(-1, 3)
    np.testing.assert_array_equal(_csv.read_csv(path, 3, np.dtype(dtype)), expected)


TAIL = ["%.18e", "%.6f", "%d", "%g", "%.10g", "%.17g", "%.3e", "%.25f", "%+.4f", "%E"]


@pytest.mark.parametrize("dtype", ["float32", "int64"])
@pytest.mark.parametrize("odd", ["", "nan", "1e5", "1E-7", "+3", "-0.0", ".5", "5.", "-.5e-03", "1e+300", "16777217",
                                 "1", "1.00000005960464477539", "8388608.5", "1.668e+10", "123456789012345678",
                                 "1e.5e+03", "1.2.3", "3,4", "x", "e+05", "1)05", "1-2", "9007199791611904.5"])
def test_odd_cells_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str, dtype: str) -> None:
    """One cell of another kind, in every format, in pieces of a few lines and in one."""
    g = np.random.default_rng(3)
    for form in TAIL:
        cells = [form % value for value in (g.normal(size=400) * 10.0 ** g.integers(-3, 12, 400)).tolist()]
        cells[137] = odd
        path = write_table(tmp_path / "d", "".join(",".join(cells[at:at + 4]) + "\n" for at in range(0, 400, 4)))
        for size in (20, 1 << 15):
            monkeypatch.setattr(_csv, "_CELLS", size)
            number = float if dtype == "float32" else lambda cell: _csv._integer(cell.encode())
            try:
                with np.errstate(over="ignore"):
                    expected = np.array([number(cell) for cell in cells]).astype(dtype).reshape(-1, 4)
            except (ValueError, OverflowError):
                with pytest.raises(MXNetError, match="d, line "):
                    _csv.read_csv(path, 4, np.dtype(dtype))
            else:
                np.testing.assert_array_equal(_csv.read_csv(path, 4, np.dtype(dtype)), expected)


def test_one_number(tmp_path: Path) -> None:
    for text in ("1e+300", "1e+30", "7", "-0.5", "1.5e-05"):
        with np.errstate(over="ignore"):
            assert _csv.read_csv(write_table(tmp_path / "d", text), 1, np.dtype(np.float32)) == np.float32(float(text))


@pytest.mark.parametrize("text", ["1,2,\n3,4,\n", "1,2\r\n3,4\r\n", "\n1,2\n\n3,4\n\n", "\ufeff1,2\n3,4",
                                  "1, 2\n 3 ,4\n", "1,2\r3,4\r"])
def test_forms_of_lines(tmp_path: Path, text: str) -> None:
    (tmp_path / "d").write_bytes(text.encode())
    batch = mx.io.CSVIter(str(tmp_path / "d"), "(2,)", batch_size="2").next()
    assert batch.data[0].asnumpy().tolist() == [[1, 2], [3, 4]]


def test_csv_numbers_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(MXNetError, match="a number that int8 does not hold"):
        mx.io.CSVIter(write_table(tmp_path / "d", "1,300\n"), (2,), dtype="int8")
    batch = mx.io.CSVIter(write_table(tmp_path / "d", "1.0,-3e1\n"), (2,), dtype="int32").next()
    assert batch.data[0].asnumpy().tolist() == [[1, -30]]


@pytest.mark.parametrize(("shape", "kept"), [((1,), (2,)), ((1, 1), (2,)), ((2,), (2, 2)), ((2, 1), (2, 2, 1))])
def test_csv_label_shapes(tmp_path: Path, shape: Any, kept: Any) -> None:
    labels = write_table(tmp_path / "l", "1\n2\n" if np.prod(shape) == 1 else "1,2\n3,4\n")
    it = mx.io.CSVIter(write_table(tmp_path / "d", "1\n2\n"), 1, labels, shape, batch_size=2)
    assert it.next().label[0].shape == kept
    without = mx.io.CSVIter(str(tmp_path / "d"), 1, label_shape=shape, batch_size=2)
    assert without.next().label[0].shape == (2,)


def test_registered_iterators_give_single_arrays(tmp_path: Path) -> None:
    it = mx.io.CSVIter(write_table(tmp_path / "d", "1\n2\n3\n"), (1,), batch_size=1)
    assert it.iter_next() and it.getdata().asnumpy().tolist() == [[1]] and it.getlabel().shape == (1,)
    assert it.getindex().dtype == np.uint64
    it.next()
    it.debug_skip_load()
    assert [it.next().data[0].asnumpy().tolist() for _ in range(4)] == [[[2]]] * 4


def test_csv_files_do_not_belong_together(tmp_path: Path) -> None:
    with pytest.raises(MXNetError, match="d has 2 rows, .*l has 1"):
        mx.io.CSVIter(write_table(tmp_path / "d", "1\n2\n"), (1,), write_table(tmp_path / "l", "1\n"))
    with pytest.raises(MXNetError, match="batch_size is at least 1, not 0"):
        mx.io.CSVIter(write_table(tmp_path / "d", "1\n2\n"), (1,), batch_size=0)
