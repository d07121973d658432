# SPDX-License-Identifier: Apache-2.0
"""Adam and the optimizers that, like it, keep averages of gradients and of their squares."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..ndarray import NDArray
from ..ndarray.generate import function
from ..ops.fused_updates import adam_step
from ..ops.optimizer_lamb import lamb_step
from . import whole
from .optimizer import ByLists, ByNorms, Optimizer, aggregation_size, parts, register, tensors, zeros_like

__all__ = ["FTML", "LAMB", "Adam", "Adamax", "Nadam"]


class _Moments(Optimizer):
    """Two states of zeros for each weight: mean and variance."""

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return (zeros_like(weight), zeros_like(weight))


@register
class Adam(_Moments):
    """Adam (Kingma and Ba, 2015). MXNet operator `adam_update`.

    The bias correction is in the rate: `lr * sqrt(1 - beta2^t) / (1 - beta1^t)`.
    """

    _any_dtype = True

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
                 lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon, self.lazy_update = beta1, beta2, epsilon, lazy_update

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_all([index], [weight], [grad], [state])

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        rates = [lr * (math.sqrt(1.0 - self.beta2 ** t) / (1.0 - self.beta1 ** t))
                 for t, lr in zip(self._steps_of(indices), lrs)]
        means, variances = parts(states)
        adam_step(values, g, means, variances, rates, wds, self.beta1, self.beta2, self.epsilon, self.rescale_grad,
                  self._clip())


@register
class FTML(Optimizer):
    """Follow the moving leader (Zheng and Kwok, 2017). MXNet operator `ftml_update`."""

    def __init__(self, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        return (zeros_like(weight), zeros_like(weight), zeros_like(weight))

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        d, v, z = state
        function("ftml_update")(weight, grad, d, v, z, out=weight, lr=self._get_lr(index), wd=self._get_wd(index),
                                t=self._index_update_count[index], beta1=self.beta1, beta2=self.beta2,
                                epsilon=self.epsilon, rescale_grad=self.rescale_grad, clip_grad=self._clip())

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = whole.gradients(values, g, wds, self.rescale_grad, self._clip())
        whole.ftml(values, g, parts(states), lrs, self._steps_of(indices), self.beta1, self.beta2, self.epsilon)


@register
class LAMB(ByLists, ByNorms, _Moments):
    """Layer-wise adaptive moments for large batches (You et al., 2020). MXNet operator `_multi_lamb_update`."""

    _counts_first = False

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6,
                 lower_bound: float | None = None, upper_bound: float | None = None, bias_correction: bool = True,
                 **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.lower_bound, self.upper_bound, self.bias_correction = lower_bound, upper_bound, bias_correction
        self.aggregate_num = aggregation_size(45)

    def _step(self, indices: Sequence[Any], weights: Sequence[NDArray], masters: Sequence[NDArray],
              grads: Sequence[NDArray], states: Sequence[Any]) -> None:
        """A step of the masters, by norms of the weights as they are rounded: so MXNet's operator has it."""
        values, g, lrs, wds = self._begin(indices, weights, grads)
        means, variances = parts(states)
        lamb_step(values, tensors(masters), g, means, variances, dict(
            learning_rates=lrs, wds=wds, step_count=self._steps_of(indices), beta1=self.beta1, beta2=self.beta2,
            epsilon=self.epsilon, bias_correction=self.bias_correction, rescale_grad=self.rescale_grad,
            clip_gradient=self._clip(), lower_bound=self.lower_bound or -1.0, upper_bound=self.upper_bound or -1.0))


@register
class Adamax(_Moments):
    """Adam with the infinity norm (Kingma and Ba, 2015, section 7)."""

    def __init__(self, learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2 = beta1, beta2

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        lr = self._get_lr(index) / (1.0 - self.beta1 ** self._index_update_count[index])
        g = grad._tensor * self.rescale_grad + self._get_wd(index) * weight._tensor
        if self.clip_gradient is not None:
            g.clamp_(-self.clip_gradient, self.clip_gradient)
        mean, norm = state[0]._tensor, state[1]._tensor
        mean.mul_(self.beta1).add_(g * (1.0 - self.beta1))
        torch.maximum(norm.mul_(self.beta2), g.abs(), out=norm)
        # Where every gradient so far was 0 both are: no step. MXNet writes 0 / 0 into the weight.
        weight._tensor.sub_(torch.where(norm > 0, mean / norm, 0.0).mul_(lr))

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = whole.gradients(values, g, wds, self.rescale_grad, self._clip())
        rates = [lr / (1.0 - self.beta1 ** t) for t, lr in zip(self._steps_of(indices), lrs)]
        whole.adamax(values, g, parts(states), rates, self.beta1, self.beta2)


@register
class Nadam(_Moments):
    """Adam with Nesterov momentum (Dozat, 2016); the momentum schedule is shared by all weights, as in MXNet."""

    _in_order = True            # the schedule goes on from weight to weight

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
                 schedule_decay: float = 0.004, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon, self.schedule_decay = beta1, beta2, epsilon, schedule_decay
        self.m_schedule = 1.0

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        t = self._index_update_count[index]
        g = grad._tensor * self.rescale_grad + self._get_wd(index) * weight._tensor
        if self.clip_gradient is not None:
            g.clamp_(-self.clip_gradient, self.clip_gradient)
        now, later, after = self._momenta(t)
        mean, var = state[0]._tensor, state[1]._tensor
        mean.mul_(self.beta1).add_((1.0 - self.beta1) * g)
        var.mul_(self.beta2).add_((1.0 - self.beta2) * g * g)
        grad_prime, mean_prime = g / (1.0 - self.m_schedule), mean / (1.0 - after)
        var_prime = var / (1.0 - self.beta2 ** t)
        step = (1.0 - now) * grad_prime + later * mean_prime
        weight._tensor.sub_(self._get_lr(index) * step / (var_prime.sqrt() + self.epsilon))

    def _momenta(self, t: int) -> tuple[float, float, float]:
        """Momenta of this step and of the next, and what the schedule comes to after that; moves the schedule on."""
        now = self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.schedule_decay))
        later = self.beta1 * (1.0 - 0.5 * 0.96 ** ((t + 1) * self.schedule_decay))
        self.m_schedule *= now
        return now, later, self.m_schedule * later

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = whole.gradients(values, g, wds, self.rescale_grad, self._clip())
        factors = []
        for t, lr in zip(self._steps_of(indices), lrs):
            now, later, after = self._momenta(t)
            factors.append((lr * (1.0 - now) / (1.0 - self.m_schedule), lr * later / (1.0 - after),
                            1.0 - self.beta2 ** t))
        whole.nadam(values, g, parts(states), factors, self.beta1, self.beta2, self.epsilon)


