# SPDX-License-Identifier: Apache-2.0
"""softmax_cross_entropy: the summed loss itself, where SoftmaxOutput gives the probabilities."""
from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..registry import OperatorError, op
from .loss_heads import refuse_integers

_FLOOR = math.log(1e-8)


@op("softmax_cross_entropy")
def softmax_cross_entropy(data: Tensor, label: Tensor) -> Tensor:
    """Cross entropy of the softmax of each row with its class, summed over the batch: shape (1,).

    `data` is (batch, classes), floating; `label` is (batch,), class numbers in data's dtype. A probability below 1e-8
    counts as 1e-8; in float16 that is 0, and the loss of a probability of 0 infinite. Gradient: softmax minus one-hot
    label, times the head gradient, whatever the probability; none for `label`. Source: MXNet operator
    `softmax_cross_entropy`.

    >>> import mxnet as mx
    >>> loss = mx.nd.softmax_cross_entropy(mx.nd.array([[0, 0], [99, 0]]), mx.nd.array([1, 0]))
    >>> round(float(loss.asscalar()), 4)
    0.6931
    """
    refuse_integers(data)
    logs = data.softmax(1).log_() if data.dtype is torch.float16 else data.log_softmax(1).clamp_(min=_FLOOR)
    return F.nll_loss(logs, label.long(), reduction="sum").reshape(1)


@softmax_cross_entropy.gradient
def _(params, data: Tensor, label: Tensor, head: Tensor):
    grad = data.softmax(1)
    grad.scatter_add_(1, label.long().unsqueeze(1), grad.new_full((len(label), 1), -1.0))
    return {"data": grad.mul_(head)}


@softmax_cross_entropy.shape
def _(params, data, label=None):
    if len(data) != 2:
        raise OperatorError(f"data is {show(data)}, but needs 2 dimensions, (batch, classes)")
    return {"data": None if label is None or len(label) != 1 else (label[0], data[1]), "label": data[:1], "out": (1,)}
