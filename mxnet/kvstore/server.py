# SPDX-License-Identifier: Apache-2.0
"""The server of `dist_async` stores: it keeps some keys, and applies each worker's gradients when they come.

A thread for each worker takes its requests one by one. All updates and commands run in one further thread, so that a
profile that a command starts shows the updates.
A worker whose connection ends without a farewell is lost, and all others are told so. With a bound on staleness, a
worker that is too many pushes ahead of the slowest waits in its pull.
"""
from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError
from ..context import cpu
from ..ndarray.handle import wrap
from . import commands
from .compression import unpack
from .job import Job, Members, connect_again, name_ranks
from .local import KVStore
from .optimizers import pack_states, unpack_states
from .wire import Channel

Answer = tuple[dict[str, Any], list[torch.Tensor]]


class _Store:
    """The values of one store of the workers, on this server."""

    def __init__(self) -> None:
        self.local = KVStore("local")
        self.changed = threading.Condition()
        self.pushes: dict[int, int] = {}       # by worker
        self.staleness: int | None = None


class ParameterServer:
    """Server number `index` of a job. `lost` are the workers that went without a word."""

    def __init__(self, job: Job, index: int) -> None:
        self.job, self.index, self.lost = job, index, set[int]()
        self._stores: dict[int, _Store] = {}
        self._lock = threading.Lock()
        self._changes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="updates")
        self._threads = [threading.Thread(target=self._attend, args=(rank,), daemon=True) for rank in range(job.world)]

    def start(self) -> None:
        """Begin to serve."""
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until all workers have said farewell or are lost."""
        for thread in self._threads:
            thread.join()
        self._changes.shutdown()

    def _attend(self, rank: int) -> None:
        """Serve one worker."""
        try:
            channel = Channel(connect_again(self.job), channel_name(self.index, rank), 0, self.job.timeout)
            failed = None
            while True:
                request, tensors = channel.receive()
                if request["do"] == "farewell":
                    self._forget(rank)
                    channel.send({})
                    return
                answer = self._answer(rank, request, tensors)
                if request["do"] == "push":    # has no answer: the worker goes on at once, and learns of errors later
                    failed = failed or answer[0].get("error")
                else:
                    channel.send(*(answer if failed is None else ({"error": failed}, [])))
                    failed = None
        except (dist.DistError, RuntimeError, MXNetError):
            self.lost.add(rank)
            self._forget(rank)

    def _forget(self, rank: int) -> None:
        """Wait for this worker no longer."""
        for store in list(self._stores.values()):
            with store.changed:
                store.pushes.pop(rank, None)
                store.changed.notify_all()

    def _answer(self, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> Answer:
        try:
            self._complain_of_lost()
            with self._lock:
                store = self._stores.setdefault(int(request["store"]), _Store())
            return getattr(self, f"_do_{request['do']}")(store, rank, request, tensors) or ({}, [])
        except MXNetError as error:
            return {"error": str(error)}, []
        except Exception as error:             # a server does not die of one request
            return {"error": f"{type(error).__name__}: {error}"}, []

    def _complain_of_lost(self) -> None:
        if self.lost:
            raise MXNetError(f"{name_ranks(sorted(self.lost))} does not answer: it was killed or its machine is gone")

    # ---- requests -------------------------------------------------------------------------------

    def _do_init(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> None:
        with store.changed:
            store.local.init(request["keys"], [wrap(tensor, cpu()) for tensor in tensors])
            store.staleness = request["staleness"]

    def _do_push(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> None:
        if "packed" in request:
            tensors = [unpack(tensor, shape, threshold, getattr(torch, dtype)) for tensor, (shape, threshold, dtype)
                       in zip(tensors, request["packed"])]
        with store.changed:
            if store.local._updater is None:
                raise MXNetError("dist_async needs an optimizer: call set_optimizer first")
            values = [wrap(tensor, cpu()) for tensor in tensors]
            self._changes.submit(store.local.push, request["keys"], values).result()
            store.pushes[rank] = store.pushes.get(rank, 0) + 1
            store.changed.notify_all()

    def _do_pull(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> Answer:
        with store.changed:
            if store.staleness is not None:
                self._wait_for_others(store, rank)
            # copies, since another worker's push may come while these are on their way
            return {}, [store.local._stored(key)._tensor.clone() for key in request["keys"]]

    def _wait_for_others(self, store: _Store, rank: int) -> None:
        """Wait until this worker is no more than `staleness` pushes ahead of the slowest."""
        def near() -> bool:
            slowest = min((count for other, count in store.pushes.items() if other != rank), default=None)
            ahead = 0 if slowest is None else store.pushes.get(rank, 0) - slowest
            return bool(self.lost) or ahead <= (store.staleness or 0)
        if not store.changed.wait_for(near, self.job.timeout):
            raise MXNetError(f"rank {rank} is more than {store.staleness} pushes ahead of the slowest worker, which "
                             f"did not come on within {self.job.timeout:g} s")
        self._complain_of_lost()

    def _do_join(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> None:
        with store.changed:
            store.pushes.setdefault(rank, 0)

    def _do_settle(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> None:
        """Nothing: the answer says that all pushes before it are done."""

    def _do_command(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> None:
        with store.changed:
            self._changes.submit(commands.carry_out, request["head"], request["body"],
                                 store.local.set_optimizer, self.index).result()

    def _do_get_states(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> Answer:
        with store.changed:
            updater = store.local._optimizer_updater("save")
            states, arrays = pack_states(updater.states)
            counts = updater.optimizer._index_update_count
            return {"states": states, "counts": list(counts.items()), "num_update": updater.optimizer.num_update}, \
                [array.clone() for array in arrays]

    def _do_set_states(self, store: _Store, rank: int, request: dict[str, Any], tensors: list[torch.Tensor]) -> None:
        with store.changed:
            updater = store.local._optimizer_updater("load")
            updater.states = unpack_states(request["states"], tensors)
            updater.states_synced = dict.fromkeys(updater.states, False)


def channel_name(server: int, rank: int) -> str:
    """What the connection of a server and a worker is called in the job's table."""
    return f"channel/{server}/{rank}"


SERVE = "serve"                # in the table when some store needs servers


def attend(job: Job, table: dist.Store) -> None:
    """What servers and the scheduler do: be there until the workers have ended, and serve if a store asks for it.

    Raises MXNetError when workers do not come, or were killed.
    """
    members, server = Members(job, table), None
    _await_workers(job, members)
    try:
        silent: list[int] = []
        while any(line[2] == "runs" and rank not in silent for rank, line in members.lines().items()):
            if job.role == "server" and server is None and table.check([SERVE]):
                server = ParameterServer(job, _server_number(job, table))
                server.start()
            silent, _ = members.silent() if server is None or server.lost else _pause(silent)
    except (dist.DistError, RuntimeError):
        return                              # the scheduler has ended, and with it the job
    if job.keeps_table:
        time.sleep(1)                       # servers read the last lines
    if silent:
        raise MXNetError(f"{job.role}: {name_ranks(silent)} ended without a word")


def _pause(silent: list[int]) -> tuple[list[int], None]:
    time.sleep(0.5)
    return silent, None


def _server_number(job: Job, table: dist.Store) -> int:
    """DMLC_SERVER_ID if there is one, else in the order of arrival."""
    return job.server if job.server is not None else table.add("servers", 1) - 1


def _await_workers(job: Job, members: Members) -> None:
    deadline = time.monotonic() + job.timeout
    while len(lines := members.lines()) < job.world:
        if time.monotonic() > deadline:
            missing = [rank for rank in range(job.world) if rank not in lines]
            raise MXNetError(f"{job.role}: {name_ranks(missing)} of {job.world} did not come within {job.timeout:g} s")
        time.sleep(0.1)
