# SPDX-License-Identifier: Apache-2.0
"""Optimizers with rates of their own for each element."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray
from ..ndarray.generate import function
from ..ops.optimizer_lists import prepared_list
from . import whole
from .optimizer import Optimizer, parts, register, tensors, zeros_like

__all__ = ["AdaDelta", "AdaGrad", "Ftrl", "RMSProp", "Test"]


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

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = prepared_list(values, g, (), self.rescale_grad, self._clip())
        whole.adagrad(values, g, tensors(states), lrs, wds, self.float_stable_eps)


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

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = whole.gradients(values, g, wds, self.rescale_grad, self._clip())
        bound = -1.0 if self.clip_weights is None else self.clip_weights
        if self.centered:
            whole.rmsprop_centered(values, g, parts(states), lrs, self.gamma1, self.gamma2, self.epsilon, bound)
        else:
            whole.rmsprop(values, g, parts(states), lrs, self.gamma1, self.epsilon, bound)


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

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, _, wds = self._begin(indices, weights, grads)
        g = prepared_list(values, g, (), self.rescale_grad, self._clip())
        whole.adadelta(values, g, parts(states), wds, self.rho, self.epsilon)


@register
class Ftrl(Optimizer):
    """Follow the regularised leader (McMahan et al., 2013); `lamda1` is the L1 penalty. Operator `ftrl_update`."""

    def __init__(self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lr = learning_rate             # as in MXNet, only here: a schedule keeps a base rate of its own
        self.lamda1, self.beta = lamda1, beta

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return (zeros_like(weight), zeros_like(weight))

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        function("ftrl_update")(weight, grad, *state, lr=self._get_lr(index), wd=self._get_wd(index),
                                lamda1=self.lamda1, beta=self.beta, rescale_grad=self.rescale_grad,
                                clip_gradient=self._clip(), out=weight)

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        values, g, lrs, wds = self._begin(indices, weights, grads)
        g = prepared_list(values, g, (), self.rescale_grad, self._clip())
        whole.ftrl(values, g, parts(states), lrs, wds, self.lamda1, self.beta)


@register
class Test(Optimizer):
    """Adds the rescaled gradient to the weight: for tests of what uses an optimizer."""

    __test__ = False

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        return zeros_like(weight)

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        weight._tensor.add_(grad._tensor * self.rescale_grad)
        state._tensor.copy_(weight._tensor)
