# SPDX-License-Identifier: Apache-2.0
"""The usual list of augmenters for classification, and the parts of it that detection shares."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import MXNetAssertionError, MXNetAssertionTypeError
from ..ndarray import NDArray, array
from .augment import (
    Augmenter,
    CastAug,
    CenterCropAug,
    HorizontalFlipAug,
    RandomCropAug,
    RandomSizedCropAug,
    ResizeAug,
)
from .color import ColorJitterAug, ColorNormalizeAug, HueJitterAug, LightingAug, RandomGrayAug

__all__ = ["CreateAugmenter"]

# Of ImageNet, on the scale 0 to 255: what `True` means for mean and std, and the colours' principal components.
MEAN, STD = (123.68, 116.28, 103.53), (58.395, 57.12, 57.375)
EIGVAL = np.array([55.46, 4.794, 1.148])
EIGVEC = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
_AREA, _RATIO = 0.08, (3.0 / 4.0, 4.0 / 3.0)


def CreateAugmenter(data_shape: Sequence[int], resize: int = 0, rand_crop: bool = False, rand_resize: bool = False,
                    rand_mirror: bool = False, mean: Any = None, std: Any = None, brightness: float = 0,
                    contrast: float = 0, saturation: float = 0, hue: float = 0, pca_noise: float = 0,
                    rand_gray: float = 0, inter_method: int = 2) -> list[Augmenter]:
    """Augmenters for classification, in the order in which they are applied.

    Parameters
    ----------
    data_shape : (channels, height, width) of the result
    resize : pixels that the shorter side gets first; 0 leaves it
    rand_crop : crop at random, else in the middle
    rand_resize : crops of random area (at least 0.08) and aspect (3/4 to 4/3); needs rand_crop
    rand_mirror : exchange left and right of every second image
    mean, std : True (ImageNet's), or an array with one or three values
    brightness, contrast, saturation, hue, pca_noise : amounts of jitter
    rand_gray : probability of a grey image
    inter_method : interpolation, 0 to 4, 9 or 10 (see `resize_short`)

    Raises MXNetValueError for parameters that do not fit together, MXNetTypeError for a mean or std of another type.

    >>> import mxnet as mx
    >>> [type(one).__name__ for one in mx.image.CreateAugmenter((3, 20, 24), resize=30, rand_mirror=True)]
    ['ResizeAug', 'CenterCropAug', 'HorizontalFlipAug', 'CastAug']
    """
    size = (data_shape[2], data_shape[1])
    made: list[Augmenter] = [ResizeAug(resize, inter_method)] if resize > 0 else []
    if rand_resize:
        if not rand_crop:
            raise MXNetAssertionError("CreateAugmenter: rand_resize=True needs rand_crop=True")
        made.append(RandomSizedCropAug(size, _AREA, _RATIO, inter_method))
    else:
        made.append((RandomCropAug if rand_crop else CenterCropAug)(size, inter_method))
    if rand_mirror:
        made.append(HorizontalFlipAug(0.5))
    mean, std = channel_values("mean", mean, array), channel_values("std", std, array)
    return made + color_augmenters(brightness, contrast, saturation, hue, pca_noise, rand_gray, mean, std)


def color_augmenters(brightness: float, contrast: float, saturation: float, hue: float, pca_noise: float,
                     rand_gray: float, mean: Any, std: Any) -> list[Augmenter]:
    """The cast to float32, and what changes colours."""
    made: list[Augmenter] = [CastAug()]
    if brightness or contrast or saturation:
        made.append(ColorJitterAug(brightness, contrast, saturation))
    if hue:
        made.append(HueJitterAug(hue))
    if pca_noise > 0:
        made.append(LightingAug(pca_noise, EIGVAL, EIGVEC))
    if rand_gray > 0:
        made.append(RandomGrayAug(rand_gray))
    if mean is not None or std is not None:
        made.append(ColorNormalizeAug(mean, std))
    return made


def channel_values(name: str, given: Any, make: Any = np.array) -> Any:
    """A mean or std as it is given, or for True ImageNet's, as the kind of array that `make` makes."""
    if given is True:
        return make(MEAN if name == "mean" else STD)
    if given is None:
        return None
    if not isinstance(given, (np.ndarray, NDArray)):
        raise MXNetAssertionTypeError(f"{name} is True, None, or an array, not {type(given).__name__}")
    if given.shape[:1] not in ((1,), (3,)):
        raise MXNetAssertionError(f"{name} has one or three values, not the shape {given.shape}")
    return given
