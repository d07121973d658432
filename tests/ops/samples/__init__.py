# SPDX-License-Identifier: Apache-2.0
"""Samples of every operator, one file a family; README.md in this folder tells how to write them."""
from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from typing import NamedTuple

from ._sample import (
    DTYPES,
    FLOATS,
    PARTS,
    Bad,
    Record,
    Sample,
    T,
    Tensor,
    boxes,
    distinct,
    ints,
    round_bfloat16,
    spd,
    special,
    values,
)

__all__ = [
    "DTYPES",
    "FLOATS",
    "PARTS",
    "Bad",
    "Case",
    "Record",
    "Sample",
    "T",
    "Tensor",
    "boxes",
    "cases",
    "distinct",
    "families",
    "ints",
    "round_bfloat16",
    "spd",
    "special",
    "tolerances",
    "values",
]


class Case(NamedTuple):
    """A record with its place: `id` reads `<family>-<operator>-<number>`."""

    id: str
    family: str
    record: Record


def families() -> list[str]:
    """Names of all sample files."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))


def cases(family: str) -> list[Case]:
    """The records of one file. Two that are alike would share a recording, and are an error."""
    found: list[Case] = []
    count: Counter = Counter()
    seen: set[tuple[str, type]] = set()
    for record in importlib.import_module(f"{__name__}.{family}").SAMPLES:
        case = Case(f"{family}-{record.op}-{count[record.op]:02d}", family, record)
        count[record.op] += 1
        key = (record.digest(), type(record))
        if key in seen:
            raise ValueError(f"{case.id} is there twice: {record}")
        seen.add(key)
        found.append(case)
    return found


def tolerances(family: str) -> dict[str, tuple[float, float]]:
    """The file's own {dtype: (rtol, atol)}, for families whose sums run in another order than MXNet's."""
    return getattr(importlib.import_module(f"{__name__}.{family}"), "TOLERANCE", {})
