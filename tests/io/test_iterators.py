# SPDX-License-Identifier: Apache-2.0
"""Iterators give MXNet 1.9.1's batches (scenarios/io.py); threads that fail, and what is not built."""
from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scenarios.stage import replay, stage_of

import mxnet as mx
import mxnet.io
from mxnet.base import MXNetError

STAGE = stage_of("io")


@pytest.mark.parametrize("name", STAGE.scenarios)
def test_as_mxnet(name: str) -> None:
    replay(STAGE, name)


def source(count: int = 8, size: int = 4) -> Any:
    return mx.io.NDArrayIter(mx.nd.array(np.arange(count)), mx.nd.array(np.arange(count)), size)


def test_tensors_are_data() -> None:
    it = mx.io.NDArrayIter(torch.arange(6).float().reshape(3, 2), torch.arange(3), 1)
    assert [batch.data[0].asnumpy().tolist() for batch in it] == [[[0, 1]], [[2, 3]], [[4, 5]]]


def test_batches_do_not_change_the_data() -> None:
    data = mx.nd.array(np.arange(6))
    before = data.asnumpy()
    for batch in mx.io.NDArrayIter(data, None, 2, shuffle=True):
        batch.data[0][:] = 0
    np.testing.assert_array_equal(data.asnumpy(), before)


def test_descriptions_survive_pickling() -> None:
    desc = mx.io.DataDesc("x", (2, 3), "int8", "TNC")
    copied = pickle.loads(pickle.dumps(desc))
    assert (copied, copied.dtype, copied.layout) == (desc, "int8", "TNC")


class Failing(mx.io.DataIter):
    provide_data, provide_label = [mx.io.DataDesc("data", (2,))], []

    def next(self) -> Any:
        raise ValueError("a disk is gone")


def test_prefetching_hands_errors_on() -> None:
    it = mx.io.PrefetchingIter(Failing(2))
    with pytest.raises(ValueError, match="a disk is gone"):
        it.next()


def test_prefetching_leaves_no_threads() -> None:
    before = threading.active_count()
    it = mx.io.PrefetchingIter([source(), source()])
    it.next()
    it.reset()
    assert len(list(it)) == 2
    del it
    assert threading.active_count() == before


def test_prefetching_of_other_lengths() -> None:
    it = mx.io.PrefetchingIter([source(8), source(4)])
    it.next()
    with pytest.raises(MXNetError, match="Number of entry mismatches"):
        it.next()


@pytest.mark.parametrize(("call", "match"), [
    (lambda: mx.io.NDArrayIter(np.zeros(5), np.zeros(4), 2), "'softmax_label' has 4 examples, 'data' has 5"),
    (lambda: mx.io.NDArrayIter(np.zeros(5), None, 2, last_batch_handle="keep"),
     "pad, discard or roll_over, not 'keep'"),
    (lambda: mx.io.NDArrayIter(None, None, 2), "needs data"),
    (lambda: mx.io.NDArrayIter("x", None, 2), "not str"),
    (lambda: mx.io.PrefetchingIter([]), "at least one iterator"),
    (lambda: mx.io.ResizeIter(source(), 3).getdata(), "call next first"),
    (lambda: mx.io.DataBatch(mx.nd.zeros((2,))), "Data must be list of NDArrays"),
    (lambda: mx.io.LibSVMIter(data_libsvm="x"), "not built yet"),
])
def test_errors(call: Any, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        call()


def test_errors_where_mxnet_asserts() -> None:
    it, wrong = source(), [source(8), source(4)]
    ended = mx.io.NDArrayIter(np.zeros((4, 1)), None, 4)
    assert len(list(ended)) == 1
    for call in (it.getdata, ended.getdata, lambda: mx.io.NDArrayIter([]), lambda: mx.io.PrefetchingIter([]),
                 lambda: list(mx.io.PrefetchingIter(wrong)), lambda: mx.io.DataBatch(1),
                 lambda: mx.io.DataBatch([], 1)):
        with pytest.raises(AssertionError):
            call()


def test_abstract_iterator() -> None:
    for name in ("iter_next", "getdata"):
        with pytest.raises(NotImplementedError, match="DataIter does not define|defines neither"):
            getattr(mx.io.DataIter(), name)()
    assert [getattr(mx.io.DataIter(), name)() for name in ("getlabel", "getindex", "getpad")] == [None] * 3


class MultiIter:
    """The overview's example: several iterators side by side."""

    def __init__(self, iter_list: list[Any]) -> None:
        self.iters = iter_list

    def next(self) -> Any:
        batches = [it.next() for it in self.iters]
        return mx.io.DataBatch(data=[array for batch in batches for array in batch.data],
                               label=[array for batch in batches for array in batch.label])

    def reset(self) -> None:
        for it in self.iters:
            it.reset()

    @property
    def provide_data(self) -> list[Any]:
        return [desc for it in self.iters for desc in it.provide_data]


def test_several_iterators_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "txt.csv").write_text("".join(f"{row},{row * 2}\n" for row in range(10)))
    records = Path(__file__).parents[1] / "data" / "image" / "single.rec"
    it = MultiIter([mx.io.ImageRecordIter(path_imgrec=str(records), data_shape=(3, 20, 20), batch_size=4),
                    mx.io.CSVIter(data_csv=str(tmp_path / "txt.csv"), data_shape=(2,), batch_size=4)])
    assert [desc.shape for desc in it.provide_data] == [(4, 3, 20, 20), (4, 2)]
    for first in (0, 2):                       # both begin an epoch behind what filled the last one up
        for at in range(3 - first // 2):
            batch = it.next()
            rows = [(first + at * 4 + place) % 10 for place in range(4)]
            assert batch.label[0].asnumpy().tolist() == [row * 2 for row in rows]
            assert batch.data[1].asnumpy().tolist() == [[row, row * 2] for row in rows]
        with pytest.raises(StopIteration):
            it.next()
        it.reset()


@pytest.mark.parametrize("handle", ["pad", "discard", "roll_over"])
@pytest.mark.parametrize("taken", [0, 1, 2])
def test_prefetching_is_one_batch_ahead(handle: str, taken: int) -> None:
    """So what a reset in the middle of an epoch finds does not depend on time."""
    inside = mx.io.NDArrayIter(np.arange(7), None, 2, last_batch_handle=handle)
    it = mx.io.PrefetchingIter(inside)
    for _ in range(taken):
        it.next()
    it.reset()
    it.reset()
    assert it.next().data[0].asnumpy().tolist() == [0, 1]


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_of_batches(size: int) -> None:
    with pytest.raises(MXNetError, match=f"batch_size is at least 1, not {size}"):
        mx.io.NDArrayIter(np.zeros(5), None, size)


def test_layout_is_told() -> None:
    assert mx.io.NDArrayIter(np.zeros((5, 2)), None, 2, layout="NT").provide_data[0].layout == "NT"
