# SPDX-License-Identifier: Apache-2.0
"""Augmenters: callables from image to image, with their parameters as JSON. These move pixels; `color` changes them."""
from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ndarray import NDArray, flip
from .crop import center_crop, old_area, random_crop, random_size_crop
from .resize import imresize, interpolation, resize_short

__all__ = ["Augmenter", "CastAug", "CenterCropAug", "ForceResizeAug", "HorizontalFlipAug", "RandomCropAug",
           "RandomOrderAug", "RandomSizedCropAug", "ResizeAug", "SequentialAug"]


class Recorded:
    """What has parameters that `dumps` tells, arrays among them as lists."""

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = {name: _plain(value) for name, value in kwargs.items()}

    def dumps(self) -> Any:
        """Name (in small letters) and parameters, as JSON."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])


def _plain(value: Any) -> Any:
    if isinstance(value, NDArray):
        value = value.asnumpy()
    return value.tolist() if isinstance(value, np.ndarray) else value


class Augmenter(Recorded):
    """Base of augmenters: a subclass passes its parameters to `__init__` by name, and defines `__call__`.

    >>> import mxnet as mx
    >>> mx.image.ResizeAug(30).dumps()
    '["resizeaug", {"size": 30, "interp": 2}]'
    """

    def __call__(self, src: NDArray) -> NDArray:
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")


class SequentialAug(Augmenter):
    """Augmenters one after the other."""

    def __init__(self, ts: list[Augmenter]) -> None:
        super().__init__()
        self.ts = ts

    def dumps(self) -> Any:
        """Name, and what the augmenters dump."""
        return [type(self).__name__.lower(), [one.dumps() for one in self.ts]]

    def __call__(self, src: NDArray) -> NDArray:
        for one in self.ts:
            src = one(src)
        return src


class RandomOrderAug(SequentialAug):
    """Augmenters in an order that is drawn for each image."""

    def __call__(self, src: NDArray) -> NDArray:
        random.shuffle(self.ts)
        return super().__call__(src)


class _Sized(Augmenter):
    """`size` is the shorter side or (width, height), `interp` an interpolation (see `resize_short`)."""

    def __init__(self, size: Any, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size, self.interp = size, interp


class ResizeAug(_Sized):
    """Resize the shorter side to `size`: `resize_short`."""

    def __call__(self, src: NDArray) -> NDArray:
        return resize_short(src, self.size, self.interp)


class ForceResizeAug(_Sized):
    """Resize to `size` (width, height), whatever the aspect."""

    def __call__(self, src: NDArray) -> NDArray:
        sizes = (*src.shape[:2], self.size[1], self.size[0])
        return imresize(src, self.size[0], self.size[1], interpolation(self.interp, sizes))


class RandomCropAug(_Sized):
    """A part at a random place: `random_crop`."""

    def __call__(self, src: NDArray) -> NDArray:
        return random_crop(src, self.size, self.interp)[0]


class CenterCropAug(_Sized):
    """The middle: `center_crop`."""

    def __call__(self, src: NDArray) -> NDArray:
        return center_crop(src, self.size, self.interp)[0]


class RandomSizedCropAug(Augmenter):
    """A part of random area, aspect and place: `random_size_crop`."""

    def __init__(self, size: Sequence[int], area: Any, ratio: Sequence[float], interp: int = 2, **kwargs: Any) -> None:
        super().__init__(size=size, area=area, ratio=ratio, interp=interp)
        self.size, self.ratio, self.interp = size, ratio, interp
        self.area = old_area(area, kwargs, "RandomSizedCropAug")

    def __call__(self, src: NDArray) -> NDArray:
        return random_size_crop(src, self.size, self.area, self.ratio, self.interp)[0]


class HorizontalFlipAug(Augmenter):
    """Left and right exchanged, with probability `p`."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: NDArray) -> NDArray:
        return flip(src, axis=1) if random.random() < self.p else src


class CastAug(Augmenter):
    """Another dtype, float32 by default."""

    def __init__(self, typ: Any = "float32") -> None:
        super().__init__(type=typ)
        self.typ = typ

    def __call__(self, src: NDArray) -> NDArray:
        return src.astype(self.typ)
