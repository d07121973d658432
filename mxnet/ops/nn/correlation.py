# SPDX-License-Identifier: Apache-2.0
"""Correlation of two feature maps over a neighbourhood of displacements.

For products of single pixels, the rule in practice, one batched matrix product per vertical displacement relates all
columns of a row with all columns of the other; a strided view then takes the horizontal displacements out of it. Other
cases go displacement by displacement. Windows larger than a pixel are summed at the end, by pooling.
"""
from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show, unify
from ..params import Range
from ..registry import OperatorError, op

Positive = Annotated[int, Range(1)]


class _Plan(NamedTuple):
    """Sizes that follow from the parameters: `radius` in steps of stride2, `out` height and width of
    the output, None where they are unknown."""

    radius: int
    out: tuple[Any, ...]


def _plan(sizes: tuple[int | None, ...], kernel_size: int, max_displacement: int, stride1: int, stride2: int,
          pad_size: int) -> _Plan:
    if kernel_size % 2 == 0:
        raise OperatorError(f"kernel_size is {kernel_size}, but expected is an odd number")
    border = max_displacement + kernel_size // 2
    rooms = [None if size is None else size + 2 * pad_size - 2 * border for size in sizes]
    if any(room is not None and room < 1 for room in rooms):
        raise OperatorError(f"the data is {show(sizes)} high and wide, too small for kernel_size {kernel_size}, "
                            f"max_displacement {max_displacement} and pad_size {pad_size}")
    return _Plan(max_displacement // stride2, tuple([None if room is None else -(-room // stride1) for room in rooms]))


@op("Correlation")
def correlation(data1: Tensor, data2: Tensor, *, kernel_size: Positive = 1,
                max_displacement: Annotated[int, Range(0)] = 1, stride1: Positive = 1, stride2: Positive = 1,
                pad_size: Annotated[int, Range(0)] = 0, is_multiply: bool = True) -> Tensor:
    """Compares windows of one feature map with displaced windows of another, as FlowNet does.

    `data1` and `data2` are (batch, channels, height, width). The output is (batch, d * d, out_height, out_width), with
    `d = 2 * (max_displacement // stride2) + 1` displacements along each axis, x running fastest: the mean over
    channels and window of the products, or of the absolute differences. All have one floating dtype.

    Parameters
    ----------
    kernel_size : height and width of the windows, an odd number
    max_displacement : largest displacement in pixels
    stride1 : step of the windows over `data1`
    stride2 : step of the displacements
    pad_size : zeros around both maps
    is_multiply : compare by products, else by absolute differences

    Source: Dosovitskiy et al., "FlowNet: Learning Optical Flow with Convolutional Networks", ICCV 2015.

    >>> import mxnet as mx
    >>> x = mx.nd.ones((1, 3, 4, 4))
    >>> mx.nd.Correlation(x, x, max_displacement=2, pad_size=2).shape
    (1, 25, 4, 4)
    """
    plan = _plan(tuple(data1.shape[2:]), kernel_size, max_displacement, stride1, stride2, pad_size)
    first, second = (F.pad(data, (pad_size,) * 4) for data in (data1, data2))
    step = stride1 if kernel_size == 1 else 1           # else every pixel is needed, and pooling takes the steps
    spans = [(size - 1) * stride1 + kernel_size for size in plan.out]
    first = _window(first, max_displacement, max_displacement, spans, step)
    compare = _products if is_multiply else _differences
    shifts = [shift * stride2 for shift in range(-plan.radius, plan.radius + 1)]
    rows = [compare(first, second, max_displacement, dy, shifts, spans, step) for dy in shifts]
    result = torch.cat(rows, 1)
    scale = 1 / (data1.shape[1] * kernel_size * kernel_size)
    if kernel_size == 1:
        return result * scale
    return F.avg_pool2d(result, kernel_size, stride1, divisor_override=1) * scale


def _window(data: Tensor, top: int, left: int, spans: list[int], step: int) -> Tensor:
    return data[:, :, top:top + spans[0]:step, left:left + spans[1]:step]


def _products(first: Tensor, second: Tensor, start: int, dy: int, shifts: list[int], spans: list[int],
              step: int) -> Tensor:
    """Sums of products over the channels for one vertical displacement: (batch, displacements, height, width)."""
    batch, _, height, width = first.shape
    rows = second[:, :, start + dy:start + dy + spans[0]:step]
    # all columns against all columns: (batch, height, width, columns of second)
    table = (first.permute(0, 2, 3, 1) @ rows.permute(0, 2, 1, 3)).contiguous()
    columns = table.shape[-1]
    gap = shifts[1] - shifts[0] if len(shifts) > 1 else 1
    size = (batch, len(shifts), height, width)
    strides = (height * width * columns, gap, width * columns, columns + step)
    return table.as_strided(size, strides, start + shifts[0])


def _differences(first: Tensor, second: Tensor, start: int, dy: int, shifts: list[int], spans: list[int],
                 step: int) -> Tensor:
    """Sums of absolute differences over the channels, likewise."""
    return torch.stack([(first - _window(second, start + dy, start + dx, spans, step)).abs().sum(1)
                        for dx in shifts], 1)


@correlation.shape
def _(params, data1=None, data2=None):
    data = unify("data2", data1, data2)
    if data is None:
        return {}
    if len(data) != 4:
        raise OperatorError(f"data1 is {show(data)}, but expected is (batch, channels, height, width)")
    plan = _plan(data[2:], params.kernel_size, params.max_displacement, params.stride1, params.stride2,
                 params.pad_size)
    return {"data1": data, "data2": data, "out": (data[0], (2 * plan.radius + 1) ** 2, *plan.out)}
