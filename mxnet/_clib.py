# SPDX-License-Identifier: Apache-2.0
"""The names that programs import from `mxnet.base` to talk to MXNet's C library: there is none here.

Types and conversions are real (they are ctypes' own); what would call the library says so when it is called.
"""
from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .base import MXNetError, MXNetNotImplementedError, MXNetTypeError

mx_int, mx_uint, mx_int64 = ctypes.c_int, ctypes.c_uint, ctypes.c_int64
mx_float, mx_real_t = ctypes.c_float, np.float32
mx_float_p = ctypes.POINTER(mx_float)
NDArrayHandle = SymbolHandle = ExecutorHandle = OpHandle = FunctionHandle = CachedOpHandle = ctypes.c_void_p
DataIterCreatorHandle = DataIterHandle = KVStoreHandle = RecordIOHandle = RtcHandle = ProfileHandle = ctypes.c_void_p
CudaModuleHandle = CudaKernelHandle = DLPackHandle = ctypes.c_void_p


class MXCallbackList(ctypes.Structure):
    """The structure in which callbacks are handed to the C library."""

    _fields_ = (("num_callbacks", ctypes.c_int),
                ("callbacks", ctypes.POINTER(ctypes.CFUNCTYPE(ctypes.c_int))),
                ("contexts", ctypes.POINTER(ctypes.c_void_p)))


class _Function:
    """A function of the C library; can be declared (`restype`, `argtypes`), not called."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any) -> Any:
        raise MXNetNotImplementedError(f"{self.name}: there is no C library below this package; use the Python API")


class _Library:
    """Stands for the C library: every name is a function that says, when called, that it is not there."""

    def __getattr__(self, name: str) -> _Function:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _Function(name)
        setattr(self, name, made)
        return made

    def __repr__(self) -> str:
        return "<no C library: this package runs on PyTorch>"


_LIB = _Library()


def check_call(ret: int | None) -> None:
    """Raise MXNetError when a call of the C library returned anything but 0."""
    if ret:
        raise get_last_ffi_error()


def get_last_ffi_error() -> MXNetError:
    """The error of the last call of the C library: that there is none."""
    return MXNetError("the C library reports an error, but there is no C library below this package")


def c2pyerror(err_msg: str) -> tuple[str, str | None]:
    """An error message of the C library and the type that it names, None if it names none."""
    kind = err_msg.split(":", 1)[0]
    return err_msg, kind if kind.isidentifier() and kind.endswith("Error") else None


def py_str(x: bytes | str) -> str:
    """Bytes as text; text as it is, since monitors get names as text here."""
    return x if isinstance(x, str) else x.decode("utf-8")


def c_str(string: str) -> ctypes.c_char_p:
    """Text as a C string.

    >>> c_str("a").value
    b'a'
    """
    return ctypes.c_char_p(string.encode("utf-8"))


def c_str_array(strings: Sequence[str]) -> Any:
    """A C array of C strings."""
    return (ctypes.c_char_p * len(strings))(*[text.encode("utf-8") for text in strings])


def c_array(ctype: Any, values: Sequence[Any]) -> Any:
    """A C array.

    >>> list(c_array(ctypes.c_int, [1, 2]))
    [1, 2]
    """
    return (ctype * len(values))(*values)


def c_array_buf(ctype: Any, buf: Any) -> Any:
    """A C array on the memory of a buffer, such as an `array.array`."""
    return (ctype * len(buf)).from_buffer(buf)


def c_handle_array(objs: Iterable[Any]) -> Any:
    """A C array of handles. Raises MXNetNotImplementedError: arrays and symbols have none here."""
    raise MXNetNotImplementedError("c_handle_array: arrays and symbols of this package have no C handles")


def ctypes2buffer(cptr: Any, length: int) -> bytearray:
    """A copy of `length` bytes behind a pointer to char. Raises TypeError for other pointers."""
    if not isinstance(cptr, ctypes.POINTER(ctypes.c_char)):
        raise MXNetTypeError(f"ctypes2buffer takes a pointer to c_char, not {type(cptr).__name__}")
    return bytearray(ctypes.string_at(cptr, length))


def ctypes2numpy_shared(cptr: Any, shape: Sequence[int]) -> np.ndarray:
    """A float32 array of the given shape on the memory behind a pointer to float. Raises TypeError for others."""
    if not isinstance(cptr, mx_float_p):
        raise MXNetTypeError(f"ctypes2numpy_shared takes a pointer to c_float, not {type(cptr).__name__}")
    return np.ctypeslib.as_array(cptr, shape=tuple(shape))
