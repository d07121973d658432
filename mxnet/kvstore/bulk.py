# SPDX-License-Identifier: Apache-2.0
"""Sums and copies of many arrays at once, in pieces that fit a core's cache, by several threads.

These calls move memory and hardly compute, so what counts is how often each byte is moved. Arrays are cut into pieces;
a piece is summed over all its sources, or copied to all its targets, while it is in the cache. Threads take the next
few pieces when they are done with theirs: one that is held up by other programs holds up nobody, which the fixed
shares of torch's own threads do. Each element's terms are added in the order given, so sums never vary.
"""
from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import torch

Row = Sequence[torch.Tensor]
_PIECE = 32_704                # elements: below 32,768 torch's operators do not start threads of their own
_TASK = 8 * _PIECE             # elements that a thread takes at a time
_SMALL = 1 << 18               # elements in all, below which other threads are not worth waking

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
    _each(rows, _add, _add)


def copy_rows(rows: Sequence[Row]) -> None:
    """For each row (source, target, ...): copy the source to all targets, of one shape, perhaps of other dtypes."""
    _each(rows, _copy, _copy_whole)


def _add(rows: Sequence[Row]) -> None:
    for out, first, *others in rows:
        if not others:
            out.copy_(first)
            continue
        torch.add(first, others[0], out=out)
        for other in others[1:]:
            out.add_(other)


def _copy(rows: Sequence[Row]) -> None:
    sources, *columns = zip(*rows)
    for targets in columns:
        torch._foreach_copy_(targets, sources)


def _copy_whole(rows: Sequence[Row]) -> None:
    pairs = [(target, row[0]) for row in rows for target in row[1:]]
    if pairs:
        torch._foreach_copy_([target for target, _ in pairs], [source for _, source in pairs])


def _each(rows: Sequence[Row], by_pieces: Callable[[Sequence[Row]], None],
          whole: Callable[[Sequence[Row]], None]) -> None:
    """Run `by_pieces` over the pieces of the rows that can be cut, `whole` over the others."""
    threads, size = torch.get_num_threads(), sum(row[0].numel() for row in rows)
    if threads < 2 or size < _PIECE:
        whole(rows)
        return
    threads = threads if size >= _SMALL else 1
    cut = [row for row in rows if _can_be_cut(row)]
    if len(cut) < len(rows):
        whole([row for row in rows if not _can_be_cut(row)])
    for width in {len(row) for row in cut}:
        _share(list(_tasks([row for row in cut if len(row) == width])), by_pieces, threads)


def _can_be_cut(row: Row) -> bool:
    return all(tensor.device.type == "cpu" and tensor.is_contiguous() for tensor in row)


def _tasks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Pieces of the rows, some at a time."""
    task: list[Row] = []
    size = 0
    for row in rows:
        for piece in zip(*(tensor.view(-1).split(_PIECE) for tensor in row)):
            task.append(piece)
            size += piece[0].numel()
            if size >= _TASK:
                yield task
                task, size = [], 0
    if task:
        yield task


def _share(tasks: Sequence[list[Row]], work: Callable[[Sequence[Row]], None], threads: int) -> None:
    """Let this thread and some others take task after task. Raises what one of them raises."""
    global _pool
    threads = min(threads, len(tasks))
    if threads == 1:
        for task in tasks:
            work(task)
        return
    if _pool is None:
        _pool = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="kvstore")
    waiting, lock = iter(tasks), threading.Lock()

    def run() -> None:
        while True:
            with lock:
                task = next(waiting, None)
            if task is None:
                return
            with torch.no_grad():
                work(task)
    helpers = [_pool.submit(run) for _ in range(threads - 1)]
    try:
        run()
    finally:
        started = [helper for helper in helpers if not helper.cancel()]       # who has not begun yet is not needed
        wait(started)
    for helper in started:
        helper.result()
