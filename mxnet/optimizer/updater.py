# SPDX-License-Identifier: Apache-2.0
"""Updater: an optimizer with the states of the weights that it has seen, and their file format."""
from __future__ import annotations

import io
import pickle
from typing import Any

from ..base import MXNetError
from ..ndarray import NDArray
from .optimizer import Optimizer

__all__ = ["Updater", "get_updater"]


class Updater:
    """Called with (index, gradient, weight), or with lists of them; makes states at first sight."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict[Any, Any] = {}
        self.states_synced: dict[Any, bool] = {}
        self.aggregate_updates = optimizer.aggregate_num > 0

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        """Update weights in place."""
        single = not isinstance(index, (list, tuple))
        indices, grads, weights = ([index], [grad], [weight]) if single else (index, grad, weight)
        if not indices:
            return
        self.optimizer._set_current_context(weights[0]._ctx.device_id)
        states = self.states
        for one, array in zip(indices, weights):
            if one not in states:
                states[one] = self.optimizer.create_state_multi_precision(one, array)
                self.states_synced[one] = True
            elif not self.states_synced[one]:
                states[one] = self.sync_state_context(states[one], array._ctx)
                self.states_synced[one] = True
        if single:
            self.optimizer.update_multi_precision(index, weight, grad, states[index])
        else:
            self.optimizer.update_multi(indices, weights, grads, [states[one] for one in indices])

    def sync_state_context(self, state: Any, context: Any) -> Any:
        """The state on a context."""
        if isinstance(state, NDArray):
            return state.as_in_context(context)
        if isinstance(state, (tuple, list)):
            return type(state)(self.sync_state_context(item, context) for item in state)
        return state

    def set_states(self, states: bytes) -> None:
        """Take over states (and the optimizer, if it is in there) that `get_states` wrote, here or in MXNet.

        Raises MXNetError for anything else; only arrays, plain values and optimizers are read.
        """
        try:
            loaded = _Restricted(io.BytesIO(states)).load()
        except MXNetError:
            raise
        except Exception as error:
            raise MXNetError(f"these are no optimizer states: {error}") from error
        if isinstance(loaded, tuple) and len(loaded) == 2 and isinstance(loaded[1], Optimizer):
            self.states, self.optimizer = loaded
        else:
            self.states = loaded
        if not isinstance(self.states, dict):
            raise MXNetError(f"these are no optimizer states: a {type(self.states).__name__}, not a dict")
        self.states_synced = dict.fromkeys(self.states, False)

    def get_states(self, dump_optimizer: bool = False) -> bytes:
        """The states as bytes that MXNet reads too; with `dump_optimizer` the optimizer with them."""
        return pickle.dumps((self.states, self.optimizer) if dump_optimizer else self.states)


_ALLOWED = {("mxnet.ndarray.ndarray", "NDArray"), ("collections", "OrderedDict"), ("builtins", "bytearray"),
            ("builtins", "set"), ("_codecs", "encode"), ("numpy", "dtype"), ("numpy", "ndarray"),
            ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
            ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar")}
_ALIASES = {"__builtin__": "builtins", "mxnet.optimizer.optimizer": "mxnet.optimizer"}


class _Restricted(pickle.Unpickler):
    """Reads what files of states hold, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        module = _ALIASES.get(module, module)
        if (module, name) in _ALLOWED:
            return super().find_class(module, name)
        if module.startswith("mxnet.optimizer") and name.lower() in Optimizer.opt_registry:
            return Optimizer.opt_registry[name.lower()]
        if module == "mxnet.lr_scheduler":
            from .. import lr_scheduler
            if name in lr_scheduler.__all__:
                return getattr(lr_scheduler, name)
        raise MXNetError(f"the states refer to {module}.{name}, which no file of optimizer states holds: not read")


def get_updater(optimizer: Optimizer) -> Updater:
    """An updater for an optimizer."""
    return Updater(optimizer)
