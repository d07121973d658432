# SPDX-License-Identifier: Apache-2.0
"""Stochastic gradient descent and its close relatives."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..base import MXNetError
from ..ndarray import NDArray
from ..ndarray.generate import function
from ..ops.fused_updates import nag_step, sgd_step
from ..ops.optimizer_lists import prepared_list
from ..random import generator
from . import whole
from .optimizer import Optimizer, aggregation_size, one_context, register, zeros_like

__all__ = ["DCASGD", "NAG", "SGD", "SGLD", "Signum", "ccSGD"]


@register
class SGD(Optimizer):
    """SGD with momentum and weight decay.

    `w -= lr * (rescale_grad * clip(grad) + wd * w)`, or with momentum `v = momentum * v - lr * (...)`, `w += v`.
    `lazy_update` concerns sparse gradients only. MXNet operators `sgd_update`, `sgd_mom_update`.
    """

    _master_first = False

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lazy_update = momentum, lazy_update
        self.aggregate_num = aggregation_size(4)

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        if isinstance(index, (list, tuple)):
            self.update_multi(index, weight, grad, state)
        else:
            self.update_multi([index], [weight], [grad], [state])

    def update_multi(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                     states: Sequence[Any]) -> None:
        if self.multi_precision or not one_context(weights):
            super().update_multi(indices, weights, grads, states)
            return
        self._update_count(indices)
        moms = [s._tensor for s in states] if self.momentum != 0.0 else []
        sgd_step([w._tensor for w in weights], [g._tensor for g in grads], moms, self._get_lrs(indices),
                 self._get_wds(indices), self.momentum, self.rescale_grad, self._clip())

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        if isinstance(index, (list, tuple)) or not (self.multi_precision and weight._tensor.dtype is torch.float16):
            if isinstance(index, (list, tuple)):
                super().update_multi_precision(index, weight, grad, state)
            else:
                self._update_one(index, weight, grad, state)
            return
        master, mom = self._master_and_state(state)
        self._update_count(index)
        given = dict(lr=self._get_lr(index), wd=self._get_wd(index), rescale_grad=self.rescale_grad,
                     clip_gradient=self._clip(), out=weight)
        if mom is None:
            function("mp_sgd_update")(weight, grad, master, **given)
        else:
            function("mp_sgd_mom_update")(weight, grad, mom, master, momentum=self.momentum, **given)

    def _update_one(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        sgd_step([weight._tensor], [grad._tensor], [state._tensor] if state is not None else [], [self._get_lr(index)],
                 [self._get_wd(index)], self.momentum, self.rescale_grad, self._clip())


@register
class ccSGD(SGD):
    """An old name of SGD."""


@register
class NAG(Optimizer):
    """Nesterov's accelerated gradient. MXNet operator `nag_mom_update`, as it is with the weight as its output."""

    _master_first = False

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        self._update_all([index], [weight._tensor], [grad._tensor], [state])

    def _update_all(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                    states: Sequence[Any]) -> None:
        lrs, wds = self._get_lrs(indices), self._get_wds(indices)
        if self.momentum == 0.0:
            sgd_step(weights, grads, [], lrs, wds, 0.0, self.rescale_grad, self._clip())
        else:
            nag_step(weights, grads, [state._tensor for state in states], lrs, wds, self.momentum, self.rescale_grad,
                     self._clip())


@register
class Signum(Optimizer):
    """The sign of the gradient, or of its momentum (Bernstein et al., 2018). MXNet operator `signum_update`."""

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum, self.wd_lh = momentum, wd_lh

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        given = dict(lr=self._get_lr(index), wd=self._get_wd(index), rescale_grad=self.rescale_grad,
                     clip_gradient=self._clip(), out=weight)
        if state is None:
            function("signsgd_update")(weight, grad, **given)
        else:
            function("signum_update")(weight, grad, state, momentum=self.momentum, wd_lh=self.wd_lh, **given)

    def update_multi(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                     states: Sequence[Any]) -> None:
        if self.momentum != 0.0:
            super().update_multi(indices, weights, grads, states)
            return
        for one in zip(indices, weights, grads, states):
            self.update_multi_precision(*one)

    def _update_all(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                    states: Sequence[Any]) -> None:
        wds = self._get_wds(indices)
        grads = prepared_list(weights, grads, wds if any(wds) else (), self.rescale_grad, self._clip())
        whole.signum(weights, grads, [state._tensor for state in states], self._get_lrs(indices), self.momentum,
                     self.wd_lh)


@register
class SGLD(Optimizer):
    """Stochastic gradient Langevin dynamics (Welling and Teh, 2011): half a step, and noise of variance lr."""

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        lr, wd = self._get_lr(index), self._get_wd(index)
        value, g = weight._tensor, self._prepared(grad)
        noise = torch.empty_like(value).normal_(0, math.sqrt(lr), generator=generator(weight._ctx))
        value.sub_((g + wd * value).mul_(lr / 2)).add_(noise)


@register
class DCASGD(Optimizer):
    """SGD that compensates delayed gradients (Zheng et al., 2016); `lamda` scales the compensation."""

    def __init__(self, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lamda = momentum, lamda
        self.weight_previous: dict[Any, Any] = {}

    def create_state(self, index: Any, weight: NDArray) -> Any:
        return (zeros_like(weight) if self.momentum != 0.0 else None, weight.copy())

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        lr, wd = self._get_lr(index), self._get_wd(index)
        mom, previous = state
        value, g = weight._tensor, self._prepared(grad)
        step = (g + wd * value + self.lamda * g * g * (value - previous._tensor)).mul_(-lr)
        if mom is not None:
            step = mom._tensor.mul_(self.momentum).add_(step)
        elif self.momentum != 0.0:
            raise MXNetError("DCASGD: the state has no momentum, the optimizer has")
        previous._tensor.copy_(value)
        value.add_(step)
