# SPDX-License-Identifier: Apache-2.0
"""Random graphs by number and size, the same wherever they are made, and what they compute.

As a script with MXNet 1.9.1's Python it writes what `test_random_graphs.py` holds against:
`.oracle/bin/python tests/symbol/random_graphs.py`; with `serve` it answers for one graph after the other, by lines
`number size apart` on its input. Only NumPy's RandomState decides, whose streams do not change.
"""
from __future__ import annotations

import hashlib
import json
import sys
import zlib
from pathlib import Path

import numpy as np

RECORD = Path(__file__).resolve().parents[1] / "data" / "random_graphs.npz"
GRAPHS = [(number, 1 + number * 199 // 49) for number in range(50)]      # (number, nodes), 1 to 200 nodes
UNARY = ("tanh", "sigmoid", "relu", "abs", "sin", "cos", "negative", "softsign", "arctan", "erf", "BlockGrad",
         "identity")
BINARY = ("elemwise_add", "elemwise_sub", "broadcast_maximum", "broadcast_minimum", "broadcast_add", "broadcast_sub")
KINDS = ("unary", "binary", "binary", "scalar", "product", "dense", "reshape", "concat", "split", "transpose", "reduce",
         "slice", "softmax", "norm", "convolution", "pooling", "batch_norm", "embedding", "take", "where", "dot",
         "stack", "pad", "repeat", "stop", "order", "moments", "attention")
WHOLE = 4               # inputs named `ids` hold numbers below this
LARGEST = 3000          # elements of an array


class Maker:
    """Builds one graph; `values` are the outputs that exist so far, with their shapes."""

    def __init__(self, mx, number, size):
        self.mx, self.sym, self.draw, self.size = mx, mx.sym, np.random.RandomState(number), size
        self.values, self.used, self.inputs = [], set(), {}
        for i in range(1 + self.draw.randint(3)):
            shape = self.shape()
            self.values.append((self.variable(f"in{i}", shape), shape))

    def variable(self, name, shape):
        self.inputs[name] = shape
        return self.sym.Variable(name)

    def shape(self):
        return tuple(int(n) for n in self.draw.choice([1, 2, 3, 4, 6], self.draw.randint(2, 5)))

    def pick(self, shape=None):
        """One of the last values, of this shape where there is one."""
        recent = range(max(0, len(self.values) - 10), len(self.values))
        fitting = [i for i in recent if shape is None or self.values[i][1] == shape]
        if not fitting:
            return None
        index = fitting[self.draw.randint(len(fitting))]
        self.used.add(index)
        return self.values[index]

    def graph(self):
        """The symbol, whose outputs are the values that no node uses (some with a loss), and its inputs' shapes."""
        for step in range(self.size):
            kind = KINDS[self.draw.randint(len(KINDS))]
            made = getattr(self, kind)(f"n{step}", *self.pick())
            if len(made) > 1 and self.draw.randint(3) == 0:
                made = made[:1]                          # the others are not used
            self.values += made
        free = [value for i, value in enumerate(self.values) if i not in self.used][-12:]
        symbol = self.sym.Group([self.loss(f"out{i}", *value) for i, value in enumerate(free)])
        present = symbol.list_arguments()
        return symbol, {name: shape for name, shape in self.inputs.items() if name in present}

    def loss(self, name, x, shape):
        kind = self.draw.randint(8)
        if kind == 0 and len(shape) == 2:
            label = self.variable(f"ids_{name}", shape[:1])
            return self.sym.SoftmaxOutput(x, label, grad_scale=0.5, name=name)
        if kind == 1:
            return self.sym.LinearRegressionOutput(x, self.variable(f"label_{name}", shape), name=name)
        if kind == 2:
            return self.sym.MakeLoss(x, grad_scale=2.0, name=name)
        return self.sym.BlockGrad(x, name=name) if kind == 3 else x

    def calm(self, x):
        """Values of a narrow range, so that long chains do not grow."""
        return self.sym.softsign(x)

    def unary(self, name, x, shape):
        return [(getattr(self.sym, self.draw.choice(UNARY))(x, name=name), shape)]

    def binary(self, name, x, shape):
        y, other = self.pick()
        if other != shape:
            y = self.sym.reshape(self.sym.mean(y, name=name + "_s"), shape=(1,) * len(shape), name=name + "_r")
            return [(self.sym.broadcast_add(x, y, name=name), shape)]
        return [(self.calm(getattr(self.sym, self.draw.choice(BINARY))(x, y, name=name)), shape)]

    def product(self, name, x, shape):
        return [(self.calm(self.sym.elemwise_mul(x, self.pick(shape)[0] if self.pick(shape) else x, name=name)), shape)]

    def scalar(self, name, x, shape):
        number = float(np.round(self.draw.uniform(0.5, 1.5), 2))
        made = (lambda: x + number, lambda: number - x, lambda: x * number, lambda: x / number,
                lambda: x > number - 1, lambda: self.sym.maximum(x, number - 1),
                lambda: self.sym.smooth_l1(x, scalar=2.0))
        return [(made[self.draw.randint(len(made))](), shape)]

    def dense(self, name, x, shape):
        hidden, flatten = int(self.draw.randint(1, 6)), bool(self.draw.randint(2))
        bias = bool(self.draw.randint(2))
        made = self.sym.FullyConnected(x, num_hidden=hidden, flatten=flatten, no_bias=not bias, name=name)
        return [(self.calm(made), (shape[0], hidden) if flatten else (*shape[:-1], hidden))]

    def reshape(self, name, x, shape):
        total = int(np.prod(shape))
        choices = [((-1, 1), (total, 1)), ((0, -1), (shape[0], total // shape[0])), ((1, -1), (1, total)),
                   ((-3, -2), (shape[0] * shape[1], *shape[2:])), ((0, -4, 1, -1, -2), (shape[0], 1, *shape[1:])),
                   ((1, 1, 0, -1), None)]
        code, result = choices[self.draw.randint(len(choices))]
        if result is None:
            code, result = ((0, 1, -1, 1), (shape[0], 1, total // shape[0], 1))
        if not 2 <= len(result) <= 4:
            code, result = (0, -1), (shape[0], total // shape[0])
        return [(self.sym.Reshape(x, shape=code, name=name), result)]

    def concat(self, name, x, shape):
        axis, number = int(self.draw.randint(len(shape))), int(self.draw.randint(2, 4))
        parts = [x] + [(self.pick(shape) or (x,))[0] for _ in range(number - 1)]
        if np.prod(shape) * number > LARGEST:
            return self.unary(name, x, shape)
        return [(self.sym.Concat(*parts, dim=axis, name=name), self.changed(shape, axis, shape[axis] * number))]

    @staticmethod
    def changed(shape, axis, size):
        return tuple(size if i == axis else n for i, n in enumerate(shape))

    def split(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        parts = next(n for n in (3, 2, 1) if shape[axis] % n == 0)
        made = self.sym.SliceChannel(x, num_outputs=parts, axis=axis, name=name)
        return [(made[i], self.changed(shape, axis, shape[axis] // parts)) for i in range(parts)]

    def transpose(self, name, x, shape):
        axes = tuple(int(n) for n in self.draw.permutation(len(shape)))
        return [(self.sym.transpose(x, axes=axes, name=name), tuple(shape[n] for n in axes))]

    def reduce(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        kind = self.draw.choice(["sum", "mean", "max", "min", "norm", "nansum"])
        if kind == "norm":
            return [(self.sym.norm(x + 3, axis=axis, keepdims=True, name=name) / 10, self.changed(shape, axis, 1))]
        made = getattr(self.sym, kind)(x, axis=axis, keepdims=True, name=name)
        return [(self.calm(made), self.changed(shape, axis, 1))]

    def slice(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        end = int(self.draw.randint(1, shape[axis] + 1))
        if self.draw.randint(2):
            return [(self.sym.slice(x, begin=(0,) * len(shape), end=self.changed(shape, axis, end), name=name),
                     self.changed(shape, axis, end))]
        return [(self.sym.slice_axis(x, axis=axis, begin=0, end=end, name=name), self.changed(shape, axis, end))]

    def softmax(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        kind = self.draw.choice(["softmax", "log_softmax", "softmin"])
        made = getattr(self.sym, kind)(x, axis=axis, name=name)
        return [(made / 4 if kind == "log_softmax" else made, shape)]

    def norm(self, name, x, shape):
        kinds = [lambda: self.sym.LayerNorm(x, eps=0.1, name=name)]
        if len(shape) >= 3:
            kinds += [lambda: self.sym.L2Normalization(x + 2, mode="channel", name=name),
                      lambda: self.sym.InstanceNorm(x, eps=0.1, name=name)]
        if len(shape) == 4:
            kinds.append(lambda: self.sym.LRN(x, nsize=3, name=name))
        return [(self.calm(kinds[self.draw.randint(len(kinds))]()), shape)]

    def convolution(self, name, x, shape):
        if len(shape) < 3:
            return self.dense(name, x, shape)
        space = len(shape) - 2
        kernel = tuple(int(n) for n in self.draw.choice([1, 2, 3], space))
        filters, stride = int(self.draw.randint(1, 4)), int(self.draw.randint(1, 3))
        bias = bool(self.draw.randint(2))
        sizes = tuple((n + 2 - k) // stride + 1 for n, k in zip(shape[2:], kernel))
        made = self.sym.Convolution(x, kernel=kernel, num_filter=filters, stride=(stride,) * space, pad=(1,) * space,
                                    no_bias=not bias, name=name)
        return [(self.calm(made), (shape[0], filters, *sizes))]

    def pooling(self, name, x, shape):
        if len(shape) < 3:
            return self.reduce(name, x, shape)
        space = len(shape) - 2
        kind = str(self.draw.choice(["max", "avg"]))
        if self.draw.randint(4) == 0:
            return [(self.sym.Pooling(x, kernel=(1,) * space, global_pool=True, pool_type=kind, name=name),
                     (*shape[:2], *(1,) * space))]
        kernel = tuple(int(self.draw.randint(1, n + 1)) for n in shape[2:])
        sizes = tuple(n - k + 1 for n, k in zip(shape[2:], kernel))
        return [(self.sym.Pooling(x, kernel=kernel, pool_type=kind, name=name), (*shape[:2], *sizes))]

    def batch_norm(self, name, x, shape):
        fixed, everywhere = bool(self.draw.randint(2)), self.draw.randint(3) == 0
        made = self.sym.BatchNorm(x, eps=0.1, fix_gamma=fixed, use_global_stats=bool(everywhere), name=name)
        return [(self.calm(made), shape)]

    def embedding(self, name, x, shape):
        ids = self.variable(f"ids_{name}", (shape[0], 2))
        return [(self.sym.Embedding(ids, input_dim=WHOLE, output_dim=3, name=name), (shape[0], 2, 3))]

    def take(self, name, x, shape):
        ids = self.variable(f"ids_{name}", (shape[0],))
        if len(shape) == 2 and shape[1] >= WHOLE and self.draw.randint(2):
            return [(self.sym.pick(x, ids, axis=1, keepdims=True, name=name), (shape[0], 1))]
        return [(self.sym.take(x, ids, mode="clip", name=name), shape)]

    def where(self, name, x, shape):
        y = (self.pick(shape) or (x,))[0]
        return [(self.sym.where(x > 0.1, y, x * 0.5, name=name), shape)]

    def dot(self, name, x, shape):
        if len(shape) == 3:
            return [(self.calm(self.sym.batch_dot(x, x, transpose_b=True, name=name)), (*shape[:2], shape[1]))]
        if len(shape) == 2 and shape[0] < 50:
            return [(self.calm(self.sym.dot(x, x, transpose_b=True, name=name)), (shape[0], shape[0]))]
        return self.unary(name, x, shape)

    def stack(self, name, x, shape):
        if len(shape) > 3 or 2 * np.prod(shape) > LARGEST:
            return self.unary(name, x, shape)
        return [(self.sym.stack(x, (self.pick(shape) or (x,))[0], axis=1, name=name), (shape[0], 2, *shape[1:]))]

    def pad(self, name, x, shape):
        if len(shape) != 4 or np.prod(shape) * 4 > LARGEST:
            return self.scalar(name, x, shape)
        return [(self.sym.Pad(x, mode="constant", constant_value=0.5, pad_width=(0, 0, 0, 0, 1, 0, 0, 1), name=name),
                 (*shape[:2], shape[2] + 1, shape[3] + 1))]

    def repeat(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        if 2 * np.prod(shape) > LARGEST:
            return self.unary(name, x, shape)
        if self.draw.randint(2):
            return [(self.sym.repeat(x, repeats=2, axis=axis, name=name), self.changed(shape, axis, 2 * shape[axis]))]
        reps = self.changed((1,) * len(shape), axis, 2)
        return [(self.sym.tile(x, reps=reps, name=name), self.changed(shape, axis, 2 * shape[axis]))]

    def stop(self, name, x, shape):
        return [(self.sym.BlockGrad(x, name=name) + x, shape)]

    def order(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        kinds = (lambda: self.sym.reverse(x, axis=axis, name=name),
                 lambda: self.sym.SwapAxis(x, dim1=0, dim2=0, name=name),
                 lambda: self.sym.clip(x, -0.7, 0.7, name=name), lambda: self.sym.zeros_like(x, name=name) + x,
                 lambda: self.sym.broadcast_like(self.sym.slice_axis(x, axis=axis, begin=0, end=1), x, name=name))
        return [(kinds[self.draw.randint(len(kinds))](), shape)]

    def moments(self, name, x, shape):
        made = self.sym.moments(x, axes=(0,), keepdims=True, name=name)
        return [(made[0] - made[1], (1, *shape[1:]))]        # MXNet needs both to be asked for

    def attention(self, name, x, shape):
        """One value that several nodes use."""
        weights = self.sym.softmax(x, axis=-1, name=name)
        total = self.sym.sum(weights * x, axis=-1, keepdims=True)
        return [(self.sym.broadcast_mul(weights, total) + self.calm(x), shape)]


def values(name, shape):
    """The value of an argument, a state, or of an output's head gradient."""
    draw = np.random.RandomState(zlib.crc32(name.encode()))
    if name.startswith("ids"):
        return draw.randint(0, WHOLE, shape).astype(np.float32)
    return draw.uniform(0.5 if "moving" in name or "gamma" in name else -1, 1, shape).astype(np.float32)


def compute(mx, number, size, change=lambda symbol: symbol, apart=False):
    """Text, shapes (also those of partial inference), outputs, gradients and states of a graph.

    Arrays are summed up as their weighted sum and their norm. `change` may replace the symbol on the way. `apart` has
    the gradient of each output computed alone, and adds them: MXNet may lose a part where it adds many.
    """
    with mx.name.NameManager():
        symbol, inputs = Maker(mx, number, size).graph()
    symbol = change(symbol)
    arguments, outputs, states = symbol.infer_shape(**inputs)
    names, state_names = symbol.list_arguments(), symbol.list_auxiliary_states()
    arrays = {name: mx.nd.array(values(name, shape)) for name, shape in zip(names, arguments)}
    aux = {name: mx.nd.array(values(name, shape)) for name, shape in zip(state_names, states)}
    wanted = [name for name in names if not name.startswith("ids")]
    grads = {name: mx.nd.zeros(arrays[name].shape) for name in wanted}
    heads = [mx.nd.array(values(f"head{i}", shape)) for i, shape in enumerate(outputs)]
    exe = _bind(mx, symbol, arrays, grads, aux)
    result = [_summary(array.asnumpy()) for array in exe.forward(is_train=True)]
    exe.backward(heads)
    found = {name: array.asnumpy() for name, array in grads.items()}
    if apart:
        found = dict.fromkeys(found, 0)
        for output, head in zip(symbol, heads):
            for array in grads.values():
                array[:] = 0
            exe = _bind(mx, output, arrays, grads, {name: array.copy() for name, array in aux.items()})
            exe.forward(is_train=True)
            exe.backward([head])
            found = {name: found[name] + array.asnumpy() for name, array in grads.items()}
    result += [_summary(found[name]) for name in wanted]
    result += [_summary(aux[name].asnumpy()) for name in state_names]
    text = symbol.tojson()
    return {"names": ",".join([*names, *symbol.list_outputs(), *state_names]),
            "text": hashlib.sha256(text.encode()).hexdigest()[:16],
            "shapes": shapes_text([arguments, outputs, states]),
            "partial": "|".join(partial_shapes(symbol, inputs, outputs)), "types": types(symbol, inputs),
            "numbers": np.array(result)}


def near_ties(mx, number, size):
    """Whether a `max` or `min` has numbers that are equal but for rounding, which decides to whom the gradient goes.

    Sums of the same rows of an embedding in another order are such, or rows that are softmaxes of the same numbers.
    """
    with mx.name.NameManager():
        symbol, inputs = Maker(mx, number, size).graph()
    inner = symbol.get_internals()
    shapes = [dict(zip(names(), found)) for names, found in
              zip((inner.list_arguments, inner.list_auxiliary_states), inner.infer_shape(**inputs)[::2])]
    given = [{name: mx.nd.array(values(name, shape)) for name, shape in part.items()} for part in shapes]
    results = inner.bind(mx.cpu(), given[0], aux_states=given[1]).forward(is_train=True)
    found = dict(zip(inner.list_outputs(), (result.asnumpy() for result in results)))
    nodes = json.loads(symbol.tojson())["nodes"]
    for node in nodes:
        if node["op"] in ("max", "min"):
            source, output, *_ = node["inputs"][0]
            name, best = nodes[source]["name"], found[node["name"] + "_output"]
            among = next(found[key] for key in (name, f"{name}_output", f"{name}_output{output}") if key in found)
            axis = int(node["attrs"]["axis"])
            if np.any((np.abs(among - best) <= 1e-5 * np.abs(best)).sum(axis) > 1):
                return True
    return False


def _bind(mx, symbol, arrays, grads, aux):
    """An executor on those of the arrays that a symbol takes."""
    names = symbol.list_arguments()
    return symbol.bind(mx.cpu(), {name: arrays[name] for name in names},
                       {name: grads[name] for name in names if name in grads} or None,
                       aux_states={name: aux[name] for name in symbol.list_auxiliary_states()},
                       grad_req={name: "write" if name in grads else "null" for name in names})


def shapes_text(parts):
    return ";".join(",".join(map(str, shape)) for part in parts for shape in part)


def partial_shapes(symbol, inputs, outputs):
    """What follows when sizes are missing: the first of each input, all of the first input, all but the outputs'."""
    import mxnet as mx
    probes = [mx.sym.Variable(f"probe{i}", shape=shape) for i, shape in enumerate(outputs)]
    sums = mx.sym.Group([mx.sym.elemwise_add(output, probe) for output, probe in zip(symbol, probes)])
    cases = ((symbol, {name: (0, *shape[1:]) for name, shape in inputs.items()}),
             (symbol, dict(list(inputs.items())[1:])), (sums, {}))
    found = []
    for asked, known in cases:
        try:
            parts = asked.infer_shape_partial(**known)
        except mx.MXNetError:
            found.append("")
            continue
        own = [shape for name, shape in zip(asked.list_arguments(), parts[0]) if not name.startswith("probe")]
        found.append(shapes_text([own, parts[1], parts[2]]))
    return found


def types(symbol, inputs):
    """Dtypes of everything when the first input is float64."""
    import mxnet as mx
    try:
        parts = symbol.infer_type_partial(**{name: "float64" for name in list(inputs)[:1]})
    except mx.MXNetError:
        return ""
    return ",".join("" if kind is None else np.dtype(kind).name for part in parts for kind in part)


def _summary(array):
    flat = array.astype(np.float64).ravel()
    return float(flat @ values(f"weights{flat.size}", flat.shape)), float(np.linalg.norm(flat))


def _serve(mx):
    """Answer for graphs that are asked for by lines, each with a line of JSON."""
    for line in sys.stdin:
        number, size, apart = map(int, line.split())
        try:
            found = compute(mx, number, size, apart=bool(apart))
            answer = {**found, "numbers": found["numbers"].tolist()}
        except Exception as error:
            answer = {"error": str(error)[:500]}
        print("answer " + json.dumps(answer), flush=True)


def _record(mx):
    record = [compute(mx, number, size) for number, size in GRAPHS]
    texts = {key: [found[key] for found in record] for key in ("names", "text", "shapes", "partial", "types")}
    np.savez_compressed(RECORD, numbers=np.concatenate([found["numbers"] for found in record]).astype(np.float32),
                        texts=np.frombuffer(zlib.compress(json.dumps(texts).encode(), 9), np.uint8))


if __name__ == "__main__":
    import mxnet

    (_serve if "serve" in sys.argv else _record)(mxnet)
