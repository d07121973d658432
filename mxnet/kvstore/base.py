# SPDX-License-Identifier: Apache-2.0
"""What every key-value store offers, and the table of stores that users register."""
from __future__ import annotations

import logging
from typing import Any

from ..base import MXNetNotImplementedError, MXNetTypeError, MXNetValueError, nearest
from ..ndarray.ndarray import NDArray

__all__ = ["KVStoreBase", "create"]


class KVStoreBase:
    """Base of stores; subclasses registered with `KVStoreBase.register` are made by `mx.kv.create(name)`.

    >>> import mxnet as mx
    >>> @mx.kv.KVStoreBase.register
    ... class Mine(mx.kv.KVStoreBase):
    ...     type = "mine"
    >>> mx.kv.create("mine").type
    'mine'
    """

    OPTIMIZER = "optimizer"
    kv_registry: dict[str, type[KVStoreBase]] = {}

    @staticmethod
    def register(klass: type[KVStoreBase]) -> type[KVStoreBase]:
        """Class decorator: make the store available under its lower-case name."""
        name = klass.__name__.lower()
        if KVStoreBase.kv_registry.get(name, klass) is not klass:
            logging.warning("the store %s.%s replaces another that is registered as %s", klass.__module__,
                            klass.__name__, name)
        KVStoreBase.kv_registry[name] = klass
        return klass

    def _missing(self, what: str) -> MXNetNotImplementedError:
        return MXNetNotImplementedError(f"the store {type(self).__name__} does not define {what}")

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store has a capability, such as `"optimizer"`."""
        raise MXNetNotImplementedError("is_capable is for the store's class to define")

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Give the value of rank 0 to all."""
        raise self._missing("broadcast")

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Sum the values of all and give the sum to all."""
        raise self._missing("pushpull")

    def set_optimizer(self, optimizer: Any) -> None:
        """Update with an optimizer, where the values are kept."""
        raise self._missing("set_optimizer")

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the optimizer's states to a file."""
        raise self._missing("save_optimizer_states")

    def load_optimizer_states(self, fname: str) -> None:
        """Read the optimizer's states from a file."""
        raise self._missing("load_optimizer_states")

    @property
    def type(self) -> str:
        """The store's name."""
        raise self._missing("type")

    @property
    def rank(self) -> int:
        """This worker's number."""
        raise self._missing("rank")

    @property
    def num_workers(self) -> int:
        """How many workers there are."""
        raise self._missing("num_workers")


def without_optimizer(capability: str) -> bool:
    """`is_capable` of stores that leave updates to the caller. Raises MXNetValueError for an unknown capability."""
    if capability.lower() == KVStoreBase.OPTIMIZER:
        return False
    raise MXNetValueError(f"Unknown capability: {capability}")


@KVStoreBase.register
class TestStore(KVStoreBase):
    """The smallest store, without keys or updates: an example for writers of stores."""

    __test__ = False               # not a test, whatever a test runner makes of the name

    is_capable = staticmethod(without_optimizer)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        for target in out if isinstance(out, (list, tuple)) else [out]:
            target[:] = value

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        values: list[NDArray] = list(value) if isinstance(value, (list, tuple)) else [value]
        total: Any = values[0].copy()
        for other in values[1:]:
            total += other.as_in_context(total.context)
        targets = values if out is None else out if isinstance(out, (list, tuple)) else [out]
        for target in targets:
            target[:] = total

    @property
    def type(self) -> str:
        return "teststore"

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1


LOCAL = ("local", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device", "device", "nccl")
DIST = ("dist_sync", "dist_device_sync", "dist_sync_device", "dist_async", "dist_device_async", "dist_async_device")


def create(name: str = "local") -> Any:
    """A store by name: `"local"`, `"device"`, `"dist_sync"`, ... or one that was registered.

    As in MXNet, a name that contains `dist` is a distributed store, and any other unknown one a local store (with a
    warning in the log, since most such names are misspelt). Raises TypeError unless the name is a string.
    """
    if not isinstance(name, str):
        raise MXNetTypeError(f"name must be a string, not {type(name).__name__}")
    key = name.lower()
    if key == "horovod" and key not in KVStoreBase.kv_registry:
        from .horovod import Horovod
        return Horovod()
    if key in KVStoreBase.kv_registry:
        return KVStoreBase.kv_registry[key]()
    if "dist" in key:
        from .dist import DistKVStore
        from .dist_async import AsyncKVStore
        return AsyncKVStore(key) if "_async" in key else DistKVStore(key)
    if key not in LOCAL:
        known = (*LOCAL, *DIST, *KVStoreBase.kv_registry)
        logging.warning("KVStore type %r is not known, a local store is used.%s", name, nearest(key, known))
    from .local import KVStore
    return KVStore(key)
