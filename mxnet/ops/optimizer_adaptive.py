# SPDX-License-Identifier: Apache-2.0
"""Update operators with a step size of its own for every weight: Adam and AdamW, FTML, FTRL, RMSProp, AdaGrad.

The new weight is the output, the moments are updated in place.
"""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from .infer import unify
from .optimizer_common import (
    State,
    alike,
    clipped,
    complement,
    constant,
    mixed,
    one_minus_power,
    prepared,
)
from .params import Range
from .registry import OperatorError, op


def update_moments(grad: Tensor, mean: Tensor, var: Tensor, beta1: float, beta2: float) -> None:
    """Adam's running averages of gradient and squared gradient, in place."""
    kind = mean.dtype
    mean.mul_(constant(beta1, kind)).add_(grad, alpha=complement(beta1, kind))
    var.mul_(constant(beta2, kind)).addcmul_(grad, grad, value=complement(beta2, kind))


def moment_ratio(mean: Tensor, var: Tensor, epsilon: float) -> Tensor:
    """`mean / (sqrt(var) + epsilon)`."""
    return mean / var.sqrt().add_(constant(epsilon, var.dtype))


@op("adam_update", "_sparse_adam_update")
def adam_update(weight: Tensor, grad: Tensor, mean: State, var: State, *, lr: float, beta1: float = 0.9,
                beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
                clip_gradient: float = -1.0, lazy_update: bool = True) -> Tensor:
    """One step of Adam, with the correction of its bias left to `lr`.

    With `g = clip(rescale_grad * grad + wd * weight)`: `mean = beta1 * mean + (1 - beta1) * g` and
    `var = beta2 * var + (1 - beta2) * g**2` in place, and the result is `weight - lr * mean / (sqrt(var) + epsilon)`.
    All have one shape and one dtype. Kingma and Ba, Adam, 2014.

    >>> import mxnet as mx
    >>> mean, var = mx.nd.zeros(1), mx.nd.zeros(1)
    >>> step = mx.nd.adam_update(mx.nd.ones(1), mx.nd.ones(1), mean, var, lr=0.5, beta1=0.5, beta2=0.75, epsilon=0)
    >>> step.asnumpy().tolist()
    [0.5]
    """
    grad = prepared(weight, grad, rescale_grad, clip_gradient, wd, decay_first=True)
    update_moments(grad, mean, var, beta1, beta2)
    return weight.sub(moment_ratio(mean, var, epsilon), alpha=constant(lr, weight.dtype))


alike(adam_update)


def usable_scale(rescale_grad: Tensor) -> float | None:
    """The number in a scale tensor, or None when it is 0, infinite or NaN, which means: skip this step."""
    if rescale_grad.numel() != 1:
        raise OperatorError(f"rescale_grad has one element, not shape {tuple(rescale_grad.shape)}")
    scale = 1.0 if rescale_grad.is_meta else rescale_grad.item()
    return scale if scale not in (0.0, float("inf"), float("-inf")) and scale == scale else None


def adamw_step(weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, scale: float, lr: float, eta: float, wd: float,
               beta1: float, beta2: float, epsilon: float, clip_gradient: float) -> Tensor:
    """What AdamW subtracts from the weight: `eta * (lr * mean / (sqrt(var) + epsilon) + wd * weight)`."""
    update_moments(prepared(weight, grad, scale, clip_gradient), mean, var, beta1, beta2)
    kind = weight.dtype
    step = moment_ratio(mean, var, epsilon).mul_(constant(lr, kind)).add_(weight, alpha=constant(wd, kind))
    return step.mul_(constant(eta, kind))


@op("_adamw_update", "_contrib_adamw_update")
def adamw_update(weight: Tensor, grad: Tensor, mean: State, var: State, rescale_grad: Tensor, *, lr: float,
                 beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, eta: float,
                 clip_gradient: float = -1.0) -> Tensor:
    """One step of AdamW: Adam with weight decay kept out of the moments.

    As `adam_update` on `g = clip(rescale_grad * grad)`, and the result is
    `weight - eta * (lr * mean / (sqrt(var) + epsilon) + wd * weight)`. `rescale_grad` is an array with one element;
    when it is 0, infinite or NaN, as after an overflow, nothing changes. Loshchilov and Hutter, 2017.

    >>> import mxnet as mx
    >>> mean, var, scale = mx.nd.zeros(1), mx.nd.zeros(1), mx.nd.ones(1)
    >>> step = mx.nd.contrib.adamw_update(mx.nd.ones(1), mx.nd.ones(1), mean, var, scale, lr=0.5, eta=1, wd=0.25,
    ...                                   beta1=0.5, beta2=0.75, epsilon=0)
    >>> step.asnumpy().tolist()
    [0.25]
    """
    scale = usable_scale(rescale_grad)
    if scale is None:
        return weight.clone()
    return weight - adamw_step(weight, grad, mean, var, scale, lr, eta, wd, beta1, beta2, epsilon, clip_gradient)


@op("_mp_adamw_update", "_contrib_mp_adamw_update")
def mp_adamw_update(weight: Tensor, grad: Tensor, mean: State, var: State, weight32: State, rescale_grad: Tensor, *,
                    lr: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0,
                    eta: float, clip_gradient: float = -1.0) -> Tensor:
    """`_adamw_update` in mixed precision: moments and `weight32` are float32, and updated in place.

    >>> import mxnet as mx
    >>> weight, mean, var, master = mx.nd.ones(1, dtype="float16"), mx.nd.zeros(1), mx.nd.zeros(1), mx.nd.ones(1)
    >>> step = mx.nd.contrib.mp_adamw_update(weight, weight, mean, var, master, mx.nd.ones(1), lr=0.5, eta=1,
    ...                                      beta1=0.5, beta2=0.75, epsilon=0)
    >>> step.asnumpy().tolist()
    [0.5]
    """
    scale = usable_scale(rescale_grad)
    if scale is not None:
        weight32.sub_(adamw_step(weight32, grad.float(), mean, var, scale, lr, eta, wd, beta1, beta2, epsilon,
                                 clip_gradient))
    return weight32.to(weight.dtype, copy=True)


alike(adamw_update, "rescale_grad")
alike(mp_adamw_update, "rescale_grad")
mixed(adamw_update, "weight", "grad", "mean", "var")
mixed(mp_adamw_update)


@op("ftml_update")
def ftml_update(weight: Tensor, grad: Tensor, d: State, v: State, z: State, *, lr: float,
                beta1: Annotated[float, Range(0, 1)] = 0.6, beta2: Annotated[float, Range(0, 1)] = 0.999,
                epsilon: float = 1e-8, t: int, wd: float = 0.0, rescale_grad: float = 1.0,
                clip_grad: float = -1.0) -> Tensor:
    """One step of "follow the moving leader".

    With `g = clip(rescale_grad * grad + wd * weight)`: `v = beta2 * v + (1 - beta2) * g**2`,
    `new = (1 - beta1**t) / lr * (sqrt(v / (1 - beta2**t)) + epsilon)`,
    `z = beta1 * z + (1 - beta1) * g - (new - beta1 * d) * weight`, `d = new`, and the result is `-z / d`.
    `d`, `v` and `z` are updated in place; `t` is the number of the step, from 1. Zheng and Kwok, FTML, 2017.

    >>> import mxnet as mx
    >>> state = [mx.nd.zeros(1) for _ in range(3)]
    >>> mx.nd.ftml_update(mx.nd.zeros(1), mx.nd.ones(1), *state, lr=0.5, t=1, epsilon=0).asnumpy().tolist()
    [-0.5]
    """
    kind = weight.dtype
    grad = prepared(weight, grad, rescale_grad, clip_grad, wd, decay_first=True)
    first = constant(beta1, kind)
    v.mul_(constant(beta2, kind)).addcmul_(grad, grad, value=complement(beta2, kind))
    new = v.div(one_minus_power(beta2, t, kind)).sqrt_().add_(epsilon)
    new.mul_(one_minus_power(beta1, t, kind)).div_(constant(lr, kind))
    sigma = d.mul_(-first).add_(new)
    z.mul_(first).add_(grad, alpha=complement(beta1, kind)).sub_(sigma * weight)
    d.copy_(new)
    return z.neg().div_(d)


alike(ftml_update)


@op("ftrl_update", "_sparse_ftrl_update")
def ftrl_update(weight: Tensor, grad: Tensor, z: State, n: State, *, lr: float, lamda1: float = 0.01,
                beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> Tensor:
    """One step of "follow the regularised leader", which makes weights exactly zero.

    With `g = clip(rescale_grad * grad)`: `z += g - (sqrt(n + g**2) - sqrt(n)) * weight / lr` and `n += g**2` in
    place, and the result is `-sign(z) * max(|z| - lamda1, 0) / ((beta + sqrt(n)) / lr + wd)`. McMahan et al., Ad Click
    Prediction, 2013.

    >>> import mxnet as mx
    >>> grad, z, n = mx.nd.array([1, 0.1]), mx.nd.zeros(2), mx.nd.zeros(2)
    >>> made = mx.nd.ftrl_update(mx.nd.zeros(2), grad, z, n, lr=0.5, lamda1=0.5)
    >>> made.asnumpy().tolist()
    [-0.125, -0.0]
    """
    kind = weight.dtype
    rate = constant(lr, kind)
    grad = prepared(weight, grad, rescale_grad, clip_gradient)
    before = n.sqrt()
    n.addcmul_(grad, grad)
    root = n.sqrt()
    z.add_(grad).sub_((root - before).mul_(weight).div_(rate))
    shrunk = torch.nn.functional.softshrink(z, constant(lamda1, kind))
    return shrunk.neg_().div_(root.add_(constant(beta, kind)).div_(rate).add_(constant(wd, kind)))


alike(ftrl_update)


@op("rmsprop_update")
def rmsprop_update(weight: Tensor, grad: Tensor, n: State, *, lr: float, gamma1: float = 0.95, epsilon: float = 1e-8,
                   wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
                   clip_weights: float = -1.0) -> Tensor:
    """One step of RMSProp, not centered.

    With `g = clip(rescale_grad * grad + wd * weight)`: `n = gamma1 * n + (1 - gamma1) * g**2` in place, and the result
    is `weight - lr * g / sqrt(n + epsilon)`, clipped to [-clip_weights, clip_weights] unless that is negative.
    Tieleman and Hinton, 2012.

    >>> import mxnet as mx
    >>> made = mx.nd.rmsprop_update(mx.nd.ones(1), mx.nd.ones(1), mx.nd.zeros(1), lr=0.25, gamma1=0.75, epsilon=0)
    >>> made.asnumpy().tolist()
    [0.5]
    """
    kind = weight.dtype
    grad = prepared(weight, grad, rescale_grad, clip_gradient, wd, decay_first=True)
    n.mul_(constant(gamma1, kind)).addcmul_(grad, grad, value=complement(gamma1, kind))
    step = grad / n.add(constant(epsilon, kind)).sqrt_()
    return clipped(weight.sub(step, alpha=constant(lr, kind)), clip_weights)


@op("rmspropalex_update")
def rmspropalex_update(weight: Tensor, grad: Tensor, n: State, g: State, delta: State, *, lr: float,
                       gamma1: float = 0.95, gamma2: float = 0.9, epsilon: float = 1e-8, wd: float = 0.0,
                       rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0) -> Tensor:
    """One step of centered RMSProp with momentum.

    As `rmsprop_update`, with a running mean `g = gamma1 * g + (1 - gamma1) * grad` as well, and
    `delta = gamma2 * delta - lr * grad / sqrt(n - g**2 + epsilon)`, all in place; the result is `weight + delta`.
    Graves, Generating Sequences, 2013, equations 38 to 45.

    >>> import mxnet as mx
    >>> n, g, delta = mx.nd.ones(1), mx.nd.zeros(1), mx.nd.zeros(1)
    >>> step = mx.nd.rmspropalex_update(mx.nd.ones(1), mx.nd.zeros(1), n, g, delta, lr=0.5)
    >>> step.asnumpy().tolist()
    [1.0]
    """
    kind = weight.dtype
    keep, share = constant(gamma1, kind), complement(gamma1, kind)
    grad = prepared(weight, grad, rescale_grad, clip_gradient, wd, decay_first=True)
    n.mul_(keep).addcmul_(grad, grad, value=share)
    g.mul_(keep).add_(grad, alpha=share)
    step = grad / n.addcmul(g, g, value=-1.0).add_(constant(epsilon, kind)).sqrt_()
    delta.mul_(constant(gamma2, kind)).sub_(step, alpha=constant(lr, kind))
    return clipped(weight + delta, clip_weights)


alike(rmsprop_update)
alike(rmspropalex_update)


@op("_sparse_adagrad_update")
def sparse_adagrad_update(weight: Tensor, grad: Tensor, history: State, *, lr: float, epsilon: float = 1e-7,
                          wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> Tensor:
    """One step of AdaGrad.

    With `g = clip(rescale_grad * grad)`: `history += g**2` in place, and the result is
    `weight - lr * g / sqrt(history + epsilon)`. Duchi et al., 2011.

    >>> import mxnet as mx
    >>> weight, grad, history = mx.nd.ones(1), mx.nd.ones(1), mx.nd.ones(1) * 3
    >>> made = mx.nd._internal._sparse_adagrad_update(weight, grad, history, lr=0.5, epsilon=0)
    >>> made.asnumpy().tolist()
    [0.75]
    """
    kind = weight.dtype
    if wd != 0.0:
        raise OperatorError(f"AdaGrad takes no weight decay here, and wd is {wd}")
    grad = prepared(weight, grad, rescale_grad, clip_gradient)
    history.addcmul_(grad, grad)
    return weight.sub(grad / history.add(constant(epsilon, kind)).sqrt_(), alpha=constant(lr, kind))


alike(sparse_adagrad_update)


@op("_contrib_group_adagrad_update")
def group_adagrad_update(weight: Tensor, grad: Tensor, history: State, *, lr: float, rescale_grad: float = 1.0,
                         clip_gradient: float = -1.0, epsilon: float = 1e-5) -> Tensor:
    """One step of AdaGrad with one step size for each row.

    With `g = clip(rescale_grad * grad)`: `history`, of shape (rows, 1), grows by the mean of `g**2` over each row, and
    the result is `weight - lr * g / sqrt(history + epsilon)`.

    >>> import mxnet as mx
    >>> weight, grad, history = mx.nd.ones((1, 2)), mx.nd.ones((1, 2)), mx.nd.ones((1, 1)) * 3
    >>> mx.nd.contrib.group_adagrad_update(weight, grad, history, lr=0.5, epsilon=0).asnumpy().tolist()
    [[0.75, 0.75]]
    """
    kind = weight.dtype
    if history.shape != (*weight.shape[:1], *[1] * (weight.dim() - 1)):
        raise OperatorError(f"history is {tuple(history.shape)}, but weight {tuple(weight.shape)} needs one number "
                            f"for each row")
    grad = prepared(weight, grad, rescale_grad, clip_gradient)
    history.add_(grad.square().mean(tuple(range(1, weight.dim())), keepdim=True) if weight.dim() > 1
                 else grad.square())
    return weight.sub(grad / history.add(constant(epsilon, kind)).sqrt_(), alpha=constant(lr, kind))


@group_adagrad_update.shape
def _(params, weight=None, grad=None, history=None, out=None):
    common = unify("grad", unify("weight", out, weight), grad)
    rows = None if common is None else (common[0], *[1] * (len(common) - 1))
    return dict(weight=common, grad=common, out=common, history=rows)
