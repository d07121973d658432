# SPDX-License-Identifier: Apache-2.0
"""Update operators of stochastic gradient descent: plain, with momentum, Nesterov's, and by sign.

The new weight is the output, momentum is updated in place. The `mp_` forms keep a float32 master copy of a float16
weight, which they update too.
"""
from __future__ import annotations

import torch
from torch import Tensor

from .optimizer_common import State, alike, complement, constant, mixed, prepared
from .registry import op


@op("sgd_update", "_sparse_sgd_update")
def sgd_update(weight: Tensor, grad: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
               clip_gradient: float = -1.0, lazy_update: bool = True) -> Tensor:
    """One step of gradient descent: `weight - lr * (clip(rescale_grad * grad) + wd * weight)`.

    `weight` and `grad` have one shape and one floating point dtype, and so has the result. Gradients are clipped to
    [-clip_gradient, clip_gradient] unless that is negative. `lazy_update` concerns row-sparse gradients only.

    >>> import mxnet as mx
    >>> mx.nd.sgd_update(mx.nd.ones(2), mx.nd.ones(2), lr=0.5).asnumpy().tolist()
    [0.5, 0.5]
    """
    return weight.sub(prepared(weight, grad, rescale_grad, clip_gradient, wd), alpha=constant(lr, weight.dtype))


def _momentum_step(weight: Tensor, grad: Tensor, mom: Tensor, lr: float, momentum: float) -> Tensor:
    """The velocity that is added to the weight; `grad` is prepared. Changes and returns `mom`."""
    return mom.mul_(constant(momentum, mom.dtype)).sub_(grad, alpha=constant(lr, mom.dtype))


@op("sgd_mom_update", "_sparse_sgd_mom_update")
def sgd_mom_update(weight: Tensor, grad: Tensor, mom: State, *, lr: float, momentum: float = 0.0, wd: float = 0.0,
                   rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True) -> Tensor:
    """One step of gradient descent with momentum.

    `mom = momentum * mom - lr * (clip(rescale_grad * grad) + wd * weight)`, and the result is `weight + mom`: the
    learning rate is inside of the momentum. `mom` is updated in place. All have one shape and one dtype.

    >>> import mxnet as mx
    >>> mom = mx.nd.ones(1)
    >>> weight = mx.nd.sgd_mom_update(mx.nd.ones(1), mx.nd.ones(1), mom, lr=0.25, momentum=0.5)
    >>> weight.asnumpy().tolist(), mom.asnumpy().tolist()
    ([1.25], [0.25])
    """
    return weight + _momentum_step(weight, prepared(weight, grad, rescale_grad, clip_gradient, wd), mom, lr, momentum)


@op("mp_sgd_update")
def mp_sgd_update(weight: Tensor, grad: Tensor, weight32: State, *, lr: float, wd: float = 0.0,
                  rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True) -> Tensor:
    """`sgd_update` in mixed precision: computed in float32 on `weight32`, which is updated in place.

    The result is the new `weight32`, rounded to the dtype of `weight` (float16 as a rule).

    >>> import mxnet as mx
    >>> weight, master = mx.nd.ones(1, dtype="float16"), mx.nd.ones(1)
    >>> mx.nd.mp_sgd_update(weight, weight, master, lr=0.5).asnumpy().tolist()
    [0.5]
    """
    step = prepared(weight32, grad.float(), rescale_grad, clip_gradient, wd)
    return weight32.sub_(step, alpha=constant(lr, torch.float32)).to(weight.dtype, copy=True)


@op("mp_sgd_mom_update")
def mp_sgd_mom_update(weight: Tensor, grad: Tensor, mom: State, weight32: State, *, lr: float, momentum: float = 0.0,
                      wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
                      lazy_update: bool = True) -> Tensor:
    """`sgd_mom_update` in mixed precision: `mom` and `weight32` are float32, and updated in place.

    >>> import mxnet as mx
    >>> weight, mom, master = mx.nd.ones(1, dtype="float16"), mx.nd.zeros(1), mx.nd.ones(1)
    >>> mx.nd.mp_sgd_mom_update(weight, weight, mom, master, lr=0.5, momentum=0.9).asnumpy().tolist()
    [0.5]
    """
    step = prepared(weight32, grad.float(), rescale_grad, clip_gradient, wd)
    return weight32.add_(_momentum_step(weight, step, mom, lr, momentum)).to(weight.dtype, copy=True)


@op("nag_mom_update")
def nag_mom_update(weight: Tensor, grad: Tensor, mom: State, *, lr: float, momentum: float = 0.0, wd: float = 0.0,
                   rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> Tensor:
    """One step with Nesterov's accelerated gradient.

    With `g = clip(rescale_grad * grad) + wd * weight`: `mom = momentum * mom - lr * g` in place, and the result is
    `weight + momentum * mom - lr * g`. With `out=weight`, as in MXNet, the decay inside of the momentum that is kept
    for the next step is that of the new weight.

    >>> import mxnet as mx
    >>> mx.nd.nag_mom_update(mx.nd.ones(1), mx.nd.ones(1), mx.nd.zeros(1), lr=0.25, momentum=0.5).asnumpy().tolist()
    [0.625]
    """
    grad = prepared(weight, grad, rescale_grad, clip_gradient, wd)
    _momentum_step(weight, grad, mom, lr, momentum)
    return (mom * constant(momentum, mom.dtype)).add_(weight).sub_(grad, alpha=constant(lr, mom.dtype))


@op("mp_nag_mom_update")
def mp_nag_mom_update(weight: Tensor, grad: Tensor, mom: State, weight32: State, *, lr: float, momentum: float = 0.0,
                      wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> Tensor:
    """`nag_mom_update` in mixed precision: `mom` and `weight32` are float32, and updated in place.

    As in MXNet, the decay inside of the momentum that is kept for the next step is that of the new weight.

    >>> import mxnet as mx
    >>> weight, mom, master = mx.nd.ones(1, dtype="float16"), mx.nd.zeros(1), mx.nd.ones(1)
    >>> mx.nd.mp_nag_mom_update(weight, weight, mom, master, lr=0.25, momentum=0.5).asnumpy().tolist()
    [0.625]
    """
    nesterov_step_(weight32, grad.float(), mom, lr, momentum, wd, rescale_grad, clip_gradient)
    return weight32.to(weight.dtype, copy=True)


def nesterov_step_(weight: Tensor, grad: Tensor, mom: Tensor, lr: float, momentum: float, wd: float,
                   rescale_grad: float, clip_gradient: float) -> None:
    """Nesterov's step on a weight in place, as MXNet does it: it computes `mom` anew once the weight is written."""
    rate, keep = constant(lr, weight.dtype), constant(momentum, weight.dtype)
    grad = prepared(weight, grad, rescale_grad, clip_gradient)
    decayed = prepared(weight, grad, 1.0, -1.0, wd)
    mom.mul_(keep)
    weight.add_(mom.sub(decayed, alpha=rate).mul_(keep).sub_(decayed, alpha=rate))
    mom.sub_(prepared(weight, grad, 1.0, -1.0, wd), alpha=rate)


@op("signsgd_update")
def signsgd_update(weight: Tensor, grad: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
                   clip_gradient: float = -1.0) -> Tensor:
    """One step along the gradient's signs: `(1 - lr * wd) * weight - lr * sign(grad)`.

    `rescale_grad` and `clip_gradient` have no effect, as in MXNet. Bernstein et al., signSGD, 2018.

    >>> import mxnet as mx
    >>> mx.nd.signsgd_update(mx.nd.ones(2), mx.nd.array([3, -0.1]), lr=0.5).asnumpy().tolist()
    [0.5, 1.5]
    """
    return _decayed(weight, lr, wd).sub_(grad.sign(), alpha=constant(lr, weight.dtype))


@op("signum_update")
def signum_update(weight: Tensor, grad: Tensor, mom: State, *, lr: float, momentum: float = 0.0, wd: float = 0.0,
                  rescale_grad: float = 1.0, clip_gradient: float = -1.0, wd_lh: float = 0.0) -> Tensor:
    """One step along the signs of a momentum.

    `mom = momentum * mom - (1 - momentum) * (wd * weight + clip(rescale_grad * grad))` in place, and the result is
    `(1 - lr * wd_lh) * weight + lr * sign(mom)`. Bernstein et al., signSGD, 2018; `wd_lh` is the weight decay of
    Loshchilov and Hutter.

    >>> import mxnet as mx
    >>> mx.nd.signum_update(mx.nd.ones(2), mx.nd.array([3, -0.1]), mx.nd.zeros(2), lr=0.5).asnumpy().tolist()
    [0.5, 1.5]
    """
    share = complement(momentum, mom.dtype)
    grad = prepared(weight, grad, rescale_grad, clip_gradient, wd)
    mom.mul_(constant(momentum, mom.dtype)).sub_(grad, alpha=share)
    return _decayed(weight, lr, wd_lh).add_(mom.sign(), alpha=constant(lr, weight.dtype))


def _decayed(weight: Tensor, lr: float, wd: float) -> Tensor:
    """`(1 - lr * wd) * weight`, a tensor of its own."""
    kind = weight.dtype
    return weight * (1.0 - constant(lr, kind) * constant(wd, kind))


for _operator in (sgd_update, sgd_mom_update, mp_sgd_update, mp_sgd_mom_update, nag_mom_update, mp_nag_mom_update,
                  signsgd_update, signum_update):
    alike(_operator)
for _operator in (mp_sgd_update, mp_sgd_mom_update, mp_nag_mom_update):
    mixed(_operator)
