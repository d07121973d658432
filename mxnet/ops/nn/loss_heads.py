# SPDX-License-Identifier: Apache-2.0
"""What the operators that end a training graph have in common."""
from __future__ import annotations

from torch import Tensor

from ..registry import OperatorError


def refuse_integers(data: Tensor) -> None:
    """Raise OperatorError unless `data` is floating: MXNet computes softmax and losses of floating numbers only."""
    if not data.is_floating_point():
        raise OperatorError(f"data is {str(data.dtype).removeprefix('torch.')}, but needs a floating dtype")


def dtype_from_data(params, data):
    """Dtype rule: label and output are as `data`, and nothing is inferred from a label."""
    return {"label": data, "out": data}
