# SPDX-License-Identifier: Apache-2.0
"""Damaged files: whatever happens to real ones, reading them ends in data or in an error of this package.

Each example damages files of each kind, by a generator seeded with its number: 600 files in all, and 120,000 with
`make fuzz`.
"""
from __future__ import annotations

import os
import random
import struct
import tempfile
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mxnet as mx

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")
WORDS = [0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xCED7230A, 1 << 29, (1 << 29) - 1, 5 << 29, 0x20202020]

def content(name: str) -> bytes:
    with open(os.path.join(FOLDER, name), "rb") as file:
        return file.read()


RECORDS, INDEX, DETECTION = content("small.rec"), content("small.idx"), content("det.rec")
PICTURES = [content(name) for name in ("0.jpg", "1.jpg", "2.png", "gray.png", "alpha.png")]
TABLE = b"".join(b"%d,%.3f,-%de-%d\n" % (row, row / 7, row, row % 5) for row in range(60))
DIGITS = struct.pack(">4I", 0x803, 10, 4, 3) + bytes(range(120)), struct.pack(">2I", 0x801, 10) + bytes(range(10))


def damage(rng: random.Random, data: bytes) -> bytes:
    """One to four changes: bits, bytes, words, pieces cut out, put in, doubled, or all behind a place gone."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(out) + 1), rng.choice((1, 2, 4, 8, 24, 100))
        kind = rng.randrange(8)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(out):
            out[at] = rng.randrange(256)
        elif kind == 2:
            out[at & ~3:(at & ~3) + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(WORDS))
        elif kind == 3:
            del out[at:at + length]
        elif kind == 4:
            out[at:at] = rng.randbytes(length)
        elif kind == 5:
            out[at:at] = out[max(0, at - length):at]
        elif kind == 6:
            del out[at:]
        else:
            at = rng.randrange(min(len(out), 40) + 1)          # headers
            out[at:at + 1] = rng.randbytes(1)
    return bytes(out)


def read_records(rng: random.Random, folder: str) -> None:
    path = write(folder, "a.rec", damage(rng, RECORDS))
    reader = mx.recordio.MXRecordIO(path, "r", on_error=rng.choice(("raise", "skip")))
    while (record := reader.read()) is not None:
        mx.recordio.unpack(record)


def read_index(rng: random.Random, folder: str) -> None:
    both = write(folder, "a.idx", damage(rng, INDEX)), write(folder, "a.rec", RECORDS)
    reader = mx.recordio.MXIndexedRecordIO(*both, "r")
    for key in reader.keys:
        reader.seek(key)
        mx.recordio.unpack(reader.read_idx(key))


def read_table(rng: random.Random, folder: str) -> None:
    path = write(folder, "a.csv", damage(rng, TABLE))
    for batch in mx.io.CSVIter(path, (3,), batch_size=7, dtype=rng.choice((None, "float64", "int32"))):
        batch.data[0].asnumpy()


def read_digits(rng: random.Random, folder: str) -> None:
    names = {name: write(folder, name, damage(rng, data)) for name, data in zip(("image", "label"), DIGITS)}
    list(mx.io.MNISTIter(**names, batch_size=2, silent=True))


def read_picture(rng: random.Random, folder: str) -> None:
    mx.image.imdecode(damage(rng, rng.choice(PICTURES)), flag=rng.randint(0, 1))


def read_batches(rng: random.Random, folder: str) -> None:
    detection = rng.random() < 0.5
    path = write(folder, "b.rec", damage(rng, DETECTION if detection else RECORDS))
    kind = mx.io.ImageDetRecordIter if detection else mx.io.ImageRecordIter
    made = kind(path_imgrec=path, data_shape=(3, 20, 20), batch_size=4, label_width=-1 if detection else 2,
                preprocess_threads=1, prefetch_buffer=1, on_error=rng.choice(("raise", "skip")), verbose=False)
    try:
        for batch in made:
            assert batch.data[0].shape == (4, 3, 20, 20)
    finally:
        made.close()


def write(folder: str, name: str, data: bytes) -> str:
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


READERS: list[Callable[[random.Random, str], None]] = [read_records, read_index, read_table, read_digits, read_picture,
                                                        read_batches]


def try_readers(seed: int, folder: str, times: int) -> int:
    """How many of the damaged files of an example could be read. Raises what is no error of this package."""
    rng, good = random.Random(seed), 0
    for reader in READERS * times:
        try:
            reader(rng, folder)
            good += 1
        except mx.MXNetError as error:
            assert len(str(error)) > 10
    return good


@given(st.integers(0, 2 ** 40))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.filterwarnings("ignore")              # NumPy's about numbers that do not fit
def test_damaged_files_end_in_data_or_an_error(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        try_readers(seed, folder, times=4 if settings().max_examples > 1000 else 1)
