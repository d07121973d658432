# SPDX-License-Identifier: Apache-2.0
"""Whether somebody wants to see each operator run: the NaN check or the profiler.

While nobody does, which one attribute read tells, nothing else is looked at. While somebody does, array operators
leave their short paths (`_mode.counter` says so to them) and executors run their programs node by node.
"""
from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from . import _mode


class _Watching:
    """`nan_check` counts the scopes that check (see `mx.engine.nan_check`), `profile` opens a named range."""

    __slots__ = ("active", "nan_check", "profile")

    def __init__(self) -> None:
        self.active = False
        self.nan_check = 0
        self.profile: Callable[[str, str | None], AbstractContextManager[Any]] | None = None


watching = _Watching()


def add_nan_check(change: int) -> None:
    """One scope more (1) or less (-1) that checks."""
    with _mode._lock:
        watching.nan_check += change
        _refresh()


def set_profile(profile: Callable[[str, str | None], AbstractContextManager[Any]] | None) -> None:
    """Name ranges by `profile(operator, node)` from now on, or no longer."""
    with _mode._lock:
        watching.profile = profile
        _refresh()


def _refresh() -> None:
    active = bool(watching.nan_check) or watching.profile is not None
    if active != watching.active:
        _mode.counter.recording_threads += 1 if active else -1
        watching.active = active


if os.environ.get("MXNET_NAN_CHECK", "0") not in ("", "0"):
    add_nan_check(1)
