# SPDX-License-Identifier: Apache-2.0
"""Messages between a worker and a server: JSON and arrays over a gloo group of these two.

A message is three transfers: two lengths, the JSON text, and the bytes of all arrays in a row. The text lists the
arrays' dtypes and shapes, which are checked against the lengths before memory is taken. Each pair of processes has a
group of its own, so that the end of one concerns no other.
"""
from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from ..base import MXNetError

_LONGEST_TEXT = 1 << 26
_ALIGNMENT = 16                # bytes; arrays begin at multiples of it
_FOREVER = timedelta(days=365)
DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in (
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32,
    torch.int64, torch.bool)}


class Channel:
    """One side of the connection; `side` is 0 for the server, 1 for the worker.

    Making it waits for the other side, `patience` seconds at most. Raises RuntimeError when that does not come, and in
    `send` and `receive` when it has gone.
    """

    def __init__(self, table: dist.Store, name: str, side: int, patience: float) -> None:
        store = dist.PrefixStore(name, table)
        # what counts after the start is whether the other side lives, which the connection tells
        store.set(f"side{side}", "here")
        store.wait([f"side{1 - side}"], timedelta(seconds=patience))
        self._group: Any = dist.ProcessGroupGloo(store, side, 2, _FOREVER)
        self._other = 1 - side

    def send(self, message: dict[str, Any], tensors: Sequence[torch.Tensor] = ()) -> None:
        """Send a message; returns when the tensors may be written to again."""
        tensors = [tensor.detach().to("cpu").contiguous() for tensor in tensors]
        kinds = [[str(tensor.dtype).removeprefix("torch."), list(tensor.shape)] for tensor in tensors]
        text = json.dumps([message, kinds]).encode()
        data = _flat(tensors)
        works = [self._group.send([part], self._other, 0) for part in (
            torch.tensor([len(text), data.numel()]), torch.frombuffer(bytearray(text), dtype=torch.uint8), data)
            if part.numel()]
        for work in works:
            work.wait()

    def receive(self, patience: float | None = None) -> tuple[dict[str, Any], list[torch.Tensor]]:
        """The next message. `patience` is for its beginning, in seconds; None waits for as long as it takes."""
        lengths = torch.zeros(2, dtype=torch.int64)
        self._wait(lengths, patience)
        length, size = lengths.tolist()
        if not 0 < length <= _LONGEST_TEXT or size < 0:
            raise MXNetError(f"a message of {length} + {size} bytes is not one of ours")
        text = torch.empty(length, dtype=torch.uint8)
        self._wait(text)
        message, kinds = json.loads(text.numpy().tobytes())
        sizes = [_padded(math.prod(shape) * DTYPES[dtype].itemsize) for dtype, shape in kinds]
        if sum(sizes) != size:
            raise MXNetError(f"a message lists {sum(sizes)} bytes of arrays and brings {size}")
        data = torch.empty(size, dtype=torch.uint8)
        if size:
            self._wait(data)
        return message, [part[:math.prod(shape) * DTYPES[dtype].itemsize].view(DTYPES[dtype]).view(shape)
                         for part, (dtype, shape) in zip(data.split(sizes), kinds)]

    def _wait(self, buffer: torch.Tensor, patience: float | None = None) -> None:
        self._group.recv([buffer], self._other, 0).wait(timedelta(seconds=patience) if patience else _FOREVER)


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _flat(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """The bytes of all tensors in a row."""
    data = torch.empty(sum(_padded(tensor.nbytes) for tensor in tensors), dtype=torch.uint8)
    begin = 0
    for tensor in tensors:
        data[begin:begin + tensor.nbytes].view(tensor.dtype).copy_(tensor.view(-1))
        begin += _padded(tensor.nbytes)
    return data
