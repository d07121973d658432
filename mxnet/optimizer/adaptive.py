# SPDX-License-Identifier: Apache-2.0
"""Optimizers with rates of their own for each element, and for each layer."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..base import MXNetValueError
from ..ndarray import NDArray
from ..ndarray.generate import function
from ..ndarray.handle import wrap
from ..ops.fused_updates import sgd_step
from ..ops.optimizer_lists import prepared_list
from . import whole
from .optimizer import Optimizer, parts, register, zeros_like
from .sgd import SGD

__all__ = ["LARS", "LBSGD", "AdaDelta", "AdaGrad", "Ftrl", "RMSProp", "Test"]


@register
class AdaGrad(Optimizer):
    """AdaGrad (Duchi, Hazan and Singer, 2011): the rate falls with the sum of squared gradients."""

    def __init__(self, eps: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        return zeros_like(weight)

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        lr, wd = self._get_lr(index), self._get_wd(index)
        g = self._prepared(grad)
        history = state._tensor.add_(g * g)
        step = g / (history + self.float_stable_eps).sqrt_()
        weight._tensor.sub_((step + weight._tensor * wd).mul_(lr))

    def _update_all(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                    states: Sequence[Any]) -> None:
        grads = prepared_list(weights, grads, (), self.rescale_grad, self._clip())
        whole.adagrad(weights, grads, [state._tensor for state in states], self._get_lrs(indices),
                      self._get_wds(indices), self.float_stable_eps)


@register
class RMSProp(Optimizer):
    """RMSProp, plain (Tieleman and Hinton, 2012) or centered (Graves, 2013, equations 38 to 45).

    MXNet operators `rmsprop_update`, `rmspropalex_update`. `gamma1` averages squares, `gamma2` is the centered
    form's momentum; `clip_weights` bounds the weights.
    """

    def __init__(self, learning_rate: float = 0.001, gamma1: float = 0.9, gamma2: float = 0.9, epsilon: float = 1e-8,
                 centered: bool = False, clip_weights: float | None = None, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.gamma1, self.gamma2, self.epsilon = gamma1, gamma2, epsilon
        self.centered, self.clip_weights = centered, clip_weights

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, ...]:
        return tuple(zeros_like(weight) for _ in range(3 if self.centered else 1))

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        given = dict(lr=self._get_lr(index), wd=self._get_wd(index), gamma1=self.gamma1, epsilon=self.epsilon,
                     rescale_grad=self.rescale_grad, clip_gradient=self._clip(),
                     clip_weights=-1.0 if self.clip_weights is None else self.clip_weights, out=weight)
        if self.centered:
            function("rmspropalex_update")(weight, grad, *state, gamma2=self.gamma2, **given)
        else:
            function("rmsprop_update")(weight, grad, *state, **given)

    def _update_all(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                    states: Sequence[Any]) -> None:
        grads = whole.gradients(weights, grads, self._get_wds(indices), self.rescale_grad, self._clip())
        lrs, bound = self._get_lrs(indices), -1.0 if self.clip_weights is None else self.clip_weights
        if self.centered:
            whole.rmsprop_centered(weights, grads, parts(states), lrs, self.gamma1, self.gamma2, self.epsilon, bound)
        else:
            whole.rmsprop(weights, grads, parts(states), lrs, self.gamma1, self.epsilon, bound)


@register
class AdaDelta(Optimizer):
    """AdaDelta (Zeiler, 2012): steps in the ratio of averaged steps and averaged gradients."""

    def __init__(self, rho: float = 0.90, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rho, self.epsilon = rho, epsilon

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return (zeros_like(weight), zeros_like(weight))

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        g = self._prepared(grad)
        squares, steps = state[0]._tensor, state[1]._tensor
        squares.mul_(self.rho).add_((1.0 - self.rho) * g * g)
        step = (steps + self.epsilon).sqrt() / (squares + self.epsilon).sqrt() * g
        steps.mul_(self.rho).add_((1.0 - self.rho) * step * step)
        weight._tensor.sub_(step + self._get_wd(index) * weight._tensor)

    def _update_all(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                    states: Sequence[Any]) -> None:
        grads = prepared_list(weights, grads, (), self.rescale_grad, self._clip())
        whole.adadelta(weights, grads, parts(states), self._get_wds(indices), self.rho, self.epsilon)


@register
class Ftrl(Optimizer):
    """Follow the regularised leader (McMahan et al., 2013); `lamda1` is the L1 penalty. Operator `ftrl_update`."""

    def __init__(self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.lamda1, self.beta = lamda1, beta

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return (zeros_like(weight), zeros_like(weight))

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        function("ftrl_update")(weight, grad, *state, lr=self._get_lr(index), wd=self._get_wd(index),
                                lamda1=self.lamda1, beta=self.beta, rescale_grad=self.rescale_grad,
                                clip_gradient=self._clip(), out=weight)

    def _update_all(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                    states: Sequence[Any]) -> None:
        grads = prepared_list(weights, grads, (), self.rescale_grad, self._clip())
        whole.ftrl(weights, grads, parts(states), self._get_lrs(indices), self._get_wds(indices), self.lamda1,
                   self.beta)


@register
class LARS(SGD):
    """SGD with a rate for each layer by the norms of weight and gradient (You, Gitman and Ginsburg, 2017).

    Names that end in `gamma`, `beta` or `bias` keep the plain rate, and only `_weight`s decay by default.
    """

    _decaying = ("_weight",)

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, eta: float = 0.001, eps: float = 0,
                 momentum_correction: bool = True, **kwargs: Any) -> None:
        super().__init__(momentum=momentum, lazy_update=lazy_update, **kwargs)
        self.eta, self.eps, self.momentum_correction = eta, eps, momentum_correction
        self.last_lr: float | None = None
        self.cur_lr: float | None = None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        if isinstance(index, (list, tuple)):
            self.update_multi(index, weight, grad, state)
        else:
            self.update_multi([index], [weight], [grad], [state])

    update_multi_precision = update

    def update_multi(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                     states: Sequence[Any]) -> None:
        every = list(zip(indices, weights, grads, states))
        for begin in range(0, len(every), self.aggregate_num):
            some = every[begin:begin + self.aggregate_num]
            self._update_count([one[0] for one in some])
            momentum = self._corrected_momentum()       # as in MXNet, once for each `aggregate_num` weights
            for one in some:
                self._step(*one, momentum)

    def _corrected_momentum(self) -> float:
        """The momentum, scaled by how the rate has changed since it was last asked for."""
        rate = self.learning_rate
        self.last_lr, self.cur_lr = rate if self.cur_lr is None else self.cur_lr, rate
        corrected = self.momentum_correction and self.last_lr
        return self.momentum * (rate / self.last_lr) if corrected else self.momentum

    def _step(self, index: Any, weight: NDArray, grad: NDArray, state: Any, momentum: float) -> None:
        if self.multi_precision and weight._tensor.dtype is torch.float16:
            master, inner = self._master_and_state(state)
            self._step(index, master, grad.astype("float32"), inner, momentum)
            weight._tensor.copy_(master._tensor)
            return
        lr, wd = self._get_lr(index), self._get_wd(index)
        if not self.idx2name.get(index, "").endswith(("gamma", "beta", "bias")):
            lr *= self._layer_ratio(weight, grad, wd)
        sgd_step([weight._tensor], [grad._tensor], [state._tensor] if state is not None else [], [lr], [wd], momentum,
                 self.rescale_grad, self._clip())

    def _layer_ratio(self, weight: NDArray, grad: NDArray, wd: float) -> float:
        w_norm = float(weight._tensor.float().norm())
        g_norm = float((grad._tensor.float() * self.rescale_grad).norm())
        if w_norm > 0.0 and g_norm > 0.0:
            return self.eta * w_norm / (g_norm + wd * w_norm + self.eps)
        return 1.0


@register
class LBSGD(Optimizer):
    """SGD for large batches: gradients of `batch_scale` batches are added up, the rate warms up or follows LARS.

    `warmup_strategy` is `"linear"`, `"power2"`, `"sqrt"` or `"lars"`.
    """

    def __init__(self, momentum: float = 0.0, multi_precision: bool = False, warmup_strategy: str = "linear",
                 warmup_epochs: int = 5, batch_scale: int = 1, updates_per_epoch: int = 32, begin_epoch: int = 0,
                 num_epochs: int = 60, **kwargs: Any) -> None:
        super().__init__(multi_precision=multi_precision, **kwargs)
        if warmup_strategy not in ("linear", "power2", "sqrt", "lars"):
            raise MXNetValueError(f"warmup_strategy is linear, power2, sqrt or lars, not {warmup_strategy!r}")
        self.momentum, self.warmup_strategy, self.warmup_epochs = momentum, warmup_strategy, warmup_epochs
        self.batch_scale, self.updates_per_epoch = batch_scale, updates_per_epoch
        self.init_updates, self.num_epochs = begin_epoch * updates_per_epoch, num_epochs
        self.lbmult = 1.0
        self.cumgrads: dict[Any, dict[str, Any]] = {}
        self.adaptive = False

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()                    # a sum that is the gradient's array itself has no value to keep
        state["own"]["cumgrads"] = {index: {**held, "cum_grad": None if held.get("shared") else held["cum_grad"]}
                                    for index, held in self.cumgrads.items()}
        return state

    def _get_lbmult(self, nup: int) -> float:
        """The warm-up's factor after `nup` updates."""
        total = self.warmup_epochs * self.updates_per_epoch
        scale = float(self.batch_scale)
        if nup >= total:
            return scale
        if total <= 1:
            return 1.0
        done = float(nup) / total
        if self.warmup_strategy == "linear":
            return 1.0 + (scale - 1) * done
        if self.warmup_strategy == "power2":
            return 1.0 + (scale - 1) * done * done
        if self.warmup_strategy == "sqrt":
            return 1.0 + (scale - 1) * math.sqrt(done)
        return 1.0

    def _get_lars(self, weight: torch.Tensor, g: torch.Tensor, wd: float) -> float:
        """The layer's factor, between 0.01 and 100."""
        w2, g2 = float(weight.float().square().sum()), float(g.float().square().sum())
        return min(max(math.sqrt(w2 / (g2 + wd * w2 + 1e-18)), 0.01), 100.0)

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        lr, wd = self._get_lr(index), self._get_wd(index)
        held = self.cumgrads.setdefault(index, {"cum_grad": None, "num_cums": self.init_updates})
        if held["cum_grad"] is None and not held.get("shared"):
            # not a copy, as in MXNet: Module writes every batch's gradient into the same array, so the very first
            # one is lost there and the second counts twice
            held["cum_grad"], held["shared"] = grad, True
        elif held["num_cums"] % self.batch_scale == 0:
            held["cum_grad"], held["shared"] = grad.copy(), False
        else:
            before = grad if held["cum_grad"] is None else held["cum_grad"]        # in MXNet's files also 0
            total = grad._tensor + (before._tensor if isinstance(before, NDArray) else before)
            held["cum_grad"], held["shared"] = wrap(total, grad._ctx), False
        held["num_cums"] += 1
        if held["num_cums"] % self.batch_scale:
            return
        g = held["cum_grad"]._tensor / self.batch_scale
        if self.warmup_strategy == "lars":
            self.lbmult = self._get_lars(weight._tensor, g, wd)
        else:
            self.lbmult = self._get_lbmult(held["num_cums"])
        sgd_step([weight._tensor], [g], [state._tensor] if state is not None else [], [lr * self.lbmult], [wd],
                 self.momentum, self.rescale_grad, self._clip())


@register
class Test(Optimizer):
    """Adds the rescaled gradient to the weight: for tests of what uses an optimizer."""

    __test__ = False

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        return zeros_like(weight)

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        weight._tensor.add_(grad._tensor * self.rescale_grad)
        state._tensor.copy_(weight._tensor)
