# SPDX-License-Identifier: Apache-2.0
"""What the processes of the tests run: `worker.py TASK FOLDER`. Imported by the tests for the single-process runs."""
from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import mxnet as mx
from mxnet.kvstore import shared
from mxnet.kvstore.metric import AcrossWorkers
from mxnet.kvstore.optimizers import to_plain

BATCH, STEPS = 8, 6            # of one worker


def data(workers):
    """(steps, workers, batch, 5) and labels: a step of all workers is one batch of a single process."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((STEPS, 4, BATCH, 5)).astype("float32")
    return x[:, :workers], (x.sum(-1) > 0).astype("float32")[:, :workers]


def fit(x, y, batch, kvstore, seed=0, after_batch=None):
    """Parameters of a small network after two epochs."""
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=6, name="fc1")
    net = mx.sym.FullyConnected(mx.sym.Activation(net, act_type="tanh"), num_hidden=2, name="fc2")
    module = mx.mod.Module(mx.sym.SoftmaxOutput(net, name="softmax"))
    rng = np.random.default_rng(seed)
    shapes = {"fc1_weight": (6, 5), "fc1_bias": (6,), "fc2_weight": (2, 6), "fc2_bias": (2,)}
    start = {name: mx.nd.array(rng.standard_normal(shape) * .3) for name, shape in shapes.items()}
    module.fit(mx.io.NDArrayIter(x.reshape(-1, 5), y.reshape(-1), batch), num_epoch=2, kvstore=kvstore,
               optimizer="sgd", optimizer_params={"learning_rate": .5, "momentum": .9, "wd": 1e-3},
               arg_params=start, initializer=None, batch_end_callback=after_batch)
    return {name: value.asnumpy() for name, value in module.get_params()[0].items()}


def values(kv, folder):
    """init, push, pull, pushpull, updaters, buckets, compression."""
    rank, workers = kv.rank, kv.num_workers
    everyone = workers * (workers + 1) / 2
    a, b = mx.nd.zeros((2, 3)), mx.nd.zeros((4,), dtype="float64")
    kv.init(["a", "b"], [mx.nd.ones((2, 3)) * (rank + 5), mx.nd.zeros((4,), dtype="float64")])
    kv.pull("a", out=a)
    assert (a.asnumpy() == 5).all(), "the value of rank 0"
    grad = mx.nd.ones((2, 3)) * (rank + 1)
    kv.push(["a", "b"], [[grad, grad], mx.nd.ones((4,), dtype="float64")])
    kv.pull(["a", "b"], out=[a, b])
    assert (a.asnumpy() == 2 * everyone).all() and (b.asnumpy() == workers).all()
    kv.push("a", grad)
    grad[:] = 77                            # pushed is pushed
    kv.push("a", mx.nd.ones((2, 3)))
    kv.pull("a", out=a)
    assert (a.asnumpy() == workers).all()
    kv.init("c", mx.nd.ones((3,)))
    kv._set_updater(lambda key, pushed, weight: weight.__iadd__(pushed * 2))
    c = mx.nd.ones((3,)) * (rank + 1)
    kv.pushpull("c", c)
    assert (c.asnumpy() == 1 + 2 * everyone).all()
    big = mx.kv.create("dist_device_sync")
    keys = list(range(12))
    big.init(keys, [mx.nd.zeros((1000, 1000))] * 12)
    outs = [mx.nd.zeros((1000, 1000)) for _ in keys]
    big.push(keys, [mx.nd.ones((1000, 1000)) * (key + rank) for key in keys])
    big.pull(keys, out=outs)
    for key, out in zip(keys, outs):
        assert (out.asnumpy() == workers * key + everyone - workers).all()
    small = mx.kv.create("dist_sync_device")
    small.set_gradient_compression({"type": "2bit", "threshold": 0.5})
    small.init(0, mx.nd.zeros((3,)))
    out = mx.nd.zeros((3,))
    for expected in ([0, 0.5, 0], [0.5, 0.5, -0.5]):
        small.push(0, mx.nd.array([0.3, 0.6, -0.3]))
        small.pull(0, out=out)
        np.testing.assert_allclose(out.asnumpy(), np.array(expected) * workers)
    kv._barrier()


def sync(kv, folder):
    values(kv, folder)
    x, y = data(kv.num_workers)
    result = fit(x[:, kv.rank], y[:, kv.rank], BATCH, "dist_sync", seed=kv.rank)      # rank 0's start counts
    np.savez(os.path.join(folder, f"rank{kv.rank}.npz"), **result)


def killed(kv, folder):
    """Rank 1 is killed in the middle of the second batch."""
    def after_batch(param):
        if kv.rank == 1 and param.nbatch == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    x, y = data(kv.num_workers)
    fit(x[:, kv.rank], y[:, kv.rank], BATCH, kv, after_batch=after_batch)


BIG = 100_000                  # elements of arrays that are summed in shared memory


def sharing(kv, folder):
    """Sums of large arrays: exact and in the order of ranks, whatever came before and whatever is on its way."""
    rank, workers = kv.rank, kv.num_workers
    shared._MOST_REGIONS = 4                    # so that some are given up on the way
    rng = np.random.RandomState(5)
    pushed = rng.randn(6, workers, BIG).astype("float32")          # the same numbers everywhere
    sums = [sum(step[1:], step[0]) for step in pushed]

    def mine(step):
        return mx.nd.array(pushed[step][rank])

    def stored(key):
        out = mx.nd.zeros((BIG,))
        kv.pull(key, out=out)
        return out.asnumpy()
    kv.init(["a", "b", "c"], [mx.nd.zeros((BIG,))] * 3)
    for step in range(2):                       # the second time in the same memory
        kv.push(["a", "b"], [mine(step), [mine(step + 1), mine(step + 1)]])
        kv.push("c", mine(step + 2))
        np.testing.assert_array_equal(stored("a"), sums[step])
        np.testing.assert_array_equal(stored("b"), 2 * sums[step + 1])
        np.testing.assert_array_equal(stored("c"), sums[step + 2])
    for step in (3, 4):                         # two pushes of a key without a pull between them
        kv.push(["a", "b"], [mine(step), mine(5)])
        kv.push("a", mine(step - 3))
    np.testing.assert_array_equal(stored("a"), sums[1])
    np.testing.assert_array_equal(stored("b"), sums[5])
    kv.push("a", mine(2))
    np.testing.assert_array_equal(stored("b"), sums[5])
    kv.push(["b", "a"], [mine(0), mine(3)])
    other = mx.kv.create("dist_sync")          # the same keys in another store
    other.init(["a", "b"], [mx.nd.zeros((BIG,)), mx.nd.zeros((BIG,))])
    other.push(["a", "b"], [mine(4), mine(5)])
    np.testing.assert_array_equal(stored("a"), sums[3])
    np.testing.assert_array_equal(stored("b"), sums[0])
    for dtype in ("float64", "float16", "int32", "bfloat16"):
        key = f"of {dtype}"
        kv.init(key, mx.nd.zeros((3, BIG), dtype=dtype))
        kv.push(key, mx.nd.ones((3, BIG), dtype=dtype) * (rank + 1))
        assert (one(kv, key, (3, BIG)).astype("float32") == workers * (workers + 1) / 2).all()
    expected = os.environ.get("EXPECT_SHARED", "1") == "1"
    if expected:
        kv.push("a" if rank else "b", mine(0))  # known on rank 1, new on rank 0
        kv.push("b" if rank else "a", mine(1))
        raised(lambda: stored("a"), "workers differ")
        kv._barrier()
    kv._set_updater(lambda key, pushed, weight: weight.__iadd__(pushed))
    kv.init("w", mx.nd.ones((BIG,)))
    for step in range(3):
        kv.push("w", mine(step))
    np.testing.assert_array_equal(stored("w"), 1 + sums[0] + sums[1] + sums[2])
    assert (kv._link.shared is not None) == expected == any(kv._regions._known.values()), kv._link.shared
    kv._barrier()


def killed_sharing(kv, folder):
    """Rank 1 is killed before it comes to a sum in shared memory."""
    kv.init(0, mx.nd.zeros((BIG,)))
    for step in range(100):
        if kv.rank == 1 and step == 50:
            os.kill(os.getpid(), signal.SIGKILL)
        kv.push([0], [mx.nd.ones((BIG,))])
        kv.pull([0], out=[mx.nd.zeros((BIG,))])


def differ(kv, folder):
    """Every kind of difference is an error on all workers, after which the job can go on."""
    for call, match in [
        (lambda: kv.init("a", mx.nd.zeros((2 + kv.rank,))), "init: .*rank 0 has ['a', [2], 'float32'], rank 1"),
        (lambda: kv.init(f"k{kv.rank}", mx.nd.zeros((2,))), "rank 0 has ['k0', [2], 'float32'], rank 1 ['k1'"),
        (lambda: kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=.1 + kv.rank)),
         "rank 0 has ['optimizer', 'lr', 0.1], rank 1 ['optimizer', 'lr', 1.1]"),
    ]:
        try:
            call()
        except mx.base.MXNetError as error:
            assert all(part in str(error) for part in match.split(".*")), error
        else:
            raise AssertionError(f"not refused: {match}")
    kv.init(["x", "y"], [mx.nd.zeros((2,)), mx.nd.zeros((2,))])
    kv.push("x" if kv.rank else "y", mx.nd.ones((2,)))
    try:
        kv.pull("x", out=mx.nd.zeros((2,)))
    except mx.base.MXNetError as error:
        assert "push: workers differ: rank 0 has ['y'" in str(error), error
    else:
        raise AssertionError("pushes of different keys were summed")
    kv._barrier()


def raised(call, *parts):
    """Check that a call raises MXNetError, with these parts in its message."""
    try:
        call()
    except mx.base.MXNetError as error:
        assert all(part in str(error) for part in parts), error
    else:
        raise AssertionError(f"not refused: {parts}")


def one(kv, key, shape=(2,)):
    out = mx.nd.zeros(shape)
    kv.pull(key, out=out)
    return out.asnumpy().reshape(-1)[0]


def asynchronous(kv, folder):
    """Values, optimizer, states, commands and errors of `dist_async`."""
    rank, workers = kv.rank, kv.num_workers
    kv.init(["a", "b", "c"], [mx.nd.ones((2,)) * (rank + 5), mx.nd.zeros((3,)), mx.nd.ones((2, 2))])
    assert one(kv, "a") == 5, "the value of rank 0"
    kv.push("a", mx.nd.ones((2,)))
    raised(lambda: one(kv, "a"), "needs an optimizer")
    kv._barrier()
    kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0, momentum=0.5))
    mine = mx.nd.ones((2,))
    for _ in range(2):
        kv.push("b", mx.nd.ones((3,)))
        kv.push("b", mx.nd.ones((3,)))
        kv.push(["c", "a"], [[mx.nd.ones((2, 2))] * 2, mine])
        mine[:] = 1                        # pushed is pushed
        kv.pull(["a", "c"], out=[mx.nd.zeros((2,)), [mx.nd.zeros((2, 2))] * 2])
    kv._barrier()
    pushes, velocity, weight = 2 * workers, 0.0, 5.0
    for _ in range(pushes):
        velocity = 0.5 * velocity + 1
        weight -= velocity
    np.testing.assert_allclose(one(kv, "a"), weight, rtol=1e-6)
    path = os.path.join(folder, "states")
    if rank == 0:
        kv.save_optimizer_states(path, dump_optimizer=True)
        updater = mx.optimizer.get_updater(mx.optimizer.create("adam"))
        with open(path, "rb") as file:
            updater.set_states(file.read())
        assert set(updater.states) == {"a", "b", "c"}
        np.testing.assert_allclose(updater.states["a"].asnumpy(), -velocity, rtol=1e-6)
        assert updater.optimizer.momentum == 0.5 and updater.optimizer._index_update_count["b"] == 4 * workers
    kv._barrier()
    kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0, momentum=0.5))
    kv.load_optimizer_states(path)
    if rank == 0:
        kv.push("a", mx.nd.zeros((2,)))
        np.testing.assert_allclose(one(kv, "a"), weight - 0.5 * velocity, rtol=1e-6)
    kv._barrier()
    raised(lambda: kv._set_updater(lambda *arguments: None), "functions do not travel")
    raised(lambda: kv._send_command_to_servers(0, "(S'x'\n."), "the body is not JSON")
    raised(lambda: kv._send_command_to_servers(77, "{}"), "command 77")
    raised(lambda: kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0 + rank)) if workers > 1 else
           kv.set_optimizer("sgd"), "optimizer")
    raised(lambda: kv.push("a", mx.nd.zeros((3,))), f"rank {rank} pushes (3,), (2,) is stored")
    if rank == 0:
        mx.profiler.set_kvstore_handle(kv.handle)
        trace = os.path.join(folder, "servers.json")
        mx.profiler.set_config(filename=trace, profile_process="server")
        mx.profiler.set_state("run", profile_process="server")
        kv.push("a", mx.nd.zeros((2,)))
        one(kv, "a")
        mx.profiler.set_state("stop", profile_process="server")
        mx.profiler.dump(profile_process="server")
        traces = [os.path.join(folder, f"rank{number}_servers.json") for number in range(len(kv._servers))]
        assert any("aten::" in Path(path).read_text(encoding="utf-8") for path in traces)
    kv._barrier()
    assert kv.get_num_dead_node() == 0
    small = mx.kv.create("dist_async")
    small.set_gradient_compression({"type": "2bit", "threshold": 0.5})
    small.init(0, mx.nd.zeros((5,)))
    small.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0))
    small.push(0, mx.nd.array([0.6, 0.3, -0.6, 0, 0.1]))
    small._barrier()
    out = mx.nd.zeros((5,))
    small.pull(0, out=out)
    np.testing.assert_allclose(out.asnumpy(), np.array([-0.5, 0, 0.5, 0, 0]) * workers)
    small._barrier()
    assert small.sum_over_workers([1, rank]) == [workers, workers * (workers - 1) / 2]


def stale(kv, folder):
    """With a bound of 2 pushes a fast worker waits for the slow one."""
    kv.init(0, mx.nd.zeros((1,)))
    kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0))
    ahead = 0
    for step in range(12):
        if kv.rank == 1:
            time.sleep(0.05)
        kv.push(0, mx.nd.ones((1,)))
        total = -one(kv, 0, (1,))              # all pushes so far, step + 1 of them mine
        ahead = max(ahead, 2 * (step + 1) - total)
    assert ahead <= 2, ahead
    kv._barrier()


def orphaned(kv, folder):
    """Train until the server is killed."""
    kv.init(0, mx.nd.zeros((1,)))
    kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0))
    if kv.rank == 0:
        with open(os.path.join(folder, "training"), "w", encoding="utf-8"):
            pass
    for _ in range(10_000):
        time.sleep(0.01)
        kv.push(0, mx.nd.ones((1,)))
        kv.pull(0, out=mx.nd.zeros((1,)))


def lost(kv, folder):
    """Rank 1 is killed; the server tells the others."""
    kv.init(0, mx.nd.zeros((1,)))
    kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=1.0))
    for step in range(10_000):
        if kv.rank == 1 and step == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        kv.push(0, mx.nd.ones((1,)))
        kv.pull(0, out=mx.nd.zeros((1,)))


def horovod(kv, folder):
    """The store that only sums and broadcasts; a metric over all workers."""
    hvd = mx.kv.create("horovod")
    rank, workers = hvd.rank, hvd.num_workers
    assert not hvd.is_capable("optimizer") and hvd.type == "horovod" and hvd.local_rank == 0
    out = [mx.nd.zeros((2,)), mx.nd.zeros((2,))]
    for _ in range(2):
        hvd.broadcast("w", mx.nd.ones((2,)) * (rank + 3), out=out)
        assert all((array.asnumpy() == 3).all() for array in out)
    value = mx.nd.ones((2,)) * (rank + 1)
    hvd.pushpull("g", value)
    assert (value.asnumpy() == workers * (workers + 1) / 2).all()
    metric = AcrossWorkers(["acc", "ce"], kv)
    metric.update([mx.nd.array([rank, 1])], [mx.nd.array([[1.0, 0.0], [0.0, 1.0]])])
    (_, accuracy), (_, entropy) = metric.get_name_value()
    assert accuracy == (0.75 if workers == 2 else 1.0), accuracy
    assert metric._inner.metrics[0].num_inst == 2 and np.isfinite(entropy)
    metric.reset()
    kv._send_command_to_servers(0, json.dumps(to_plain(mx.optimizer.create("sgd", learning_rate=.25))))
    assert kv._updater.optimizer.lr == .25


def resume(kv, folder):
    """Training with a checkpoint each epoch; the first attempt loses rank 1 in its third epoch."""
    first = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0"
    prefix = os.path.join(folder, "net")
    done = max((epoch for epoch in range(1, 6) if os.path.exists(f"{prefix}-{epoch:04d}.states")), default=0)
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2, name="fc"), name="softmax")
    module = mx.mod.Module.load(prefix, done, load_optimizer_states=True) if done else mx.mod.Module(net)
    x, y = data(kv.num_workers)

    def kill(param):
        if first and kv.rank == 1 and param.epoch == 2 and param.nbatch == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    module.fit(mx.io.NDArrayIter(x[:, kv.rank].reshape(-1, 5), y[:, kv.rank].reshape(-1), BATCH), num_epoch=5,
               begin_epoch=done, kvstore=kv, optimizer_params={"learning_rate": .5, "momentum": .9},
               initializer=mx.init.One(), batch_end_callback=kill,
               epoch_end_callback=[mx.callback.module_checkpoint(module, prefix, 1, True)] if kv.rank == 0 else None)
    if kv.rank == 0:
        np.savez(os.path.join(folder, f"after{done}.npz"),
                 **{name: value.asnumpy() for name, value in module.get_params()[0].items()})


def full_resume(kv, folder):
    """Training with full checkpoints; rank 1 is killed before its third one, if KILL says so."""
    net = mx.sym.Dropout(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=300, name="fc1"), p=.3)
    net = mx.sym.FullyConnected(mx.sym.BatchNorm(net, fix_gamma=False, name="bn"), num_hidden=300, name="fc2")
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(net, num_hidden=2, name="fc3"), name="softmax")
    x, y = data(kv.num_workers)
    seed = 99 if "GOES_ON" in os.environ else 7 + kv.rank       # a run that goes on has drawn other numbers before
    np.random.seed(seed)
    mx.random.seed(seed)
    source = mx.io.NDArrayIter(x[:, kv.rank].reshape(-1, 5), y[:, kv.rank].reshape(-1), BATCH, shuffle=True)
    prefix = os.path.join(folder, "net")

    def kill(param):
        if kv.rank == 1 and (param.epoch, param.nbatch) == (1, 2) and "KILL" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
    module = mx.mod.Module(net, compression_params={"type": "2bit", "threshold": .01} if "PACK" in os.environ else None)
    module.fit(source, num_epoch=3, kvstore=kv, optimizer="adam", initializer=mx.init.Xavier(), resume=prefix,
               batch_end_callback=[kill, mx.callback.full_checkpoint(prefix, keep=1)],
               epoch_end_callback=mx.callback.do_checkpoint(prefix))
    np.savez(os.path.join(folder, f"final{kv.rank}.npz"),
             **{name: value.asnumpy() for table in module.get_params() for name, value in table.items()})


def others_resume(kv, folder):
    """Checkpoints that are not there for all, or are of a job of another size, are refused."""
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2), name="softmax")
    x, y = data(1)
    source = mx.io.NDArrayIter(x.reshape(-1, 5), y.reshape(-1), BATCH)
    for prefix, match in (("one", "are of a job of 1 workers, this one has 2"), ("some", "is there for all workers"),
                          ("four", "are of a job of 4 workers")):
        if kv.rank == 0:
            ends = {"one": "", "some": "-rank0of2", "four": "-rank3of4"}
            Path(folder, f"{prefix}{ends[prefix]}-00000001-e0000-b00000002.resume").write_text("", encoding="utf-8")
        kv._barrier()
        raised(lambda prefix=prefix: mx.mod.Module(net).fit(source, num_epoch=1, kvstore="dist_sync",
                                                            resume=os.path.join(folder, prefix)), match)
    raised(lambda: mx.mod.Module(net).fit(source, num_epoch=1, kvstore="dist_async", batch_end_callback=[
        mx.callback.full_checkpoint(os.path.join(folder, "async"))]), "full checkpoints are not for dist_async")
    kv._barrier()


def unplugged(kv, folder):
    """Train until a host is gone."""
    kv.init(0, mx.nd.zeros((10,)))
    for step in range(10_000):
        if step == 20 and kv.rank == 2:
            with open(os.path.join(folder, "training"), "w", encoding="utf-8"):
                pass
        time.sleep(0.02)
        kv.pushpull(0, mx.nd.ones((10,)))


def lenet(kv, folder):
    """LeNet on the 8,000 digits, each worker with its part; rank 0 wants 97 % of the test digits."""
    digits = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "data", "mnist10k")

    def part(name, **options):
        return mx.io.MNISTIter(image=f"{digits}/{name}-images-idx3-ubyte.gz", silent=True, seed=1,
                               label=f"{digits}/{name}-labels-idx1-ubyte.gz", batch_size=50, **options)
    net = mx.sym.Variable("data")
    for filters in (20, 50):
        net = mx.sym.Activation(mx.sym.Convolution(net, kernel=(5, 5), num_filter=filters), act_type="relu")
        net = mx.sym.Pooling(net, pool_type="max", kernel=(2, 2), stride=(2, 2))
    net = mx.sym.Activation(mx.sym.FullyConnected(net, num_hidden=500), act_type="relu")
    module = mx.mod.Module(mx.sym.SoftmaxOutput(mx.sym.FullyConnected(net, num_hidden=10), name="softmax"))
    mx.random.seed(kv.rank)
    module.fit(part("train", shuffle=True, num_parts=kv.num_workers, part_index=kv.rank), num_epoch=8, kvstore=kv,
               optimizer_params={"learning_rate": .03, "momentum": .85}, initializer=mx.init.Xavier())
    kv._barrier()
    if kv.rank == 0:
        kv.pull(module._exec_group.param_names, out=module._exec_group.param_arrays)
        accuracy = module.score(part("t10k", shuffle=False), "acc")[0][1]
        print(f"accuracy {accuracy}", flush=True)
        assert accuracy >= .97, accuracy
    kv._barrier()


KINDS = {"asynchronous": "dist_async", "stale": "dist_async", "lost": "dist_async", "orphaned": "dist_async",
         "lenet": "dist_async"}
TASKS = {task.__name__: task for task in (sync, killed, sharing, killed_sharing, differ, asynchronous, stale, lost,
                                         orphaned, horovod, resume, full_resume, others_resume, unplugged, lenet)}

if __name__ == "__main__":
    TASKS[sys.argv[1]](mx.kv.create(KINDS.get(sys.argv[1], "dist_sync")), sys.argv[2])
