# SPDX-License-Identifier: Apache-2.0
"""Differences that are meant (docs/differences.md), so that the fuzzer reports the others only."""
from __future__ import annotations

import re
from typing import Any, NamedTuple


class Known(NamedTuple):
    """Patterns of the operator's name, of the difference, and of MXNet's own error message; and the reason."""

    op: str
    line: str
    message: str
    reason: str


KNOWN = [
    Known(r".*", r"nothing is raised", r"not supported|not implemented|only support|unsupported|Unknown type|"
          r"FCompute|currently|cudnn|GPU|CUDA", "more is allowed: the engine can do it"),
]


def reason(op: str, line: str, notes: dict[str, Any]) -> str | None:
    """Why a difference is meant, or None."""
    message = " ".join(note.get("message", "") for note in notes.values())
    for known in KNOWN:
        if re.fullmatch(known.op, op) and re.search(known.line, line) and re.search(known.message, message, re.I):
            return known.reason
    return None
