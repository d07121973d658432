# SPDX-License-Identifier: Apache-2.0
"""The examples of the API document's Module, data and optimization sections."""
from __future__ import annotations

import numpy as np

import mxnet as mx


def mlp():
    data = mx.symbol.Variable("data")
    fc1 = mx.symbol.FullyConnected(data, name="fc1", num_hidden=128)
    act1 = mx.symbol.Activation(fc1, name="relu1", act_type="relu")
    fc2 = mx.symbol.FullyConnected(act1, name="fc2", num_hidden=10)
    return mx.symbol.SoftmaxOutput(fc2, name="softmax")


def blobs(count=200, width=20, seed=0):
    rng = np.random.RandomState(seed)
    label = rng.randint(0, 10, count)
    centres = rng.normal(size=(10, width)) * 3
    return (centres[label] + rng.normal(size=(count, width))).astype(np.float32), label.astype(np.float32)


def test_module_overview():
    x, y = blobs()
    data = mx.io.NDArrayIter(x, y, batch_size=20)
    mod = mx.mod.Module(mlp())
    mod.bind(data_shapes=data.provide_data, label_shapes=data.provide_label)
    mod.init_params()
    mod.fit(data, num_epoch=10, optimizer_params={"learning_rate": 0.5})
    new_data = mx.io.NDArrayIter(x, batch_size=20)
    assert mod.predict(new_data).shape == (200, 10)
    data.reset()
    data_batch = data.next()
    mod.forward(data_batch)
    mod.backward()
    mod.update()
    data.reset()
    assert mod.score(data, "acc")[0][1] > 0.9


def test_iterating():
    data = mx.nd.ones((100, 10))
    nd_iter = mx.io.NDArrayIter(data, batch_size=25)
    batches = [batch.data for batch in nd_iter]
    assert len(batches) == 4
    assert all("<NDArray 25x10 @cpu(0)>" in repr(b) for b in batches)
    nd_iter.reset()
    assert len(list(nd_iter)) == 4


def test_iterator_descriptions_bind_a_module():
    nd_iter = mx.io.NDArrayIter(data={"data": mx.nd.ones((100, 10))}, label={"softmax_label": mx.nd.ones((100,))},
                                batch_size=25)
    assert repr(nd_iter.provide_data) == "[DataDesc[data,(25, 10),<class 'numpy.float32'>,NCHW]]"
    assert repr(nd_iter.provide_label) == "[DataDesc[softmax_label,(25,),<class 'numpy.float32'>,NCHW]]"
    data = mx.sym.Variable("data")
    label = mx.sym.Variable("softmax_label")
    mx.sym.FullyConnected(data=data, num_hidden=1)
    loss = mx.sym.SoftmaxOutput(data=data, label=label)
    mod = mx.mod.Module(loss)
    assert mod.data_names == ["data"]
    assert mod.label_names == ["softmax_label"]
    mod.bind(data_shapes=nd_iter.provide_data, label_shapes=nd_iter.provide_label)
    mod.fit(nd_iter, num_epoch=2)


def test_optimization_section():
    data = mx.symbol.Variable("data")
    label = mx.symbol.Variable("softmax_label")
    fc = mx.symbol.FullyConnected(data, name="fc", num_hidden=10)
    loss = mx.symbol.SoftmaxOutput(fc, label, name="softmax")
    mod = mx.mod.Module(loss)
    mod.bind(data_shapes=[("data", (128, 20))], label_shapes=[("softmax_label", (128,))])
    mod.init_params(mx.initializer.Uniform(scale=1.0))
    lr_sch = mx.lr_scheduler.FactorScheduler(step=100, factor=0.9)
    mod.init_optimizer(optimizer="sgd", optimizer_params=(("learning_rate", 0.1), ("lr_scheduler", lr_sch)))
    x, y = blobs(1280)
    mod.fit(mx.io.NDArrayIter(x, y, batch_size=128), num_epoch=2)


def test_kvstore_section(capsys):
    kv = mx.kv.create("local")
    shape = (2, 3)
    kv.init(3, mx.nd.ones(shape) * 2)
    a = mx.nd.zeros(shape)
    kv.pull(3, out=a)
    assert (a.asnumpy() == 2).all()
    kv.push(3, mx.nd.ones(shape) * 8)
    kv.pull(3, out=a)
    assert (a.asnumpy() == 8).all()
    devices = [mx.cpu(i) for i in range(4)]
    b = [mx.nd.ones(shape, device) for device in devices]
    kv.push(3, b)
    kv.pull(3, out=a)
    assert (a.asnumpy() == 4).all()

    def update(key, input, stored):
        print("update on key: %d" % key)  # noqa: UP031
        stored += input * 2
    kv._set_updater(update)
    kv.pull(3, out=a)
    assert (a.asnumpy() == 4).all()
    kv.push(3, mx.nd.ones(shape))
    kv.pull(3, out=a)
    assert (a.asnumpy() == 6).all()
    kv.pull(3, out=b)
    assert (b[1].asnumpy() == 6).all()
    keys = [5, 7, 9]
    kv.init(keys, [mx.nd.ones(shape)] * len(keys))
    kv.push(keys, [mx.nd.ones(shape)] * len(keys))
    b = [mx.nd.zeros(shape)] * len(keys)
    kv.pull(keys, out=b)
    assert (b[1].asnumpy() == 3).all()
    assert capsys.readouterr().out.split("\n")[:4] == ["update on key: 3", "update on key: 5", "update on key: 7",
                                                      "update on key: 9"]
