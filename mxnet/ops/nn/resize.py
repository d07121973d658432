# SPDX-License-Identifier: Apache-2.0
"""BilinearResize2D and AdaptiveAvgPooling2D: images of any size from images of any size."""
from __future__ import annotations

from typing import Annotated, Any, Literal

import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..params import Range
from ..registry import OperatorError, op

Mode = Literal["like", "odd_scale", "size", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"]

_STEPS = {"to_even_down": (0, -1), "to_even_up": (0, 1), "to_odd_down": (1, -1), "to_odd_up": (1, 1)}


def _image(data: tuple[int | None, ...]) -> None:
    if len(data) != 4:
        raise OperatorError(f"data is {show(data)}, but expected is (batch, channels, height, width)")


@op("_contrib_BilinearResize2D", when={"like": lambda p: p.mode == "like"})
def bilinear_resize_2d(data: Tensor, like: Tensor | None = None, *, height: Annotated[int, Range(1, 10000)] = 1,
                       width: Annotated[int, Range(1, 10000)] = 1, scale_height: float | None = None,
                       scale_width: float | None = None, mode: Mode = "size", align_corners: bool = True) -> Tensor:
    """Resizes (batch, channels, height, width) by bilinear interpolation; the dtype stays.

    `mode` says to which size:

    - "size": `height` and `width`, or the sizes of `data` times `scale_height` and `scale_width` when these are given
    - "like": the size of a second array `like`, whose values do not matter (its gradient is zero)
    - "odd_scale": even sizes are multiplied by the scale, odd ones too, but counted from 0 to size - 1
    - "to_even_down", "to_even_up", "to_odd_down", "to_odd_up": the nearest even or odd size, that is, at most one
      pixel less or more

    `align_corners` says whether the centers of the corner pixels are kept, or the corners of the image.

    >>> import mxnet as mx
    >>> mx.nd.contrib.BilinearResize2D(mx.nd.array([[[[0, 2]]]]), height=1, width=3).asnumpy().tolist()
    [[[[0.0, 1.0, 2.0]]]]
    """
    _image(tuple(data.shape))
    target = None if like is None else tuple(like.shape)
    scales = (scale_height, scale_width)
    size = _size(tuple(data.shape[2:]), target, (height, width), scales, mode)
    if not align_corners and 1 in size:             # MXNet does not take the middle, but the first pixel
        data = data[:, :, :1 if size[0] == 1 else None, :1 if size[1] == 1 else None]
    return F.interpolate(data, size, mode="bilinear", align_corners=align_corners)


def _size(sizes: tuple[int | None, ...], like: tuple[int | None, ...] | None, fixed: tuple[int, int],
          scales: tuple[Any, Any], mode: str) -> tuple[Any, ...]:
    """Height and width of the output, None where they are unknown."""
    if mode == "like":
        return (None, None) if like is None else like[2:]
    if mode in _STEPS:
        parity, step = _STEPS[mode]
        found = tuple([None if size is None else size if size % 2 == parity else size + step for size in sizes])
    elif mode == "size" and scales == (None, None):
        found = fixed
    else:
        if None in scales:
            raise OperatorError(f"scale_height and scale_width are {scales[0]} and {scales[1]}, but mode {mode!r} "
                                "needs both")
        found = tuple([None if size is None else _scaled(size, scale, mode) for size, scale in zip(sizes, scales)])
    if any(size is not None and size < 1 for size in found):
        raise OperatorError(f"the output would be {found[0]} high and {found[1]} wide")
    return found


def _scaled(size: int, scale: float, mode: str) -> int:
    if mode == "odd_scale" and size % 2:
        return int((size - 1) * scale) + 1
    return int(size * scale)


@bilinear_resize_2d.shape
def _(params, data, like=None):
    _image(data)
    if like is not None:
        _image(like)
    scales = (params.scale_height, params.scale_width)
    return {"out": (*data[:2], *_size(data[2:], like, (params.height, params.width), scales, params.mode))}


@op("_contrib_AdaptiveAvgPooling2D")
def adaptive_avg_pooling_2d(data: Tensor, *, output_size: tuple[int, ...] = ()) -> Tensor:
    """Averages over (batch, channels, height, width) so that height and width become `output_size`.

    `output_size` is (height, width), or one number for both; without it the output is 1 by 1. Row i of h averages the
    rows from `floor(i * height / h)` to `ceil((i + 1) * height / h)`, without the last. The dtype stays.

    >>> import mxnet as mx
    >>> x = mx.nd.arange(4).reshape((1, 1, 2, 2))
    >>> mx.nd.contrib.AdaptiveAvgPooling2D(x, output_size=1).asnumpy().tolist()
    [[[[1.5]]]]
    """
    _image(tuple(data.shape))
    return F.adaptive_avg_pool2d(data, _pair(output_size))


def _pair(output_size: tuple[int, ...]) -> tuple[int, int]:
    if len(output_size) > 2 or any(size < 1 for size in output_size):
        raise OperatorError(f"output_size is {output_size}, but expected are one or two numbers from 1 on")
    height = output_size[0] if output_size else 1
    return height, output_size[-1] if output_size else 1


@adaptive_avg_pooling_2d.shape
def _(params, data):
    _image(data)
    return {"out": (*data[:2], *_pair(params.output_size))}
