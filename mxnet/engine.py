# SPDX-License-Identifier: Apache-2.0
"""MXNet's engine settings. Operators run in bulk here anyway (a bound symbol is one program), so that the sizes are
kept and have no effect. `nan_check` is this package's own."""
from __future__ import annotations

from ._clib import check_call
from ._watching import add_nan_check

__all__ = ["bulk", "check_call", "nan_check", "set_bulk_size"]

_size = 0


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


class _NanCheck:
    def __enter__(self) -> _NanCheck:
        add_nan_check(1)
        return self

    def __exit__(self, *exc_info: object) -> None:
        add_nan_check(-1)


def nan_check() -> _NanCheck:
    """A scope in which the first operator that produces a NaN or an infinity raises an MXNetError.

    Checked is every operator of executors (and so of `Module.fit`) and of array calls, forward and backward, in all
    threads. The error names the operator, the node and the line of the program that made it, and tells shape, dtype,
    range and number of NaNs of its results and inputs. The environment variable `MXNET_NAN_CHECK=1` does the same for
    a whole program. Checked programs run operator by operator and are slower; others pay nothing.

    >>> import mxnet as mx
    >>> with mx.engine.nan_check():
    ...     mx.nd.log(mx.nd.array([1, -1]))              # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    mxnet._nan_check.NonFiniteError: NaN check: log (...) produces a NaN or an infinity in forward: output
    """
    return _NanCheck()
