# SPDX-License-Identifier: Apache-2.0
"""Rotation of float images, by sampling a turned grid."""
from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
import torch

from ..base import MXNetTypeError, MXNetValueError
from ..ndarray import BilinearSampler, NDArray, array
from ..ndarray.handle import wrap

__all__ = ["imrotate", "random_rotate"]


def imrotate(src: NDArray, rotation_degrees: Any, zoom_in: bool = False, zoom_out: bool = False) -> NDArray:
    """Turn images about their middle; what comes from outside is 0.

    Parameters
    ----------
    src : float32 (channels, height, width), or (images, channels, height, width)
    rotation_degrees : angle in degrees, one number, or for several images an array with one for each
    zoom_in : enlarge until no corner from outside shows
    zoom_out : shrink until all of the image is in the result

    Raises MXNetTypeError for a dtype other than float32 and for angles that do not fit, MXNetValueError for other
    shapes and for both zooms. Bilinear sampling: MXNet's operator `BilinearSampler`.

    >>> import mxnet as mx
    >>> mx.image.imrotate(mx.nd.ones((3, 5, 7)), 90, zoom_in=True).shape
    (3, 5, 7)
    """
    if zoom_in and zoom_out:
        raise MXNetValueError("imrotate: only one of zoom_in and zoom_out can be chosen")
    if src.dtype != np.float32:
        raise MXNetTypeError(f"imrotate takes float32 images, not {np.dtype(src.dtype).name}")
    if src.ndim not in (3, 4):
        raise MXNetValueError(f"imrotate takes (channels, height, width) or (images, channels, height, width), "
                              f"not {src.shape}")
    single = isinstance(rotation_degrees, Number)
    if src.ndim == 3 and not single:
        raise MXNetTypeError("imrotate: the angle of a single image is one number")
    images = src.expand_dims(axis=0) if src.ndim == 3 else src
    device = images._tensor.device
    angles = torch.as_tensor([rotation_degrees] * len(images) if single else array(rotation_degrees)._tensor,
                             dtype=torch.float32, device=device)
    if len(angles) != len(images):
        raise MXNetValueError(f"imrotate: {len(images)} images, but {len(angles)} angles")
    grid = _grid((angles * (math.pi / 180)).reshape(-1, 1, 1), images.shape[2], images.shape[3], zoom_in, zoom_out)
    turned = BilinearSampler(images, wrap(grid, images._ctx))
    return turned[0] if src.ndim == 3 else turned


def _grid(angles: torch.Tensor, height: int, width: int, zoom_in: bool, zoom_out: bool) -> torch.Tensor:
    """Where each pixel of the result lies in the image, as (images, 2, height, width) between -1 and 1."""
    half_height, half_width = (height - 1) / 2, (width - 1) / 2
    y = torch.arange(height, device=angles.device, dtype=torch.float32).reshape(1, -1, 1) - half_height
    x = torch.arange(width, device=angles.device, dtype=torch.float32).reshape(1, 1, -1) - half_width
    cos, sin = torch.cos(angles), torch.sin(angles)
    grid = torch.stack(((x * cos - y * sin) / half_width, (x * sin + y * cos) / half_height), 1)
    if not (zoom_in or zoom_out):
        return grid
    # How far the corners of the turned image reach, in both directions.
    diagonal, slope = math.hypot(height, width), math.atan2(height, width)
    plus, minus = slope + angles.abs(), slope - angles.abs()
    reach_x = diagonal * torch.maximum(torch.cos(plus).abs(), torch.cos(minus).abs())
    reach_y = diagonal * torch.maximum(torch.sin(plus).abs(), torch.sin(minus).abs())
    if zoom_out:
        scale = torch.maximum(reach_x / width, reach_y / height)
    else:
        scale = torch.minimum(width / reach_x, height / reach_y)
    return grid * scale.unsqueeze(1)


def random_rotate(src: NDArray, angle_limits: Sequence[float], zoom_in: bool = False,
                  zoom_out: bool = False) -> NDArray:
    """`imrotate` by angles, one for each image, drawn uniformly between two limits in degrees (by `numpy.random`).

    >>> import mxnet as mx
    >>> mx.image.random_rotate(mx.nd.ones((3, 5, 7)), (-10, 10)).shape
    (3, 5, 7)
    """
    low, high = (*angle_limits, 1.0)[:2]              # as NumPy completes one limit
    if src.ndim == 3:
        return imrotate(src, float(np.random.uniform(low, high)), zoom_in, zoom_out)
    return imrotate(src, array(np.random.uniform(low, high, size=src.shape[0])), zoom_in, zoom_out)
