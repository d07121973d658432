# SPDX-License-Identifier: Apache-2.0
"""The functions of `mx.sym` and the methods of Symbol, one for each declared operator."""
from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from .._random_front import Front, functions
from ..ndarray.generate import METHODS
from ..ops import catalog
from ..ops.namespaces import build, module_of
from . import arithmetic
from .compose import make_function
from .symbol import Symbol

catalog.load()
FUNCTIONS = build(make_function)


def function(name: str, public: str | None = None) -> Callable[..., Symbol]:
    """The symbol function of an operator by its registered name (or of one of its aliases, `public`)."""
    namespace, short = catalog.place(public or name)
    return FUNCTIONS[namespace][short]


def module(parent: str, name: str, doc: str) -> Any:
    """A module object that holds one namespace, importable as `parent.name`."""
    return module_of(FUNCTIONS[name], parent, name, doc)


def random_module(parent: str) -> types.ModuleType:
    """The namespace `random`: distributions whose parameters are numbers or arrays, and the operators below them."""
    everything = {name: made for functions in FUNCTIONS.values() for name, made in functions.items()}
    fronts = functions(Front(everything, Symbol, False))
    return module_of({**FUNCTIONS["random"], **fronts}, parent, "random", "Random numbers.")


def _transpose(self: Symbol, *axes: Any, **kwargs: Any) -> Symbol:
    """The axes permuted: `x.transpose()`, `x.transpose((1, 0))`, `axes=`."""
    if len(axes) == 1 and isinstance(axes[0], (list, tuple)):
        axes = tuple(axes[0])
    if axes:
        kwargs["axes"] = tuple(axes)
    return FUNCTIONS["op"]["transpose"](self, **kwargs)


def install_methods() -> None:
    """Put operators on Symbol, as methods and as Python's own operators."""
    from .creation import split_v2
    for name in (*METHODS, "broadcast_to", "expand_dims", "flatten", "squeeze"):
        if name not in Symbol.__dict__ and name in FUNCTIONS["op"]:
            setattr(Symbol, name, FUNCTIONS["op"][name])
    Symbol.transpose = _transpose                        # type: ignore[attr-defined]
    Symbol.split_v2 = split_v2                           # type: ignore[attr-defined]
    arithmetic.install(Symbol)
