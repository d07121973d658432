# SPDX-License-Identifier: Apache-2.0
"""Operators on images that change places or values without chance: conversion, normalisation, cropping, resizing.

Images are (height, width, channels), batches (n, height, width, channels); `to_tensor` and what follows it have the
channels first. What changes colors at random is in image_random.py, files and OpenCV's own functions in image_file.py.
"""
from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from . import _opencv
from .families import same_shape_of_data
from .params import Params, Range
from .registry import OperatorError, op


def check_image(data: Any, batches: bool = True, layout: str = "height, width, channels") -> None:
    """Raise OperatorError unless a shape is that of an image, or of a batch of images where those are taken."""
    if len(data) != 3 and not (batches and len(data) == 4):
        more = f" or (n, {layout})" if batches else ""
        raise OperatorError(f"data is {tuple(data)}, expected an image ({layout}){more}")


@op("_image_to_tensor", "_npx__image_to_tensor")
def to_tensor(data: Tensor) -> Tensor:
    """From (h, w, c) with values in [0, 255] to (c, h, w) with float32 values in [0, 1]; likewise for batches.

    >>> import mxnet as mx
    >>> mx.nd.image.to_tensor(mx.nd.full((4, 5, 3), 255, dtype="uint8")).shape
    (3, 4, 5)
    """
    check_image(data.shape)
    moved = data.movedim(-1, -3)
    if data.dtype is torch.float16:          # divided with its own precision, as in MXNet
        return (moved / 255).to(torch.float32, memory_format=torch.contiguous_format)
    return moved.to(torch.float32, copy=True, memory_format=torch.contiguous_format).div_(255)


@to_tensor.shape
def _(params, data):
    check_image(data)
    return {"out": (*data[:-3], data[-1], data[-3], data[-2])}


@to_tensor.dtype
def _(params, data=None):
    return {"data": data, "out": torch.float32}


@op("_image_normalize", "_npx__image_normalize")
def normalize(data: Tensor, *, mean: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0),
              std: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """`(data - mean) / std` for each channel of (c, h, w) or (n, c, h, w), with 1 or 3 channels.

    `mean` and `std` have one number for all channels, or one for each. Integer results are cut off, not rounded.

    >>> import mxnet as mx
    >>> mx.nd.image.normalize(mx.nd.ones((3, 1, 1)), mean=(0, 1, 2), std=2).asnumpy().ravel().tolist()
    [0.5, 0.0, -0.5]
    """
    _check_channels(tuple(data.shape), mean, std)
    kind = torch.float64 if data.dtype is torch.float64 else torch.float32
    shift, scale = (torch.tensor(v, dtype=torch.float32).to(data.device, kind).reshape(-1, 1, 1) for v in (mean, std))
    return data.to(kind).sub(shift).div_(scale).to(data.dtype)


def _check_channels(shape: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    check_image(shape, layout="channels, height, width")
    channels = shape[-3]
    if channels not in (None, 1, 3):
        raise OperatorError(f"data is {shape}: the axis of the channels, third from the end, has 1 or 3 of them")
    for name, given in (("mean", mean), ("std", std)):
        if channels is not None and len(given) not in (1, channels):
            raise OperatorError(f"{name} has {len(given)} numbers, expected 1 or {channels}, one for each channel")


@normalize.shape
def _(params, data=None, out=None):
    if data is not None:
        _check_channels(data, params.mean, params.std)
    return {"data": out, "out": data}


@op("_image_crop", "_npx__image_crop", alias=True)
def crop(data: Tensor, *, x: int, y: int, width: Annotated[int, Range(1)], height: Annotated[int, Range(1)]) -> Tensor:
    """The part of an image (or of each in a batch) with upper left corner (x, y), `width` columns and `height` rows.

    >>> import mxnet as mx
    >>> mx.nd.image.crop(mx.nd.ones((10, 8, 3)), x=1, y=2, width=4, height=5).shape
    (5, 4, 3)
    """
    _check_crop(data.shape, x, y, width, height)
    return data[..., y:y + height, x:x + width, :]


def _check_crop(shape: Any, x: int, y: int, width: int, height: int) -> None:
    check_image(shape)
    for place, low, name, size, whole in (("y", y, "height", height, shape[-3]), ("x", x, "width", width, shape[-2])):
        if low < 0 or (whole is not None and low + size > whole):
            raise OperatorError(f"{place}={low} and {name}={size} leave the image, whose {name} is {whole}")


@crop.shape
def _(params, data):
    _check_crop(data, params.x, params.y, params.width, params.height)
    return {"out": (*data[:-3], params.height, params.width, data[-1])}


@op("_image_flip_left_right", "_npx__image_flip_left_right")
def flip_left_right(data: Tensor) -> Tensor:
    """An image (h, w, c) with its columns in reverse order.

    >>> import mxnet as mx
    >>> mx.nd.image.flip_left_right(mx.nd.array([[[1], [2]]])).asnumpy().ravel().tolist()
    [2.0, 1.0]
    """
    check_image(data.shape, batches=False)
    return data.flip(-2)


@op("_image_flip_top_bottom", "_npx__image_flip_top_bottom")
def flip_top_bottom(data: Tensor) -> Tensor:
    """An image (h, w, c) with its rows in reverse order.

    >>> import mxnet as mx
    >>> mx.nd.image.flip_top_bottom(mx.nd.array([[[1]], [[2]]])).asnumpy().ravel().tolist()
    [2.0, 1.0]
    """
    check_image(data.shape, batches=False)
    return data.flip(-3)


def single_image_shape(params: Params, data: Any = None, out: Any = None) -> dict[str, Any]:
    """Shape rule: the output is like the only input, a single image."""
    for shape in (data, out):
        if shape is not None:
            check_image(shape, batches=False)
    return same_shape_of_data(params, data, out)


flip_left_right.shape(single_image_shape)
flip_top_bottom.shape(single_image_shape)


@op("_image_resize", "_npx__image_resize")
def resize(data: Tensor, *, size: tuple[int, ...] = (), keep_ratio: bool = False,
           interp: Annotated[int, Range(0, 5)] = 1) -> Tensor:
    """An image (or each in a batch) in another size, by OpenCV.

    `size` is (width, height), or one number for both; with one number and `keep_ratio` the shorter edge gets it and
    the other one follows. `interp`: 0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos, 5 exact bilinear. Images are
    uint8, float32 or float64. There is no gradient.

    >>> import mxnet as mx
    >>> mx.nd.image.resize(mx.nd.ones((10, 8, 3)), size=(4, 6)).shape
    (6, 4, 3)
    """
    check_image(data.shape)
    height, width = _resized(size, keep_ratio, data.shape[-3], data.shape[-2])
    if data.is_meta:
        return data.new_empty((*data.shape[:-3], height, width, data.shape[-1]))
    if data.dim() == 3:
        return _opencv.as_tensor(_opencv.resize(_opencv.as_image(data), width, height, interp), data)
    made = [_opencv.as_tensor(_opencv.resize(image, width, height, interp)) for image in _opencv.as_image(data)]
    return torch.stack(made).to(data.device) if made else data.new_empty((0, height, width, data.shape[-1]))


def _resized(size: tuple[int, ...], keep_ratio: bool, height: int, width: int) -> tuple[int, int]:
    """Height and width of the result."""
    if len(size) not in (1, 2) or min(size) <= 0:
        raise OperatorError(f"size is {size}, expected (width, height) or one number, above 0")
    if len(size) == 2:
        return size[1], size[0]
    if not keep_ratio:
        return size[0], size[0]
    return (size[0] * height // width, size[0]) if height > width else (size[0], size[0] * width // height)


@resize.shape
def _(params, data):
    check_image(data)
    if None in data[-3:-1] and params.keep_ratio and len(params.size) == 1:
        return {}
    return {"out": (*data[:-3], *_resized(params.size, params.keep_ratio, data[-3], data[-2]), data[-1])}
