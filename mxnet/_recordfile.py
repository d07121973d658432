# SPDX-License-Identifier: Apache-2.0
"""The bytes of RecordIO files: records to parts and back, reading by position, writing at the end.

A file is a sequence of parts, each a multiple of four bytes long, all numbers little-endian:

    magic 0xced7230a (32 bits) | flag (3 bits) and length (29 bits) | payload | zeros up to a multiple of 4

A record is one part with flag 0. A payload that holds the magic number at a multiple of four bytes is cut there and the
magic number left out: such a record has parts with the flags 1, 2, ..., 2, 3. An aligned magic number in a file thus
always starts a part, which makes it possible to find the next record behind damage. Records of 2**29 bytes or more
cannot be written (the reader puts a magic number between parts, so a cut at any other place is not possible).

Reading is by position (`pread`): there is no file offset that threads or forked processes could move under each other.
Writing collects whole records in memory and hands them to the system some hundred KB at a time.
"""
from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from .base import MXNetError, MXNetTypeError, MXNetValueError

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
LIMIT = 1 << 29                                  # lengths have 29 bits
PART = struct.Struct("<II")                      # what a part starts with: magic number, flag and length
WINDOW = 1 << 18                                 # bytes read ahead: fits into the second-level cache of a core
PEEK = 1 << 12                                   # bytes read where one record of unknown length is wanted
HELD_BACK = 1 << 17                              # bytes collected before they are written

_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)        # what the flag of a part says
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")      # by length % 4


_seeking = threading.Lock()


def _seek_and_read(fd: int, count: int, offset: int) -> bytes:
    """`os.pread`, for systems without it."""
    with _seeking:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, count)


_pread: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)


class DamagedRecordError(MXNetError):
    """What stands at a place in the file is no record; the tolerant mode goes on behind it."""


class Source:
    """A record file open for reading. It keeps no position, so that all threads may read through it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = _open(path, os.O_RDONLY)

    def size(self) -> int:
        return os.fstat(self.fd).st_size

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset` on, fewer only at the end of the file."""
        if count > WINDOW:                      # a damaged length must not reserve memory for bytes that are not there
            count = max(0, min(count, self.size() - offset))
        try:
            data = _pread(self.fd, count, offset)
            while len(data) < count and (more := _pread(self.fd, count - len(data), offset + len(data))):
                data += more
        except OSError as error:
            raise MXNetError(f"{self.path}, byte {offset}: cannot be read: {error.strerror}") from error
        return data

    def record(self, offset: int, window: bytes, base: int) -> tuple[bytes, int]:
        """The record at `offset`, and the offset of the next; `window` is what the file holds from `base` on.

        Raises DamagedRecordError for what is not a whole record.
        """
        spans, following = self.spans(offset, window, base)
        pieces = []
        for start, length in spans:
            inside = base <= start and start + length <= base + len(window)
            piece = window[start - base:start - base + length] if inside else self.read(start, length)
            if len(piece) < length:
                self._refuse(start, f"expected {length} bytes, found {len(piece)}: the file became shorter meanwhile")
            pieces.append(piece)
        return (pieces[0] if len(pieces) == 1 else MAGIC_BYTES.join(pieces)), following

    def spans(self, offset: int, window: bytes, base: int) -> tuple[list[tuple[int, int]], int]:
        """Start and length of the pieces of payload of the record at `offset`, and the offset of the next record."""
        spans: list[tuple[int, int]] = []
        at, expected = offset, (_WHOLE, _FIRST)
        while True:
            if not base <= at <= base + len(window) - 8:
                window, base = self.read(at, PEEK), at
            flag, length = self._part(window[at - base:at - base + 8], at)
            if flag not in expected:
                self._refuse(at, f"a part with flag {flag}, expected {expected[0]} or {expected[1]}")
            start, at = at + 8, at + 8 + (length + 3 & ~3)
            if at > base + len(window) and at > (size := self.size()):
                self._refuse(start - 8, f"a part of {length} bytes, {at - start} with its padding, of which the file "
                                        f"holds {size - start}")
            spans.append((start, length))
            if flag in (_WHOLE, _LAST):
                return spans, at
            expected = (_MIDDLE, _LAST)

    def _part(self, head: bytes, at: int) -> tuple[int, int]:
        """Flag and length out of the eight bytes that start a part."""
        if len(head) < 8:
            self._refuse(at, f"expected the 8 bytes that start a part, the file holds {len(head)}")
        magic, word = PART.unpack(head)
        if magic != MAGIC:
            self._refuse(at, f"expected the magic number 0x{MAGIC:08x}, found 0x{magic:08x}")
        return word >> 29, word & LIMIT - 1

    def _refuse(self, at: int, problem: str) -> NoReturn:
        raise DamagedRecordError(f"{self.path}, byte {at}: {problem}. The file is damaged or no RecordIO file, or the "
                                 "offset comes from the index of another file")

    def candidates(self, offset: int) -> Iterator[int]:
        """Where, from `offset` on, the magic number stands."""
        while len(data := self.read(offset, WINDOW)) >= 8:
            found = data.find(MAGIC_BYTES)
            while found >= 0:
                yield offset + found
                found = data.find(MAGIC_BYTES, found + 4)
            offset += len(data) - 3              # one may lie across the end

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)


_LONG = 1 << 12                                  # mean length of pieces that makes joining them the slower way
_MANY = 1000                                     # systems take about so many pieces at once
_writev: Callable[[int, list[bytes]], int] | None = getattr(os, "writev", None)


class Sink:
    """A file that grows at its end. It holds bytes back until `flush`; `follower` is a sink to be flushed after it.

    In a process forked meanwhile it does nothing: what is held back belongs to the parent.
    """

    def __init__(self, path: str, follower: Sink | None = None) -> None:
        self.path, self.follower, self.process = path, follower, os.getpid()
        self.pending: list[bytes] = []
        self.held = self.written = 0             # bytes in `pending`, bytes in the file
        self.fd = _open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def append(self, piece: bytes) -> None:
        self.pending.append(piece)
        self.held += len(piece)

    def flush(self) -> None:
        if self.process != os.getpid():
            return
        done = 0
        try:
            if _writev and len(self.pending) <= _MANY and self.held > _LONG * len(self.pending):
                done = _writev(self.fd, self.pending)
            if done < self.held:
                data = memoryview(b"".join(self.pending))
                while done < self.held:
                    done += os.write(self.fd, data[done:])
        except OSError as error:
            with contextlib.suppress(OSError):   # back to the end of a record, so that a second try is right
                os.ftruncate(self.fd, self.written)
                os.lseek(self.fd, self.written, os.SEEK_SET)
            raise MXNetError(f"{self.path}, byte {self.written + done}: cannot be written: {error.strerror}") from error
        self.written += done
        self.held = 0
        self.pending.clear()
        if self.follower:
            self.follower.flush()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            for sink in filter(None, (self, self.follower)):
                with contextlib.suppress(OSError):
                    os.close(sink.fd)


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as error:
        raise MXNetError(f"{path}: cannot be opened: {error.strerror}") from error


def encode(payload: bytes) -> list[bytes]:
    """What the file holds for a record, in pieces to be joined. Raises MXNetValueError beyond 29 bits of length."""
    length = len(payload)
    if length >= LIMIT:
        raise MXNetValueError(f"a record holds at most {LIMIT - 1} bytes (29 bits of length), this one has {length}")
    cuts = _aligned_magic(payload)
    if not cuts:
        return [PART.pack(MAGIC, length), payload, _PADDING[length & 3]]
    pieces: list[bytes] = []
    flag = _FIRST
    for start, end in zip([0, *(cut + 4 for cut in cuts)], [*cuts, length], strict=True):
        if start > cuts[-1]:
            flag = _LAST
        pieces += (PART.pack(MAGIC, flag << 29 | end - start), payload[start:end], _PADDING[end - start & 3])
        flag = _MIDDLE
    return pieces


def _aligned_magic(payload: bytes) -> list[int]:
    """Where the payload holds the magic number at a multiple of four bytes."""
    if len(payload) < 2048 and MAGIC_BYTES not in payload:      # longer ones NumPy searches faster
        return []
    return (np.flatnonzero(np.frombuffer(payload, "<u4", len(payload) // 4) == MAGIC) * 4).tolist()


def as_bytes(payload: Any) -> bytes:
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload)
    raise MXNetTypeError(f"a record is bytes (or bytearray, memoryview), not {type(payload).__name__}: {payload!r:.80}")
