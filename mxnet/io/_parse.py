# SPDX-License-Identifier: Apache-2.0
"""Parameters of registered iterators, which may come as strings, out of configuration files."""
from __future__ import annotations

import ast
import dataclasses
import warnings
from typing import Any

from ..base import MXNetTypeError


def warn_unknown(name: str, given: dict[str, Any]) -> None:
    """MXNet's iterators take any parameter and say nothing; this says that it changes nothing."""
    if given:
        warnings.warn(f"{name}: unknown parameters are left out: {', '.join(given)}", UserWarning, stacklevel=3)


def parse(kind: type[Any], name: str, given: dict[str, Any]) -> Any:
    """An instance of `kind` from the arguments of a call, strings among them read as MXNet reads them.

    Unknown parameters are left out with a warning; MXNet leaves them out silently.
    """
    known = {field.name: str(field.type) for field in dataclasses.fields(kind) if field.init}
    unknown = {key: value for key, value in given.items() if key not in known}
    if unknown:
        warn_unknown(name, unknown)
    made = kind(**{key: convert(name, key, value, known[key]) for key, value in given.items() if key in known})
    made.check()
    return made


def convert(name: str, key: str, value: Any, kind: str) -> Any:
    """A parameter `key` of the iterator `name`, strings read as MXNet reads them; `kind` is its type as it is written.

    Raises MXNetTypeError for what cannot be read so.
    """
    try:
        if "None" in kind and (value is None or value == "None"):
            return None
        if kind.startswith("tuple"):
            value = ast.literal_eval(value.replace("L", "")) if isinstance(value, str) else value
            value = value if isinstance(value, (tuple, list)) else (value,)
            return tuple(map(float if "float" in kind else int, value))
        if kind == "bool":
            return value.lower() in ("true", "1") if isinstance(value, str) else bool(value)
        if kind.startswith("int"):
            return int(value)
        if kind.startswith("float"):
            return float(value)
        if key == "dtype":
            return value if isinstance(value, str) else value.__name__ if isinstance(value, type) else str(value)
        return str(value)
    except (ValueError, TypeError, SyntaxError) as error:
        raise MXNetTypeError(f"{name}: {key} is of type {kind}, not {value!r:.80} ({error})") from None
