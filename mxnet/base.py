# SPDX-License-Identifier: Apache-2.0
"""Errors, and the small names that programs import from `mxnet.base`."""
from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np

__all__ = ["MXNetError", "MXNetIndexError", "MXNetKeyError", "MXNetNotImplementedError", "MXNetTypeError",
           "MXNetValueError", "NotImplementedForSymbol", "nearest"]


class MXNetError(RuntimeError):
    """Base of every error that this package raises on its own account."""


class MXNetValueError(MXNetError, ValueError):
    """An argument has the right type and a value that cannot be used."""


class MXNetTypeError(MXNetError, TypeError):
    """An argument has a type (or an array a dtype) that cannot be used."""


class MXNetIndexError(MXNetError, IndexError):
    """An index lies outside of the array, list or file that it points into."""


class MXNetKeyError(MXNetError, KeyError):
    """A name is not among those that are known."""

    def __str__(self) -> str:        # KeyError would print the repr of the message
        return RuntimeError.__str__(self)


class MXNetNotImplementedError(MXNetError, NotImplementedError):
    """MXNet has it, this package does not (yet): see the status table in the README."""


class NotImplementedForSymbol(MXNetNotImplementedError):
    """An NDArray member that has no meaning on a Symbol."""

    def __init__(self, function, alias=None, *args) -> None:
        name = getattr(function, "__name__", str(function))
        also = f" (which {alias} stands for)" if alias else ""
        kinds = f" with arguments {', '.join(map(str, args))}" if args else ""
        super().__init__(f"{name}{also} needs values, and a Symbol has none: it is not defined{kinds}")


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the closest of the known names, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


string_types = (str,)
numeric_types = (float, int, np.generic)
integer_types = (int, np.integer)
