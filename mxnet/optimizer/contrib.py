# SPDX-License-Identifier: Apache-2.0
"""`mx.optimizer.contrib`: GroupAdaGrad."""
from __future__ import annotations

from typing import Any

import torch

from .._old_names import lend
from ..base import MXNetAssertionError
from ..ndarray import NDArray
from ..ndarray.generate import function
from ..ndarray.handle import wrap
from .optimizer import Optimizer, register

__all__ = ["GroupAdaGrad"]


@register
class GroupAdaGrad(Optimizer):
    """AdaGrad with one rate for each row of a matrix. MXNet operator `_contrib_group_adagrad_update`.

    The history of a row is the sum of its mean squared gradients. Weight decay is not supported: ValueError.
    """

    def __init__(self, eps: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        if len(weight.shape) != 2:
            raise MXNetAssertionError(f"GroupAdaGrad: weights are matrices, not {weight.shape}")
        return wrap(weight._tensor.new_zeros((weight.shape[0], 1), dtype=torch.float32
                                             if weight._tensor.dtype is torch.float16 else None), weight._ctx)

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._update_count(index)
        if self._get_wd(index):
            raise MXNetAssertionError("GroupAdaGrad: weight decay is not supported")
        function("_contrib_group_adagrad_update")(
            weight, grad, state, out=weight, lr=self._get_lr(index), epsilon=self.float_stable_eps,
            rescale_grad=self.rescale_grad, clip_gradient=self._clip())


lend(__name__)
