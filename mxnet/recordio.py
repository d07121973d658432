# SPDX-License-Identifier: Apache-2.0
"""RecordIO files (`.rec`) with their index (`.idx`), byte for byte those of MXNet and dmlc-core.

The format of the records is `_recordfile`'s subject, what the records of data sets hold `_recorddata`'s. An index is a
text file with a line `key <tab> offset` for each record, in the order of writing.

A `.rec` file grows at its end, so it cannot come into being in one step. Whole records are handed to the system some
hundred KB at a time, and the lines of the index after the records that they point to. A process that dies therefore
leaves records up to some point, the last of them torn at worst, and an index that knows no record that is not there
(its own last line may be torn). `flush` and `close` hand over what is held back.

This module needs NumPy only; OpenCV is imported by the first `pack_img` or `unpack_img`.
"""
from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ._files import local_path
from ._old_names import lend
from ._recorddata import _IR_FORMAT as _IR_FORMAT
from ._recorddata import _IR_SIZE as _IR_SIZE
from ._recorddata import HEADER, IRHeader, pack, pack_img, unpack, unpack_img
from ._recordfile import (
    HELD_BACK,
    LIMIT,
    MAGIC,
    MAGIC_BYTES,
    PART,
    PEEK,
    WINDOW,
    DamagedRecordError,
    Sink,
    Source,
    as_bytes,
    encode,
)
from .base import MXNetAssertionError, MXNetError, MXNetKeyError, MXNetValueError, nearest

__all__ = ["HEADER", "IRHeader", "MXIndexedRecordIO", "MXRecordIO", "pack", "pack_img", "unpack", "unpack_img"]

# The process that this module runs in: comparing two integers is cheaper than asking the system for every record.
_process = os.getpid()
_opening = threading.Lock()


def _after_fork() -> None:
    global _process, _opening
    _process, _opening = os.getpid(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class MXRecordIO:
    """Read or write the records of a `.rec` file one after the other.

    Parameters
    ----------
    uri : str or path-like
        The file. Opening it for writing empties it, as in MXNet.
    flag : {"r", "w"}
        Read or write.
    on_error : {"raise", "skip"}, default "raise"
        What `read` does where the file is damaged: raise, or go on with the next record that is whole and followed by
        another one or by the end of the file.

    Attributes
    ----------
    is_open : bool
        Whether the file is open. `reset` opens a closed one again.
    skipped, skipped_bytes : int
        With `on_error="skip"`: how many damaged stretches `read` passed over since the file was opened, and their
        bytes. A stretch may have been several records.

    A process that is forked while the file is open must call `reset` before it reads or writes; MXNetError otherwise.
    A pickled reader starts again at the first record; a writer cannot be pickled while it is open. Several threads
    must not call `read`, or `write`, of one object at once.

    Raises MXNetError (a file that cannot be opened, read or written, or is damaged; with its path and the byte),
    MXNetValueError (`flag`, `on_error`), MXNetTypeError (`uri`).

    >>> import mxnet as mx, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.rec")
    >>> with mx.recordio.MXRecordIO(path, "w") as record:
    ...     record.write(b"first")
    >>> mx.recordio.MXRecordIO(path, "r").read()
    b'first'
    """

    is_open = False
    on_error = "raise"
    pid: int | None = None                       # of the process that may go on from where reading or writing stands
    skipped = skipped_bytes = 0
    _file: Any = None                            # a Source or a Sink
    _window, _base = b"", 0                      # bytes read ahead, and the offset of the first of them
    _next = 0                                    # offset of the record to be read
    _ahead = WINDOW                             # how many bytes to read ahead

    def __init__(self, uri: str | os.PathLike[str], flag: str, *, on_error: str = "raise") -> None:
        self.uri = local_path(uri)
        self.flag = _choice("flag", flag, ("r", "w"))
        self.on_error = _choice("on_error", on_error, ("raise", "skip"))
        self.open()

    @property
    def writable(self) -> bool:
        """Whether the file is open for writing (`flag="w"`)."""
        return self.flag == "w"

    def open(self) -> None:
        """Open the file at its start; for writing, empty it. One that is open is closed before."""
        self.close()
        self._file = self._open_file()
        self._window, self._base, self._next, self._ahead = b"", 0, 0, WINDOW
        self.skipped = self.skipped_bytes = 0
        # Closes, too, when this object is collected, and when the interpreter ends.
        self._close = weakref.finalize(self, self._file.close)
        self.is_open, self.pid = True, _process

    def _open_file(self) -> Source | Sink:
        return Sink(self.uri) if self.writable else Source(self.uri)

    def close(self) -> None:
        """Write what is held back and close the file. A closed one stays as it is."""
        if self.is_open:
            self.is_open, self.pid, self._window = False, None, b""
            self._close()

    def reset(self) -> None:
        """Close and open again: reading starts at the first record, writing with an empty file (as in MXNet)."""
        self.open()

    def flush(self) -> None:
        """Hand what is held back to the system, where other readers of the file see it."""
        self._check(writing=True)
        self._file.flush()

    def tell(self) -> int:
        """The offset, in bytes, of the record that is written or read next."""
        self._check(self.writable)
        return self._file.written + self._file.held if self.writable else self._next

    def write(self, buf: bytes) -> None:
        """Append a record. Raises MXNetValueError for 2**29 bytes or more, MXNetTypeError for what is not bytes."""
        if self.pid != _process or self.flag != "w":
            self._check(writing=True)
        sink = self._file
        pieces = encode(buf if type(buf) is bytes else as_bytes(buf))
        sink.pending += pieces
        sink.held += sum(map(len, pieces))
        if sink.held >= HELD_BACK:
            sink.flush()

    def read(self) -> bytes | None:
        """The next record, or None behind the last one.

        Raises MXNetError, with the byte where it stands, for one that is damaged or cut; so does every further call.
        With `on_error="skip"`, damage is passed over and counted.
        """
        # Nearly all records lie within the window. Whatever else there is has an empty window or fails a comparison.
        window, at = self._window, self._next - self._base
        if 0 <= at <= len(window) - 8 and self.pid == _process and self.on_error == "raise":
            magic, length = PART.unpack_from(window, at)
            following = at + 8 + (length + 3 & ~3)
            if magic == MAGIC and length < LIMIT and following <= len(window):
                self._next = self._base + following
                return window[at + 8:at + 8 + length]
        self._check(writing=False)
        return self._read_tolerant() if self.on_error == "skip" else self._read_further()

    def _read_further(self) -> bytes | None:
        begin = self._next
        self._window, self._base = self._file.read(begin, self._ahead), begin
        if not self._window:
            return None
        record, self._next = self._file.record(begin, self._window, begin)
        # Reading ahead would read long records twice.
        self._ahead = PEEK if self._next - begin > WINDOW // 4 else WINDOW
        return record

    def _read_tolerant(self) -> bytes | None:
        source, begin = self._file, self._next
        for at in itertools.chain((begin,), source.candidates(begin + 4)):
            if not self._base <= at <= self._base + len(self._window) - 8:
                self._window, self._base = source.read(at, WINDOW), at
            try:
                following = source.spans(at, self._window, self._base)[1]
                # A damaged length shows by what comes behind, and must show before the payload is read.
                if self._peek(following) not in (b"", MAGIC_BYTES):
                    continue
                record, _ = source.record(at, self._window, self._base)
            except DamagedRecordError:
                continue
            self._pass_over(begin, at)
            self._next = following
            return record
        self._next = max(begin, source.size())
        self._pass_over(begin, self._next)
        return None

    def _peek(self, offset: int) -> bytes:
        """The four bytes at `offset`; none where the file ends with fewer (so that the tail counts as damage)."""
        start = offset - self._base
        found = self._window[start:start + 4]
        if len(found) < 4:
            found = self._file.read(offset, 4)
        return found if len(found) == 4 else b""

    def _pass_over(self, begin: int, end: int) -> None:
        self.skipped += end > begin
        self.skipped_bytes += end - begin

    def _check(self, writing: bool) -> None:
        """Raise unless the file is open, in this process, for what is to be done."""
        if not self.is_open:
            raise MXNetError(f"{self.uri} is closed; reset() opens it again")
        if self.pid != _process:
            raise MXNetError(f"{self.uri} was opened by process {self.pid}, this is process {_process}, forked from "
                             "it: call reset() first" + (" (which empties the file)" if self.writable else ""))
        if writing != self.writable:
            raise MXNetAssertionError(f"{self.uri} is open for {'writing' if self.writable else 'reading'} (flag "
                                      f"{self.flag!r}), not for {'writing' if writing else 'reading'}")

    def __enter__(self) -> MXRecordIO:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        if self.is_open and self.writable:
            raise MXNetError(f"{self.uri} is being written: a copy would empty it. Close it first")
        return {"uri": self.uri, "flag": self.flag, "is_open": self.is_open, "on_error": self.on_error}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, is_open=False)
        if state["is_open"] and not self.writable:
            self.open()


class MXIndexedRecordIO(MXRecordIO):
    """A `.rec` file with an index (`.idx`: a line `key <tab> offset` for each record), for reading in any order.

    Parameters
    ----------
    idx_path : str or path-like
        The index. Opening it for writing empties it.
    uri, flag, on_error
        As for MXRecordIO. `on_error="skip"` is about `read`; `read_idx` always raises for a damaged record, because
        another record in its place would be the wrong one.
    key_type : callable, default int
        Makes a key of the text in the index, and of what is given to `write_idx`.

    Attributes
    ----------
    keys : list
        The keys in the order of the file.
    idx : dict
        Offset by key. Of a key that was written twice, the last.

    `read_idx` may be called by any number of threads at once, and, like `seek`, in forked processes without a `reset`;
    both open a closed file again.

    Raises, beyond what MXRecordIO raises: MXNetKeyError (a key that is not in the index), MXNetValueError (a key that
    `key_type` does not take, or that cannot stand in an index), MXNetError (an index that is damaged; with the line).

    >>> import mxnet as mx, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> files = os.path.join(folder, "a.idx"), os.path.join(folder, "a.rec")
    >>> with mx.recordio.MXIndexedRecordIO(*files, "w") as record:
    ...     for key in range(3):
    ...         record.write_idx(key, b"record %d" % key)
    >>> record = mx.recordio.MXIndexedRecordIO(*files, "r")
    >>> record.keys, record.read_idx(2)
    ([0, 1, 2], b'record 2')
    """

    def __init__(self, idx_path: str | os.PathLike[str], uri: str | os.PathLike[str], flag: str,
                 key_type: Callable[[Any], Any] = int, *, on_error: str = "raise") -> None:
        self.idx_path = local_path(idx_path)
        self.key_type = key_type
        self.idx: dict[Any, int] = {}
        self.keys: list[Any] = []
        super().__init__(uri, flag, on_error=on_error)

    def _open_file(self) -> Source | Sink:
        self.idx, self.keys = {}, []
        if not self.writable:
            source = Source(self.uri)
            try:
                self._load_index()
            except BaseException:
                source.close()
                raise
            return source
        index = Sink(self.idx_path)
        try:
            return Sink(self.uri, follower=index)
        except BaseException:
            index.close()
            raise

    def _load_index(self) -> None:
        try:
            with open(self.idx_path, encoding="utf-8", newline="\n") as file:
                for number, line in enumerate(file, 1):
                    self._load_line(number, line)
        except OSError as error:
            raise MXNetError(f"{self.idx_path}: the index cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise MXNetError(f"{self.idx_path}: no index, as it is no UTF-8 text ({error})") from error

    def _load_line(self, number: int, line: str) -> None:
        try:
            text, at = line.strip().split("\t")[:2]
            key, offset = self.key_type(text), int(at)
            if offset < 0:
                raise ValueError("the offset is negative")
        except (ValueError, TypeError, ArithmeticError) as error:
            raise MXNetError(f"{self.idx_path}, line {number}: expected a key, a tab and an offset, found {line!r:.80} "
                             f"({error})") from error
        self.idx[key] = offset
        self.keys.append(key)

    def seek(self, idx: Any) -> None:
        """Go to the record with the key `idx`; `read` gives it and those that follow."""
        self._take_over()
        offset = self._offset(idx)
        if offset >= self._file.size():
            raise MXNetError(f"{self.uri}, byte {offset}: behind the end of the file, where the index {self.idx_path} "
                             f"has the key {idx!r}. It belongs to another file, or this one is cut")
        self._next = offset

    def read_idx(self, idx: Any) -> bytes:
        """The record with the key `idx`. `read` goes on behind it."""
        self._take_over()
        offset = self._offset(idx)
        record, self._next = self._file.record(offset, self._file.read(offset, PEEK), offset)
        return record

    def write_idx(self, idx: Any, buf: bytes) -> None:
        """Append a record, and note its offset under the key `idx`."""
        self._check(writing=True)
        key = self._key(idx)
        sink = self._file
        offset = sink.written + sink.held
        self.write(buf)
        sink.follower.append(f"{key}\t{offset}\n".encode())
        self.idx[key] = offset
        self.keys.append(key)

    def _key(self, idx: Any) -> Any:
        """`idx` as a key whose text can be read back."""
        try:
            key = self.key_type(idx)
        except (ValueError, TypeError, ArithmeticError) as error:
            kind = _name(self.key_type)
            raise MXNetValueError(f"{idx!r:.80} is no key for {self.idx_path}, whose keys are {kind}") from error
        if type(key) is int:
            return key
        text = str(key)
        if text != text.strip() or text.splitlines() != [text] or "\t" in text:
            raise MXNetValueError(f"the key {text!r:.80} cannot stand in an index: it is empty, has a tab or a line "
                                  "break, or begins or ends with a space")
        return key

    def _offset(self, idx: Any) -> int:
        try:
            return self.idx[idx]
        except (KeyError, TypeError):
            raise MXNetKeyError(f"{idx!r:.80} is not among the {len(self.idx)} keys of {self.idx_path} (keys are of "
                                f"type {_name(self.key_type)})") from None

    def _take_over(self) -> None:
        """Make reading by position possible: open a closed file; a forked process may read the parent's as it is."""
        if self.pid == _process and self.flag == "r":
            return
        with _opening:
            if not self.is_open and not self.writable:
                self.open()
            elif not self.writable:
                self.pid = _process
        self._check(writing=False)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"idx_path": self.idx_path, "key_type": self.key_type, "idx": self.idx,
                                         "keys": self.keys}


def _choice(what: str, given: Any, known: tuple[str, ...]) -> str:
    if given in known:
        return given
    hint = nearest(given, known) if isinstance(given, str) else ""
    raise MXNetValueError(f"{what} is {' or '.join(map(repr, known))}, not {given!r:.80}.{hint}")


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


lend(__name__)
