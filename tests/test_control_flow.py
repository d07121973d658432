# SPDX-License-Identifier: Apache-2.0
"""foreach, while_loop and cond on arrays and in graphs, against records of MXNet 1.9.1 (`data/control_flow`)."""
from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

_DATA = Path(__file__).parent / "data" / "control_flow"
_spec = importlib.util.spec_from_file_location("control_flow_nets", _DATA / "nets.py")
nets = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nets)
RECORDED = json.loads((_DATA / "recorded.json").read_text())
# MXNet keeps only one step's part of this gradient (`x + outer`, where `outer` is the same in each step).
WRONG_IN_MXNET = {("closure", "grad_p")}
C, V = mx.nd.contrib, mx.sym.Variable


def _compare(key, result):
    expected = RECORDED[key]["result"]
    assert result.keys() == expected.keys()
    for name, value in result.items():
        if (key, name) not in WRONG_IN_MXNET:
            np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5, err_msg=f"{key} {name}")


@pytest.mark.parametrize("key", nets.NETS)
def test_own_graphs(key):
    net, shapes = nets.NETS[key]()
    _compare(key, nets.run(net, shapes))
    _compare(key, nets.run(mx.sym.load_json(net.tojson()), shapes))
    outs = [np.shape(value) for name, value in RECORDED[key]["result"].items() if name.startswith("out")]
    assert net.infer_shape(**shapes)[1] == outs


@pytest.mark.parametrize("key", RECORDED)
def test_graphs_that_mxnet_wrote(key):
    net = mx.sym.load_json(RECORDED[key]["json"])
    _compare(key, nets.run(net, {name: tuple(shape) for name, shape in RECORDED[key]["shapes"].items()}))


@pytest.mark.parametrize("key", ["closure", "several", "while_loop", "then"])
def test_json_is_laid_out_alike(key):
    def facts(text):
        nodes = json.loads(text)["nodes"]
        kept = [{k: v for k, v in node["attrs"].items() if k.endswith(("locs", "num_outputs", "num_out_data",
                                                                      "num_args", "max_iterations"))}
                for node in nodes if "subgraphs" in node]
        heads = [[(sub["heads"], [n["op"] for n in sub["nodes"]]) for sub in node["subgraphs"]]
                 for node in nodes if "subgraphs" in node]
        return kept, heads, [(node["op"], node["inputs"]) for node in nodes]
    assert facts(nets.NETS[key]()[0].tojson()) == facts(RECORDED[key]["json"])


def test_gradient_of_what_all_steps_share():
    net, shapes = nets.closure()
    random = np.random.RandomState(0)
    args = {name: mx.nd.array(random.rand(*shape)) for name, shape in shapes.items()}
    exe = net.bind(mx.cpu(), args, {"p": mx.nd.zeros(shapes["p"])})
    out, last = exe.forward(is_train=True)
    head = random.rand(*out.shape)
    exe.backward([mx.nd.array(head), mx.nd.zeros(last.shape)])
    np.testing.assert_allclose(exe.grad_dict["p"].asnumpy(), 2 * head.sum(axis=0), rtol=1e-5)


def test_foreach_with_batch_norm_updates_its_statistics():
    _, state = mx.sym.contrib.foreach(lambda x, s: ([], mx.sym.BatchNorm(s + x, name="bn", momentum=0.5)), V("d"),
                                      V("s"))
    exe = state.simple_bind(mx.cpu(), d=(2, 4, 2), s=(4, 2), grad_req={"d": "write", "s": "write"})
    exe.arg_dict["bn_moving_var"][:] = 1
    exe.forward(is_train=True, d=np.ones((2, 4, 2)))
    exe.backward(mx.nd.ones((4, 2)))
    np.testing.assert_allclose(exe.arg_dict["bn_moving_mean"].asnumpy(), [0.75, 0.75])


def test_foreach_rnn_state_shape_is_inferred():
    def body(x, states):
        h = mx.sym.FullyConnected(x, num_hidden=5, name="i2h")
        h = h + mx.sym.FullyConnected(states[0], num_hidden=5, name="h2h")
        return h, [mx.sym.tanh(h)]
    out, states = mx.sym.contrib.foreach(body, V("data"), [mx.sym.zeros((0, 5))])
    assert mx.sym.Group([out, *states]).infer_shape(data=(7, 2, 3))[1] == [(7, 2, 5), (2, 5)]
    exe = out.simple_bind(mx.cpu(), data=(7, 2, 3))
    assert exe.forward()[0].shape == (7, 2, 5)


def test_type_inference():
    out, state = mx.sym.contrib.foreach(lambda x, s: (x * s, s + x), V("d"), V("s"))
    assert mx.sym.Group([out, state]).infer_type(d="float64")[1] == [np.float64, np.float64]


def test_nd_foreach():
    d, s = mx.nd.array(np.arange(6).reshape(3, 2)), mx.nd.ones((2,))
    d.attach_grad()
    s.attach_grad()
    with mx.autograd.record():
        out, state = C.foreach(lambda x, s: (x * s, s + x), d, s)
        (out.sum() + state.sum()).backward()
    assert out.asnumpy().tolist() == [[0, 1], [2, 6], [12, 25]]
    assert state.asnumpy().tolist() == [7, 10]
    assert d.grad.asnumpy().tolist() == [[8, 10], [6, 8], [4, 6]]
    assert s.grad.asnumpy().tolist() == [7, 10]
    out, state = C.foreach(lambda x, s: ([x[0] * 2, x[1]], [s[0], [s[1][0] + 1]]), [d, d], [s, [s]])
    assert [x.shape for x in out] == [(3, 2), (3, 2)] and state[1][0].asnumpy().tolist() == [4, 4]
    assert C.foreach(lambda x, s: ([], s + x), d, s)[0] == []


def test_nd_while_loop():
    i, a = mx.nd.array([0]), mx.nd.array([1])
    a.attach_grad()
    with mx.autograd.record():
        out, last = C.while_loop(lambda i, a: i < 3, lambda i, a: (a * a, [i + 1, a * 2]), [i, a], max_iterations=5)
        out.sum().backward()
    assert out.asnumpy().ravel().tolist() == [1, 4, 16, 0, 0]
    assert [x.asscalar() for x in last] == [3, 8] and a.grad.asscalar() == 42
    assert C.while_loop(lambda i: i < 0, lambda i: (i, i + 1), i, max_iterations=5) == ([], i)
    out, last = C.while_loop(lambda i, a: i < 3, lambda i, a: (None, [i + 1, a]), (i, a), max_iterations=2.0)
    assert out == [] and last[0].asscalar() == 2


def test_nd_cond():
    a = mx.nd.array([1])
    assert C.cond(a > 0, lambda: a * 2, lambda: [a, a]).asscalar() == 2
    assert len(C.cond(a < 0, lambda: a * 2, lambda: [a, a])) == 2
    assert C.cond(True, lambda: 1, lambda: 2) == 1


@pytest.mark.parametrize("run, kind, match", [
    (lambda a: C.foreach(lambda x, s: (x, s), 3, []), TypeError, "NDArray"),
    (lambda a: C.foreach(lambda x, s: (x, s), [a, mx.nd.ones((3, 1))], []), ValueError, "one length"),
    (lambda a: C.while_loop(lambda i: i < 3, lambda i: (i, i + 1), a), ValueError, "max_iterations is required"),
    (lambda a: C.while_loop(lambda i: i < 3, lambda i: (i, i + 1), a, "x"), ValueError, "max_iterations is a number"),
    (lambda a: C.while_loop(lambda *x: 1, lambda *x: (a, []), [], 2), ValueError, "at least one"),
    (lambda a: C.while_loop(lambda i: i < 3, lambda i: (i, [i, i]), a, 2), ValueError, "gives 2 loop variables"),
    (lambda a: C.while_loop(lambda i: mx.nd.ones((2,)), lambda i: (i, i), a, 2), ValueError, "one number"),
    (lambda a: C.cond(mx.nd.ones((2,)), lambda: a, lambda: a), ValueError, "one number"),
    (lambda a: C.cond(a, a, a), TypeError, "functions"),
])
def test_nd_errors(run, kind, match):
    with pytest.raises(kind, match=match):
        run(mx.nd.array([1]))


@pytest.mark.parametrize("run, match", [
    (lambda c: c.foreach(lambda x, s: (s, s), V("d"), V("s")), "does not use d-0"),
    (lambda c: c.foreach(lambda x, s: (x + s, [s, s]), V("d"), V("s")), "gives 2 states, there are 1"),
    (lambda c: c.while_loop(lambda i, a: i < 1, lambda i, a: (i, [i, i]), [V("i"), V("a")], 3), "does not use a-0"),
    (lambda c: c.while_loop(lambda i: 1, lambda i: (i, i), V("i"), 3), "cond gives a Symbol"),
    (lambda c: c.cond(V("a"), lambda: [V("b")], lambda: [V("b"), V("b")]), "then_func gives 1 results, else_func 2"),
    (lambda c: c.cond(1, lambda: V("b"), lambda: V("b")), "pred is a Symbol"),
    (lambda c: mx.sym._internal._foreach(V("a"), num_args=2, num_outputs=1, num_out_data=1, in_state_locs=(),
                                         in_data_locs=(0,), remain_locs=()).infer_shape(a=(2, 1)), "has no subgraphs"),
])
def test_symbol_errors(run, match):
    with pytest.raises(mx.MXNetError, match=match):
        run(mx.sym.contrib)


def test_copies_and_deep_bodies():
    def body(x, s):
        for _ in range(2000):
            x = x + s
        return x, s
    net = mx.sym.contrib.foreach(body, V("d"), V("s"))[0].__copy__()
    out, = net.bind(mx.cpu(), {"d": mx.nd.zeros((2, 1)), "s": mx.nd.ones((1,))}).forward()
    assert out.asnumpy().ravel().tolist() == [2000, 2000]
