# SPDX-License-Identifier: Apache-2.0
"""Graphs of recurrent cells that MXNet 1.9.1 and mxtorch must build alike, as functions of the engine.

`python cell_cases.py file.json.gz` with MXNet writes what the tests compare with.
"""
import gzip
import json
import random
import sys
import warnings

import numpy as np

MODES = ("rnn_relu", "rnn_tanh", "lstm", "gru")


def cells(mx):
    """Cells by name, each made anew."""
    rnn = mx.rnn
    found = {
        "rnn": lambda: rnn.RNNCell(4, prefix="r_"),
        "rnn_relu": lambda: rnn.RNNCell(4, activation="relu"),
        "lstm": lambda: rnn.LSTMCell(4, prefix="l_", forget_bias=2.0),
        "gru": lambda: rnn.GRUCell(4, prefix="g_"),
        "stack": lambda: stack(rnn),
        "bidirectional": lambda: rnn.BidirectionalCell(rnn.LSTMCell(4, prefix="l_"), rnn.GRUCell(3, prefix="r_"),
                                                       output_prefix="bb_"),
        "residual_bidirectional": lambda: rnn.ResidualCell(rnn.BidirectionalCell(rnn.RNNCell(3, prefix="l_"),
                                                                                 rnn.RNNCell(2, prefix="r_"))),
        "zoneout": lambda: rnn.ZoneoutCell(rnn.LSTMCell(4, prefix="l_"), 0.3, 0.2),
        "zoneout_outputs": lambda: rnn.ZoneoutCell(rnn.RNNCell(4, prefix="l_"), 0.3, 0.0),
        "zoneout_states": lambda: rnn.ZoneoutCell(rnn.RNNCell(4, prefix="l_"), 0.0, 0.2),
        "dropout": lambda: rnn.DropoutCell(0.3),
        "residual": lambda: rnn.ResidualCell(rnn.GRUCell(5, prefix="g_")),
        "residual_fused": lambda: rnn.ResidualCell(rnn.FusedRNNCell(5, prefix="g_")),
    }
    for mode in MODES:
        for both in (False, True):
            end = "_both" if both else ""
            given = dict(num_layers=2, mode=mode, bidirectional=both)
            found[f"fused_{mode}{end}"] = lambda g=given: rnn.FusedRNNCell(4, prefix="f_", **g)
            found[f"fused_states_{mode}{end}"] = lambda g=given: rnn.FusedRNNCell(4, get_next_state=True, **g)
            found[f"unfused_{mode}{end}"] = lambda g=given: rnn.FusedRNNCell(4, prefix="f_", dropout=0.3,
                                                                            **g).unfuse()
    return found


def stack(rnn):
    made = rnn.SequentialRNNCell()
    made.add(rnn.LSTMCell(4, prefix="a_"))
    made.add(rnn.DropoutCell(0.5))
    made.add(rnn.ResidualCell(rnn.GRUCell(4, prefix="b_")))
    return made


def run(mx, symbol, shapes):
    """A graph's nodes, arguments, shapes and values."""
    args, _, _ = symbol.infer_shape(**shapes)
    rng = np.random.RandomState(0)
    values = {name: mx.nd.array(rng.uniform(-0.5, 0.5, shape)) for name, shape in zip(symbol.list_arguments(), args)}
    outputs = symbol.bind(mx.cpu(), values).forward()
    nodes = [[node["op"], node["name"], node.get("attrs", {})] for node in json.loads(symbol.tojson())["nodes"]]
    return values, {"arguments": symbol.list_arguments(), "outputs": symbol.list_outputs(), "nodes": nodes,
                    "shapes": [list(map(int, shape)) for shape in args],
                    "values": [output.asnumpy().astype(float).ravel()[:24].round(6).tolist() for output in outputs]}


def unrolled(mx, make, merge, layout, length=3):
    """What unrolling a cell twice gives (names count anew), and its weights unpacked and packed."""
    with mx.name.NameManager(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cell = make()
        cell.unroll(length, mx.sym.Variable("data"), layout=layout, merge_outputs=merge)
        outputs, states = cell.unroll(length, mx.sym.Variable("data"), layout=layout, merge_outputs=merge)
    every = list(outputs) if isinstance(outputs, list) else [outputs]
    for state in states:
        every += state if isinstance(state, list) else [state]
    values, found = run(mx, mx.sym.Group(every), {"data": (2, length, 5) if layout == "NTC" else (length, 2, 5)})
    found.update(merged=not isinstance(outputs, list), info=repr(cell.state_info))
    weights = {name: value for name, value in values.items() if name != "data"}
    parts = cell.unpack_weights(weights)
    packed = cell.pack_weights(parts)
    found["parts"] = {name: [list(value.shape), round(float(value.asnumpy().sum()), 4)]
                      for name, value in sorted(parts.items())}
    found["packs"] = sorted(packed) == sorted(weights) and \
        all(np.array_equal(packed[name].asnumpy(), value.asnumpy()) for name, value in weights.items())
    return found


def convolved(mx, kind, **kwargs):
    """What two steps of a convolutional cell give."""
    with mx.name.NameManager():
        cell = getattr(mx.rnn, kind)(input_shape=(1, 3, 6, 5), num_hidden=2, **kwargs)
        count = len(cell.state_info)
        outputs, states = cell.unroll(2, [mx.sym.Variable(f"t{i}") for i in range(2)],
                                      begin_state=[mx.sym.Variable(f"s{i}") for i in range(count)])
    shapes = {"t0": (1, 3, 6, 5), "t1": (1, 3, 6, 5), **{f"s{i}": (1, 2, 6, 5) for i in range(count)}}
    _, found = run(mx, mx.sym.Group(list(outputs) + list(states)), shapes)
    return {**found, "info": repr(cell.state_info)}


SENTENCES = [[int(word) for word in np.random.RandomState(number).randint(1, 9, size=1 + number * 7 % 11)]
             for number in range(40)]
ITERATORS = {"buckets": dict(buckets=[3, 6, 10], invalid_label=0), "automatic": dict(layout="TN"),
             "named": dict(buckets=[6, 3, 11], dtype="int32", data_name="d", label_name="l")}


def batches(mx, kwargs):
    """Batches of two rounds, with their descriptions."""
    np.random.seed(0)
    random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sentences = mx.rnn.BucketSentenceIter(SENTENCES, 4, **kwargs)
    found = [repr(sentences.provide_data), repr(sentences.provide_label), sentences.default_bucket_key]
    for _ in range(2):
        found += [[batch.bucket_key, batch.pad, repr(batch.provide_data), repr(batch.provide_label),
                   batch.data[0].asnumpy().tolist(), batch.label[0].asnumpy().tolist()] for batch in sentences]
        sentences.reset()
    return found


def facts(mx):
    """Everything, by name; functions that give it."""
    found = {f"{name}/{merge}/{layout}": lambda m=make, g=merge, w=layout: unrolled(mx, m, g, w)
             for name, make in cells(mx).items() for merge in (None, False, True) for layout in ("NTC", "TNC")}
    for kind in ("ConvRNNCell", "ConvLSTMCell", "ConvGRUCell"):
        found[kind] = lambda k=kind: convolved(mx, k)
        found[f"{kind}/dilated"] = lambda k=kind: convolved(mx, k, h2h_kernel=(5, 3), h2h_dilate=(1, 2),
                                                            activation="tanh", prefix="c_")
    for name, kwargs in ITERATORS.items():
        found[f"batches/{name}"] = lambda k=kwargs: batches(mx, k)
    return found


if __name__ == "__main__":
    import mxnet
    with gzip.GzipFile(sys.argv[1], "wb", mtime=0) as file:
        file.write(json.dumps({name: fact() for name, fact in facts(mxnet).items()}).encode())
