# SPDX-License-Identifier: Apache-2.0
"""What an operator takes, read off its kernel's signature.

Positional arguments are tensor inputs, `*args` is a variadic input, keyword-only arguments are parameters, and marks
in `Annotated[...]` say the rest: `Aux`, `Range`, `Ask`.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import torch

from .params import REQUIRED, Param

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Aux:
    """Marks an input that the kernel (or its gradient) updates in place: an auxiliary state of a symbol.

    `init` is the initializer (its JSON text) of the variable that is made for it when none is given.
    """

    init: str | None = None


@dataclass(frozen=True)
class Init:
    """Marks an input whose variable, when made for it, has an initializer of its own (its JSON text)."""

    text: str


@dataclass(frozen=True)
class Ask:
    """Marks a kernel argument that whoever runs the operator supplies, not its caller."""

    what: str


IsTrain = Annotated[bool, Ask("is_train")]
Rng = Annotated[torch.Generator | None, Ask("rng")]
Device = Annotated[torch.device, Ask("device")]


@dataclass(frozen=True)
class Input:
    """One tensor argument; `init` is the initializer of the variable that is made for it."""

    name: str
    aux: bool = False
    variadic: bool = False
    init: str | None = None


@dataclass(frozen=True)
class Schema:
    """Inputs, parameters and what the kernel asks of its runner (argument name -> what)."""

    inputs: tuple[Input, ...] = ()
    params: tuple[Param, ...] = ()
    asks: tuple[tuple[str, str], ...] = ()

    @property
    def variadic(self) -> bool:
        return bool(self.inputs) and self.inputs[-1].variadic


def schema_of(kernel: Callable[..., Any]) -> Schema:
    """Read the schema off a kernel written in Python."""
    hints = get_type_hints(kernel, include_extras=True)
    inputs, params, asks = [], [], []
    for arg in inspect.signature(kernel).parameters.values():
        kind = hints[arg.name]
        marks = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
        ask = next((mark for mark in marks if isinstance(mark, Ask)), None)
        if ask is not None:
            asks.append((arg.name, ask.what))
        elif arg.kind is arg.KEYWORD_ONLY:
            default = REQUIRED if arg.default is arg.empty else arg.default
            params.append(Param.of(arg.name, kind, default))
        else:
            aux = next((mark for mark in marks if isinstance(mark, Aux)), None)
            init = next((mark.text for mark in marks if isinstance(mark, Init)), aux.init if aux else None)
            inputs.append(Input(arg.name, aux is not None, arg.kind is arg.VAR_POSITIONAL, init))
    return Schema(tuple(inputs), tuple(params), tuple(asks))
