# SPDX-License-Identifier: Apache-2.0
"""From torch's loaders to iterators and back; training on either; parts of the data for processes."""
from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import mxnet as mx

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")


def loader(count: int = 7, size: int = 3, **kwargs: Any) -> DataLoader:
    return DataLoader(TensorDataset(torch.arange(count * 2.0).reshape(count, 2), torch.arange(count)), size, **kwargs)


def labels(it: Any) -> list[Any]:
    return [(batch.label[0].asnumpy().tolist(), batch.pad) for batch in it]


@pytest.mark.parametrize(("handle", "last"), [("pad", [([6, 6, 6], 2)]), ("discard", []), ("keep", [([6], 0)])])
def test_batches_of_a_loader(handle: str, last: Any) -> None:
    it = mx.io.from_torch(loader(), last_batch_handle=handle)
    assert [(desc.name, desc.shape, np.dtype(desc.dtype).name) for desc in it.provide_data + it.provide_label] == \
        [("data", (3, 2), "float32"), ("softmax_label", (3,), "int64")]
    for _ in range(3):
        assert labels(it) == [([0, 1, 2], 0), ([3, 4, 5], 0), *last]
        it.reset()
        it.reset()                      # nothing was taken since: nothing is lost


def test_forms_of_batches() -> None:
    one = torch.zeros(2, 3)
    assert mx.io.from_torch([one, one]).provide_label == []
    it = mx.io.from_torch([{"b": one, "a": one + 1, "l": torch.ones(2)}], ["a", "b"], ["l", "missing"])
    batch = it.next()
    assert [float(array.asnumpy()[0, 0]) for array in batch.data] == [1, 0] and len(batch.label) == 1
    assert mx.io.from_torch([[np.zeros((2, 3)), mx.nd.ones((2,))]]).next().label[0].asnumpy().tolist() == [1, 1]


@pytest.mark.parametrize(("given", "match"), [
    (dict(loader=[]), "the loader gives no batches"), (dict(loader=[("x",)]), "holds tensors or arrays, not str"),
    (dict(loader=[[torch.zeros(2)] * 3]), "a batch has 3 parts, expected 1 of data"),
    (dict(loader=[{"x": torch.zeros(2)}]), r"has no \['data'\], but \['x'\]"),
    (dict(loader=[], last_batch_handle="roll"), "pad, discard or keep, not 'roll'"),
])
def test_what_is_refused(given: Any, match: str) -> None:
    with pytest.raises(mx.MXNetError, match=match):
        mx.io.from_torch(**given)


def test_errors_of_the_loader_come_through() -> None:
    def batches() -> Any:
        yield torch.zeros(2)
        raise OSError("a disk is gone")
    it = mx.io.from_torch(batches())
    it.next()
    with pytest.raises(OSError, match="a disk is gone"):
        it.next()


def test_sampler_learns_the_epoch() -> None:
    examples = TensorDataset(torch.arange(8.0))
    sampler = torch.utils.data.DistributedSampler(examples, num_replicas=2, rank=1, shuffle=True, seed=3)
    it = mx.io.from_torch(DataLoader(examples, 2, sampler=sampler), label_names=[])
    seen = []
    for epoch in range(3):
        seen.append([value for batch in it for value in batch.data[0].asnumpy().tolist()])
        sampler.set_epoch(epoch)
        assert seen[-1] == [float(at) for at in sampler]
        it.reset()
    assert seen[0] != seen[1]


def test_module_trains_on_a_loader() -> None:
    data = torch.randn(40, 4, generator=torch.Generator().manual_seed(1))
    it = mx.io.from_torch(DataLoader(TensorDataset(data, (data[:, 0] > 0).float()), 10))
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2), name="softmax")
    module = mx.mod.Module(net)
    module.fit(it, num_epoch=20, optimizer_params={"learning_rate": 0.5})
    assert module.score(it, "acc")[0][1] > 0.9


def test_batches_for_torch() -> None:
    source = mx.io.NDArrayIter({"a": np.arange(5), "b": np.arange(5) * 2}, np.arange(5) * 3, 2)
    batches = mx.io.to_torch(source)
    for given in (batches, DataLoader(batches, batch_size=None), batches):
        assert [[part.tolist() for part in batch] for batch in given] == \
            [[[0, 1], [0, 2], [0, 3]], [[2, 3], [4, 6], [6, 9]], [[4], [8], [12]]]
    assert [len(batch[0]) for batch in mx.io.to_torch(source, keep_pad=True)] == [2, 2, 2]
    parts = [[batch[0].tolist() for batch in mx.io.to_torch(source, 2, part)] for part in range(2)]
    assert parts == [[[0, 1], [4]], [[2, 3]]]
    with pytest.raises(mx.MXNetError, match=r"part_index 2 is not in \[0, 2\)"):
        mx.io.to_torch(source, 2, 2)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_share_the_batches() -> None:
    batches = mx.io.to_torch(mx.io.NDArrayIter(np.arange(12), None, 2))
    seen = [batch[0].tolist() for batch in DataLoader(batches, batch_size=None, num_workers=2,
                                                      multiprocessing_context="fork")]
    assert sorted(seen) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]


def test_and_back() -> None:
    source = mx.io.ImageRecordIter(path_imgrec=os.path.join(FOLDER, "single.rec"), data_shape=(3, 20, 20), batch_size=4)
    it = mx.io.from_torch(DataLoader(mx.io.to_torch(source), batch_size=None))
    assert labels(it) == [([0, 2, 4, 6], 0), ([8, 10, 12, 14], 0), ([16, 18, 16, 18], 2)]


def test_parts_of_processes() -> None:
    assert mx.io.rank_parts() == {"num_parts": 1, "part_index": 0}
    parts = mx.io.rank_parts(SimpleNamespace(num_workers=4, rank=3))
    it = mx.io.ImageRecordIter(path_imgrec=os.path.join(FOLDER, "single.rec"), data_shape=(3, 20, 20), batch_size=1,
                               **parts)
    assert 1 <= len(list(it)) <= 3
