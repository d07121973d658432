# SPDX-License-Identifier: Apache-2.0
"""Networks made by MXNet 1.9.1 itself, and one way to run them that MXNet and this package have in common.

`export` needs MXNet's own Python (gluon, mx.rnn). `run` knows only what both sides offer: `mx.sym`, `mx.nd`, `bind`.
As a script: `export NAME FOLDER`, `run FOLDER RESULT.npz`, `resave FOLDER TARGET`.

A folder holds `net-symbol.json`, `net-0000.params` and `inputs.json`: {name: [shape, kind]}, where a whole number as
kind means labels below it and "normal" values of the normal distribution. Weights and inputs come from NumPy's
RandomState, whose streams are the same in every release; so records need not hold them.
"""
from __future__ import annotations

import json
import os
import shutil
import sys
import time
import warnings
import zlib

import numpy as np

SEED = 20240
IMAGES = {                  # smallest sizes that the families take: the last pooling of some has a fixed window
    "resnet18_v1": (2, 64), "resnet18_v2": (2, 64), "resnet50_v1": (2, 96), "resnet50_v2": (2, 96), "vgg11": (2, 32),
    "vgg11_bn": (2, 64), "alexnet": (2, 64), "densenet121": (1, 224), "squeezenet1.0": (1, 224),
    "squeezenet1.1": (1, 224), "inceptionv3": (1, 299), "mobilenet1.0": (2, 96), "mobilenetv2_1.0": (2, 96),
}
SMALL_IMAGES = {"tiny_resnet_v1": (2, 32), "tiny_resnet_v2": (2, 32), "tiny_vgg_bn": (2, 16), "tiny_densenet": (2, 56),
                "tiny_mobilenet": (4, 96), "tiny_mobilenet_v2": (4, 96)}
GRAPHS = ("lstm_unrolled", "gru_unrolled", "bidirectional_lstm", "lstm_fused", "gru_fused", "rnn_fused", "ssd")
SMALL = (*SMALL_IMAGES, *GRAPHS)
FULL = tuple(IMAGES)


# ---- values ---------------------------------------------------------------------------------------

def _stream(name):
    return np.random.RandomState(SEED + zlib.crc32(name.encode()) % 1000003)


def weight(name, shape):
    """The value of one parameter or auxiliary state: scaled so that signals neither grow nor vanish with depth."""
    stream = _stream(name)
    if name.endswith("var"):
        return stream.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith("gamma"):
        return stream.uniform(0.8, 1.2, shape).astype(np.float32)
    if len(shape) == 1:
        return stream.uniform(-0.1, 0.1, shape).astype(np.float32)
    scale = np.sqrt(2 / np.prod(shape[1:]))
    return (stream.randn(*shape) * scale).astype(np.float32)


def value(name, shape, kind):
    """The value of one input."""
    stream = _stream(name)
    if kind == "normal":
        return stream.randn(*shape).astype(np.float32)
    if kind == "boxes":                  # per image: class, left, top, right, bottom; padded with -1
        corner, size = stream.uniform(0, 0.5, (*shape[:2], 2)), stream.uniform(0.2, 0.5, (*shape[:2], 2))
        boxes = np.concatenate([stream.randint(0, 3, (*shape[:2], 1)), corner, corner + size], -1)
        boxes[:, -1] = -1
        return boxes.astype(np.float32)
    return stream.randint(0, kind, shape).astype(np.float32)


# ---- making them (MXNet only) ---------------------------------------------------------------------

def export(name, folder):
    """Write a network to a folder."""
    import mxnet as mx
    os.makedirs(folder, exist_ok=True)
    prefix = os.path.join(folder, "net")
    with mx.name.Prefix(""), mx.name.NameManager():
        symbol, inputs = _graph(name) if name in GRAPHS else _vision(name, prefix)
    shapes = {key: tuple(shape) for key, (shape, _) in inputs.items()}
    arguments, _, aux = symbol.infer_shape(**shapes)
    arrays = {f"arg:{key}": weight(key, shape) for key, shape in zip(symbol.list_arguments(), arguments)
              if key not in inputs}
    arrays.update({f"aux:{key}": weight(key, shape) for key, shape in zip(symbol.list_auxiliary_states(), aux)})
    symbol.save(prefix + "-symbol.json")
    mx.nd.save(prefix + "-0000.params", {key: mx.nd.array(array) for key, array in arrays.items()})
    with open(os.path.join(folder, "inputs.json"), "w", encoding="utf-8") as file:
        json.dump(inputs, file)


def _vision(name, prefix):
    """A gluon network, through its own export, with a softmax on top; dropout off, so that training repeats."""
    import mxnet as mx
    batch, size = {**IMAGES, **SMALL_IMAGES}[name]
    net = _tiny(name) if name in SMALL_IMAGES else mx.gluon.model_zoo.vision.get_model(name, pretrained=False)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    net(mx.nd.zeros((batch, 3, size, size)))
    net.export(prefix)
    with open(prefix + "-symbol.json", encoding="utf-8") as file:
        graph = json.load(file)
    for node in graph["nodes"]:
        if node["op"] == "Dropout":
            node["attrs"]["p"] = "0"
    scores = mx.sym.load_json(json.dumps(graph))
    symbol = mx.sym.Group([mx.sym.SoftmaxOutput(scores, name="softmax"), mx.sym.BlockGrad(scores, name="scores")])
    return symbol, {"data": [[batch, 3, size, size], "normal"], "softmax_label": [[batch], 10]}


def _tiny(name):
    from mxnet.gluon.model_zoo.vision import densenet, mobilenet, resnet, vgg
    if name == "tiny_resnet_v1":
        return resnet.ResNetV1(resnet.BottleneckV1, [1, 1], [4, 8, 16], classes=10, prefix="")
    if name == "tiny_resnet_v2":
        return resnet.ResNetV2(resnet.BasicBlockV2, [1, 1], [4, 8, 16], classes=10, prefix="")
    if name == "tiny_vgg_bn":
        return vgg.VGG([1, 1], [4, 8], classes=10, batch_norm=True, prefix="")
    if name == "tiny_densenet":
        return densenet.DenseNet(16, 8, [2, 2], classes=10, prefix="")
    if name == "tiny_mobilenet":
        return mobilenet.MobileNet(multiplier=0.0625, classes=10, prefix="")
    return mobilenet.MobileNetV2(multiplier=0.0625, classes=10, prefix="")


def _graph(name):
    return _detector() if name == "ssd" else _language_model(name)


def _language_model(name, steps=7, batch=3, vocabulary=20, hidden=12):
    import mxnet as mx
    kind = name.partition("_")[0]
    fused = name.endswith("fused")
    if fused:
        mode = "rnn_tanh" if kind == "rnn" else kind
        cell = mx.rnn.FusedRNNCell(hidden, num_layers=2, mode=mode, bidirectional=kind == "gru", prefix=kind + "_")
    elif kind == "bidirectional":
        cell = mx.rnn.BidirectionalCell(mx.rnn.LSTMCell(hidden, prefix="l_"), mx.rnn.LSTMCell(hidden, prefix="r_"))
    else:
        cell = mx.rnn.SequentialRNNCell()
        for layer in range(2):
            made = mx.rnn.LSTMCell if kind == "lstm" else mx.rnn.GRUCell
            cell.add(made(hidden, prefix=f"{kind}_l{layer}_"))
    embedded = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=vocabulary, output_dim=hidden, name="embed")
    outputs, _ = cell.unroll(steps, inputs=embedded, merge_outputs=True)
    flat = mx.sym.Reshape(outputs, shape=(-3, 0))
    scores = mx.sym.FullyConnected(flat, num_hidden=vocabulary, name="pred")
    label = mx.sym.Reshape(mx.sym.Variable("softmax_label"), shape=(-1,))
    symbol = mx.sym.SoftmaxOutput(scores, label, name="softmax", use_ignore=True, ignore_label=0,
                                  normalization="valid")
    return symbol, {"data": [[batch, steps], vocabulary], "softmax_label": [[batch, steps], vocabulary]}


def _detector(batch=2, size=64, classes=3):
    """A single shot detector on two scales, in the layout of MXNet's own example."""
    import mxnet as mx
    sym = mx.sym
    body, scores, places, anchors = sym.Variable("data"), [], [], []
    for scale, channels in enumerate((8, 16, 16)):
        body = sym.Convolution(body, kernel=(3, 3), pad=(1, 1), num_filter=channels, no_bias=True,
                               name=f"conv{scale}")
        body = sym.Activation(sym.BatchNorm(body, fix_gamma=False, name=f"bn{scale}"), act_type="relu")
        body = sym.Pooling(body, kernel=(2, 2), stride=(2, 2), pool_type="max")
        if scale == 0:
            scale_by = sym.Variable("scale", shape=(1, channels, 1, 1))
            body = sym.broadcast_mul(sym.L2Normalization(body, mode="channel"), scale_by)
            continue
        ratios = (1.0, 2.0, 0.5)
        score = sym.Convolution(body, kernel=(3, 3), pad=(1, 1), num_filter=4 * (classes + 1), name=f"cls{scale}")
        place = sym.Convolution(body, kernel=(3, 3), pad=(1, 1), num_filter=16, name=f"loc{scale}")
        scores.append(sym.Flatten(sym.transpose(score, axes=(0, 2, 3, 1))))
        places.append(sym.Flatten(sym.transpose(place, axes=(0, 2, 3, 1))))
        anchors.append(sym.Flatten(sym.contrib.MultiBoxPrior(body, sizes=(0.2 * scale, 0.3 * scale), ratios=ratios,
                                                             clip=False)))
    score = sym.Reshape(sym.Concat(*scores, dim=1), shape=(0, -1, classes + 1))
    score = sym.transpose(score, axes=(0, 2, 1))
    place, anchor = sym.Concat(*places, dim=1), sym.Reshape(sym.Concat(*anchors, dim=1), shape=(0, -1, 4))
    target, mask, wanted = sym.contrib.MultiBoxTarget(
        anchor, sym.Variable("label"), score, overlap_threshold=0.5, ignore_label=-1, negative_mining_ratio=3,
        minimum_negative_samples=0, negative_mining_thresh=0.5, variances=(0.1, 0.1, 0.2, 0.2), name="target")
    probability = sym.SoftmaxOutput(score, wanted, ignore_label=-1, use_ignore=True, multi_output=True,
                                    normalization="valid", name="cls_prob")
    distance = sym.smooth_l1(mask * (place - target), scalar=1.0)
    loss = sym.MakeLoss(distance, normalization="valid", name="loc_loss")
    found = sym.contrib.MultiBoxDetection(probability, place, anchor, nms_threshold=0.45, nms_topk=100,
                                          variances=(0.1, 0.1, 0.2, 0.2), name="detection")
    symbol = sym.Group([probability, loss, sym.BlockGrad(wanted), sym.BlockGrad(found)])
    return symbol, {"data": [[batch, 3, size, size], "normal"], "label": [[batch, 4, 5], "boxes"]}


# ---- running them (both) --------------------------------------------------------------------------

def run(folder):
    """Outputs, gradients and auxiliary states of the network in a folder, with seconds to load and to bind."""
    import mxnet as mx
    prefix = os.path.join(folder, "net")
    with open(os.path.join(folder, "inputs.json"), encoding="utf-8") as file:
        inputs = json.load(file)
    start = time.perf_counter()
    symbol = mx.sym.load(prefix + "-symbol.json")
    params = mx.nd.load(prefix + "-0000.params")
    loaded = time.perf_counter()
    given = {name: mx.nd.array(value(name, shape, kind)) for name, (shape, kind) in inputs.items()}
    result = compute(mx, symbol, params, given)
    smoothed = compute(mx, smooth(mx, symbol), params, given)
    result.update({f"smooth{key[4:]}": array for key, array in smoothed.items() if key.startswith("grad:")})
    result["seconds:load"] = np.float64(loaded - start)
    return result


def smooth(mx, symbol):
    """The same graph with softplus in place of rectifiers, and means in place of maxima.

    Rounding moves some inputs of a deep network's rectifiers across zero, and changes which value of a window is the
    largest; each of these changes the gradient by a jump, and two right answers then differ by per cents. With this
    graph they do not. Without batch normalization jumps stay small, and softplus would let the signals grow: the
    graph is left as it is.
    """
    graph = json.loads(symbol.tojson())
    if not any(node["op"] == "BatchNorm" for node in graph["nodes"]):
        return symbol
    for node in graph["nodes"]:
        if node["op"] == "clip" or node.get("attrs", {}).get("act_type") == "relu":
            node["op"], node["attrs"] = "Activation", {"act_type": "softrelu"}
        elif node.get("attrs", {}).get("pool_type") == "max":
            node["attrs"]["pool_type"] = "avg"
    return mx.sym.load_json(json.dumps(graph))


def compute(mx, symbol, params, inputs):
    """As `run`, for what is loaded: params by `arg:` and `aux:` names, inputs by name."""
    start = time.perf_counter()
    exe = symbol.simple_bind(mx.cpu(), grad_req={name: "null" if name in inputs else "write"
                                                 for name in symbol.list_arguments()},
                             **{name: array.shape for name, array in inputs.items()})
    bound = time.perf_counter()
    exe.copy_params_from({key[4:]: array for key, array in params.items() if key.startswith("arg:")},
                         {key[4:]: array for key, array in params.items() if key.startswith("aux:")})
    result = {f"out:{name}": array.asnumpy()
              for name, array in zip(symbol.list_outputs(), exe.forward(is_train=False, **inputs))}
    trained = exe.forward(is_train=True)
    exe.backward()
    result.update({f"train:{name}": array.asnumpy() for name, array in zip(symbol.list_outputs(), trained)})
    result.update({f"grad:{name}": array.asnumpy() for name, array in exe.grad_dict.items() if array is not None})
    result.update({f"aux:{name}": array.asnumpy() for name, array in exe.aux_dict.items()})
    result["seconds:bind"] = np.float64(bound - start)
    return result


def difference(ours, theirs, kind):
    """The largest difference between the arrays of a kind, relative to the largest magnitude in each array.

    A gradient that is nought but for rounding (a bias ahead of batch normalization) is held against 1e-2 of the
    largest gradient.
    """
    keys = [key for key in theirs if key.startswith(kind + ":")]
    peaks = {key: float(np.abs(theirs[key]).max(initial=0)) for key in keys}
    floor = 1e-2 * max(peaks.values(), default=0) if kind in ("grad", "smooth") else 1e-30
    worst = 0.0
    for key in keys:
        if ours[key].shape != theirs[key].shape:
            return float("inf")
        gap = float(np.abs(ours[key].astype(np.float64) - theirs[key]).max(initial=0))
        worst = max(worst, gap / max(peaks[key], floor, 1e-30))
    return worst


def condensed(result, size=64):
    """The result with arrays above a size replaced by a few of their projections, which any difference would move."""
    return {key: np.asarray(array, np.float64).ravel() if np.size(array) <= size else _projections(key, array)
            for key, array in result.items()}


def packed(result):
    """A condensed result in three arrays: a file has some overhead for each."""
    return {"keys": np.array(list(result)), "sizes": np.array([array.size for array in result.values()]),
            "numbers": np.concatenate(list(result.values())).astype(np.float32)}


def unpacked(record):
    """What `packed` has packed."""
    return dict(zip(record["keys"].tolist(), np.split(record["numbers"], np.cumsum(record["sizes"])[:-1])))


def _projections(key, array, number=8):
    flat = np.asarray(array, np.float64).ravel()
    signs = _stream(key).choice([-1.0, 1.0], (number, flat.size))
    return np.append(signs @ flat, np.linalg.norm(flat)) / np.sqrt(flat.size)


def resave(source, target):
    """Load what is in a folder and save it to another."""
    import mxnet as mx
    os.makedirs(target, exist_ok=True)
    symbol, params = mx.sym.load(os.path.join(source, "net-symbol.json")), mx.nd.load(
        os.path.join(source, "net-0000.params"))
    symbol.save(os.path.join(target, "net-symbol.json"))
    mx.nd.save(os.path.join(target, "net-0000.params"), params)
    shutil.copy(os.path.join(source, "inputs.json"), target)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command, first, second = sys.argv[1:]
    if command == "run":
        np.savez(second, **run(first))
    else:
        {"export": export, "resave": resave}[command](first, second)
