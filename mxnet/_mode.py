# SPDX-License-Identifier: Apache-2.0
"""Whether operators are recorded for differentiation, and whether they run as in training: per thread.

`recording_threads` counts the threads that record. While it is 0, which one attribute read tells, no operator call
needs to look at the thread's own state.
"""
from __future__ import annotations

import threading


class _Mode(threading.local):
    recording: bool = False
    training: bool = False


class _Counter:
    __slots__ = ("recording_threads",)

    def __init__(self) -> None:
        self.recording_threads = 0


mode = _Mode()
counter = _Counter()
_lock = threading.Lock()


def set_recording(flag: bool) -> bool:
    """Switch recording for this thread; returns what it was."""
    before, mode.recording = mode.recording, bool(flag)
    if before != mode.recording:
        with _lock:
            counter.recording_threads += 1 if mode.recording else -1
    return before


def set_training(flag: bool) -> bool:
    """Switch training behaviour (dropout, batch statistics) for this thread; returns what it was."""
    before, mode.training = mode.training, bool(flag)
    return before
