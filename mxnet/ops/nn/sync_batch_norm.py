# SPDX-License-Identifier: Apache-2.0
"""SyncBatchNorm: batch normalization whose statistics are those of the batches on all devices.

Devices tell each other, forward, how many values they have, with what mean and variance, and, backward, the two sums
that the gradient needs. From them each computes what one device with the whole batch would.
"""
from __future__ import annotations

import torch
from torch import Tensor

from ..._together import exchange
from ..registry import op
from ..schema import IsTrain
from .batch_norm import (
    OUTPUTS,
    MovingMean,
    MovingVar,
    batch_norm_v1,
    batch_norm_v1_gradient,
    shapes,
    update,
    visible,
)


def _sync_batch_norm(data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: MovingMean,
                     moving_var: MovingVar, *, eps: float = 1e-3, momentum: float = 0.9,
                     fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False,
                     ndev: int = 1, key: str, is_train: IsTrain) -> tuple[Tensor, Tensor, Tensor]:
    """`BatchNorm` with statistics over all devices that share `key`: see there.

    In training (without `use_global_stats`) as many devices as `ndev` says have to run at the same time, as a Module
    over `ndev` contexts does; MXNetError is raised when fewer come. What each gives, and the moving statistics, are
    then as one device gives them for the batches of all; the gradients of gamma and beta are the own batch's part.
    Anything else needs no other device. The channels stand on axis 1, all arrays have one dtype, and the third output
    is the variance itself.

    >>> import mxnet as mx
    >>> x, one, zero = mx.nd.array([[-1, 5]]), mx.nd.ones(2), mx.nd.zeros(2)
    >>> mx.nd.contrib.SyncBatchNorm(x, one, zero, zero, one, eps=0, key="bn").asnumpy().tolist()
    [[-1.0, 5.0]]
    """
    if ndev < 2 or not is_train or use_global_stats:
        return batch_norm_v1.kernel(data, gamma, beta, moving_mean, moving_var, eps=eps, fix_gamma=fix_gamma,
                                    use_global_stats=use_global_stats, output_mean_var=output_mean_var,
                                    is_train=is_train)
    mean, var = _statistics(data, f"SyncBatchNorm {key!r} forward", ndev)
    out = torch.native_batch_norm(data, None if fix_gamma else gamma, beta, mean, var, False, 0.0, eps)[0]
    return out, mean, var


def _statistics(data: Tensor, key: str, ndev: int) -> tuple[Tensor, Tensor]:
    """Mean and population variance of each channel over all devices (Chan, Golub, LeVeque 1979)."""
    own_var, own_mean = torch.var_mean(data, _all_but_channels(data), correction=0)
    sent = torch.stack([torch.full_like(own_mean, _count(data)), own_mean, own_var])
    counts, means, variances = _of_all(sent, key, ndev)
    part = counts / counts.sum(0)
    mean = (part * means).sum(0)
    return mean, (part * (variances + (means - mean).square())).sum(0)


def _of_all(sent: Tensor, key: str, ndev: int) -> Tensor:
    """What all devices sent, on this one: (rows of `sent`, devices, channels)."""
    return torch.stack([each.to(sent.device) for each in exchange(key, ndev, sent)], 1)


def _all_but_channels(x: Tensor) -> list[int]:
    return [axis for axis in range(x.dim()) if axis != 1]


def _count(x: Tensor) -> int:
    return x.numel() // x.shape[1]


def _gradient(params, data, gamma, moving_mean, moving_var, out, head, is_train):
    if params.ndev < 2 or not is_train or params.use_global_stats:
        return batch_norm_v1_gradient(params, data, gamma, moving_mean, moving_var, out, head, is_train)
    shape = [1, -1] + [1] * (data.dim() - 2)
    mean, var = out[1].detach(), out[2].detach()
    scale = (var + params.eps).rsqrt_()
    grad = torch.zeros_like(data) if head[0] is None else head[0]
    normal = (data - mean.view(shape)) * scale.view(shape)
    axes = _all_but_channels(data)
    beta_grad, gamma_grad = grad.sum(axes), (grad * normal).sum(axes)
    sent = torch.stack([torch.full_like(mean, _count(data)), beta_grad, gamma_grad])
    counts, of_beta, of_gamma = _of_all(sent, f"SyncBatchNorm {params.key!r} backward", params.ndev).sum(1)
    factor = scale if params.fix_gamma else scale * gamma
    found = (grad - (of_beta / counts).view(shape)).sub_(normal.mul_((of_gamma / counts).view(shape)))
    update(moving_mean, mean, params.momentum)
    update(moving_var, var, params.momentum)
    grads = {"data": found.mul_(factor.view(shape)), "beta": beta_grad}
    if not params.fix_gamma:
        grads["gamma"] = gamma_grad
    return grads


sync_batch_norm = op("_contrib_SyncBatchNorm", outputs=OUTPUTS, visible=visible)(_sync_batch_norm)
sync_batch_norm.shape(shapes)
sync_batch_norm.gradient(_gradient)
