# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of symbolic models, and the update helpers that Module shares with old training scripts.

`FeedForward` is shown here too; it stands on Module, which imports this file, so it is imported when first asked for.
"""
from __future__ import annotations

import logging
from collections import namedtuple
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import kvstore as kvs
from . import ndarray as nd
from . import symbol as sym
from ._old_names import lend
from .base import MXNetError, MXNetTypeError
from .context import cpu
from .ndarray import NDArray
from .optimizer import get_updater
from .symbol import Symbol

if TYPE_CHECKING:
    from .feedforward import FeedForward

__all__ = ["BatchEndParam", "FeedForward", "cpu", "get_updater", "load_checkpoint", "load_params", "save_checkpoint"]

BatchEndParam = namedtuple("BatchEndParam", ["epoch", "nbatch", "eval_metric", "locals"])


def __getattr__(name: str) -> Any:
    if name == "FeedForward":
        from .feedforward import FeedForward
        return FeedForward
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def save_checkpoint(prefix: str, epoch: int, symbol: Symbol | None, arg_params: dict[str, NDArray],
                    aux_params: dict[str, NDArray], remove_amp_cast: bool = True) -> None:
    """Write `{prefix}-symbol.json` (if there is a symbol) and `{prefix}-{epoch:04d}.params`, each in one step."""
    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast=remove_amp_cast)
    values = {f"arg:{name}": value for name, value in arg_params.items()}
    values.update({f"aux:{name}": value for name, value in aux_params.items()})
    path = f"{prefix}-{epoch:04d}.params"
    nd.save(path, values)
    logging.info('Saved checkpoint to "%s"', path)


def load_params(prefix: str, epoch: int) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Arguments and auxiliary states from `{prefix}-{epoch:04d}.params`."""
    path = f"{prefix}-{epoch:04d}.params"
    loaded = nd.load(path)
    if not isinstance(loaded, dict):
        if not loaded:
            return {}, {}
        raise MXNetError(f"{path}: holds arrays without names, so no parameters")
    arg_params, aux_params = {}, {}
    for key, value in loaded.items():
        kind, _, name = key.partition(":")
        if kind == "arg":
            arg_params[name] = value
        elif kind == "aux":
            aux_params[name] = value
    return arg_params, aux_params


def load_checkpoint(prefix: str, epoch: int) -> tuple[Symbol, dict[str, NDArray], dict[str, NDArray]]:
    """Symbol, arguments and auxiliary states of a checkpoint. Raises MXNetError naming the file that is at fault."""
    symbol = sym.load(f"{prefix}-symbol.json")
    return (symbol, *load_params(prefix, epoch))


# ---- helpers that programs import -------------------------------------------------------------------

def _create_kvstore(kvstore: Any, num_device: int, arg_params: dict[str, NDArray]) -> tuple[Any, bool]:
    """The store to use (None for one device) and whether updates happen in it."""
    update_on_kvstore = True
    if kvstore is None:
        kv = None
    elif isinstance(kvstore, kvs.KVStoreBase):
        kv = kvstore
    elif isinstance(kvstore, str):
        if num_device == 1 and "dist" not in kvstore:
            kv = None
        else:
            kv = kvs.create(kvstore)
            if kvstore == "local" and arg_params:
                largest = max(int(value.size) for value in arg_params.values())
                update_on_kvstore = largest <= 1024 * 1024 * 16
    else:
        raise MXNetTypeError("kvstore must be KVStore, str or None")
    if kv is None:
        update_on_kvstore = False
    return kv, update_on_kvstore


def _initialize_kvstore(kvstore: Any, param_arrays: Sequence[Sequence[NDArray]], arg_params: dict[str, NDArray],
                        param_names: Sequence[str], update_on_kvstore: bool) -> None:
    """Put the parameters into the store."""
    for index, arrays in enumerate(param_arrays):
        name = param_names[index]
        kvstore.init(name, arg_params[name])
        if update_on_kvstore:
            kvstore.pull(name, arrays, priority=-index)


def _update_params_on_kvstore(param_arrays: Sequence[Sequence[NDArray]], grad_arrays: Sequence[Sequence[Any]],
                              kvstore: Any, param_names: Sequence[str]) -> None:
    """Push gradients, pull the weights that the store's optimizer has updated."""
    used = [index for index, grads in enumerate(grad_arrays) if grads[0] is not None]
    _push_and_pull(kvstore, used, param_names, grad_arrays, param_arrays)


def _push_and_pull(kvstore: Any, used: Sequence[int], names: Sequence[str], values: Sequence[Any],
                   outs: Sequence[Any]) -> None:
    """Push all values, then pull all; in one call each, where the store is one that gains by it."""
    if not used:
        return
    if isinstance(kvstore, kvs.KVStore):
        keys = [names[index] for index in used]
        kvstore.push(keys, [values[index] for index in used])
        kvstore.pull(keys, [outs[index] for index in used])
        return
    for index in used:
        kvstore.push(names[index], values[index], priority=-index)
    for index in used:
        kvstore.pull(names[index], outs[index], priority=-index)


def _update_params(param_arrays: Sequence[Sequence[NDArray]], grad_arrays: Sequence[Sequence[Any]], updater: Any,
                   num_device: int, kvstore: Any = None, param_names: Sequence[str] | None = None) -> None:
    """Update the weights of every device here; a store, if there is one, sums the gradients first."""
    if kvstore is not None:
        used = [index for index, grads in enumerate(grad_arrays) if grads[0] is not None]
        _push_and_pull(kvstore, used, param_names or [], grad_arrays, grad_arrays)
    per_device: list[tuple[list[int], list[NDArray], list[NDArray]]] = [([], [], []) for _ in range(num_device)]
    for index, (arrays, grads) in enumerate(zip(param_arrays, grad_arrays)):
        if grads[0] is None:
            continue
        for device, (weight, grad) in enumerate(zip(arrays, grads)):
            indices, all_grads, weights = per_device[device]
            indices.append(index * num_device + device)
            all_grads.append(grad)
            weights.append(weight)
    for indices, all_grads, weights in per_device:
        if indices:
            updater(indices, all_grads, weights)


lend(__name__)
