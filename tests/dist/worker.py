# SPDX-License-Identifier: Apache-2.0
"""What the processes of the tests run: `worker.py TASK FOLDER`. Imported by the tests for the single-process runs."""
from __future__ import annotations

import os
import signal
import sys

import numpy as np

import mxnet as mx

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


if __name__ == "__main__":
    {"sync": sync, "killed": killed, "differ": differ}[sys.argv[1]](mx.kv.create("dist_sync"), sys.argv[2])
