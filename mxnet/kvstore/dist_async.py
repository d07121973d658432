# SPDX-License-Identifier: Apache-2.0
"""`dist_async`: servers apply the gradients of each worker when they come, and nobody waits for others.

Keys are spread over the job's servers by size. A job without server processes (torchrun's, or `mxtorch launch` without
`-s`) is served by threads of rank 0. The environment variable MXNET_KVSTORE_STALENESS bounds how many pushes a worker
may be ahead of the slowest; without it there is no bound.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError, MXNetNotImplementedError, MXNetValueError
from ..context import cpu
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..optimizer import Optimizer, Updater, get_updater
from . import commands
from .buckets import CAPACITY
from .bulk import copy_rows
from .compression import pack
from .dist import Distributed
from .link import Link
from .local import Key
from .optimizers import pack_states, to_plain, unpack_states
from .server import SERVE, ParameterServer, channel_name
from .wire import Channel


class _Servers:
    """The job's servers as a worker sees them."""

    def __init__(self, link: Link) -> None:
        self.link, self._own = link, None
        count = link.job.servers or 1
        if link.rank == 0:
            link.table.set(SERVE, "1")
            if not link.job.servers:
                self._own = ParameterServer(link.job, 0)
                self._own.start()
        self._channels = [self._open(number) for number in range(count)]
        link.at_exit.append(self._leave)

    def __len__(self) -> int:
        return len(self._channels)

    def _open(self, number: int) -> Channel:
        link = self.link
        try:
            return Channel(link.table, channel_name(number, link.rank), 1, link.job.timeout)
        except (dist.DistError, RuntimeError) as error:
            link.members.state = "failed"
            raise MXNetError(f"server {number} did not come within {link.job.timeout:g} s") from error

    def send(self, server: int, message: dict[str, Any], tensors: Sequence[torch.Tensor] = ()) -> None:
        """Send a request. A push has no answer, others have: read it before the next request."""
        self.link.members.steps += 1
        self._try(server, lambda: self._channels[server].send(message, tensors))

    def answers(self, servers: Iterable[int]) -> list[tuple[dict[str, Any], list[torch.Tensor]]]:
        """Wait for the answers to requests. Raises MXNetError if one of them, or a push before it, went wrong."""
        replies = [(server, self._try(server, partial(self._channels[server].receive, self.link.job.timeout + 5)))
                   for server in servers]
        for server, (reply, _) in replies:
            if reply.get("error"):
                raise MXNetError(f"server {server}: {reply['error']}")
        return [reply for _, reply in replies]

    def ask(self, message: dict[str, Any]) -> list[tuple[dict[str, Any], list[torch.Tensor]]]:
        """The answers of all servers to one request."""
        for server in range(len(self)):
            self.send(server, message)
        return self.answers(range(len(self)))

    def _try(self, server: int, operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except (dist.DistError, RuntimeError) as error:
            if isinstance(error, MXNetError):
                raise
            link = self.link
            link.members.state = "failed"
            raise MXNetError(f"server {server} does not answer: it was killed, its machine is gone, or it takes more "
                             f"than {link.job.timeout:g} s (rank {link.rank} of {link.world})") from error

    def _leave(self) -> None:
        """Say farewell; the worker that serves stays until all others have."""
        for channel in self._channels:
            try:
                channel.send({"do": "farewell"})
                channel.receive(self.link.job.timeout)
            except (dist.DistError, RuntimeError):
                pass                        # a server is gone: nobody is left to be told
        if self._own is not None:
            self._own.wait()


_servers: _Servers | None = None


def _connected(link: Link) -> _Servers:
    global _servers
    if _servers is None:
        _servers = _Servers(link)
    return _servers


class AsyncKVStore(Distributed):
    """Values that servers keep; see the module. Pushes travel together, before the next pull or when they are many.

    An optimizer is required, functions as updaters are not possible: only plain values travel to servers. Every worker
    sees the effect of its own pushes in its next pull.
    """

    def __init__(self, kind: str = "dist_async") -> None:
        super().__init__(kind)
        self._servers = _connected(self._link)
        self._number, self._link.stores = self._link.stores, self._link.stores + 1
        self._home: dict[Key, int] = {}                   # the server of each key
        self._loads = [0] * len(self._servers)
        self._waiting: dict[Key, torch.Tensor] = {}
        self._bytes = 0
        bound = os.environ.get("MXNET_KVSTORE_STALENESS", "")
        if bound and not bound.isdecimal():
            raise MXNetValueError(f"MXNET_KVSTORE_STALENESS={bound!r} is not a number of pushes")
        self._staleness = int(bound) if bound else None
        self._servers.ask({"do": "join", "store": self._number})
        self._link.barrier()

    # ---- values ---------------------------------------------------------------------------------

    def init(self, key: Any, value: Any) -> None:
        self._settle()
        pairs = self._pairs(key, value)
        self._agree_on_values("init", pairs)
        before = set(self._values)
        super().init(key, value)
        parts: list[list[Key]] = [[] for _ in self._loads]
        for one in dict.fromkeys(one for one, _ in pairs if one not in before):
            server = self._loads.index(min(self._loads))
            self._loads[server] += self._values[one]._tensor.nbytes
            self._home[one] = server
            parts[server].append(one)
        for server, keys in enumerate(parts):
            if keys and self.rank == 0:
                self._request(server, "init", [self._values[one]._tensor for one in keys], keys=keys,
                              staleness=self._staleness)
                self._servers.answers([server])
        for one in (one for keys in parts for one in keys):         # what stays here is shape and dtype
            self._values[one] = wrap(self._values[one]._tensor.to("meta"), cpu())
        self._link.barrier()

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum over devices; what was pushed may be written to afterwards."""
        groups = self._grouped(key, value)
        for one, values in groups:
            if values[0].shape != self._stored(one).shape:
                raise MXNetValueError(f"key {one!r}: rank {self.rank} pushes {values[0].shape}, "
                                      f"{self._stored(one).shape} is stored")
        compression, self._compression = self._compression, None    # it is for what travels, the sums
        try:
            totals = self._sum(groups)
        finally:
            self._compression = compression
        for (one, values), total in zip(groups, totals):
            if one in self._waiting:
                self._send_waiting()
            tensor = total._tensor
            self._waiting[one] = tensor.clone() if tensor is values[0]._tensor or len(groups) == 1 else tensor
            self._bytes += tensor.nbytes
        if self._bytes > CAPACITY or len(groups) > 1:
            self._send_waiting()

    def _send_waiting(self) -> None:
        waiting, self._waiting, self._bytes = self._waiting, {}, 0
        for server in range(len(self._servers)):
            keys = [key for key in waiting if self._home[key] == server]
            if not keys:
                continue
            tensors, packed = [waiting[key] for key in keys], {}
            if self._compression is not None:
                sent = [self._compression(key, 0, tensor) for key, tensor in zip(keys, tensors)]
                threshold = self._compression.threshold
                packed = {"packed": [[list(t.shape), threshold, str(t.dtype).removeprefix("torch.")] for t in sent]}
                tensors = [pack(tensor) for tensor in sent]
            self._request(server, "push", tensors, keys=keys, **packed)

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        self._send_waiting()
        if out is None:
            super().pull(key, out)             # which says what is missing
        rows: dict[Key, list[torch.Tensor]] = {}
        for one, arrays in self._pairs(key, out):
            rows.setdefault(one, []).extend(self._row(one, arrays)[1:])
        parts = [[one for one in rows if self._home[one] == server] for server in range(len(self._servers))]
        for server, keys in enumerate(parts):
            if keys:
                self._request(server, "pull", (), keys=keys)
        asked = [server for server, keys in enumerate(parts) if keys]
        for server, (_, tensors) in zip(asked, self._servers.answers(asked)):
            copy_rows([[tensor, *rows[one]] for one, tensor in zip(parts[server], tensors)])

    def _request(self, server: int, do: str, tensors: Sequence[torch.Tensor], **fields: Any) -> None:
        self._servers.send(server, {"do": do, "store": self._number, **fields}, tensors)

    def _settle(self) -> None:
        self._send_waiting()
        self._servers.ask({"do": "settle", "store": self._number})

    # ---- updating -------------------------------------------------------------------------------

    def set_updater(self, updater: Callable[[Any, NDArray, NDArray], None]) -> None:
        """Raises MXNetNotImplementedError: functions do not travel to servers; give an optimizer."""
        raise MXNetNotImplementedError(f"{self._kind}: functions do not travel to servers; use set_optimizer with a "
                                       f"registered mx.optimizer.Optimizer")

    _set_updater = set_updater

    def set_optimizer(self, optimizer: Any) -> None:
        """Let the servers update with an optimizer, which travels as its name and parameters.

        Later changes to the object have no effect, as in MXNet. Raises MXNetError when workers' optimizers differ.
        """
        self._agree_on_optimizer(optimizer)
        if self.rank == 0:
            body = commands.dump(to_plain(optimizer))
            self._servers.ask({"do": "command", "store": self._number, "head": commands.OPTIMIZER, "body": body})
        self._updater = get_updater(optimizer)
        self._link.barrier()

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the servers' states to a file, in the form of every other store. One worker may do it alone."""
        self._settle()
        updater: Updater = self._optimizer_updater("save")
        optimizer: Optimizer = updater.optimizer
        states: dict[Any, Any] = {}
        for reply, arrays in self._servers.ask({"do": "get_states", "store": self._number}):
            states.update(unpack_states(reply["states"], arrays))
            optimizer._index_update_count.update((key, count) for key, count in reply["counts"])
            optimizer.num_update = max(optimizer.num_update, reply["num_update"])
        updater.states = states
        super().save_optimizer_states(fname, dump_optimizer)
        updater.states = {}

    def load_optimizer_states(self, fname: str) -> None:
        """Read states from a file and give them to the servers; all workers call it, rank 0 reads."""
        self._settle()
        updater: Updater = self._optimizer_updater("load")
        if self.rank == 0:
            super().load_optimizer_states(fname)
            for server in range(len(self._servers)):
                own = {key: state for key, state in updater.states.items() if self._home.get(key) == server}
                states, arrays = pack_states(own)
                self._request(server, "set_states", arrays, states=states)
                self._servers.answers([server])
            updater.states = {}
        self._link.barrier()

    def _send_command_to_servers(self, head: int, body: str) -> None:
        """Send a command to all servers; see `mxnet.kvstore.commands`."""
        self._settle()
        self._servers.ask({"do": "command", "store": self._number, "head": int(head), "body": body})
