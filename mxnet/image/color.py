# SPDX-License-Identifier: Apache-2.0
"""Augmenters that change colours. They take float images and, as MXNet's, mostly change them in place."""
from __future__ import annotations

import random
from typing import Any

import numpy as np

from ..ndarray import NDArray, array, dot
from ..ndarray import sum as total
from .augment import Augmenter, RandomOrderAug

__all__ = ["BrightnessJitterAug", "ColorJitterAug", "ColorNormalizeAug", "ContrastJitterAug", "HueJitterAug",
           "LightingAug", "RandomGrayAug", "SaturationJitterAug", "color_normalize"]

LUMA = (0.299, 0.587, 0.114)             # ITU-R BT.601: how red, green and blue count for brightness
_TO_YIQ = np.array([LUMA, (0.596, -0.274, -0.321), (0.211, -0.523, 0.311)])
_FROM_YIQ = np.array([(1.0, 0.956, 0.621), (1.0, -0.272, -0.647), (1.0, -1.107, 1.705)])
_GREY = (0.21, 0.72, 0.07)               # what RandomGrayAug weighs with (close to BT.709)


def color_normalize(src: Any, mean: Any, std: Any = None) -> NDArray:
    """`(src - mean) / std`, in place; each of the two may be None.

    >>> import mxnet as mx
    >>> mx.image.color_normalize(mx.nd.ones((1, 1, 3)), mx.nd.array([1, 0, -1]), mx.nd.array([1, 2, 4])).asnumpy()
    array([[[0. , 0.5, 0.5]]], dtype=float32)
    """
    if mean is not None:
        src -= mean
    if std is not None:
        src /= std
    return src


class BrightnessJitterAug(Augmenter):
    """All values times 1 + u, u uniform in [-brightness, brightness]."""

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness=brightness)
        self.brightness = brightness

    def __call__(self, src: Any) -> NDArray:
        src *= 1.0 + random.uniform(-self.brightness, self.brightness)
        return src


class ContrastJitterAug(Augmenter):
    """Values moved from, or to, the mean brightness of the image by 1 + u, u uniform in [-contrast, contrast]."""

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast=contrast)
        self.contrast = contrast
        self.coef = array([[LUMA]])

    def __call__(self, src: Any) -> NDArray:
        alpha = 1.0 + random.uniform(-self.contrast, self.contrast)
        weighted = src * self.coef
        middle = total(weighted) * (3.0 * (1.0 - alpha) / weighted.size)
        src *= alpha
        src += middle
        return src


class SaturationJitterAug(Augmenter):
    """Values moved from, or to, the brightness of each pixel by 1 + u, u uniform in [-saturation, saturation]."""

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation=saturation)
        self.saturation = saturation
        self.coef = array([[LUMA]])

    def __call__(self, src: Any) -> NDArray:
        alpha = 1.0 + random.uniform(-self.saturation, self.saturation)
        grey: Any = total(src * self.coef, axis=2, keepdims=True)
        grey *= 1.0 - alpha
        src *= alpha
        src += grey
        return src


class HueJitterAug(Augmenter):
    """Colours turned in the plane of YIQ's chroma by u half turns, u uniform in [-hue, hue]. A new array."""

    def __init__(self, hue: float) -> None:
        super().__init__(hue=hue)
        self.hue = hue

    def __call__(self, src: Any) -> NDArray:
        angle = random.uniform(-self.hue, self.hue) * np.pi
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
        return dot(src, array((_FROM_YIQ @ turn @ _TO_YIQ).T))


class ColorJitterAug(RandomOrderAug):
    """Jitter of brightness, contrast and saturation (those above 0), in random order."""

    def __init__(self, brightness: float, contrast: float, saturation: float) -> None:
        kinds = ((BrightnessJitterAug, brightness), (ContrastJitterAug, contrast), (SaturationJitterAug, saturation))
        super().__init__([kind(amount) for kind, amount in kinds if amount > 0])


class LightingAug(Augmenter):
    """Noise along the principal components of colours: eigenvectors times eigenvalues times normal numbers.

    alphastd is their standard deviation, eigval (3,), eigvec (3, 3). Krizhevsky et al., "ImageNet classification with
    deep convolutional neural networks", 2012. Draws from `numpy.random`.
    """

    def __init__(self, alphastd: float, eigval: Any, eigvec: Any) -> None:
        super().__init__(alphastd=alphastd, eigval=eigval, eigvec=eigvec)
        self.alphastd, self.eigval, self.eigvec = alphastd, eigval, eigvec

    def __call__(self, src: Any) -> NDArray:
        alpha = np.random.normal(0, self.alphastd, size=3)
        src += array(np.dot(self.eigvec * alpha, self.eigval))
        return src


class ColorNormalizeAug(Augmenter):
    """`color_normalize` with a mean and a standard deviation for each channel, or None."""

    def __init__(self, mean: Any, std: Any) -> None:
        super().__init__(mean=mean, std=std)
        self.mean, self.std = (one if one is None or isinstance(one, NDArray) else array(one) for one in (mean, std))

    def __call__(self, src: Any) -> NDArray:
        return color_normalize(src, self.mean, self.std)


class RandomGrayAug(Augmenter):
    """Grey (three equal channels) with probability `p`."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p
        self.mat = array(np.repeat(np.array(_GREY)[:, None], 3, 1))

    def __call__(self, src: Any) -> NDArray:
        return dot(src, self.mat) if random.random() < self.p else src
