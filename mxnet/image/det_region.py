# SPDX-License-Identifier: Apache-2.0
"""Cropping and padding of images with boxes: regions of random area and aspect that treat the boxes well."""
from __future__ import annotations

import math
import random
import warnings
from typing import Any

import numpy as np

from ..base import MXNetAssertionTypeError, numeric_types
from ..ndarray import NDArray
from .augment import Recorded
from .crop import fixed_crop
from .resize import copyMakeBorder

__all__ = ["DetRandomCropAug", "DetRandomPadAug"]

_ISOLATED = 16                # OpenCV's flag for a border that ignores what lies around a part; type 0, constant
_NEARLY_HALF = 0.4999999      # rounds down what `round` would round up


class DetAugmenter(Recorded):
    """Base of augmenters of an image and its label, a NumPy array (objects, 5 or more).

    Columns of the label: class, left, top, right, bottom (as shares of width and height), and any others. A subclass
    passes its parameters to `__init__` by name, and defines `__call__`, which returns image and label.
    """

    def __call__(self, src: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")


class _Region(DetAugmenter):
    """What crops and pads share: ranges of aspect (width / height) and of area (shares of the image's)."""

    def _set(self, aspect_ratio_range: Any, area_range: Any, max_attempts: int, least_area: float) -> None:
        self.aspect_ratio_range, self.area_range = aspect_ratio_range, area_range
        self.max_attempts = max_attempts
        good_area = area_range[1] > least_area and area_range[0] <= area_range[1]
        good_aspect = 0 < aspect_ratio_range[0] <= aspect_ratio_range[1]
        self.enabled = good_area and good_aspect
        if not self.enabled:
            what, given = ("area_range", area_range) if not good_area else ("aspect_ratio_range", aspect_ratio_range)
            warnings.warn(f"{type(self).__name__} does nothing: its {what} is {given}", UserWarning, stacklevel=3)

    def _areas(self, height: int, width: int) -> tuple[float, float]:
        return self.area_range[0] * height * width, self.area_range[1] * height * width


def _range(given: Any) -> Any:
    """A range, or one number for both of its ends."""
    if isinstance(given, (tuple, list)):
        return given
    if not isinstance(given, numeric_types):
        raise MXNetAssertionTypeError(f"a range is a number or two of them, not {given!r}")
    return (given, given)


class DetRandomCropAug(_Region):
    """Crop a region that covers enough of the objects.

    Parameters
    ----------
    min_object_covered : each object that the crop touches has more than this share of its area inside
    aspect_ratio_range, area_range : of the crop; area as a share of the image's
    min_eject_coverage : objects with no more than this share of their area inside leave the label
    max_attempts : draws, after which the image stays as it is

    Liu et al., "SSD: single shot multibox detector", 2016.

    >>> import mxnet as mx, numpy as np
    >>> aug = mx.image.DetRandomCropAug(area_range=(0.5, 0.9))
    >>> aug(mx.nd.zeros((40, 60, 3)), np.array([[0, 0.1, 0.1, 0.9, 0.9]]))[1].shape
    (1, 5)
    """

    def __init__(self, min_object_covered: float = 0.1, aspect_ratio_range: Any = (0.75, 1.33),
                 area_range: Any = (0.05, 1.0), min_eject_coverage: float = 0.3, max_attempts: int = 50) -> None:
        aspect_ratio_range, area_range = _range(aspect_ratio_range), _range(area_range)
        super().__init__(min_object_covered=min_object_covered, aspect_ratio_range=aspect_ratio_range,
                         area_range=area_range, min_eject_coverage=min_eject_coverage, max_attempts=max_attempts)
        self.min_object_covered, self.min_eject_coverage = min_object_covered, min_eject_coverage
        self._set(aspect_ratio_range, area_range, max_attempts, 0.0)

    def __call__(self, src: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:
        height, width = src.shape[:2]
        for _ in range(self.max_attempts if self.enabled else 0):
            size = self._size(height, width)
            if size is None:
                continue
            w, h = size
            y, x = random.randint(0, max(0, height - h)), random.randint(0, max(0, width - w))
            if self._covers(label, (x, y, w, h), height, width):
                kept = self._moved(label, x / width, y / height, w / width, h / height)
                if len(kept):
                    return fixed_crop(src, x, y, w, h), kept
        return src, label

    def _size(self, height: int, width: int) -> tuple[int, int] | None:
        """A width and height by chance, or None where they do not fit."""
        least, most = self._areas(height, width)
        ratio = random.uniform(*self.aspect_ratio_range)
        top = round(math.sqrt(most / ratio))
        if round(top * ratio) > width:
            top = int((width + _NEARLY_HALF) / ratio)
        top = min(top, height)
        h = min(round(math.sqrt(least / ratio)), top)
        if h < top:
            h = random.randint(h, top)
        if round(h * ratio) * h < least:
            h += 1
        if round(h * ratio) * h > most:
            h -= 1
        w = round(h * ratio)
        return (w, h) if least <= w * h <= most and 0 <= w <= width and 0 <= h <= height else None

    def _covers(self, label: np.ndarray, box: tuple[int, int, int, int], height: int, width: int) -> bool:
        x, y, w, h = box
        if w * h < 2:
            return False
        areas = _area(label[:, 1:5])
        large = areas * width * height > 2
        boxes = label[large, 1:5]
        low = np.maximum(boxes[:, :2], (x / width, y / height))
        high = np.minimum(boxes[:, 2:], ((x + w) / width, (y + h) / height))
        share = np.prod(np.maximum(high - low, 0), axis=1) / areas[large]
        touched = share[share > 0]
        return touched.size > 0 and bool(touched.min() > self.min_object_covered)

    def _moved(self, label: np.ndarray, x: float, y: float, w: float, h: float) -> np.ndarray:
        """The objects that stay, relative to the region."""
        out = label.copy()
        out[:, 1:5] = np.clip((out[:, 1:5] - (x, y, x, y)) / (w, h, w, h), 0, 1)
        whole = _area(label[:, 1:5])
        share = np.divide(_area(out[:, 1:5]) * w * h, whole, out=np.zeros(len(out)), where=whole > 0)
        return out[(out[:, 3] > out[:, 1]) & (out[:, 4] > out[:, 2]) & (share > self.min_eject_coverage)]


def _area(boxes: np.ndarray) -> np.ndarray:
    """Areas of boxes (n, 4): left, top, right, bottom; 0 of what is turned inside out."""
    return np.maximum(0, boxes[:, 2] - boxes[:, 0]) * np.maximum(0, boxes[:, 3] - boxes[:, 1])


class DetRandomPadAug(_Region):
    """Put the image at a random place of a larger canvas.

    Parameters
    ----------
    aspect_ratio_range, area_range : of the canvas; area as a multiple of the image's
    max_attempts : draws, after which the image stays as it is
    pad_val : colour of the canvas

    >>> import mxnet as mx, numpy as np
    >>> aug = mx.image.DetRandomPadAug(area_range=(2.0, 3.0))
    >>> aug(mx.nd.zeros((40, 60, 3)), np.array([[0, 0.1, 0.1, 0.9, 0.9]]))[0].shape[0] > 40
    True
    """

    def __init__(self, aspect_ratio_range: Any = (0.75, 1.33), area_range: Any = (1.0, 3.0), max_attempts: int = 50,
                 pad_val: Any = (128, 128, 128)) -> None:
        aspect_ratio_range, area_range = _range(aspect_ratio_range), _range(area_range)
        super().__init__(aspect_ratio_range=aspect_ratio_range, area_range=area_range, max_attempts=max_attempts,
                         pad_val=pad_val)
        self.pad_val = pad_val if isinstance(pad_val, (list, tuple)) else (pad_val,) * 3
        self._set(aspect_ratio_range, area_range, max_attempts, 1.0)

    def __call__(self, src: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:
        height, width = src.shape[:2]
        for _ in range(self.max_attempts if self.enabled else 0):
            w, h = self._size(height, width)
            if h - height < 2 or w - width < 2:
                continue
            y, x = random.randint(0, h - height), random.randint(0, w - width)
            out = label.copy()
            out[:, 1:5] = (out[:, 1:5] * (width, height, width, height) + (x, y, x, y)) / (w, h, w, h)
            return copyMakeBorder(src, y, h - y - height, x, w - x - width, _ISOLATED, values=self.pad_val), out
        return src, label

    def _size(self, height: int, width: int) -> tuple[int, int]:
        """A width and height by chance."""
        least, most = self._areas(height, width)
        ratio = random.uniform(*self.aspect_ratio_range)
        h, top = round(math.sqrt(least / ratio)), round(math.sqrt(most / ratio))
        if round(h * ratio) < width:
            h = int((width + _NEARLY_HALF) / ratio)
        h = min(max(h, height), top)
        if h < top:
            h = random.randint(h, top)
        return round(h * ratio), h
