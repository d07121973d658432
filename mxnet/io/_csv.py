# SPDX-License-Identifier: Apache-2.0
"""Numbers out of the text of CSV files.

A file is read into memory at once, and cut at line ends into pieces. A piece of plain numbers is read by array
operations (see `_csv_numbers`); whatever else there is (other dtypes, empty lines, damage) is read value by value,
which also tells what is wrong and where. Two threads share the pieces of a file that is large enough: they wait for
each other to get Python's lock after each array operation, so these have to be long to gain by it, longer than a cache
would like.
"""
from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from ..base import MXNetError
from ._csv_numbers import PADDING, Scan, numbers_in
from ._sources import files_of

_CELLS = 24000                  # of a piece, for one thread
_THREADS, _MOST = 2, 100000     # threads for a file of four such pieces and more, and cells of their pieces
_WINDOW = 1 << 16               # bytes in which a line end is looked for at once
_LINE = ord("\n")


def read_csv(path: str, width: int, dtype: np.dtype) -> np.ndarray:
    """The values (rows, width) of a CSV file, or of several (see `files_of`).

    Empty lines and commas at the end of a line are passed over. Raises MXNetError with the file, and with the line for
    what is no number or a row with another number of values.
    """
    parts = [part for name in files_of(path) for part in _read_file(name, width, dtype)]
    made = np.concatenate(parts) if parts else np.zeros(0, dtype)
    if not len(made):
        raise MXNetError(f"{path}: there are no rows")
    return made.reshape(-1, width)


def _read_file(name: str, width: int, dtype: np.dtype) -> list[np.ndarray]:
    text = _load(name)
    length = len(text) - 2 * PADDING
    cell = (_line_end(text, PADDING) - PADDING) / width                 # bytes, about
    threads = _THREADS if length > _THREADS * 2 * _CELLS * cell else 1
    step = _CELLS * cell if threads == 1 else length / (threads * max(round(length / (threads * _MOST * cell)), 1))
    read = partial(_numbers, text, width, dtype)
    try:
        if threads == 1:
            return list(map(read, _pieces(text, step)))
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(read, _pieces(text, step)))
    except _DamageError as damage:
        line = np.count_nonzero(text[PADDING:PADDING + damage.start] == _LINE) + damage.line
        raise MXNetError(f"{name}, line {line}: {damage}") from None


def _load(name: str) -> np.ndarray:
    """The text of a file, its last line ended, with PADDING around it."""
    try:
        with open(name, "rb", 0) as file:
            size = os.fstat(file.fileno()).st_size
            text = _padded(size)
            read = 0
            while read < size and (more := file.readinto(text[PADDING + read:PADDING + size].data)):
                read += more
            rest = file.read() if read == size else b""               # of a pipe, of what has grown
    except OSError as error:
        raise MXNetError(f"{name}: the file cannot be read: {error.strerror}") from None
    head = text[PADDING:PADDING + min(read, _line_end(text, PADDING) - PADDING)].tobytes()
    strange = b"\r" in head or head.startswith(b"\xef\xbb\xbf") or b", " in head
    ended = read == size and (not size or text[PADDING + size - 1] == _LINE)
    if not rest and not strange and ended:
        return text
    plain = text[PADDING:PADDING + read].tobytes() + rest
    plain = plain.removeprefix(b"\xef\xbb\xbf").replace(b", ", b",")
    if b"\r" in plain:
        plain = plain.replace(b"\r", b"" if b"\n" in plain else b"\n")
    if plain and not plain.endswith(b"\n"):
        plain += b"\n"
    text = _padded(len(plain))
    text[PADDING:-PADDING] = np.frombuffer(plain, np.uint8)
    return text


def _padded(size: int) -> np.ndarray:
    text = np.empty(size + 2 * PADDING, np.uint8)
    text[:PADDING] = text[PADDING + size:] = _LINE
    return text


def _line_end(text: np.ndarray, start: int) -> int:
    """Behind the first line end from `start` on. There is always one: the padding consists of them."""
    while not (found := text[start:start + _WINDOW] == _LINE).any():
        start += _WINDOW
    return start + int(found.argmax()) + 1


def _pieces(text: np.ndarray, size: float) -> Iterator[tuple[int, int]]:
    """Begin and end of the pieces of a text: whole lines, about `size` bytes."""
    length, step = len(text) - 2 * PADDING, int(size) + 1
    start = 0
    while start < length:
        end = min(_line_end(text, PADDING + min(start + step, length) - 1) - PADDING, length)
        yield start, end
        start = end


class _DamageError(Exception):
    """What is wrong in a line of the chunk that starts at a byte."""

    def __init__(self, start: int, line: int, what: str) -> None:
        super().__init__(what)
        self.start, self.line = start, line


def _numbers(text: np.ndarray, width: int, dtype: np.dtype, piece: tuple[int, int]) -> np.ndarray:
    """The numbers of a piece. Raises _DamageError."""
    made, (start, end) = None, piece
    if dtype == np.float32 or (dtype.kind in "iu" and dtype.itemsize >= 4):
        with np.errstate(over="ignore"):
            made = numbers_in(Scan(text[start:end + 2 * PADDING]), width, dtype)
    return _slowly(text[PADDING + start:PADDING + end].tobytes(), width, dtype, start) if made is None else made


def _slowly(text: bytes, width: int, dtype: np.dtype, start: int) -> np.ndarray:
    """The values of a chunk, one after the other. Raises _DamageError."""
    number = float if dtype.kind == "f" else _integer
    made = []
    for at, line in enumerate(text.split(b"\n"), 1):
        cells = line.strip().removesuffix(b",").split(b",")
        if cells == [b""]:
            continue
        try:
            values = [number(cell) for cell in cells]
        except (ValueError, OverflowError):
            raise _DamageError(start, at, f"expected numbers with commas between, found {_bad(cells, number)!r:.80}"
                               ) from None
        if len(values) != width or b"_" in line:
            raise _DamageError(start, at, f"{len(values)} values, the shape needs {width}: {line!r:.80}")
        made += values
    try:
        with np.errstate(over="ignore"):
            return np.array(made, np.float64 if dtype.kind == "f" else dtype).astype(dtype)
    except OverflowError as error:
        raise _DamageError(start, 1, f"this line, or one behind it, has a number that {dtype} does not hold ({error})"
                           ) from None


def _integer(cell: bytes) -> int:
    try:
        return int(cell)
    except ValueError:
        return int(float(cell))


def _bad(cells: list[bytes], number: object) -> str:
    """The first cell that is no number."""
    for cell in cells:
        try:
            number(cell)                          # type: ignore[operator]
        except (ValueError, OverflowError):
            return cell.decode(errors="replace")
    return ""
