# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.save`, `mx.nd.load` and `mx.nd.load_frombuffer`: files of arrays, byte for byte as MXNet has them."""
from __future__ import annotations

import os
from typing import Any

import torch

from ..base import MXNetTypeError, MXNetValueError
from ..context import cpu
from .handle import NDArrayBase, wrap
from .serialization import load_tensors, load_tensors_from_buffer, save_tensors

__all__ = ["load", "load_frombuffer", "save"]


def save(fname: str | os.PathLike[str], data: Any) -> None:
    """Write one array, a list of arrays, or a dict of arrays by name, to a file that MXNet reads too.

    Parameters
    ----------
    fname : str or path-like
        The file. It is replaced in one step: a process that dies meanwhile leaves the old one.
    data : NDArray, list of NDArray, or dict of str to NDArray
        Arrays of any shape, dtype and context; those on accelerators are written as cpu(0).

    Raises MXNetValueError for other data, MXNetTypeError for names or items of another type, MXNetError where the file
    cannot be written.

    >>> import mxnet as mx, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.params")
    >>> mx.nd.save(path, {"w": mx.nd.ones((2, 3))})
    >>> mx.nd.load(path)["w"].shape
    (2, 3)
    """
    if isinstance(data, NDArrayBase):
        names, arrays = [], [data]
    elif isinstance(data, dict):
        names, arrays = list(data), list(data.values())
    elif isinstance(data, list):
        names, arrays = [], data
    else:
        raise MXNetValueError(f"save takes an NDArray, a list of NDArray or a dict of str to NDArray, not "
                              f"{type(data).__name__}")
    for name in names:
        if not isinstance(name, str):
            raise MXNetTypeError(f"save names arrays by str, not by {type(name).__name__}: {name!r:.80}")
    for key, array in zip(names or range(len(arrays)), arrays):
        if not isinstance(array, NDArrayBase):
            raise MXNetTypeError(f"save writes NDArray, and item {key!r:.80} is {type(array).__name__}")
    save_tensors(fname, [array._tensor for array in arrays], names, contexts=[array._ctx for array in arrays])


def load(fname: str | os.PathLike[str]) -> list[Any] | dict[str, Any]:
    """The arrays of a file written by `save` here or by any version of MXNet, on cpu(0).

    Returns a dict by name where the file has names (of a name that it has twice, the last), else a list; a list, too,
    for a file without arrays.

    Raises MXNetError for files that cannot be read, are cut or damaged, MXNetNotImplementedError for sparse arrays.

    >>> import mxnet as mx, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.params")
    >>> mx.nd.save(path, [mx.nd.zeros((2,)), mx.nd.ones((3,))])
    >>> [array.shape for array in mx.nd.load(path)]
    [(2,), (3,)]
    """
    if isinstance(fname, (bytes, bytearray, memoryview)):
        raise MXNetTypeError("load takes the name of a file; use load_frombuffer for its bytes")
    return _wrapped(*load_tensors(fname))


def load_frombuffer(buf: bytes | bytearray | memoryview) -> list[Any] | dict[str, Any]:
    """The arrays in the bytes of a file; see `load`.

    >>> import mxnet as mx, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.params")
    >>> mx.nd.save(path, mx.nd.ones((3,)))
    >>> with open(path, "rb") as file:
    ...     mx.nd.load_frombuffer(file.read())[0].shape
    (3,)
    """
    return _wrapped(*load_tensors_from_buffer(buf))


def _wrapped(tensors: list[torch.Tensor], names: list[str]) -> list[Any] | dict[str, Any]:
    arrays = [wrap(tensor, cpu()) for tensor in tensors]
    return dict(zip(names, arrays)) if names else arrays
