# SPDX-License-Identifier: Apache-2.0
"""What the operators of a single-shot detector have in common."""
from __future__ import annotations

from ..registry import OperatorError


def refuse_variances(variances: tuple[float, ...]) -> None:
    """Raise OperatorError unless there are four."""
    if len(variances) != 4:
        raise OperatorError(f"variances={variances} needs four numbers")
