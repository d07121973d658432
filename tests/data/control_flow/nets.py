# SPDX-License-Identifier: Apache-2.0
"""Graphs with control flow, and their run on fixed numbers. MXNet 1.9.1 records by `python nets.py recorded.json`."""
import json
import sys

import numpy as np

import mxnet as mx

S, V, C = mx.sym, mx.sym.Variable, mx.sym.contrib


def closure():
    outer, parts = V("p") * 2, S.split(V("z"), num_outputs=2, axis=1, name="parts")
    out, states = C.foreach(lambda x, s: (S.FullyConnected(x, num_hidden=2, name="fc") + outer + parts[1] * s[0],
                                          [s[0] + x]), V("d"), [V("s")], name="L")
    return S.Group([out, *states]), dict(d=(3, 4, 2), s=(4, 2), p=(4, 2), z=(4, 4), fc_weight=(2, 2), fc_bias=(2,))


def nested():
    def inner(x, s):
        out, state = C.foreach(lambda y, r: (y * r, r + y), x, s)
        return out, state * 2
    return S.Group(C.foreach(inner, V("d"), V("s"))), dict(d=(3, 4, 2), s=(2,))


def several():
    out, states = C.foreach(lambda x, s: ([x[0] * s[0], S.tanh(x[1])], [s[0] + x[0], s[1] * x[1]]),
                            [V("d"), V("e")], [V("s"), V("t")])
    return S.Group(out + states), dict(d=(3, 2), e=(3, 2), s=(2,), t=(2,))


def identity():
    return S.Group(C.foreach(lambda x, s: (x + s, s), V("d"), V("s"))), dict(d=(3, 2), s=(2,))


def then():
    a, b = V("a"), V("b")
    shared = a * b
    return S.Group(C.cond(S.sum(a * b) < 1e3, lambda: [shared + 5, b * a], lambda: [a - b, b])), dict(a=(3,), b=(3,))


def otherwise():
    a, b = V("a"), V("b")
    shared = a * b
    return C.cond(S.sum(a * b) > 1e3, lambda: (a + 5) * (b + 5), lambda: (a - 5) * (b - shared)), dict(a=(3,), b=(3,))


def while_loop():
    out, last = C.while_loop(lambda i, a: S.sum(a) < 30, lambda i, a: ([i * a, a * V("k")], [i + 1, a + i]),
                             [V("i"), V("a")], max_iterations=12, name="w")
    rows = [S.slice_axis(x, axis=0, begin=0, end=3) for x in out]    # MXNet leaves later rows undefined
    return S.Group(rows + last), dict(i=(2,), a=(2,), k=(2,))


NETS = {f.__name__: f for f in (closure, nested, several, identity, then, otherwise, while_loop)}


def run(net, shapes):
    """Outputs and gradients, as lists by name."""
    random = np.random.RandomState(3)
    args = {n: mx.nd.array(random.rand(*shapes[n]).astype(np.float32) + 0.5) for n in sorted(net.list_arguments())}
    grads = {n: mx.nd.zeros(x.shape) for n, x in args.items()}
    exe = net.bind(mx.cpu(), args, args_grad=grads)
    outs = exe.forward(is_train=True)
    result = {f"out{i}": out.asnumpy().tolist() for i, out in enumerate(outs)}
    exe.backward([mx.nd.array(random.rand(*out.shape)) for out in outs])
    return {**result, **{f"grad_{n}": exe.grad_dict[n].asnumpy().tolist() for n in args}}


if __name__ == "__main__":
    made = {}
    for key, make in NETS.items():
        graph, sizes = make()
        made[key] = {"json": graph.tojson(), "shapes": sizes, "result": run(graph, sizes)}
    with open(sys.argv[1], "w") as file:
        json.dump(made, file)
