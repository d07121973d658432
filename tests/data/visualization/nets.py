# SPDX-License-Identifier: Apache-2.0
"""Networks whose tables and drawings are recorded. MXNet 1.9.1 writes both by `python nets.py recorded.json`."""
import contextlib
import io
import json
import sys

import mxnet as mx

S = mx.sym


def _convolutions(data):
    x = S.Convolution(data, kernel=(3, 3), num_filter=8, name="conv1", stride=(2, 2), pad=(1, 1))
    x = S.Activation(S.BatchNorm(x, name="bn1"), act_type="relu", name="r1")
    x = S.Convolution(x, kernel=(1, 3), num_filter=4, num_group=2, no_bias=True, name="conv2")
    x = S.Flatten(S.Pooling(x, kernel=(2, 2), pool_type="max", name="p1", stride=(2, 2)), name="fl")
    x = S.FullyConnected(x, num_hidden=10, name="fc1")
    e = S.Embedding(S.Variable("x"), input_dim=10, output_dim=4, name="emb")
    return S.SoftmaxOutput(S.Concat(x, S.Flatten(e)), name="softmax")


def _residual(data):
    x = S.FullyConnected(data, num_hidden=3, no_bias=True, name="a")
    return S.elemwise_add(S.LeakyReLU(x, act_type="leaky", name="l"), x, name="sum") + 1


def _outputs(data):
    parts = S.split(S.Deconvolution(data, kernel=(2, 2), num_filter=6, name="up"), num_outputs=2, axis=1, name="parts")
    return S.Group([parts[0] * 2, parts[1]])


def _group(data):
    x = S.Pooling(S.BatchNorm(data, fix_gamma=False, name="bn"), kernel=(3, 3), pool_type="avg", name="p")
    return S.Group([S.BlockGrad(x, name="bg"), S.FullyConnected(x, num_hidden=2, name="ff")])


def _volumes(data):
    x = S.Convolution(data, kernel=(3, 3, 3), num_filter=2, name="c1")
    return S.Pooling(x, kernel=(1, 1, 1), global_pool=True, pool_type="max", name="g")


def _names(data):
    return S.FullyConnected(S.Variable("my_weight") + data, S.Variable("x_gamma"), num_hidden=2, name="q-r s")


def _norms(data):
    x = S.InstanceNorm(S.LayerNorm(data, name="ln"), name="in")
    return S.LRN(S.Dropout(x, name="do"), nsize=3, name="a_name_that_is_wider_than_its_column_of_the_table" * 2)


NETS = {
    "convolutions": _convolutions, "residual": _residual, "outputs": _outputs, "group": _group, "volumes": _volumes,
    "names": _names, "norms": _norms,
    "variable": lambda data: data,
    "recurrent": lambda data: S.RNN(data, state_size=4, num_layers=1, mode="lstm", name="l"),
    "sequence": lambda data: S.Convolution(data, kernel=(3,), stride=(2,), num_filter=2, name="c1"),
    "rows": lambda data: S.FullyConnected(S.FullyConnected(data, num_hidden=4, flatten=False, name="a"), num_hidden=2,
                                          no_bias=True, name="b"),
    "reshaped": lambda data: S.Softmax(S.Reshape(S.transpose(data, name="t"), shape=(0, -1), name="rs"), name="sm"),
    "activations": lambda data: S.Activation(S.LeakyReLU(S.sigmoid(data, name="s"), act_type="prelu", name="p"),
                                             act_type="softrelu", name="sr"),
    "product": lambda data: S.dot(data, S.Variable("other"), name="d"),
}
_SHAPES = {
    "convolutions": {"data": (1, 3, 28, 28), "x": (1, 3)}, "residual": {"data": (2, 3)},
    "outputs": {"data": (2, 3, 4, 4)}, "group": {"data": (2, 3, 8, 8)}, "volumes": {"data": (1, 3, 8, 8, 8)},
    "names": {"data": (2, 3)}, "norms": {"data": (1, 3, 8, 8)}, "variable": {"data": (2, 3)},
    "recurrent": {"data": (5, 2, 3)}, "sequence": {"data": (1, 3, 20)}, "rows": {"data": (2, 3, 4)},
    "reshaped": {"data": (2, 3, 4)}, "activations": {"data": (2, 3)}, "product": {"data": (2, 3), "other": (3, 4)},
}


def net(name):
    return NETS[name](S.Variable("data"))


# name, whether shapes are given, further options
CASES = [*((name, given, {}) for name in NETS for given in (True, False)),
         ("residual", True, {"line_length": 80, "positions": [.3, .5, .8, 1.]}),
         ("residual", True, {"line_length": 60, "positions": [20, 35, 45, 60]}),
         ("convolutions", True, {"line_length": 40})]
DRAWINGS = [*((name, given, {}) for name in NETS for given in (True, False)),
            *((name, True, {"hide_weights": False}) for name in ("convolutions", "group", "names")),
            *((name, True, {"dtype": {key: "float32" for key in _SHAPES[name]}}) for name in ("residual", "product")),
            ("residual", False, {"node_attrs": {"shape": "oval", "fixedsize": "false"}, "title": "a title"})]


def _shape(name, given):
    return {"shape": _SHAPES[name]} if given else {}


def table(name, given, options):
    """The text that `print_summary` prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), mx.name.NameManager():
        mx.viz.print_summary(net(name), **_shape(name, given), **options)
    return text.getvalue()


def drawing(name, given, options):
    """The DOT text of `plot_network`, without comments and empty lines."""
    with mx.name.NameManager():
        source = mx.viz.plot_network(net(name), **_shape(name, given), **options).source
    return [line for line in source.splitlines() if line.strip() and not line.startswith("//")]


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump({"tables": [table(*case) for case in CASES], "drawings": [drawing(*case) for case in DRAWINGS]},
                  file, indent=1)
