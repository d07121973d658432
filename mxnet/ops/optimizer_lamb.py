# SPDX-License-Identifier: Apache-2.0
"""Update operators of LAMB (You et al., Large Batch Optimization for Deep Learning, 2019).

A step has two phases, so that their user can put layer-wise norms between them: the first turns a gradient into a
direction and updates the moments, the second scales it by the ratio of two norms. The `multi` forms do both for many
weights at once.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .infer import show
from .optimizer_adaptive import moment_ratio, update_moments
from .optimizer_common import State, alike, constant, mixed, one_minus_power, prepared
from .optimizer_lists import (
    cast_list,
    constants,
    masters_of,
    moment_ratios,
    numbered_inputs,
    numbered_outputs,
    on_lists,
    one_or_all,
    prepared_list,
    split,
    sums_of_squares,
    update_all_moments,
)
from .registry import OperatorError, op


def _direction(weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, beta1: float, beta2: float, epsilon: float,
               t: int, bias_correction: bool, wd: float, rescale_grad: float, clip_gradient: float) -> Tensor:
    """Phase one on tensors of one dtype; updates the moments."""
    update_moments(prepared(weight, grad, rescale_grad, clip_gradient), mean, var, beta1, beta2)
    kind = weight.dtype
    if bias_correction:
        mean, var = mean / one_minus_power(beta1, t, kind), var / one_minus_power(beta2, t, kind)
    return moment_ratio(mean, var, epsilon).add_(weight, alpha=constant(wd, kind))


@op("lamb_update_phase1")
def lamb_update_phase1(weight: Tensor, grad: Tensor, mean: State, var: State, *, beta1: float = 0.9,
                       beta2: float = 0.999, epsilon: float = 1e-6, t: int, bias_correction: bool = True, wd: float,
                       rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> Tensor:
    """Phase one of LAMB: the direction of the step.

    With `g = clip(rescale_grad * grad)`: `mean = beta1 * mean + (1 - beta1) * g` and
    `var = beta2 * var + (1 - beta2) * g**2` in place. The result is `m / (sqrt(v) + epsilon) + wd * weight`, where m
    and v are `mean / (1 - beta1**t)` and `var / (1 - beta2**t)` with `bias_correction`, else mean and var. `t` is the
    number of the step, from 1.

    >>> import mxnet as mx
    >>> mean, var = mx.nd.zeros(1), mx.nd.zeros(1)
    >>> mx.nd.lamb_update_phase1(mx.nd.ones(1), mx.nd.ones(1), mean, var, t=1, wd=0.5, epsilon=0).asnumpy().tolist()
    [1.5]
    """
    return _direction(weight, grad, mean, var, beta1, beta2, epsilon, t, bias_correction, wd, rescale_grad,
                      clip_gradient)


@op("mp_lamb_update_phase1")
def mp_lamb_update_phase1(weight: Tensor, grad: Tensor, mean: State, var: State, weight32: State, *,
                          beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6, t: int,
                          bias_correction: bool = True, wd: float, rescale_grad: float = 1.0,
                          clip_gradient: float = -1.0) -> Tensor:
    """`lamb_update_phase1` in mixed precision: moments, `weight32` and the result are float32.

    As in MXNet, the scaled gradient is rounded to its own dtype before it is clipped.

    >>> import mxnet as mx
    >>> weight, mean, var, master = mx.nd.ones(1, dtype="float16"), mx.nd.zeros(1), mx.nd.zeros(1), mx.nd.ones(1)
    >>> mx.nd.mp_lamb_update_phase1(weight, weight, mean, var, master, t=1, wd=0.5, epsilon=0).asnumpy().tolist()
    [1.5]
    """
    if rescale_grad != 1.0:
        grad = grad * constant(rescale_grad, torch.float32)
    return _direction(weight32, grad.float(), mean, var, beta1, beta2, epsilon, t, bias_correction, wd, 1.0,
                      clip_gradient)


alike(lamb_update_phase1)
alike(mp_lamb_update_phase1)


@mp_lamb_update_phase1.dtype
def _(params, weight=None, grad=None):
    kind = weight if weight is not None else grad
    return dict(weight=kind, grad=kind, mean=torch.float32, var=torch.float32, weight32=torch.float32,
                out=torch.float32)


def _require_numbers(**norms: Tensor) -> None:
    for name, norm in norms.items():
        if norm.numel() != 1:
            raise OperatorError(f"{name} is {show(tuple(norm.shape))}, but has to be one number")


def trust(norm: Tensor, step_norm: Tensor, lower_bound: float, upper_bound: float) -> Tensor:
    """The ratio of the norms of weight (kept within the bounds, unless they are negative) and step; 1 if one is 0.
    """
    if lower_bound >= 0.0:
        norm = norm.clamp(min=constant(lower_bound, norm.dtype))
    if upper_bound >= 0.0:
        norm = norm.clamp(max=constant(upper_bound, norm.dtype))
    return torch.where((norm == 0) | (step_norm == 0), torch.ones_like(norm), norm / step_norm)


@op("lamb_update_phase2")
def lamb_update_phase2(weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, *, lr: float, lower_bound: float = -1.0,
                       upper_bound: float = -1.0) -> Tensor:
    """Phase two of LAMB: `weight - lr * r1 / r2 * g`.

    `g` is the direction of phase one; `r1` and `r2`, arrays with one element, are the norms of weight and `g`. `r1` is
    kept within the bounds that are not negative; when it or `r2` is 0 the ratio is 1.

    >>> import mxnet as mx
    >>> made = mx.nd.lamb_update_phase2(mx.nd.ones(2), mx.nd.ones(2), mx.nd.array([2]), mx.nd.array([4]), lr=0.5)
    >>> made.asnumpy().tolist()
    [0.75, 0.75]
    """
    _require_numbers(r1=r1, r2=r2)
    rate = trust(r1, r2, lower_bound, upper_bound).mul_(constant(lr, weight.dtype))
    return weight - rate * g


@op("mp_lamb_update_phase2")
def mp_lamb_update_phase2(weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, weight32: State, *, lr: float,
                          lower_bound: float = -1.0, upper_bound: float = -1.0) -> Tensor:
    """`lamb_update_phase2` in mixed precision: all but `weight` is float32, and `weight32` is updated in place.

    MXNet 1.9.1 forgets to update `weight32`, and so makes no progress over several steps; here it does.

    >>> import mxnet as mx
    >>> weight, master, norms = mx.nd.ones(2, dtype="float16"), mx.nd.ones(2), [mx.nd.array([2]), mx.nd.array([4])]
    >>> mx.nd.mp_lamb_update_phase2(weight, mx.nd.ones(2), *norms, master, lr=0.5).asnumpy().tolist()
    [0.75, 0.75]
    """
    _require_numbers(r1=r1, r2=r2)
    rate = trust(r1, r2, lower_bound, upper_bound).mul_(constant(lr, torch.float32))
    return weight32.sub_(rate * g).to(weight.dtype, copy=True)


alike(lamb_update_phase2, "r1", "r2")
alike(mp_lamb_update_phase2, "r1", "r2")
mixed(mp_lamb_update_phase2, "weight")


def _steps(weights: list[Tensor], grads: list[Tensor], means: list[Tensor], variances: list[Tensor],
           norms: Tensor, p: Mapping[str, Any]) -> list[Tensor]:
    """What LAMB subtracts from each weight: both phases on lists of one dtype. Updates the moments.

    `norms` are those of the weights, a float32 vector.
    """
    kind = weights[0].dtype
    grads = prepared_list(weights, grads, (), p["rescale_grad"], p["clip_gradient"])
    update_all_moments(grads, means, variances, p["beta1"], p["beta2"])
    if p["bias_correction"]:
        means = list(torch._foreach_div(means, [one_minus_power(p["beta1"], t, kind) for t in p["step_count"]]))
        variances = list(torch._foreach_div(variances, [one_minus_power(p["beta2"], t, kind) for t in p["step_count"]]))
    steps = moment_ratios(means, variances, p["epsilon"])
    torch._foreach_add_(steps, torch._foreach_mul(weights, constants(p["wds"], kind)))
    ratios = trust(norms, sums_of_squares(steps).sqrt_(), p["lower_bound"], p["upper_bound"])
    rates = torch.tensor(constants(p["learning_rates"], kind), dtype=kind, device=norms.device).mul_(ratios)
    torch._foreach_mul_(steps, list(rates.unbind()))
    return steps


@op("_multi_lamb_update", outputs=numbered_outputs("num_tensors"),
    input_names=numbered_inputs(("weight", "grad", "mean", "var"), "num_tensors"))
def multi_lamb_update(*data: Tensor, learning_rates: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999,
                      epsilon: float = 1e-6, wds: tuple[float, ...], rescale_grad: float = 1.0,
                      lower_bound: float = -1.0, upper_bound: float = -1.0, clip_gradient: float = -1.0,
                      bias_correction: bool = True, step_count: tuple[int, ...], num_tensors: int = 1) -> Any:
    """Both phases of LAMB, with the norms between them, for `num_tensors` weights at once.

    The inputs are weight, grad, mean, var of the first weight, then those of the next. `learning_rates`, `wds` and
    `step_count` have one number for each; see `lamb_update_phase1` and `lamb_update_phase2` for the formulas.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1), mx.nd.ones(1), mx.nd.zeros(1), mx.nd.zeros(1)] * 2
    >>> made = mx.nd._internal._multi_lamb_update(*arrays, learning_rates=(0.5, 0.25), wds=(0, 0), step_count=(1, 1),
    ...                                           epsilon=0, num_tensors=2)
    >>> [x.asscalar().item() for x in made]
    [0.5, 0.75]
    """
    settings = locals()
    weights, grads, means, variances = split(data, 4, learning_rates, wds, step_count)
    norms = sums_of_squares(weights).sqrt_()
    return one_or_all(torch._foreach_sub(weights, _steps(weights, grads, means, variances, norms, settings)))


@op("_multi_mp_lamb_update", outputs=numbered_outputs("num_tensors"),
    input_names=numbered_inputs(("weight", "grad", "mean", "var", "weight32"), "num_tensors"))
def multi_mp_lamb_update(*data: Tensor, learning_rates: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999,
                         epsilon: float = 1e-6, wds: tuple[float, ...], rescale_grad: float = 1.0,
                         lower_bound: float = -1.0, upper_bound: float = -1.0, clip_gradient: float = -1.0,
                         bias_correction: bool = True, step_count: tuple[int, ...], num_tensors: int = 1) -> Any:
    """`_multi_lamb_update` in mixed precision: a float32 master copy of each weight follows its moments.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1, dtype="float16")] * 2 + [mx.nd.zeros(1), mx.nd.zeros(1), mx.nd.ones(1)]
    >>> made = mx.nd._internal._multi_mp_lamb_update(*arrays, learning_rates=(0.5,), wds=(0,), step_count=(1,),
    ...                                              epsilon=0, num_tensors=1)
    >>> made.asnumpy().tolist()
    [0.5]
    """
    settings = locals()
    weights, grads, means, variances, masters = split(data, 5, learning_rates, wds, step_count)
    masters = masters_of(weights, masters)
    _step_masters(weights, masters, grads, means, variances, settings)
    return one_or_all(cast_list(masters, weights[0].dtype))


def _step_masters(weights: list[Tensor], masters: list[Tensor], grads: list[Tensor], means: list[Tensor],
                  variances: list[Tensor], p: Mapping[str, Any]) -> None:
    norms = sums_of_squares(weights).sqrt_()         # of the rounded weights, as in MXNet
    if grads[0].dtype is not masters[0].dtype:
        grads = cast_list(grads, masters[0].dtype)
    torch._foreach_sub_(masters, _steps(masters, grads, means, variances, norms, p))


def lamb_step(weights: list[Tensor], masters: list[Tensor], grads: list[Tensor], means: list[Tensor],
              variances: list[Tensor], settings: Mapping[str, Any]) -> None:
    """Both phases of LAMB on all weights, in place. `masters` are the weights themselves, or their float32 copies.

    `settings` are the parameters of `_multi_lamb_update`.
    """
    _step_masters(weights, masters, grads, means, variances, settings)
    if weights[0] is not masters[0]:
        torch._foreach_copy_(weights, masters)


on_lists(multi_lamb_update, ("weight", "grad", "mean", "var"), ("mean", "var"))
on_lists(multi_mp_lamb_update, ("weight", "grad", "mean", "var", "weight32"), ("mean", "var", "weight32"),
         single=("mean", "var", "weight32"))
