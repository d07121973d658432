# SPDX-License-Identifier: Apache-2.0
"""One optimizer step for all parameters of a model at once, in place: what `Module.update` runs.

The arithmetic is that of the operators `sgd_update`, `sgd_mom_update`, `nag_mom_update` and `adam_update`; the calls
are as few as torch allows: one fused kernel for each group of parameters that share learning rate and weight decay.
Rounding differs from the operators' by the last bit or two of float32.

torch's fused kernels keep other conventions, and are made to agree:

- its momentum is `buf = momentum * buf + (1 - dampening) * g; w -= lr * buf`. MXNet's `mom = momentum * mom - lr * g;
  w += mom` is the same with a dampening of `1 + lr` and a learning rate of -1;
- `rescale_grad` is folded into learning rate and decay: `lr * (r * g + wd * w) = (lr * r) * (g + wd / r * w)`;
- its Adam corrects the bias itself, by `1 - beta**step`, which is 1 for an infinite step.

They walk over memory and so want contiguous tensors, and torch's fused momentum is wrong for float16 (2.13); other
groups go through the `_foreach` functions.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .optimizer_common import constant
from .optimizer_lists import moment_ratios, prepared_list, update_all_moments

Tensors = Sequence[Tensor]
Numbers = Sequence[float]

_WIDE = (torch.float32, torch.float64)
_endless: dict[torch.device, Tensor] = {}      # an infinite step count for each device, see above


def sgd_step(weights: Tensors, grads: Tensors, moms: Tensors, lrs: Numbers, wds: Numbers, momentum: float = 0.0,
             rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> None:
    """Gradient descent on all weights, in place; with momentum when `moms` is not empty.

    Parameters
    ----------
    weights, grads, moms : lists of tensors of equal length and shapes; all of one dtype and device. `weights` and
        `moms` are updated, `grads` stay as they are. `moms` is empty for descent without momentum.
    lrs, wds : learning rate and weight decay of each weight
    momentum, rescale_grad, clip_gradient : as in the operator `sgd_mom_update`; a negative `clip_gradient` is none

    >>> import torch
    >>> weight, mom = torch.ones(2), torch.zeros(2)
    >>> sgd_step([weight], [torch.ones(2)], [mom], [0.5], [0.0], momentum=0.9)
    >>> weight.tolist(), mom.tolist()
    ([0.5, 0.5], [-0.5, -0.5])
    """
    for lr, wd, members in _groups(lrs, wds):
        w, g, m = _pick(weights, members), _pick(grads, members), _pick(moms, members) if moms else []
        if clip_gradient >= 0.0:
            g, scale = prepared_list(w, g, (), rescale_grad, clip_gradient), 1.0
        else:
            scale = rescale_grad
        kind = w[0].dtype
        fused = kind in _WIDE and scale != 0.0 and (momentum != 0.0 or not m) and _fusible(w, g, m)
        step = _fused_sgd if fused else _foreach_sgd
        step(w, g, m, constant(lr, kind), constant(wd, kind), constant(momentum, kind), constant(scale, kind))


def _fused_sgd(weights: list[Tensor], grads: list[Tensor], moms: list[Tensor], lr: float, wd: float, momentum: float,
               scale: float) -> None:
    rate = lr * scale
    torch._fused_sgd_(weights, grads, moms, weight_decay=wd / scale, momentum=momentum if moms else 0.0,
                      lr=-1.0 if moms else rate, dampening=1.0 + rate if moms else 0.0, nesterov=False, maximize=False,
                      is_first_step=False)


def _foreach_sgd(weights: list[Tensor], grads: list[Tensor], moms: list[Tensor], lr: float, wd: float, momentum: float,
                 scale: float) -> None:
    steps = list(torch._foreach_mul(prepared_list(weights, grads, [wd] * len(weights), scale, -1.0), -lr))
    if moms:
        torch._foreach_mul_(moms, momentum)
        torch._foreach_add_(moms, steps)
        steps = moms
    torch._foreach_add_(weights, steps)


def adam_step(weights: Tensors, grads: Tensors, means: Tensors, variances: Tensors, lrs: Numbers, wds: Numbers,
              beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, rescale_grad: float = 1.0,
              clip_gradient: float = -1.0) -> None:
    """Adam on all weights, in place, as the operator `adam_update` does it: `lrs` hold the correction of the bias.

    Parameters
    ----------
    weights, grads, means, variances : lists of tensors of equal length and shapes, all of one dtype and device;
        `grads` stay as they are, the others are updated
    lrs, wds : learning rate (times `sqrt(1 - beta2**t) / (1 - beta1**t)`) and weight decay of each weight
    beta1, beta2, epsilon, rescale_grad, clip_gradient : as in the operator

    >>> import torch
    >>> weight, mean, variance = torch.ones(1), torch.zeros(1), torch.zeros(1)
    >>> adam_step([weight], [torch.ones(1)], [mean], [variance], [0.1 * 0.001 ** 0.5 / 0.1], [0.0])
    >>> round(weight.item(), 4)
    0.9
    """
    for lr, wd, members in _groups(lrs, wds):
        w, g, m, v = (_pick(tensors, members) for tensors in (weights, grads, means, variances))
        lr, wd = constant(lr, w[0].dtype), constant(wd, w[0].dtype)
        if clip_gradient >= 0.0:                       # the decay is inside of what is clipped
            g = prepared_list(w, _decayed(w, g, wd, rescale_grad), (), 1.0, clip_gradient)
            wd = 0.0
        elif rescale_grad != 1.0:
            g = prepared_list(w, g, (), rescale_grad, -1.0)
        if 0 <= beta1 < 1 and 0 <= beta2 < 1 and _fusible(w, g, m, v):     # else the corrections would not be 1
            _fused_adam(w, g, m, v, lr, wd, beta1, beta2, epsilon)
        else:
            update_all_moments(_decayed(w, g, wd, 1.0), m, v, beta1, beta2)
            torch._foreach_sub_(w, torch._foreach_mul(moment_ratios(m, v, epsilon), lr))


def _decayed(weights: list[Tensor], grads: list[Tensor], wd: float, rescale_grad: float) -> list[Tensor]:
    """`rescale_grad * grad + wd * weight`; may be the gradients themselves."""
    return prepared_list(weights, grads, [wd] * len(weights) if wd else (), rescale_grad, -1.0)


def _fused_adam(weights: list[Tensor], grads: list[Tensor], means: list[Tensor], variances: list[Tensor], lr: float,
                wd: float, beta1: float, beta2: float, epsilon: float) -> None:
    device, kind = weights[0].device, weights[0].dtype
    step = _endless.get(device)
    if step is None:
        step = _endless[device] = torch.tensor(float("inf"), device=device)
    torch._fused_adam_(weights, grads, means, variances, [], [step] * len(weights), lr=lr, beta1=constant(beta1, kind),
                       beta2=constant(beta2, kind), weight_decay=wd, eps=constant(epsilon, kind), amsgrad=False,
                       maximize=False)


def nag_step(weights: Tensors, grads: Tensors, moms: Tensors, lrs: Numbers, wds: Numbers, momentum: float = 0.0,
             rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> None:
    """Nesterov's accelerated gradient on all weights, in place; the arguments are those of `sgd_step`.

    It does what MXNet's `nag_mom_update` does with `out=weight`: the kept momentum decays by the new weight.
    """
    for lr, wd, members in _groups(lrs, wds):
        w, m = _pick(weights, members), _pick(moms, members)
        g = prepared_list(w, _pick(grads, members), (), rescale_grad, clip_gradient)
        kind = w[0].dtype
        lr, wd, keep = constant(lr, kind), constant(wd, kind), constant(momentum, kind)
        torch._foreach_mul_(m, keep)
        decayed = torch._foreach_add(g, w, alpha=wd) if wd else g
        torch._foreach_add_(w, m, alpha=keep)
        torch._foreach_add_(w, decayed, alpha=-lr * (1.0 + keep))
        torch._foreach_sub_(m, torch._foreach_add(g, w, alpha=wd) if wd else g, alpha=lr)


# ---- groups -------------------------------------------------------------------------------------------------------

def _groups(lrs: Numbers, wds: Numbers) -> list[tuple[float, float, list[int] | None]]:
    """(lr, wd, which parameters) for each pair that occurs; None stands for all."""
    if not lrs:
        return []
    lr, wd = lrs[0], wds[0]
    if lrs.count(lr) == len(lrs) and wds.count(wd) == len(wds):
        return [(lr, wd, None)]
    members: dict[tuple[float, float], list[int]] = {}
    for i, pair in enumerate(zip(lrs, wds)):
        members.setdefault(pair, []).append(i)
    return [(lr, wd, indices) for (lr, wd), indices in members.items()]


def _pick(tensors: Tensors, members: list[int] | None) -> list[Tensor]:
    return list(tensors) if members is None else [tensors[i] for i in members]


_contiguous: Callable[[Tensor], bool] = Tensor.is_contiguous


def _fusible(*lists: list[Tensor]) -> bool:
    """Whether torch's fused kernels may run on these: they take memory as it lies."""
    return all(all(map(_contiguous, tensors)) for tensors in lists)
