# SPDX-License-Identifier: Apache-2.0
"""Samples of Activation and LeakyReLU."""
from . import Bad, Sample, T, ints, special, values

KINDS = ("relu", "sigmoid", "softrelu", "softsign", "tanh")
EDGES = [0.0, -0.0, 1e-3, -1e-3, 19.5, 20.5, 30, -30, 87, -87, 100, -100]
NARROW = "MXNet computes this in 32 bits, and keeps its parameters so"
FLOAT64 = {"rtol": 1e-5, "atol": 1e-6, "reason": NARROW}
NAN = {"grad": "MXNet's gradient at NaN and infinity depends on which of its two libraries computes"}

SAMPLES = [
    *[Sample("Activation", [T(2, 3, 4)], {"act_type": kind}) for kind in KINDS],
    *[Sample("Activation", [values(EDGES)], {"act_type": kind}) for kind in KINDS],
    *[Sample("Activation", [T(3, 4, dtype=dtype)], {"act_type": kind}) for kind in KINDS
      for dtype in ("float16", "float64")],
    *[Sample("Activation", [special("float64")], {"act_type": kind}, skip=NAN) for kind in KINDS],
    Sample("Activation", [T(1)], {"act_type": "relu"}),
    Sample("Activation", [T(0, 3)], {"act_type": "tanh"}),
    Bad("Activation", [T(2, 3)], {"act_type": "swish"}, match="act_type"),
    Bad("Activation", [T(2, 3)], {}, match="act_type"),
    *[Bad("Activation", [ints(2, 3)], {"act_type": kind}, match="int32") for kind in KINDS],
    *[Sample("LeakyReLU", [T(3, 4, 2)], {"act_type": kind}) for kind in ("leaky", "elu", "selu", "gelu")],
    *[Sample("LeakyReLU", [values(EDGES)], {"act_type": kind, "slope": 0.125}) for kind in ("leaky", "elu", "selu",
                                                                                          "gelu")],
    *[Sample("LeakyReLU", [T(3, 4, dtype="float64")], {"act_type": kind}, **FLOAT64)
      for kind in ("leaky", "elu", "selu", "gelu")],
    *[Sample("LeakyReLU", [T(3, 4, dtype="float16")], {"act_type": kind}) for kind in ("leaky", "elu", "selu", "gelu")],
    Sample("LeakyReLU", [T(3, 4, 2)]),
    Sample("LeakyReLU", [T(3, 4)], {"act_type": "leaky", "slope": 0.0}),
    Sample("LeakyReLU", [T(3, 4, 2), T(4)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4, 2), T(1)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4), T(4)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(2, 4, 3, 3), T(4)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(4), T(4)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(4), T(1)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4, dtype="float64"), T(4, dtype="float64")], {"act_type": "prelu"}, **FLOAT64),
    Sample("LeakyReLU", [T(3, 40)], {"act_type": "rrelu", "lower_bound": 0.1, "upper_bound": 0.4}, random=True),
    Sample("LeakyReLU", [T(3, 4)], {"act_type": "rrelu"}, random=True),
    Sample("LeakyReLU", [T(3, 4, 2), T(3, 4)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4, 2, 2), T(1, 4)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4, 2), T(3)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4), T(3, 1)], {"act_type": "prelu"}),
    Sample("LeakyReLU", [T(3, 4), T(3, 4)], {"act_type": "prelu"}),
    Bad("LeakyReLU", [T(3, 4, 2), T(2)], {"act_type": "prelu"}, match="LeakyReLU"),
    Bad("LeakyReLU", [T(3, 4, 2), T(1, 4, 1)], {"act_type": "prelu"}, match="LeakyReLU"),
    Bad("LeakyReLU", [T(3, 4)], {"act_type": "mish"}, match="act_type"),
    Bad("LeakyReLU", [ints(3, 4)], {}, match="int32|Int"),
]
