# SPDX-License-Identifier: Apache-2.0
"""Numbers out of the text of CSV files.

Plain decimal numbers of some thousand values are read at once by array operations: the characters that are no digits
say where the parts of each number are, and eight digits at a time become a number by three multiplications of a 64-bit
word. That gives about 16 digits, enough for float32 and small integers. Whatever else there is (other dtypes, more
digits, nan, spaces, damage) is read value by value.
"""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from .._files import local_path
from ..base import MXNetError

_CHUNK = 1 << 18                # bytes of text that are read at once: its arrays stay in a cache
_THREADS = 2                    # that read chunks; NumPy lets go of Python's lock
_BEHIND = b"\n" * 16            # at the end of the text, so that the last words can be loaded
_COMMA, _DOT, _LINE, _MINUS, _PLUS, _SMALL_E, _LARGE_E = b",.\n-+eE"
_ZERO = np.uint8(ord("0"))
_DIGITS = np.uint64(0x0F0F0F0F0F0F0F0F)
_JOIN = [(np.uint64(factor), np.uint64(shift), np.uint64(mask)) for factor, shift, mask in
         ((2561, 8, 0x00FF00FF00FF00FF), (6553601, 16, 0x0000FFFF0000FFFF), (42949672960001, 32, 0xFFFFFFFF))]
_TENTHS = np.array([float(f"1e-{power}") for power in range(17)])
_MOST = 400                     # larger exponents are 0 or infinity in every format
_POWERS = np.array([float(f"1e{power}") for power in range(-_MOST, _MOST + 1)])


def read_csv(path: str, width: int, dtype: np.dtype) -> np.ndarray:
    """The values (rows, width) of a CSV file. Empty lines and commas at the end of a line are passed over.

    Raises MXNetError with the file, and with the line for what is no number or a row with another number of values.
    """
    name = local_path(path)
    try:
        with open(name, "rb") as file:
            text = file.read() + _BEHIND
    except OSError as error:
        raise MXNetError(f"{name}: the file cannot be read: {error.strerror}") from None
    if b"\r" in text:
        text = text.replace(b"\r", b"\n" if b"\n" not in text[:-len(_BEHIND)] else b"")
    starts, length = [3 if text.startswith(b"\xef\xbb\xbf") else 0], len(text) - len(_BEHIND)
    while starts[-1] < length:
        starts.append(min(text.find(b"\n", starts[-1] + _CHUNK) + 1 or length, length))
    bounds = list(zip(starts, starts[1:]))
    read = partial(_chunk, text, width, dtype)
    try:
        if len(bounds) > 1:
            with ThreadPoolExecutor(_THREADS) as pool:
                parts = list(pool.map(read, bounds))
        else:
            parts = list(map(read, bounds))
    except _DamageError as damage:
        line = text.count(b"\n", 0, damage.start) + damage.line
        raise MXNetError(f"{name}, line {line}: {damage}") from None
    made = np.concatenate(parts) if parts else np.zeros(0, dtype)
    if not len(made):
        raise MXNetError(f"{name}: there are no rows")
    return made.reshape(-1, width)


class _DamageError(Exception):
    """What is wrong in a line of the chunk that starts at a byte."""

    def __init__(self, start: int, line: int, what: str) -> None:
        super().__init__(what)
        self.start, self.line = start, line


def _chunk(buffer: bytes, width: int, dtype: np.dtype, bounds: tuple[int, int]) -> np.ndarray:
    made = None
    if dtype == np.float32 or (dtype.kind in "iu" and dtype.itemsize >= 4):
        made = _plain(np.frombuffer(buffer, np.uint8, bounds[1] - bounds[0] + len(_BEHIND), bounds[0]), width, dtype)
    return _slowly(buffer[slice(*bounds)], width, dtype, bounds[0]) if made is None else made


def _plain(text: np.ndarray, width: int, dtype: np.dtype) -> np.ndarray | None:
    """The values of a chunk; None where it holds other than rows of plain decimal numbers."""
    length = len(text) - len(_BEHIND)
    if text[length - 1] != _LINE:                         # the last line of the file; the first line behind it ends it
        length += 1
    signs = np.flatnonzero(text[:length] - _ZERO > 9)  # places of all that is no digit
    kinds = text[signs]
    ends = np.flatnonzero((kinds == _COMMA) | (kinds == _LINE))
    lines = kinds[ends] == _LINE
    if len(ends) % width or not lines[width - 1::width].all() or np.count_nonzero(lines) * width != len(ends):
        return None
    at, starts = np.empty_like(ends), np.empty_like(ends)
    at[0], starts[0] = 0, 0
    np.add(ends[:-1], 1, out=at[1:])
    np.add(signs[ends[:-1]], 1, out=starts[1:])

    def sign(begins: np.ndarray) -> np.ndarray:
        """Whether a minus stands at the beginning; `at` and `begins` go behind a sign."""
        kind = kinds[at]
        found = (signs[at] == begins) & ((kind == _MINUS) | (kind == _PLUS))
        at[:] += found
        begins += found
        return found & (kind == _MINUS)

    negative = sign(starts)
    whole = _one(signs[at] - starts)
    number, good = _number(text, starts, whole), whole <= 8
    dots = kinds[at] == _DOT
    if dots.any():
        if dtype.kind != "f":
            return None
        starts = signs[at] + 1
        at += dots
        count = _one(np.where(dots, signs[at] - starts, 0))
        first, second = np.minimum(count, 8), np.minimum(np.maximum(count - 8, 0), 8)
        number = number + _number(text, starts, first) * _TENTHS[first]
        if np.any(second):
            number += _number(text, starts + 8, second) * _TENTHS[8 + second]
        good &= (whole + count > 0) & ((count <= 16) | (number >= 0.1))
    else:
        good &= whole > 0
    kind = kinds[at]
    exponents = (kind == _SMALL_E) | (kind == _LARGE_E)
    if exponents.any():
        if dtype.kind != "f":
            return None
        starts = signs[at] + 1
        at += exponents
        down = sign(starts)
        count = _one(np.where(exponents, signs[at] - starts, 0))
        good &= (count > 0) == exponents
        power = np.minimum(_number(text, starts, np.minimum(count, 8)), _MOST).astype(np.int64)
        good &= (power < _MOST) & (count <= 8)
        number = number * _POWERS[np.where(down, -power, power) + _MOST]
    good &= at == ends
    if not good.all():
        return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return np.where(negative, -number, number).astype(dtype)
    if dtype.kind == "u" and negative.any():
        return None
    return np.where(negative, -number.astype(np.int64), number.astype(np.int64)).astype(dtype)


def _one(counts: np.ndarray) -> Any:
    """The one number that all of them are, which makes what follows cheaper, else all."""
    return counts[0] if (counts == counts[0]).all() else counts


def _number(text: np.ndarray, starts: np.ndarray, count: Any) -> np.ndarray:
    """Numbers of up to eight digits that start at some places; `count` digits, an array or one number for all."""
    if np.max(count) <= 2:
        ends = starts + count
        number = np.where(count > 0, text[ends - 1] - _ZERO, 0)
        return (number + np.where(count > 1, (text[ends - 2] - _ZERO) * 10, 0)).astype(np.float64)
    words = np.ndarray((len(text) - 7,), "<u8", text.data, strides=(1,))[starts]
    words <<= np.asarray(64 - 8 * count).astype(np.uint64)     # zeros before the digits; 64 bits leave nothing
    words &= _DIGITS
    for factor, shift, mask in _JOIN:
        words *= factor
        words >>= shift
        words &= mask
    return words.astype(np.float64)


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
