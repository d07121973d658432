# SPDX-License-Identifier: Apache-2.0
"""The store within one process: values by key, sums over devices, updates where the values are."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._files import atomic_write
from ..base import MXNetError, MXNetKeyError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError, nearest
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from .base import KVStoreBase

Key = int | str


class KVStore(KVStoreBase):
    """Values by int or str key.

    `push` sums what comes from several devices, in the order given, and hands the sum to the updater (which by default
    assigns it); `pull` copies values out.

    >>> import mxnet as mx
    >>> kv = mx.kv.create("local")
    >>> kv.init(3, mx.nd.ones((2, 3)) * 2)
    >>> a = mx.nd.zeros((2, 3))
    >>> kv.pull(3, out=a)
    >>> a.asnumpy().tolist()
    [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
    """

    def __init__(self, kind: str = "local") -> None:
        self._kind = kind
        self._values: dict[Key, NDArray] = {}
        self._updater: Callable[[Key, NDArray, NDArray], None] | None = None
        self._key_type: type | None = None
        self._compression: dict[str, Any] = {}

    @property
    def type(self) -> str:
        return self._kind

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1

    @staticmethod
    def is_capable(capability: str) -> bool:
        if capability.lower() == KVStoreBase.OPTIMIZER:
            return True
        raise MXNetValueError(f"Unknown capability: {capability}")

    # ---- values ---------------------------------------------------------------------------------

    def init(self, key: Any, value: Any) -> None:
        """Set keys for the first time. Raises MXNetError for a key that is there already."""
        for one, values in self._pairs(key, value):
            if one in self._values:
                raise MXNetValueError(f"key {one!r} is initialised already")
            self._values[one] = values[0].copy()

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum the values given for each key, and update the stored value with the sum."""
        for one, values in self._pairs(key, value):
            stored = self._stored(one)
            total = self._sum(one, stored, values)
            if self._updater is not None:
                self._updater(one, total, stored)
            else:
                self._values[one] = total if total._ctx == stored._ctx else total.copyto(stored._ctx)

    def _sum(self, key: Key, stored: NDArray, values: Sequence[NDArray]) -> NDArray:
        for value in values:
            if value.shape != stored.shape:
                raise MXNetValueError(f"key {key!r}: a value of shape {value.shape} is pushed, {stored.shape} stored")
        total = values[0]._tensor.clone()
        for value in values[1:]:
            total += value._tensor.to(total.device)
        return wrap(total, values[0]._ctx)

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        """Copy values into the arrays given for each key."""
        if out is None:
            raise MXNetTypeError("pull needs out=, the array or arrays to write to")
        for one, targets in self._pairs(key, out):
            stored = self._stored(one)
            for target in targets:
                if target.shape != stored.shape:
                    raise MXNetValueError(f"key {one!r}: pulled into {target.shape}, stored is {stored.shape}")
                target._tensor.copy_(stored._tensor)

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """`push`, then `pull` into `out` (or back into the values)."""
        self.push(key, value, priority)
        self.pull(key, value if out is None else out, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """`init`, then `pull`."""
        self.init(key, value)
        self.pull(key, out, priority)

    def row_sparse_pull(self, key: Any, out: Any = None, priority: int = 0, row_ids: Any = None) -> None:
        """Not built yet: sparse arrays."""
        raise MXNetNotImplementedError("row_sparse_pull needs sparse arrays, which are not supported yet")

    def _stored(self, key: Key) -> NDArray:
        try:
            return self._values[key]
        except KeyError:
            hint = nearest(str(key), map(str, self._values))
            raise MXNetKeyError(f"key {key!r} is not initialised: call init first.{hint}") from None

    def _pairs(self, key: Any, value: Any) -> list[tuple[Key, list[NDArray]]]:
        """(key, its arrays) for a key or a list of keys, each with one array or a list of them."""
        if isinstance(key, (list, tuple)):
            if not isinstance(value, (list, tuple)) or len(value) != len(key):
                raise MXNetValueError(f"{len(key)} keys need a list of as many values")
            return [pair for k, v in zip(key, value) for pair in self._pairs(k, v)]
        if not isinstance(key, (int, str)):
            raise MXNetTypeError(f"unexpected type for keys: {type(key)}; keys are int or str")
        if self._key_type not in (None, type(key)):
            raise MXNetTypeError(f"inconsistent key types: {key!r} after {self._key_type.__name__} keys")
        self._key_type = type(key)
        arrays = list(value) if isinstance(value, (list, tuple)) else [value]
        for item in arrays:
            if not isinstance(item, NDArray):
                raise MXNetTypeError(f"key {key!r}: values are NDArrays, not {type(item).__name__}")
        if not arrays:
            raise MXNetValueError(f"key {key!r}: no values are given")
        return [(key, arrays)]

    # ---- updating -------------------------------------------------------------------------------

    def set_updater(self, updater: Callable[[Key, NDArray, NDArray], None]) -> None:
        """`updater(key, pushed, stored)` is called at each push and changes `stored` in place."""
        self._updater = updater

    _set_updater = set_updater

    def set_optimizer(self, optimizer: Any) -> None:
        """Update with an optimizer from now on."""
        from ..optimizer import get_updater
        self._updater = get_updater(optimizer)

    def set_gradient_compression(self, compression_params: dict[str, Any]) -> None:
        """Gradient compression, which is for distributed and device stores: not built yet."""
        raise MXNetNotImplementedError(f"gradient compression is not built yet: {compression_params}")

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the optimizer's states to a file, atomically. Raises MXNetError without an optimizer."""
        states = self._optimizer_updater().get_states(dump_optimizer)
        with atomic_write(fname) as file:
            file.write(states)

    def load_optimizer_states(self, fname: str) -> None:
        """Read the optimizer's states from a file."""
        updater = self._optimizer_updater()
        with open(fname, "rb") as file:
            updater.set_states(file.read())

    def _optimizer_updater(self) -> Any:
        if self._updater is None or not hasattr(self._updater, "get_states"):
            raise MXNetError("Cannot save or load states without an optimizer: call set_optimizer first")
        return self._updater

    def _barrier(self) -> None:
        """All workers are here: there is one."""

    def _send_command_to_servers(self, head: int, body: str) -> None:
        raise MXNetError(f"the store {self._kind!r} has no servers to command")
