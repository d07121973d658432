# SPDX-License-Identifier: Apache-2.0
"""Steps of optimizers on all weights of a model at once, in place, by torch's functions over lists.

Each does what the optimizer's `update` does to one weight, in the same order of operations. `lrs` and `wds` hold the
rate and the decay of each weight; all tensors are float32 or float64, on one device. Constants are rounded to float32
as in MXNet's kernels where the optimizer runs one, and are Python's numbers where MXNet computes with arrays.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..ops.optimizer_common import complement, constant, one_minus_power
from ..ops.optimizer_lists import constants, prepared_list

__all__ = ["adadelta", "adagrad", "adamax", "clipped", "dcasgd", "descend", "ftml", "ftrl", "gradients", "nadam",
           "rmsprop", "rmsprop_centered", "sgld", "signsgd", "signum"]

Tensors = list[Tensor]
States = Sequence[Tensors]         # a list for each part of a state
Numbers = Sequence[float]


def gradients(weights: Tensors, grads: Tensors, wds: Numbers, rescale_grad: float, clip: float) -> Tensors:
    """`clip(rescale_grad * grad + wd * weight)`; may be the gradients themselves. A negative `clip` is none."""
    decayed = prepared_list(weights, grads, wds if any(wds) else (), rescale_grad, -1.0)
    return decayed if clip < 0.0 else prepared_list(weights, decayed, (), 1.0, clip)


def clipped(grads: Tensors, rescale_grad: float, clip: float | None) -> Tensors:
    """`clip(rescale_grad * grad)` with Python's numbers; may be the gradients themselves."""
    if rescale_grad != 1.0:
        grads = list(torch._foreach_mul(grads, float(rescale_grad)))
    if clip is not None:
        grads = list(torch._foreach_clamp_min(grads, -clip))
        torch._foreach_clamp_max_(grads, clip)
    return grads


def _average(averages: Tensors, keep: float, values: Tensors, share: float) -> None:
    torch._foreach_mul_(averages, keep)
    torch._foreach_add_(averages, values, alpha=share)


def _average_squares(averages: Tensors, keep: float, values: Tensors, share: float) -> None:
    torch._foreach_mul_(averages, keep)
    torch._foreach_addcmul_(averages, values, values, value=share)


def _bound(weights: Tensors, bound: float) -> None:
    if bound >= 0.0:
        torch._foreach_clamp_min_(weights, -bound)
        torch._foreach_clamp_max_(weights, bound)


def adagrad(weights: Tensors, grads: Tensors, history: Tensors, lrs: Numbers, wds: Numbers, epsilon: float) -> None:
    """`history += g**2; weight -= lr * (g / sqrt(history + epsilon) + wd * weight)`; gradients are prepared."""
    torch._foreach_addcmul_(history, grads, grads)
    roots = torch._foreach_add(history, epsilon)
    torch._foreach_sqrt_(roots)
    steps = torch._foreach_div(grads, roots)
    if any(wds):
        torch._foreach_add_(steps, torch._foreach_mul(weights, wds))
    torch._foreach_mul_(steps, lrs)
    torch._foreach_sub_(weights, steps)


def rmsprop(weights: Tensors, grads: Tensors, states: States, lrs: Numbers, gamma1: float, epsilon: float,
            clip_weights: float) -> None:
    """See the operator `rmsprop_update`; gradients are prepared, decay and all."""
    (n,) = states
    kind = weights[0].dtype
    _average_squares(n, constant(gamma1, kind), grads, complement(gamma1, kind))
    roots = torch._foreach_add(n, constant(epsilon, kind))
    torch._foreach_sqrt_(roots)
    torch._foreach_addcdiv_(weights, grads, roots, [-lr for lr in constants(lrs, kind)])
    _bound(weights, constant(clip_weights, kind))


def rmsprop_centered(weights: Tensors, grads: Tensors, states: States, lrs: Numbers,
                     gamma1: float, gamma2: float, epsilon: float, clip_weights: float) -> None:
    """See the operator `rmspropalex_update`; gradients are prepared, decay and all."""
    n, means, deltas = states
    kind = weights[0].dtype
    keep, share = constant(gamma1, kind), complement(gamma1, kind)
    _average_squares(n, keep, grads, share)
    _average(means, keep, grads, share)
    roots = torch._foreach_addcmul(n, means, means, value=-1.0)
    torch._foreach_add_(roots, constant(epsilon, kind))
    torch._foreach_sqrt_(roots)
    torch._foreach_mul_(deltas, constant(gamma2, kind))
    torch._foreach_addcdiv_(deltas, grads, roots, [-lr for lr in constants(lrs, kind)])
    torch._foreach_add_(weights, deltas)
    _bound(weights, constant(clip_weights, kind))


def adadelta(weights: Tensors, grads: Tensors, states: States, wds: Numbers, rho: float,
             epsilon: float) -> None:
    """The step is `sqrt(steps + epsilon) / sqrt(squares + epsilon) * g`, decay comes on top; gradients are prepared."""
    squares, steps = states
    _average_squares(squares, rho, grads, 1.0 - rho)
    over, under = torch._foreach_add(steps, epsilon), torch._foreach_add(squares, epsilon)
    torch._foreach_sqrt_(over)
    torch._foreach_sqrt_(under)
    torch._foreach_div_(over, under)
    torch._foreach_mul_(over, grads)
    _average_squares(steps, rho, list(over), 1.0 - rho)
    if any(wds):
        torch._foreach_add_(over, torch._foreach_mul(weights, wds))
    torch._foreach_sub_(weights, over)


def adamax(weights: Tensors, grads: Tensors, states: States, rates: Numbers, beta1: float,
           beta2: float) -> None:
    """`norm = max(beta2 * norm, |g|); weight -= rate * mean / norm`, where the norm is not 0."""
    means, norms = states
    _average(means, beta1, grads, 1.0 - beta1)
    torch._foreach_mul_(norms, beta2)
    torch._foreach_maximum_(norms, torch._foreach_abs(grads))
    # Where the norm is 0 the mean is 0 too: then 0 is divided by the least positive number.
    steps = torch._foreach_div(means, torch._foreach_clamp_min(norms, torch.finfo(norms[0].dtype).tiny))
    torch._foreach_mul_(steps, rates)
    torch._foreach_sub_(weights, steps)


def nadam(weights: Tensors, grads: Tensors, states: States, factors: Sequence[tuple[float, ...]],
          beta1: float, beta2: float, epsilon: float) -> None:
    """`weight -= (a * g + b * mean) / (sqrt(variance / c) + epsilon)`; `factors` holds a, b (with the rate) and c."""
    means, variances = states
    _average(means, beta1, grads, 1.0 - beta1)
    _average_squares(variances, beta2, grads, 1.0 - beta2)
    of_grad, of_mean, corrections = (list(part) for part in zip(*factors))
    steps = torch._foreach_mul(grads, of_grad)
    torch._foreach_add_(steps, torch._foreach_mul(means, of_mean))
    roots = torch._foreach_div(variances, corrections)
    torch._foreach_sqrt_(roots)
    torch._foreach_add_(roots, epsilon)
    torch._foreach_div_(steps, roots)
    torch._foreach_sub_(weights, steps)


def ftrl(weights: Tensors, grads: Tensors, states: States, lrs: Numbers, wds: Numbers, lamda1: float,
         beta: float) -> None:
    """See the operator `ftrl_update`; gradients are rescaled and clipped."""
    z, n = states
    kind = weights[0].dtype
    rates = constants(lrs, kind)
    before = torch._foreach_sqrt(n)
    torch._foreach_addcmul_(n, grads, grads)
    roots = torch._foreach_sqrt(n)
    torch._foreach_add_(z, grads)
    change = torch._foreach_sub(roots, before)
    torch._foreach_mul_(change, weights)
    torch._foreach_div_(change, rates)
    torch._foreach_sub_(z, change)
    torch._foreach_add_(roots, constant(beta, kind))
    torch._foreach_div_(roots, rates)
    torch._foreach_add_(roots, constants(wds, kind))
    limit = constant(lamda1, kind)
    for weight, part, root in zip(weights, z, roots):            # there is no shrinking over lists
        torch.div(torch.nn.functional.softshrink(part, limit).neg_(), root, out=weight)


def ftml(weights: Tensors, grads: Tensors, states: States, lrs: Numbers, steps: Sequence[int],
         beta1: float, beta2: float, epsilon: float) -> None:
    """See the operator `ftml_update`; gradients are prepared, decay and all. `steps` counts from 1."""
    d, v, z = states
    kind = weights[0].dtype
    first = constant(beta1, kind)
    _average_squares(v, constant(beta2, kind), grads, complement(beta2, kind))
    fresh = torch._foreach_div(v, [one_minus_power(beta2, t, kind) for t in steps])
    torch._foreach_sqrt_(fresh)
    torch._foreach_add_(fresh, epsilon)
    torch._foreach_mul_(fresh, [one_minus_power(beta1, t, kind) for t in steps])
    torch._foreach_div_(fresh, constants(lrs, kind))
    torch._foreach_mul_(d, -first)
    torch._foreach_add_(d, fresh)
    _average(z, first, grads, complement(beta1, kind))
    torch._foreach_sub_(z, torch._foreach_mul(d, weights))
    torch._foreach_copy_(d, fresh)
    torch._foreach_copy_(weights, torch._foreach_div(torch._foreach_neg(z), d))


def signum(weights: Tensors, grads: Tensors, moms: Tensors, lrs: Numbers, momentum: float, wd_lh: float) -> None:
    """See the operator `signum_update`; gradients are prepared."""
    kind = weights[0].dtype
    torch._foreach_mul_(moms, constant(momentum, kind))
    torch._foreach_add_(moms, grads, alpha=-complement(momentum, kind))
    rates = constants(lrs, kind)
    if wd_lh:
        torch._foreach_mul_(weights, [1.0 - lr * constant(wd_lh, kind) for lr in rates])
    signs = torch._foreach_sign(moms)
    torch._foreach_mul_(signs, rates)
    torch._foreach_add_(weights, signs)


def signsgd(weights: Tensors, grads: Tensors, lrs: Numbers, wds: Numbers) -> None:
    """See the operator `signsgd_update`, which takes gradients as they are."""
    kind = weights[0].dtype
    rates = constants(lrs, kind)
    torch._foreach_mul_(weights, [1.0 - lr * wd for lr, wd in zip(rates, constants(wds, kind))])
    signs = torch._foreach_sign(grads)
    torch._foreach_mul_(signs, rates)
    torch._foreach_sub_(weights, signs)


def descend(weights: Tensors, grads: Tensors, moms: Tensors, lrs: Numbers, wds: Numbers, momentum: float,
            rescale_grad: float, clip: float) -> None:
    """Gradient descent where each weight has a rate of its own, so that they make no groups.

    See the operators `preloaded_multi_sgd_update` and, where there are `moms`, `preloaded_multi_sgd_mom_update`.
    """
    kind = weights[0].dtype
    rates = constants(lrs, kind)
    steps = torch._foreach_mul(prepared_list(weights, grads, (), rescale_grad, clip), rates)
    if any(wds):
        shares = [constant(lr * wd, kind) for lr, wd in zip(constants(lrs, torch.float32),
                                                            constants(wds, torch.float32))]
        torch._foreach_add_(steps, torch._foreach_mul(weights, shares))
    if not moms:
        torch._foreach_sub_(weights, steps)
        return
    torch._foreach_mul_(moms, constant(momentum, kind))
    torch._foreach_sub_(moms, steps)
    torch._foreach_add_(weights, moms)


def sgld(weights: Tensors, grads: Tensors, noise: Tensors, lrs: Numbers, wds: Numbers) -> None:
    """`weight += noise - lr / 2 * (g + wd * weight)`; gradients are prepared."""
    steps = torch._foreach_add(grads, torch._foreach_mul(weights, wds)) if any(wds) else grads
    torch._foreach_sub_(weights, torch._foreach_mul(steps, [lr / 2 for lr in lrs]))
    torch._foreach_add_(weights, noise)


def dcasgd(weights: Tensors, grads: Tensors, moms: Tensors, previous: Tensors, lrs: Numbers, wds: Numbers,
           momentum: float, lamda: float) -> None:
    """The step is `-lr * (g + wd * weight + lamda * g**2 * (weight - previous))`; gradients are prepared."""
    delays = torch._foreach_mul(grads, float(lamda))
    torch._foreach_mul_(delays, grads)
    torch._foreach_mul_(delays, torch._foreach_sub(weights, previous))
    decayed = torch._foreach_add(grads, torch._foreach_mul(weights, wds)) if any(wds) else grads
    steps = torch._foreach_add(decayed, delays)
    torch._foreach_mul_(steps, [-lr for lr in lrs])
    if moms:
        torch._foreach_mul_(moms, float(momentum))
        torch._foreach_add_(moms, steps)
        steps = tuple(moms)
    torch._foreach_copy_(previous, weights)
    torch._foreach_add_(weights, steps)
