# SPDX-License-Identifier: Apache-2.0
"""The special sizes of MXNet's reshape: 0, -1, -2, -3, -4."""
from __future__ import annotations

from collections.abc import Sequence

from .registry import OperatorError


def resolve_shape(shape: Sequence[int | None], codes: Sequence[int], reverse: bool = False) -> tuple[int | None, ...]:
    """The shape that `codes` ask for, given the array's (possibly partial) `shape`.

    0 keeps the axis at its place; -1 is what is left over (once); -2 keeps all remaining axes; -3 merges the next two
    axes; -4 splits the next axis into the two sizes that follow (one may be -1). `reverse` reads shape and codes from
    right to left, so that -4 then stands behind its two sizes.
    Raises OperatorError for codes that do not fit.
    """
    if reverse:
        return resolve_shape(tuple(shape)[::-1], tuple(codes)[::-1])[::-1]
    result: list[int | None] = []
    at, open_at = 0, None
    position = 0
    while position < len(codes):
        code = codes[position]
        position += 1
        if code > 0:
            result.append(code)
            at += 1
        elif code == 0:
            result.append(_axis(shape, at, codes))
            at += 1
        elif code == -1:
            if open_at is not None:
                raise OperatorError(f"reshape: {tuple(codes)} has more than one -1")
            open_at = len(result)
            result.append(None)
            at += 1
        elif code == -2:
            result.extend(shape[at:])
            at = len(shape)
        elif code == -3:
            result.append(_product([_axis(shape, at, codes), _axis(shape, at + 1, codes)]))
            at += 2
        elif code == -4:
            result.extend(_split(_axis(shape, at, codes), codes[position:position + 2], codes))
            at += 1
            position += 2
        else:
            raise OperatorError(f"reshape: {code} in {tuple(codes)} is no size and no special code")
    if open_at is not None:
        total, known = _product(shape), _product([s for i, s in enumerate(result) if i != open_at])
        if total is not None and known is not None:
            if known == 0 or total % known:
                raise OperatorError(f"reshape: an array of shape {tuple(shape)} cannot become {tuple(codes)}: "
                                    f"{total} elements do not divide by {known}")
            result[open_at] = total // known
    return tuple(result)


def _axis(shape: Sequence[int | None], at: int, codes: Sequence[int]) -> int | None:
    if at >= len(shape):
        raise OperatorError(f"reshape: {tuple(codes)} refers to axis {at}, an array of shape {tuple(shape)} has "
                            f"{len(shape)} axes")
    return shape[at]


def _split(size: int | None, parts: Sequence[int], codes: Sequence[int]) -> list[int | None]:
    if len(parts) != 2:
        raise OperatorError(f"reshape: -4 in {tuple(codes)} is followed by two sizes")
    left, right = (None if part == -1 else part for part in parts)
    if size is not None and left is None and right:
        left = size // right
    if size is not None and right is None and left:
        right = size // left
    if size is not None and (left is None or right is None or left * right != size):
        raise OperatorError(f"reshape: {tuple(codes)} splits an axis of size {size} into {parts[0]} and {parts[1]}")
    return [left, right]


def _product(sizes: Sequence[int | None]) -> int | None:
    total = 1
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total
