# SPDX-License-Identifier: Apache-2.0
"""A worker's part in its job: the process group of all workers, with errors that say whose fault it was.

All distributed stores of a process share one link. Before workers do something together that would go wrong, or hang,
if they did different things, they compare descriptions of it (`agree`).
"""
from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from ..base import MXNetError, MXNetValueError
from .job import Job, Members, choose_interface, connect

if TYPE_CHECKING:
    from .shared import SharedSums


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
        self.shared: SharedSums | None = None  # see there
        self.asked_for_shared = False
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

    def gather(self, what: str, value: Any) -> list[Any]:
        """What each worker gives, in the order of ranks: plain values that JSON knows."""
        return [json.loads(text) for text in _gathered(self, what, json.dumps(value).encode())]

    def forget_shared(self) -> None:
        """Let shared memory be arranged anew: workers have differed, and may have begun different sums in it."""
        self.shared, self.asked_for_shared = None, False

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
    """A comparison of descriptions (plain values, or their JSON) that is under way; `check` waits for it."""

    def __init__(self, link: Link, what: str, description: Any) -> None:
        self.link, self.what = link, what
        self.text = description if isinstance(description, bytes) else json.dumps(description).encode()
        self.checked = False
        self.mine = torch.tensor([_digest(self.text), len(self.text)])
        self.every = [torch.empty_like(self.mine) for _ in range(link.world)]
        self.work = link.run(what, lambda: dist.all_gather(self.every, self.mine, async_op=True))

    @property
    def matches(self) -> bool:
        """Whether all workers have the same, once they are here. All of them may ask, or some."""
        if self.work is not None:
            work, self.work = self.work, None
            self.link.blame(self.what, work.wait)
        return all(torch.equal(other, self.mine) for other in self.every)

    def check(self) -> None:
        """Raises MXNetError naming the first difference; all workers call it at the same place."""
        if self.checked or self.matches:
            return
        self.checked = True
        self.link.forget_shared()
        said = [json.loads(text) for text in _gathered(self.link, self.what, self.text)]
        raise MXNetValueError(f"{self.what}: workers differ: {_difference(said)}")


def _gathered(link: Link, what: str, text: bytes) -> list[bytes]:
    """The texts of all workers."""
    sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(link.world)]
    link.run(what, lambda: dist.all_gather(sizes, torch.tensor([len(text)])))
    own = torch.zeros(max(map(int, sizes)), dtype=torch.uint8)
    own[:len(text)] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    texts = [torch.empty_like(own) for _ in range(link.world)]
    link.run(what, lambda: dist.all_gather(texts, own))
    return [bytes(line[:int(size)].tolist()) for line, size in zip(texts, sizes)]


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


def writes_checkpoints(prefix: str | os.PathLike[str]) -> bool:
    """Whether this process writes the checkpoints of a prefix that all workers of its job may have been given.

    Rank 0 does, or on a machine where it does not run the first worker there, which may have no disk in common with
    rank 0; and each worker whose rank stands in the prefix, as scripts that keep one file for each worker have it.
    """
    if _link is None or _link.rank == 0 or re.search(rf"(?<!\d){_link.rank}(?!\d)", os.fspath(prefix)):
        return True
    return _link.members.is_first_of_machine()


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
