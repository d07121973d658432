# SPDX-License-Identifier: Apache-2.0
"""Sums and copies of many arrays at once, in pieces that fit a core's cache, by several threads.

These calls move memory and hardly compute, so what counts is how often each byte is moved. Arrays are cut into pieces;
a piece is summed over all its sources, or copied to all its targets, while it is in the cache. Threads take the next
few pieces when they are done with theirs: one that is held up by other programs holds up nobody, which the fixed
shares of torch's own threads do. Pieces go through NumPy, which lets other threads run and starts none of its own,
whatever a piece's size; what NumPy cannot do goes through torch, whole. Each element's terms are added in the order
given, so sums never vary.
"""
from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import torch

Row = Sequence[torch.Tensor]
Piece = list[np.ndarray]
_PIECE = 1 << 19               # bytes: a piece of each of a few arrays fits a core's cache
_FEW = 1 << 14                 # bytes of an array below which torch's calls are the shorter way
_LITTLE = 1 << 17              # bytes in all, below which cutting does not pay
_SMALL = 1 << 20               # bytes in all, below which other threads are not worth waking

_SUMMED = {kind: kind for kind in (torch.float32, torch.float64, torch.int8, torch.uint8, torch.int32, torch.int64)}
_COPIED = {**_SUMMED, torch.float16: torch.float16, torch.bool: torch.bool, torch.int16: torch.int16,
           torch.bfloat16: torch.int16}                # to a type of NumPy's with the same bytes

_pool: ThreadPoolExecutor | None = None


def _forget_pool() -> None:
    global _pool
    _pool = None               # threads do not survive a fork


os.register_at_fork(after_in_child=_forget_pool)


def sum_rows(rows: Sequence[Row]) -> None:
    """For each row (out, a, b, ...): out = a + b + ..., in that order; all of one shape and dtype.

    >>> import torch
    >>> out = torch.empty(2)
    >>> sum_rows([(out, torch.ones(2), torch.ones(2), torch.ones(2))]); out.tolist()
    [3.0, 3.0]
    """
    _each(rows, [row[:1] for row in rows], _SUMMED, _add, _add_whole)


def copy_rows(rows: Sequence[Row]) -> None:
    """For each row (source, target, ...): copy the source to all targets, of one shape, perhaps of other dtypes.

    Where rows write what others read, or the same array, they are done one after the other.
    """
    rows = [row for row in rows if len(row) > 1]
    _each(rows, [row[1:] for row in rows], _COPIED, _copy, _copy_whole)


def _add(piece: Piece) -> None:
    out, first, *others = piece
    if not others:
        np.copyto(out, first)
        return
    np.add(first, others[0], out)
    for other in others[1:]:
        np.add(out, other, out)


def _add_whole(rows: Sequence[Row]) -> None:
    for out, first, *others in rows:
        if not others:
            out.copy_(first)
            continue
        torch.add(first, others[0], out=out)
        for other in others[1:]:
            out.add_(other)


def _copy(piece: Piece) -> None:
    source = piece[0]
    for target in piece[1:]:
        np.copyto(target, source)


def _copy_whole(rows: Sequence[Row]) -> None:
    pairs = [(target, row[0]) for row in rows for target in row[1:]]
    if pairs:
        torch._foreach_copy_([target for target, _ in pairs], [source for _, source in pairs])


def _each(rows: Sequence[Row], written: Sequence[Row], kinds: Mapping[torch.dtype, torch.dtype],
          by_pieces: Callable[[Piece], None], whole: Callable[[Sequence[Row]], None]) -> None:
    """Run `by_pieces` over the pieces of the rows that are large and can be cut, `whole` over the others.

    `written` are the tensors of each row that are written.
    """
    sizes = [row[0].nbytes for row in rows]
    if sum(sizes) < _LITTLE:
        whole(rows)
        return
    if not _independent(rows, written, sizes):
        for row in rows:
            whole([row])
        return
    cut = [size >= _FEW and _can_be_cut(row, kinds) for row, size in zip(rows, sizes)]
    whole([row for row, now in zip(rows, cut) if not now])
    large = [(row, size) for row, size, now in zip(rows, sizes, cut) if now]
    total = sum(size for _, size in large)
    _share(_tasks(large, kinds), by_pieces, torch.get_num_threads() if total >= _SMALL else 1)
    for tensors, now in zip(written, cut):
        if now:                                # NumPy has written to memory that torch counts the changes of
            for tensor in tensors:
                torch.autograd.graph.increment_version(tensor)


def _independent(rows: Sequence[Row], written: Sequence[Row], sizes: Sequence[int]) -> bool:
    """Whether rows may be worked on at the same time: none writes what another one reads or writes.

    Tells of contiguous tensors; of others only if they begin at the same address.
    """
    begins = np.array([tensor.data_ptr() for row in rows for tensor in row], np.int64)
    widths = [len(row) for row in rows]
    ends = begins + np.repeat(sizes, widths)
    order = begins.argsort(kind="stable")
    if not np.any(ends[order[:-1]] > begins[order[1:]]):
        return True                            # no two tensors share memory
    ours = {tensor.data_ptr() for tensors in written for tensor in tensors}
    writes = np.array([address in ours for address in begins.tolist()])[order]
    reach = np.maximum.accumulate(ends[order])[:-1]
    reach_of_writes = np.maximum.accumulate(np.where(writes, ends[order], 0))[:-1]
    later, writes = begins[order[1:]], writes[1:]
    return not (np.any(writes & (reach > later)) or np.any(reach_of_writes > later))


def _can_be_cut(row: Row, kinds: Mapping[torch.dtype, torch.dtype]) -> bool:
    kind, count = row[0].dtype, row[0].numel()
    return kind in kinds and all(tensor.dtype is kind and tensor.is_cpu and tensor.is_contiguous()
                                 and tensor.numel() == count for tensor in row)


def _tasks(rows: Sequence[tuple[Row, int]], kinds: Mapping[torch.dtype, torch.dtype]) -> list[list[Piece]]:
    """Pieces of the rows; small arrays several at a time."""
    tasks: list[list[Piece]] = []
    few: list[Piece] = []
    size = 0
    for row, nbytes in rows:
        kind = kinds[row[0].dtype]
        arrays = [_numpy(tensor, kind) for tensor in row]
        if nbytes > _PIECE:
            step = _PIECE // row[0].element_size()
            flat = [array.reshape(-1) for array in arrays]
            tasks += [[[array[begin:begin + step] for array in flat]] for begin in range(0, row[0].numel(), step)]
            continue
        few.append(arrays)
        size += nbytes
        if size >= _PIECE:
            tasks.append(few)
            few, size = [], 0
    return tasks + [few] if few else tasks


def _numpy(tensor: torch.Tensor, kind: torch.dtype) -> np.ndarray:
    """The tensor's memory."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    return (tensor if tensor.dtype == kind else tensor.view(kind)).numpy()


def _share(tasks: Sequence[list[Piece]], work: Callable[[Piece], None], threads: int) -> None:
    """Let this thread and some others take task after task. Raises what one of them raises."""
    global _pool
    waiting, lock = iter(tasks), threading.Lock()

    def run() -> None:
        while True:
            with lock:
                task = next(waiting, None)
            if task is None:
                return
            for piece in task:
                work(piece)
    threads = min(threads, len(tasks))
    if threads < 2:
        run()
        return
    if _pool is None:
        _pool = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="kvstore")
    helpers = [_pool.submit(run) for _ in range(threads - 1)]
    try:
        run()
    finally:
        started = [helper for helper in helpers if not helper.cancel()]       # who has not begun yet is not needed
        wait(started)
    for helper in started:
        helper.result()
