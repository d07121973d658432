# SPDX-License-Identifier: Apache-2.0
"""Compares what an implementation did with what is recorded; differences come back as sentences, none means alike."""
from __future__ import annotations

from typing import Any

import numpy as np
from observe import Array
from samples import Record
from store import Recorded, sample_of, sums_of

Tolerances = dict[str, tuple[float, float]]

# dtype: (rtol, atol); every other dtype is compared exactly
DEFAULT: Tolerances = {"float64": (1e-10, 1e-12), "float32": (1e-5, 1e-6), "float16": (1e-2, 1e-3),
                       "bfloat16": (2e-2, 1e-2)}


def tolerances_of(record: Record, family: Tolerances) -> Tolerances:
    """The default, the family's own, and the sample's own tolerances, the last one given winning."""
    merged = {**DEFAULT, **family}
    own_rtol, own_atol = getattr(record, "rtol", None), getattr(record, "atol", None)
    return {dtype: (rtol if own_rtol is None else own_rtol, atol if own_atol is None else own_atol)
            for dtype, (rtol, atol) in merged.items()}


def arrays(what: str, got: Array, want: Recorded, tolerances: Tolerances, shapeless: bool = False) -> list[str]:
    """`shapeless`: a single element may have the shape () for (1,), as MXNet's np_shape mode has it."""
    shape = want.shape or (1,) if shapeless else want.shape
    wrong = []
    if got.dtype != want.dtype:
        wrong.append(f"{what}: dtype is {got.dtype}, MXNet gives {want.dtype}")
    if got.values.shape != shape:
        wrong.append(f"{what}: shape is {got.values.shape}, MXNet gives {shape}")
    if wrong or want.values is None:
        return wrong
    rtol, atol = tolerances.get(want.dtype, (0.0, 0.0))
    difference = values(sample_of(got.values), want.values, rtol, atol)
    if difference is None and want.sums is not None:
        difference = sums(sums_of(got.values), want.sums, rtol, atol)
    return [f"{what} {want.dtype}{list(shape)}: {difference}"] if difference else []


def values(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> str | None:
    """The largest difference beyond the tolerance, with its place; NaN equals NaN."""
    if not rtol and not atol:
        close = got == want
    else:
        close = np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    with np.errstate(all="ignore"):
        distance = np.abs(got.astype("float64") - want.astype("float64"))
    distance = np.where(close, -1.0, np.where(np.isnan(distance), np.inf, distance))
    worst = int(np.argmax(distance))
    return (f"{int((~close).sum())} of {close.size} values differ, most at flat position {worst}: "
            f"{got[worst].item()!r}, MXNet gives {want[worst].item()!r} (rtol {rtol:g}, atol {atol:g})")


def sums(got: tuple[float, float, int], want: tuple[float, float, int], rtol: float, atol: float) -> str | None:
    """Totals of all values, the unstored ones too."""
    if got[2] != want[2]:
        return f"{got[2]} values are finite, in MXNet {want[2]}"
    allowed = rtol * want[1] + atol * want[2]
    if abs(got[0] - want[0]) > allowed or abs(got[1] - want[1]) > allowed:
        return f"sum and sum of magnitudes are {got[:2]}, MXNet gives {want[:2]} (within {allowed:g})"
    return None


def many(what: str, got: list[Array], want: list[Recorded], tolerances: Tolerances, **options: Any) -> list[str]:
    if len(got) != len(want):
        return [f"{what}: there are {len(got)}, MXNet gives {len(want)}"]
    return [line for i, (g, w) in enumerate(zip(got, want)) for line in arrays(f"{what} {i}", g, w, tolerances,
                                                                             **options)]


def keyed(what: str, got: dict[str, Array], want: dict[str, Recorded], tolerances: Tolerances) -> list[str]:
    if set(got) != set(want):
        return [f"{what}: of the inputs {sorted(got)}, in MXNet of {sorted(want)}"]
    return [line for key in want for line in arrays(f"{what} of input {key}", got[key], want[key], tolerances)]


def inferred(what: str, got: dict[str, Any], want: dict[str, Any], truth: dict[str, Any] | None) -> list[str]:
    """Shapes or types, part by part: what MXNet knows must be known and equal, what it does not know may be known
    only as it truly is (`truth`: inferred from all inputs). Where MXNet's guess is not the truth, ours need not be it.
    """
    wrong = []
    for part in ("arguments", "outputs", "aux"):
        mine, theirs, true = got[part], want[part], truth and truth[part]
        if theirs is None or mine is None:
            if theirs is not None and any(known(item) for item in theirs):
                wrong.append(f"{what}, {part}: nothing inferred, MXNet infers {theirs}")
            continue
        if len(mine) != len(theirs):
            wrong.append(f"{what}, {part}: {mine}, MXNet infers {theirs}")
            continue
        truths = true if true and len(true) == len(mine) else [None] * len(mine)
        for i, (m, t, whole) in enumerate(zip(mine, theirs, truths)):
            if not agrees(m, t) and (whole is None or agrees(whole, t)):
                wrong.append(f"{what}, {part}[{i}]: {m}, MXNet infers {t}")
            elif m != t and whole is not None and not agrees(whole, m):
                wrong.append(f"{what}, {part}[{i}]: {m}, which is {whole} in truth")
    return wrong


def known(item: Any) -> bool:
    return item != "unknown" if isinstance(item, str) else bool(item) and any(n > 0 for n in item)


def agrees(mine: Any, theirs: Any) -> bool:
    """Whether `mine` has all that is known of `theirs`."""
    if isinstance(theirs, str) or isinstance(mine, str):
        return mine == theirs or theirs == "unknown"
    return not theirs or (len(mine) == len(theirs) and all(m == t or t <= 0 for m, t in zip(mine, theirs)))
