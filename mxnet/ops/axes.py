# SPDX-License-Identifier: Apache-2.0
"""What the operators on axes share: axis numbers, numbers of axes, and sizes that may be unknown."""
from __future__ import annotations

from collections.abc import Sequence

from .infer import show
from .registry import OperatorError


def axis_index(axis: int, rank: int, what: str = "axis") -> int:
    """`axis` as a number in [0, rank). Raises OperatorError when an array of that rank has no such axis."""
    if not -rank <= axis < rank:
        raise OperatorError(f"{what}={axis} is out of range for an array with {rank} axes "
                            f"(expected {-rank} to {rank - 1})")
    return axis + rank if axis < 0 else axis


def axes_index(axes: Sequence[int], rank: int, what: str = "axis") -> tuple[int, ...]:
    """Several axes, none twice, each as a number in [0, rank). Raises OperatorError."""
    found = tuple([axis_index(axis, rank, what) for axis in axes])
    if len(set(found)) != len(found):
        raise OperatorError(f"{what}={tuple(axes)} names an axis twice")
    return found


def require_image(shape: Sequence[int | None]) -> None:
    """Raises OperatorError unless the shape is that of a batch of images."""
    if len(shape) != 4:
        raise OperatorError(f"data must have 4 axes (batch, channel, height, width), not {show(shape)}")


def scaled(size: int | None, times: int, by: int = 1) -> int | None:
    """`size * times // by`; unknown when the size is."""
    return None if size is None else size * times // by
