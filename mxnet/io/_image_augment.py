# SPDX-License-Identifier: Apache-2.0
"""The augmenter of `ImageRecordIter`: arrays of OpenCV in, arrays of OpenCV out, chance from a generator that is given.

Channels are blue, green, red throughout; `Normalizer` puts them into the order of a batch. The worker threads turn
OpenCV's IPP off (see `mxnet.image.codec`).
"""
from __future__ import annotations

import math
import random

import numpy as np

from ..base import MXNetError, MXNetValueError
from ..image._header import check_size
from ..image.codec import opencv
from ..image.create import EIGVAL, EIGVEC
from ..image.resize import AUTO, RANDOM, automatic, short_size
from ._image_params import Augmenting, Reading

cv2 = opencv()
_FLAGS = {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR, 4: cv2.IMREAD_UNCHANGED}
_REDUCED = {1: [(8, cv2.IMREAD_REDUCED_GRAYSCALE_8), (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
                (2, cv2.IMREAD_REDUCED_GRAYSCALE_2)],
            3: [(8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2)]}
_TRIES = 10
_LARGEST = 1 << 26                                # pixels; an image of one row must not become a million rows
_FIXED, _PARTS = 1024, 32                        # of OpenCV's fixed-point affine maps: units of a pixel, steps
_MIDDLE = 128                                     # the grey that does not change with contrast
_HSL_LIMITS = (180, 255, 255)                     # of OpenCV's hue, lightness, saturation in bytes


def decode(encoded: bytes, channels: int, shorter: int = 0) -> np.ndarray:
    """Pixels (height, width, channels) of an encoded image.

    A JPEG is decoded smaller where its shorter side then still has `shorter` pixels or more (0: as it is).
    """
    data = np.frombuffer(encoded, np.uint8)
    try:
        flag = _FLAGS[channels]
        side = min(check_size(encoded) or (0, 0))
        if shorter > 0 and side and channels in _REDUCED and encoded[:1] == b"\xff":
            flag = next((flag for factor, flag in _REDUCED[channels] if side >= factor * shorter), flag)
        image = cv2.imdecode(data, flag) if data.size else None
    except cv2.error as error:
        raise MXNetError(f"the image cannot be decoded: {error}") from None
    if image is None:
        raise MXNetError(f"its {data.size} bytes are no image that OpenCV reads")
    image = image if image.ndim == 3 else image[:, :, None]
    if image.shape[2] != channels or image.dtype != np.uint8:
        raise MXNetError(f"expected {channels} channels of uint8, the image has {image.shape[2]} of {image.dtype}")
    return image


def resize(image: np.ndarray, width: int, height: int, method: int, rng: random.Random) -> np.ndarray:
    """`cv2.resize` with one of MXNet's interpolations."""
    if image.shape[:2] == (height, width):
        return image
    if width * height > max(_LARGEST, image.size):
        raise MXNetError(f"the image, {image.shape[1]} wide and {image.shape[0]} high, would be enlarged to {width} x "
                         f"{height} pixels")
    made = cv2.resize(image, (width, height), interpolation=_method(image, width, height, method, rng))
    return made if made.ndim == 3 else made[:, :, None]


def _method(image: np.ndarray, width: float, height: float, method: int, rng: random.Random) -> int:
    if method == AUTO:
        return automatic(image.shape[0], image.shape[1], height, width)
    return rng.randint(0, 4) if method == RANDOM else method


def augment(image: np.ndarray, params: Augmenting, rng: random.Random) -> np.ndarray:
    """All that changes an image before it is normalized; the result has the size of data_shape."""
    if params.resize > 0:
        image = resize(image, *short_size(image.shape[1], image.shape[0], params.resize), params.inter_method, rng)
    if params.affine:
        image = _warp(image, params, rng)
    if params.pad > 0:
        image = border(image, params.pad, params.pad, params.pad, params.pad, params.fill_value)
    image = _crop(image, params, rng)
    if image.shape[2] == 3:
        image = _color(image, params, rng)
    if params.mirror or (params.rand_mirror and rng.random() < 0.5):
        image = _three(cv2.flip(image, 1))
    return image


def border(image: np.ndarray, top: int, bottom: int, left: int, right: int, fill: int) -> np.ndarray:
    """An image with pixels of one value around it."""
    return _three(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=[fill] * 4))


def _three(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 3 else image[:, :, None]


def _warp(image: np.ndarray, params: Augmenting, rng: random.Random) -> np.ndarray:
    """Shear, rotation, scale and aspect in one affine map about the middle."""
    rows, cols = image.shape[:2]
    shear = rng.uniform(-params.max_shear_ratio, params.max_shear_ratio)
    angle = params.rotate if params.rotate > 0 else rng.randint(-params.max_rotate_angle, params.max_rotate_angle)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    scale = rng.uniform(params.min_random_scale, params.max_random_scale)
    ratio = 1.0
    if not params.random_resized_crop:
        if params.min_aspect_ratio is not None:
            ratio = rng.uniform(params.min_aspect_ratio, params.max_aspect_ratio)
        else:
            ratio = 1 + rng.uniform(-params.max_aspect_ratio, params.max_aspect_ratio)
    tall = 2 * scale / (1 + ratio)
    wide = ratio * tall
    width, height = (max(params.min_img_size, min(params.max_img_size, scale * size)) for size in (cols, rows))
    turn = np.array([[tall * cos - shear * sin * wide, tall * sin + shear * cos * wide], [-sin * wide, cos * wide]],
                    np.float32)
    shift = (np.array([width, height], np.float32) - turn @ np.array([cols, rows], np.float32)) / 2
    method = _method(image, width, height, params.inter_method, rng)
    return _three(_warp_affine(image, np.column_stack((turn, shift)).astype(np.float64), int(width), int(height),
                               method, [params.fill_value] * 4))


def _warp_affine(image: np.ndarray, matrix: np.ndarray, width: int, height: int, method: int,
                 fill: list[int]) -> np.ndarray:
    """`cv2.warpAffine` with the rounding of the OpenCV that MXNet has: places in 1/32 of a pixel.

    Newer versions interpolate at exact places, which gives other bytes. `remap` still knows the old way.
    """
    back = cv2.invertAffineTransform(matrix)
    cross, down = np.arange(width), np.arange(height)[:, None]
    nearest = method == cv2.INTER_NEAREST
    half = _FIXED // 2 if nearest else _FIXED // _PARTS // 2
    place = np.stack([np.rint((row[1] * down + row[2]) * _FIXED).astype(np.int64) + half
                      + np.rint(row[0] * cross * _FIXED).astype(np.int64) for row in back], 2)
    method = cv2.INTER_LINEAR if method == cv2.INTER_AREA else method
    if nearest:
        whole, weights = place // _FIXED, None
    else:
        place //= _FIXED // _PARTS
        whole = place // _PARTS
        weights = (place[:, :, 1] % _PARTS * _PARTS + place[:, :, 0] % _PARTS).astype(np.uint16)
    limits = np.iinfo(np.int16)
    return cv2.remap(image, np.clip(whole, limits.min, limits.max).astype(np.int16), weights, method,
                     borderMode=cv2.BORDER_CONSTANT, borderValue=fill)


def _crop(image: np.ndarray, params: Augmenting, rng: random.Random) -> np.ndarray:
    _, height, width = params.data_shape
    if params.random_resized_crop:
        found = _resized_crop(image, params, rng)
        if found is not None:
            return found
    elif params.max_crop_size > 0:
        if min(image.shape[:2]) < params.max_crop_size:
            raise MXNetValueError(f"max_crop_size is {params.max_crop_size}, the image {image.shape[1]} wide and "
                                  f"{image.shape[0]} high")
        size = rng.randint(params.min_crop_size, params.max_crop_size)
        return resize(_part(image, size, size, params.rand_crop, rng), width, height, params.inter_method, rng)
    if image.shape[0] < height:
        longer = int(np.float32(height) / np.float32(image.shape[0]) * np.float32(image.shape[1]))
        image = resize(image, longer, height, params.inter_method, rng)
    if image.shape[1] < width:
        longer = int(np.float32(width) / np.float32(image.shape[1]) * np.float32(image.shape[0]))
        image = resize(image, width, longer, params.inter_method, rng)
    return _part(image, width, height, params.rand_crop, rng)


def _part(image: np.ndarray, width: int, height: int, anywhere: bool, rng: random.Random) -> np.ndarray:
    """A part of an image, in the middle or anywhere."""
    y, x = image.shape[0] - height, image.shape[1] - width
    y, x = (rng.randint(0, y), rng.randint(0, x)) if anywhere else (y // 2, x // 2)
    return image[y:y + height, x:x + width]


def _resized_crop(image: np.ndarray, params: Augmenting, rng: random.Random) -> np.ndarray | None:
    """A part of random area and aspect, resized; None after ten that do not fit, or where nothing is random."""
    if params.max_random_area == params.min_random_area == 1 and params.min_aspect_ratio is None:
        return None
    rows, cols = image.shape[:2]
    least = 1.0 if params.min_aspect_ratio is None else params.min_aspect_ratio
    for _ in range(_TRIES):
        area = rng.uniform(params.min_random_area, params.max_random_area) * rows * cols
        ratio = rng.uniform(least, params.max_aspect_ratio or 1.0)
        height, width = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
        if rng.random() > 0.5:
            height, width = width, height
        if 0 < height <= rows and 0 < width <= cols:
            part = _part(image, width, height, True, rng)
            return resize(part, params.data_shape[2], params.data_shape[1], params.inter_method, rng)
    return None


def _color(image: np.ndarray, params: Augmenting, rng: random.Random) -> np.ndarray:
    """Jitter of brightness, contrast and saturation (in random order), of hue, saturation, lightness, and PCA noise."""
    if params.brightness > 0 or params.contrast > 0 or params.saturation > 0:
        amounts = {_brighten: params.brightness, _contrast: params.contrast, _saturate: params.saturation}
        steps = [(step, 1 + rng.uniform(-amount, amount)) for step, amount in amounts.items() if amount > 0]
        rng.shuffle(steps)
        for step, alpha in steps:
            image = step(image, alpha)
    image = shift_hsl(image, *(_mild(most, rng) if most else 0
                               for most in (params.random_h, params.random_l, params.random_s)))
    if params.pca_noise > 0:
        alphas = np.array([rng.gauss(0, params.pca_noise) for _ in range(3)])
        red, green, blue = (EIGVEC * alphas) @ EIGVAL
        image = cv2.add(image, (blue, green, red, 0.0))
    return image


def _brighten(image: np.ndarray, alpha: float) -> np.ndarray:
    return cv2.convertScaleAbs(image, alpha=max(alpha, 0.0))


def _mild(most: int, rng: random.Random) -> int:
    """A whole number between -most and most, seldom a large one: a mean of two uniform numbers, weights 1 and 4."""
    return int((rng.random() + 4 * rng.random()) / 5 * 2 * most - most)


def _contrast(image: np.ndarray, alpha: float) -> np.ndarray:
    return cv2.addWeighted(image, alpha, image, 0.0, (1 - alpha) * _MIDDLE)


def _saturate(image: np.ndarray, alpha: float) -> np.ndarray:
    # Red and blue count for each other in MXNet's grey, whose images are blue, green, red here, too.
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2BGR)
    return cv2.addWeighted(grey, 1 - alpha, image, alpha, 0.0)


def shift_hsl(image: np.ndarray, hue: int, lightness: int, saturation: int) -> np.ndarray:
    """Amounts added to hue, lightness and saturation, each limited to the range of its byte (hue does not go round)."""
    if not (hue or lightness or saturation):
        return image
    values = cv2.cvtColor(image, cv2.COLOR_BGR2HLS).astype(np.int16) + np.array((hue, lightness, saturation), np.int16)
    return cv2.cvtColor(np.clip(values, 0, _HSL_LIMITS).astype(np.uint8), cv2.COLOR_HLS2BGR)


class Normalizer:
    """Writes an image into its place in a batch, (channels, height, width), channels red, green, blue, alpha.

    A float value is `((byte - mean) * contrast + illumination) * scale / std`: a table of 256 values for a channel,
    or, where each pixel has a mean of its own, a table without the mean and a subtraction.
    """

    def __init__(self, params: Reading, mean_image: np.ndarray | None) -> None:
        channels = params.data_shape[0]
        self._order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
        means = [params.mean_r, params.mean_g, params.mean_b, params.mean_a]
        stds = [params.std_r, params.std_g, params.std_b, params.std_a]
        # With both, MXNet's iterators for classification take the image, those for detection the channels' means.
        self._mean_image = mean_image if isinstance(params, Augmenting) or not any(means) else None
        self._mean = np.array(means[:channels] if self._mean_image is None else [0] * channels, np.float32)[:, None]
        self._factor = (params.scale / np.array([one if one > 0 else 1.0 for one in stds[:channels]]))[:, None]
        self._jitter = 0.0, 0.0
        if isinstance(params, Augmenting):
            self._jitter = params.max_random_contrast, params.max_random_illumination
        self._table = self._make_table(1.0, 0.0)

    def _make_table(self, contrast: float, illumination: float) -> np.ndarray:
        bytes_ = np.arange(256, dtype=np.float32)[None]
        factor = (self._factor * contrast).astype(np.float32)
        return (bytes_ - self._mean) * factor + (self._factor * illumination).astype(np.float32)

    def write(self, image: np.ndarray, out: np.ndarray, rng: random.Random) -> None:
        """Fill `out` with the image."""
        if out.dtype == np.uint8:
            for at, channel in enumerate(self._order):
                cv2.extractChannel(image, channel, out[at])
            return
        if out.dtype == np.int8:
            # MXNet rounds means, and knows no scale of these.
            mean = self._mean[:, :, None] if self._mean_image is None else self._mean_image
            values = image[:, :, self._order].transpose(2, 0, 1) - np.floor(mean + 0.5).astype(np.int16)
            np.clip(values, -128, 127, out=out, casting="unsafe")
            return
        table, contrast = self._table, 1.0
        if any(self._jitter):
            contrast, illumination = 1 + rng.uniform(-self._jitter[0], self._jitter[0]), rng.uniform(
                -self._jitter[1], self._jitter[1])
            table = self._make_table(contrast, illumination)
        for at, channel in enumerate(self._order):
            cv2.LUT(cv2.extractChannel(image, channel), table[at], out[at])
        if self._mean_image is not None:
            out -= self._mean_image * (self._factor * contrast).astype(np.float32)[:, :, None]
