# SPDX-License-Identifier: Apache-2.0
"""Symbols of every generation of the file format, and files that are broken.

The expected graphs are what MXNet 1.9.1 makes of these files, which are written as the old releases did.
"""
from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError

S = mx.sym


def variable(name, **more):
    return {"op": "null", "name": name, "inputs": [], **more}


def text(nodes, version=None, heads=None):
    graph = {"nodes": nodes, "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"],
             "heads": heads or [[len(nodes) - 1, 0]]}
    if version is not None:
        graph["attrs"] = {"mxnet_version": ["int", version]}
    return json.dumps(graph)


def attrs(symbol):
    """Attributes of each node, as they are saved."""
    return {node["name"]: node["attrs"] for node in json.loads(symbol.tojson())["nodes"] if "attrs" in node}


# ---- generations ----------------------------------------------------------------------------------

def batch_norm(key):
    return [variable("data"), variable("bn_gamma"), variable("bn_beta"),
            {"op": "BatchNorm", key: {"eps": "0.001", "momentum": "0.9", "fix_gamma": "False"}, "name": "bn",
             "inputs": [[0, 0], [1, 0], [2, 0]], "backward_source_id": -1}]


@pytest.mark.parametrize("version", [None, 800])
@pytest.mark.parametrize("key", ["param", "attr", "attrs"])
def test_states_that_are_not_listed_are_made(version, key):
    symbol = mx.sym.load_json(text(batch_norm(key), version))
    own = {"eps": "0.001", "fix_gamma": "False", "momentum": "0.9"}
    assert symbol.list_arguments() == ["data", "bn_gamma", "bn_beta"]
    assert symbol.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    assert attrs(symbol) == {"bn": own, "bn_moving_mean": {"__init__": '["zero", {}]', **own},
                             "bn_moving_var": {"__init__": '["one", {}]', **own}}


def test_the_first_format_with_attributes_beside_parameters():
    symbol = mx.sym.load_json(text([
        variable("data", param={}, backward_source_id=-1), variable("w", param={}, backward_source_id=-1),
        {"op": "FullyConnected", "param": {"no_bias": "True", "num_hidden": "4"}, "name": "fc",
         "inputs": [[0, 0], [1, 0]], "attr": {"ctx_group": "a", "lr_mult": "0.5"}, "backward_source_id": -1}]))
    assert attrs(symbol) == {"fc": {"__ctx_group__": "a", "__lr_mult__": "0.5", "no_bias": "True", "num_hidden": "4"}}
    assert symbol.attr("ctx_group") == "a"


@pytest.mark.parametrize("version", [None, 900])
def test_hidden_attributes_of_inputs_move_to_the_inputs(version):
    symbol = mx.sym.load_json(text([
        variable("data", attr={"lr_mult": "2", "foo": "1"}), variable("w", attr={"__lr_mult__": "2"}),
        {"op": "FullyConnected", "name": "fc", "inputs": [[0, 0, 0], [1, 0, 0]],
         "attr": {"num_hidden": "3", "no_bias": "True", "lr_mult": "2", "weight_lr_mult": "7", "weight_wd_mult": "8"}},
    ], version))
    assert attrs(symbol) == {"data": {"__lr_mult__": "2", "foo": "1"}, "w": {"__lr_mult__": "7", "__wd_mult__": "8"},
                             "fc": {"__lr_mult__": "2", "no_bias": "True", "num_hidden": "3"}}


@pytest.mark.parametrize("op, parameters, given, made", [
    ("FullyConnected", {"num_hidden": "3"}, 0, ["o_data", "o_weight", "o_bias"]),
    ("FullyConnected", {"num_hidden": "3"}, 1, ["o_weight", "o_bias"]),
    ("Convolution_v1", {"kernel": "(1,1)", "num_filter": "2"}, 2, ["o_bias"]),
    ("Softmax", {}, 1, ["o_label"]),
    ("LinearRegressionOutput", {}, 1, ["o_label"]),
    ("Concat", {"num_args": "2", "dim": "1"}, 1, ["o_arg1"]),
    ("Embedding", {"input_dim": "2", "output_dim": "3"}, 1, ["o_weight"]),
    ("LeakyReLU", {"act_type": "prelu"}, 1, ["o_gamma"]),
    ("RNN", {"state_size": "3", "num_layers": "1", "mode": "lstm"}, 1, ["o_parameters", "o_state", "o_state_cell"]),
    ("choose_element_0index", {}, 1, ["o_index"]),
])
def test_inputs_that_are_left_out_are_made(op, parameters, given, made):
    nodes = [variable(f"in{i}") for i in range(given)]
    nodes.append({"op": op, "name": "o", "attr": parameters, "inputs": [[i, 0] for i in range(given)]})
    symbol = mx.sym.load_json(text(nodes))
    assert symbol.list_arguments() == [*(f"in{i}" for i in range(given)), *made]
    for name in made:                                # they inherit the node's attributes
        assert {**attrs(symbol).get(name, {}), **parameters} == attrs(symbol).get(name, {})


@pytest.mark.parametrize("old, new, inputs, parameters", [
    ("ElementWiseSum", "add_n", 2, {"num_args": "2"}), ("_Plus", "elemwise_add", 2, {}),
    ("_Minus", "elemwise_sub", 2, {}), ("_Mul", "elemwise_mul", 2, {}), ("_Div", "elemwise_div", 2, {}),
    ("_sub", "elemwise_sub", 2, {}), ("_PlusScalar", "_plus_scalar", 1, {"scalar": "2"}),
    ("_Maximum", "_maximum", 2, {}), ("Softmax", "SoftmaxOutput", 2, {}), ("broadcast_plus", "broadcast_add", 2, {}),
    ("choose_element_0index", "pick", 2, {}), ("crop", "slice", 1, {"begin": "(0,)", "end": "(1,)"}),
    ("uniform", "_random_uniform", 0, {"shape": "(2,)"}), ("normal", "_random_normal", 0, {"shape": "(2,)"}),
])
def test_renamed_operators_are_saved_under_their_names(old, new, inputs, parameters):
    nodes = [variable(f"in{i}") for i in range(inputs)]
    nodes.append({"op": old, "name": "o", "attr": parameters, "inputs": [[i, 0] for i in range(inputs)]})
    saved = json.loads(mx.sym.load_json(text(nodes)).tojson())["nodes"][-1]
    assert (saved["op"], saved.get("attrs", {})) == (new, parameters)


@pytest.mark.parametrize("op", ["argmax", "argmin"])
@pytest.mark.parametrize("version, kept", [(None, False), (800, False), (904, False), (905, True), (10901, True)])
def test_the_axis_that_meant_none(op, version, kept):
    nodes = [variable("data"), {"op": op, "name": "o", "attr": {"axis": "-1"}, "inputs": [[0, 0]]}]
    assert attrs(mx.sym.load_json(text(nodes, version))) == ({"o": {"axis": "-1"}} if kept else {})


def test_parameters_that_are_not_known_are_kept_with_a_warning():
    nodes = [variable("a"), {"op": "relu", "name": "r", "attr": {"foo": "1"}, "inputs": [[0, 0]]}]
    with pytest.warns(UserWarning, match="foo='1'"):
        assert attrs(mx.sym.load_json(text(nodes))) == {"r": {"__foo__": "1"}}


def test_the_side_of_a_number_in_the_first_files():
    nodes = [variable("a"), {"op": "_MinusScalar", "name": "m", "inputs": [[0, 0]],
                             "param": {"scalar": "2", "scalar_on_left": "False"}}]
    assert attrs(mx.sym.load_json(text(nodes))) == {"m": {"scalar": "2"}}
    nodes[1]["param"]["scalar_on_left"] = "True"
    with pytest.raises(mx.MXNetError, match="scalar_on_left"):
        mx.sym.load_json(text(nodes))


# ---- broken files ---------------------------------------------------------------------------------

relu = {"op": "relu", "name": "r", "inputs": [[0, 0]]}


@pytest.mark.parametrize("broken, match", [
    ("", "not JSON"),
    ("[]", "list of nodes"),
    ("[" * 100000, "not JSON"),
    (text([variable("a")], heads=[[4, 0]]), "node 4"),
    (text([variable("a")], heads=[[0]]), "two or three"),
    (text([variable("a")], heads=[[True, 0]]), "two or three"),
    (text([variable("a"), {**relu, "inputs": [[0, 3]]}]), "output 3"),
    (text([variable("a"), {**relu, "inputs": [[0, 0], [0, 0]]}]), "takes 1 input"),
    (text([variable("a"), {**relu, "op": "rellu"}]), "'rellu'.*Did you mean"),
    (text([variable("a"), {**relu, "attrs": 3}]), "attrs of node 1"),
    (text([variable("a")], version="new"), "mxnet_version"),
    (text([{**variable("a"), "name": 3}]), "name"),
    (text([variable("d"), {"op": "FullyConnected", "name": "f", "attrs": {"num_hidden": "3"}, "inputs": [[0, 0]]}],
          10901), "takes 3 inputs"),
    (text([variable("a"), {"op": "SliceChannel", "name": "s", "attrs": {"num_outputs": "999999999999"},
                           "inputs": [[0, 0]]}]), "num_outputs"),
], ids=range(14))
def test_broken_files_are_refused(broken, match):
    with pytest.raises(mx.MXNetError, match=match):
        mx.sym.load_json(broken)


def test_the_file_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(mx.MXNetError, match=r"x\.json"):
        mx.sym.load(str(tmp_path / "x.json"))


def with_dependencies():
    """e = exp(a), s = sin(b), e + s, where s runs after e, and the sum after c = cos(d), which nothing uses."""
    a, b, d = S.var("a"), S.var("b"), S.var("d")
    graph = json.loads(S.Group([S.exp(a, name="e"), S.cos(d, name="c"), S.exp(a, name="e2") + S.sin(b, name="s")])
                       .tojson())
    number = {node["name"]: i for i, node in enumerate(graph["nodes"])}
    graph["nodes"][number["s"]]["control_deps"] = [number["e"]]
    graph["nodes"][-1]["control_deps"] = [number["c"]]
    graph["heads"] = graph["heads"][-1:]
    return graph


def test_control_dependencies_are_kept_and_ordered():
    net = S.load_json(json.dumps(with_dependencies()))
    assert net.list_arguments() == ["a", "b", "d"]
    for same in (net, S.load_json(net.tojson()), net.__copy__(), net(b=S.sqrt(S.var("b"), name="root")),
                 pickle.loads(pickle.dumps(net))):
        nodes = json.loads(same.tojson())["nodes"]
        names = [node["name"] for node in nodes]
        assert [nodes[i]["name"] for i in nodes[names.index("s")]["control_deps"]] == ["e"]
        assert [nodes[i]["name"] for i in nodes[-1]["control_deps"]] == ["c"]
        assert names.index("e") < names.index("s") and names.index("c") == len(names) - 2
    exe = net.simple_bind(mx.cpu(), a=(2,), b=(2,), d=(3,))
    exe.arg_dict["a"][:] = 1
    exe.forward(is_train=True)
    exe.backward(mx.nd.ones(2))
    np.testing.assert_allclose(exe.outputs[0].asnumpy(), np.exp([1, 1]), rtol=1e-6)
    np.testing.assert_allclose(exe.grad_dict["a"].asnumpy(), np.exp([1, 1]), rtol=1e-6)
    assert not exe.grad_dict["d"].asnumpy().any()


@pytest.mark.parametrize("value, message", [([99], "refers to node 99"), ([-1], "refers to node -1"), ("x", "a list"),
                                            ([["a"]], "whole numbers"), ([4], "refers to node")])
def test_bad_control_dependencies(value, message):
    graph = with_dependencies()
    graph["nodes"][1]["control_deps"] = value
    with pytest.raises(MXNetError, match=f"control_deps of node 1.*{message}"):
        S.load_json(json.dumps(graph))
