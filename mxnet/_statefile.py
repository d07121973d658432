# SPDX-License-Identifier: Apache-2.0
"""Trees of plain values and arrays in one file: what a run needs to go on exactly where it was.

The file is a zip archive of stored (not compressed) members: `state.json`, the tree, in which arrays are numbers of
members, and each array's bytes, little-endian. Nothing in it is code, so reading it cannot run any; the archive's
checksums find damage. A writer replaces the file in one step.
"""
from __future__ import annotations

import json
import math
import os
import sys
import zipfile
from collections import OrderedDict, deque
from typing import Any

import numpy as np
import torch

from ._files import atomic_write, local_path
from .base import MXNetError, MXNetTypeError
from .context import Context
from .ndarray import NDArray
from .ndarray.handle import wrap

__all__ = ["load_state_of", "plain_state", "read_state", "restore_plain_state", "state_of", "write_state"]

_TREE, _VERSION = "state.json", 1
_SEQUENCES = {"tuple": tuple, "set": set, "deque": deque}
_NUMPY_KINDS = "biufc"


def plain_state(owner: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The attributes of an object that are data; functions, classes and names in `without` are left out."""
    return {name: value for name, value in vars(owner).items()
            if name not in without and not name.startswith("_cached") and not callable(value)}


def restore_plain_state(owner: Any, state: dict[str, Any]) -> None:
    """Set attributes that `plain_state` gave."""
    for name, value in state.items():
        setattr(owner, name, value)


def state_of(owner: Any) -> Any:
    """What `state_dict` of an object gives, else its attributes."""
    return owner.state_dict() if hasattr(owner, "state_dict") else plain_state(owner)


def load_state_of(owner: Any, state: Any) -> None:
    """Give back what `state_of` gave."""
    if hasattr(owner, "load_state_dict"):
        owner.load_state_dict(state)
    else:
        restore_plain_state(owner, state)


# ---- writing ----------------------------------------------------------------------------------------

class _Encoder:
    """Makes JSON of a tree, and a list of the arrays in it."""

    def __init__(self) -> None:
        self.arrays: list[memoryview] = []

    def __call__(self, value: Any, path: str) -> Any:
        if value is None or (isinstance(value, (bool, str, int, float)) and not isinstance(value, np.generic)):
            return value
        if isinstance(value, list):
            return [self(item, f"{path}[{at}]") for at, item in enumerate(value)]
        if isinstance(value, dict):
            return self._dict(value, path)
        for kind, of in _SEQUENCES.items():
            if isinstance(value, of):
                return {"$": kind, "items": [self(item, f"{path}[{at}]") for at, item in enumerate(value)]}
        if isinstance(value, NDArray):
            return {"$": "NDArray", "ctx": str(value._ctx), "tensor": self(value._tensor, path)}
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in _NUMPY_KINDS:
            return self._numpy(value)
        if isinstance(value, (bytes, bytearray)):
            return {"$": "bytes", "at": self._add(memoryview(bytes(value)))}
        if isinstance(value, Context):
            return {"$": "Context", "name": str(value)}
        raise MXNetTypeError(f"{path} is a {type(value).__name__}, which a checkpoint cannot hold: let its owner define"
                             " state_dict() and load_state_dict(state) with numbers, strings, arrays, lists and dicts")

    def _dict(self, value: dict[Any, Any], path: str) -> Any:
        ordered = isinstance(value, OrderedDict)
        if not ordered and "$" not in value and all(isinstance(key, str) for key in value):
            return {key: self(item, f"{path}.{key}") for key, item in value.items()}
        pairs = [[self(key, f"{path} (a key)"), self(item, f"{path}[{key!r}]")] for key, item in value.items()]
        return {"$": "OrderedDict" if ordered else "dict", "items": pairs}

    def _tensor(self, value: torch.Tensor) -> Any:
        flat = value.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8) if value.numel() else \
            torch.empty(0, dtype=torch.uint8)
        return {"$": "tensor", "dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape),
                "device": str(value.device), "at": self._add(flat.numpy().data)}

    def _numpy(self, value: Any) -> Any:
        little = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        return {"$": "scalar" if isinstance(value, np.generic) else "ndarray", "dtype": little.dtype.str,
                "shape": list(value.shape), "at": self._add(little.reshape(-1).view(np.uint8).data)}

    def _add(self, content: memoryview) -> int:
        self.arrays.append(content)
        return len(self.arrays) - 1


def write_state(path: str | os.PathLike[str], tree: Any) -> None:
    """Write a tree of plain values, NDArrays, tensors and NumPy arrays, atomically. Raises MXNetTypeError for others.

    >>> import os, tempfile
    >>> name = os.path.join(tempfile.mkdtemp(), "a.state")
    >>> write_state(name, {"step": 3, "weight": torch.ones(2)})
    >>> read_state(name)
    {'step': 3, 'weight': tensor([1., 1.])}
    """
    encoder = _Encoder()
    text = json.dumps({"version": _VERSION, "byteorder": sys.byteorder, "tree": encoder(tree, "state")})
    with atomic_write(local_path(path)) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number, content in enumerate(encoder.arrays):
            archive.writestr(str(number), content)
        archive.writestr(_TREE, text)


# ---- reading ----------------------------------------------------------------------------------------

class _Decoder:
    def __init__(self, archive: zipfile.ZipFile, name: str, size: int) -> None:
        self._archive, self._name = archive, name
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > size:
                raise MXNetError(f"{name}: offset {info.header_offset}: the member {info.filename!r} of "
                                 f"{info.file_size} bytes is not one that a checkpoint has")

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key: self(item) for key, item in value.items()}
        kind = value["$"]
        if kind in _SEQUENCES:
            return _SEQUENCES[kind](self(item) for item in value["items"])
        if kind in ("dict", "OrderedDict"):
            return (OrderedDict if kind == "OrderedDict" else dict)((self(key), self(item))
                                                                    for key, item in value["items"])
        return getattr(self, f"_{kind.lower()}", self._unknown)(value)

    def _unknown(self, value: dict[str, Any]) -> Any:
        raise MXNetError(f"{self._name}: {value['$']!r} is no kind of value that this version reads")

    def _bytes(self, value: dict[str, Any]) -> bytes:
        return self._archive.read(str(value["at"]))

    def _content(self, value: dict[str, Any], width: int) -> bytearray:
        content, wanted = bytearray(self._bytes(value)), math.prod(value["shape"]) * width
        if len(content) != wanted:
            raise MXNetError(f"{self._name}: the array {value['at']} has {len(content)} bytes, its shape "
                             f"{tuple(value['shape'])} needs {wanted}")
        return content

    def _tensor(self, value: dict[str, Any]) -> torch.Tensor:
        kind = getattr(torch, value["dtype"], None)
        if not isinstance(kind, torch.dtype):
            raise MXNetError(f"{self._name}: {value['dtype']!r} is no dtype")
        content = self._content(value, kind.itemsize)
        made = torch.frombuffer(content, dtype=kind) if content else torch.empty(0, dtype=kind)
        return made.reshape(value["shape"]).to(value["device"])

    def _ndarray(self, value: dict[str, Any]) -> Any:
        if "tensor" in value:
            ctx = Context.from_text(value["ctx"])
            return wrap(self(value["tensor"]).to(ctx.device), ctx)
        kind = np.dtype(value["dtype"])
        if kind.kind not in _NUMPY_KINDS:
            raise MXNetError(f"{self._name}: {value['dtype']!r} is no dtype of numbers")
        made = np.frombuffer(self._content(value, kind.itemsize), kind).reshape(value["shape"])
        return made.astype(kind.newbyteorder("="), copy=False)

    def _scalar(self, value: dict[str, Any]) -> Any:
        return self._ndarray(value)[()]

    def _context(self, value: dict[str, Any]) -> Context:
        return Context.from_text(value["name"])


def read_state(path: str | os.PathLike[str]) -> Any:
    """The tree of a file by `write_state`. Raises MXNetError naming the file for what is damaged or no such file."""
    name = local_path(path)
    try:
        with zipfile.ZipFile(name) as archive:
            decoder = _Decoder(archive, name, os.path.getsize(name))
            found = json.loads(archive.read(_TREE))
            if found["version"] != _VERSION or found["byteorder"] != sys.byteorder:
                raise MXNetError(f"{name}: version {found['version']} with {found['byteorder']}-endian arrays; this "
                                 f"machine reads version {_VERSION}, {sys.byteorder}-endian")
            return decoder(found["tree"])
    except FileNotFoundError:
        raise MXNetError(f"{name}: there is no such file") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, IndexError, EOFError, OSError, RuntimeError,
            NotImplementedError, RecursionError) as error:
        if isinstance(error, MXNetError):
            raise
        raise MXNetError(f"{name}: is no complete checkpoint: {type(error).__name__}: {error}") from None
