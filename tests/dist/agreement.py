# SPDX-License-Identifier: Apache-2.0
"""Calls of distributed stores that run here and under MXNet: `agreement.py TASK KIND DEVICES FILE`.

Rank 0 writes what it pulls to FILE. `dist_record.py` has MXNet do it, the tests do it with this package.
"""
import json
import sys

import numpy as np

import mxnet as mx


def gradient(rank, shape, step, scale=1.0):
    values = np.random.RandomState(100 * step + rank).randn(*shape).astype("float32")
    return mx.nd.array(values * scale)


def pulled(kv, key, shape):
    out = mx.nd.zeros(shape)
    kv.pull(key, out=out)
    return out.asnumpy().tolist()


def values(kv, devices):
    """The value of rank 0, assignment of sums over devices and workers, keys that come again, an optimizer."""
    rank = kv.rank
    kv.init([3, 5], [mx.nd.ones((2, 3)) * (rank + 5), mx.nd.zeros((4,))])
    yield pulled(kv, 3, (2, 3))
    if "async" not in kv.type:                # MXNet's server dies of an asynchronous push without an optimizer
        kv.push([3, 5], [[gradient(rank, (2, 3), 1 + device) for device in range(devices)], gradient(rank, (4,), 5)])
        yield [pulled(kv, 3, (2, 3)), pulled(kv, 5, (4,))]
        kv.push([3, 3], [gradient(rank, (2, 3), 6), gradient(rank, (2, 3), 7)])
        yield pulled(kv, 3, (2, 3))
    kv.init(7, mx.nd.ones((300, 7)))
    kv._barrier()
    kv.set_optimizer(mx.optimizer.create("sgd", learning_rate=.1, momentum=.9, wd=.01, rescale_grad=.5,
                                         lr_scheduler=mx.lr_scheduler.FactorScheduler(2, .5)))
    for step in range(3):
        kv.push([3, 7], [gradient(rank, (2, 3), 8 + step), gradient(rank, (300, 7), 20 + step)])
        yield [pulled(kv, 3, (2, 3)), np.sum(pulled(kv, 7, (300, 7)), 0).tolist()]


def compressed(kv, devices):
    """2bit, with what is left over coming in later steps."""
    kv.set_gradient_compression({"type": "2bit", "threshold": 0.5})
    kv.init(3, mx.nd.zeros((37,)))
    for step in range(4):
        kv.push(3, [gradient(kv.rank + 10 * device, (37,), step, .6) for device in range(devices)])
        yield pulled(kv, 3, (37,))
        kv._barrier()


def main(task, kind, devices, path):
    kv = mx.kv.create(kind)
    found = list({"values": values, "compressed": compressed}[task](kv, int(devices)))
    if kv.rank == 0:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(found, file)
    kv._barrier()


if __name__ == "__main__":
    main(*sys.argv[1:])
