# SPDX-License-Identifier: Apache-2.0
"""Symbol files as the releases of MXNet from 0.5 to 1.9 wrote them, and what they compute.

As a script with MXNet 1.9.1's Python it writes what `test_generations.py` holds against:
`.oracle/bin/python tests/symbol/generations.py`.
"""
from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np

RECORD = Path(__file__).resolve().parents[1] / "data" / "generations.json"

# (key of the parameters, release): None for files that do not say and count as 0.8. Inputs have two numbers until 0.9
FORMATS = (("param", None), ("attr", None), ("attr", 903), ("attr", 904), ("attr", 1000), ("attrs", 10200),
           ("attrs", 10901))

_M, _V = (2, 6), (3,)
_IMAGE = (2, 3, 7, 7)
# operator: parameters, shapes of the inputs (those of the rest follow), how many inputs the file lists (None: all)
NODES = [
    ("Softmax", {"grad_scale": "0.5"}, [_M, (2,)], None),
    ("SoftmaxOutput", {"multi_output": "True", "use_ignore": "True", "ignore_label": "0"}, [(2, 3, 4), (2, 4)], None),
    ("ElementWiseSum", {"num_args": "3"}, [_M, _M, _M], None), ("_Plus", {}, [_M, _M], None),
    ("_Minus", {}, [_M, _M], None), ("_Mul", {}, [_M, _M], None), ("_Div", {}, [_M, _M], None),
    ("_plus", {}, [_M, _M], None), ("_sub", {}, [_M, _M], None), ("_Maximum", {}, [_M, _M], None),
    ("_Minimum", {}, [_M, _M], None), ("_PlusScalar", {"scalar": "2"}, [_M], None),
    ("_MinusScalar", {"scalar": "2"}, [_M], None), ("_RMinusScalar", {"scalar": "2"}, [_M], None),
    ("_MulScalar", {"scalar": "2"}, [_M], None), ("_DivScalar", {"scalar": "2"}, [_M], None),
    ("_RDivScalar", {"scalar": "2"}, [_M], None), ("_PowerScalar", {"scalar": "2"}, [_M], None),
    ("_RPowerScalar", {"scalar": "2"}, [_M], None), ("_MaximumScalar", {"scalar": "0.1"}, [_M], None),
    ("Reshape", {"target_shape": "(3, 4)"}, [_M], None), ("Reshape", {"target_shape": "(2, 0)"}, [(2, 3, 2)], None),
    ("Reshape", {"target_shape": "(0, 3)", "keep_highest": "True"}, [(2, 3)], None),
    ("Reshape", {"shape": "(0, -1)"}, [(2, 3, 2)], None), ("Reshape", {"shape": "(3L, 4L)"}, [_M], None),
    ("Flatten", {}, [_IMAGE], None), ("Cast", {"dtype": "float64"}, [_M], None),
    ("SwapAxis", {"dim1": "0", "dim2": "1"}, [_M], None), ("BlockGrad", {}, [_M], None),
    ("Crop", {"num_args": "2", "offset": "(1, 1)", "h_w": "(0, 0)", "center_crop": "False"}, [_IMAGE, (2, 1, 4, 4)],
     None), ("Crop", {"num_args": "1", "h_w": "(3, 3)", "center_crop": "True"}, [_IMAGE], None),
    ("crop", {"begin": "(0, 1)", "end": "(1, 4)"}, [_M], None), ("sum_axis", {"axis": "1"}, [_M], None),
    ("max_axis", {"axis": "1", "keepdims": "True"}, [_M], None), ("broadcast_plus", {}, [_M, (1, 6)], None),
    ("broadcast_axis", {"axis": "(1,)", "size": "(3,)"}, [(2, 1)], None), ("argmax_channel", {}, [_M], None),
    ("argmax", {"axis": "-1"}, [_M], None), ("argmin", {"axis": "-1", "keepdims": "True"}, [_M], None),
    ("argmax", {"axis": "1"}, [_M], None), ("choose_element_0index", {}, [_M, (2,)], None),
    ("smooth_l1", {"scalar": "3.0"}, [_M], None),
    ("softmax_cross_entropy", {}, [_M, (2,)], None), ("flip", {"axis": "1"}, [_M], None), ("norm", {}, [_M], None),
    ("LeakyReLU", {"act_type": "prelu"}, [_IMAGE, (3,)], None), ("LeakyReLU", {"act_type": "elu"}, [_M], None),
    ("LRN", {"nsize": "3", "alpha": "0.0001", "beta": "0.75", "knorm": "2"}, [_IMAGE], None),
    ("Activation", {"act_type": "softrelu"}, [_M], None), ("MAERegressionOutput", {}, [_M, _M], None),
    ("LogisticRegressionOutput", {"grad_scale": "2"}, [_M, _M], None), ("SVMOutput", {"margin": "1"}, [_M, (2,)], None),
    ("MakeLoss", {"grad_scale": "3", "normalization": "batch"}, [_M], None),
    ("L2Normalization", {"mode": "instance"}, [_M], None), ("InstanceNorm", {"eps": "0.001"}, [_IMAGE, _V, _V], None),
    ("UpSampling", {"scale": "2", "sample_type": "nearest", "num_args": "1"}, [_IMAGE], None),
    ("UpSampling", {"scale": "2", "sample_type": "bilinear", "num_filter": "3", "num_args": "2"},
     [_IMAGE, (3, 1, 4, 4)], None),
    ("Concat", {"num_args": "2", "dim": "1"}, [_M, _M], None), ("SliceChannel", {"num_outputs": "3"}, [_M], None),
    ("Embedding", {"input_dim": "5", "output_dim": "2"}, [(2, 3), (5, 2)], None),
    ("FullyConnected", {"num_hidden": "3"}, [_M, (3, 6), _V], None),
    ("FullyConnected", {"num_hidden": "3", "no_bias": "True"}, [_IMAGE, (3, 147)], None),
    ("Convolution", {"kernel": "(3, 3)", "num_filter": "4", "stride": "(2, 2)", "pad": "(1, 1)", "num_group": "1",
                     "workspace": "512", "no_bias": "False"}, [_IMAGE, (4, 3, 3, 3), (4,)], None),
    ("Convolution_v1", {"kernel": "(3, 3)", "num_filter": "4", "dilate": "(2, 2)"}, [_IMAGE, (4, 3, 3, 3), (4,)], None),
    ("Deconvolution", {"kernel": "(3, 3)", "num_filter": "4", "stride": "(2, 2)", "adj": "(1, 1)"},
     [_IMAGE, (3, 4, 3, 3)], None),
    ("Pooling", {"kernel": "(2, 2)", "stride": "(2, 2)", "pool_type": "max"}, [_IMAGE], None),
    ("Pooling", {"kernel": "(3, 3)", "stride": "(2, 2)", "pool_type": "avg", "pooling_convention": "full"}, [_IMAGE],
     None), ("Pooling", {"kernel": "(1, 1)", "global_pool": "True", "pool_type": "avg"}, [_IMAGE], None),
    ("Pooling_v1", {"kernel": "(2, 2)", "stride": "(2, 2)", "pool_type": "max", "pooling_convention": "full"}, [_IMAGE],
     None), ("Pooling_v1", {"kernel": "(2, 2)", "stride": "(2, 2)", "pool_type": "sum"}, [_IMAGE], None),
    ("BatchNorm", {"eps": "0.001", "momentum": "0.9", "fix_gamma": "False"}, [_IMAGE, _V, _V], None),
    ("BatchNorm", {"eps": "0.001", "use_global_stats": "True"}, [_IMAGE, _V, _V, _V, _V], None),
    ("BatchNorm_v1", {"eps": "0.001"}, [_IMAGE, _V, _V], None), ("BatchNorm_v1", {}, [_M], 1),
    ("RNN", {"state_size": "3", "num_layers": "1", "mode": "lstm", "state_outputs": "True"},
     [(4, 2, 3), (96,), (1, 2, 3), (1, 2, 3)], None),
    ("ROIPooling", {"pooled_size": "(2, 2)", "spatial_scale": "0.5"}, [_IMAGE, (2, 5)], None),
    ("SpatialTransformer", {"target_shape": "(3, 3)", "transform_type": "affine", "sampler_type": "bilinear"},
     [_IMAGE, (2, 6)], None), ("SoftmaxActivation", {"mode": "channel"}, [_IMAGE], None),
    ("dot", {}, [_M, (6, 2)], None), ("batch_dot", {}, [(2, 3, 4), (2, 4, 3)], None),
    ("transpose", {"axes": "(1, 0)"}, [_M], None), ("expand_dims", {"axis": "1"}, [_M], None),
    ("slice_axis", {"axis": "1", "begin": "1", "end": "4"}, [_M], None), ("clip", {"a_min": "-.1", "a_max": ".2"}, [_M],
                                                                        None),
    ("_zeros", {"shape": "(2,)"}, [], None), ("_arange", {"start": "1", "stop": "5"}, [], None),
    ("where", {}, [_M, _M, _M], None),
]


_WITHOUT_GRADIENT = ("argmax_channel",)              # their nodes are named "flat"


def described(number, form):
    """A file of one node, in a format."""
    op, params, shapes, listed = NODES[number]
    key, release = FORMATS[form]
    listed = len(shapes) if listed is None else listed
    pairs = release is None or release < 900
    nodes = [{"op": "null", key: {}, "name": f"in{i}", "inputs": [], "backward_source_id": -1} for i in range(listed)]
    name = "flat" if op in _WITHOUT_GRADIENT else "node"
    nodes.append({"op": op, key: params, "name": name, "backward_source_id": -1,
                  "inputs": [[i, 0] if pairs else [i, 0, 0] for i in range(listed)]})
    graph = {"nodes": nodes, "arg_nodes": list(range(listed)), "heads": [[listed, 0] if pairs else [listed, 0, 0]]}
    if release is not None:
        graph["attrs"] = {"mxnet_version": ["int", release]}
    return json.dumps(graph)


def network(form):
    """A file of a whole network: convolution, batch normalization, two branches, a loss, attributes of all kinds."""
    key, release = FORMATS[form]
    pairs = release is None or release < 900
    names, nodes = {}, []

    def add(op, name, inputs=(), params=None, attr=None):
        described = {"op": op, "name": name, "inputs": [[names[each], 0] + ([] if pairs else [0]) for each in inputs]}
        described[key] = params or {}
        if attr and key == "param":
            described["attr"] = attr
        else:
            described[key] = {**described[key], **(attr or {})}
        if pairs:
            described["backward_source_id"] = -1
        names[name] = len(nodes)
        nodes.append(described)

    add("null", "data")
    add("null", "conv_weight", attr={"lr_mult": "2.0"} if pairs else {"__lr_mult__": "2.0"})
    add("null", "conv_bias")
    add("Convolution", "conv", ("data", "conv_weight", "conv_bias"),
        {"kernel": "(3L, 3L)" if pairs else "(3, 3)", "num_filter": "4", "pad": "(1, 1)"},
        {"ctx_group": "stage1", "force_mirroring": "True"})
    add("null", "bn_gamma")
    add("null", "bn_beta")
    states = () if pairs else ("bn_moving_mean", "bn_moving_var")
    for state in states:
        add("null", state)
    add("BatchNorm", "bn", ("conv", "bn_gamma", "bn_beta", *states), {"eps": "0.001", "fix_gamma": "False"})
    add("Activation", "relu", ("bn",), {"act_type": "relu"})
    add("Pooling", "pool", ("relu",), {"kernel": "(2, 2)", "stride": "(2, 2)", "pool_type": "max"})
    add("null", "fc_weight")
    add("null", "fc_bias")
    add("FullyConnected", "fc", ("pool", "fc_weight", "fc_bias"), {"num_hidden": "5", "no_bias": "False"},
        {"weight_lr_mult": "3", "bias_wd_mult": "0"} if pairs else {})
    add("_MulScalar", "half", ("fc",), {"scalar": "0.5"})
    add("_Plus", "sum", ("fc", "half"))
    add("null", "softmax_label")
    add("Softmax", "softmax", ("sum", "softmax_label"), {"grad_scale": "1", "multi_output": "False"})
    variables = [i for i, node in enumerate(nodes) if node["op"] == "null"]
    graph = {"nodes": nodes, "arg_nodes": variables, "heads": [[len(nodes) - 1, 0] + ([] if pairs else [0])]}
    if release is not None:
        graph["attrs"] = {"mxnet_version": ["int", release]}
    return json.dumps(graph)


def _array(mx, name, shape, like_labels):
    draw = np.random.RandomState(zlib.crc32(name.encode()))
    values = draw.randint(0, 2, shape) if like_labels else draw.uniform(0.1, 1, shape)
    return mx.nd.array(values.astype(np.float32))


# inputs that hold indices, labels or boxes
_WHOLE = {("Softmax", 1), ("SoftmaxOutput", 1), ("choose_element_0index", 1), ("softmax_cross_entropy", 1),
          ("SVMOutput", 1), ("Embedding", 0), ("ROIPooling", 1), ("where", 0)}


def compute(mx, symbol, shapes, whole=(), run=True):
    """The graph of a symbol, names, and (with `run`) the weighted sums of its outputs, gradients and states."""
    found = {"text": _without_versions(symbol.tojson()), "aux": symbol.list_auxiliary_states()}
    if not run:
        return found
    arguments, _, states = symbol.infer_shape(**shapes)
    arrays = {name: _array(mx, name, shape, name in whole) for name, shape in zip(symbol.list_arguments(), arguments)}
    aux = {name: _array(mx, name, shape, False) for name, shape in zip(found["aux"], states)}
    flat = symbol.list_outputs()[0].startswith("flat")
    grads = {name: mx.nd.zeros(array.shape) for name, array in arrays.items() if not (flat or name in whole)}
    exe = symbol.bind(mx.cpu(), arrays, grads or None, aux_states=aux,
                      grad_req={name: "write" if name in grads else "null" for name in arrays})
    outputs = exe.forward(is_train=True)
    if grads:
        exe.backward([_array(mx, f"head{i}", output.shape, False).astype(output.dtype)
                      for i, output in enumerate(outputs)])
    every = [*outputs, *grads.values(), *aux.values()]
    found["numbers"] = [float(f"{_sum(array.asnumpy()):.6g}") for array in every]
    return found


def _without_versions(text):
    """The graph that a file describes. The third number of an input counts changes of a state, from 0 in a file."""
    graph = json.loads(text)
    for node in graph["nodes"]:
        node["inputs"] = [entry[:2] for entry in node["inputs"]]
    return graph


def _sum(array):
    flat = array.astype(np.float64).ravel()
    return float(flat @ np.random.RandomState(flat.size).uniform(0.5, 1, flat.size))


def one_node(mx, number, form, run=True):
    op, _, shapes, _ = NODES[number]
    whole = {f"in{i}" for i in range(len(shapes)) if (op, i) in _WHOLE}
    with mx.name.NameManager():
        symbol = mx.sym.load_json(described(number, form))
        return compute(mx, symbol, {f"in{i}": shape for i, shape in enumerate(shapes) if f"in{i}" in
                                    symbol.list_arguments()}, whole, run)


def whole_network(mx, form):
    symbol = mx.sym.load_json(network(form))
    found = compute(mx, symbol, {"data": (2, 3, 8, 8)}, {"softmax_label"})
    found["attributes"] = symbol.attr_dict()
    return found


def _attempt(run):
    """The record of a case, or None where MXNet refuses it or dies."""
    import os
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            text = json.dumps(run())
        except Exception:
            text = "null"
        with os.fdopen(writer, "w") as pipe:
            pipe.write(text)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.wait()
    return json.loads(text or "null")


if __name__ == "__main__":
    import mxnet

    # What a file gives is mostly the same in all formats: each answer is kept once.
    answers, nodes = [], []
    for number in range(len(NODES)):
        row = []
        for form in range(len(FORMATS)):
            answer = _attempt(lambda: one_node(mxnet, number, form))  # noqa: B023
            if answer not in answers:
                answers.append(answer)
            row.append(answers.index(answer))
        nodes.append(row)
        print(NODES[number][0], ["-" if answers[i] is None else i for i in row])
    networks = [_attempt(lambda: whole_network(mxnet, form)) for form in range(len(FORMATS))]  # noqa: B023
    print([None if each is None else each["numbers"][:2] for each in networks])
    RECORD.write_text(json.dumps({"answers": answers, "nodes": nodes, "networks": networks}, separators=(",", ":")))
