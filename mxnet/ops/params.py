# SPDX-License-Identifier: Apache-2.0
"""Operator parameters: from Python values or the strings of a symbol file to typed values, and back to text.

Each kind (an annotation of a kernel) has one codec, made once when the operator is declared.
"""
from __future__ import annotations

import ast
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
import torch

from ..context import Context
from ..dtype import as_torch

Decoder = Callable[[Any], Any]


class _Required:
    def __repr__(self) -> str:
        return "<required>"


class _NullType:
    """The value that stands for 'not given' in MXNet's generated functions."""

    def __repr__(self) -> str:
        return "_Null"


REQUIRED = _Required()
_Null = _NullType()


@dataclass(frozen=True)
class Range:
    """Marks a number's allowed interval, both ends included."""

    low: float = float("-inf")
    high: float = float("inf")


class Params(Mapping[str, Any]):
    """The parsed parameters of one node, complete with defaults: read-only attributes, hashable."""

    __slots__ = ("__dict__", "_hash")

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "_hash":
            raise AttributeError(f"parameters are read-only; {name!r} cannot be set")
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:          # only reached for what is not there
        raise AttributeError(f"no parameter {name!r}; there are {list(self.__dict__)}")

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)

    def __hash__(self) -> int:
        try:
            return object.__getattribute__(self, "_hash")
        except AttributeError:
            self._hash = hash(tuple(self.__dict__.items()))
            return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Params) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        return f"Params({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


@dataclass(frozen=True)
class Param:
    """One parameter: its name, annotation, default (or REQUIRED) and decoder."""

    name: str
    kind: Any
    default: Any
    decode: Decoder

    @classmethod
    def of(cls, name: str, kind: Any, default: Any = REQUIRED) -> Param:
        return cls(name, kind, default, decoder(kind))

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def text(self) -> str:
        """The kind in words, for documentation and error messages."""
        return kind_text(self.kind)

    def value(self, given: Any) -> Any:
        """Decode, with None as 'the default' where None is no value of this kind. Raises ValueError."""
        if given is None or given == "None":
            try:
                return self.decode(None)
            except (ValueError, TypeError):
                if self.default is REQUIRED:
                    raise
                return self.default
        return self.decode(given)


def decoder(kind: Any) -> Decoder:
    """The function that turns a Python value or an attribute string into a `kind`, or raises ValueError."""
    origin, options = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _ranged(decoder(options[0]), [m for m in options[1:] if isinstance(m, Range)])
    if origin is Literal:
        return _choice(options)
    if origin in (Union, types.UnionType):
        (inner,) = (option for option in options if option is not type(None))
        return _optional(decoder(inner))
    if origin is tuple:
        return _tuple_of(decoder(options[0]))
    return _SCALARS[kind]


def _ranged(inner: Decoder, ranges: list[Range]) -> Decoder:
    def decode(given: Any) -> Any:
        value = inner(given)
        for limits in ranges:
            for item in value if isinstance(value, tuple) else (value,):
                if item is not None and not limits.low <= item <= limits.high:
                    raise ValueError(f"{value} is outside of [{limits.low:g}, {limits.high:g}]")
        return value
    return decode if ranges else inner


def _choice(options: tuple[Any, ...]) -> Decoder:
    by_text = {str(option): option for option in options}

    def decode(given: Any) -> Any:
        try:
            return by_text[str(given)]
        except KeyError:
            raise ValueError(f"expected one of {', '.join(map(repr, options))}") from None
    return decode


def _optional(inner: Decoder) -> Decoder:
    def decode(given: Any) -> Any:
        return None if given is None or given == "None" else inner(given)
    return decode


def _tuple_of(inner: Decoder) -> Decoder:
    def decode(given: Any) -> tuple[Any, ...]:
        if isinstance(given, str):
            given = _literal(given)
        if isinstance(given, (int, float, np.generic)) and not isinstance(given, bool):
            given = (given,)
        if given is None or isinstance(given, (bool, dict, set)):
            raise ValueError("expected a tuple")
        return tuple([inner(item) for item in given])
    return decode


_LONG = re.compile(r"(?<=\d)L\b")        # Python 2 wrote long integers as 3L into symbol files


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(_LONG.sub("", text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("expected a tuple such as (2, 2)") from None


def _int(given: Any) -> int:
    if isinstance(given, str):
        return int(_LONG.sub("", given))
    try:
        value = int(given)
    except OverflowError:
        raise ValueError("expected a whole number") from None
    if value != given:
        raise ValueError("expected a whole number")
    return value


def _float(given: Any) -> float:
    if isinstance(given, str) and given.lower() in ("true", "false"):
        return float(given.lower() == "true")
    return float(given)


_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def _bool(given: Any) -> bool:
    try:
        return _TRUTH[str(given).lower()]
    except KeyError:
        raise ValueError("expected True or False") from None


def _str(given: Any) -> str:
    if given is None:
        raise ValueError("expected a string")
    return str(given)


def _dtype(given: Any) -> torch.dtype:
    if isinstance(given, str) and given.isdigit():
        given = int(given)
    if given is None:
        raise ValueError("expected an element type")
    return as_torch(given)


def _context(given: Any) -> Context | None:
    if given is None or given == "":
        return None
    return given if isinstance(given, Context) else Context.from_text(str(given))


def _any(given: Any) -> Any:
    return given


_SCALARS: dict[Any, Decoder] = {
    int: _int, float: _float, bool: _bool, str: _str, torch.dtype: _dtype, Context: _context, Any: _any, object: _any,
}


def attr_text(value: Any) -> str:
    """The text of a parameter in a symbol file, spelled as MXNet's Python front end spells it."""
    if isinstance(value, (torch.dtype, np.dtype)) or (isinstance(value, type) and issubclass(value, np.generic)):
        return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else np.dtype(value).name
    if isinstance(value, (list, tuple)):
        inner = ", ".join(attr_text(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if len(value) == 1 else f"({inner})"
    return str(value)


def kind_text(kind: Any) -> str:
    """An annotation in words: `int in [1, inf]`, `tuple of int`, `'null' or 'batch'`."""
    origin, options = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits = [f" in [{m.low:g}, {m.high:g}]" for m in options[1:] if isinstance(m, Range)]
        return kind_text(options[0]) + "".join(limits)
    if origin is Literal:
        return " or ".join(repr(option) for option in options)
    if origin in (Union, types.UnionType):
        return " or ".join("None" if option is type(None) else kind_text(option) for option in options)
    if origin is tuple:
        return f"tuple of {kind_text(options[0])}"
    return {torch.dtype: "dtype", Context: "Context", Any: "any value"}.get(kind, getattr(kind, "__name__", str(kind)))
