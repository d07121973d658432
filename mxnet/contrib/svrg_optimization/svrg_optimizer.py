# SPDX-License-Identifier: Apache-2.0
"""The optimizer of SVRGModule: another one for weights, and assignment for sums of gradients.

Sums of gradients over all devices are made by a store, under the names of the weights with `_full` behind them; what
is pushed to such a key is to be kept as it is.
"""
from __future__ import annotations

from typing import Any

from ...ndarray import NDArray
from ...optimizer import Optimizer, create, register

__all__: list[str] = []

_OF_ALL = ("rescale_grad", "param_idx2name", "wd", "clip_gradient", "learning_rate", "lr_scheduler", "sym",
           "begin_num_update", "multi_precision", "param_dict")
_HANDED_TO = ("default_opt", "aux_opt")


@register
class _AssignmentOptimizer(Optimizer):
    """Puts the gradient in the weight's place."""

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        weight[:] = grad


@register
class _SVRGOptimizer(Optimizer):
    """Hands weights to `default_optimizer` (a name, made with `kwargs`, or an optimizer), and assigns to keys with
    "full" in their name."""

    def __init__(self, default_optimizer: Any, **kwargs: Any) -> None:
        super().__init__(**self._check_params(**kwargs))
        self.default_opt = create(default_optimizer, **kwargs) if isinstance(default_optimizer, str) \
            else default_optimizer
        self.aux_opt = create(_AssignmentOptimizer.__name__)

    @staticmethod
    def _check_params(**kwargs: Any) -> dict[str, Any]:
        """Those parameters that all optimizers have."""
        return {name: value for name, value in kwargs.items() if name in _OF_ALL}

    def state_dict(self) -> dict[str, Any]:
        """As for all optimizers, with those of the two that it hands weights to."""
        state = super().state_dict()
        return {**state, "own": {name: value for name, value in state["own"].items() if name not in _HANDED_TO},
                **{name: getattr(self, name).state_dict() for name in _HANDED_TO}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        super().load_state_dict(state)
        for name in _HANDED_TO:
            getattr(self, name).load_state_dict(state[name])

    def _check_index(self, index: Any) -> str:
        """The name of a parameter, given by name or by number."""
        return index if index in self.idx2name.values() else self.idx2name[index]

    def _optimizer_of(self, index: Any) -> Optimizer:
        return self.aux_opt if "full" in self._check_index(index) else self.default_opt

    def create_state(self, index: Any, weight: NDArray) -> Any:
        return self._optimizer_of(index).create_state(index, weight)

    def update(self, index: Any, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._optimizer_of(index).update(index, weight, grad, state)
