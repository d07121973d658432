# SPDX-License-Identifier: Apache-2.0
"""Cropping: at a given place, in the middle, at random; sizes are (width, height), as MXNet's."""
from __future__ import annotations

import math
import random
import warnings
from collections.abc import Sequence
from typing import Any

from ..base import MXNetAssertionTypeError, MXNetValueError, numeric_types
from ..ndarray import NDArray
from .resize import imresize, interpolation

__all__ = ["center_crop", "fixed_crop", "random_crop", "random_size_crop", "scale_down"]

Box = tuple[int, int, int, int]
_TRIES = 10


def scale_down(src_size: Sequence[int], size: Sequence[int]) -> tuple[int, int]:
    """A crop's (width, height), made smaller, with its aspect, until it fits an image's.

    >>> import mxnet as mx
    >>> mx.image.scale_down((640, 480), (720, 120))
    (640, 106)
    """
    width, height = float(size[0]), float(size[1])
    whole_width, whole_height = src_size
    if height > whole_height:
        width, height = width * whole_height / height, whole_height
    if width > whole_width:
        width, height = whole_width, height * whole_width / width
    return int(width), int(height)


def fixed_crop(src: NDArray, x0: int, y0: int, w: int, h: int, size: Any = None, interp: int = 2) -> NDArray:
    """The part of an image from (`x0`, `y0`), `w` wide and `h` high, resized to `size` (width, height) if given.

    Raises MXNetValueError where nothing of the part lies inside of the image.

    >>> import mxnet as mx
    >>> mx.image.fixed_crop(mx.nd.zeros((40, 60, 3)), 2, 3, 10, 20, (5, 6)).shape
    (6, 5, 3)
    """
    if x0 >= src.shape[1] or y0 >= src.shape[0]:
        raise MXNetValueError(f"a crop from x {x0}, y {y0} lies outside of an image {src.shape[1]} wide and "
                              f"{src.shape[0]} high")
    part = src[y0:y0 + h, x0:x0 + w]
    if size is None or (w, h) == tuple(size):
        return part
    return imresize(part, size[0], size[1], interpolation(interp, (h, w, size[1], size[0])))


def random_crop(src: NDArray, size: Sequence[int], interp: int = 2) -> tuple[NDArray, Box]:
    """A part at a random place, of `size` (width, height); of a smaller image, the part with that aspect, enlarged.

    Returns the part and its (x, y, width, height) in the image.

    >>> import mxnet as mx
    >>> mx.image.random_crop(mx.nd.zeros((40, 60, 3)), (60, 40))[1]
    (0, 0, 60, 40)
    """
    height, width = src.shape[:2]
    w, h = scale_down((width, height), size)
    x, y = random.randint(0, width - w), random.randint(0, height - h)
    return fixed_crop(src, x, y, w, h, size, interp), (x, y, w, h)


def center_crop(src: NDArray, size: Sequence[int], interp: int = 2) -> tuple[NDArray, Box]:
    """The middle of an image, of `size` (width, height); of a smaller image, the part with that aspect, enlarged.

    Returns the part and its (x, y, width, height) in the image.

    >>> import mxnet as mx
    >>> mx.image.center_crop(mx.nd.zeros((40, 60, 3)), (20, 10))[1]
    (20, 15, 20, 10)
    """
    height, width = src.shape[:2]
    w, h = scale_down((width, height), size)
    x, y = (width - w) // 2, (height - h) // 2
    return fixed_crop(src, x, y, w, h, size, interp), (x, y, w, h)


def random_size_crop(src: NDArray, size: Sequence[int], area: Any, ratio: Sequence[float], interp: int = 2,
                     **kwargs: Any) -> tuple[NDArray, Box]:
    """A part of random area, aspect and place, resized to `size`; the middle after ten that do not fit.

    Parameters
    ----------
    size : (width, height)
    area : least and greatest share of the image's area, or the least alone (the greatest is then 1)
    ratio : least and greatest width / height, drawn uniformly on a logarithmic scale

    Returns the part and its (x, y, width, height) in the image. Szegedy et al., "Going deeper with convolutions", 2014.

    >>> import mxnet as mx
    >>> mx.image.random_size_crop(mx.nd.zeros((40, 60, 3)), (8, 9), 0.3, (0.75, 1.33))[0].shape
    (9, 8, 3)
    """
    area = old_area(area, kwargs, "random_size_crop")
    least, most = (float(area), 1.0) if isinstance(area, numeric_types) else area
    height, width = src.shape[:2]
    for _ in range(_TRIES):
        target = random.uniform(least, most) * height * width
        aspect = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))
        if w <= width and h <= height:
            x, y = random.randint(0, width - w), random.randint(0, height - h)
            return fixed_crop(src, x, y, w, h, size, interp), (x, y, w, h)
    return center_crop(src, size, interp)


def old_area(area: Any, kwargs: dict[str, Any], where: str) -> Any:
    """`area`, or what an old program calls `min_area`."""
    if "min_area" in kwargs:
        warnings.warn(f"{where}: min_area is deprecated, its name is area", DeprecationWarning, stacklevel=3)
        area = kwargs.pop("min_area")
    if kwargs:
        raise MXNetAssertionTypeError(f"{where} has no parameter {', '.join(kwargs)}")
    return area
