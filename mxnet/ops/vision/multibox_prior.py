# SPDX-License-Identifier: Apache-2.0
"""_contrib_MultiBoxPrior: the anchors of a single-shot detector, laid over a feature map."""
from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ..infer import show
from ..params import Params
from ..registry import OperatorError, op


@op("_contrib_MultiBoxPrior", "_npx_multibox_prior")
def multibox_prior(data: Tensor, *, sizes: tuple[float, ...] = (1.0,), ratios: tuple[float, ...] = (1.0,),
                   clip: bool = False, steps: tuple[float, ...] = (-1.0, -1.0),
                   offsets: tuple[float, ...] = (0.5, 0.5)) -> Tensor:
    """Boxes of several sizes and shapes around the centre of every pixel of a feature map.

    Parameters
    ----------
    data : (batch, channels, height, width): only height and width count
    sizes : heights of the boxes of the first ratio, relative to the image
    ratios : width divided by height; those but the first come in the first size only
    clip : cut the boxes to the image
    steps : distance of neighbouring centres, (vertical, horizontal), relative to the image; 1 / height and
        1 / width when one of them is not positive
    offsets : place of a centre within its pixel, (vertical, horizontal)

    The output is (1, height * width * (sizes + ratios - 1), 4), corner boxes relative to the image, pixel after pixel.
    No gradient. Formula: Liu et al., "SSD" (2016). Source: MXNet operator `_contrib_MultiBoxPrior`.

    >>> import mxnet as mx
    >>> mx.nd.contrib.MultiBoxPrior(mx.nd.zeros((1, 1, 1, 2)), sizes=(0.5,)).asnumpy().tolist()
    [[[0.125, 0.25, 0.375, 0.75], [0.625, 0.25, 0.875, 0.75]]]
    """
    _refuse_bad(tuple(data.shape), sizes, ratios, steps, offsets)
    height, width = data.shape[2:4]
    return _anchors(height, width, sizes, ratios, clip, steps, offsets, data.dtype, data.device).clone()


@lru_cache(maxsize=64)                 # a detector asks for the same few in every pass
def _anchors(height: int, width: int, sizes: tuple[float, ...], ratios: tuple[float, ...], clip: bool,
             steps: tuple[float, ...], offsets: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    given = min(steps) > 0

    def centres(axis: int, count: int) -> Tensor:
        step = steps[axis] if given else 1 / count
        return torch.arange(count, dtype=dtype, device=device).add_(offsets[axis]).mul_(step)
    first = ratios[0] ** 0.5
    shapes = [(size * first, size / first) for size in sizes]
    shapes += [(sizes[0] * ratio ** 0.5, sizes[0] / ratio ** 0.5) for ratio in ratios[1:]]
    half = [(wide * height / width / 2, high / 2) for wide, high in shapes]
    reach = torch.tensor([(-wide, -high, wide, high) for wide, high in half], dtype=dtype, device=device)
    # a column of pixels differs from the next one in x only, and a row in y: the boxes are sums of what varies
    spread = torch.zeros((width, 1, 2, 2), dtype=dtype, device=device)
    spread[..., 0] = centres(1, width).view(-1, 1, 1)
    row = spread.view(width, 1, 4) + reach
    rise = torch.zeros((height, 1, 1, 2, 2), dtype=dtype, device=device)
    rise[..., 1] = centres(0, height).view(-1, 1, 1, 1)
    boxes = (rise.view(height, 1, 1, 4) + row).view(1, -1, 4)
    return boxes.clamp_(0, 1) if clip else boxes


def _refuse_bad(data, sizes, ratios, steps, offsets):
    if len(data) < 4:
        raise OperatorError(f"data is {show(data)}, but needs 4 dimensions, (batch, channels, height, width)")
    for name, value in (("sizes", sizes), ("ratios", ratios)):
        if not value or min(value) <= 0:
            raise OperatorError(f"{name}={value} needs at least one number, and all above 0")
    for name, value in (("steps", steps), ("offsets", offsets)):
        if len(value) != 2:
            raise OperatorError(f"{name}={value} needs two numbers, (vertical, horizontal)")
    if steps[0] * steps[1] < 0:
        raise OperatorError(f"steps={steps} needs both numbers above 0, or none")


@multibox_prior.shape
def _(params: Params, data):
    _refuse_bad(data, params.sizes, params.ratios, params.steps, params.offsets)
    height, width = data[2:4]
    each = len(params.sizes) + len(params.ratios) - 1
    return {"out": (1, None if None in (height, width) else height * width * each, 4)}
