# SPDX-License-Identifier: Apache-2.0
"""The functions of `mx.sym` and the methods of Symbol, one for each declared operator."""
from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from .._random_front import Front, functions
from ..base import numeric_types
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
    made = module_of({**FUNCTIONS["random"], **fronts}, parent, "random", "Random numbers, drawn anew in every run.")
    made.__dict__["numeric_types"] = numeric_types           # as in MXNet
    return made


def _reshape(self: Symbol, *shape: Any, **kwargs: Any) -> Symbol:
    """Another shape with the same values, `x.reshape((2, 3))` or `x.reshape(2, 3)`; codes as in `NDArray.reshape`."""
    if shape:
        kwargs["shape"] = shape[0] if len(shape) == 1 else shape
    return FUNCTIONS["op"]["reshape"](self, **kwargs)


def _astype(self: Symbol, *args: Any, **kwargs: Any) -> Symbol:
    """The values converted to another dtype: `Cast`."""
    return FUNCTIONS["op"]["cast"](self, *args, **kwargs)


def _expand_dims(self: Symbol, axis: int, inplace: bool = False, **kwargs: Any) -> Symbol:
    """A new axis of size 1. `inplace` has no meaning for symbols, as it has none in MXNet."""
    return FUNCTIONS["op"]["expand_dims"](self, axis=axis, **kwargs)


def _flatten(self: Symbol, inplace: bool = False, **kwargs: Any) -> Symbol:
    """All axes but the first in one. `inplace` has no meaning for symbols, as it has none in MXNet."""
    return FUNCTIONS["op"]["flatten"](self, **kwargs)


def _squeeze(self: Symbol, axis: Any = None, inplace: bool = False, **kwargs: Any) -> Symbol:
    """Axes of size 1 left out. `inplace` has no meaning for symbols, as it has none in MXNet."""
    return FUNCTIONS["op"]["squeeze"](self, axis=axis, **kwargs)


def _diag(self: Symbol, k: int = 0, **kwargs: Any) -> Symbol:
    """The `k`-th diagonal of a matrix, or a matrix with the given diagonal."""
    return FUNCTIONS["op"]["diag"](self, k=k, **kwargs)


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
    for name in (*METHODS, "broadcast_to"):
        if name not in Symbol.__dict__ and name in FUNCTIONS["op"]:
            setattr(Symbol, name, FUNCTIONS["op"][name])
    for method in (_reshape, _astype, _expand_dims, _flatten, _squeeze, _diag, _transpose):
        method.__name__ = method.__name__.removeprefix("_")
        setattr(Symbol, method.__name__, method)
    Symbol.split_v2 = split_v2                           # type: ignore[attr-defined]
    arithmetic.install(Symbol)
