# SPDX-License-Identifier: Apache-2.0
"""Optimizers for large batches: rates by the norms of layers, and gradients of many batches in one step."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..base import MXNetValueError
from ..ndarray import NDArray
from ..ndarray.handle import wrap
from ..ops.fused_updates import sgd_step
from ..ops.optimizer_global import lars_rates
from ..ops.optimizer_lists import cast_list, sums_of_squares
from . import whole
from .optimizer import ByNorms, Optimizer, register, tensors, zeros_like
from .sgd import SGD

__all__ = ["LARS", "LBSGD"]


@register
class LARS(ByNorms, SGD):
    """SGD with a rate for each layer by the norms of weight and gradient (You, Gitman and Ginsburg, 2017).

    Names that end in `gamma`, `beta` or `bias` keep the plain rate, and only `_weight`s decay by default. MXNet
    operators `multi_sum_sq`, `multi_lars`, `preloaded_multi_sgd_mom_update`.
    """

    _decaying = ("_weight",)

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, eta: float = 0.001, eps: float = 0,
                 momentum_correction: bool = True, **kwargs: Any) -> None:
        super().__init__(momentum=momentum, lazy_update=lazy_update, **kwargs)
        self.eta, self.eps, self.momentum_correction = eta, eps, momentum_correction
        self.last_lr: float | None = None
        self.cur_lr: float | None = None

    def _step(self, indices: Sequence[Any], weights: Sequence[NDArray], masters: Sequence[NDArray],
              grads: Sequence[NDArray], states: Sequence[Any]) -> None:
        """A step of the masters, by norms of weights and gradients as they are rounded: so MXNet has it."""
        size = max(1, self.aggregate_num)
        momenta: list[float] = []
        for begin in range(0, len(indices), size):       # as in MXNet, corrected once for each `aggregate_num` weights
            self._update_count(indices[begin:begin + size])
            momenta.append(self._corrected_momentum())
        lrs, wds = self._get_lrs(indices), self._get_wds(indices)
        lrs = self._layer_rates(indices, tensors(weights), tensors(grads), lrs, wds)
        values, g = tensors(masters), tensors(grads)
        if masters is not weights:
            g = cast_list(g, torch.float32)
        moms = tensors(states) if self.momentum != 0.0 else []
        if len(set(momenta)) == 1:
            size = len(indices)
        for at in range(0, len(indices), size):
            some = slice(at, at + size)
            whole.descend(values[some], g[some], moms[some], lrs[some], wds[some], momenta[at // size],
                          self.rescale_grad, self._clip())
        if masters is not weights:
            torch._foreach_copy_(tensors(weights), tensors(masters))

    def _corrected_momentum(self) -> float:
        """The momentum, scaled by how the rate has changed since it was last asked for."""
        rate = self.learning_rate
        self.last_lr, self.cur_lr = rate if self.cur_lr is None else self.cur_lr, rate
        corrected = self.momentum_correction and self.last_lr
        return self.momentum * (rate / self.last_lr) if corrected else self.momentum

    def _layer_rates(self, indices: Sequence[Any], weights: list[torch.Tensor], grads: list[torch.Tensor],
                     lrs: list[float], wds: list[float]) -> list[float]:
        """The rates, by their layers' norms where the names are not of biases and the like."""
        layers = [i for i, index in enumerate(indices)
                  if not self.idx2name.get(index, "").endswith(("gamma", "beta", "bias"))]
        if not layers:
            return lrs
        numbers = torch.tensor([[rates[i] for i in layers] for rates in (lrs, wds)], device=weights[0].device)
        squares = [sums_of_squares([some[i] for i in layers]) for some in (weights, grads)]
        made = lars_rates(numbers[0], numbers[1], squares[0], squares[1], self.eta, self.eps, self.rescale_grad)
        lrs = list(lrs)
        for i, rate in zip(layers, made.tolist()):
            lrs[i] = rate
        return lrs


@register
class LBSGD(Optimizer):
    """SGD for large batches: gradients of `batch_scale` batches are added up, the rate warms up or follows LARS.

    `warmup_strategy` is `"linear"`, `"power2"`, `"sqrt"` or `"lars"`.
    """

    _any_dtype = True
    _in_order = True            # a rate is asked for before its weight's update is counted

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

    def _get_lars(self, weights: list[torch.Tensor], grads: list[torch.Tensor], wds: Sequence[float]) -> list[float]:
        """The factor of each layer, between 0.01 and 100."""
        squares = zip(sums_of_squares(weights).tolist(), sums_of_squares(grads).tolist(), wds)
        return [min(max(math.sqrt(w2 / (g2 + wd * w2 + 1e-18)), 0.01), 100.0) for w2, g2, wd in squares]

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_all([index], [weight], [grad], [state])

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        lrs = []
        for index in indices:
            lrs.append(self._get_lr(index))             # before it is counted, as in MXNet
            self._update_count(index)
        due = self._add_up(indices, grads)
        if not due:
            return
        values = tensors([weights[i] for i in due])
        lrs, wds = [lrs[i] for i in due], [self._get_wd(indices[i]) for i in due]
        held = [self.cumgrads[indices[i]] for i in due]
        g = list(torch._foreach_div([one["cum_grad"]._tensor for one in held], float(self.batch_scale)))
        moms = tensors([states[i] for i in due]) if self.momentum != 0.0 else []
        given = (self.momentum, self.rescale_grad, self._clip())
        if self.warmup_strategy == "lars":
            factors = self._get_lars(values, g, wds)
            whole.descend(values, g, moms, [lr * factor for lr, factor in zip(lrs, factors)], wds, *given)
        else:
            factors = [self._get_lbmult(one["num_cums"]) for one in held]
            sgd_step(values, g, moms, [lr * factor for lr, factor in zip(lrs, factors)], wds, *given)
        self.lbmult = factors[-1]

    def _add_up(self, indices: Sequence[Any], grads: Sequence[NDArray]) -> list[int]:
        """Add gradients to what is gathered: the positions of those whose sums are due."""
        adding, due = [], []
        for i, (index, grad) in enumerate(zip(indices, grads)):
            held = self.cumgrads.setdefault(index, {"cum_grad": None, "num_cums": self.init_updates})
            if held["cum_grad"] is None and not held.get("shared"):
                # not a copy, as in MXNet: Module writes every batch's gradient into the same array, so the very first
                # one is lost there and the second counts twice
                held["cum_grad"], held["shared"] = grad, True
            elif held["num_cums"] % self.batch_scale == 0:
                held["cum_grad"], held["shared"] = grad.copy(), False
            else:
                adding.append((held, grad))
            held["num_cums"] += 1
            if held["num_cums"] % self.batch_scale == 0:
                due.append(i)
        if adding:
            totals = torch._foreach_add([grad._tensor for _, grad in adding],
                                        [_sum_before(held, grad)._tensor for held, grad in adding])
            for (held, grad), total in zip(adding, totals):
                held["cum_grad"], held["shared"] = wrap(total, grad._ctx), False
        return due


def _sum_before(held: dict[str, Any], grad: NDArray) -> NDArray:
    """What is gathered; nothing in a shared array that was not kept, and 0 in MXNet's files, where it has been used."""
    before = held["cum_grad"]
    if isinstance(before, NDArray):
        return before
    return grad if before is None else wrap(torch.full_like(grad._tensor, before), grad._ctx)
