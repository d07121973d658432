# SPDX-License-Identifier: Apache-2.0
"""A worker's part in its job: the process group of all workers, with errors that say whose fault it was.

All distributed stores of a process share one link. Before workers do something together that would go wrong, or hang,
if they did different things, they compare descriptions of it (`agree`).
"""
from __future__ import annotations

import atexit
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError, MXNetValueError
from .job import Job, Members, choose_interface, connect


class Link:
    """This process's part in the job's process group.

    Attributes
    ----------
    job, members, table : the place in the job, who else is there, and the table where they meet
    rank, world : this worker's number, and how many there are
    """

    def __init__(self, job: Job) -> None:
        if job.role != "worker":
            raise MXNetError(f"DMLC_ROLE={job.role}: only workers make stores")
        choose_interface(job)
        self.job = job
        self.table = connect(job)
        self.members = Members(job, self.table)
        self.rank, self.world = self.members.join(), job.world
        self.stores = 0                        # how many distributed stores this process has made
        self.at_exit: list[Callable[[], None]] = []
        self.owns_group = not dist.is_initialized()
        if self.owns_group:
            backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
            self.run("the process group", lambda: dist.init_process_group(
                backend, store=dist.PrefixStore("group", self.table), rank=self.rank, world_size=job.world,
                timeout=timedelta(seconds=job.timeout)))
        atexit.register(self.close)

    def run(self, what: str, operation: Callable[[], Any]) -> Any:
        """Run a collective operation; if it fails, tell which rank is missing."""
        if self.members.state != "runs":
            raise MXNetError(f"{what}: this worker's job has failed or ended before")
        self.members.steps += 1
        return self.blame(what, operation)

    def blame(self, what: str, operation: Callable[[], Any]) -> Any:
        """Run something, and turn its failure into an MXNetError that names the rank that is missing."""
        try:
            return operation()
        except (dist.DistError, RuntimeError) as error:
            if isinstance(error, MXNetError):
                raise
            why = self.members.explain(what)
            self.members.state = "failed"
            raise MXNetError(f"{what}: {why} (rank {self.rank} of {self.world}: "
                             f"{(str(error).strip() or type(error).__name__).splitlines()[0][:200]})") from error

    def agree(self, what: str, description: Any) -> None:
        """Compare what this worker is about to do with the others. Raises MXNetError naming the first difference."""
        Agreement(self, what, description).check()

    def barrier(self) -> None:
        """Wait for all workers."""
        flag = torch.zeros(1)
        self.run("barrier", lambda: dist.all_reduce(flag))

    def close(self) -> None:
        """Leave the job; for the end of the process."""
        failed = self.members.state == "failed"
        self.members.leave()
        for action in self.at_exit:
            action()
        if self.owns_group and not failed and dist.is_initialized():
            try:
                dist.destroy_process_group()
            except (dist.DistError, RuntimeError):
                pass                        # the others are gone already


class Agreement:
    """A comparison of descriptions that is under way; `check` waits for it."""

    def __init__(self, link: Link, what: str, description: Any) -> None:
        self.link, self.what, self.text = link, what, json.dumps(description).encode()
        self.mine = torch.tensor([_digest(self.text), len(self.text)])
        self.every = [torch.empty_like(self.mine) for _ in range(link.world)]
        self.work = link.run(what, lambda: dist.all_gather(self.every, self.mine, async_op=True))

    def check(self) -> None:
        """Raises MXNetError naming the first difference."""
        if self.work is None:
            return
        link, work, self.work = self.link, self.work, None
        link.blame(self.what, work.wait)
        if all(torch.equal(other, self.mine) for other in self.every):
            return
        own = torch.zeros(max(int(other[1]) for other in self.every), dtype=torch.uint8)
        own[:len(self.text)] = torch.frombuffer(bytearray(self.text), dtype=torch.uint8)
        texts = [torch.empty_like(own) for _ in range(link.world)]
        link.run(self.what, lambda: dist.all_gather(texts, own))
        said = [json.loads(bytes(line[:int(other[1])].tolist())) for line, other in zip(texts, self.every)]
        raise MXNetValueError(f"{self.what}: workers differ: {_difference(said)}")


@lru_cache(maxsize=4096)
def _digest(text: bytes) -> int:
    return int.from_bytes(hashlib.sha256(text).digest()[:7], "big")


_link: Link | None = None


def connected() -> Link:
    """The process's link; the first call joins the job that the environment describes."""
    global _link
    if _link is None:
        _link = Link(Job.from_environment())
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
