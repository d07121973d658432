# SPDX-License-Identifier: Apache-2.0
"""Graphs of 20,000 nodes: every step is linear in the number of nodes, and none recurses.

Counted are the calls that Python makes, which no other load of the machine disturbs.
"""
from __future__ import annotations

import copy
import pickle
import sys
import tracemalloc

import numpy as np
import pytest

import mxnet as mx

S = mx.sym
FEW, MANY = 2_000, 20_000


def chain(count):
    """A deep graph of five kinds of nodes, whose first variable and parameters are used everywhere."""
    data, weight, bias = S.Variable("data"), S.Variable("weight"), S.Variable("bias")
    steps = (lambda x: x + 0.5, lambda x: S.FullyConnected(x, weight, bias, num_hidden=4), S.tanh, lambda x: x * data,
             lambda x: S.SliceChannel(x, num_outputs=1)[0])
    with mx.name.NameManager():
        x = data
        for i in range(count):
            x = steps[i % len(steps)](x)
    return x


def calls(run):
    """How many calls (of Python and C functions) `run` makes, and its result."""
    count = 0

    def profile(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        result = run()
    finally:
        sys.setprofile(None)
    return count, result


def steps(count):
    """The calls that each step of a graph's life takes."""
    taken = {}

    def step(name, run):
        taken[name], result = calls(run)
        return result

    net = step("build", lambda: chain(count))
    step("shapes", lambda: net.infer_shape(data=(2, 4)))
    step("backward shapes", lambda: (net + S.Variable("out", shape=(2, 4))).infer_shape_partial())
    step("types", lambda: net.infer_type(data="float32"))
    text = step("save", net.tojson)
    loaded = step("load", lambda: S.load_json(text))
    assert loaded.tojson() == text
    step("names", lambda: (loaded.list_inputs(), loaded.get_internals().list_outputs(), loaded.attr_dict()))
    step("compose", lambda: loaded(data=S.Variable("other") * 2))
    exe = step("bind", lambda: loaded.simple_bind(mx.cpu(), data=(2, 4)))
    for array in exe.arg_arrays:
        array[:] = 0.25
    exe.forward(is_train=True)                       # writes the program
    step("forward", lambda: exe.forward(is_train=True))
    step("backward", lambda: exe.backward([mx.nd.ones((2, 4))]))
    assert np.isfinite(exe.outputs[0].asnumpy()).all() and exe.grad_dict["weight"].asnumpy().any()
    return taken


@pytest.mark.slow
def test_every_step_is_linear():
    limit = sys.getrecursionlimit()
    few, many = steps(FEW), steps(MANY)
    ratio = MANY / FEW
    assert {name: round(many[name] / few[name] / ratio, 1) for name in few} == {
        name: pytest.approx(1, abs=0.1) for name in few}
    assert sys.getrecursionlimit() == limit


@pytest.mark.slow
def test_nothing_recurses():
    net = chain(MANY)
    assert net.debug_str().count("\nOp:") == MANY
    copies = [copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    assert {made.tojson() for made in copies} == {net.tojson()}
    group = S.Group([net.get_internals()[i] for i in range(0, MANY, 1000)])
    assert len(group.list_outputs()) == 20
    del copies, group, net


def test_reading_takes_less_than_ten_times_the_file():
    text = chain(MANY // 2).tojson()
    tracemalloc.start()
    try:
        made = S.load_json(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.list_arguments() == ["data", "weight", "bias"]
    assert peak < 10 * len(text)
