# SPDX-License-Identifier: Apache-2.0
"""What the operators that pool regions of a feature map have in common."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..infer import show
from ..registry import OperatorError


def region_shapes(data: Sequence[int | None], rois: Sequence[int | None], pooled_size: Sequence[int],
                  position_sensitive: bool = False) -> tuple[Any, ...]:
    """The output's shape, (regions, channels, rows, columns). Raises OperatorError for inputs that do not fit.

    With `position_sensitive`, each cell of the grid has channels of its own, and the output channels are fewer.
    """
    if len(data) != 4:
        raise OperatorError(f"data is {show(data)}, but needs 4 dimensions, (batch, channels, height, width)")
    if len(rois) != 2 or rois[1] not in (5, None):
        raise OperatorError(f"rois is {show(rois)}, but needs to be (regions, 5): image, left, top, right, bottom")
    if len(pooled_size) != 2:
        raise OperatorError(f"pooled_size={tuple(pooled_size)} needs two numbers, (rows, columns)")
    channels = data[1]
    if position_sensitive and channels is not None:
        cells = pooled_size[0] * pooled_size[1]
        if channels % cells:
            raise OperatorError(f"data has {channels} channels, but position_sensitive needs a multiple of the {cells} "
                                "cells")
        channels //= cells
    return rois[0], channels, *pooled_size
