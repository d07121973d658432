# SPDX-License-Identifier: Apache-2.0
"""Two hundred epochs leave nothing behind: no memory, no threads, no open files; and iterators end with their names."""
from __future__ import annotations

import gc
import itertools
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import mxnet as mx

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")
SINGLE = os.path.join(FOLDER, "single.rec")
DETECTION = os.path.join(FOLDER, "det.rec")
TRAIN = dict(data_shape=(3, 20, 20), batch_size=4, shuffle=True, rand_crop=True, preprocess_threads=2)
PARTS, WARM, EPOCHS = 5, 50, 150
# Bytes that may be more after EPOCHS more: images that the threads are at (200 bytes lost of each would show), caches,
# the allocator's mood.
PYTHON, PROCESS = 256 << 10, 6 << 20

MAKERS: dict[str, Any] = {
    "records": lambda: mx.io.ImageRecordIter(path_imgrec=SINGLE, brightness=.1, random_h=9, max_rotate_angle=9,
                                             **TRAIN),
    "detection": lambda: mx.io.ImageDetRecordIter(path_imgrec=DETECTION, rand_crop_prob=.5, rand_pad_prob=.5,
                                                  max_pad_scale=2, data_shape=(3, 20, 20), batch_size=4),
    "images": lambda: mx.image.ImageIter(4, (3, 20, 20), path_imgrec=SINGLE, rand_crop=True, rand_mirror=True),
    "arrays": lambda: mx.io.NDArrayIter(np.zeros((10, 3)), np.zeros(10), 4, True, "roll_over"),
    "prefetching": lambda: mx.io.PrefetchingIter(mx.io.NDArrayIter(np.zeros((10, 3)), np.zeros(10), 4)),
    "resized": lambda: mx.io.ResizeIter(mx.io.NDArrayIter(np.zeros((10, 3)), np.zeros(10), 4), 5),
    "loader": lambda: mx.io.from_torch(DataLoader(TensorDataset(torch.zeros(10, 3), torch.zeros(10)), 4)),
}


def run(it: Any, epochs: int) -> None:
    for _ in range(epochs):
        for batch in it:
            assert batch.data[0].shape[0] == 4
        it.reset()


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
@pytest.mark.parametrize("name", MAKERS)
def test_two_hundred_epochs(name: str) -> None:
    it = MAKERS[name]()
    run(it, WARM)
    gc.collect()
    threads, files, memory = threading.active_count(), len(os.listdir("/proc/self/fd")), resident()
    tracemalloc.start()
    try:
        run(it, PARTS)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run(it, EPOCHS - PARTS)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < PYTHON
    finally:
        tracemalloc.stop()
    assert resident() - memory < PROCESS
    assert threading.active_count() <= threads and len(os.listdir("/proc/self/fd")) <= files


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("taken", [0, 1, None])
def test_nothing_is_left_of_an_iterator(name: str, taken: int | None) -> None:
    gc.collect()
    before = set(threading.enumerate())
    it = MAKERS[name]()
    for _ in itertools.islice(it, taken):
        pass
    mine = set(threading.enumerate()) - before
    if taken:
        it.reset()
    del it
    gc.collect()
    for thread in mine | set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("kept", [1, 3, 40])
def test_buffers_are_used_again(kept: int) -> None:
    """As many as the program holds batches, and those that are worked ahead; never one that is held."""
    it = mx.io.ImageRecordIter(path_imgrec=SINGLE, prefetch_buffer=2, **TRAIN)
    held, addresses = [], set()
    for _ in range(60):
        try:
            batch = it.next()
        except StopIteration:
            it.reset()
            continue
        held = [*held, batch][-kept:]
        assert len({one.data[0]._tensor.data_ptr() for one in held}) == len(held)
        addresses.add(batch.data[0]._tensor.data_ptr())
    if kept == 1:
        assert len(addresses) <= 5
