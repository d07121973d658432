# SPDX-License-Identifier: Apache-2.0
"""Building a front end's namespaces: a function for every operator under every name."""
from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from . import catalog
from .registry import Operator

Function = Callable[..., Any]


def build(make: Callable[[Operator, str], Function]) -> dict[str, dict[str, Function]]:
    """For each namespace, its functions by public name; an operator's function under one name is made once."""
    made: dict[tuple[int, str], Function] = {}
    result: dict[str, dict[str, Function]] = {}
    for namespace, operators in catalog.placed().items():
        result[namespace] = {}
        for public, operator in operators.items():
            key = (id(operator), public)
            if key not in made:
                made[key] = make(operator, public)
            result[namespace][public] = made[key]
    return result


def module_of(functions: Mapping[str, Function], parent: str, name: str, doc: str) -> types.ModuleType:
    """A module object that holds one namespace, importable as `parent.name`."""
    made = types.ModuleType(f"{parent}.{name}", doc)
    made.__dict__.update(functions)
    made.__all__ = sorted(functions)                     # type: ignore[attr-defined]
    sys.modules[made.__name__] = made
    return made
