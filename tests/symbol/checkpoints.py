# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that MXNet 1.9.1 writes, with what it computes from them: gluon exports, float16, mixed precision.

As a script with MXNet's Python it writes the files, without oneDNN, which refuses float16:
`MXNET_MKLDNN_ENABLED=0 .oracle/bin/python tests/symbol/checkpoints.py`.
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "data" / "checkpoints"
SHAPE = (2, 3, 8, 8)


def image(shape=SHAPE):
    """The input of every network."""
    return np.random.RandomState(7).uniform(-1, 1, shape).astype(np.float32)


def _gluon(mx):
    from mxnet.gluon import nn
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Conv2D(4, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(), nn.Dropout(0.5),
                nn.Conv2DTranspose(3, 2, strides=2), nn.PReLU(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.LayerNorm(),
                nn.Dense(5, activation="tanh"), nn.Dense(4))
    mx.random.seed(3)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


def _mixed(mx):
    """Casts of mixed precision around operators that a CPU has in float16."""
    S = mx.sym
    half = S.amp_cast(S.Flatten(S.Variable("data")), dtype="float16", name="down")
    parts = S.amp_multicast(half * 2, S.Variable("scale", shape=(2, 192)), num_outputs=2, name="both")
    return S.amp_cast(parts[0] * parts[1], dtype="float32", name="up") + 1


def write(mx):
    """Write the checkpoints, and `expected.npz` with MXNet's outputs."""
    FOLDER.mkdir(exist_ok=True)
    data = mx.nd.array(image())
    expected = {}
    net = _gluon(mx)
    expected["gluon"] = net(data).asnumpy()
    net.export(str(FOLDER / "gluon"), epoch=3)
    half = {name: array if "batchnorm" in name else array.astype("float16")         # as `net.cast("float16")` does
            for name, array in mx.nd.load(str(FOLDER / "gluon-0003.params")).items()}
    mx.nd.save(str(FOLDER / "half-0000.params"), half)
    symbol = _mixed(mx)
    scale = mx.nd.array(np.linspace(0, 1, 384).reshape(2, 192))
    symbol.save(str(FOLDER / "mixed-symbol.json"), remove_amp_cast=False)
    symbol.save(str(FOLDER / "mixed_removed-symbol.json"))
    mx.nd.save(str(FOLDER / "mixed-0000.params"), {"arg:scale": scale})
    expected["mixed"] = symbol.eval(data=data, scale=scale)[0].asnumpy()
    rows = mx.nd.array([[1, -2, 3]])
    quantized = {"arg:w_quantize": rows.astype("int8"), "arg:w_quantize_min": mx.nd.array([-1.5]),
                 "arg:b_quantize": rows.astype("int32"), "aux:u": mx.nd.array([1, 255]).astype("uint8")}
    mx.nd.save(str(FOLDER / "quantized-0000.params"), quantized)
    np.savez_compressed(FOLDER / "expected.npz", **expected)
    print({path.name: path.stat().st_size for path in FOLDER.iterdir()}, json.loads(symbol.tojson())["heads"])


if __name__ == "__main__":
    import mxnet

    write(mxnet)
