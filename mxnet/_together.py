# SPDX-License-Identifier: Apache-2.0
"""Calls that run at the same time, each in a thread, and exchange values on their way.

An operator that needs what others of its kind have, on other devices, calls `exchange`. Within `run_together` it is
known who may still come, so that nobody waits for one who has failed or is done. Elsewhere, in threads of a user's,
waiting ends after a time.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .base import MXNetError

T = TypeVar("T")
TIMEOUT = 60.0                   # seconds that a call outside of `run_together` waits


class _AloneError(MXNetError):
    """Somebody who was waited for does not come."""

    explained = True             # reaches the user as it is


class _Round:
    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}
        self.complete = False


class _Meeting:
    """Where values are exchanged. `size` callers may come, None if that is not known."""

    def __init__(self, size: int | None) -> None:
        self.size, self.gone = size, 0
        self._condition = threading.Condition()
        self._rounds: dict[str, _Round] = {}

    def leave(self) -> None:
        """A caller is done, or has failed: nobody is to wait for it."""
        with self._condition:
            self.gone += 1
            self._condition.notify_all()

    def exchange(self, key: str, count: int, rank: Any, value: Any) -> list[Any]:
        with self._condition:
            now = self._rounds.setdefault(key, _Round())
            now.values[rank] = value
            if len(now.values) == count:
                now.complete = True
                del self._rounds[key]
                self._condition.notify_all()
            while not now.complete:
                missing = count - len(now.values)
                if self._can_come() < missing or not self._condition.wait(None if self.size else TIMEOUT):
                    self._rounds.pop(key, None)
                    found = f"{self.size} run" if self.size else f"{len(now.values)} came" + \
                        (f" within {TIMEOUT:g} s" if self._can_come() >= missing else "")
                    raise _AloneError(f"{key}: {count} devices are to exchange values, {found}")
        return [now.values[place] for place in sorted(now.values)]

    def _can_come(self) -> int:
        """How many may be on their way, at most, besides those that wait."""
        if self.size is None:
            return threading.active_count() - 1
        waiting = sum(len(each.values) for each in self._rounds.values())
        return self.size - self.gone - waiting


class _Place(threading.local):
    meeting: _Meeting | None = None
    rank: int = 0


_place = _Place()
_everywhere = _Meeting(None)


def exchange(key: str, count: int, value: Any) -> list[Any]:
    """Give `value` to the other callers with this key and take theirs: `count` values, in one order for all callers.

    Raises MXNetError when fewer come.
    """
    if _place.meeting is not None:
        return _place.meeting.exchange(key, count, _place.rank, value)
    return _everywhere.exchange(key, count, threading.get_ident(), value)


def run_together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run the calls at the same time, and return what they return.

    When some raise, one of their errors is raised after all have ended: the first that is not about another's absence.
    """
    meeting = _Meeting(len(calls))
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}

    def run(rank: int) -> None:
        _place.meeting, _place.rank = meeting, rank
        try:
            results[rank] = calls[rank]()
        except BaseException as error:
            errors[rank] = error
        finally:
            meeting.leave()

    threads = [threading.Thread(target=run, args=(rank,), name=f"device-{rank}") for rank in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise min(errors.items(), key=lambda item: (isinstance(item[1], _AloneError), item[0]))[1]
    return [results[rank] for rank in range(len(calls))]
