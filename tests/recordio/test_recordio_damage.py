# SPDX-License-Identifier: Apache-2.0
"""Damaged RecordIO files: clear errors, and the tolerant mode."""
from __future__ import annotations

import struct

import numpy as np
import pytest
from recordfiles import MAGIC, head, read_all, record_of, write

from mxnet.base import MXNetError
from mxnet.recordio import MXIndexedRecordIO, MXRecordIO, pack, unpack

WHOLE = head(0, 3) + b"abc\0" + head(0, 25) + b"defgh" * 5 + b"\0\0\0"


@pytest.mark.parametrize(("data", "match"), [
    (b"xxxx" + WHOLE, r"byte 0: expected the magic number 0xced7230a, found 0x78787878"),
    (b"abc", r"byte 0: expected the 8 bytes that start a part, the file holds 3"),
    (WHOLE[:14], r"byte 12: expected the 8 bytes that start a part, the file holds 2"),
    (WHOLE[:19], r"byte 12: expected the 8 bytes that start a part, the file holds 7"),
    (WHOLE[:-8], r"byte 12: a part of 25 bytes, 28 with its padding, of which the file holds 20"),
    (WHOLE[:11], r"byte 0: a part of 3 bytes, 4 with its padding, of which the file holds 3"),
    (head(0, (1 << 29) - 1) + b"abcd", r"byte 0: a part of 536870911 bytes, .* of which the file holds 4"),
    (head(1, 4) + b"abcd", r"byte 12: expected the 8 bytes that start a part, the file holds 0"),
    (head(2, 4) + b"abcd", r"byte 0: a part with flag 2, expected 0 or 1"),
    (head(3, 4) + b"abcd", r"byte 0: a part with flag 3, expected 0 or 1"),
    (head(5, 4) + b"abcd", r"byte 0: a part with flag 5, expected 0 or 1"),
    (head(1, 4) + b"abcd" + WHOLE, r"byte 12: a part with flag 0, expected 2 or 3"),
    (head(1, 4) + b"abcd" + head(1, 0) + head(3, 0), r"byte 12: a part with flag 1, expected 2 or 3"),
])
def test_damage_is_told_with_its_place(tmp_path, data, match):
    (tmp_path / "a.rec").write_bytes(data)
    with MXRecordIO(tmp_path / "a.rec", "r") as file:
        for _ in range(2):
            with pytest.raises(MXNetError, match=r"a\.rec, " + match):
                while file.read() is not None:
                    pass


def test_an_empty_file_has_no_records(tmp_path):
    assert write(tmp_path / "a.rec", []) == b""
    assert read_all(tmp_path / "a.rec") == []


@pytest.mark.parametrize(("start", "end", "new", "lost", "stretches"), [
    (0, 4, b"xxxx", {0}, 1),                                     # the magic number of the first
    (4, 8, struct.pack("<I", 5000), {0}, 1),                     # a length that leads beyond the next
    (4, 8, struct.pack("<I", 1), {0}, 1),                        # a length that is too short
    (4, 8, struct.pack("<I", (1 << 29) - 1), {0}, 1),            # a length beyond the end
    (4, 8, struct.pack("<I", 3 << 29 | 11), {0}, 1),             # a flag
    (0, 0, b"junk at the beginning", set(), 1),
    (0, 20, b"", {0}, 0),                                        # a record that is not there leaves no trace
    (-4, None, b"", {99}, 1),                                    # a cut end
    (9_000, 19_000, bytes(10_000), None, 1),                     # a stretch of zeros
    (9_001, 19_002, b"", None, 1),                               # a stretch that is missing
])
def test_the_tolerant_mode_goes_on_behind_damage(indexed, start, end, new, lost, stretches):
    data = bytearray(indexed[1].read_bytes())
    data[start:len(data) if end is None else end] = new
    indexed[1].write_bytes(data)
    file = MXRecordIO(indexed[1], "r", on_error="skip")
    found = list(iter(file.read, None))
    originals = [record_of(number) for number in range(100)]
    if lost is None:
        # The record in which zeros begin may pass as whole, only its content is not.
        missing = len(originals) - len(set(found) & set(originals))
        assert 0 < missing < 35 and len([record for record in found if record not in originals]) <= 1
    else:
        assert found == [record for number, record in enumerate(originals) if number not in lost]
    assert file.skipped == stretches and (file.skipped_bytes > 0) == (stretches > 0)
    assert file.read() is None and file.skipped == stretches
    file.reset()
    assert (file.skipped, file.skipped_bytes) == (0, 0)
    file.close()


def test_the_tolerant_mode_counts_stretches(indexed):
    with MXIndexedRecordIO(*indexed, "r") as file:
        offsets = list(file.idx.values())
    data = bytearray(indexed[1].read_bytes())
    for number in (10, 11, 50):
        data[offsets[number] + 2] ^= 1
    indexed[1].write_bytes(data)
    with MXIndexedRecordIO(*indexed, "r", on_error="skip") as file:
        found = list(iter(file.read, None))
        # A record counts as whole when another follows, so each stretch takes along the one before it.
        assert found == [record_of(number) for number in range(100) if number not in (9, 10, 11, 49, 50)]
        assert file.skipped == 2
        assert file.skipped_bytes == offsets[12] - offsets[9] + offsets[51] - offsets[49]
        with pytest.raises(MXNetError, match=f"byte {offsets[10]}: expected the magic number"):
            file.read_idx(20)
        assert file.read_idx(18) == record_of(9)


def test_the_tolerant_mode_on_long_damaged_files(tmp_path, payloads):
    data = bytearray(write(tmp_path / "a.rec", payloads))
    rng = np.random.RandomState(1)
    for at in rng.randint(0, len(data), 40):
        data[at:at + 16] = rng.bytes(16)
    (tmp_path / "a.rec").write_bytes(data)
    found = read_all(tmp_path / "a.rec", on_error="skip")
    assert len(set(found) & set(payloads)) > 200
    (tmp_path / "a.rec").write_bytes(MAGIC * 100_000)            # many places where a record could start, and none does
    assert read_all(tmp_path / "a.rec", on_error="skip") == []
    (tmp_path / "a.rec").write_bytes((MAGIC + struct.pack("<I", 300_000)) * 100_000)
    read_all(tmp_path / "a.rec", on_error="skip")


def test_mutated_files_end_in_records_or_a_clear_error(tmp_path):
    """What MXNet says of damage is an MXNetError too; nothing else may come out, nor may reading not end."""
    path, index = tmp_path / "a.rec", tmp_path / "a.idx"
    with MXIndexedRecordIO(index, path, "w") as file:
        for number, record in enumerate((b"abc", b"abcd" + MAGIC + b"xyz", b"", MAGIC * 3, b"z" * 50)):
            file.write_idx(number, pack((0, number, number, 0), record))
    original, lines = path.read_bytes(), index.read_bytes()
    rng = np.random.RandomState(0)
    errors = 0
    for turn in range(1500):
        data = mutate(rng, original)
        path.write_bytes(data)
        if turn % 4 == 0:
            index.write_bytes(mutate(rng, lines))
        try:
            with MXRecordIO(path, "r") as file:
                read_some(file, len(data))
        except MXNetError as error:
            errors += 1
            assert "a.rec, byte " in str(error)
        with MXRecordIO(path, "r", on_error="skip") as file:
            read_some(file, len(data))
            assert 0 <= file.skipped_bytes <= len(data) and file.tell() == len(data)
        try:
            with MXIndexedRecordIO(index, path, "r") as indexed_file:
                for key in indexed_file.keys:
                    unpack(indexed_file.read_idx(key))
        except MXNetError:
            errors += 1
    assert errors > 1000


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, kind = int(rng.randint(0, len(data) + 1)), rng.randint(0, 5)
        if kind == 0:
            data[at:at + 1] = bytes([int(rng.randint(0, 256))])
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at:at + int(rng.randint(1, 9))]
        elif kind == 3:
            data[at:at] = rng.bytes(int(rng.randint(1, 9)))
        elif len(data) >= 4:
            at = int(rng.randint(0, len(data) - 3)) & ~3
            data[at:at + 4] = (MAGIC, b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x1f")[rng.randint(0, 4)]
    return bytes(data)


def read_some(file, size):
    records = list(iter(file.read, None))
    assert sum(map(len, records)) <= size
