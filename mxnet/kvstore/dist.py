# SPDX-License-Identifier: Apache-2.0
"""Stores over several processes: `dist_sync` and its kin on torch.distributed.

There are no parameter servers. Pushed gradients are summed over the devices of a worker, laid into flat buffers and
all-reduced; every worker then applies the same update to its own copy of the value, which gives what MXNet's servers
compute. A buffer goes out when it is full, and the last one at the first pull. Before it does, workers compare what it
holds, so that other keys, shapes or dtypes are an error and not a wrong sum.
"""
from __future__ import annotations

import atexit
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..optimizer import Optimizer
from .job import Job, Members, choose_interface, connect
from .local import Key, KVStore

_BUCKET = 32 << 20             # bytes of a flat buffer; a larger array has one to itself


class _Link:
    """This process's part in the job's process group, with errors that say whose fault it was."""

    def __init__(self, job: Job) -> None:
        if job.role != "worker":
            raise MXNetError(f"DMLC_ROLE={job.role}: only workers make stores")
        choose_interface(job)
        self.job = job
        table = connect(job)
        self.members = Members(job, table)
        self.rank, self.world = self.members.join(), job.world
        self.owns_group = not dist.is_initialized()
        if self.owns_group:
            backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
            self.run("the process group", lambda: dist.init_process_group(
                backend, store=dist.PrefixStore("group", table), rank=self.rank, world_size=job.world,
                timeout=timedelta(seconds=job.timeout)))
        atexit.register(self.close)

    def run(self, what: str, operation: Callable[[], Any]) -> Any:
        """Run a collective operation; if it fails, tell which rank is missing."""
        if self.members.state != "runs":
            raise MXNetError(f"{what}: this worker's job has failed or ended before")
        self.members.steps += 1
        try:
            return operation()
        except (dist.DistError, RuntimeError) as error:
            why = self.members.explain(what)
            self.members.state = "failed"
            raise MXNetError(f"{what}: {why} (rank {self.rank} of {self.world}: "
                             f"{str(error).strip().splitlines()[0][:200]})") from error

    def agree(self, what: str, description: Any) -> None:
        """Compare what this worker is about to do with the others. Raises MXNetError naming the first difference."""
        text = json.dumps(description).encode()
        digest = int.from_bytes(hashlib.sha256(text).digest()[:7], "big")
        mine = torch.tensor([digest, len(text)])
        every = [torch.empty_like(mine) for _ in range(self.world)]
        self.run(what, lambda: dist.all_gather(every, mine))
        if all(torch.equal(other, mine) for other in every):
            return
        length = max(int(other[1]) for other in every)
        own = torch.zeros(length, dtype=torch.uint8)
        own[:len(text)] = torch.tensor(list(text), dtype=torch.uint8)
        texts = [torch.empty_like(own) for _ in range(self.world)]
        self.run(what, lambda: dist.all_gather(texts, own))
        all_of_them = [json.loads(bytes(line[:int(other[1])].tolist())) for line, other in zip(texts, every)]
        raise MXNetValueError(f"{what}: workers differ: {_difference(all_of_them)}")

    def close(self) -> None:
        """Leave the job; for the end of the process."""
        failed = self.members.state == "failed"
        self.members.leave()
        if self.owns_group and not failed and dist.is_initialized():
            try:
                dist.destroy_process_group()
            except (dist.DistError, RuntimeError):
                pass                        # the others are gone already


_link: _Link | None = None


def _connected() -> _Link:
    """The process's link: all its distributed stores share one."""
    global _link
    if _link is None:
        _link = _Link(Job.from_environment())
    return _link


def _difference(descriptions: list[Any]) -> str:
    """The first thing in which a worker differs from rank 0."""
    first = descriptions[0]
    for rank, other in enumerate(descriptions):
        if len(first) != len(other):
            return f"rank 0 has {len(first)} items, rank {rank} {len(other)}: {first!r:.200} and {other!r:.200}"
        for ours, theirs in zip(first, other):
            if ours != theirs:
                return f"rank 0 has {ours!r:.200}, rank {rank} {theirs!r:.200}"
    return "in nothing that can be told"


class DistKVStore(KVStore):
    """Values shared by all workers of a job; all workers make the same calls in the same order.

    `init` takes the values of rank 0, `push` sums over devices and workers, the updater or optimizer runs on every
    worker alike, `pull` reads this worker's copy. The timeout of every call is MXNET_KVSTORE_TIMEOUT, 60 seconds by
    default. Errors are MXNetError, and name the rank that is missing or that differs.
    """

    def __init__(self, kind: str = "dist_sync") -> None:
        if "_async" in kind:
            raise MXNetNotImplementedError(f"the store {kind!r} is not built yet; there is dist_sync")
        super().__init__(kind)
        self._link = _connected()
        self._bucket: list[tuple[Key, torch.Tensor]] = []
        self._bytes = 0
        self._buffers: dict[tuple[Any, ...], torch.Tensor] = {}

    @property
    def rank(self) -> int:
        return self._link.rank

    @property
    def num_workers(self) -> int:
        return self._link.world

    # ---- values ---------------------------------------------------------------------------------

    def init(self, key: Any, value: Any) -> None:
        self._flush()
        before = set(self._values)
        pairs = self._pairs(key, value)
        self._link.agree("init", [_described(one, array._tensor) for one, arrays in pairs for array in arrays])
        super().init(key, value)
        for one, _ in pairs:
            if one not in before:
                tensor = self._values[one]._tensor
                self._link.run("init", partial(dist.broadcast, tensor, 0))

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        for one, values in self._grouped(key, value):
            total = self._sum(one, values)._tensor
            stored = self._stored(one)
            if total.shape != stored.shape:
                self._complain(one, total, stored)
            pending = {waiting for waiting, _ in self._bucket}
            if self._bucket and (one in pending or self._bytes + total.nbytes > _BUCKET
                                 or self._bucket[0][1].dtype != total.dtype
                                 or self._bucket[0][1].device != total.device):
                self._flush()
            # the caller may write to what was pushed before the bucket goes out
            self._bucket.append((one, total.clone() if self._aliases(total, values) else total))
            self._bytes += total.nbytes

    def _complain(self, key: Key, total: torch.Tensor, stored: NDArray) -> None:
        self._flush()
        raise MXNetValueError(f"key {key!r}: rank {self.rank} pushes {tuple(total.shape)}, {stored.shape} is stored")

    @staticmethod
    def _aliases(total: torch.Tensor, values: list[NDArray]) -> bool:
        return any(value._tensor is total for value in values)

    def _flush(self) -> None:
        """Sum the waiting gradients over all workers, and update."""
        if not self._bucket:
            return
        bucket, self._bucket, self._bytes = self._bucket, [], 0
        self._link.agree("push", [_described(key, tensor) for key, tensor in bucket])
        signature = tuple((key, tuple(tensor.shape), tensor.dtype, tensor.device) for key, tensor in bucket)
        flat = self._buffers.get(signature)
        if flat is None:
            size = sum(tensor.numel() for _, tensor in bucket)
            flat = self._buffers[signature] = bucket[0][1].new_empty(size)
        parts = flat.split([tensor.numel() for _, tensor in bucket])
        totals = [part.view(tensor.shape) for part, (_, tensor) in zip(parts, bucket)]
        torch._foreach_copy_(totals, [tensor for _, tensor in bucket])
        self._link.run("push", lambda: dist.all_reduce(flat))
        for (key, _), total in zip(bucket, totals):
            stored = self._stored(key)
            if self._updater is None:
                stored._tensor.copy_(total)                # the buffer is used again: a value must not lie in it
            else:
                self._update(key, stored, wrap(total, stored._ctx))

    def _sum(self, key: Key, values: Any) -> NDArray:
        """As in a local store; compression is for what goes to other workers, the sum."""
        compression, self._compression = self._compression, None
        try:
            total = super()._sum(key, values)
        finally:
            self._compression = compression
        return total if compression is None else wrap(compression(key, 0, total._tensor), total._ctx)

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        self._flush()
        super().pull(key, out, priority, ignore_sparse)

    # ---- updating -------------------------------------------------------------------------------

    def set_updater(self, updater: Callable[[Any, NDArray, NDArray], None]) -> None:
        self._flush()
        super().set_updater(updater)

    _set_updater = set_updater

    def set_optimizer(self, optimizer: Any) -> None:
        """As for a local store; all workers give the same optimizer, or an MXNetError names the difference."""
        if not isinstance(optimizer, Optimizer):
            raise MXNetTypeError(f"set_optimizer needs an mx.optimizer.Optimizer, not a {type(optimizer).__name__}")
        self._flush()
        self._link.agree("set_optimizer", _plain("optimizer", optimizer) + _plain("lr_scheduler",
                                                                                   optimizer.lr_scheduler))
        super().set_optimizer(optimizer)

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        self._flush()
        super().save_optimizer_states(fname, dump_optimizer)

    def load_optimizer_states(self, fname: str) -> None:
        self._flush()
        super().load_optimizer_states(fname)

    # ---- the job --------------------------------------------------------------------------------

    def _barrier(self) -> None:
        """Wait until all workers are here, their pushes done."""
        self._flush()
        flag = torch.zeros(1)
        self._link.run("barrier", lambda: dist.all_reduce(flag))

    def get_num_dead_node(self, node_id: int = 0, timeout: float = 60) -> int:
        """How many workers neither answer nor ended in order; takes two seconds. The arguments are MXNet's, unused."""
        return len(self._link.members.silent()[0])

    def _send_command_to_servers(self, head: int, body: str) -> None:
        raise MXNetNotImplementedError(f"the store {self._kind!r} has no servers to command")


def _described(key: Key, tensor: torch.Tensor) -> list[Any]:
    return [key, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")]


def _plain(role: str, thing: Any) -> list[list[Any]]:
    """The class of a thing and its parameters that are plain values, to compare between workers."""
    plain = {name: value for name, value in vars(thing).items()
             if value is None or isinstance(value, (bool, int, float, str))} if thing is not None else {}
    return [[role, type(thing).__name__], *([role, name, plain[name]] for name in sorted(plain))]
