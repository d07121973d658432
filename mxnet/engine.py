# SPDX-License-Identifier: Apache-2.0
"""MXNet's engine settings. Operators run in bulk here anyway (a bound symbol is one program), so that the sizes are
kept and have no effect."""
from __future__ import annotations

from ._clib import check_call

__all__ = ["bulk", "check_call", "set_bulk_size"]

_size = 15


def set_bulk_size(size: int) -> int:
    """Set how many operators run as one; returns what it was. No effect on results or speed."""
    global _size
    before, _size = _size, int(size)
    return before


class _BulkScope:
    def __init__(self, size: int) -> None:
        self._entered, self._before = size, 0

    def __enter__(self) -> _BulkScope:
        self._before = set_bulk_size(self._entered)
        return self

    def __exit__(self, *exc_info: object) -> None:
        set_bulk_size(self._before)


def bulk(size: int) -> _BulkScope:
    """A scope with another bulk size: `with mx.engine.bulk(10): ...`."""
    return _BulkScope(size)
