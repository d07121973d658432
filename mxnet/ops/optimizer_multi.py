# SPDX-License-Identifier: Apache-2.0
"""Update operators on many weights at once: gradient descent and AdamW.

The inputs are interleaved: `weight_0, grad_0, mom_0, weight_1, ...`. The `preloaded` forms take learning rates and
decays as arrays, after all other inputs.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .optimizer_adaptive import usable_scale
from .optimizer_common import constant
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
    update_all_moments,
)
from .params import Params
from .registry import op

_OUTPUTS = numbered_outputs("num_weights")


def _names(*roles: str, last: Sequence[str] = ()) -> Any:
    return numbered_inputs(roles, "num_weights", *last)


def _per_weight(params: Params) -> tuple[int]:
    return (params.num_weights,)


def _scaled(tensors: list[Tensor], factors: Sequence[Any]) -> list[Tensor]:
    """Each tensor times its number or 0-dim tensor."""
    return list(torch._foreach_mul(tensors, factors))


def _steps(weights: list[Tensor], grads: list[Tensor], lrs: Sequence[float], wds: Sequence[float],
           rescale_grad: float, clip_gradient: float) -> list[Tensor]:
    """`lr * (clip(rescale_grad * grad) + wd * weight)` for each weight."""
    kind = weights[0].dtype
    grads = prepared_list(weights, grads, constants(wds, kind), rescale_grad, clip_gradient)
    return _scaled(grads, constants(lrs, kind))


def _preloaded_steps(weights: list[Tensor], grads: list[Tensor], lrs: Tensor, wds: Tensor, rescale_grad: float,
                     clip_gradient: float) -> list[Tensor]:
    """The same with learning rates and decays from arrays, in MXNet's order: `lr * wd` is a float32."""
    kind = weights[0].dtype
    steps = _scaled(prepared_list(weights, grads, (), rescale_grad, clip_gradient), list(lrs.to(kind).unbind()))
    torch._foreach_add_(steps, _scaled(weights, list((lrs * wds).to(kind).unbind())))
    return steps


def _velocities(moms: list[Tensor], steps: list[Tensor], momentum: float) -> list[Tensor]:
    """Momenta after this step, in place: what is added to the weights."""
    torch._foreach_mul_(moms, constant(momentum, moms[0].dtype))
    torch._foreach_sub_(moms, steps)
    return moms


def _masters_out(masters: list[Tensor], weights: list[Tensor]) -> Any:
    """The outputs: the float32 masters, rounded to the weights' dtype."""
    return one_or_all(cast_list(masters, weights[0].dtype))


@op("multi_sgd_update", outputs=_OUTPUTS, input_names=_names("weight", "grad"))
def multi_sgd_update(*data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], rescale_grad: float = 1.0,
                     clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`sgd_update` for `num_weights` weights, with a learning rate and a decay for each.

    The inputs are weight and grad of the first, then of the next. The new weights are the outputs.

    >>> import mxnet as mx
    >>> made = mx.nd.multi_sgd_update(*[mx.nd.ones(1)] * 4, lrs=(0.5, 0.25), wds=(0, 0), num_weights=2)
    >>> [x.asscalar().item() for x in made]
    [0.5, 0.75]
    """
    weights, grads = split(data, 2, lrs, wds)
    return one_or_all(torch._foreach_sub(weights, _steps(weights, grads, lrs, wds, rescale_grad, clip_gradient)))


@op("multi_sgd_mom_update", outputs=_OUTPUTS, input_names=_names("weight", "grad", "mom"))
def multi_sgd_mom_update(*data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], momentum: float = 0.0,
                         rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`sgd_mom_update` for `num_weights` weights: weight, grad and mom of the first, then of the next.

    Momenta are updated in place, the new weights are the outputs.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1), mx.nd.ones(1), mx.nd.zeros(1)]
    >>> mx.nd.multi_sgd_mom_update(*arrays, lrs=(0.5,), wds=(0,), momentum=0.9, num_weights=1).asnumpy().tolist()
    [0.5]
    """
    weights, grads, moms = split(data, 3, lrs, wds)
    steps = _steps(weights, grads, lrs, wds, rescale_grad, clip_gradient)
    return one_or_all(torch._foreach_add(weights, _velocities(moms, steps, momentum)))


@op("multi_mp_sgd_update", outputs=_OUTPUTS, input_names=_names("weight", "grad", "weight32"))
def multi_mp_sgd_update(*data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], rescale_grad: float = 1.0,
                        clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`mp_sgd_update` for `num_weights` weights: weight, grad and weight32 of the first, then of the next.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1, dtype="float16")] * 2 + [mx.nd.ones(1)]
    >>> mx.nd.multi_mp_sgd_update(*arrays, lrs=(0.5,), wds=(0,), num_weights=1).asnumpy().tolist()
    [0.5]
    """
    weights, grads, masters = split(data, 3, lrs, wds)
    masters = masters_of(weights, masters)
    steps = _steps(masters, cast_list(grads, torch.float32), lrs, wds, rescale_grad, clip_gradient)
    torch._foreach_sub_(masters, steps)
    return _masters_out(masters, weights)


@op("multi_mp_sgd_mom_update", outputs=_OUTPUTS, input_names=_names("weight", "grad", "mom", "weight32"))
def multi_mp_sgd_mom_update(*data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], momentum: float = 0.0,
                            rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`mp_sgd_mom_update` for `num_weights` weights: weight, grad, mom and weight32 of the first, then of the next.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1, dtype="float16")] * 2 + [mx.nd.zeros(1), mx.nd.ones(1)]
    >>> mx.nd.multi_mp_sgd_mom_update(*arrays, lrs=(0.5,), wds=(0,), momentum=0.9, num_weights=1).asnumpy().tolist()
    [0.5]
    """
    weights, grads, moms, masters = split(data, 4, lrs, wds)
    masters = masters_of(weights, masters)
    steps = _steps(masters, cast_list(grads, torch.float32), lrs, wds, rescale_grad, clip_gradient)
    torch._foreach_add_(masters, _velocities(moms, steps, momentum))
    return _masters_out(masters, weights)


@op("preloaded_multi_sgd_update", outputs=_OUTPUTS, input_names=_names("weight", "grad", last=("lrs", "wds")))
def preloaded_multi_sgd_update(*data: Tensor, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
                               num_weights: int = 1) -> Any:
    """`multi_sgd_update` with learning rates and decays as two float32 arrays of shape (num_weights,), the last inputs.

    >>> import mxnet as mx
    >>> lrs, wds = mx.nd.array([0.5]), mx.nd.array([0])
    >>> mx.nd.preloaded_multi_sgd_update(mx.nd.ones(1), mx.nd.ones(1), lrs, wds, num_weights=1).asnumpy().tolist()
    [0.5]
    """
    *body, lrs, wds = data
    weights, grads = split(body, 2)
    return one_or_all(torch._foreach_sub(weights, _preloaded_steps(weights, grads, lrs, wds, rescale_grad,
                                                                   clip_gradient)))


@op("preloaded_multi_sgd_mom_update", outputs=_OUTPUTS,
    input_names=_names("weight", "grad", "mom", last=("lrs", "wds")))
def preloaded_multi_sgd_mom_update(*data: Tensor, momentum: float = 0.0, rescale_grad: float = 1.0,
                                   clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`multi_sgd_mom_update` with learning rates and decays as arrays, the last two inputs.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1), mx.nd.ones(1), mx.nd.zeros(1), mx.nd.array([0.5]), mx.nd.array([0])]
    >>> mx.nd.preloaded_multi_sgd_mom_update(*arrays, momentum=0.9, num_weights=1).asnumpy().tolist()
    [0.5]
    """
    *body, lrs, wds = data
    weights, grads, moms = split(body, 3)
    steps = _preloaded_steps(weights, grads, lrs, wds, rescale_grad, clip_gradient)
    return one_or_all(torch._foreach_add(weights, _velocities(moms, steps, momentum)))


@op("preloaded_multi_mp_sgd_update", outputs=_OUTPUTS,
    input_names=_names("weight", "grad", "weight32", last=("lrs", "wds")))
def preloaded_multi_mp_sgd_update(*data: Tensor, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
                                  num_weights: int = 1) -> Any:
    """`multi_mp_sgd_update` with learning rates and decays as arrays, the last two inputs.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1, dtype="float16")] * 2 + [mx.nd.ones(1), mx.nd.array([0.5]), mx.nd.array([0])]
    >>> mx.nd.preloaded_multi_mp_sgd_update(*arrays, num_weights=1).asnumpy().tolist()
    [0.5]
    """
    *body, lrs, wds = data
    weights, grads, masters = split(body, 3)
    masters = masters_of(weights, masters)
    steps = _preloaded_steps(masters, cast_list(grads, torch.float32), lrs, wds, rescale_grad, clip_gradient)
    torch._foreach_sub_(masters, steps)
    return _masters_out(masters, weights)


@op("preloaded_multi_mp_sgd_mom_update", outputs=_OUTPUTS,
    input_names=_names("weight", "grad", "mom", "weight32", last=("lrs", "wds")))
def preloaded_multi_mp_sgd_mom_update(*data: Tensor, momentum: float = 0.0, rescale_grad: float = 1.0,
                                      clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`multi_mp_sgd_mom_update` with learning rates and decays as arrays, the last two inputs.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1, dtype="float16")] * 2 + [mx.nd.zeros(1), mx.nd.ones(1)]
    >>> rates = [mx.nd.array([0.5]), mx.nd.array([0])]
    >>> mx.nd.preloaded_multi_mp_sgd_mom_update(*arrays, *rates, momentum=0.9, num_weights=1).asnumpy().tolist()
    [0.5]
    """
    *body, lrs, wds = data
    weights, grads, moms, masters = split(body, 4)
    masters = masters_of(weights, masters)
    steps = _preloaded_steps(masters, cast_list(grads, torch.float32), lrs, wds, rescale_grad, clip_gradient)
    torch._foreach_add_(masters, _velocities(moms, steps, momentum))
    return _masters_out(masters, weights)


on_lists(multi_sgd_update, ("weight", "grad"))
on_lists(multi_sgd_mom_update, ("weight", "grad", "mom"), ("mom",))
on_lists(multi_mp_sgd_update, ("weight", "grad", "weight32"), ("weight32",), single=("weight32",))
on_lists(multi_mp_sgd_mom_update, ("weight", "grad", "mom", "weight32"), ("mom", "weight32"),
         single=("mom", "weight32"))
on_lists(preloaded_multi_sgd_update, ("weight", "grad"), last=(_per_weight, _per_weight))
on_lists(preloaded_multi_sgd_mom_update, ("weight", "grad", "mom"), ("mom",), last=(_per_weight, _per_weight))
on_lists(preloaded_multi_mp_sgd_update, ("weight", "grad", "weight32"), ("weight32",),
         last=(_per_weight, _per_weight), single=("weight32",))
on_lists(preloaded_multi_mp_sgd_mom_update, ("weight", "grad", "mom", "weight32"), ("mom", "weight32"),
         last=(_per_weight, _per_weight), single=("mom", "weight32"))


def _adamw_steps(weights: list[Tensor], grads: list[Tensor], means: list[Tensor], variances: list[Tensor],
                 scale: float, lrs: Sequence[float], wds: Sequence[float], etas: Sequence[float], beta1: float,
                 beta2: float, epsilon: float, clip_gradient: float) -> list[Tensor]:
    """What AdamW subtracts from each weight; updates the moments."""
    kind = weights[0].dtype
    update_all_moments(prepared_list(weights, grads, (), scale, clip_gradient), means, variances, beta1, beta2)
    steps = _scaled(moment_ratios(means, variances, epsilon), constants(lrs, kind))
    torch._foreach_add_(steps, _scaled(weights, constants(wds, kind)))
    return _scaled(steps, constants(etas, kind))


@op("_multi_adamw_update", "_contrib_multi_adamw_update", outputs=_OUTPUTS,
    input_names=_names("weight", "grad", "mean", "var", last=("rescale_grad",)))
def multi_adamw_update(*data: Tensor, lrs: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999,
                       epsilon: float = 1e-8, wds: tuple[float, ...], etas: tuple[float, ...],
                       clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`_adamw_update` for `num_weights` weights: weight, grad, mean and var of the first, then of the next.

    The last input is `rescale_grad`, an array with one element for all; when it is 0, infinite or NaN nothing changes.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1), mx.nd.ones(1), mx.nd.zeros(1), mx.nd.zeros(1), mx.nd.ones(1)]
    >>> made = mx.nd._internal._multi_adamw_update(*arrays, lrs=(0.5,), wds=(0,), etas=(1,), beta1=0.5, beta2=0.75,
    ...                                            epsilon=0, num_weights=1)
    >>> made.asnumpy().tolist()
    [0.5]
    """
    *body, rescale_grad = data
    weights, grads, means, variances = split(body, 4, lrs, wds, etas)
    scale = usable_scale(rescale_grad)
    if scale is None:
        return one_or_all([weight.clone() for weight in weights])
    steps = _adamw_steps(weights, grads, means, variances, scale, lrs, wds, etas, beta1, beta2, epsilon, clip_gradient)
    return one_or_all(torch._foreach_sub(weights, steps))


@op("_multi_mp_adamw_update", "_contrib_multi_mp_adamw_update", outputs=_OUTPUTS,
    input_names=_names("weight", "grad", "mean", "var", "weight32", last=("rescale_grad",)))
def multi_mp_adamw_update(*data: Tensor, lrs: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999,
                          epsilon: float = 1e-8, wds: tuple[float, ...], etas: tuple[float, ...],
                          clip_gradient: float = -1.0, num_weights: int = 1) -> Any:
    """`_multi_adamw_update` in mixed precision: a float32 master copy of each weight follows its moments.

    >>> import mxnet as mx
    >>> arrays = [mx.nd.ones(1, dtype="float16")] * 2 + [mx.nd.zeros(1), mx.nd.zeros(1), mx.nd.ones(1), mx.nd.ones(1)]
    >>> made = mx.nd._internal._multi_mp_adamw_update(*arrays, lrs=(0.5,), wds=(0,), etas=(1,), beta1=0.5, beta2=0.75,
    ...                                               epsilon=0, num_weights=1)
    >>> made.asnumpy().tolist()
    [0.5]
    """
    *body, rescale_grad = data
    weights, grads, means, variances, masters = split(body, 5, lrs, wds, etas)
    masters = masters_of(weights, masters)
    scale = usable_scale(rescale_grad)
    if scale is not None:
        steps = _adamw_steps(masters, cast_list(grads, torch.float32), means, variances, scale, lrs, wds, etas, beta1,
                             beta2, epsilon, clip_gradient)
        torch._foreach_sub_(masters, steps)
    return _masters_out(masters, weights)


def _one_number(params: Params) -> tuple[int]:
    return (1,)


on_lists(multi_adamw_update, ("weight", "grad", "mean", "var"), ("mean", "var"), last=(_one_number,),
         last_single=False)
on_lists(multi_mp_adamw_update, ("weight", "grad", "mean", "var", "weight32"), ("mean", "var", "weight32"),
         last=(_one_number,), single=("mean", "var", "weight32"))
