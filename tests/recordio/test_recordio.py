# SPDX-License-Identifier: Apache-2.0
"""RecordIO files and their index: bytes and behaviour recorded from MXNet 1.9.1."""
from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from recordfiles import MAGIC, python, read_all, record_of, write

import mxnet._recordfile as recordfile
from mxnet.base import MXNetError, MXNetKeyError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError
from mxnet.recordio import MXIndexedRecordIO, MXRecordIO

# -- bytes -----------------------------------------------------------------------------------------------------------

# The file that MXNet 1.9.1 writes for the records.
RECORDED = [
    ([b"abc", b"", b"abcd", b"abcdefg"],
     "0a23d7ce03000000616263000a23d7ce000000000a23d7ce04000000616263640a23d7ce070000006162636465666700"),
    ([MAGIC], "0a23d7ce000000200a23d7ce00000060"),
    ([b"abcd" + MAGIC + b"xyz"], "0a23d7ce04000020616263640a23d7ce0300006078797a00"),
    ([b"abc" + MAGIC + b"xyz"], "0a23d7ce0a0000006162630a23d7ce78797a0000"),
    ([b"abcd" + MAGIC], "0a23d7ce04000020616263640a23d7ce00000060"),
    ([MAGIC + MAGIC + b"ab" + MAGIC, b"next"],
     "0a23d7ce000000200a23d7ce000000400a23d7ce0600006061620a23d7ce00000a23d7ce040000006e657874"),
    ([b"abcd" + MAGIC[:3]], "0a23d7ce07000000616263640a23d700"),
    ([b"abcdx" + MAGIC], "0a23d7ce0900000061626364780a23d7ce000000"),
]


@pytest.mark.parametrize(("records", "expected"), RECORDED)
def test_bytes_are_those_of_mxnet(tmp_path, records, expected):
    assert write(tmp_path / "a.rec", records).hex() == expected
    assert read_all(tmp_path / "a.rec") == records
    assert read_all(tmp_path / "a.rec", on_error="skip") == records


def test_a_large_file_and_its_index_are_those_of_mxnet(tmp_path, payloads):
    paths = tmp_path / "a.idx", tmp_path / "a.rec"
    with MXIndexedRecordIO(*paths, "w") as file:
        for number, payload in enumerate(payloads):
            file.write_idx(3 * number, payload)
    # Digests of what MXNet 1.9.1 writes for them.
    index, records = (hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    assert records == "9b61f8a1c6b5e427f721b131b089f9c4c9c9f0626ae27c2dcb5b682d8fdee68a"
    assert index == "6d725eacbcc3a1fda16117ebd2d35e3cc04e98cae9b58ac1ac894d1a17d68b73"
    assert read_all(paths[1]) == payloads
    tolerant = MXRecordIO(paths[1], "r", on_error="skip")
    assert list(iter(tolerant.read, None)) == payloads
    assert (tolerant.skipped, tolerant.skipped_bytes) == (0, 0)
    tolerant.close()
    with MXIndexedRecordIO(*paths, "r") as file:
        assert file.keys == [3 * number for number in range(len(payloads))]
        for number in np.random.RandomState(0).permutation(len(payloads)):
            assert file.read_idx(3 * int(number)) == payloads[number]


def test_a_record_of_only_magic_numbers(tmp_path):
    record = MAGIC * 5000
    assert len(write(tmp_path / "a.rec", [record, b"x"])) == 8 * 5001 + 12
    assert read_all(tmp_path / "a.rec") == [record, b"x"]


@pytest.mark.parametrize("length", [recordfile.WINDOW + d for d in (-12, -11, -9, -8, -7, -1, 0, 1, 8)])
def test_records_around_the_size_of_the_window(tmp_path, length):
    records = [b"a", bytes(range(256)) * (length // 256) + b"e" * (length % 256), b"b", b"c" * length, b""]
    write(tmp_path / "a.rec", records)
    assert read_all(tmp_path / "a.rec") == records
    assert read_all(tmp_path / "a.rec", on_error="skip") == records


def test_without_pread_and_writev(tmp_path, payloads, monkeypatch):
    monkeypatch.setattr(recordfile, "_pread", recordfile._seek_and_read)
    monkeypatch.setattr(recordfile, "_writev", None)
    write(tmp_path / "a.rec", payloads)
    assert read_all(tmp_path / "a.rec") == payloads


def test_systems_may_read_and_write_less_than_asked(tmp_path, payloads, monkeypatch):
    os_pread, os_write, os_writev = os.pread, os.write, os.writev
    monkeypatch.setattr(recordfile, "_pread", lambda fd, count, offset: os_pread(fd, min(count, 1000), offset))
    monkeypatch.setattr(recordfile, "_writev", lambda fd, pieces: os_writev(fd, pieces[:2]))
    monkeypatch.setattr(os, "write", lambda fd, data: os_write(fd, data[:5000]))
    write(tmp_path / "a.rec", payloads)
    monkeypatch.undo()
    assert read_all(tmp_path / "a.rec") == payloads
    monkeypatch.setattr(recordfile, "_pread", lambda fd, count, offset: os_pread(fd, min(count, 1000), offset))
    assert read_all(tmp_path / "a.rec") == payloads


# -- opening, modes, positions ---------------------------------------------------------------------------------------

def test_tell_counts_what_is_held_back_and_flush_shows_it(tmp_path):
    path = tmp_path / "a.rec"
    file = MXRecordIO(path, "w")
    assert file.tell() == 0
    file.write(b"abc")
    file.write(MAGIC)
    assert file.tell() == 12 + 16
    file.flush()
    assert path.stat().st_size == 28
    assert read_all(path) == [b"abc", MAGIC]
    file.write(b"x" * 500_000)
    assert file.tell() == 28 + 8 + 500_000 == path.stat().st_size
    file.close()


def test_tell_and_reset_of_a_reader(tmp_path):
    write(tmp_path / "a.rec", [b"abc", b"defgh"])
    file = MXRecordIO(tmp_path / "a.rec", "r")
    assert (file.tell(), file.read(), file.tell(), file.read(), file.tell()) == (0, b"abc", 12, b"defgh", 28)
    assert [file.read() for _ in range(3)] == [None] * 3
    file.reset()
    assert (file.tell(), file.read()) == (0, b"abc")
    file.close()
    file.close()
    assert not file.is_open
    with pytest.raises(MXNetError, match=r"a\.rec is closed; reset\(\) opens it again"):
        file.read()
    file.reset()
    assert file.is_open and file.read() == b"abc"
    file.close()


def test_a_reader_sees_what_is_appended_later(tmp_path):
    writer = MXRecordIO(tmp_path / "a.rec", "w")
    reader = MXRecordIO(tmp_path / "a.rec", "r")
    assert reader.read() is None
    for number in range(5):
        writer.write(record_of(number))
        writer.flush()
        assert (reader.read(), reader.read()) == (record_of(number), None)
    writer.close()
    reader.close()


def test_reset_of_a_writer_empties_the_file(tmp_path):
    file = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    file.write_idx(1, b"x")
    file.reset()
    assert (file.idx, file.keys, file.tell()) == ({}, [], 0)
    file.write_idx(2, b"y")
    file.close()
    assert (tmp_path / "a.idx").read_bytes() == b"2\t0\n"
    assert (tmp_path / "a.rec").read_bytes().hex() == "0a23d7ce0100000079000000"


def test_attributes(tmp_path):
    with MXRecordIO(str(tmp_path / "a.rec"), "w") as file:
        assert (file.uri, file.flag, file.is_open, file.writable) == (str(tmp_path / "a.rec"), "w", True, True)
        assert file.pid == os.getpid()
    assert (file.is_open, file.pid) == (False, None)


def test_file_uris(tmp_path):
    write(tmp_path / "a.rec", [b"abc"])
    assert read_all(f"file://{tmp_path}/a.rec") == [b"abc"]
    with pytest.raises(MXNetNotImplementedError, match=r"s3://bucket/a\.rec: only local files"):
        MXRecordIO("s3://bucket/a.rec", "r")
    with pytest.raises(MXNetTypeError, match="a file name is a str"):
        MXRecordIO(b"a.rec", "r")


@pytest.mark.parametrize("flag", ["rb", "wb", "a", "x", "", None, 1])
def test_unknown_flag(tmp_path, flag):
    with pytest.raises(MXNetValueError, match=r"flag is 'r' or 'w', not"):
        MXRecordIO(tmp_path / "a.rec", flag)
    assert not (tmp_path / "a.rec").exists()


def test_unknown_on_error(tmp_path):
    with pytest.raises(MXNetValueError, match=r"on_error is 'raise' or 'skip', not 'skips'\. Did you mean 'skip'\?"):
        MXRecordIO(tmp_path / "a.rec", "r", on_error="skips")


def test_wrong_mode(indexed):
    reader = MXIndexedRecordIO(*indexed, "r")
    for call in (lambda: reader.write(b""), lambda: reader.write_idx(1, b""), reader.flush):
        with pytest.raises(MXNetError, match=r"a\.rec is open for reading \(flag 'r'\), not for writing"):
            call()
    reader.close()
    writer = MXIndexedRecordIO(*indexed, "w")
    writer.write_idx(0, b"x")
    for call in (writer.read, lambda: writer.read_idx(0), lambda: writer.seek(0)):
        with pytest.raises(MXNetError, match=r"a\.rec is open for writing \(flag 'w'\), not for reading"):
            call()
    writer.close()
    for call in (lambda: writer.write(b""), lambda: writer.write_idx(0, b""), writer.tell, writer.flush,
                 lambda: writer.read_idx(0)):
        with pytest.raises(MXNetError, match=r"a\.rec is closed"):
            call()


def test_files_that_cannot_be_opened(tmp_path):
    for path, flag in ((tmp_path / "no.rec", "r"), (tmp_path / "no" / "a.rec", "w"), (tmp_path, "w")):
        with pytest.raises(MXNetError, match=rf"{path}: cannot be opened: "):
            MXRecordIO(path, flag)
    with pytest.raises(MXNetError, match="cannot be read: Is a directory"):
        MXRecordIO(tmp_path, "r").read()


def test_what_is_no_record(tmp_path):
    with MXRecordIO(tmp_path / "a.rec", "w") as file:
        for wrong in ("text", None, 5, np.zeros(3), [b"x"]):
            with pytest.raises(MXNetTypeError, match="a record is bytes"):
                file.write(wrong)
        file.write(bytearray(b"one"))
        file.write(memoryview(b"three")[1:])
    assert read_all(tmp_path / "a.rec") == [b"one", b"hree"]


def test_a_record_beyond_29_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(recordfile, "LIMIT", 1000)               # the true limit needs half a GB of memory
    with MXRecordIO(tmp_path / "a.rec", "w") as file:
        file.write(bytes(999))
        with pytest.raises(MXNetValueError, match=r"at most 999 bytes \(29 bits of length\), this one has 1000"):
            file.write(bytes(1000))
        assert file.tell() == 1008


def test_a_writer_that_is_dropped_writes(tmp_path):
    file = MXRecordIO(tmp_path / "a.rec", "w")
    file.write(b"abc")
    del file
    assert read_all(tmp_path / "a.rec") == [b"abc"]


def test_a_writer_alive_at_exit_writes(tmp_path):
    code = ("import sys; from mxnet import recordio; "
            "file = recordio.MXIndexedRecordIO(sys.argv[1] + '/a.idx', sys.argv[1] + '/a.rec', 'w'); "
            "file.write_idx(7, b'abc'); file.me = file")
    subprocess.run(python(code, tmp_path), check=True, timeout=120)
    with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r") as file:
        assert file.read_idx(7) == b"abc"


@pytest.mark.skipif(sys.platform != "linux", reason="needs file size limits")
def test_a_disk_that_is_full(tmp_path):
    code = """
import resource, sys
from mxnet import recordio
from mxnet.base import MXNetError
folder = sys.argv[1]
file = recordio.MXIndexedRecordIO(folder + "/a.idx", folder + "/a.rec", "w")
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
for number in range(10):
    try:
        file.write_idx(number, bytes([number]) * 150_000)
    except MXNetError as error:
        print(error)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
file.flush()
file.close()
"""
    done = subprocess.run(python(code, tmp_path), check=True, capture_output=True, text=True, timeout=120)
    assert "a.rec, byte 1000000: cannot be written: File too large" in done.stdout
    # The record that did not fit was kept, and written when there was room again.
    assert read_all(tmp_path / "a.rec") == [bytes([number]) * 150_000 for number in range(7)]


def test_importing_needs_neither_torch_nor_opencv():
    code = "import sys, mxnet.recordio; assert not {'torch', 'cv2'} & set(sys.modules)"
    subprocess.run(python(code), check=True, timeout=120)


# -- the index -------------------------------------------------------------------------------------------------------

def test_reading_by_key_moves_the_position(indexed):
    with MXIndexedRecordIO(*indexed, "r") as file:
        assert file.keys == list(range(0, 200, 2)) and list(file.idx) == file.keys
        assert file.read_idx(20) == record_of(10)
        assert file.read() == record_of(11)
        file.seek(198)
        assert file.tell() == file.idx[198]
        assert (file.read(), file.read()) == (record_of(99), None)
        file.seek(0)
        assert file.read() == record_of(0)
        file.reset()
        assert file.keys == list(range(0, 200, 2)) and file.read() == record_of(0)
    assert file.read_idx(4) == record_of(2)                      # opens a closed file, as in MXNet
    file.close()


@pytest.mark.parametrize("key", [1, -2, "0", None, (), [0]])
def test_missing_keys(indexed, key):
    with MXIndexedRecordIO(*indexed, "r") as file:
        for call in (file.read_idx, file.seek):
            with pytest.raises(MXNetKeyError, match=r"is not among the 100 keys of .*a\.idx \(keys are of type int\)"):
                call(key)


def test_keys_are_converted_and_the_last_of_two_counts(tmp_path):
    paths = tmp_path / "a.idx", tmp_path / "a.rec"
    with MXIndexedRecordIO(*paths, "w") as file:
        for key, record in ((3, b"rec3"), (1, b"rec1"), (2, b"rec2")):
            file.write_idx(key, record)
        file.write(b"plain")
        file.write_idx(3, b"dup")
        file.write_idx(1.7, b"x")
        file.write_idx("9", b"nine")
        file.write_idx(-4, b"x")
        with pytest.raises(MXNetValueError, match=r"'abc' is no key for .*a\.idx, whose keys are int"):
            file.write_idx("abc", b"x")
    # What MXNet writes for the same calls.
    assert paths[0].read_bytes() == b"3\t0\n1\t12\n2\t24\n3\t52\n1\t64\n9\t76\n-4\t88\n"
    with MXIndexedRecordIO(*paths, "r") as file:
        assert file.keys == [3, 1, 2, 3, 1, 9, -4]
        assert file.idx == {3: 52, 1: 64, 2: 24, 9: 76, -4: 88}
        assert [file.read_idx(key) for key in file.keys] == [b"dup", b"x", b"rec2", b"dup", b"x", b"nine", b"x"]


def test_keys_of_other_types(tmp_path):
    paths = tmp_path / "a.idx", tmp_path / "a.rec"
    with MXIndexedRecordIO(*paths, "w", str) as file:
        for key in ("ä 重", "100%d"):
            file.write_idx(key, key.encode())
        for key in ("", "a\tb", "a\nb", " a", "a\u2028b"):
            with pytest.raises(MXNetValueError, match="cannot stand in an index"):
                file.write_idx(key, b"")
    with MXIndexedRecordIO(*paths, "r", key_type=str) as file:
        assert {key: file.read_idx(key).decode() for key in file.keys} == {"ä 重": "ä 重", "100%d": "100%d"}
    with pytest.raises(MXNetError, match=r"a\.idx, line 1: expected a key, a tab and an offset"):
        MXIndexedRecordIO(*paths, "r")
    with MXIndexedRecordIO(*paths, "w", float) as file:
        file.write_idx(1.5, b"x")
    with MXIndexedRecordIO(*paths, "r", float) as file:
        assert file.read_idx(1.5) == b"x"


# What MXNet takes and refuses as an index.
@pytest.mark.parametrize(("text", "expected"), [
    ("1\t0\n2\t16", {1: 0, 2: 16}),
    ("1\t0\r\n2\t16\r\n", {1: 0, 2: 16}),
    ("1\t0\t5\n", {1: 0}),
    (" 1 \t 0 \n", {1: 0}),
    ("1\t0\n1\t16\n", {1: 16}),
    ("", {}),
])
def test_forms_of_an_index(indexed, text, expected):
    indexed[0].write_bytes(text.encode())
    with MXIndexedRecordIO(*indexed, "r") as file:
        assert file.idx == expected


@pytest.mark.parametrize("text", [
    "1\t0\n\n2\t16\n", "1 0\n", "1\t0.5\n", "1\n", "1\t\n", "\t0\n", "x\t0\n", "1\t-5\n", "\0\n",
    "1\t" + "9" * 10000 + "\n",
])
def test_damaged_indices(indexed, text):
    indexed[0].write_bytes(text.encode())
    with pytest.raises(MXNetError, match=r"a\.idx, line [12]: expected a key, a tab and an offset, found"):
        MXIndexedRecordIO(*indexed, "r")


def test_an_index_that_is_binary_or_missing(indexed):
    indexed[0].write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MXNetError, match=r"a\.idx: no index, as it is no UTF-8 text"):
        MXIndexedRecordIO(*indexed, "r")
    indexed[0].unlink()
    with pytest.raises(MXNetError, match=r"a\.idx: the index cannot be read: No such file"):
        MXIndexedRecordIO(*indexed, "r")
    with pytest.raises(MXNetError, match="cannot be opened"):
        MXIndexedRecordIO(indexed[0].parent / "no" / "a.idx", indexed[1], "w")
    with pytest.raises(MXNetError, match="cannot be opened"):
        MXIndexedRecordIO(indexed[0], indexed[1].parent / "no" / "a.rec", "w")


def test_an_index_of_another_file(indexed):
    size = indexed[1].stat().st_size
    for offset, match in ((2, "byte 2: expected the magic number"),
                          (size, f"byte {size}: expected the 8 bytes that start"),
                          (size + 10**9, "expected the 8 bytes that start a part, the file holds 0"),
                          (size - 4, "the file holds 4"), (10**18, "the file holds 0")):
        indexed[0].write_text(f"1\t{offset}\n")
        with MXIndexedRecordIO(*indexed, "r") as file, pytest.raises(MXNetError, match=match):
            file.read_idx(1)
    with MXIndexedRecordIO(*indexed, "r") as file, pytest.raises(MXNetError, match="behind the end of the file, where"):
        file.seek(1)
    write(indexed[1], [b"abcd" + MAGIC + b"efgh"])
    indexed[0].write_text("1\t12\n")
    with MXIndexedRecordIO(*indexed, "r") as file, pytest.raises(MXNetError, match="flag 3, expected 0 or 1"):
        file.read_idx(1)
