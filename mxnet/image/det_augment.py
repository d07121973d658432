# SPDX-License-Identifier: Apache-2.0
"""Augmenters of images with boxes, but for regions, and the usual list of them."""
from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import MXNetAssertionError, MXNetTypeError, MXNetValueError
from ..ndarray import NDArray, flip
from .augment import Augmenter, ForceResizeAug, ResizeAug
from .create import channel_values, color_augmenters
from .det_region import DetAugmenter, DetRandomCropAug, DetRandomPadAug

__all__ = ["CreateDetAugmenter", "CreateMultiRandCropAugmenter", "DetAugmenter", "DetBorrowAug",
           "DetHorizontalFlipAug", "DetRandomSelectAug"]


class DetBorrowAug(DetAugmenter):
    """An augmenter of images that does not move objects, for images with labels."""

    def __init__(self, augmenter: Augmenter) -> None:
        if not isinstance(augmenter, Augmenter):
            raise MXNetTypeError(f"DetBorrowAug borrows from an Augmenter, not from {type(augmenter).__name__}")
        super().__init__(augmenter=augmenter.dumps())
        self.augmenter = augmenter

    def dumps(self) -> Any:
        """Name, and what the augmenter dumps."""
        return [type(self).__name__.lower(), self.augmenter.dumps()]

    def __call__(self, src: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:
        return self.augmenter(src), label


class DetRandomSelectAug(DetAugmenter):
    """One of several augmenters, drawn for each image; none with probability `skip_prob`."""

    def __init__(self, aug_list: Any, skip_prob: float = 0) -> None:
        super().__init__(skip_prob=skip_prob)
        self.aug_list = list(aug_list) if isinstance(aug_list, (list, tuple)) else [aug_list]
        for one in self.aug_list:
            if not isinstance(one, DetAugmenter):
                raise MXNetValueError(f"DetRandomSelectAug selects from DetAugmenters, not {type(one).__name__}")
        self.skip_prob = skip_prob if self.aug_list else 1

    def dumps(self) -> Any:
        """Name, and what the augmenters dump."""
        return [type(self).__name__.lower(), [one.dumps() for one in self.aug_list]]

    def __call__(self, src: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:
        if random.random() < self.skip_prob or not self.aug_list:
            return src, label
        random.shuffle(self.aug_list)
        return self.aug_list[0](src, label)


class DetHorizontalFlipAug(DetAugmenter):
    """Left and right exchanged, with probability `p`. Changes the label in place."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:
        if random.random() < self.p:
            src = flip(src, axis=1)
            label[:, [1, 3]] = 1.0 - label[:, [3, 1]]
        return src, label


def CreateMultiRandCropAugmenter(min_object_covered: Any = 0.1, aspect_ratio_range: Any = (0.75, 1.33),
                                 area_range: Any = (0.05, 1.0), min_eject_coverage: Any = 0.3, max_attempts: Any = 50,
                                 skip_prob: float = 0) -> DetRandomSelectAug:
    """Several `DetRandomCropAug` of which one is drawn for each image.

    Each parameter of `DetRandomCropAug` is a list, with a value for each of them, or one value for all.
    Raises MXNetValueError for lists of different lengths.

    >>> import mxnet as mx
    >>> len(mx.image.CreateMultiRandCropAugmenter(min_object_covered=[0.1, 0.5]).aug_list)
    2
    """
    given = [one if isinstance(one, list) else [one]
             for one in (min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts)]
    count = max(map(len, given))
    if any(len(one) not in (1, count) for one in given):
        raise MXNetAssertionError(f"CreateMultiRandCropAugmenter: lists of lengths {[len(one) for one in given]}; "
                                  f"expected 1 or {count} for all")
    full = [one * count if len(one) == 1 else one for one in given]
    return DetRandomSelectAug([DetRandomCropAug(*values) for values in zip(*full)], skip_prob)


def CreateDetAugmenter(data_shape: Sequence[int], resize: int = 0, rand_crop: float = 0, rand_pad: float = 0,
                       rand_gray: float = 0, rand_mirror: bool = False, mean: Any = None, std: Any = None,
                       brightness: float = 0, contrast: float = 0, saturation: float = 0, pca_noise: float = 0,
                       hue: float = 0, inter_method: int = 2, min_object_covered: Any = 0.1,
                       aspect_ratio_range: Any = (0.75, 1.33), area_range: Any = (0.05, 3.0),
                       min_eject_coverage: Any = 0.3, max_attempts: Any = 50,
                       pad_val: Any = (127, 127, 127)) -> list[DetAugmenter]:
    """Augmenters for detection, in the order in which they are applied.

    Parameters
    ----------
    data_shape : (channels, height, width) of the result, to which images are resized whatever their aspect
    rand_crop, rand_pad : probability of a crop, of padding
    min_object_covered, min_eject_coverage : of crops, see `DetRandomCropAug`
    aspect_ratio_range, area_range, max_attempts : of crops and of padding, whose area is at least 1
    pad_val : colour of padding
    the others : as for `CreateAugmenter`

    >>> import mxnet as mx
    >>> [type(one).__name__ for one in mx.image.CreateDetAugmenter((3, 30, 32), rand_mirror=True)]
    ['DetHorizontalFlipAug', 'DetBorrowAug', 'DetBorrowAug']
    """
    made: list[DetAugmenter] = [DetBorrowAug(ResizeAug(resize, inter_method))] if resize > 0 else []
    if rand_crop > 0:
        made.append(CreateMultiRandCropAugmenter(min_object_covered, aspect_ratio_range, area_range,
                                                 min_eject_coverage, max_attempts, skip_prob=1 - rand_crop))
    if rand_mirror:
        made.append(DetHorizontalFlipAug(0.5))
    if rand_pad > 0:
        pad = DetRandomPadAug(aspect_ratio_range, (1.0, area_range[1]), max_attempts, pad_val)
        made.append(DetRandomSelectAug([pad], 1 - rand_pad))
    made.append(DetBorrowAug(ForceResizeAug((data_shape[2], data_shape[1]), inter_method)))
    return made + [DetBorrowAug(one) for one in color_augmenters(brightness, contrast, saturation, hue, pca_noise,
                                                                 rand_gray, channel_values("mean", mean),
                                                                 channel_values("std", std))]
