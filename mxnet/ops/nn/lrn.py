# SPDX-License-Identifier: Apache-2.0
"""LRN: local response normalization across channels.

The sums over neighbouring channels are a few additions of shifted arrays, which beats a pooling over channels, and the
gradient is declared, since autograd would keep every one of those arrays.
"""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ..families import same_shape_of_data
from ..params import Range
from ..registry import OperatorError, op


@op("LRN")
def lrn(data: Tensor, *, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0,
        nsize: Annotated[int, Range(1)]) -> Tensor:
    """`x / (knorm + alpha / nsize * s) ** beta`, with `s` the sum of squares over `nsize` channels around x's.

    `data` is (batch, channels, height, width); channels beyond the first and the last count as zeros. The output has
    the shape and dtype of `data`.

    Parameters
    ----------
    nsize : width of the window over the channels; an even one sums over one channel less, as in MXNet
    alpha, beta, knorm : as in the formula

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012.

    >>> import mxnet as mx
    >>> mx.nd.LRN(mx.nd.ones((1, 1, 1, 1)), nsize=1, alpha=2, beta=1).asnumpy().tolist()
    [[[[0.25]]]]
    """
    if data.dim() != 4:
        raise OperatorError(f"data is {tuple(data.shape)}, but expected is (batch, channels, height, width)")
    return data * _power(_scale(data, alpha, knorm, nsize), beta)


@lrn.gradient
def _(params, data, head):
    # with s the scale: d(x s^-b) = s^-b dx - x b s^(-b-1) ds, and ds sums 2 a/n x dx over the window
    scale = _scale(data, params.alpha, params.knorm, params.nsize)
    power = _power(scale, params.beta)
    spread = _window_sums((head * data).mul_(power).div_(scale), params.nsize)
    factor = -2 * params.alpha * params.beta / params.nsize
    return {"data": (head * power).addcmul_(data, spread, value=factor)}


def _scale(data: Tensor, alpha: float, knorm: float, nsize: int) -> Tensor:
    return _window_sums(data * data, nsize).mul_(alpha / nsize).add_(knorm)


def _window_sums(x: Tensor, nsize: int) -> Tensor:
    """Sums over `nsize` channels around each one, or one less where that is even."""
    total = x.clone()
    for shift in range(1, min((nsize + 1) // 2, x.shape[1])):
        total[:, shift:] += x[:, :-shift]
        total[:, :-shift] += x[:, shift:]
    return total


def _power(scale: Tensor, beta: float) -> Tensor:
    """`scale ** -beta`; roots are several times faster than a general power, and 0.75 is what everybody uses."""
    if beta == 0.75:
        root = torch.rsqrt(scale)
        return root.sqrt().mul_(root)
    return scale.pow(-beta)


lrn.shape(same_shape_of_data)
