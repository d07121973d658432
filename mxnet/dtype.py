# SPDX-License-Identifier: Apache-2.0
"""Element types: MXNet's names and codes, NumPy's types and torch's, and the way between them."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .base import MXNetTypeError, nearest

# name: (code in MXNet's files and schemas, torch type)
_TABLE = {
    "float32": (0, torch.float32), "float64": (1, torch.float64), "float16": (2, torch.float16),
    "uint8": (3, torch.uint8), "int32": (4, torch.int32), "int8": (5, torch.int8), "int64": (6, torch.int64),
    "bool": (7, torch.bool), "int16": (8, torch.int16), "uint16": (9, torch.uint16), "uint32": (10, torch.uint32),
    "uint64": (11, torch.uint64), "bfloat16": (12, torch.bfloat16),
}
TORCH = {name: kind for name, (_, kind) in _TABLE.items()}
NAME = {kind: name for name, kind in TORCH.items()}
CODE = {kind: code for code, kind in _TABLE.values()}
FROM_CODE = {code: kind for code, kind in _TABLE.values()}

# What `NDArray.dtype` gives: NumPy's scalar classes, as in MXNet (`x.dtype == np.float32`). NumPy has no bfloat16.
NUMPY: dict[torch.dtype, Any] = {
    kind: np.bool_ if name == "bool" else getattr(np, name) for name, kind in TORCH.items() if name != "bfloat16"
}
NUMPY[torch.bfloat16] = torch.bfloat16
_BY_NUMPY = {np.dtype(kind): name for name, kind in ((n, NUMPY[t]) for n, t in TORCH.items()) if name != "bfloat16"}

_cache: dict[Any, torch.dtype] = {}


def as_torch(dtype: Any) -> torch.dtype:
    """The torch dtype for a name, a NumPy dtype or scalar class, a Python type, a torch dtype or an MXNet code.

    `None` is float32, MXNet's default. Raises MXNetTypeError (a TypeError) for anything else.
    """
    try:
        return _cache[dtype]
    except (KeyError, TypeError):
        kind = _resolve(dtype)
        _cache[dtype] = kind
        return kind


def _resolve(dtype: Any) -> torch.dtype:
    if dtype is None:
        return torch.float32
    if isinstance(dtype, torch.dtype):
        if dtype in NAME:
            return dtype
    elif isinstance(dtype, str) and dtype in TORCH:
        return TORCH[dtype]
    elif isinstance(dtype, int) and not isinstance(dtype, bool) and dtype in FROM_CODE:
        return FROM_CODE[dtype]
    else:
        try:
            return TORCH[_BY_NUMPY[np.dtype(dtype)]]
        except (TypeError, KeyError, ValueError, SyntaxError):       # text that NumPy tries to read as a list
            pass
    hint = nearest(dtype, TORCH) if isinstance(dtype, str) else ""
    raise MXNetTypeError(f"{dtype!r} is not an element type; known are {', '.join(TORCH)}.{hint}")


def as_numpy(dtype: Any) -> Any:
    """The NumPy scalar class for anything that `as_torch` takes (bfloat16: torch's own, NumPy has none)."""
    return NUMPY[as_torch(dtype)]


def name_of(dtype: Any) -> str:
    """MXNet's name of an element type: `"float32"`, `"uint8"`, ..."""
    return NAME[as_torch(dtype)]
