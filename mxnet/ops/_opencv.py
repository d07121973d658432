# SPDX-License-Identifier: Apache-2.0
"""OpenCV on tensors: imported at first use, its errors turned into ours. Images are (height, width, channels), on CPU.

OpenCV computes on the processor; a tensor of another device goes there and back.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..base import MXNetError
from .registry import OperatorError

KINDS = (torch.uint8, torch.float32, torch.float64, torch.int16)
_CHANNELS = 128                # that OpenCV 5 takes at most; MXNet's took 512


@functools.cache
def opencv() -> Any:
    """The module cv2. Raises MXNetError with the way to install it."""
    try:
        import cv2
    except ImportError as error:
        raise MXNetError(f"images need OpenCV (pip install opencv-python-headless): {error}") from error
    return cv2


def guarded(call: Callable[[], Any], what: str) -> Any:
    """The result of an OpenCV call. Raises OperatorError with OpenCV's own reason."""
    try:
        return call()
    except opencv().error as error:
        raise OperatorError(f"{what}: OpenCV refuses: {getattr(error, 'err', None) or error}") from error


def as_image(data: Tensor) -> np.ndarray:
    """The array that OpenCV sees. Raises OperatorError for element types that it does not compute with."""
    if data.dtype not in KINDS:
        known = ", ".join(str(kind).removeprefix("torch.") for kind in KINDS)
        raise OperatorError(f"OpenCV takes images of {known}, not {str(data.dtype).removeprefix('torch.')}")
    return np.ascontiguousarray(data.detach().cpu().numpy())


def as_tensor(image: np.ndarray, like: Tensor | None = None) -> Tensor:
    """The tensor of an image, with the axis of a single channel that OpenCV drops; on the device of `like`."""
    made = torch.from_numpy(np.ascontiguousarray(image if image.ndim == 3 else image[..., None]))
    return made if like is None else made.to(like.device)


def resize(image: np.ndarray, width: int, height: int, interp: int) -> np.ndarray:
    """Resize to `height` rows and `width` columns; `interp` is OpenCV's number of a method."""
    def change(part: np.ndarray) -> np.ndarray:
        return guarded(lambda: opencv().resize(part, (width, height), interpolation=interp), "resize")

    if image.shape[-1] <= _CHANNELS:
        return change(image)
    return np.dstack([change(np.ascontiguousarray(image[..., first:first + _CHANNELS]))
                      for first in range(0, image.shape[-1], _CHANNELS)])


def decode(data: np.ndarray, flag: int, to_rgb: bool, source: str) -> np.ndarray:
    """Decode a file's bytes: in color unless `flag` is 0, BGR unless `to_rgb`. Raises OperatorError naming `source`."""
    cv2 = opencv()
    image = guarded(lambda: cv2.imdecode(data, flag), source) if data.size else None
    if image is None:
        raise OperatorError(f"{source} holds no image that OpenCV can decode ({data.size} bytes)")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if to_rgb and image.ndim == 3 and image.shape[2] == 3 else image
