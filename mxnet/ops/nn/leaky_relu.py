# SPDX-License-Identifier: Apache-2.0
"""LeakyReLU: rectifiers that let something through below zero."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import OperatorError, op
from ..schema import Init, IsTrain, Rng


@op("LeakyReLU", "_npx_leaky_relu", when={"gamma": lambda p: p.act_type == "prelu"},
    outputs=lambda p: ("output", "mask") if p.act_type == "rrelu" else ("output",))
def leaky_relu(data: Tensor, gamma: Annotated[Tensor | None, Init('["Constant", {"value": 0.25}]')] = None, *,
               act_type: Literal["elu", "gelu", "leaky", "prelu", "rrelu", "selu"] = "leaky", slope: float = 0.25,
               lower_bound: float = 0.125, upper_bound: float = 0.334, is_train: IsTrain,
               rng: Rng) -> Tensor | tuple[Tensor, Tensor]:
    """`x` where that is positive, and something smaller elsewhere; the output has the shape and dtype of `data`.

    Below zero `act_type` gives

    - "leaky": `slope * x`
    - "prelu": `gamma * x`, where `gamma` is learned: (channels,) along axis 1, (batch, channels), or one number
    - "elu": `slope * (exp(x) - 1)`
    - "selu": `1.0507 * 1.6733 * (exp(x) - 1)`, and `1.0507 * x` above zero (the gradient below zero is MXNet's,
      `1.0507 * (y + 1.6733)` with the output `y`, which is not quite the derivative)
    - "gelu": `x * (1 + erf(x / sqrt(2))) / 2`, above zero, too
    - "rrelu": `r * x`, with `r` uniform in [lower_bound, upper_bound] for each element while training, and the middle
      of that interval in prediction; a second output holds the `r`

    Sources: Maas et al. 2013 (leaky), He et al. 2015 (prelu), Clevert et al. 2016 (elu), Klambauer et al. 2017 (selu),
    Hendrycks and Gimpel 2016 (gelu), Xu et al. 2015 (rrelu).

    >>> import mxnet as mx
    >>> mx.nd.LeakyReLU(mx.nd.array([-2, 2]), slope=0.5).asnumpy().tolist()
    [-1.0, 2.0]
    """
    if act_type == "leaky":
        return F.leaky_relu(data, slope)
    if act_type == "prelu":
        return _prelu(data, gamma)
    if act_type == "elu":
        return F.elu(data, slope)
    if act_type == "selu":
        return _Selu.apply(data)
    if act_type == "gelu":
        return F.gelu(data)
    mask = torch.empty_like(data)
    if is_train:
        mask.uniform_(lower_bound, upper_bound, generator=rng)
    else:
        mask.fill_((lower_bound + upper_bound) / 2)
    return torch.where(data > 0, data, data * mask), mask


def _prelu(data: Tensor, gamma: Tensor | None) -> Tensor:
    assert gamma is not None
    if data.dim() > 1 and gamma.dim() == 1 and gamma.numel() in (1, data.shape[1]):
        return torch.prelu(data, gamma)
    return torch.where(data > 0, data, data * gamma.view(spread(gamma.shape, data.shape)))


def spread(gamma: Sequence[int], data: Sequence[int]) -> list[int]:
    """The shape of `gamma` against `data`: its axes, from the last on, go to axis 1 or axis 0, wherever they fit."""
    shape, left = [1] * len(data), list(gamma)
    for axis in range(min(2, len(data)) - 1, -1, -1):
        if left and left[-1] in (1, data[axis]):
            shape[axis] = left.pop()
    if left:
        raise OperatorError(f"gamma is {tuple(gamma)}, but data {tuple(data)} needs {tuple(data[1:2] or data)}, "
                            f"{tuple(data[:2])} or (1,)")
    return shape


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


class _Selu(torch.autograd.Function):
    """selu with MXNet's gradient: below zero it is scale * (y + alpha), where scale * alpha * exp(x) would be right."""

    @staticmethod
    def forward(ctx: Any, data: Tensor) -> Tensor:
        out = F.selu(data)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, head: Tensor) -> Tensor:
        return selu_gradient(ctx.saved_tensors[0], head)


def selu_gradient(out: Tensor, head: Tensor) -> Tensor:
    """MXNet's gradient of selu, from its output."""
    return head * torch.where(out > 0, 1.0, out + _SELU_ALPHA) * _SELU_SCALE


@leaky_relu.shape
def _(params, data=None, gamma=None, out=None):
    double = params.act_type == "rrelu"
    if data is None and params.act_type != "prelu":          # whose gamma would follow, right or not
        data = next((item for item in (out if double else (out,)) if item is not None), None)
    claims = {"data": data, "out": (data, data) if double else data}
    if gamma is None and data is not None:
        claims["gamma"] = (data[1] if len(data) > 1 else data[0],)
    return claims
