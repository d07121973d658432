# SPDX-License-Identifier: Apache-2.0
"""MXNet's container of arrays, the `.params` file, to and from torch tensors.

    magic 0x112, reserved (64 bits each) | number of arrays (64) | arrays | number of names (64) | names

There are no names, or as many as arrays; a name is its length (64 bits) and that many bytes of UTF-8. An array is

    magic, storage type, rank (32 bits each) | sizes (64) | type and number of the context, dtype (32) | values

in C order, all little-endian. The magic tells the version. Version 0 has neither magic nor storage type, and its sizes
have 32 bits; version 1 has no storage type; version 2 is what MXNet 1.9.1 writes; version 3 is the same under NumPy's
shape semantics, where rank 0 is a scalar. In version 2 an array of rank 0, in version 3 one of unknown size, has no
values and ends after the sizes. Row-sparse and CSR arrays carry further shapes and arrays of indices.

A file is read in two passes. The first walks over the headers, skips the values and checks every length against the
size of the file, so that nothing is allocated for a damaged one. The second reads values into the tensors' own memory.
"""
from __future__ import annotations

import io
import math
import os
import stat
import struct
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, NoReturn

import torch

from .._files import atomic_write, local_path
from ..base import MXNetError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError
from ..context import Context, cpu
from ..dtype import CODE, FROM_CODE, NAME

__all__ = ["load_tensors", "load_tensors_from_buffer", "save_tensors", "tensor_from_bytes", "tensor_to_bytes"]

_LIST_MAGIC = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_STORAGE = ("default", "row_sparse", "csr")      # by code, which is also how many arrays of indices there are
_MAX_RANK = 64                                   # torch's (and NumPy's)
_MAX_BYTES = 1 << 62
_SHRUNK = "The file became shorter while it was read"


class _Entry(NamedTuple):
    """An array as the first pass finds it. `dtype` is None for one without values."""

    offset: int
    length: int
    shape: tuple[int, ...]
    dtype: torch.dtype | None
    storage: str


class _Source:
    """A binary file of known size, read from start to end with checks, then at the places that were found."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file, self.size, self.name = file, size, name
        self.offset = 0

    def refuse(self, problem: str, offset: int | None = None) -> NoReturn:
        raise MXNetError(f"{self.name}, byte {self.offset if offset is None else offset}: {problem}")

    def skip(self, count: int, what: str) -> None:
        if count > self.size - self.offset:
            found = self.size - self.offset
            self.refuse(f"expected {count} bytes of {what}, found {found}. The file is cut or damaged")
        self.offset += count
        self.file.seek(self.offset)

    def take(self, count: int, what: str) -> bytes:
        begin = self.offset
        if count > self.size - begin:
            self.skip(count, what)
        data = self.file.read(count)
        self.offset += len(data)
        if len(data) < count:
            self.refuse(f"expected {count} bytes of {what}, found {len(data)}. {_SHRUNK}", begin)
        return data

    def number(self, form: str, what: str) -> int:
        return struct.unpack(form, self.take(struct.calcsize(form), what))[0]

    def fill(self, memory: torch.Tensor, offset: int) -> None:
        """Read from `offset` on until the bytes of `memory` are full."""
        view = memory.numpy().data
        self.file.seek(offset)
        done = 0
        while done < len(view):
            count = self.file.readinto(view[done:])          # type: ignore[attr-defined]
            if not count:
                self.refuse(f"expected {len(view)} bytes of values, found {done}. {_SHRUNK}", offset)
            done += count


# -- reading ---------------------------------------------------------------------------------------------------------

def load_tensors(path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview
                 ) -> tuple[list[torch.Tensor], list[str]]:
    """The arrays of a file (or of the bytes of one) as CPU tensors, and their names; no names if the file has none.

    What stands behind the names is ignored, as MXNet does.

    Raises MXNetError for a file that cannot be opened or is cut or damaged, with path and byte, and for arrays without
    shape and values (MXNet cannot load them either); MXNetNotImplementedError for sparse arrays; MXNetTypeError for
    what is neither path nor bytes.

    >>> import os, tempfile, torch
    >>> path = os.path.join(tempfile.mkdtemp(), "a.params")
    >>> save_tensors(path, [torch.tensor([1.0, 2.0])], ["weight"])
    >>> load_tensors(path)
    ([tensor([1., 2.])], ['weight'])
    """
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        return load_tensors_from_buffer(path_or_bytes)
    path = local_path(path_or_bytes)
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise MXNetError(f"{path}: not a regular file")
            return _load(_Source(file, status.st_size, path))
    except OSError as error:
        raise MXNetError(f"{path}: cannot be read: {error.strerror}") from error


def load_tensors_from_buffer(buffer: bytes | bytearray | memoryview) -> tuple[list[torch.Tensor], list[str]]:
    """The arrays and names in the bytes of a file; see `load_tensors`."""
    if not isinstance(buffer, (bytes, bytearray, memoryview)):
        raise MXNetTypeError(f"a buffer is bytes (or bytearray, memoryview), not {type(buffer).__name__}")
    return _load(_in_memory(buffer, "the buffer"))


def tensor_from_bytes(data: bytes | bytearray | memoryview) -> torch.Tensor:
    """The tensor of one array in the file's format, without what stands around it: the state of pickled arrays."""
    source = _in_memory(data, "the array's bytes")
    entry = _scan_array(source, 0)
    _check_loadable(entry, source.name)
    return _tensor(source, entry)


def _in_memory(data: bytes | bytearray | memoryview, name: str) -> _Source:
    return _Source(io.BytesIO(data), memoryview(data).nbytes, name)          # which shares the memory of bytes


def _load(source: _Source) -> tuple[list[torch.Tensor], list[str]]:
    entries, names = _scan(source)
    for index, entry in enumerate(entries):
        _check_loadable(entry, f"{source.name}: array {index}" + (f" ({names[index]!r})" if names else ""))
    return [_tensor(source, entry) for entry in entries], names


def _check_loadable(entry: _Entry, which: str) -> None:
    if entry.storage != "default":
        raise MXNetNotImplementedError(f"{which} is sparse ({entry.storage}, shape {entry.shape}); only dense arrays "
                                       "can be loaded so far")
    if entry.dtype is None:
        raise MXNetError(f"{which} has no shape and no values, so there is nothing to load")


def _tensor(source: _Source, entry: _Entry) -> torch.Tensor:
    assert entry.dtype is not None
    memory = torch.empty(entry.length, dtype=torch.uint8)
    if entry.length:
        source.fill(memory, entry.offset)
    values = memory.ne(0) if entry.dtype is torch.bool else memory.view(entry.dtype)     # a bool's byte may be any
    return values.reshape(entry.shape)


def _scan(source: _Source) -> tuple[list[_Entry], list[str]]:
    """Where each array is and what it is like, and the names."""
    magic, _, count = struct.unpack("<3Q", source.take(24, "magic number and number of arrays"))
    if magic != _LIST_MAGIC:
        source.refuse(f"expected the magic number 0x{_LIST_MAGIC:x}, found 0x{magic:x}. This is no file of arrays", 0)
    _check_count(source, count, "arrays")
    entries = [_scan_array(source, index) for index in range(count)]
    named = source.number("<Q", "number of names")
    if named not in (0, count):
        source.refuse(f"expected 0 or {count} names for {count} arrays, found {named}", source.offset - 8)
    _check_count(source, named, "names")
    return entries, [_scan_name(source, index) for index in range(named)]


def _check_count(source: _Source, count: int, what: str) -> None:
    if count * 4 > source.size - source.offset:              # none of them takes less
        room = source.size - source.offset
        source.refuse(f"{count} {what} cannot be in the {room} bytes that follow", source.offset - 8)


def _scan_name(source: _Source, index: int) -> str:
    data = source.take(source.number("<Q", f"length of name {index}"), f"name {index}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        source.refuse(f"name {index} is not UTF-8 ({error.reason}): {data!r:.80}", source.offset - len(data))


def _scan_array(source: _Source, index: int) -> _Entry:
    what = f"array {index}"
    begin = source.offset
    magic = source.number("<I", f"{what} (its version)")
    if magic in (_V2, _V3):
        code = source.number("<i", f"{what} (its storage type)")
        if not 0 <= code < len(_STORAGE):
            source.refuse(f"{what} has the storage type {code}; known are 0 to {len(_STORAGE) - 1}", source.offset - 4)
        stored = _scan_shape(source, what) if code else None
        rank = source.number("<i", f"{what} (its rank)")
        shape = _sizes(source, rank, "q", what, unknown=magic == _V3)
        if (magic == _V2 and rank == 0) or -1 in shape:
            return _Entry(begin, 0, shape, None, "default")
    else:
        code, stored = 0, None
        rank = source.number("<i", f"{what} (its rank)") if magic == _V1 else magic
        shape = _sizes(source, rank, "q" if magic == _V1 else "I", what)
    source.skip(8, f"{what} (its context)")
    dtype = _scan_dtype(source, what)
    aux = [(_scan_dtype(source, what), _scan_shape(source, what)) for _ in range(code)]
    if stored is not None:
        # MXNet takes the number of stored rows (or values) from the indices, and writes it without waiting for it.
        stored = (*aux[-1][1][:1], *stored[1:])
    values = shape if stored is None else stored
    offset, length = source.offset, _length(source, values, dtype, what)
    source.skip(length, f"{what} (values, {NAME[dtype]} {values})")
    for kind, sizes in aux:
        source.skip(_length(source, sizes, kind, what), f"{what} (indices, {NAME[kind]} {sizes})")
    return _Entry(offset, length, shape, dtype, _STORAGE[code])


def _scan_dtype(source: _Source, what: str) -> torch.dtype:
    code = source.number("<i", f"{what} (its dtype)")
    if code not in FROM_CODE:
        source.refuse(f"{what} has the dtype {code}; known are 0 to {max(FROM_CODE)}", source.offset - 4)
    return FROM_CODE[code]


def _scan_shape(source: _Source, what: str) -> tuple[int, ...]:
    return _sizes(source, source.number("<i", f"{what} (a rank)"), "q", what)


def _sizes(source: _Source, rank: int, form: str, what: str, unknown: bool = False) -> tuple[int, ...]:
    """`rank` sizes; with `unknown`, the rank and the sizes may be -1."""
    if unknown and rank == -1:
        return (-1,)
    if not 0 <= rank <= _MAX_RANK:
        source.refuse(f"{what} has {rank} dimensions; 0 to {_MAX_RANK} are possible", source.offset - 4)
    begin = source.offset
    form = f"<{rank}{form}"
    shape = struct.unpack(form, source.take(struct.calcsize(form), f"{what} (sizes of {rank} dimensions)"))
    if any(size < (-1 if unknown else 0) for size in shape):
        source.refuse(f"{what} has a negative size: {shape}", begin)
    return shape


def _length(source: _Source, shape: tuple[int, ...], dtype: torch.dtype, what: str) -> int:
    """How many bytes the values take. A size of 0 must not hide others that are beyond all bounds."""
    if math.prod(size for size in shape if size) * dtype.itemsize > _MAX_BYTES:
        source.refuse(f"{what} is too large: {NAME[dtype]} {shape}")
    return math.prod(shape) * dtype.itemsize


# -- writing ---------------------------------------------------------------------------------------------------------

def save_tensors(path: str | os.PathLike[str], tensors: Sequence[torch.Tensor], names: Sequence[str] = (), *,
                 contexts: Sequence[Context] | None = None, np_shape: bool = False) -> None:
    """Write tensors of any device, and their names, as MXNet 1.9.1 does, byte for byte; in one step (see `_files`).

    names: one for each tensor, or none at all.
    contexts: of each array, default cpu(0). The file keeps the type and the number of contexts on the CPU; others it
    calls cpu(0), so that it loads anywhere.
    np_shape: write version 3, which MXNet loads under NumPy's shape semantics only. It is always written where a tensor
    is a scalar, which version 2 cannot tell from an array without values.

    MXNet 1.9.1 knows no int16, uint16, uint32 and uint64: files with those are for this package and MXNet 2.

    Raises MXNetError where the file cannot be written, MXNetTypeError for a dtype (complex, float8) or a layout that
    the format does not have, MXNetValueError for names that do not fit.
    """
    path = local_path(path)
    if len(names) not in (0, len(tensors)):
        raise MXNetValueError(f"{path}: {len(names)} names for {len(tensors)} arrays; give one for each, or none")
    encoded = [_encode_name(path, name) for name in names]
    for index, tensor in enumerate(tensors):
        _check_tensor(f"{path}: array {index}" + (f" ({names[index]!r})" if names else ""), tensor)
    version = _V3 if np_shape or any(tensor.dim() == 0 for tensor in tensors) else _V2
    try:
        with atomic_write(path) as file:
            file.write(struct.pack("<3Q", _LIST_MAGIC, 0, len(tensors)))
            for tensor, context in zip(tensors, contexts or [cpu()] * len(tensors), strict=True):
                file.write(_header(tensor, context, version))
                file.write(_values(tensor))
            file.write(struct.pack("<Q", len(encoded)))
            for name in encoded:
                file.write(struct.pack("<Q", len(name)) + name)
    except OSError as error:
        raise MXNetError(f"{path}: cannot be written: {error.strerror}") from error


def tensor_to_bytes(tensor: torch.Tensor, context: Context) -> bytes:
    """One array in the file's format: what MXNet pickles, byte for byte. Raises what `save_tensors` raises."""
    _check_tensor("the array", tensor)
    return b"".join((_header(tensor, context, _V2 if tensor.dim() else _V3), _values(tensor)))


def _header(tensor: torch.Tensor, context: Context, version: int) -> bytes:
    place = (context.device_typeid, context.device_id) if context.device_type != "gpu" else (1, 0)
    rank = tensor.dim()
    return struct.pack(f"<Iii{rank}qiii", version, 0, rank, *tensor.shape, *place, CODE[tensor.dtype])


def _values(tensor: torch.Tensor) -> memoryview:
    """The bytes of the values in C order; no copy of what is contiguous on the CPU."""
    dense = tensor.detach().cpu().contiguous()
    # Strides of dimensions of size 0 or 1 are arbitrary, and `view` wants 1.
    return dense.as_strided((dense.numel(),), (1,)).view(torch.uint8).numpy().data


def _encode_name(path: str, name: str) -> bytes:
    if not isinstance(name, str):
        raise MXNetTypeError(f"{path}: the name of an array is a str, not {type(name).__name__}: {name!r:.80}")
    try:
        return name.encode()
    except UnicodeEncodeError as error:
        raise MXNetValueError(f"{path}: the name {name!r:.80} cannot be written as UTF-8 ({error.reason})") from error


def _check_tensor(which: str, tensor: torch.Tensor) -> None:
    if not isinstance(tensor, torch.Tensor):
        raise MXNetTypeError(f"{which} is no tensor but {type(tensor).__name__}")
    if tensor.dtype not in CODE:
        raise MXNetTypeError(f"{which} is {tensor.dtype}; the file format has {', '.join(NAME.values())}")
    if tensor.layout != torch.strided or tensor.device.type == "meta":
        raise MXNetTypeError(f"{which} has no dense values (layout {tensor.layout}, device {tensor.device})")
