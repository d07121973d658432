# SPDX-License-Identifier: Apache-2.0
"""Resizing and padding, with the choices of interpolation that MXNet numbers."""
from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import MXNetError, MXNetTypeError, MXNetValueError
from ..ndarray import NDArray
from .codec import opencv, pixels, to_array, without_ipp

__all__ = ["copyMakeBorder", "imresize", "resize_short"]

AUTO, RANDOM = 9, 10
_CUBIC, _AREA, _LINEAR = 2, 3, 1


def interpolation(interp: int, sizes: Sequence[int] = ()) -> int:
    """OpenCV's number (0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos) of an `inter_method`.

    9 chooses by `sizes` (old height, old width, new height, new width): cubic where both sides grow, area where both
    shrink, else linear, and cubic where no sizes are given. 10 draws one of the five from Python's `random`.
    """
    if interp == AUTO:
        return automatic(*sizes) if sizes else _CUBIC
    if interp == RANDOM:
        return random.randint(0, 4)
    if interp not in (0, 1, 2, 3, 4):
        raise MXNetValueError(f"an interpolation is 0, 1, 2, 3, 4, 9 (by size) or 10 (random), not {interp!r}")
    return int(interp)


def automatic(old_height: int, old_width: int, height: float, width: float) -> int:
    """The interpolation that number 9 stands for."""
    if height > old_height and width > old_width:
        return _CUBIC
    return _AREA if height < old_height and width < old_width else _LINEAR


def resize(values: np.ndarray, width: int, height: int, interp: int) -> np.ndarray:
    """`cv2.resize`, with this package's errors; one channel stays an axis."""
    cv2 = opencv()
    if width < 1 or height < 1:
        raise MXNetValueError(f"an image cannot be resized to width {width}, height {height}")
    if not values.size:
        raise MXNetValueError(f"an image of shape {values.shape} has no pixels to be resized")
    if interp not in (0, 1, 2, 3, 4):
        raise MXNetValueError(f"the interpolation of a resize is 0, 1, 2, 3 or 4, not {interp!r}")
    try:
        with without_ipp(cv2):
            made = cv2.resize(values, (width, height), interpolation=interp)
    except (cv2.error, TypeError) as error:
        raise MXNetTypeError(f"OpenCV cannot resize an image of shape {values.shape}, {values.dtype}, with "
                             f"interpolation {interp}: {str(error).strip()[:200]}") from None
    return made if made.ndim == 3 else made[:, :, None]


def imresize(src: NDArray, w: int, h: int, interp: int = 1, out: NDArray | None = None) -> NDArray:
    """An image of another size.

    Parameters
    ----------
    src : (height, width, channels), uint8, int16, uint16, float32 or float64
    w, h : new width and height in pixels
    interp : 0 nearest, 1 linear (default), 2 cubic, 3 area, 4 Lanczos over 8x8 pixels
    out : an array to write to

    Raises MXNetValueError for sizes below 1, MXNetTypeError for a dtype that OpenCV does not resize.
    MXNet's operator `_cvimresize`.

    >>> import mxnet as mx
    >>> mx.image.imresize(mx.nd.zeros((4, 6, 3), dtype="uint8"), 12, 5).shape
    (5, 12, 3)
    """
    made = to_array(resize(pixels(src), int(w), int(h), int(interp)), src)
    if out is None:
        return made
    out[:] = made
    return out


def resize_short(src: NDArray, size: int, interp: int = 2) -> NDArray:
    """An image whose shorter side has `size` pixels, and the longer one as many as keep the aspect, rounded down.

    interp: as of `imresize`, or 9 (by size: see `interpolation`), or 10 (random). Default 2, cubic.

    >>> import mxnet as mx
    >>> mx.image.resize_short(mx.nd.zeros((40, 61, 3), dtype="uint8"), 20).shape
    (20, 30, 3)
    """
    height, width = src.shape[:2]
    new_width, new_height = short_size(width, height, size)
    return imresize(src, new_width, new_height, interpolation(interp, (height, width, new_height, new_width)))


def short_size(width: int, height: int, size: int) -> tuple[int, int]:
    """Width and height of an image when its shorter side gets `size` pixels."""
    return (size, size * height // width) if height > width else (size * width // height, size)


def copyMakeBorder(src: NDArray, top: int, bot: int, left: int, right: int, type: int = 0, value: float = 0.0,
                   values: Any = (), out: NDArray | None = None) -> NDArray:
    """An image with a border around it.

    Parameters
    ----------
    top, bot, left, right : pixels to add
    type : OpenCV's number: 0 constant (default), 1 replicate, 2 reflect, 3 wrap, 4 reflect without the edge pixel
    value : the constant
    values : up to four constants, one for each channel, instead

    Raises MXNetError where OpenCV refuses. MXNet's operator `_cvcopyMakeBorder`.

    >>> import mxnet as mx
    >>> mx.image.copyMakeBorder(mx.nd.zeros((4, 6, 3)), 1, 1, 2, 2, value=7)[0, 0].asnumpy().tolist()
    [7.0, 7.0, 7.0]
    """
    fill = [float(one) for one in values] or [float(value)] * 4
    cv2, data = opencv(), pixels(src)
    try:
        made = cv2.copyMakeBorder(data, int(top), int(bot), int(left), int(right), int(type), value=fill)
    except (cv2.error, TypeError) as error:
        raise MXNetError(f"OpenCV cannot put a border of type {type}, {top}, {bot}, {left}, {right} pixels around "
                         f"{data.shape}, {data.dtype}: {str(error).strip()[:200]}") from None
    result = to_array(made, src)
    if out is None:
        return result
    out[:] = result
    return out
