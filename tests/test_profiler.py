# SPDX-License-Identifier: Apache-2.0
"""The profiler: states, the table, the trace, and the user's own entries."""
from __future__ import annotations

import json

import pytest

import mxnet as mx
from mxnet import profiler
from mxnet._watching import watching


@pytest.fixture(autouse=True)
def fresh(tmp_path):
    profiler._session = profiler._Session()
    profiler.set_config(profile_all=True, aggregate_stats=True, filename=str(tmp_path / "trace.json"))
    yield
    profiler.set_state("stop")


def test_operators_and_own_entries(tmp_path):
    domain = profiler.Domain("domain")
    task, frame, event = domain.new_task("task"), domain.new_frame("frame"), profiler.Event("event")
    counter, marker = domain.new_counter("counter", 5), domain.new_marker("marker")
    assert [str(x) for x in (domain, task, frame, event, counter, marker)] == [
        "domain", "task", "frame", "event", "counter", "marker"]
    task.start()
    task.stop()                                          # not running yet: not noted
    profiler.set_state("run")
    with task, frame, event, profiler.scope("block"):
        mx.nd.dot(mx.nd.ones((3, 3)), mx.nd.ones((3, 3)))
    counter += 2
    counter -= 1
    marker.mark("process")
    stats = json.loads(profiler.dumps(format="json"))
    assert stats["Time"]["torch"]["aten::ones"]["Count"] == 2 and stats["Time"]["scope"]["block"]["Count"] == 1
    assert stats["Time"]["operator"]["dot"]["Count"] == 1
    assert stats["Time"]["domain"].keys() == {"task", "frame"} and stats["Time"]["event"]["event"]["Count"] == 1
    assert stats["Counter"] == {"counter": 6}
    table = profiler.dumps()
    assert "aten::ones" in table and "task" in table and "counter" in table
    profiler.dump()
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    found = {item["name"]: item for item in events if "ts" in item}
    assert {"aten::ones", "task", "frame", "event", "counter", "marker"} <= found.keys()
    assert abs(found["aten::ones"]["ts"] - found["task"]["ts"]) < 60e6              # one clock, microseconds


def test_pause_resume_and_reset():
    profiler.set_state("run")
    profiler.pause()
    mx.nd.ones((2,)).exp()
    profiler.resume()
    mx.nd.ones((2,)).sin()
    assert "exp" not in profiler.dumps() and "sin" in profiler.dumps(reset=True)
    mx.nd.ones((2,)).cos()
    names = json.loads(profiler.dumps(format="json", sort_by="count", ascending=True))["Time"]["operator"]
    assert "cos" in names and "sin" not in names


def convolutional():
    net = mx.sym.Convolution(mx.sym.Variable("data"), num_filter=2, kernel=(3, 3), name="conv")
    net = mx.sym.BatchNorm(net, name="norm")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(net, num_hidden=3, name="fc"), name="softmax")


@pytest.mark.parametrize("tape", [False, True])
def test_nodes_of_an_executor_forward_and_backward(tape, tmp_path):
    exe = convolutional().simple_bind(mx.cpu(), data=(2, 1, 6, 6))
    exe._pair_known = tape                                # with a tape: no pair of programs is made
    profiler.set_state("run")
    for _ in range(2):
        exe.forward(is_train=True)
        exe.backward()
    profiler.set_state("stop")
    time = json.loads(profiler.dumps(format="json"))["Time"]
    names = {"Convolution": "conv", "BatchNorm": "norm", "FullyConnected": "fc", "SoftmaxOutput": "softmax"}
    for operator, node in names.items():
        for prefix in ("", "_backward_"):
            assert time["operator"][prefix + operator]["Count"] == 2, (prefix, operator)
            assert time["node"][f"{prefix}{operator} {node}"]["Count"] == 2
    assert time["operator"]["Convolution"]["Total"] >= time["torch"]["aten::convolution"]["Total"]
    profiler.dump()
    assert "Convolution conv" in {e["name"] for e in json.loads((tmp_path / "trace.json").read_text())["traceEvents"]}


def test_recorded_array_calls_have_their_gradients():
    x = mx.nd.ones((3, 3))
    x.attach_grad()
    profiler.set_state("run")
    with mx.autograd.record():
        y = mx.nd.dot(x, x)
    y.backward()
    names = json.loads(profiler.dumps(format="json"))["Time"]["operator"]
    assert names["dot"]["Count"] == names["_backward_dot"]["Count"] == 1


def test_nothing_is_named_when_it_does_not_run():
    profiler.set_state("run")
    profiler.set_state("stop")
    mx.nd.ones((2,)).exp()
    assert profiler._session.labels == {} and not watching.active


def test_memory():
    profiler.set_config(profile_memory=True)
    profiler.set_state("run")
    mx.nd.ones((1000, 1000))
    used = json.loads(profiler.dumps(format="json"))["Memory"]["Device Storage"]["Memory"]
    assert used["Max"] >= 4000 and "Max Use (kB)" in profiler.dumps()
    profiler.set_config(profile_memory=False)


@pytest.mark.parametrize("run, kind, match", [
    (lambda: profiler.set_config(bad=1), ValueError, "no option 'bad'"),
    (lambda: profiler.set_config(filename=3), TypeError, "path"),
    (lambda: profiler.set_state("x"), KeyError, "'run' or 'stop'"),
    (lambda: profiler.set_state("run", "server"), ValueError, "set_kvstore_handle"),
    (lambda: profiler.dumps(format="q"), ValueError, "table"),
    (lambda: profiler.dumps(sort_by="q"), ValueError, "total"),
    (lambda: profiler.Counter(profiler.Domain("d"), "c", "x"), ValueError, "int"),
    (lambda: profiler.Marker(profiler.Domain("d"), "m").mark("x"), ValueError, "scope"),
])
def test_errors(run, kind, match):
    with pytest.raises(kind, match=match):
        run()


def test_older_names(tmp_path):
    with pytest.warns(DeprecationWarning):
        profiler.profiler_set_config("all", str(tmp_path / "old.json"))
    with pytest.warns(DeprecationWarning):
        profiler.profiler_set_state("run")
    with pytest.warns(DeprecationWarning):
        profiler.dump_profile()
    assert (tmp_path / "old.json").exists()


def test_several_dumps_hold_everything_so_far(tmp_path):
    files = [tmp_path / f"{number}.json" for number in range(3)]
    for number, file in enumerate(files):
        mx.profiler.set_config(filename=str(file), profile_all=True)
        mx.profiler.set_state("run")
        with mx.profiler.Task(mx.profiler.Domain("steps"), f"step{number}"):
            mx.nd.ones((2, 2)).exp().wait_to_read()
        mx.profiler.set_state("stop")
        mx.profiler.dump()
    for number, file in enumerate(files):
        names = [event.get("name") for event in json.loads(file.read_text())["traceEvents"]]
        assert names.count("exp") == number + 1 and f"step{number}" in names
    mx.profiler.dumps(reset=True)
    mx.profiler.dump()
    assert not json.loads(files[-1].read_text())["traceEvents"]
