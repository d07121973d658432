# SPDX-License-Identifier: Apache-2.0
"""Every sample gives what MXNet 1.9.1 gave when it was recorded (see harness.py); one test a sample."""
from __future__ import annotations

import functools
from typing import Any

import harness
import pytest
import store
from samples import Case, cases, families

import mxnet as mx

CASES = [case for family in families() for case in cases(family)]
LIMIT = 15 * 2**20


@functools.cache
def notes_of(family: str) -> dict[str, Any]:
    return store.load(family)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_golden(case: Case) -> None:
    notes = notes_of(case.family).get(case.record.digest())
    assert notes is not None, f"not recorded: make golden FAMILY={case.family}"
    differences = harness.check(mx, case, notes)
    assert not differences, "\n  ".join([f"{case.id}: {case.record}", *differences])


def test_recordings_are_small_and_none_is_left_over() -> None:
    paths = list(store.FOLDER.glob("*.zip"))
    assert sum(path.stat().st_size for path in paths) < LIMIT
    assert {path.stem for path in paths} <= set(families())
    for family in families():
        left_over = set(notes_of(family)) - {case.record.digest() for case in cases(family)}
        assert not left_over, f"recordings without a sample: make golden FAMILY={family}"
