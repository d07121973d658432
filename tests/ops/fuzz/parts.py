# SPDX-License-Identifier: Apache-2.0
"""Parts of generators of random inputs and parameters, and the table that the generators go into.

A generator takes a `random.Random` and gives `(inputs, params)`, or a Sample where more is to be said; `GENERATORS` has them by the operator's canonical
name. Numbers are such that answers are not decided by rounding: distinct values where order matters, divisors away
from 0.
"""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from samples import Sample, T, Tensor, ints

Rng = random.Random
Drawn = tuple[list[Tensor], dict[str, Any]]
Generator = Callable[[Rng], Drawn | Sample]
GENERATORS: dict[str, Generator] = {}


def generates(*names: str) -> Callable[[Generator], Generator]:
    def register(make: Generator) -> Generator:
        GENERATORS.update(dict.fromkeys(names, make))
        return make
    return register


def dims(rng: Rng, rank: int | tuple[int, int] = (1, 4), low: int = 1, high: int = 5) -> tuple[int, ...]:
    count = rank if isinstance(rank, int) else rng.randint(*rank)
    return tuple(rng.randint(low, high) for _ in range(count))


def floating(rng: Rng) -> str:
    return rng.choices(("float32", "float64", "float16"), (6, 3, 1))[0]


def any_type(rng: Rng) -> str:
    return rng.choices(("float32", "float64", "float16", "int32", "int64", "uint8", "int8"), (8, 3, 2, 2, 2, 1, 1))[0]


def full(rng: Rng, shape: tuple[int, ...], dtype: str, positive: bool = False) -> Tensor:
    """Numbers of any element type; `positive` keeps them off zero."""
    if dtype.startswith("float"):
        return T(*shape, dtype=dtype, low=0.5, high=3.0) if positive or rng.random() < 0.2 else T(*shape, dtype=dtype)
    low = 1 if positive else 0 if dtype == "uint8" else -4
    return ints(*shape, low=low, high=6, dtype=dtype)


def axis_of(rng: Rng, rank: int) -> int:
    return rng.randint(-rank, rank - 1)


def maybe(rng: Rng, params: dict[str, Any], chance: float = 0.6) -> dict[str, Any]:
    """Some of the parameters; the others are left at their defaults."""
    return {name: value for name, value in params.items() if rng.random() < chance}


def dyadic(rng: Rng, low: float = -3.0, high: float = 3.0) -> float:
    """A number that float16 has."""
    return rng.randint(int(low * 16), int(high * 16)) / 16


def index_type(rng: Rng) -> str:
    return rng.choices(("float32", "int32", "int64", "float64", "uint8"), (4, 3, 2, 1, 1))[0]
