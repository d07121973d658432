# SPDX-License-Identifier: Apache-2.0
"""Stores over several processes: `dist_sync` and its kin on torch.distributed.

There are no parameter servers. Pushed gradients are summed over the devices of a worker, laid into flat buffers and
all-reduced while the program goes on; at the first pull every worker applies the same update to its own copy of the
values, which gives what MXNet's servers compute. Workers compare what they send, so that other keys, shapes or dtypes
are an error and not a wrong sum.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetTypeError, MXNetValueError
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..optimizer import Optimizer
from . import commands
from .buckets import AT_ONCE, CAPACITY, Agreements, Bucket, Early, Group, bucket_of, describe, divide, open_bucket
from .bulk import copy_rows
from .link import Agreement, connected
from .local import Key, KVStore
from .optimizers import plain_difference
from .shared import Region, Regions


class Distributed(KVStore):
    """What all distributed stores share: their place in the job, and values that begin as those of rank 0."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self._link = connected()

    @property
    def rank(self) -> int:
        return self._link.rank

    @property
    def num_workers(self) -> int:
        return self._link.world

    def _settle(self) -> None:
        """Finish what was begun, before something else."""

    def _agree_on_values(self, what: str, pairs: Sequence[tuple[Key, list[NDArray]]]) -> None:
        self._link.agree(what, [describe(key, array._tensor) for key, arrays in pairs for array in arrays])

    def _agree_on_optimizer(self, optimizer: Any) -> None:
        """All workers give the same optimizer, or an MXNetError names the difference."""
        if not isinstance(optimizer, Optimizer):
            raise MXNetTypeError(f"set_optimizer needs an mx.optimizer.Optimizer, not a {type(optimizer).__name__}")
        self._settle()
        self._link.agree("set_optimizer", plain_difference(optimizer))

    def _barrier(self) -> None:
        """Wait until all workers are here, their pushes done."""
        self._settle()
        self._link.barrier()

    def get_num_dead_node(self, node_id: int = 0, timeout: float = 60) -> int:
        """How many workers neither answer nor ended in order; takes two seconds. The arguments are MXNet's, unused."""
        return len(self._link.members.silent()[0])

    @property
    def num_dead_node(self) -> int:
        """How many workers are gone, see `get_num_dead_node`."""
        return self.get_num_dead_node()

    def gather_over_workers(self, value: Any) -> list[Any]:
        """What each worker gives (plain values that JSON knows), in the order of ranks; all call it at one place."""
        self._settle()
        return self._link.gather("gather_over_workers", value)

    def sum_over_workers(self, values: Sequence[float]) -> list[float]:
        """Sums of some numbers over all workers, which all call this at the same place."""
        self._settle()
        numbers = torch.tensor([float(value) for value in values], dtype=torch.float64)
        self._link.agree("sum_over_workers", [len(values)])
        self._link.run("sum_over_workers", lambda: dist.all_reduce(numbers))
        return numbers.tolist()


class DistKVStore(Distributed):
    """Values shared by all workers of a job; all workers make the same calls in the same order.

    `init` takes the values of rank 0, `push` sums over devices and workers, the updater or optimizer runs on every
    worker alike, `pull` reads this worker's copy. The timeout of every call is MXNET_KVSTORE_TIMEOUT, 60 seconds by
    default. Errors are MXNetError, and name the rank that is missing or that differs.
    """

    def __init__(self, kind: str = "dist_sync") -> None:
        super().__init__(kind)
        self._open: Bucket | None = None                  # being filled
        self._flying: list[Bucket] = []                   # sent, not yet waited for
        self._agreements = Agreements(self._link)
        self._regions = Regions(self._link)
        self._early: Early | None = None
        self._silent: dict[tuple[Key, ...], frozenset[Key]] = {}       # keys that got no gradient, by those pushed

    # ---- values ---------------------------------------------------------------------------------

    def init(self, key: Any, value: Any) -> None:
        self._settle()
        before = set(self._values)
        pairs = self._pairs(key, value)
        self._agree_on_values("init", pairs)
        super().init(key, value)
        for one, _ in pairs:
            if one not in before:
                tensor = self._values[one]._tensor
                self._link.run("init", partial(dist.broadcast, tensor, 0))

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum over devices and begin to sum over workers; what was pushed may be written to afterwards."""
        early, self._early = self._early, None
        groups = self._gradients(key, value)
        if early is not None:
            if early.keys != [one for one, _ in groups]:
                raise MXNetValueError(f"push: {len(early.keys)} keys were announced, these are {len(groups)} others")
            early.finish()
            self._silent[tuple(early.keys)] = early.silent
        elif len(groups) > 1:
            self._send_open()
            agreement = self._agreements.on(groups)
            stays = self._compression is None and self._regions.are_there
            for part in divide(list(reversed(groups)), AT_ONCE if stays else CAPACITY):
                self._send(part, agreement)
        elif groups:
            self._add(groups[0])

    def begin_push(self, key: Any, value: Any) -> Callable[[Key, torch.Tensor], None]:
        """Announce a `push` of these arrays, which are about to be written.

        The function returned is to be called for each key when its gradients are complete, with that of the last
        device, so that they can be sent while others are computed. The same `push` must follow.
        """
        self._settle()
        groups = self._gradients(key, value)
        send = partial(self._send, agreement=self._agreements.on(groups))
        self._early = Early(groups, send, self._silent.get(tuple(one for one, _ in groups), frozenset()))
        return self._early.ready

    def _gradients(self, key: Any, value: Any) -> list[Group]:
        """Keys with their tensors, checked."""
        groups = self._grouped(key, value)
        for one, values in groups:
            self._alike(one, values)
            if values[0]._tensor.shape != self._stored(one)._tensor.shape:
                raise MXNetValueError(f"key {one!r}: rank {self.rank} pushes {values[0].shape}, "
                                      f"{self._stored(one).shape} is stored")
        return [(one, [value._tensor for value in values]) for one, values in groups]

    def _add(self, group: Group) -> None:
        """Put one gradient into the bucket that is being filled."""
        if self._compression is not None:
            self._send([group], self._agreements.on([group]))
            return
        key, tensors = group
        if self._open is not None and not self._open.has_room(key, tensors[0]):
            self._send_open()
        if self._open is None:
            self._open = open_bucket(tensors[0])
        self._open.fill([group])

    def _send_open(self) -> None:
        bucket, self._open = self._open, None
        if bucket is not None:
            groups = [(key, [part]) for key, part in bucket.parts]
            agreement = self._agreements.on(groups)
            self._fly(bucket, agreement, self._region(groups, agreement))

    def _send(self, groups: Sequence[Group], agreement: Agreement) -> None:
        """Send gradients as one bucket; compression is for the sums over devices, which travel."""
        region = self._region(groups, agreement)
        bucket = bucket_of(groups, region)
        if self._compression is not None:
            for key, part in bucket.parts:
                part.copy_(self._compression(key, 0, part))
        self._fly(bucket, agreement, region)

    def _region(self, groups: Sequence[Group], agreement: Agreement) -> Region | None:
        """Memory to sum these in, if all workers share one, free for the next sum."""
        if self._compression is not None:
            return None
        region = self._regions.find(groups, agreement)
        while region is not None and region.busy:
            self._land()
        return region

    def _fly(self, bucket: Bucket, agreement: Agreement, region: Region | None) -> None:
        try:
            threshold = None if self._compression is None else self._compression.threshold
            bucket.send(self._link, agreement, threshold, region)
        except Exception:
            self._flying.clear()
            raise
        self._flying.append(bucket)

    def _land(self) -> list[Key]:
        """Wait for the first bucket that was sent, update with it, and tell its keys."""
        bucket = self._flying.pop(0)
        try:
            parts = bucket.wait(self._link)
        except Exception:
            self._flying.clear()
            raise
        ordered = sorted(parts, key=lambda part: self._order[part[0]])
        updates = [(key, self._stored(key), wrap(total, self._stored(key)._ctx)) for key, total in ordered]
        if self._updater is None and not bucket.is_dense:
            copy_rows([[total._tensor, stored._tensor] for _, stored, total in updates])
        else:
            self._update(updates)
        return [key for key, _ in parts]

    def _settle(self) -> None:
        self._send_open()
        while self._flying:
            self._land()

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        if out is None or not self._flying or not isinstance(key, (list, tuple)):
            self._settle()
            super().pull(key, out, priority, ignore_sparse)
            return
        self._send_open()
        targets: dict[Key, list[NDArray]] = {}
        for one, arrays in self._pairs(key, out):
            targets.setdefault(one, []).extend(arrays)
            self._row(one, arrays)             # what cannot be pulled is known before anything is
        last = {one: number for number, bucket in enumerate(self._flying) for one, _ in bucket.parts}
        copy_rows([self._row(one, arrays) for one, arrays in targets.items() if one not in last])
        for number in range(len(self._flying)):
            landed = self._land()              # while the next ones are on their way, this one's values are copied
            copy_rows([self._row(one, targets[one]) for one in landed if one in targets and last[one] == number])

    # ---- updating -------------------------------------------------------------------------------

    def set_updater(self, updater: Callable[[Any, NDArray, NDArray], None]) -> None:
        self._settle()
        super().set_updater(updater)

    _set_updater = set_updater

    def set_optimizer(self, optimizer: Any) -> None:
        """As for a local store; all workers give the same optimizer, or an MXNetError names the difference."""
        self._agree_on_optimizer(optimizer)
        super().set_optimizer(optimizer)

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        self._settle()
        super().save_optimizer_states(fname, dump_optimizer)

    def load_optimizer_states(self, fname: str) -> None:
        self._settle()
        super().load_optimizer_states(fname)

    def _send_command_to_servers(self, head: int, body: str) -> None:
        """Carry out a command for servers here, since workers do what servers would; see `mxnet.kvstore.commands`."""
        self._settle()
        commands.carry_out(head, body, self.set_optimizer, self.rank)
