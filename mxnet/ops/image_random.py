# SPDX-License-Identifier: Apache-2.0
"""Operators that change an image (h, w, c) at random, to augment data: colors, lighting, flips.

All compute in float32. Integer results are kept within the range of their type and cut off, not rounded.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Generator, Tensor

from .image import check_image, flip_left_right, flip_top_bottom, single_image_shape
from .params import Range
from .registry import Operator, OperatorError, op
from .schema import Rng

Factor = Annotated[float, Range(0.0)]
_GRAY = (0.299, 0.587, 0.114)        # luminance of red, green and blue, ITU-R BT.601
# Principal components of the colors of ImageNet: eigenvectors as columns, times their eigenvalues (Krizhevsky 2012).
_COLOR_AXES = torch.tensor(((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203)),
                           dtype=torch.float64).mul(torch.tensor((55.46, 4.794, 1.148), dtype=torch.float64)).float()


def _augmentation(operator: Operator) -> Operator:
    operator.shape(single_image_shape)
    return operator


def _as(values: Tensor, like: Tensor) -> Tensor:
    """Float32 values in the dtype of the image: uint8 ends at 0 and 255, int8 wraps around, as in MXNet."""
    if like.dtype is torch.uint8:
        return values.clamp(0, 255).to(torch.uint8)
    return values.to(torch.int32).to(torch.int8) if like.dtype is torch.int8 else values.to(like.dtype)


def _image(data: Tensor) -> Tensor:
    """The image in float32. Raises OperatorError for other shapes than (h, w, 1) and (h, w, 3)."""
    check_image(data.shape, batches=False)
    if data.shape[-1] not in (1, 3):
        raise OperatorError(f"data is {tuple(data.shape)}: colors come in 3 channels, gray in 1")
    return data.to(torch.float32)


def _between(low: float, high: float, like: Tensor, rng: Generator | None) -> Tensor:
    """One uniform random number, a tensor without axes on the image's device."""
    return torch.rand((), generator=rng, device=like.device).mul_(high - low).add_(low)


def _gray(image: Tensor) -> Tensor:
    """The luminance of each pixel, (h, w, 1)."""
    return (image * image.new_tensor(_GRAY)).sum(-1, keepdim=True) if image.shape[-1] > 1 else image


def _brighten(image: Tensor, factor: Tensor) -> Tensor:
    return image * factor


def _contrast(image: Tensor, factor: Tensor) -> Tensor:
    return image * factor + _gray(image).mean() * (1 - factor)


def _saturate(image: Tensor, factor: Tensor) -> Tensor:
    if image.shape[-1] == 1:
        return image.clone()
    # MXNet takes the blue part of the luminance for all of it, and models are trained with that
    return image * factor + image[..., 2:] * _GRAY[2] * (1 - factor)


def _turn_hue(image: Tensor, factor: Tensor) -> Tensor:
    """Add `factor` turns to the hue, through hue, lightness and saturation (Foley and van Dam, section 13.3)."""
    if image.shape[-1] == 1:
        return image.clone()
    unit = image / 255
    top, least = unit.amax(-1), unit.amin(-1)
    spread, light = top - least, (top + least) * 0.5
    colored = spread > torch.finfo(torch.float32).eps
    saturation = spread / torch.where(light < 0.5, top + least, 2 - top - least)
    high = torch.where(light <= 0.5, light * (1 + saturation), light + saturation - light * saturation)
    low = 2 * light - high
    hue = ((_hue(unit, top, spread) + factor * 360) * (1 / 60)).remainder(6).nan_to_num()
    sector = hue.floor().clamp(max=5)
    part = hue - sector
    levels = torch.stack([high, low, low + (high - low) * (1 - part), low + (high - low) * part], -1)
    order = torch.tensor(_SECTORS, device=image.device)[sector.long()]
    return torch.where(colored.unsqueeze(-1), levels.gather(-1, order), light.unsqueeze(-1)) * 255


# For each sixth of the circle of hues: the levels (highest, lowest, falling, rising) of red, green and blue.
_SECTORS = ((0, 3, 1), (2, 0, 1), (1, 0, 3), (1, 2, 0), (3, 1, 0), (0, 1, 2))


def _hue(unit: Tensor, top: Tensor, spread: Tensor) -> Tensor:
    """The hue in degrees."""
    red, green, blue = unit.unbind(-1)
    scale = 60 / spread
    hue = torch.where(top == red, (green - blue) * scale,
                      torch.where(top == green, (blue - red) * scale + 120, (red - green) * scale + 240))
    return torch.where(hue < 0, hue + 360, hue)


def _light(image: Tensor, alpha: Tensor) -> Tensor:
    """Add the principal components of color, `alpha` of each."""
    if image.shape[-1] == 1:
        return image.clone()
    first, second, third = (_COLOR_AXES.to(image.device) * alpha.float()).unbind(1)    # as in MXNet, float32 for all
    return image + (first + second + third)


def _by_factor(change: Callable[[Tensor, Tensor], Tensor], data: Tensor, low: float, high: float,
               rng: Generator | None) -> Tensor:
    return _as(change(_image(data), _between(low, high, data, rng)), data)


@_augmentation
@op("_image_random_brightness", "_npx__image_random_brightness")
def random_brightness(data: Tensor, *, min_factor: Factor, max_factor: Factor, rng: Rng) -> Tensor:
    """The image times a random factor in [min_factor, max_factor).

    >>> import mxnet as mx
    >>> mx.nd.image.random_brightness(mx.nd.ones((1, 1, 3)), min_factor=2, max_factor=2).asnumpy().ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    return _by_factor(_brighten, data, min_factor, max_factor, rng)


@_augmentation
@op("_image_random_contrast", "_npx__image_random_contrast")
def random_contrast(data: Tensor, *, min_factor: Factor, max_factor: Factor, rng: Rng) -> Tensor:
    """Distances from the image's mean luminance times a random factor in [min_factor, max_factor).

    >>> import mxnet as mx
    >>> mx.nd.image.random_contrast(mx.nd.ones((4, 5, 3)), min_factor=0.5, max_factor=1.5).shape
    (4, 5, 3)
    """
    return _by_factor(_contrast, data, min_factor, max_factor, rng)


@_augmentation
@op("_image_random_saturation", "_npx__image_random_saturation")
def random_saturation(data: Tensor, *, min_factor: Factor, max_factor: Factor, rng: Rng) -> Tensor:
    """Distances from the blue part of each pixel's luminance times a random factor in [min_factor, max_factor).

    >>> import mxnet as mx
    >>> mx.nd.image.random_saturation(mx.nd.ones((4, 5, 3)), min_factor=0.5, max_factor=1.5).shape
    (4, 5, 3)
    """
    return _by_factor(_saturate, data, min_factor, max_factor, rng)


@_augmentation
@op("_image_random_hue", "_npx__image_random_hue")
def random_hue(data: Tensor, *, min_factor: Factor, max_factor: Factor, rng: Rng) -> Tensor:
    """Hues turned by a random part of the circle in [min_factor, max_factor).

    >>> import mxnet as mx
    >>> red = mx.nd.array([[[255, 0, 0]]])
    >>> mx.nd.image.random_hue(red, min_factor=0.5, max_factor=0.5).round().asnumpy().tolist()
    [[[0.0, 255.0, 255.0]]]
    """
    return _by_factor(_turn_hue, data, min_factor, max_factor, rng)


@_augmentation
@op("_image_random_color_jitter", "_npx__image_random_color_jitter")
def random_color_jitter(data: Tensor, *, brightness: float, contrast: float, saturation: float, hue: float,
                        rng: Rng) -> Tensor:
    """Brightness, contrast, saturation and hue changed at random, in random order.

    The factors are in [max(0, 1 - x), 1 + x) for the first three, the turn of hue in [-hue, hue); a parameter that is
    not above 0 leaves its part out.

    >>> import mxnet as mx
    >>> jitter = {"brightness": 0.1, "contrast": 0.1, "saturation": 0.1, "hue": 0}
    >>> mx.nd.image.random_color_jitter(mx.nd.ones((4, 5, 3)), **jitter).shape
    (4, 5, 3)
    """
    _image(data)
    steps = [(change, max(0.0, 1 - x), 1 + x) for change, x in (
        (_brighten, brightness), (_contrast, contrast), (_saturate, saturation)) if x > 0]
    if hue > 0:
        steps.append((_turn_hue, -hue, hue))
    if data.is_meta or not steps:
        return data.clone()
    image = data
    for i in torch.randperm(len(steps), generator=rng, device=data.device).tolist():
        change, low, high = steps[i]
        image = _by_factor(change, image, low, high, rng)
    return image


@_augmentation
@op("_image_adjust_lighting", "_npx__image_adjust_lighting")
def adjust_lighting(data: Tensor, *, alpha: tuple[float, ...]) -> Tensor:
    """Add the principal components of ImageNet's colors to each pixel, `alpha` (three numbers) of each.

    Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012, section 4.1.

    >>> import mxnet as mx
    >>> mx.nd.image.adjust_lighting(mx.nd.ones((1, 1, 3)), alpha=(0, 0, 0)).asnumpy().tolist()
    [[[1.0, 1.0, 1.0]]]
    """
    if len(alpha) != 3:
        raise OperatorError(f"alpha has {len(alpha)} numbers, expected 3")
    image = _image(data)
    return _as(_light(image, image.new_tensor(alpha)), data)


@_augmentation
@op("_image_random_lighting", "_npx__image_random_lighting")
def random_lighting(data: Tensor, *, alpha_std: float = 0.05, rng: Rng) -> Tensor:
    """`adjust_lighting` with normal random `alpha` of mean 0 and standard deviation `alpha_std`.

    >>> import mxnet as mx
    >>> mx.nd.image.random_lighting(mx.nd.ones((4, 5, 3)), alpha_std=0.1).shape
    (4, 5, 3)
    """
    image = _image(data)
    alpha = torch.randn(3, generator=rng, device=data.device).mul_(alpha_std)
    return _as(_light(image, alpha), data)


@_augmentation
@op("_image_random_flip_left_right", "_npx__image_random_flip_left_right")
def random_flip_left_right(data: Tensor, *, rng: Rng) -> Tensor:
    """The image, with its columns in reverse order every other time.

    >>> import mxnet as mx
    >>> mx.nd.image.random_flip_left_right(mx.nd.ones((4, 5, 3))).shape
    (4, 5, 3)
    """
    return _perhaps(data, flip_left_right.kernel(data), rng)


def _perhaps(data: Tensor, changed: Tensor, rng: Generator | None) -> Tensor:
    return torch.where(torch.rand((), generator=rng, device=data.device) < 0.5, changed, data)


@_augmentation
@op("_image_random_flip_top_bottom", "_npx__image_random_flip_top_bottom")
def random_flip_top_bottom(data: Tensor, *, rng: Rng) -> Tensor:
    """The image, with its rows in reverse order every other time.

    >>> import mxnet as mx
    >>> mx.nd.image.random_flip_top_bottom(mx.nd.ones((4, 5, 3))).shape
    (4, 5, 3)
    """
    return _perhaps(data, flip_top_bottom.kernel(data), rng)
