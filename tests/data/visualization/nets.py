# SPDX-License-Identifier: Apache-2.0
"""Networks whose tables are recorded. MXNet 1.9.1 writes `recorded.json` by `python nets.py recorded.json`."""
import contextlib
import io
import json
import sys

import mxnet as mx

S = mx.sym


def net(name):
    data = S.Variable("data")
    if name == "convolutions":
        x = S.Convolution(data, kernel=(3, 3), num_filter=8, name="conv1", stride=(2, 2), pad=(1, 1))
        x = S.Activation(S.BatchNorm(x, name="bn1"), act_type="relu", name="r1")
        x = S.Convolution(x, kernel=(1, 3), num_filter=4, num_group=2, no_bias=True, name="conv2")
        x = S.Flatten(S.Pooling(x, kernel=(2, 2), pool_type="max", name="p1", stride=(2, 2)), name="fl")
        x = S.FullyConnected(x, num_hidden=10, name="fc1")
        e = S.Embedding(S.Variable("x"), input_dim=10, output_dim=4, name="emb")
        return S.SoftmaxOutput(S.Concat(x, S.Flatten(e)), name="softmax")
    if name == "residual":
        x = S.FullyConnected(data, num_hidden=3, no_bias=True, name="a")
        return S.elemwise_add(S.LeakyReLU(x, act_type="leaky", name="l"), x, name="sum") + 1
    parts = S.split(S.Deconvolution(data, kernel=(2, 2), num_filter=6, name="up"), num_outputs=2, axis=1, name="parts")
    return S.Group([parts[0] * 2, parts[1]])


CASES = [("convolutions", {"data": (1, 3, 28, 28), "x": (1, 3)}, {}), ("convolutions", None, {}),
         ("residual", {"data": (2, 3)}, {"line_length": 80, "positions": [.3, .5, .8, 1.]}),
         ("residual", {"data": (2, 3)}, {"line_length": 60, "positions": [20, 35, 45, 60]}),
         ("outputs", {"data": (2, 3, 4, 4)}, {})]


def table(name, shape, options):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), mx.name.NameManager():
        mx.viz.print_summary(net(name), shape=shape, **options)
    return text.getvalue()


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump([table(*case) for case in CASES], file, indent=1)
