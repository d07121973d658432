# SPDX-License-Identifier: Apache-2.0
"""What every key-value store offers, and the table of stores that users register."""
from __future__ import annotations

from typing import Any

from ..base import MXNetNotImplementedError, MXNetTypeError, MXNetValueError, nearest


class KVStoreBase:
    """Base of stores; subclasses registered with `KVStoreBase.register` are made by `mx.kv.create(name)`."""

    OPTIMIZER = "optimizer"
    kv_registry: dict[str, type[KVStoreBase]] = {}

    @staticmethod
    def register(klass: type[KVStoreBase]) -> type[KVStoreBase]:
        """Class decorator: make the store available under its lower-case name."""
        KVStoreBase.kv_registry[klass.__name__.lower()] = klass
        return klass

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store has a capability, such as `"optimizer"`."""
        raise MXNetNotImplementedError("is_capable is for the store's class to define")

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Give the value of rank 0 to all."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not implement broadcast")

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Sum the values of all and give the sum to all."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not implement pushpull")

    @property
    def type(self) -> str:
        """The store's name."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not say its type")

    @property
    def rank(self) -> int:
        """This worker's number."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not say its rank")

    @property
    def num_workers(self) -> int:
        """How many workers there are."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not say its number of workers")


LOCAL = ("local", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device", "device", "nccl")


def create(name: str = "local") -> Any:
    """A store by name: `"local"`, `"device"`, ... or one that was registered.

    Raises MXNetNotImplementedError for the distributed ones, which are not built yet, and MXNetError for others.
    """
    if not isinstance(name, str):
        raise MXNetTypeError("name must be a string")
    key = name.lower()
    if key in LOCAL:
        from .local import KVStore
        return KVStore(key)
    if key in KVStoreBase.kv_registry:
        return KVStoreBase.kv_registry[key]()
    if key.startswith("dist"):
        raise MXNetNotImplementedError(f"the distributed store {name!r} is not built yet; there are {', '.join(LOCAL)}")
    known = (*LOCAL, *KVStoreBase.kv_registry)
    raise MXNetValueError(f"Unknown KVStore type {name!r}.{nearest(key, known)} There are {', '.join(known)}")
