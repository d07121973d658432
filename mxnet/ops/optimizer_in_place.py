# SPDX-License-Identifier: Apache-2.0
"""Updates with `out=` the weight itself, as all programs call them (see fused_updates.py for torch's kernels)."""
from __future__ import annotations

from torch import Tensor

from . import fused_updates
from .optimizer_adaptive import adam_update
from .optimizer_sgd import nag_mom_update, nesterov_step_, sgd_mom_update, sgd_update


@sgd_update.in_place
def _(weight: Tensor, grad: Tensor, *, lr: float, wd: float, rescale_grad: float, clip_gradient: float,
      lazy_update: bool) -> None:
    fused_updates.sgd_step([weight], [grad], [], [lr], [wd], 0.0, rescale_grad, clip_gradient)


@sgd_mom_update.in_place
def _(weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, momentum: float, wd: float, rescale_grad: float,
      clip_gradient: float, lazy_update: bool) -> None:
    fused_updates.sgd_step([weight], [grad], [mom], [lr], [wd], momentum, rescale_grad, clip_gradient)


@adam_update.in_place
def _(weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, *, lr: float, beta1: float, beta2: float,
      epsilon: float, wd: float, rescale_grad: float, clip_gradient: float, lazy_update: bool) -> None:
    fused_updates.adam_step([weight], [grad], [mean], [var], [lr], [wd], beta1, beta2, epsilon, rescale_grad,
                            clip_gradient)


@nag_mom_update.in_place
def _(weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, momentum: float, wd: float, rescale_grad: float,
      clip_gradient: float) -> None:
    # not only faster: MXNet's kernel reads the weight once more after it is written, so the momentum is another
    nesterov_step_(weight, grad, mom, lr, momentum, wd, rescale_grad, clip_gradient)
