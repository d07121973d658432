# SPDX-License-Identifier: Apache-2.0
"""The store within one process: values by key, sums over devices, updates where the values are.

As in MXNet, nothing is copied that need not be: one array pushed alone is handed on as it is, sums go to a buffer that
is kept for each key, and without an updater the stored value *is* what was pushed. Sums run in the order of the
devices, so that they are the same in every run.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .._files import atomic_write
from ..base import (
    MXNetAssertionError,
    MXNetAssertionTypeError,
    MXNetError,
    MXNetIndexError,
    MXNetKeyError,
    MXNetNotImplementedError,
    MXNetTypeError,
    MXNetValueError,
    nearest,
)
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..optimizer import Optimizer, Updater, get_updater
from .base import KVStoreBase
from .bulk import copy_rows, sum_rows
from .compression import Compression

__all__ = ["KVStore"]

Key = int | str
_INT_MAX = 2**31 - 1


class KVStore(KVStoreBase):
    """Values by int or str key.

    `push` sums what comes from several devices, in the order given, and hands the sum to the updater (which by default
    assigns it); `pull` copies values out. A key given several times in one call stands for all of its values.

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
        self._order: dict[Key, int] = {}                  # the order of updates: that of init, for str keys
        self._sums: dict[Key, torch.Tensor] = {}
        self._updater: Callable[[Any, NDArray, NDArray], None] | None = None
        self._key_type: type | None = None
        self._compression: Compression | None = None

    @property
    def type(self) -> str:
        return self._kind

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1

    @property
    def handle(self) -> KVStore:
        """The store, for `mx.profiler.set_kvstore_handle`."""
        return self

    @staticmethod
    def is_capable(capability: str) -> bool:
        if capability.lower() == KVStoreBase.OPTIMIZER:
            return True
        raise MXNetValueError(f"Unknown capability: {capability}")

    # ---- values ---------------------------------------------------------------------------------

    def init(self, key: Any, value: Any) -> None:
        """Set keys for the first time. Raises MXNetError for a key that is there already."""
        pairs = self._pairs(key, value)
        new = [one for one, values in pairs for _ in values]
        for position, one in enumerate(new):
            if one in self._values or one in new[:position]:
                raise MXNetValueError(f"duplicate init of key {one!r}: it is initialised already")
        for one, values in pairs:
            self._values[one] = values[0].copy()
            self._order[one] = one if isinstance(one, int) else len(self._order)

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum the values given for each key, and update the stored value with the sum."""
        groups = self._grouped(key, value)
        self._update([(one, self._stored(one), total)
                      for (one, _), total in zip(groups, self._sum(groups))])

    def _update(self, updates: Sequence[tuple[Key, NDArray, NDArray]]) -> None:
        """Apply (key, stored value, sum) in order; an optimizer takes all of them at once where that is the same."""
        if self._updater is None:
            for key, stored, total in updates:
                self._values[key] = self._moved(total, stored)
            return
        for key, stored, total in updates:
            if total.shape != stored.shape:
                raise MXNetValueError(f"key {key!r}: the value pushed is {total.shape}, {stored.shape} is stored")
        moved = [self._moved(total, stored) for _, stored, total in updates]
        if len(updates) > 1 and isinstance(self._updater, Updater) and self._in_step(updates):
            self._updater([key for key, _, _ in updates], moved, [stored for _, stored, _ in updates])
            return
        for (key, stored, _), total in zip(updates, moved):
            # MXNet hands str keys to a user's function as bytes; its own Updater makes str of them
            coded = isinstance(key, str) and not isinstance(self._updater, Updater)
            self._updater(key.encode() if coded else key, total, stored)       # type: ignore[union-attr]

    def _in_step(self, updates: Sequence[tuple[Key, NDArray, NDArray]]) -> bool:
        """Whether all keys were updated equally often, on one device: then a schedule gives all the same rate."""
        optimizer: Optimizer = self._updater.optimizer                         # type: ignore[union-attr]
        counts = optimizer._all_index_update_counts.get(updates[0][1]._ctx.device_id, {})
        return len({counts.get(key) for key, _, _ in updates}) == 1 and \
            len({stored._ctx for _, stored, _ in updates}) == 1

    @staticmethod
    def _moved(total: NDArray, stored: NDArray) -> NDArray:
        return total if total._tensor.device == stored._tensor.device else total.copyto(stored._ctx)

    def _sum(self, groups: Sequence[tuple[Key, Sequence[NDArray]]]) -> list[NDArray]:
        """The sum for each key; of a single value, that value itself."""
        rows: list[list[torch.Tensor]] = []
        totals = []
        for key, values in groups:
            self._alike(key, values)
            tensors = [value._tensor for value in values]
            if self._compression is not None:
                tensors = [self._compression(key, slot, tensor) for slot, tensor in enumerate(tensors)]
            if len(tensors) > 1:
                buffer = self._buffer(key, tensors)
                rows.append([buffer, *(tensor.to(buffer.device) for tensor in tensors)])
            totals.append(wrap(rows[-1][0] if len(tensors) > 1 else tensors[0], values[0]._ctx))
        sum_rows(rows)
        return totals

    @staticmethod
    def _alike(key: Key, values: Sequence[NDArray]) -> None:
        first = values[0]
        shape, dtype = first._tensor.shape, first._tensor.dtype
        for value in values[1:]:
            if value._tensor.shape != shape or value._tensor.dtype != dtype:
                raise MXNetValueError(f"key {key!r}: values of one push differ: {first.shape} {first.dtype.__name__} "
                                      f"and {value.shape} {value.dtype.__name__}")

    def _buffer(self, key: Key, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """The key's array for sums, unless it is among what is to be summed."""
        first, buffer = tensors[0], self._sums.get(key)
        if (buffer is None or buffer.shape != first.shape or buffer.dtype != first.dtype
                or buffer.device != first.device or any(_overlap(buffer, tensor) for tensor in tensors)):
            buffer = self._sums[key] = torch.empty_like(first, memory_format=torch.contiguous_format)
        return buffer

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        """Copy values into the arrays given for each key, which may be of another dtype."""
        if out is None:
            raise MXNetAssertionTypeError("pull needs out=, the array or arrays to write to")
        copy_rows([self._row(one, arrays) for one, arrays in self._pairs(key, out)])

    def _row(self, key: Key, targets: Sequence[NDArray]) -> list[torch.Tensor]:
        """The stored value and the tensors to copy it to."""
        source = self._stored(key)._tensor
        shape = source.shape
        for target in targets:
            if target._tensor.shape != shape:
                raise MXNetValueError(f"key {key!r}: pulled into {target.shape}, stored is {tuple(shape)}")
        return [source, *(target._tensor for target in targets if target._tensor is not source)]

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """`push`, then `pull` into `out` (or back into the values)."""
        targets = value if out is None else out
        self._pairs(key, targets)              # what cannot be pulled is not pushed either
        self.push(key, value, priority)
        self.pull(key, targets, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """`init`, then `pull`."""
        self.init(key, value)
        self.pull(key, out, priority)

    def row_sparse_pull(self, key: Any, out: Any = None, priority: int = 0, row_ids: Any = None) -> None:
        """Not built yet: sparse arrays."""
        raise MXNetNotImplementedError("row_sparse_pull needs sparse arrays, which are not supported yet")

    # ---- keys -----------------------------------------------------------------------------------

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
                came = f"{len(value)}" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"
                raise MXNetAssertionError(f"{len(key)} keys need a list of as many values, not {came}")
            return [pair for k, v in zip(key, value) for pair in self._pairs(k, v)]
        kind = str if isinstance(key, str) else int
        if not isinstance(key, kind):
            raise MXNetAssertionTypeError(f"unexpected type for keys: {type(key)}; keys are int or str")
        if self._key_type not in (None, kind):
            raise MXNetAssertionTypeError(f"Mixed key types are not allowed: {key!r} after {self._key_type.__name__} "
                                          "keys")
        if isinstance(key, int) and not -_INT_MAX <= key <= _INT_MAX:
            raise MXNetIndexError(f"key {key} does not fit in 32 bits")
        self._key_type = kind
        arrays = list(value) if isinstance(value, (list, tuple)) else [value]
        for item in arrays:
            if not isinstance(item, NDArray):
                raise MXNetTypeError(f"key {key!r}: values are NDArrays, not {type(item).__name__}")
        return [(key, arrays)]

    def _grouped(self, key: Any, value: Any) -> list[tuple[Key, list[NDArray]]]:
        """Pairs with each key once, in the order of updates: int keys rise, str keys go as they were initialised."""
        pairs = self._pairs(key, value)
        groups: dict[Key, list[NDArray]] = {}
        for one, arrays in pairs:
            self._stored(one)
            groups.setdefault(one, []).extend(arrays)
        return sorted(((one, arrays) for one, arrays in groups.items() if arrays), key=lambda p: self._order[p[0]])

    # ---- updating -------------------------------------------------------------------------------

    def set_updater(self, updater: Callable[[Any, NDArray, NDArray], None]) -> None:
        """`updater(key, pushed, stored)` is called at each push and changes `stored` in place.

        As in MXNet, a str key comes as bytes to a function, and as str to an `mx.optimizer.Updater`.
        """
        self._updater = updater

    _set_updater = set_updater

    def set_optimizer(self, optimizer: Any) -> None:
        """Update with an optimizer from now on. Raises MXNetError for anything else."""
        if not isinstance(optimizer, Optimizer):
            raise MXNetTypeError(f"set_optimizer needs an mx.optimizer.Optimizer, not a {type(optimizer).__name__}")
        self._updater = get_updater(optimizer)

    def set_gradient_compression(self, compression_params: dict[str, Any]) -> None:
        """Quantise each device's gradient before it is summed, see `mxnet.kvstore.compression`.

        `compression_params` is `{"type": "2bit", "threshold": 0.5}`. For `device` and distributed stores only.
        """
        if "device" not in self._kind and "dist" not in self._kind:
            raise MXNetValueError(f"Gradient compression is not supported for the store {self._kind!r}, only for "
                                  f"those with 'device' or 'dist' in their names")
        self._compression = Compression(compression_params)

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the optimizer's states to a file, atomically. Raises MXNetError without an optimizer."""
        states = self._optimizer_updater("save").get_states(dump_optimizer)
        with atomic_write(fname) as file:
            file.write(states)

    def load_optimizer_states(self, fname: str) -> None:
        """Read the optimizer's states from a file. Raises MXNetError without an optimizer, OSError without a file."""
        updater = self._optimizer_updater("load")
        with open(fname, "rb") as file:
            updater.set_states(file.read())

    def _optimizer_updater(self, verb: str) -> Any:
        if not hasattr(self._updater, "get_states"):
            raise MXNetError(f"Cannot {verb} states without an optimizer: call set_optimizer first")
        return self._updater

    def _barrier(self) -> None:
        """All workers are here: there is one."""

    def _send_command_to_servers(self, head: int, body: str) -> None:
        """Nothing to do: a local store has no servers."""


def _overlap(buffer: torch.Tensor, tensor: torch.Tensor) -> bool:
    return buffer.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()

