# SPDX-License-Identifier: Apache-2.0
"""Where the user's own code is: messages and warnings name its line, not one of this package."""
from __future__ import annotations

import os
import sys
import warnings
from types import FrameType

__all__ = ["user_line", "warn_user"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _user_frame(frame: FrameType | None) -> tuple[FrameType | None, int]:
    """The innermost frame outside of this package, from one on, and how many are passed on the way."""
    passed = 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, passed = frame.f_back, passed + 1
    return frame, passed


def user_line() -> tuple[str, int] | None:
    """File and line of the innermost frame outside of this package."""
    frame, _ = _user_frame(sys._getframe(1))
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else None


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """A warning at the user's line, however deep in here it is found."""
    warnings.warn(message, category, stacklevel=_user_frame(sys._getframe(1))[1] + 2)
