# SPDX-License-Identifier: Apache-2.0
"""Errors, and the small names that programs import from `mxnet.base`."""
from __future__ import annotations

import difflib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["MXNetAssertionError", "MXNetAssertionTypeError", "MXNetError", "MXNetIndexError", "MXNetKeyError",
           "MXNetNotImplementedError", "MXNetTypeError", "MXNetValueError", "NotImplementedForSymbol", "nearest"]


class MXNetError(RuntimeError):
    """Base of every error that this package raises on its own account."""


class MXNetValueError(MXNetError, ValueError):
    """An argument has the right type and a value that cannot be used."""


class MXNetTypeError(MXNetError, TypeError):
    """An argument has a type (or an array a dtype) that cannot be used."""


class MXNetAssertionError(MXNetValueError, AssertionError):
    """An argument, or the state that a call needs, that MXNet holds to by `assert`: programs catch AssertionError."""


class MXNetAssertionTypeError(MXNetTypeError, AssertionError):
    """An argument of a type that cannot be used, where MXNet checks by `assert`."""


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
basestring, long = str, int          # of Python 2, as MXNet has them
numeric_types = (float, int, np.generic)
integer_types = (int, np.integer)

error_types: dict[str, type] = {kind.__name__: kind for kind in (
    ValueError, TypeError, AttributeError, IndexError, NotImplementedError, NotImplementedForSymbol)}


class NotSupportedForSparseNDArray(MXNetNotImplementedError):
    """An NDArray member that sparse arrays do not have."""

    def __init__(self, function, alias=None, *args) -> None:
        name = getattr(function, "__name__", str(function))
        also = f" (which {alias} stands for)" if alias else ""
        kinds = f" with arguments {', '.join(map(str, args))}" if args else ""
        super().__init__(f"{name}{also} is not defined for sparse arrays{kinds}")


def register_error(func_name: Any = None, cls: type | None = None) -> Any:
    """Make an error class known by name in `error_types`; a decorator, with or without a name."""
    if isinstance(func_name, type):
        error_types[func_name.__name__] = func_name
        return func_name

    def decorate(kind: type) -> type:
        error_types[func_name or kind.__name__] = kind
        return kind
    return decorate if cls is None else decorate(cls)


def _as_list(obj: Any) -> list:
    """A list or tuple as it is, anything else as the only item of a list."""
    return obj if isinstance(obj, (list, tuple)) else [obj]                 # type: ignore[return-value]


def data_dir_default() -> str:
    """The directory for downloaded files: `~/.mxnet`, on Windows `mxnet` below the application data."""
    if os.name == "nt":
        return os.path.join(os.environ.get("APPDATA", os.path.expanduser("~")), "mxnet")
    return os.path.join(os.path.expanduser("~"), ".mxnet")


def data_dir() -> str:
    """The directory for downloaded files: the environment's MXNET_HOME, or the default."""
    return os.environ.get("MXNET_HOME", data_dir_default())


class classproperty:
    """A decorator: a property of the class, not of its instances."""

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func.__func__ if isinstance(func, (classmethod, staticmethod)) else func

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self.func(type(instance) if owner is None else owner)


def with_metaclass(meta: type, *bases: type) -> Any:
    """A base class that gives its subclasses these bases and this metaclass."""
    class Made(meta):
        def __new__(cls, name: str, _: Any, members: dict[str, Any]) -> Any:
            return meta(name, bases, members)
    return type.__new__(Made, "temporary_class", (), {})


def build_param_doc(arg_names: Sequence[str], arg_types: Sequence[str], arg_descs: Sequence[str],
                    remove_dup: bool = True) -> str:
    """The Parameters section of a docstring; with `remove_dup`, a name that comes again is left out."""
    lines, seen = ["Parameters", "----------"], set()
    for name, kind, text in zip(arg_names, arg_types, arg_descs):
        if (name in seen and remove_dup) or name == "num_args":
            continue
        seen.add(name)
        lines.append(f"{name} : {kind}")
        if text:
            lines.append(f"    {text}")
    return "\n".join(lines) + "\n"


def add_fileline_to_docstring(module: Any, incursive: bool = True) -> None:
    """Append to each docstring in a module (a name or the module) the file and line that it is from."""
    scope = sys.modules[module] if isinstance(module, str) else module
    for item in list(vars(scope).values()):
        if getattr(item, "__module__", None) != getattr(scope, "__name__", None) and not inspect.isclass(scope):
            continue
        if inspect.isfunction(item) and item.__doc__ and "From:" not in item.__doc__:
            code = item.__code__
            item.__doc__ += f"\n\nFrom:{code.co_filename}:{code.co_firstlineno}"
        elif inspect.isclass(item) and incursive:
            add_fileline_to_docstring(item, False)


_OF_PARAMS = ("_Null", "_NullType")


def __getattr__(name: str) -> Any:
    """What stands in modules that need this one first: the names around the C library, and `_Null`."""
    if name in _OF_PARAMS:
        from .ops import params
        return getattr(params, name)
    if not name.startswith("__"):
        from . import _clib
        if name in vars(_clib):
            return getattr(_clib, name)
    raise AttributeError(f"module 'mxnet.base' has no attribute {name!r}")
