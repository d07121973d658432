# SPDX-License-Identifier: Apache-2.0
"""`mx.kv.create("horovod")`: the interface of Horovod's store on the process group of the job.

It has no keys to initialise and no updates: values are broadcast and summed, and whoever calls updates.
"""
from __future__ import annotations

import os
from functools import partial
from typing import Any

import torch.distributed as dist

from .base import KVStoreBase, without_optimizer
from .bulk import copy_rows
from .dist import DistKVStore

__all__ = ["Horovod"]


@KVStoreBase.register
class Horovod(KVStoreBase):
    """Broadcasts from rank 0 and sums over all workers, by key; see `mxnet.kvstore.dist`."""

    def __init__(self) -> None:
        self._sums = DistKVStore("dist_sync")
        self._begun: set[Any] = set()

    @property
    def type(self) -> str:
        return "horovod"

    @property
    def rank(self) -> int:
        return self._sums.rank

    @property
    def num_workers(self) -> int:
        return self._sums.num_workers

    @property
    def local_rank(self) -> int:
        """This worker's number on its machine: LOCAL_RANK, as torchrun sets it; 0 without it."""
        return int(os.environ.get("LOCAL_RANK", 0))

    is_capable = staticmethod(without_optimizer)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Copy the value of rank 0 to `out`, on all workers."""
        pairs = self._sums._pairs(key, value)
        self._sums._agree_on_values("broadcast", pairs)
        for (one, values), (_, targets) in zip(pairs, self._sums._pairs(key, out)):
            tensor = values[0]._tensor.clone()
            self._sums._link.run(f"broadcast of {one!r}", partial(dist.broadcast, tensor, 0))
            copy_rows([[tensor, *(target._tensor for target in targets)]])

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Sum the values of all devices and workers into `out`, or back into the values."""
        self._begin(key, value)
        self._sums.pushpull(key, value, out)

    def _begin(self, key: Any, value: Any) -> None:
        """Keys are made when they are first seen."""
        keys, values = (key, value) if isinstance(key, (list, tuple)) else ([key], [value])
        new = [(one, item) for one, item in zip(keys, values) if one not in self._begun]
        if new:
            self._begun.update(one for one, _ in new)
            self._sums.init([one for one, _ in new], [item[0] if isinstance(item, (list, tuple)) else item
                                                      for _, item in new])
