# SPDX-License-Identifier: Apache-2.0
"""Sums over workers of one machine, in memory that all of them map, in place of sums that travel.

A region has a part for each worker and one for the sum. A worker lays its values into its own part and says that it
has arrived; when all have, each sums its share of the elements over all parts, in the order of ranks, and says that it
is done; when all are, the sum is there for all. Both words are reductions of two numbers on process groups of their
own, so that a worker that is killed, or does not come, is noticed as everywhere else. A thread waits for arrivals and
sums, while the program goes on.

Nobody can overwrite what another still reads: a part is written again only after its last sum was done everywhere, and
a sum only after all workers have arrived anew, which each does in a later push of its own, its reading done.
The memory has no name in any file system, so nothing of it is left behind, however a job ends.
"""
from __future__ import annotations

import hashlib
import mmap
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError
from .bulk import sum_rows
from .job import machine
from .link import Agreement, Link

LEAST = 1 << 18                # bytes of a bucket below which one reduction is quicker than the words of two
_MOST_REGIONS = 128            # of a store; each keeps a file open
_PAGE = mmap.PAGESIZE
_SHARE = 1024                  # elements that the shares of workers are multiples of


class Region:
    """Memory for buckets of `count` elements: `parts` of all workers, `own` among them, and their `sum`."""

    def __init__(self, sums: SharedSums, memory: mmap.mmap, number: int, dtype: torch.dtype, count: int) -> None:
        rank, world = sums.link.rank, sums.link.world
        stride = len(memory) // (world + 1)
        *self.parts, self.sum = (torch.frombuffer(memory, dtype=dtype, count=count, offset=place * stride)
                                 for place in range(world + 1))
        self.own, self.number, self.busy = self.parts[rank], number, False
        share = -(-count // (world * _SHARE)) * _SHARE
        self._mine = slice(min(rank * share, count), min((rank + 1) * share, count))
        self._sums = sums

    def begin(self) -> Round:
        """Begin to sum what stands in the parts; `own` is not to be written before the end."""
        self.busy = True
        return self._sums.begin(self)

    def sum_share(self) -> None:
        """Sum this worker's share of the elements."""
        sum_rows([[self.sum[self._mine], *(part[self._mine] for part in self.parts)]])


class Void(Region):
    """What stands in for a region where workers differ: it takes part in the words, so that all stay in step."""

    def __init__(self, sums: SharedSums, like: torch.Tensor, count: int) -> None:
        self.own, self.number, self.busy, self._sums = torch.empty(count, dtype=like.dtype), 0, False, sums

    def sum_share(self) -> None:
        """Nothing: all others differ as well."""


class Round:
    """One sum over a region that is under way."""

    def __init__(self, region: Region, word: torch.Tensor, arrival: Any) -> None:
        self.region, self._word, self._arrival = region, word, arrival
        self._departure: Any = None
        self._over = threading.Event()
        self._error: BaseException | None = None

    def carry_out(self, departures: Any) -> None:
        """Wait for all, sum, and say so; in the thread for it."""
        try:
            self._arrival.wait()
            if self._in_step:
                self.region.sum_share()
            self._departure = dist.all_reduce(torch.zeros(1), group=departures, async_op=True)
        except BaseException as error:
            self._error = error
        finally:
            self._over.set()

    @property
    def _in_step(self) -> bool:
        most, least = self._word.tolist()
        return most == -least

    def finish(self) -> None:
        """Wait until the sum is there. Raises what went wrong."""
        self._over.wait()
        if self._error is not None:
            raise self._error
        self._departure.wait()
        self.region.busy = False
        if not self._in_step:
            raise MXNetError("push: workers are out of step, they sum different arrays")


class SharedSums:
    """What the regions of a job share: the groups for the two words, and the thread that sums."""

    def __init__(self, link: Link) -> None:
        self.link, self._regions = link, 0
        options: dict[str, Any] = {"backend": "gloo", "timeout": timedelta(seconds=link.job.timeout)}
        self._arrivals, self._departures = (link.run("shared memory", lambda: dist.new_group(**options))
                                            for _ in range(2))
        self._waiting: queue.SimpleQueue[Round | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="kvstore-sums", daemon=True)
        self._thread.start()
        link.at_exit.append(self._stop)

    def region(self, like: torch.Tensor, count: int) -> Region | None:
        """A new region for `count` elements of the kind of `like`; None if not all workers can map it."""
        stride = -(-count * like.element_size() // _PAGE) * _PAGE
        memory = map_together(self.link, stride * (self.link.world + 1))
        if memory is None:
            return None
        self._regions += 1
        return Region(self, memory, self._regions, like.dtype, count)

    def begin(self, region: Region) -> Round:
        """Say that this worker's part of a region is there."""
        word = torch.tensor([region.number, -region.number])
        arrival = self.link.run("push", lambda: dist.all_reduce(word, dist.ReduceOp.MAX, group=self._arrivals,
                                                                async_op=True))
        began = Round(region, word, arrival)
        self._waiting.put(began)
        return began

    def _serve(self) -> None:
        while (began := self._waiting.get()) is not None:
            began.carry_out(self._departures)

    def _stop(self) -> None:
        self._waiting.put(None)
        self._thread.join(1)


class Regions:
    """The regions of one store, kept from push to push: mapping fresh memory costs more than a sum."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known: OrderedDict[Any, Region | None] = OrderedDict()
        self._sums: SharedSums | None = None

    def find(self, groups: Sequence[tuple[Any, Sequence[torch.Tensor]]], agreement: Agreement) -> Region | None:
        """The region for a bucket of these gradients; None for one that travels. All workers ask at the same place.

        The agreement is the one that the bucket is about to be sent by.
        """
        first = groups[0][1][0]
        count = sum(tensors[0].numel() for _, tensors in groups)
        if first.device.type != "cpu" or count * first.element_size() < LEAST:
            return None
        sums = shared_sums(self._link)
        if sums is not self._sums:
            self._known.clear()
            self._sums = sums
        if sums is None:
            return None
        name = (first.dtype, *((key, tensors[0].shape) for key, tensors in groups))
        if name not in self._known:
            if not agreement.matches:          # the others may not be about to make one
                return Void(sums, first, count)
            self._known[name] = sums.region(first, count)
            if len(self._known) > _MOST_REGIONS:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return self._known[name]

    @property
    def are_there(self) -> bool:
        """Whether workers share memory. All workers ask at the same place."""
        return shared_sums(self._link) is not None


def shared_sums(link: Link) -> SharedSums | None:
    """The job's sums in shared memory; None if its workers are on several machines, or one of them does not want it.

    All workers ask for the first time at the same place.
    """
    if link.world > 1 and not link.asked_for_shared:
        link.asked_for_shared = True
        every = [torch.zeros(1, dtype=torch.int64) for _ in range(link.world)]
        link.run("shared memory", lambda: dist.all_gather(every, torch.tensor([_machine()])))
        first = int(every[0])
        if first >= 0 and all(int(other) == first for other in every) and map_together(link, _PAGE) is not None:
            link.shared = SharedSums(link)
    return link.shared


def _machine() -> int:
    """A number that is the same for processes that may open each other's files; -1 if shared memory is not to be."""
    if os.environ.get("MXNET_KVSTORE_SHARED_MEMORY", "1") in ("", "0") or not hasattr(os, "memfd_create"):
        return -1
    try:
        text = f"{machine()} {os.readlink('/proc/self/ns/pid')} {os.getuid()}"
    except OSError:
        return -1
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def map_together(link: Link, size: int) -> mmap.mmap | None:
    """Fresh memory that all workers map; None on all of them if one cannot."""
    where, descriptor, memory = torch.tensor([-1, -1, -1]), -1, None
    try:
        if link.rank == 0:
            descriptor = os.memfd_create("mxnet-kvstore")
            os.ftruncate(descriptor, size)
            where = torch.tensor([os.getpid(), descriptor, size])
    except OSError:
        pass                                   # the others are told by the numbers below 0
    try:
        link.run("shared memory", lambda: dist.broadcast(where, 0))
        process, number, its_size = where.tolist()
        try:
            if link.rank and its_size == size:
                descriptor = os.open(f"/proc/{process}/fd/{number}", os.O_RDWR | os.O_CLOEXEC)
            memory = mmap.mmap(descriptor, size) if its_size == size else None
        except (OSError, ValueError):
            pass                               # all are told next
        mapped = torch.tensor([int(memory is not None)])
        link.run("shared memory", lambda: dist.all_reduce(mapped, dist.ReduceOp.MIN))
        return memory if int(mapped) else None
    finally:
        if descriptor >= 0:
            os.close(descriptor)               # the mapping has its own
