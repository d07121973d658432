# SPDX-License-Identifier: Apache-2.0
"""Who takes part in a distributed job, read from the environment, and the table that they meet at.

Two sets of variables are understood: torchrun's (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) and MXNet's (DMLC_ROLE,
DMLC_PS_ROOT_URI, DMLC_PS_ROOT_PORT, DMLC_NUM_WORKER, DMLC_NUM_SERVER, DMLC_WORKER_ID). All meet at a
`torch.distributed.TCPStore`, a table of short strings: torchrun's agent or rank 0 keeps it, or the scheduler role.
Each worker writes a beat there twice a second, so that the others can say who is missing when something fails.
"""
from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import torch.distributed as dist

from ..base import MXNetError, MXNetValueError

BEAT = 0.5                     # seconds between beats
PATIENCE = 10.0                # seconds for what the table is asked after a failure
TIMEOUT = 60.0                 # seconds, unless MXNET_KVSTORE_TIMEOUT says otherwise
ROLES = ("worker", "server", "scheduler")


@dataclass(frozen=True)
class Job:
    """One process's place in a job. `rank` is None when it is to be assigned on arrival."""

    role: str
    rank: int | None
    world: int
    address: str
    port: int
    keeps_table: bool
    timeout: float
    servers: int = 0
    server: int | None = None  # which of them, if that is given
    attempt: str = "0"

    @staticmethod
    def from_environment(env: Mapping[str, str] = os.environ) -> Job:
        """Read the variables. Raises MXNetError naming those that are missing or wrong."""
        timeout = _number(env, "MXNET_KVSTORE_TIMEOUT", float, TIMEOUT)
        if "DMLC_ROLE" in env or "DMLC_NUM_WORKER" in env:
            return Job._from_dmlc(env, timeout)
        missing = [name for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT") if name not in env]
        if missing:
            raise MXNetError(f"a distributed store needs to know its job: {', '.join(missing)} not set. Start with "
                             f"`mxtorch launch -n 2 python train.py` or torchrun, or set the DMLC_* variables")
        rank, world = _number(env, "RANK", int), _number(env, "WORLD_SIZE", int)
        if not 0 <= rank < world:
            raise MXNetValueError(f"RANK={rank} is not in a job of WORLD_SIZE={world}")
        keeps = rank == 0 and env.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
        return Job("worker", rank, world, env["MASTER_ADDR"], _number(env, "MASTER_PORT", int), keeps, timeout,
                   attempt=env.get("TORCHELASTIC_RESTART_COUNT", "0"))

    @staticmethod
    def _from_dmlc(env: Mapping[str, str], timeout: float) -> Job:
        role = env.get("DMLC_ROLE", "worker")
        if role not in ROLES:
            raise MXNetValueError(f"DMLC_ROLE={role} is none of {', '.join(ROLES)}")
        missing = [name for name in ("DMLC_NUM_WORKER", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT") if name not in env]
        if missing:
            raise MXNetError(f"a distributed store needs to know its job: {', '.join(missing)} not set")
        world = _number(env, "DMLC_NUM_WORKER", int)
        rank = _number(env, "DMLC_WORKER_ID", int) if role == "worker" and env.get("DMLC_WORKER_ID") else None
        if rank is not None and not 0 <= rank < world:
            raise MXNetValueError(f"DMLC_WORKER_ID={rank} is not in a job of DMLC_NUM_WORKER={world}")
        server = _number(env, "DMLC_SERVER_ID", int) if role == "server" and env.get("DMLC_SERVER_ID") else None
        return Job(role, rank, world, env["DMLC_PS_ROOT_URI"], _number(env, "DMLC_PS_ROOT_PORT", int),
                   role == "scheduler", timeout, servers=_number(env, "DMLC_NUM_SERVER", int, 0), server=server)


def _number(env: Mapping[str, str], name: str, kind: Any, default: Any = None) -> Any:
    text = env.get(name)
    if text is None:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise MXNetValueError(f"{name}={text!r} is not a number") from None
    if value < 0:
        raise MXNetValueError(f"{name}={text} is negative")
    return value


def connect(job: Job) -> dist.Store:
    """The job's table. Raises MXNetError when the address is not reached in time or the port is in use."""
    where = f"{job.address}:{job.port}"
    try:
        table = dist.TCPStore(job.address, job.port, None, job.keeps_table, timedelta(seconds=job.timeout),
                              wait_for_workers=False)
    except (dist.DistError, RuntimeError, ValueError) as error:
        if job.keeps_table:
            raise MXNetError(f"cannot open {where} for the job (is the port in use?): {_first_line(error)}") from error
        keeper = "the scheduler" if "DMLC_NUM_WORKER" in os.environ else "rank 0"
        raise MXNetError(f"cannot reach {keeper} at {where} within {job.timeout:g} s: {_first_line(error)}") from error
    return dist.PrefixStore(f"mxnet/{job.attempt}", table)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]


def choose_interface(job: Job) -> None:
    """Talk over the interface that leads to the job's address, unless DMLC_INTERFACE or GLOO_SOCKET_IFNAME names one.

    Left alone, gloo would take the interface of the host's name, which is often loopback.
    """
    named = os.environ.get("DMLC_INTERFACE") or _interface_towards(job.address)
    if named:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", named)


def _interface_towards(address: str) -> str | None:
    """The interface with the address that packets to `address` leave from; None where that cannot be told."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))               # sends nothing
            own = probe.getsockname()[0]
            for _, name in socket.if_nameindex():
                if _address_of(probe, name) == own:
                    return name
    except OSError:
        pass
    return None


def _address_of(probe: socket.socket, interface: str) -> str | None:
    try:
        from fcntl import ioctl
        request = struct.pack("256s", interface.encode()[:15])
        return socket.inet_ntoa(ioctl(probe.fileno(), 0x8915, request)[20:24])     # SIOCGIFADDR of Linux
    except (ImportError, OSError):
        return None


def machine() -> str:
    """What tells machines (and containers that have names of their own) apart."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = ""
    return f"{socket.gethostname()} {boot}"


class Members:
    """The workers of a job as the table shows them: who came, how far each is, who is gone.

    A worker's line is [beats, collective operations begun, state], state "runs", "done" or "failed".
    """

    def __init__(self, job: Job, table: dist.Store) -> None:
        self.job, self.steps, self.state = job, 0, "runs"
        self._table, self._beats, self._stop = table, 0, threading.Event()
        self._gone: list[int] = []             # who was found to be silent
        self.rank = -1

    def join(self) -> int:
        """Take a rank and wait for all others. Raises MXNetError for a rank taken twice, and naming who is missing."""
        job = self.job
        self.rank = job.rank if job.rank is not None else self._table.add("arrived", 1) - 1
        if self.rank >= job.world:
            raise MXNetError(f"worker number {self.rank + 1} arrives at a job of {job.world}")
        if self._table.add(f"taken/{self.rank}", 1) > 1:
            raise MXNetError(f"rank {self.rank} is taken twice: another worker of this job has it")
        self._table.set(f"machine/{self.rank}", machine())
        self._table.set(f"world/{self.rank}", str(job.world))
        deadline = time.monotonic() + job.timeout
        missing = list(range(job.world))
        while missing := [rank for rank in missing if not self._table.check([f"world/{rank}"])]:
            if time.monotonic() > deadline:
                raise MXNetError(f"{name_ranks(missing)} of {job.world} did not come within {job.timeout:g} s")
            time.sleep(0.02)
        for rank in range(job.world):
            world = int(self._table.get(f"world/{rank}"))
            if world != job.world:
                raise MXNetError(f"rank {rank} belongs to a job of {world} workers, rank {self.rank} to {job.world}")
        self._write()
        threading.Thread(target=self._beat, args=(connect_again(job),), daemon=True).start()
        return self.rank

    def is_first_of_machine(self) -> bool:
        """Whether no worker of a lower rank runs on the same machine."""
        return all(self._table.get(f"machine/{rank}").decode() != machine() for rank in range(self.rank))

    def _beat(self, table: dist.Store) -> None:
        while not self._stop.wait(BEAT):
            self._beats += 1
            try:
                self._write(table)
            except (dist.DistError, RuntimeError):
                return                      # the keeper of the table has ended: so says the next operation

    def _write(self, table: dist.Store | None = None) -> None:
        (table or self._table).set(f"line/{self.rank}", json.dumps([self._beats, self.steps, self.state]))

    def lines(self) -> dict[int, list[Any]]:
        """The line of each worker that came."""
        ranks = [rank for rank in range(self.job.world) if self._table.check([f"line/{rank}"])]
        return {rank: json.loads(self._table.get(f"line/{rank}")) for rank in ranks}

    def silent(self) -> tuple[list[int], dict[int, list[Any]]]:
        """Ranks that neither beat nor ended in order, and all lines."""
        before = self.lines()
        time.sleep(4 * BEAT)
        after = self.lines()
        return [rank for rank in after if before.get(rank) == after[rank] and after[rank][2] == "runs"
                and rank != self.rank], after

    def explain(self, what: str) -> str:
        """Who is to blame that an operation failed, as well as the table tells. The first finding goes for all."""
        try:
            return bounded(partial(self._explain, what))
        except (dist.DistError, RuntimeError):
            keeper = "the scheduler" if "DMLC_NUM_WORKER" in os.environ else "rank 0"
            return f"{keeper}, which keeps the job's table at {self.job.address}:{self.job.port}, does not answer"

    def _explain(self, what: str) -> str:
        if self._table.check(["lost"]):
            return self._table.get("lost").decode()
        silent, lines = self.silent()
        self._gone = silent
        late = [rank for rank, line in lines.items() if line[1] < self.steps and line[2] == "runs"]
        ended = [rank for rank, line in lines.items() if line[1] < self.steps and line[2] == "done"]
        for ranks, fate in ((silent, "does not answer: it was killed or its machine is gone"),
                            (ended, "has ended already"), (late, f"did not come to {what} in time")):
            if ranks:
                text = f"{name_ranks(ranks)} {fate}"
                return self._table.compare_set("lost", "", text).decode()
        return f"none of the {self.job.world} workers is missing"

    def leave(self) -> None:
        """Say that this worker has ended (or failed), for those who wait."""
        self._stop.set()
        if self.state == "runs":
            self.state = "done"
        try:
            bounded(self._write)
            if self.state == "failed" and self.job.keeps_table:
                bounded(self._await_others)
        except (dist.DistError, RuntimeError):
            pass                            # nobody is left to be told

    def _await_others(self) -> None:
        """Keep the table until all others that live have read who is to blame, and ended; for some seconds at most."""
        end = time.monotonic() + PATIENCE / 2
        while time.monotonic() < end and any(line[2] == "runs" and rank not in (self.rank, *self._gone)
                                             for rank, line in self.lines().items()):
            time.sleep(0.1)


def bounded(call: Callable[[], Any]) -> Any:
    """The result of a call, which may wait for a machine that is gone. Raises RuntimeError after some seconds."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:
            errors.append(error)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if errors:
        raise errors[0]
    if not results:
        raise RuntimeError(f"no answer within {PATIENCE:g} s")
    return results[0]


def connect_again(job: Job) -> dist.Store:
    """A connection of one's own to a table that is there: a waiting one lets no other request pass."""
    table = dist.TCPStore(job.address, job.port, None, False, timedelta(seconds=job.timeout), wait_for_workers=False)
    return dist.PrefixStore(f"mxnet/{job.attempt}", table)


def name_ranks(ranks: list[int]) -> str:
    """`rank 2`, or `ranks 2, 3`."""
    return f"rank{'s' if len(ranks) > 1 else ''} {', '.join(map(str, sorted(ranks)))}"
