# SPDX-License-Identifier: Apache-2.0
"""Gradients on their way: flat buffers that are summed over all workers, several at a time.

A bucket is filled with the gradients of some keys, sent off, and waited for when somebody wants the sums; meanwhile
the next one is filled, or the backward pass goes on. What a bucket holds follows from the calls alone and never from
time, so that all workers send the same ones in the same order and sums are the same in every run.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError
from .bulk import copy_rows, sum_rows
from .compression import pack, unpack
from .link import Agreement, Link
from .shared import Region, Round

Key = int | str
Group = tuple[Key, Sequence[torch.Tensor]]         # a key and the gradients of this worker's devices
CAPACITY = 16 << 20            # bytes of a bucket; a larger array has one to itself
AT_ONCE = 32 << 20             # the same where nothing travels and no backward pass goes on meanwhile
_MOST_PACKED = 16              # workers up to which 2 bits from each are less than 32 bits twice


class Bucket:
    """A flat buffer, which is filled from its beginning."""

    def __init__(self, flat: torch.Tensor) -> None:
        self.flat, self.used = flat, 0
        self.parts: list[tuple[Key, torch.Tensor]] = []
        self._work: Any = None
        self._round: Round | None = None                  # where the sum is made in shared memory
        self._agreement: Agreement | None = None
        self._packed: list[torch.Tensor] = []             # quantised values of all workers
        self._threshold = 0.0

    def has_room(self, key: Key, like: torch.Tensor) -> bool:
        """Whether a gradient can be added: the same kind, not there yet, and not too large."""
        return (like.dtype == self.flat.dtype and like.device == self.flat.device
                and self.used + like.numel() <= self.flat.numel() and key not in (known for known, _ in self.parts))

    def fill(self, groups: Sequence[Group]) -> None:
        """Add the sum over devices of each gradient."""
        rows = []
        for key, tensors in groups:
            first = tensors[0]
            part = self.flat[self.used:self.used + first.numel()].view(first.shape)
            self.used += first.numel()
            self.parts.append((key, part))
            rows.append([part, *(tensor.to(part.device) for tensor in tensors)])
        sum_rows(rows)

    def send(self, link: Link, agreement: Agreement, threshold: float | None = None,
             region: Region | None = None) -> None:
        """Begin to sum over workers, who agree on what this is, or will have when it is waited for.

        With a threshold the values are quantised: they travel as two bits each, unless workers are so many that sums
        on the way are less to carry. With a region they do not travel.
        """
        self._agreement = agreement
        used = self.flat[:self.used]
        if region is not None:
            if self.flat is not region.own:
                copy_rows([[used, region.own]])
            self._round = region.begin()
        elif threshold is None or link.world > _MOST_PACKED:
            self._work = link.run("push", lambda: dist.all_reduce(used, async_op=True))
        else:
            packed, self._threshold = pack(used), threshold
            self._packed = [torch.empty_like(packed) for _ in range(link.world)]
            self._work = link.run("push", lambda: dist.all_gather(self._packed, packed, async_op=True))

    def wait(self, link: Link) -> list[tuple[Key, torch.Tensor]]:
        """Keys with their sums, which are views of the buffer (of the region's sum, if there is one)."""
        assert self._agreement is not None
        self._agreement.check()
        if self._round is not None:
            link.blame("push", self._round.finish)
            self._move_to(self._round.region.sum)
            return self.parts
        link.blame("push", self._work.wait)
        used = self.flat[:self.used]
        for number, packed in enumerate(self._packed):
            values = unpack(packed, used.shape, self._threshold, used.dtype)
            used.copy_(values) if number == 0 else used.add_(values)
        return self.parts

    def _move_to(self, flat: torch.Tensor) -> None:
        """Let the parts be views of another buffer, of just the size."""
        sizes = [part.numel() for _, part in self.parts]
        self.parts = [(key, values.view(part.shape)) for (key, part), values
                      in zip(self.parts, flat.split(sizes))]
        self.flat = flat

    @property
    def is_dense(self) -> bool:
        """Whether most of the buffer is used, so that its parts may live on in it."""
        return 2 * self.used >= self.flat.numel()


def describe(key: Key, tensor: torch.Tensor) -> list[Any]:
    """A key with its shape and dtype, in plain values that workers can compare."""
    return [key, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")]


def divide(groups: Sequence[Group], capacity: int | None = None) -> list[list[Group]]:
    """Groups in their order, as lists that each fit a bucket (or are a single large array)."""
    capacity = CAPACITY if capacity is None else capacity
    lists: list[list[Group]] = []
    size = 0
    for group in groups:
        first = group[1][0]
        last = lists[-1][-1][1][0] if lists else None
        if last is None or size + first.nbytes > capacity or (last.dtype, last.device) != (first.dtype, first.device):
            lists.append([])
            size = 0
        lists[-1].append(group)
        size += first.nbytes
    return lists


def bucket_of(groups: Sequence[Group], region: Region | None = None) -> Bucket:
    """A bucket of just the size for some groups, filled with them; in their region, if there is one."""
    bucket = Bucket(_empty(groups[0][1][0], sum(tensors[0].numel() for _, tensors in groups))
                    if region is None else region.own)
    bucket.fill(groups)
    return bucket


def open_bucket(like: torch.Tensor) -> Bucket:
    """An empty bucket for what comes one by one, beginning with an array like this."""
    return Bucket(_empty(like, max(like.numel(), CAPACITY // like.element_size())))


def _empty(like: torch.Tensor, size: int) -> torch.Tensor:
    return torch.empty(size, dtype=like.dtype, device=like.device)


class Agreements:
    """What workers agree to send: anything new is compared first, what was sent before while it is on its way."""

    def __init__(self, link: Link) -> None:
        self._link, self._known = link, dict[Any, bytes]()

    def on(self, groups: Sequence[Group]) -> Agreement:
        """An agreement on keys, shapes and dtypes, checked already if it is new."""
        name = tuple((key, tensors[0].shape, tensors[0].dtype) for key, tensors in groups)
        text = self._known.get(name)
        if text is not None:
            return Agreement(self._link, "push", text)
        agreement = Agreement(self._link, "push", [describe(key, tensors[0]) for key, tensors in groups])
        agreement.check()
        self._known[name] = agreement.text
        return agreement


class Early:
    """Sends the gradients of one backward pass as they come, last layers first.

    `ready(key, last)` is called when a key's gradients are there; a bucket goes out when all of its keys and all
    buckets before it are. `finish` sends the rest. Some parameters never get a gradient (a fixed gamma): `silent` are
    those that the last pass did not tell of; theirs is zero, and they keep no bucket waiting.
    """

    def __init__(self, groups: Sequence[Group], send: Any, silent: frozenset[Key] = frozenset()) -> None:
        self.keys = [key for key, _ in groups]
        self._lists = divide(list(reversed(groups)))
        self._values: dict[Key, torch.Tensor] = {}
        self._send = send
        self._missing = [len(part) for part in self._lists]
        self._home = {key: number for number, part in enumerate(self._lists) for key, _ in part}
        self.sent = 0                          # buckets that have gone out
        self.silent = silent
        for key, tensors in groups:
            if key in silent:
                self._done(key, torch.zeros_like(tensors[-1]))

    def ready(self, key: Key, last: torch.Tensor) -> None:
        """Note that a key's gradients are complete; `last` is that of the last device."""
        if key in self.silent:
            raise MXNetError(f"the gradient of {key!r} comes now, but did not in the last backward pass: its zeros are "
                             f"on their way")
        if key in self._home:
            self._done(key, last.detach())

    def _done(self, key: Key, last: torch.Tensor) -> None:
        self._values[key] = last
        self._missing[self._home.pop(key)] -= 1
        while self.sent < len(self._lists) and not self._missing[self.sent]:
            self._next()

    def finish(self) -> None:
        """Send what has not gone out yet."""
        self.silent |= frozenset(self._home)
        while self.sent < len(self._lists):
            self._next()

    def _next(self) -> None:
        part = self._lists[self.sent]
        self.sent += 1
        values = self._values
        self._send([(key, [*tensors[:-1], values.pop(key, tensors[-1])]) for key, tensors in part])
