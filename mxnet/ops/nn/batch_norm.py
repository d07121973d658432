# SPDX-License-Identifier: Apache-2.0
"""BatchNorm and its relatives.

What MXNet does, and others do not: the moving statistics change in the backward pass, by the population variance, and
the second hidden output of BatchNorm is the reciprocal of the standard deviation, not the variance. Hence a declared
gradient, which calls torch's fused backward and then updates the auxiliary states.
"""
from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from ..registry import OperatorError, op
from ..schema import Aux, IsTrain

MovingMean = Annotated[Tensor, Aux('["zero", {}]')]
MovingVar = Annotated[Tensor, Aux('["one", {}]')]

OUTPUTS = ("output", "mean", "var")


def visible(params: Any) -> int:
    return 3 if params.output_mean_var else 1


def _channel_second(x: Tensor, axis: int) -> tuple[Tensor, int]:
    """A view with the channels on axis 1, and the axis that `_restore` is to be told."""
    if not -x.dim() <= axis < x.dim():
        raise OperatorError(f"axis is {axis}, but data has {x.dim()} dimensions")
    axis %= x.dim()
    return (x, axis) if axis == 1 else (x.unsqueeze(0), 0) if axis == 0 else (x.movedim(axis, 1), axis)


def _restore(x: Tensor, axis: int) -> Tensor:
    return x if axis == 1 else x.squeeze(0) if axis == 0 else x.movedim(1, axis).contiguous()


def _normalize(data: Tensor, gamma: Tensor | None, beta: Tensor, moving_mean: Tensor, moving_var: Tensor, eps: float,
               axis: int, batch_statistics: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The output, and mean and reciprocal deviation of the batch (of no use without `batch_statistics`)."""
    x, axis = _channel_second(data, axis)
    if batch_statistics:
        out, mean, scale = torch.native_batch_norm(x, gamma, beta, None, None, True, 0.0, eps)
    else:
        out, mean, scale = torch.native_batch_norm(x, gamma, beta, moving_mean, moving_var, False, 0.0, eps)
    return _restore(out, axis), mean, scale


def _gradients(params: Any, axis: int, head: Tensor | None, data: Tensor, gamma: Tensor, moving_mean: Tensor,
               moving_var: Tensor, mean: Tensor | None, scale: Tensor | None) -> dict[str, Tensor]:
    """Gradients by torch's fused kernel; with `mean` and `scale` of the batch given, those statistics vary too."""
    x, axis = _channel_second(data, axis)
    grad, _ = _channel_second(torch.zeros_like(data) if head is None else head, axis)
    if grad.stride() != x.stride():                  # torch's kernel (2.13, CPU) may mix up axes of different layouts
        grad, x = grad.contiguous(), x.contiguous()
    grads = torch.ops.aten.native_batch_norm_backward(
        grad, x, None if params.fix_gamma else gamma, moving_mean, moving_var, mean, scale, mean is not None,
        params.eps, (True, not params.fix_gamma, True))
    found = {"data": _restore(grads[0], axis), "beta": grads[2]}
    if not params.fix_gamma:
        found["gamma"] = grads[1]
    return found


def update(moving: Tensor, batch: Tensor, momentum: float) -> None:
    moving.mul_(momentum).add_(batch, alpha=1 - momentum)


def _batch_norm(data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: MovingMean,
                moving_var: MovingVar, *, eps: float = 1e-3, momentum: float = 0.9,
                fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1,
                cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None,
                is_train: IsTrain) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization: `(x - mean) / sqrt(var + eps) * gamma + beta` for each channel.

    Training takes mean and (population) variance from the batch, over all axes but `axis`, and the backward pass
    moves the auxiliary states: `moving = moving * momentum + batch * (1 - momentum)`. Prediction, and
    `use_global_stats`, take them from the moving statistics, and leave these alone.

    `data` has any shape with `channels` elements along `axis`; the other four arrays are (channels,), of the dtype of
    `data`, or float32 when that is float16. The output is as `data`.

    Parameters
    ----------
    eps : added to the variance
    momentum : how much of the moving statistics each step keeps
    fix_gamma : take gamma as 1, and its gradient as 0 (the default!)
    use_global_stats : normalize by the moving statistics in training, too
    output_mean_var : give two more outputs, (channels,): the mean, and 1 / sqrt(var + eps)
    axis : the axis of the channels
    cudnn_off, min_calib_range, max_calib_range : accepted and without effect

    Gradients that arrive at the two additional outputs are ignored.

    Source: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
    Shift", ICML 2015.

    >>> import mxnet as mx
    >>> x, one, zero = mx.nd.array([[1, 5], [3, 9]]), mx.nd.ones(2), mx.nd.zeros(2)
    >>> with mx.autograd.train_mode():
    ...     mx.nd.BatchNorm(x, one, zero, zero, one, eps=0).asnumpy().tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    batch = is_train and not use_global_stats
    out, mean, scale = _normalize(data, None if fix_gamma else gamma, beta, moving_mean, moving_var, eps, axis, batch)
    if batch:
        return out, mean, scale
    if output_mean_var:
        return out, moving_mean.clone(), (moving_var + eps).rsqrt()
    return out, moving_mean.detach(), moving_var.detach()         # nobody reads these two


def _batch_norm_gradient(params, data, gamma, moving_mean, moving_var, hidden, head, is_train):
    if not is_train or params.use_global_stats:
        return _gradients(params, params.axis, head[0], data, gamma, moving_mean, moving_var, None, None)
    mean, scale = hidden
    grads = _gradients(params, params.axis, head[0], data, gamma, moving_mean, moving_var, mean, scale)
    update(moving_mean, mean, params.momentum)
    update(moving_var, _variance(scale, params.eps), params.momentum)
    return grads


def shapes(params, data):
    axis = getattr(params, "axis", 1)
    if not -len(data) <= axis < len(data):
        raise OperatorError(f"axis is {axis}, but data has {len(data)} dimensions")
    channels = (data[axis],)
    return {"gamma": channels, "beta": channels, "moving_mean": channels, "moving_var": channels,
            "out": (data, channels, channels)}


def _dtypes(params, data):
    narrow = data in (torch.float16, torch.bfloat16)
    kind = torch.float32 if narrow else data
    return {"gamma": kind, "beta": kind, "moving_mean": kind, "moving_var": kind, "out": (data, kind, kind)}


batch_norm = op("BatchNorm", "_npx_batch_norm", outputs=OUTPUTS, visible=visible)(_batch_norm)
batch_norm.shape(shapes)
batch_norm.dtype(_dtypes)
batch_norm.gradient(_batch_norm_gradient)


def _batch_norm_with_relu(data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: MovingMean,
                          moving_var: MovingVar, *, eps: float = 1e-3, momentum: float = 0.9,
                          fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False,
                          axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None,
                          max_calib_range: float | None = None,
                          is_train: IsTrain) -> tuple[Tensor, Tensor, Tensor]:
    """`BatchNorm`, and the larger of its output and 0, in one operator: see there.

    >>> import mxnet as mx
    >>> x, one, zero = mx.nd.array([[-1, 5]]), mx.nd.ones(2), mx.nd.zeros(2)
    >>> mx.nd.contrib.BatchNormWithReLU(x, one, zero, zero, one, eps=0).asnumpy().tolist()
    [[0.0, 5.0]]
    """
    out, mean, scale = _batch_norm(data, gamma, beta, moving_mean, moving_var, eps=eps, fix_gamma=fix_gamma, axis=axis,
                                   use_global_stats=use_global_stats, output_mean_var=output_mean_var,
                                   is_train=is_train)
    return out.relu_(), mean, scale


def _batch_norm_with_relu_gradient(params, data, gamma, moving_mean, moving_var, out, head, is_train):
    passed = None if head[0] is None else torch.where(out[0] > 0, head[0], 0)
    return _batch_norm_gradient(params, data, gamma, moving_mean, moving_var, out[1:], (passed,), is_train)


batch_norm_with_relu = op("_contrib_BatchNormWithReLU", outputs=OUTPUTS, visible=visible)(_batch_norm_with_relu)
batch_norm_with_relu.shape(shapes)
batch_norm_with_relu.dtype(_dtypes)
batch_norm_with_relu.gradient(_batch_norm_with_relu_gradient)


# ---- the one that tells the variance, and has one dtype ----------------------------------------------


def _batch_norm_v1(data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: MovingMean,
                   moving_var: MovingVar, *, eps: float = 1e-3, momentum: float = 0.9,
                   fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False,
                   is_train: IsTrain) -> tuple[Tensor, Tensor, Tensor]:
    """`BatchNorm` as MXNet's first versions had it, which old symbol files hold: see there.

    Here the channels stand on axis 1, all arrays have one dtype, and the third output is the variance itself.

    >>> import mxnet as mx
    >>> x, one, zero = mx.nd.array([[1, 5], [3, 9]]), mx.nd.ones(2), mx.nd.zeros(2)
    >>> with mx.autograd.train_mode():
    ...     mx.nd.BatchNorm_v1(x, one, zero, zero, one, output_mean_var=True)[2].asnumpy().round(3).tolist()
    [1.0, 4.0]
    """
    batch = is_train and not use_global_stats
    out, mean, scale = _normalize(data, None if fix_gamma else gamma, beta, moving_mean, moving_var, eps, 1, batch)
    if batch:
        return out, mean, _variance(scale, eps)
    if output_mean_var:
        return out, moving_mean.clone(), moving_var.clone()
    return out, moving_mean.detach(), moving_var.detach()         # nobody reads these two


def _variance(scale: Tensor, eps: float) -> Tensor:
    """The variance from the reciprocal of the standard deviation."""
    return scale.square().reciprocal_().sub_(eps)


def batch_norm_v1_gradient(params, data, gamma, moving_mean, moving_var, out, head, is_train):
    if not is_train or params.use_global_stats:
        return _gradients(params, 1, head[0], data, gamma, moving_mean, moving_var, None, None)
    mean, var = out[1], out[2]
    grads = _gradients(params, 1, head[0], data, gamma, moving_mean, moving_var, mean, (var + params.eps).rsqrt_())
    update(moving_mean, mean, params.momentum)
    update(moving_var, var, params.momentum)
    return grads


batch_norm_v1 = op("BatchNorm_v1", outputs=OUTPUTS, visible=visible)(_batch_norm_v1)
batch_norm_v1.shape(shapes)
batch_norm_v1.gradient(batch_norm_v1_gradient)
