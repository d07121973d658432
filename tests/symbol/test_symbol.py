# SPDX-License-Identifier: Apache-2.0
"""Symbol: composition, names, attributes, groups, slices, copies and partial inference. MXNet 1.9.1's answers."""
from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import mxnet as mx

S = mx.sym
data = S.Variable("data")


def fc():
    return S.FullyConnected(S.Variable("x"), num_hidden=2, name="fc")


def split():
    return S.SliceChannel(S.Variable("data"), num_outputs=3, name="sp")


# ---- composition ----------------------------------------------------------------------------------

def test_compose_by_name_replaces_and_leaves_the_original_alone():
    net, other = fc(), S.Variable("y") + 1
    assert net(x=other).list_arguments() == ["y", "fc_weight", "fc_bias"]
    assert net(fc_weight=other).list_arguments() == ["x", "y", "fc_bias"]
    assert net(x=other, name="new").list_outputs() == ["new_output"]
    assert net(x=split()[1]).list_arguments() == ["data", "fc_weight", "fc_bias"]
    assert net().list_arguments() == net.list_arguments() == ["x", "fc_weight", "fc_bias"]


def test_compose_of_a_group_renames_its_first_node():
    group = S.Group([S.SliceChannel(data, num_outputs=3), data, data + 1])
    made = group(data=S.Variable("y") + 1, name="q")
    assert made.list_arguments()[0] == "y"
    assert made.list_outputs()[:3] == ["q_output0", "q_output1", "q_output2"]


def test_compose_leaves_names_that_several_variables_share():
    both = S.Variable("a") + S.Variable("a")
    assert both.list_arguments() == both(a=data).list_arguments() == ["a", "a"]


@pytest.mark.parametrize("args, kwargs, match", [
    ((), {"z": data}, "no argument is named 'z'"),
    ((data,), {"x": data}, "by position or by name"),
    ((data,) * 4, {}, "4 symbols are given"),
    ((), {"x": 1}, "takes symbols"),
    ((), {"x": S.SliceChannel(data, num_outputs=2)}, "2 outputs"),
])
def test_compose_errors(args, kwargs, match):
    with pytest.raises(mx.MXNetError, match=match):
        fc()(*args, **kwargs)


def test_a_state_has_to_be_a_variable():
    with pytest.raises(mx.MXNetError, match="moving_mean.* is updated"):
        S.BatchNorm(data, moving_mean=data + 1)


# ---- names ----------------------------------------------------------------------------------------

def test_automatic_names():
    with mx.name.NameManager():
        made = [S.FullyConnected(data, num_hidden=1), S.FullyConnected(data, num_hidden=1), data + 1, data + data,
                1 - data, S.relu(data), S.sum(data), S.broadcast_add(data, data), S.Pooling(data, kernel=(1, 1)),
                data[0]]
    assert [item.name for item in made] == [
        "fullyconnected0", "fullyconnected1", "_plusscalar0", "_plus0", "_rminusscalar0", "relu0", "sum0",
        "broadcast_add0", "pooling0", "data"]
    with mx.name.NameManager(), mx.name.Prefix("p_"):
        assert S.FullyConnected(data, num_hidden=1).name == "p_fullyconnected0"
        assert S.FullyConnected(data, num_hidden=1, name="given").name == "p_given"
        assert S.Variable("q").name == "q"


# ---- attributes -----------------------------------------------------------------------------------

def test_a_given_variable_learns_its_initializer_from_the_operator():
    mean = S.Variable("mm")
    norm = S.BatchNorm(data, moving_mean=mean, name="bn")
    assert norm.attr_dict() == {"mm": {"__init__": '["zero", {}]'}, "bn_moving_var": {"__init__": '["one", {}]'}}
    assert mean.attr("__init__") == '["zero", {}]'
    own = S.Variable("mv", init=mx.init.Zero())
    S.BatchNorm(data, moving_var=own)
    assert own.attr("__init__") == '["zero", {}]'
    assert S.LeakyReLU(data, gamma=S.Variable("ga"), act_type="prelu").attr_dict()["ga"]["__init__"] == \
        '["Constant", {"value": 0.25}]'


def test_automatic_variables_inherit_attributes():
    with mx.AttrScope(ctx_group="a", lr_mult="2"):
        net = S.FullyConnected(data, num_hidden=3, name="fc", attr={"__w__": "1"})
    expected = {"num_hidden": "3", "__lr_mult__": "2", "lr_mult": "2", "__w__": "1", "__ctx_group__": "a",
                "ctx_group": "a"}
    assert net.attr_dict() == {"fc_weight": expected, "fc_bias": expected, "fc": expected}
    norm = S.BatchNorm(data, attr={"__init__": "zeros"}, name="b").attr_dict()
    assert norm["b_moving_var"] == {"__init__": "zeros"}


def test_attributes_of_a_variable():
    made = S.Variable("x", lr_mult=2, wd_mult=3, shape=(1, 2), dtype="float16", init="zeros", stype="csr", __foo__="1")
    assert made.attr_dict()["x"] == {
        "__storage_type__": "2", "__init__": "zeros", "__foo__": "1", "__dtype__": "2", "__wd_mult__": "3",
        "wd_mult": "3", "__lr_mult__": "2", "lr_mult": "2", "__shape__": "(1, 2)"}
    assert S.Variable("x", attr={"foo": "1"}).attr("foo") == "1"


@pytest.mark.parametrize("make", [
    lambda: S.Variable("x", attr={"weight_lr_mult": "2"}),
    lambda: S.FullyConnected(data, num_hidden=3, attr={"weight_lr_mult": "3"}),
    lambda: S.FullyConnected(data, num_hidden=3, attr={"foo": "1"}),
    lambda: S.Variable("x", foo="1"),
    lambda: fc()._set_attr(foo="2"),
    lambda: fc()._set_attr(num_hidden="x"),
    lambda: S.Variable("x")._set_attr(weight_lr_mult="2"),
    lambda: S.Group([fc(), data])._set_attr(a="1"),
], ids=range(8))
def test_attributes_that_are_refused(make):
    with pytest.raises(mx.MXNetError, match="foo|num_hidden|lr_mult|single"):
        make()


def test_setting_a_parameter_changes_the_node():
    net = fc()
    other = copy.copy(net)
    other._set_attr(num_hidden="5")
    assert other.infer_shape(x=(1, 2))[1] == [(1, 5)]
    assert net.infer_shape(x=(1, 2))[1] == [(1, 2)]
    other._set_attr(lr_mult="3")
    assert other.attr("lr_mult") == other.attr("__lr_mult__") == "3"


def test_a_group_of_several_nodes_has_no_attributes():
    group = S.Group([split(), data])
    assert group.attr("num_outputs") is None and group.attr("name") is None
    assert group.list_attr() == {"num_outputs": "3"}
    assert split()[1:].attr("num_outputs") == "3"
    assert split().attr("name") == "sp" and data.attr("name") == "data"


# ---- outputs --------------------------------------------------------------------------------------

def test_outputs_and_slices():
    net = split()
    assert net.list_outputs() == ["sp_output0", "sp_output1", "sp_output2"]
    assert net[1].list_outputs() == ["sp_output1"]
    assert net["sp_output2"].name == net.name == "sp" and len(net) == 3
    assert [item.list_outputs() for item in net] == [["sp_output0"], ["sp_output1"], ["sp_output2"]]
    assert net[0:2].list_outputs() == ["sp_output0", "sp_output1"]
    assert net[::2].list_outputs() == ["sp_output0", "sp_output2"]
    with pytest.raises(IndexError):
        net[7]
    with pytest.raises(ValueError, match="Cannot find output"):
        net["sp"]


def test_groups():
    net = split()
    group = S.Group([net, data, net[0]])
    assert group.list_outputs() == ["sp_output0", "sp_output1", "sp_output2", "data", "sp_output0"]
    assert group.name is None and len(group) == 5
    assert repr(group) == "<Symbol group [sp, sp, sp, data, sp]>"
    assert repr(S.Group([net[0], net[1]])) == "<Symbol sp>"
    assert group.get_internals().list_outputs()[:4] == ["data", "sp_output0", "sp_output1", "sp_output2"]
    for wrong in ([], [1]):
        with pytest.raises(TypeError):
            S.Group(wrong)


def test_children():
    assert fc().get_children().list_outputs() == ["x", "fc_weight", "fc_bias"]
    assert data.get_children() is None
    assert S.BatchNorm(data, name="b").get_internals().list_outputs() == [
        "data", "b_gamma", "b_beta", "b_moving_mean", "b_moving_var", "b_output"]
    assert S.BatchNorm(data, name="b", output_mean_var=True).list_outputs() == ["b_output", "b_mean", "b_var"]


# ---- copies ---------------------------------------------------------------------------------------

def test_pickles_and_copies():
    net = S.Group([split(), fc()])
    for made in (pickle.loads(pickle.dumps(net)), copy.copy(net), copy.deepcopy(net), S.load_json(net.tojson())):
        assert made.tojson() == net.tojson()
    changed = copy.deepcopy(fc())
    changed._set_attr(__foo__="2")
    assert fc().attr("__foo__") is None and changed.attr("__foo__") == "2"


# ---- inference ------------------------------------------------------------------------------------

@pytest.mark.parametrize("make, given, expected", [
    (fc, {}, ([(), (), ()], [()])),
    (fc, {"x": (0, 3)}, ([(0, 3), (2, 3), (2,)], [(0, 2)])),
    (fc, {"fc_weight": (2, 7)}, ([(), (2, 7), ()], [()])),
    (lambda: data + S.Variable("y"), {"data": (2, 0, 3)}, ([(2, 0, 3), (2, 0, 3)], [(2, 0, 3)])),
    (lambda: data + S.Variable("y"), {"data": (2, 0, 3), "y": (0, 4, 0)}, ([(2, 4, 3), (2, 4, 3)], [(2, 4, 3)])),
    (lambda: S.Reshape(data, shape=(-1, 4)), {}, ([()], [()])),
    (lambda: S.Concat(data, S.Variable("y"), dim=1), {"data": (2, 3), "y": (0, 4)}, ([(2, 3), (2, 4)], [(2, 7)])),
    (lambda: S.Variable("x", shape=(2, 0)) + data, {"data": (0, 4)}, ([(2, 4), (2, 4)], [(2, 4)])),
    (lambda: S.Variable("x", shape=(2, 3)), {}, ([(2, 3)], [(2, 3)])),
    (lambda: S.Variable("x", shape=(2, 3)), {"x": (2, 4)}, ([(2, 4)], [(2, 4)])),
])
def test_partial_shapes(make, given, expected):
    assert make().infer_shape_partial(**given)[:2] == expected


def test_undecided_shapes_warn():
    with pytest.warns(UserWarning, match="Cannot decide shape.*\n.*x"):
        assert fc().infer_shape(x=(0, 3)) == (None, None, None)


@pytest.mark.parametrize("make, given, expected", [
    (fc, {"x": "float16"}, ["float16"] * 3 + ["float16"]),
    (lambda: S.BatchNorm(data), {"data": "float16"}, ["float16", *["float32"] * 2, "float16", *["float32"] * 2]),
    (lambda: data + S.Variable("y"), {"data": "int32"}, ["int32"] * 3),
    (lambda: S.Variable("x", dtype="float16"), {}, ["float16"] * 2),
    (lambda: S.Variable("x", dtype="float16"), {"x": "float32"}, ["float32"] * 2),
])
def test_types(make, given, expected):
    found = make().infer_type(**given)
    assert [np.dtype(kind).name for part in found for kind in part] == expected


def test_undecided_types():
    assert fc().infer_type() == (None, None, None)
    assert fc().infer_type_partial() == ([None] * 3, [None], [])
    assert S.Cast(data, dtype="float16").infer_type_partial() == ([None], [np.float16], [])


@pytest.mark.parametrize("run, match", [
    (lambda: fc().infer_shape(q=(3,)), "'q' is not an argument"),
    (lambda: fc().infer_shape((1, 2), x=(1, 2)), "either by positional or kwargs"),
    (lambda: fc().infer_shape((1, 2), (3,), (3,), (4,)), "4 values are given"),
    (lambda: fc().infer_shape(x=(2, 3), fc_weight=(5, 9)), r"weight.*\(5, 9\).*\(2, 3\)"),
    (lambda: fc().infer_type(x="float16", fc_weight="float32"), "weight.*float32.*float16"),
    (lambda: fc().infer_type(q="float32"), "'q' is not an argument"),
])
def test_inference_errors(run, match):
    with pytest.raises(mx.MXNetError, match=match):
        run()
