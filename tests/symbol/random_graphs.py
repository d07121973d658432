# SPDX-License-Identifier: Apache-2.0
"""Random graphs by number, the same wherever they are made, and what they compute.

As a script with MXNet 1.9.1's Python it writes what `test_random_graphs.py` holds against:
`.oracle/bin/python tests/symbol/random_graphs.py`. Only NumPy's RandomState decides, whose streams do not change.
"""
from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

RECORD = Path(__file__).resolve().parents[1] / "data" / "random_graphs.npz"
GRAPHS = range(80)
UNARY = ("tanh", "sigmoid", "relu", "abs", "square", "sin", "negative", "softsign")
BINARY = ("elemwise_add", "elemwise_sub", "elemwise_mul", "broadcast_maximum", "broadcast_add", "broadcast_mul")


class Maker:
    """Builds one graph; `values` are the outputs that exist so far, with their shapes."""

    def __init__(self, mx, number):
        self.sym, self.draw = mx.sym, np.random.RandomState(number)
        self.size = 1 + number * 60 // len(GRAPHS)
        self.values, self.used = [], set()
        for i in range(1 + self.draw.randint(3)):
            self.values.append((self.sym.Variable(f"in{i}"), self.shape()))
        self.inputs = {f"in{i}": shape for i, (_, shape) in enumerate(self.values)}

    def shape(self):
        return tuple(int(n) for n in self.draw.choice([1, 2, 3, 4, 6], self.draw.randint(2, 4)))

    def pick(self):
        index = self.draw.randint(max(0, len(self.values) - 8), len(self.values))
        self.used.add(index)
        return self.values[index]

    def graph(self):
        """The symbol, whose outputs are the values that no node uses, and the shapes of its inputs."""
        for step in range(self.size):
            kinds = ("unary", "binary", "scalar", "dense", "reshape", "concat", "split", "transpose", "reduce", "slice")
            kind = kinds[self.draw.randint(len(kinds))]
            self.values += getattr(self, kind)(f"n{step}", *self.pick())
        free = [symbol for i, (symbol, _) in enumerate(self.values) if i not in self.used]
        symbol = self.sym.Group(free)
        present = symbol.list_arguments()
        return symbol, {name: shape for name, shape in self.inputs.items() if name in present}

    def unary(self, name, x, shape):
        return [(getattr(self.sym, self.draw.choice(UNARY))(x, name=name), shape)]

    def binary(self, name, x, shape):
        y, other = self.pick()
        if other != shape:
            y = self.sym.reshape(self.sym.sum(y, name=name + "_s"), shape=(1,) * len(shape), name=name + "_r")
            return [(self.sym.broadcast_add(x, y, name=name), shape)]
        return [(getattr(self.sym, self.draw.choice(BINARY))(x, y, name=name), shape)]

    def scalar(self, name, x, shape):
        number = float(np.round(self.draw.uniform(0.5, 1.5), 2))
        made = (lambda: x + number, lambda: number - x, lambda: x * number, lambda: x / number)
        return [(made[self.draw.randint(4)](), shape)]

    def dense(self, name, x, shape):
        hidden, flatten = int(self.draw.randint(1, 6)), bool(self.draw.randint(2))
        bias = bool(self.draw.randint(2))
        made = self.sym.FullyConnected(x, num_hidden=hidden, flatten=flatten, no_bias=not bias, name=name)
        return [(self.sym.tanh(made), (shape[0], hidden) if flatten else (*shape[:-1], hidden))]

    def reshape(self, name, x, shape):
        total = int(np.prod(shape))
        choices = [((-1, 1), (total, 1)), ((0, -1), (shape[0], total // shape[0])), ((1, -1), (1, total)),
                   ((-3, -2), (shape[0] * shape[1], *shape[2:])), ((0, -4, 1, -1, -2), (shape[0], 1, *shape[1:]))]
        code, result = choices[self.draw.randint(len(choices))]
        if not 2 <= len(result) <= 4:
            code, result = (0, -1), (shape[0], total // shape[0])
        return [(self.sym.Reshape(x, shape=code, name=name), result)]

    def concat(self, name, x, shape):
        axis, number = int(self.draw.randint(len(shape))), int(self.draw.randint(2, 4))
        same = [symbol for symbol, other in self.values[-8:] if other == shape]
        parts = [x] + [same[self.draw.randint(len(same))] if same else x for _ in range(number - 1)]
        if np.prod(shape) * number > 2000:
            return self.unary(name, x, shape)
        return [(self.sym.Concat(*parts, dim=axis, name=name), tuple(n * number if i == axis else n
                                                                     for i, n in enumerate(shape)))]

    def split(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        parts = next(n for n in (3, 2, 1) if shape[axis] % n == 0)
        made = self.sym.SliceChannel(x, num_outputs=parts, axis=axis, name=name)
        result = tuple(n // parts if i == axis else n for i, n in enumerate(shape))
        return [(made[i], result) for i in range(parts)]

    def transpose(self, name, x, shape):
        axes = tuple(int(n) for n in self.draw.permutation(len(shape)))
        return [(self.sym.transpose(x, axes=axes, name=name), tuple(shape[n] for n in axes))]

    def reduce(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        made = getattr(self.sym, self.draw.choice(["sum", "mean", "max"]))(x, axis=axis, keepdims=True, name=name)
        return [(made, tuple(1 if i == axis else n for i, n in enumerate(shape)))]

    def slice(self, name, x, shape):
        axis = int(self.draw.randint(len(shape)))
        end = int(self.draw.randint(1, shape[axis] + 1))
        return [(self.sym.slice_axis(x, axis=axis, begin=0, end=end, name=name),
                 tuple(end if i == axis else n for i, n in enumerate(shape)))]


def values(name, shape):
    """The value of an argument, or of an output's head gradient."""
    return np.random.RandomState(zlib.crc32(name.encode())).uniform(-1, 1, shape).astype(np.float32)


def compute(mx, number, change=lambda symbol: symbol):
    """Shapes (as one line of numbers), outputs and gradients of a graph: a name for each array.

    Arrays are summed up as their weighted sum and their norm. `change` may replace the symbol on the way.
    """
    symbol, inputs = Maker(mx, number).graph()
    symbol = change(symbol)
    arguments, outputs, _ = symbol.infer_shape(**inputs)
    names = symbol.list_arguments()
    arrays = {name: mx.nd.array(values(name, shape)) for name, shape in zip(names, arguments)}
    grads = {name: mx.nd.zeros(array.shape) for name, array in arrays.items()}
    exe = symbol.bind(mx.cpu(), arrays, grads)
    result = [_summary(array.asnumpy()) for array in exe.forward(is_train=True)]
    exe.backward([mx.nd.array(values(f"head{i}", shape)) for i, shape in enumerate(outputs)])
    result += [_summary(grads[name].asnumpy()) for name in names]
    return {"names": ",".join([*names, *symbol.list_outputs()]),
            "shapes": ";".join(",".join(map(str, shape)) for shape in [*arguments, *outputs]),
            "numbers": np.array(result)}


def _summary(array):
    flat = array.astype(np.float64).ravel()
    return float(flat @ values(f"weights{flat.size}", flat.shape)), float(np.linalg.norm(flat))


if __name__ == "__main__":
    import mxnet

    record = []
    for graph in GRAPHS:
        with mxnet.name.NameManager():
            record.append(compute(mxnet, graph))
    np.savez_compressed(RECORD, names=[found["names"] for found in record],
                        shapes=[found["shapes"] for found in record],
                        numbers=np.concatenate([found["numbers"] for found in record]).astype(np.float32))
