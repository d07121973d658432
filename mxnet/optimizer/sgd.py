# SPDX-License-Identifier: Apache-2.0
"""Stochastic gradient descent and its close relatives."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..base import MXNetAssertionError
from ..ndarray import NDArray
from ..ndarray.generate import function
from ..ops.fused_updates import nag_step, sgd_step
from ..ops.optimizer_lists import prepared_list
from ..random import generator
from . import whole
from .optimizer import ByLists, Optimizer, aggregation_size, register, tensors, zeros_like

__all__ = ["DCASGD", "NAG", "SGD", "SGLD", "Signum", "ccSGD"]


@register
class SGD(ByLists, Optimizer):
    """SGD with momentum and weight decay.

    `w -= lr * (rescale_grad * clip(grad) + wd * w)`, or with momentum `v = momentum * v - lr * (...)`, `w += v`.
    `lazy_update` concerns sparse gradients only. MXNet operators `sgd_update`, `sgd_mom_update`.
    """

    _master_first = False
    _any_dtype = True

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lazy_update = momentum, lazy_update
        self.aggregate_num = aggregation_size(4)

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        sgd_step(values, g, tensors(states) if self.momentum != 0.0 else [], lrs, wds, self.momentum,
                 self.rescale_grad, self._clip())


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
        self._update_all([index], [weight], [grad], [state])

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        if self.momentum == 0.0:
            sgd_step(values, g, [], lrs, wds, 0.0, self.rescale_grad, self._clip())
        else:
            nag_step(values, g, tensors(states), lrs, wds, self.momentum, self.rescale_grad, self._clip())


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

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        if self.momentum == 0.0:
            whole.signsgd(values, g, lrs, wds)
        else:
            g = prepared_list(values, g, wds if any(wds) else (), self.rescale_grad, self._clip())
            whole.signum(values, g, tensors(states), lrs, self.momentum, self.wd_lh)


@register
class SGLD(Optimizer):
    """Stochastic gradient Langevin dynamics (Welling and Teh, 2011): half a step, and noise of variance lr."""

    _any_dtype = True
    _in_order = True            # noise is drawn for one weight after the other

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_all([index], [weight], [grad], [state])

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = whole.clipped(g, self.rescale_grad, self.clip_gradient)
        source = generator(weights[0]._ctx)
        noise = [torch.empty_like(value).normal_(0, math.sqrt(lr), generator=source) for value, lr in zip(values, lrs)]
        whole.sgld(values, g, noise, lrs, wds)


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
        self._update_all([index], [weight], [grad], [state])

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        moms = [mom for mom, _ in states if mom is not None]
        if len(moms) != len(states) and (moms or self.momentum != 0.0):
            raise MXNetAssertionError("DCASGD: the state of a weight has no momentum, and the optimizer has")
        whole.dcasgd(values, whole.clipped(g, self.rescale_grad, self.clip_gradient), tensors(moms),
                     [previous._tensor for _, previous in states], lrs, wds, self.momentum, self.lamda)
