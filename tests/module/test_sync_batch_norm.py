# SPDX-License-Identifier: Apache-2.0
"""SyncBatchNorm over several contexts: what one device gives for the whole batch."""
from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import _together
from mxnet.base import MXNetError
from mxnet.ops.registry import REGISTRY

S = mx.sym
BATCH = 12


def network(devices, **params):
    data = S.var("data")
    first = S.FullyConnected(data, num_hidden=6, name="fc") if params.pop("flat", False) else \
        S.Convolution(data, kernel=(3, 3), num_filter=6, name="conv")
    sync = dict(ndev=devices, key="bn") if devices else {}
    make = S.contrib.SyncBatchNorm if devices else S.BatchNorm
    normal = make(first, name="bn", eps=1e-3, **sync, **params)
    again = make(S.Activation(normal, act_type="tanh"), name="bn2", eps=1e-3, **{**sync, **({"key": "bn2"} if devices
                                                                                          else {})}, **params)
    return S.SoftmaxOutput(S.FullyConnected(again, num_hidden=3, name="out"), name="softmax")


def trained(devices, contexts, data, label, steps=2, **params):
    """Outputs and gradients of the data in the last of some steps, and all parameters and states after it."""
    shape = {"data": data.shape[1:]}
    module = mx.mod.Module(network(devices, **params), context=[mx.cpu(i) for i in range(contexts)])
    module.bind([("data", (BATCH, *shape["data"]))], [("softmax_label", (BATCH,))], inputs_need_grad=True)
    mx.random.seed(3)
    np.random.seed(3)
    module.init_params(mx.init.Uniform(0.5))
    module.init_optimizer(optimizer_params={"learning_rate": 0.1, "momentum": 0.9})
    batch = mx.io.DataBatch([mx.nd.array(data)], [mx.nd.array(label)])
    for _ in range(steps):
        module.forward(batch, is_train=True)
        module.backward()
        module.update()
    found = {"output": module.get_outputs()[0].copy(), "data": module.get_input_grads()[0]}
    args, states = module.get_params()
    module.forward(batch, is_train=False)
    found["predicted"] = module.get_outputs()[0]
    return {name: value.asnumpy() for name, value in {**found, **args, **states}.items()}


@pytest.mark.parametrize("contexts", [2, 3])
@pytest.mark.parametrize("params", [{}, {"fix_gamma": False}, {"fix_gamma": False, "momentum": 0.5, "flat": True},
                                    {"use_global_stats": True}, {"fix_gamma": False, "output_mean_var": False}])
def test_is_as_one_device_with_the_whole_batch(contexts, params):
    random = np.random.RandomState(0)
    data = random.rand(BATCH, *([5] if params.get("flat") else [2, 5, 5])).astype("float32")
    data[BATCH // 2:] += 1                            # so that devices differ
    label = random.randint(0, 3, BATCH)
    found = trained(contexts, contexts, data, label, **params)
    expected = trained(0, 1, data, label, **params)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


def test_moving_statistics_are_the_same_on_all_devices():
    data = np.random.RandomState(1).rand(BATCH, 2, 5, 5)
    module = mx.mod.Module(network(2), context=[mx.cpu(0), mx.cpu(1)])
    module.bind([("data", data.shape)], [("softmax_label", (BATCH,))])
    module.init_params()
    module.forward(mx.io.DataBatch([mx.nd.array(data)], [mx.nd.zeros(BATCH)]), is_train=True)
    module.backward()
    first, second = [e.aux_dict for e in module._exec_group.execs]
    for name in first:
        assert first[name].asnumpy().any()
        np.testing.assert_array_equal(first[name].asnumpy(), second[name].asnumpy())


def test_batches_of_different_size_count_by_their_size():
    data = torch.randn(10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = [data, *states()]
    expected = REGISTRY["BatchNorm"](data.clone().requires_grad_(), *whole[1:], is_train=True, fix_gamma=False)[0]
    call = REGISTRY["_contrib_SyncBatchNorm"]

    def part(rows):
        own = rows.clone().requires_grad_()
        out = call(own, *states(), is_train=True, fix_gamma=False, ndev=2, key="k")[0]
        out.backward(torch.arange(out.numel(), dtype=out.dtype).view(out.shape))
        return out.detach()
    found = _together.run_together([lambda: part(data[:3]), lambda: part(data[3:])])
    torch.testing.assert_close(torch.cat(found), expected.detach())


def states():
    return [torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64),
            torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)]


def test_a_device_that_is_alone_is_told():
    executor = network(2).simple_bind(mx.cpu(), data=(4, 2, 5, 5))
    executor.forward(is_train=False)                 # prediction needs no other
    with pytest.raises(MXNetError, match=r"SyncBatchNorm 'bn' forward: 2 devices are to exchange values, 1 came"):
        executor.forward(is_train=True)


def test_more_devices_are_waited_for_than_there_are():
    module = mx.mod.Module(network(3), context=[mx.cpu(0), mx.cpu(1)])
    module.bind([("data", (BATCH, 2, 5, 5))], [("softmax_label", (BATCH,))])
    module.init_params()
    with pytest.raises(MXNetError, match="3 devices are to exchange values, 2 run"):
        module.forward(mx.io.DataBatch([mx.nd.zeros((BATCH, 2, 5, 5))], [mx.nd.zeros(BATCH)]), is_train=True)


def test_threads_of_a_users_own_meet_by_the_key():
    data = torch.randn(4, 3, dtype=torch.float64)
    results = {}

    def run(number, rows):
        results[number] = REGISTRY["_contrib_SyncBatchNorm"](rows, *states(), is_train=True, ndev=2, key="own")[0]
    threads = [threading.Thread(target=run, args=(i, data[2 * i:2 * i + 2])) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = REGISTRY["BatchNorm"](data, *states(), is_train=True)[0]
    torch.testing.assert_close(torch.cat([results[0], results[1]]), expected)


def test_waiting_for_a_users_thread_ends(monkeypatch):
    monkeypatch.setattr(_together, "TIMEOUT", 0.05)
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        with pytest.raises(MXNetError, match=r"k: 2 devices are to exchange values, 1 came within 0\.05 s"):
            _together.exchange("k", 2, 1)
    finally:
        stop.set()
        other.join()


def test_the_first_error_is_raised_and_nobody_waits_for_who_failed():
    def fail():
        raise ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        _together.run_together([lambda: _together.exchange("k", 2, 1), fail])
    assert _together.run_together([lambda: _together.exchange("k", 2, "a"),
                                   lambda: _together.exchange("k", 2, "b")]) == [["a", "b"], ["a", "b"]]
