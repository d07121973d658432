# SPDX-License-Identifier: Apache-2.0
"""LRN: local response normalization across channels."""
from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
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
    nsize : width of the window over the channels, an odd number
    alpha, beta, knorm : as in the formula

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012.

    >>> import mxnet as mx
    >>> mx.nd.LRN(mx.nd.ones((1, 1, 1, 1)), nsize=1, alpha=2, beta=1).asnumpy().tolist()
    [[[[0.25]]]]
    """
    if nsize % 2 == 0:
        raise OperatorError(f"nsize is {nsize}, but expected is an odd number")
    if data.dim() != 4:
        raise OperatorError(f"data is {tuple(data.shape)}, but expected is (batch, channels, height, width)")
    # the channels as the rows of an image, whose columns are all positions: one average pooling sums the squares
    squares = (data * data).flatten(2).unsqueeze(1)
    means = F.avg_pool2d(squares, (nsize, 1), 1, (nsize // 2, 0)).view(data.shape)
    return data * (means * alpha).add_(knorm).pow(-beta)


lrn.shape(same_shape_of_data)
