# SPDX-License-Identifier: Apache-2.0
"""Local stores: what MXNet 1.9.1 does with the same calls (numbers recorded from it)."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError

KINDS = ["local", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device", "device", "nccl"]


def const(value, shape=(2,), **kwargs):
    return mx.nd.full(shape, value, **kwargs)


def zeros(count, shape=(2,)):
    return [mx.nd.zeros(shape) for _ in range(count)]


def pulled(kv, key, shape=(2,)):
    out = mx.nd.zeros(shape)
    kv.pull(key, out=out)
    return out.asnumpy().tolist()


def store(kind="local", **values):
    kv = mx.kv.create(kind)
    for key, value in values.items():
        kv.init(key, const(value))
    return kv


@pytest.mark.parametrize("kind", [*KINDS, "LOCAL"])
def test_create(kind):
    kv = mx.kv.create(kind)
    assert isinstance(kv, mx.kv.KVStore)
    assert (kv.type, kv.rank, kv.num_workers) == (kind.lower(), 0, 1)
    assert kv.is_capable("optimizer") and kv.is_capable("Optimizer")
    assert kv._barrier() is None and kv._send_command_to_servers(0, "") is None


def test_other_names_are_local_and_logged(caplog):
    assert mx.kv.create("devcie").type == "devcie"
    assert "Did you mean 'device'" in caplog.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("devices", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(2, 3), (), (0, 3), (200_001,)])
def test_sums_over_devices(kind, devices, shape):
    rng = np.random.default_rng(devices)
    values = [rng.standard_normal(shape).astype("float32") for _ in range(devices)]
    arrays = [mx.nd.array(value, ctx=mx.cpu(i)) if value.size else mx.nd.zeros(shape, ctx=mx.cpu(i))
              for i, value in enumerate(values)]
    if shape == ():
        arrays = [mx.nd.array(value.reshape(1)).reshape((1,)) for value in values]
    kv = mx.kv.create(kind)
    kv.init("w", mx.nd.zeros(arrays[0].shape))
    outs = [mx.nd.zeros(arrays[0].shape, ctx=mx.cpu(i)) for i in range(devices)]
    expected = sum(value.astype("float64") for value in values)
    for _ in range(2):                      # the buffer of the sum is used again
        kv.push("w", arrays)
        kv.pull("w", out=outs)
        for out in outs:
            np.testing.assert_allclose(out.asnumpy().reshape(shape), expected, rtol=1e-5, atol=1e-6)
    for array, value in zip(arrays, values):
        assert (array.asnumpy().reshape(shape) == value).all()


@pytest.mark.parametrize("keys", [[3, 5], ["a", "b"], (3, 5)])
def test_lists_and_lists_of_lists(keys):
    kv = mx.kv.create()
    kv.init(keys, [const(1), const(4)])
    outs = zeros(4)
    kv.push(keys, [[const(1), const(1)], [const(1)] * 4])
    kv.pull(keys, out=[outs[:2], outs[2:]])
    assert [out.asnumpy().tolist() for out in outs] == [[2, 2], [2, 2], [4, 4], [4, 4]]


def test_a_key_that_comes_again_is_summed():
    kv = mx.kv.create()
    kv.init([3, 5], [const(1), const(1)])
    kv.push([3, 5, 3], [const(1), const(7), const(4)])
    assert (pulled(kv, 3), pulled(kv, 5)) == ([5, 5], [7, 7])


@pytest.mark.parametrize("keys, expected", [
    ([9, 3, 5], [(3, 7), (5, 5), (9, 1)]),                       # int keys rise
    (["c", "a", "b"], [(b"c", 1), (b"a", 7), (b"b", 5)]),        # str keys go in the order of init, as bytes
])
def test_order_of_updates(keys, expected):
    kv, seen = mx.kv.create(), []
    kv.init(keys, [const(1)] * 3)
    kv._set_updater(lambda key, grad, weight: seen.append((key, grad.asnumpy()[0])))
    kv.push(keys, [const(1), const(7), [const(4), const(1)]])
    assert seen == expected


def test_what_is_pushed_alone_is_not_copied():
    kv, grad = store(a=1), const(3)
    kv.push("a", grad)
    grad[:] = 8
    assert pulled(kv, "a") == [8, 8]
    kv, grad = store(a=1), const(3)

    def updater(key, pushed, weight):
        pushed[:] = 9
    kv._set_updater(updater)
    kv.push("a", grad)
    assert grad.asnumpy().tolist() == [9, 9]


def test_the_sum_of_the_sum_buffer_itself():
    kv = store(a=1)
    kv.push("a", [const(1), const(2)])
    kv.push("a", [kv._values["a"], kv._values["a"], const(1)])
    assert pulled(kv, "a") == [7, 7]


def test_pull_converts_dtypes():
    kv, out = store(a=1.5), mx.nd.zeros((2,), dtype="int32")
    kv.pull("a", out=out)
    assert out.asnumpy().tolist() == [1, 1]


def test_push_of_another_shape_replaces_the_value():
    kv = store(a=1)
    kv.push("a", const(1, (3,)))
    assert pulled(kv, "a", (3,)) == [1, 1, 1]


@pytest.mark.parametrize("kind", ["local", "device"])
def test_pushpull_and_broadcast(kind):
    kv, outs = store(kind, a=10), zeros(3)
    values = [const(3), const(1)]
    kv.pushpull("a", values, out=outs)
    assert [out.asnumpy()[0] for out in outs] == [4, 4, 4] and values[0].asnumpy()[0] == 3
    kv = store(kind, a=10)
    kv._set_updater(lambda key, grad, weight: weight.__iadd__(grad))
    kv.pushpull("a", values)
    assert [value.asnumpy()[0] for value in values] == [14, 14]
    kv.broadcast("b", const(4), out=outs)
    assert [out.asnumpy()[0] for out in outs] == [4, 4, 4]


@pytest.mark.parametrize("kind", ["local", "device"])
@pytest.mark.parametrize("keys", [["w0_weight", "b0_bias"], [0, 1]])
def test_optimizer(kind, keys, tmp_path):
    """Weight decay goes by name, and the update count by key."""
    kv = mx.kv.create(kind)
    kv.init(keys, [const(1), const(1)])
    optimizer = mx.optimizer.create("sgd", learning_rate=.1, momentum=.9, wd=.1,
                                    param_idx2name={0: "w0_weight", 1: "b0_bias"})
    kv.set_optimizer(optimizer)
    for _ in range(2):
        kv.push(keys, [[const(1), const(1)], [const(2)]])
    np.testing.assert_allclose([pulled(kv, key)[0] for key in keys], [0.39309996, 0.42000002], rtol=1e-6)
    updater = kv._updater
    np.testing.assert_allclose([updater.states[key].asnumpy()[0] for key in keys], [-0.3969, -0.38], rtol=1e-5)
    assert updater.optimizer is optimizer and optimizer._index_update_count == dict.fromkeys(keys, 2)
    kv.save_optimizer_states(str(tmp_path / "states"), dump_optimizer=True)
    other = mx.kv.create(kind)
    other.init(keys, [const(1), const(1)])
    other.set_optimizer(mx.optimizer.create("adam"))
    other.load_optimizer_states(str(tmp_path / "states"))
    assert type(other._updater.optimizer).__name__ == "SGD" and set(other._updater.states) == set(keys)


@pytest.mark.parametrize("devices, scale", [(1, 0.5), (2, 1.0)])
@pytest.mark.parametrize("kind", ["device", "local_allreduce_device"])
def test_compression_2bit(kind, devices, scale):
    kv = mx.kv.create(kind)
    kv.set_gradient_compression({"type": "2bit", "threshold": 0.5})
    kv.init(3, mx.nd.zeros((6,)))
    steps = []
    for _ in range(3):
        kv.push(3, [mx.nd.array([0.1, 0.3, 0.6, -0.3, -1.2, 0.], ctx=mx.cpu(i)) for i in range(devices)])
        steps.append(pulled(kv, 3, (6,)))
    assert (np.array(steps) / scale).tolist() == [[0, 0, 1, 0, -1, 0], [0, 1, 1, -1, -1, 0], [0, 0, 1, 0, -1, 0]]


def test_registered_stores():
    @mx.kv.KVStoreBase.register
    class TinyStore(mx.kv.KVStoreBase):
        pass
    kv = mx.kv.create("tinystore")
    assert type(kv) is TinyStore
    for call in (lambda: kv.type, lambda: kv.rank, lambda: kv.num_workers, lambda: kv.is_capable("optimizer"),
                 lambda: kv.broadcast(1, 2, 3), lambda: kv.pushpull(1, 2), lambda: kv.set_optimizer(1),
                 lambda: kv.save_optimizer_states("x"), lambda: kv.load_optimizer_states("x")):
        with pytest.raises(NotImplementedError):
            call()
    test, values, out = mx.kv.create("teststore"), [const(3), const(1)], const(0)
    assert (test.type, test.rank, test.num_workers, test.is_capable("optimizer")) == ("teststore", 0, 1, False)
    test.pushpull(3, values, out=out)
    test.pushpull(3, values)
    assert [array.asnumpy()[0] for array in (out, *values)] == [4, 4, 4]
    test.broadcast(3, const(7), out=values)
    assert [array.asnumpy()[0] for array in values] == [7, 7]


def test_module_names():
    from mxnet.kvstore.kvstore import KVStore
    from mxnet.kvstore.kvstore_server import KVStoreServer
    assert mx.kv is mx.kvstore and KVStore is mx.kv.KVStore and KVStoreServer is mx.kv.KVStoreServer


ERRORS = {
    "init again": (lambda: store(a=1).init("a", const(1)), "duplicate init of key 'a'"),
    "init one key twice": (lambda: mx.kv.create().init([3, 3], [const(1)] * 2), "duplicate init of key 3"),
    "init with two values": (lambda: mx.kv.create().init(3, [const(1)] * 2), "duplicate init of key 3"),
    "push unknown": (lambda: store(a=1).push("b", const(1)), "key 'b' is not initialised"),
    "pull unknown": (lambda: store(abc=1).pull("abd", out=const(1)), "Did you mean 'abc'"),
    "mixed keys": (lambda: store(a=1).init(3, const(1)), "Mixed key types"),
    "float key": (lambda: mx.kv.create().init(3.5, const(1)), "unexpected type for keys"),
    "big key": (lambda: mx.kv.create().init(2**40, const(1)), "32 bits"),
    "numpy value": (lambda: mx.kv.create().init(3, np.ones(2)), "NDArrays, not ndarray"),
    "lengths": (lambda: mx.kv.create().init([3, 5], [const(1)] * 3), "2 keys need a list of as many values, not 3"),
    "one value": (lambda: mx.kv.create().init([3, 5], const(1)), "not a NDArray"),
    "pull to nothing": (lambda: store(a=1).pull("a"), "out="),
    "pull shape": (lambda: store(a=1).pull("a", out=const(1, (3,))), "stored is \\(2,\\)"),
    "push shapes": (lambda: store(a=1).push("a", [const(1), const(1, (3,))]), "values of one push differ"),
    "push dtypes": (lambda: store(a=1).push("a", [const(1), const(1, dtype="float64")]), "float64"),
    "capability": (lambda: store().is_capable("foo"), "Unknown capability: foo"),
    "optimizer": (lambda: store().set_optimizer("sgd"), "needs an mx.optimizer.Optimizer, not a str"),
    "save": (lambda: store().save_optimizer_states("x"), "Cannot save states"),
    "load": (lambda: store().load_optimizer_states("x"), "Cannot load states"),
    "sparse": (lambda: store(a=1).row_sparse_pull("a", out=const(1), row_ids=const(0)), "sparse"),
    "name": (lambda: mx.kv.create(3), "name must be a string"),
    "compress local": (lambda: store().set_gradient_compression({"type": "2bit"}), "not supported"),
    "compress 1bit": (lambda: store("device").set_gradient_compression({"type": "1bit"}), "Unknown type .* '1bit'"),
    "compress 0": (lambda: store("device").set_gradient_compression({"type": "2bit", "threshold": 0}),
                   "threshold must be greater than 0"),
    "compress no type": (lambda: store("device").set_gradient_compression({"threshold": 1}), "'type' is required"),
    "compress str": (lambda: store("device").set_gradient_compression("x"), "unexpected type"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    call, match = ERRORS[case]
    with pytest.raises(MXNetError, match=match):
        call()
