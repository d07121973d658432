# SPDX-License-Identifier: Apache-2.0
"""All that decides how a training run goes on, as a tree of plain values and arrays, and back.

Those are: parameters and auxiliary states on every context, gradients that add up, states set by `set_states`; the
optimizer with its states, counts and schedule; what a kvstore keeps; the random generators of all contexts, of torch,
NumPy and Python; the iterator's position; the metric. Each owner gives its part by `state_dict()` and takes it back by
`load_state_dict(state)`; iterators, optimizers, schedules and metrics of users' own may define the two as well.
"""
from __future__ import annotations

import random as python_random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .. import random
from .._statefile import plain_state, restore_plain_state
from ..base import MXNetError, MXNetNotImplementedError
from ..ndarray import NDArray
from ..optimizer import Updater
from ..optimizer.optimizer import Optimizer

__all__ = ["distributed_store", "group_state", "iterator_state", "load_group_state", "load_iterator_state",
           "load_random_state", "load_update_state", "random_state", "update_state"]


# ---- arrays -----------------------------------------------------------------------------------------

def _once(arrays: Sequence[NDArray]) -> list[NDArray]:
    """The arrays of all contexts; one, when all hold the same values."""
    first = arrays[0]._tensor
    same = all(torch.equal(first, other._tensor.to(first.device)) for other in arrays[1:])
    return [arrays[0]] if same else list(arrays)


def _tables(group: Any) -> dict[str, dict[str, list[NDArray]]]:
    """Arrays on all contexts by name, for each kind."""
    params = [name for name in group.arg_names if name in set(group.param_names)]
    tables = {"args": dict(zip(params, group.param_arrays)), "auxs": dict(zip(group.aux_names, group.aux_arrays)),
              "states": dict(zip(group.state_names, group.state_arrays))}
    tables["grads"] = {name: grads for name, grads in zip(params, group.grad_arrays or [])
                       if group.grad_req.get(name) == "add" and grads[0] is not None}
    return tables


def group_state(group: Any) -> dict[str, Any]:
    """What the executors of a module hold from batch to batch."""
    return {kind: {name: _once(arrays) for name, arrays in table.items()} for kind, table in _tables(group).items()}


def load_group_state(group: Any, state: dict[str, Any]) -> None:
    """Write values of `group_state` into the executors' arrays. Raises MXNetError when names or shapes differ."""
    for kind, table in _tables(group).items():
        saved = state[kind]
        if saved.keys() != table.keys():
            raise MXNetError(f"the checkpoint is of another network: it has the {kind} "
                             f"{sorted(saved.keys() - table.keys())} and lacks {sorted(table.keys() - saved.keys())}")
        for name, arrays in table.items():
            values = saved[name] if len(saved[name]) == len(arrays) else saved[name][:1] * len(arrays)
            for array, value in zip(arrays, values):
                if array.shape != value.shape:
                    raise MXNetError(f"the checkpoint is of another network: {name} is {value.shape} there and "
                                     f"{array.shape} here")
                array._tensor.copy_(value._tensor)


# ---- optimizer --------------------------------------------------------------------------------------

def _updater_of(module: Any) -> Any:
    store = module._kvstore
    if store is not None and "_async" in store.type:
        raise MXNetNotImplementedError("full checkpoints are not for dist_async, whose servers have no state between "
                                       "batches that all workers see; save_checkpoint with save_optimizer_states keeps "
                                       "parameters and states")
    return store._updater if module._update_on_kvstore else module._updater


def distributed_store(module: Any) -> Any:
    """The store by which a module, or one that it consists of, trains together with other workers; None alone."""
    parts = [module, *getattr(module, "_modules", ()), *getattr(module, "_buckets", {}).values()]
    for part in parts:
        store: Any = getattr(part, "_kvstore", None)
        if hasattr(store, "gather_over_workers") and store.num_workers > 1:
            return store
    return None


def update_state(module: Any) -> dict[str, Any]:
    """Optimizer, its states, and what the store keeps, of a module."""
    updater = _updater_of(module)
    if not isinstance(updater, Updater):
        raise MXNetNotImplementedError(f"full checkpoints need an mx.optimizer.Updater, not {type(updater).__name__}")
    compression = getattr(module._kvstore, "_compression", None)
    return {"optimizer": updater.optimizer.state_dict(), "kind": type(updater.optimizer).__name__,
            "updater": updater.states, "compression": plain_state(compression) if compression is not None else None}


def load_update_state(module: Any, state: dict[str, Any]) -> None:
    """Take back what `update_state` gave; parameters are in place already."""
    updater = _updater_of(module)
    optimizer: Optimizer = updater.optimizer
    if state["kind"] != type(optimizer).__name__:
        raise MXNetError(f"the checkpoint is of a run with {state['kind']}, this one has {type(optimizer).__name__}")
    optimizer.load_state_dict(state["optimizer"])
    updater.states = state["updater"]
    updater.states_synced = dict.fromkeys(updater.states, False)
    store = module._kvstore
    if state["compression"] is not None and store is not None:
        restore_plain_state(store._compression, state["compression"])
    if module._update_on_kvstore:
        group = module._exec_group
        for name, arrays in _tables(group)["args"].items():
            if name in store._values:
                store._values[name]._tensor.copy_(arrays[0]._tensor)


# ---- random numbers ---------------------------------------------------------------------------------

def random_state() -> dict[str, Any]:
    """The states of all generators of this process that programs draw from."""
    return {"seed": random._seed_for_all, "torch": torch.get_rng_state(), "python": python_random.getstate(),
            "numpy": np.random.get_state(),
            "contexts": {ctx: made.get_state() for ctx, made in random._generators.items()}}


def load_random_state(state: dict[str, Any]) -> None:
    """Set all generators."""
    random._seed_for_all = state["seed"]
    torch.set_rng_state(state["torch"])
    python_random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    for ctx, saved in state["contexts"].items():
        random.generator(ctx).set_state(saved)


# ---- iterators --------------------------------------------------------------------------------------

def iterator_state(iterator: Any, skip: bool) -> dict[str, Any]:
    """Where an iterator is. `skip` allows to find the place again by running through the epoch's batches."""
    kind = type(iterator).__name__
    if hasattr(iterator, "state_dict"):
        return {"kind": kind, "state": iterator.state_dict()}
    if skip:
        return {"kind": kind, "state": None}
    raise MXNetNotImplementedError(
        f"{kind} does not say where it is: define state_dict() and load_state_dict(state) for it, or, when it gives "
        "the same batches in each epoch, pass skip=True to full_checkpoint: then resuming runs through those seen")


def load_iterator_state(iterator: Any, state: dict[str, Any], seen: int) -> None:
    """Bring an iterator to where it was, after `seen` batches of its epoch."""
    kind = type(iterator).__name__
    if state["kind"] != kind:
        raise MXNetError(f"the checkpoint is of a run over a {state['kind']}, this one is over a {kind}")
    if state["state"] is not None:
        iterator.load_state_dict(state["state"])
        return
    iterator.reset()
    for _ in range(seen):
        iterator.next()
