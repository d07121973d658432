# SPDX-License-Identifier: Apache-2.0
"""SVMOutput: the support vector machine's head."""
from __future__ import annotations

import torch
from torch import Tensor

from ..params import Params
from ..registry import op
from .loss_heads import dtype_from_data


@op("SVMOutput", alias=True)
def svm_output(data: Tensor, label: Tensor, *, margin: float = 1.0, regularization_coefficient: float = 1.0,
               use_linear: bool = False) -> Tensor:
    """Identity, with the gradient of the hinge loss, one class against the rest.

    Parameters
    ----------
    data : scores; the last axis runs over the classes
    label : class numbers, of shape `data.shape[:-1]` and data's dtype; one that is no class counts as "none of them"
    margin : a score of the right class below it, or one of another class above its negative, costs
    regularization_coefficient : factor of the gradient
    use_linear : hinge loss (L1) instead of its square (L2)

    Gradient, with s = +1 for the right class and -1 for the others, where s * score < margin: -s for L1,
    -2 s (margin - s * score) for L2; elsewhere 0. Head gradients are ignored. Source: MXNet operator `SVMOutput`.

    >>> import mxnet as mx
    >>> mx.nd.SVMOutput(mx.nd.array([[1, 2]]), mx.nd.array([1])).asnumpy().tolist()
    [[1.0, 2.0]]
    """
    return data


@svm_output.shape
def _(params, data, out=None):
    return {"data": out, "label": data[:-1], "out": data}


svm_output.dtype(dtype_from_data)


@svm_output.gradient
def _(params: Params, label: Tensor, out: Tensor):
    right = label.long().unsqueeze(-1) == torch.arange(out.shape[-1], device=out.device)
    sign = right.to(out.dtype).mul_(2).sub_(1)
    short = (params.margin - sign * out).clamp_(min=0)
    slope = short.sign_() if params.use_linear else short.mul_(2)
    return {"data": slope.mul_(sign).mul_(-params.regularization_coefficient)}
