# SPDX-License-Identifier: Apache-2.0
"""Samples of Dropout."""
from . import Bad, Sample, T, ints, special

SAMPLES = [
    Sample("Dropout", [T(8, 9)], random=True),
    Sample("Dropout", [T(8, 9)], {"p": 0.25}, random=True),
    Sample("Dropout", [T(3, 4)], {"p": 0.0}),
    Sample("Dropout", [T(3, 4)], {"p": 1.0}),
    Sample("Dropout", [special()], {"p": 0.5}, train=False, grad=False),
    Sample("Dropout", [T(8, 9)], {"p": 0.5, "mode": "always"}, random=True),
    Sample("Dropout", [T(8, 9, 3)], {"p": 0.5, "axes": (1,)}, random=True),
    Sample("Dropout", [T(8, 9, 3)], {"p": 0.5, "axes": (0, 2), "mode": "always"}, random=True),
    Sample("Dropout", [T(8, 9)], {"p": 0.5, "axes": (0, 1), "cudnn_off": True}, random=True),
    *[Sample("Dropout", [T(3, 4, dtype=dtype)], {"p": 0.5}, random=True) for dtype in ("float16", "float64")],
    Sample("Dropout", [T(1)], {"p": 0.5}, train=False, grad=False),
    Sample("Dropout", [T(0, 3)], {"p": 0.5}),
    Bad("Dropout", [T(3, 4)], {"p": 1.5}, match="p"),
    Bad("Dropout", [T(3, 4)], {"p": -0.5}, match="p"),
    Bad("Dropout", [T(3, 4)], {"mode": "sometimes"}, match="mode"),
    Bad("Dropout", [T(3, 4)], {"axes": (2,), "mode": "always"}, match="axes"),
    Bad("Dropout", [T(3, 4)], {"axes": (2,)}, match="axes"),
    Bad("Dropout", [T(5)], {"axes": (1,)}, match="axes"),
    Bad("Dropout", [ints(3, 4)], {"mode": "always"}, match="int32|Int"),
]
