# SPDX-License-Identifier: Apache-2.0
"""The parts that distributed stores are made of, within one process."""
from __future__ import annotations

import itertools
import json
import os
import threading
from datetime import timedelta

import numpy as np
import pytest
import torch
import torch.distributed as dist

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.kvstore import buckets, commands, overlap
from mxnet.kvstore.bulk import copy_rows, sum_rows
from mxnet.kvstore.compression import pack, unpack
from mxnet.kvstore.metric import AcrossWorkers
from mxnet.kvstore.optimizers import from_plain, pack_states, to_plain, unpack_states
from mxnet.kvstore.wire import Channel

# ---- sums and copies of many arrays ------------------------------------------------------------------

SIZES = (1, 40_000, 700_001)


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("terms", [1, 2, 4])
def test_sums(threads, terms):
    rng = np.random.default_rng(0)
    rows = [[torch.empty(size), *(torch.tensor(rng.standard_normal(size), dtype=torch.float32) for _ in range(terms))]
            for size in SIZES]
    rows.append([torch.empty(300, 200), *(torch.ones(200, 300).t() for _ in range(terms))])       # not contiguous
    sum_rows(rows)
    for out, first, *others in rows:
        for other in others:
            first = first + other
        assert torch.equal(out, first)         # in the order given, to the bit


@pytest.mark.parametrize("targets", [0, 1, 3])
def test_copies(threads, targets):
    rows = [[torch.rand(size), *(torch.zeros(size, dtype=dtype) for dtype in
                                 (torch.float32, torch.float64, torch.float32)[:targets])] for size in SIZES]
    rows += [[torch.rand(5)], [torch.rand(300, 200).t(), *(torch.zeros(200, 300) for _ in range(targets))]]
    copy_rows(rows)
    for source, *copies in rows:
        assert all(torch.equal(copy, source.to(copy.dtype)) for copy in copies)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.uint8, torch.int64, torch.bool])
def test_sums_and_copies_of_every_dtype(threads, dtype):
    first, second = ((torch.rand(300_001) * 200).to(dtype) for _ in range(2))
    out, target = torch.empty_like(first), torch.zeros_like(first)
    sum_rows([[out, first, second]])
    copy_rows([[out, target]])
    assert torch.equal(out, first + second) and torch.equal(target, out)


def test_rows_that_share_memory_are_done_in_their_order(threads):
    a, b, c = (torch.full((400_000,), float(value)) for value in (1, 2, 3))
    copy_rows([[a, b], [b, c], [c, a[:]], [torch.zeros(400_000), a]])        # each needs what the one before wrote
    assert (b == 1).all() and (c == 1).all() and (a == 0).all()
    long = torch.arange(600_000.0)
    copy_rows([[long[:400_000].clone(), long[200_000:]], [long[:200_000], b[:200_000]],
               [long[300_000:500_000], c[:200_000]]])
    assert b[5] == 5 and c[5] == 100_005
    out = torch.empty(400_000)
    sum_rows([[out, b, b], [c, out, b]])
    assert torch.equal(c, b + b + b)


def test_torch_knows_of_what_was_written(threads):
    arrays = [torch.zeros(300_000), torch.zeros(3)]
    before = [array._version for array in arrays]
    copy_rows([[torch.ones(300_000), arrays[0]], [torch.ones(3), arrays[1]]])
    assert all(array._version > earlier for array, earlier in zip(arrays, before))


def test_what_fails_in_a_thread_is_raised(threads):
    with pytest.raises(RuntimeError):
        sum_rows([[torch.empty(700_000), torch.ones(700_000), torch.ones(700_000), torch.ones(3, 5)]])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_sums_after_a_fork(threads):
    rows = [[torch.empty(700_000), torch.ones(700_000), torch.ones(700_000)]]
    sum_rows(rows)
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        sum_rows(rows)
        os._exit(0 if rows[0][0][5] == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0


# ---- buckets -----------------------------------------------------------------------------------------

def groups(*sizes, dtype=torch.float32):
    return [(key, [torch.ones(size, dtype=dtype)]) for key, size in enumerate(sizes)]


def test_division_into_buckets():
    most = buckets.CAPACITY // 4
    given = groups(10, most, 5, most - 5, 1, 3 * most, 2) + [(9, [torch.ones(3, dtype=torch.float64)])]
    assert [[key for key, _ in part] for part in buckets.divide(given)] == [[0], [1], [2, 3], [4], [5], [6], [9]]


def test_a_bucket():
    bucket = buckets.open_bucket(torch.ones(2))
    bucket.fill([("a", [torch.ones(2, 2), torch.ones(2, 2)])])
    assert bucket.has_room("b", torch.ones(3)) and not bucket.has_room("a", torch.ones(3))
    assert not bucket.has_room("b", torch.ones(3, dtype=torch.float64))
    assert not bucket.has_room("b", torch.ones(buckets.CAPACITY // 4)) and not bucket.is_dense
    assert bucket.parts[0][1].tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_early_buckets_go_out_in_one_order(order, monkeypatch):
    monkeypatch.setattr(buckets, "CAPACITY", 4)
    sent = []
    early = buckets.Early(groups(1, 1, 1, 1), lambda part: sent.append([(key, values[-1].item())
                                                                         for key, values in part]))
    for key in order:                          # key 3 has no gradient in this pass
        early.ready(key, torch.tensor([10.0 + key]))
        early.ready("unknown", torch.ones(1))
    assert sent == []                          # the last key goes first, and it is not there
    early.finish()
    assert sent == [[(3, 1.0)], [(2, 12.0)], [(1, 11.0)], [(0, 10.0)]]


def test_parameters_without_a_gradient_keep_nothing_waiting(monkeypatch):
    monkeypatch.setattr(buckets, "CAPACITY", 4)
    sent = []
    early = buckets.Early(groups(1, 1, 1), lambda part: sent.append([(key, values[-1].item())
                                                                      for key, values in part]), frozenset([1]))
    early.ready(2, torch.tensor([5.0]))
    assert sent == [[(2, 5.0)], [(1, 0.0)]]
    early.finish()
    assert early.silent == {0, 1}
    with pytest.raises(MXNetError, match="gradient of 1 comes now"):
        early.ready(1, torch.ones(1))


class Recorder(mx.kv.KVStoreBase):
    """A store that notes when it gets which gradient."""

    def __init__(self):
        self.seen = []

    def begin_push(self, names, grads):
        self.names = names
        return lambda key, value: self.seen.append((key, value.clone()))


def nets():
    net = mx.sym.Variable("data")
    for index in range(3):
        net = mx.sym.Activation(mx.sym.FullyConnected(net, num_hidden=4, name=f"fc{index}"), act_type="tanh")
    yield mx.sym.SoftmaxOutput(net, name="softmax")
    yield mx.sym.SoftmaxOutput(mx.sym.linalg_gemm2(net, mx.sym.Variable("m_weight", shape=(4, 4))), name="softmax")
    yield mx.sym.SoftmaxOutput(mx.sym.sort(mx.sym.erfinv(net * .5)), name="softmax")         # needs the tape


@pytest.mark.parametrize("net", range(3))
@pytest.mark.parametrize("contexts", [1, 2])
def test_gradients_are_told_as_they_come(net, contexts):
    module = mx.mod.Module(list(nets())[net], context=[mx.cpu(i) for i in range(contexts)])
    module.bind([("data", (8, 5))], [("softmax_label", (8,))])
    module.init_params(mx.init.Uniform(1))
    batch = mx.io.DataBatch([mx.nd.random.uniform(shape=(8, 5))], [mx.nd.array(np.arange(8) % 4)])
    store, group = Recorder(), module._exec_group
    for _ in range(2):
        store.seen.clear()
        module.forward(batch, is_train=True)
        with overlap.early_push(store, group):
            module.backward()
        keys = [key for key, _ in store.seen]
        assert sorted(keys) == sorted(store.names) == sorted(group.param_names)
        assert keys.index("fc2_weight") < keys.index("fc1_weight") < keys.index("fc0_weight")
        for key, value in store.seen:
            final = group.grad_arrays[group.param_names.index(key)][-1]
            np.testing.assert_array_equal(value.numpy(), final.asnumpy())
    assert group.execs[-1]._on_gradient is None


def test_no_early_push_where_gradients_add_up():
    module = mx.mod.Module(next(nets()))
    module.bind([("data", (8, 5))], [("softmax_label", (8,))], grad_req="add")
    module.init_params()
    store = Recorder()
    module.forward(mx.io.DataBatch([mx.nd.ones((8, 5))], [mx.nd.zeros((8,))]), is_train=True)
    with overlap.early_push(store, module._exec_group):
        module.backward()
    assert store.seen == []


# ---- what travels ------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(), (1,), (4,), (37,), (3, 5, 2), (0,)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_packed_values(shape, dtype):
    sent = torch.randint(-1, 2, shape).to(dtype) * 0.25
    packed = pack(sent)
    assert packed.numel() == -(-sent.numel() // 4)
    assert torch.equal(unpack(packed, shape, 0.25, dtype), sent)


@pytest.mark.parametrize("name", sorted(set(mx.optimizer.Optimizer.opt_registry) - {"test"}))
def test_optimizers_travel(name):
    def trained(optimizer, weight, steps):
        updater = mx.optimizer.get_updater(optimizer)
        for step in range(steps):
            updater(0, mx.nd.array([[1.0, -2.0, .5]]) * (step + 1), weight)
        return updater
    klass = mx.optimizer.Optimizer.opt_registry[name]
    if not klass.__module__.startswith("mxnet."):
        pytest.skip("registered by a test")
    schedule = {} if name == "adamax" else {"lr_scheduler": mx.lr_scheduler.FactorScheduler(2, .5)}
    made = mx.optimizer.create(name, wd=0 if name == "groupadagrad" else .01, rescale_grad=.5, clip_gradient=1.0,
                               param_idx2name={0: "a_weight"}, **schedule)
    plain = json.loads(json.dumps(to_plain(made)))
    mx.random.seed(1)
    first, second = mx.nd.array([[1.0, 2.0, 3.0]]), mx.nd.array([[1.0, 2.0, 3.0]])
    updater = trained(made, first, 3)
    mx.random.seed(1)
    again = trained(from_plain(plain), second, 3)
    np.testing.assert_array_equal(first.asnumpy(), second.asnumpy())
    states, arrays = pack_states(updater.states)
    back = unpack_states(json.loads(json.dumps(states)), arrays)
    assert str(back) == str(updater.states) == str(again.states)


class Homeless(mx.optimizer.SGD):
    """An optimizer that is not registered."""


@pytest.mark.parametrize("call, match", [
    (lambda: to_plain(Homeless()), "Homeless is not registered"),
    (lambda: to_plain(mx.optimizer.create("sgd", lr_scheduler=lambda count: .1)), r"sgd.lr_scheduler is a function"),
    (lambda: from_plain({"name": "sgdd", "attributes": {}}), "no optimizer 'sgdd'.*Did you mean 'sgd'"),
    (lambda: from_plain(["os", "system"]), "no optimizer"),
    (lambda: from_plain({"name": "sgd", "attributes": {"x": {"schedule": "system", "attributes": {}}}}),
     "no schedule 'system'"),
    (lambda: commands.carry_out(0, "cos\nsystem\n", None), "the body is not JSON"),
    (lambda: commands.carry_out(5, '{"call": "system"}', None), "expected a call of set_config"),
    (lambda: commands.carry_out(9, "", None), "command 9"),
])
def test_what_does_not_travel(call, match):
    with pytest.raises((MXNetError, AttributeError) if "function" in match else MXNetError, match=match):
        call()


def test_commands():
    seen = []
    commands.carry_out(0, commands.dump(to_plain(mx.optimizer.create("sgd", learning_rate=.5))), seen.append)
    assert seen[0].lr == .5 and commands.carry_out(3, "", seen.append) is None


def channels():
    """Both sides of a connection."""
    table, sides = dist.HashStore(), {}
    made = [threading.Thread(target=lambda side=side: sides.update({side: Channel(table, "x", side, 10)}))
            for side in range(2)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()
    return sides[0], sides[1]


def test_messages(monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    server, worker = channels()
    tensors = [torch.rand(3, 5), torch.ones(()), torch.zeros(0, 4), torch.arange(7, dtype=torch.uint8),
               torch.rand(2, 3, dtype=torch.float64).t(), torch.ones(3, dtype=torch.bfloat16)]
    sender = threading.Thread(target=lambda: (worker.send({"do": "x", "keys": [1, "a"]}, tensors), worker.send({})))
    sender.start()
    message, received = server.receive()
    assert message == {"do": "x", "keys": [1, "a"]} and server.receive() == ({}, [])
    sender.join()
    for ours, theirs in zip(received, tensors):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)

    def lie():
        worker._group.send([torch.tensor([1 << 40, 0])], 0, 0).wait()
    sender = threading.Thread(target=lie)
    sender.start()
    with pytest.raises(MXNetError, match="is not one of ours"):
        server.receive()
    sender.join()


def test_nobody_on_the_other_side():
    with pytest.raises((dist.DistError, RuntimeError)):
        Channel(dist.PrefixStore("x", dist.HashStore()), "y", 1, .2)
    assert timedelta(seconds=1)


def test_a_metric_without_other_workers():
    metric = AcrossWorkers(["acc", "ce"], mx.kv.create("local"))
    metric.update_dict({"softmax_label": mx.nd.array([1])}, {"softmax_output": mx.nd.array([[.25, .75]])})
    names, found = metric.get()
    assert names == ["accuracy", "cross-entropy"] and found[0] == 1
    np.testing.assert_allclose(found[1], -np.log(.75), rtol=1e-6)
    assert metric.get_global()[1] == found
    metric.reset_local()
    assert np.isnan(metric.get()[1][0])
