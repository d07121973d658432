# SPDX-License-Identifier: Apache-2.0
"""L2Normalization: division by the Euclidean norm."""
from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..families import same_shape_of_data
from ..registry import OperatorError, op


@op("L2Normalization")
def l2_normalization(data: Tensor, *, eps: float = 1e-10,
                     mode: Literal["channel", "instance", "spatial"] = "instance") -> Tensor:
    """`x / sqrt(sum(x ** 2) + eps)`; the output has the shape and dtype of `data`.

    `mode` says over which axes of (batch, channels, ...) the sum goes:

    - "instance": all but the batch
    - "channel": the channels, so that each position becomes a unit vector
    - "spatial": all but batch and channels

    The last two need three dimensions at least.

    >>> import mxnet as mx
    >>> mx.nd.L2Normalization(mx.nd.array([[2, 0], [0, -3]])).asnumpy().tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    """
    return _keeping(data, eps=eps, mode=mode)[0]


@l2_normalization.keeping
def _keeping(data: Tensor, *, eps: float, mode: str) -> tuple[Tensor, tuple[Tensor, list[int]]]:
    """The result, the factors and the axes."""
    least = 2 if mode == "instance" else 3
    if data.dim() < least:
        raise OperatorError(f"data is {tuple(data.shape)}, but mode {mode!r} needs {least} dimensions at least")
    axes = [1] if mode == "channel" else list(range(1 if mode == "instance" else 2, data.dim()))
    factors = (data * data).sum(axes, keepdim=True).add_(eps).rsqrt_()
    return data * factors, (factors, axes)


@l2_normalization.direct
def _(out, head, kept):
    factors, axes = kept
    return {"data": torch.addcmul(head, out, (head * out).sum(axes, keepdim=True), value=-1).mul_(factors)}


l2_normalization.shape(same_shape_of_data)
