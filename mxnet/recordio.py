# SPDX-License-Identifier: Apache-2.0
"""RecordIO files (`.rec`) with their index (`.idx`), byte for byte those of MXNet and dmlc-core.

The format of the records is `_recordfile`'s subject. An index is a text file with a line `key <tab> offset` for each
record, in the order of writing.

A `.rec` file grows at its end, so it cannot come into being in one step. Whole records are handed to the system some
hundred KB at a time, and the lines of the index after the records that they point to. A process that dies therefore
leaves records up to some point, the last of them torn at worst, and an index that knows no record that is not there
(its own last line may be torn). `flush` and `close` hand over what is held back.

This module needs NumPy only; OpenCV is imported by the first `pack_img` or `unpack_img`.
"""
from __future__ import annotations

import itertools
import numbers
import os
import struct
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._files import local_path
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
from .base import MXNetError, MXNetKeyError, MXNetTypeError, MXNetValueError, nearest

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["HEADER", "IRHeader", "MXIndexedRecordIO", "MXRecordIO", "pack", "pack_img", "unpack", "unpack_img"]

# The process that this module runs in: comparing two integers is cheaper than asking the system for every record.
_process = os.getpid()
_opening = threading.Lock()


def _after_fork() -> None:
    global _process, _opening
    _process, _opening = os.getpid(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# -- record files ----------------------------------------------------------------------------------------------------

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
            raise MXNetError(f"{self.uri} is open for {'writing' if self.writable else 'reading'} (flag {self.flag!r})"
                             f", not for {'writing' if writing else 'reading'}")

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


# -- what the records of data sets hold ------------------------------------------------------------------------------

_IR_FORMAT = "IfQQ"
_IR_SIZE = struct.calcsize(_IR_FORMAT)
_IR = struct.Struct(_IR_FORMAT)


class HEADER(NamedTuple):
    """What stands before the data (an image, mostly) of a record. Public under MXNet's name `IRHeader`.

    flag: how many numbers the label has where it is an array, 0 where it is one number (`pack` sees to it).
    label: a float, or a 1-dimensional float32 array.
    id, id2: integers of 64 bits without sign; `id` is the record's, MXNet leaves `id2` at 0.

    >>> import mxnet as mx
    >>> mx.recordio.IRHeader(0, 4.0, 2574, 0)
    HEADER(flag=0, label=4.0, id=2574, id2=0)
    """

    flag: int
    label: float | np.ndarray
    id: int
    id2: int


IRHeader = HEADER            # MXNet prints it as HEADER, and this module must know that name for pickle


def pack(header: HEADER | tuple[Any, ...], s: bytes) -> bytes:
    """A record's bytes: the header, then, where the label is not one number, its values as float32, then `s`.

    header: an IRHeader or a tuple of its four fields. The label is a number, or anything array-like, which is taken as
    float32 in C order, whatever its shape; `flag` is set to fit.

    Raises MXNetValueError and MXNetTypeError for headers that do not fit, MXNetTypeError where `s` is not bytes.

    >>> import mxnet as mx
    >>> mx.recordio.unpack(mx.recordio.pack(mx.recordio.IRHeader(0, 4.0, 7, 0), b"data"))
    (HEADER(flag=0, label=4.0, id=7, id2=0), b'data')
    """
    _, label, number, number2 = _fields(header)
    flag, values = 0, b""
    if not isinstance(label, numbers.Number):
        try:
            array = np.asarray(label, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise MXNetTypeError(f"a label is a number or an array of numbers, not {label!r:.80}") from error
        flag, values, label = array.size, array.tobytes(), 0.0
    try:
        head = _IR.pack(flag, label, number, number2)
    except (struct.error, TypeError, OverflowError) as error:
        raise MXNetValueError(f"{header!r:.200}: a header needs real numbers as label, and ids between 0 and 2**64 - 1 "
                              f"({error})") from error
    return head + values + (s if type(s) is bytes else as_bytes(s))


def _fields(header: Any) -> tuple[Any, ...]:
    if isinstance(header, tuple) and len(header) == len(HEADER._fields):
        return header
    raise MXNetTypeError(f"a header is an IRHeader, or a tuple (flag, label, id, id2), not {header!r:.80}")


def unpack(s: bytes) -> tuple[HEADER, bytes]:
    """The header and the data of a record that `pack` made.

    With `flag` 0 the label is a float, else a read-only float32 array of `flag` values.

    Raises MXNetValueError for a record too short to hold what its header says, MXNetTypeError for what is not bytes.

    >>> import mxnet as mx
    >>> header, data = mx.recordio.unpack(mx.recordio.pack((0, [1.0, 2.0], 7, 0), b"data"))
    >>> header.label, data
    (array([1., 2.], dtype=float32), b'data')
    """
    if not isinstance(s, (bytes, bytearray, memoryview)):
        as_bytes(s)
    if len(s) < _IR_SIZE:
        raise MXNetValueError(f"a record starts with a header of {_IR_SIZE} bytes, this one has {len(s)} in all")
    flag, label, number, number2 = _IR.unpack_from(s)
    start = _IR_SIZE
    if flag:
        start += 4 * flag
        if len(s) < start:
            raise MXNetValueError(f"the header of a record says that a label of {flag} numbers follows "
                                  f"({4 * flag} bytes), but {len(s) - _IR_SIZE} bytes do")
        label = np.frombuffer(s, np.float32, flag, _IR_SIZE)
    return HEADER(flag, label, number, number2), s[start:]


def pack_img(header: HEADER | tuple[Any, ...], img: np.ndarray, quality: int = 95, img_fmt: str = ".jpg") -> bytes:
    """A record's bytes with an image, encoded by OpenCV.

    img: (height, width) or (height, width, channels), uint8, channels in OpenCV's order (blue, green, red).
    quality: of JPEG, 1 to 100; for PNG the compression, 0 to 9 (more counts as 9).
    img_fmt: the suffix that names the format, `".jpg"`, `".png"` or another one that OpenCV writes.

    Raises MXNetValueError where OpenCV cannot encode.

    >>> import mxnet as mx, numpy as np
    >>> record = mx.recordio.pack_img((0, 4.0, 7, 0), np.zeros((8, 6, 3), np.uint8), img_fmt=".png")
    >>> mx.recordio.unpack_img(record)[1].shape
    (8, 6, 3)
    """
    cv2 = _opencv("pack_img")
    option = {".jpg": "IMWRITE_JPEG_QUALITY", ".jpeg": "IMWRITE_JPEG_QUALITY", ".png": "IMWRITE_PNG_COMPRESSION"}
    chosen = option.get(str(img_fmt).lower())
    if chosen == "IMWRITE_PNG_COMPRESSION":
        quality = max(0, min(9, quality))        # as OpenCV does with the default, but without its warning
    try:
        done, data = cv2.imencode(img_fmt, img, [getattr(cv2, chosen), quality] if chosen else [])
    except (cv2.error, TypeError) as error:
        done, data = False, error
    if not done:
        shape = getattr(img, "shape", None)
        raise MXNetValueError(f"OpenCV cannot encode {type(img).__name__} {'' if shape is None else shape} as "
                              f"{img_fmt!r} with quality {quality!r}: {data}")
    return pack(header, data.tobytes())


def unpack_img(s: bytes, iscolor: int = -1) -> tuple[HEADER, Any]:
    """The header of a record and its image, decoded by OpenCV.

    iscolor: OpenCV's flag: -1 as the file has it, 0 grey (height, width), 1 colour (height, width, 3) in the order
    blue, green, red.

    As in MXNet, the image is None where the data is none that OpenCV knows. Raises what `unpack` raises, and
    MXNetValueError for a record without data.
    """
    header, data = unpack(s)
    if not len(data):
        raise MXNetValueError(f"the record {header} has no data behind its header, so it holds no image")
    cv2 = _opencv("unpack_img")
    try:
        return header, cv2.imdecode(np.frombuffer(data, np.uint8), iscolor)
    except cv2.error as error:
        raise MXNetValueError(f"OpenCV cannot decode the image of the record {header}: {error}") from error


def _opencv(need: str) -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise MXNetError(f"{need} needs OpenCV (pip install opencv-python-headless), and importing cv2 failed: "
                         f"{error}") from error
    return cv2
