# SPDX-License-Identifier: Apache-2.0
"""Samples of LayerNorm, GroupNorm, InstanceNorm, L2Normalization and LRN."""
from . import Bad, Sample, T, ints, values

FLOAT32 = "MXNet has this for float32 only"
TOLERANCE = {"float32": (1e-5, 2e-6)}
ALONE = dict(rtol=1e-5, atol=1e-5, reason="the deviation of a number from itself is a rounding error")


def normed(op, shape, channels, dtype="float32", **params):
    extra = {name: params.pop(name) for name in ("ours_ok", "rtol", "atol", "reason") if name in params}
    return Sample(op, [T(*shape, dtype=dtype), T(channels, dtype=dtype), T(channels, dtype=dtype)], params, **extra)


def wrong(op, match, shape=(2, 4, 5), channels=4, **params):
    return Bad(op, [T(*shape), T(channels), T(channels)], params, match=match)


SAMPLES = [
    normed("LayerNorm", (4, 5), 5),
    normed("LayerNorm", (2, 3, 4, 5), 5, output_mean_var=True, eps=1e-3),
    normed("LayerNorm", (2, 3, 4, 5), 3, axis=1, output_mean_var=True),
    normed("LayerNorm", (4, 3, 5), 4, axis=0),
    normed("LayerNorm", (2, 4, 5), 4, axis=-2),
    normed("LayerNorm", (7,), 7),
    normed("LayerNorm", (3, 1), 1, **ALONE),
    normed("LayerNorm", (4, 5), 5, dtype="float64", output_mean_var=True),
    normed("LayerNorm", (4, 5), 5, dtype="float16"),
    Sample("LayerNorm", [values([[3, 3, 3], [1, 1, 1]]), T(3), T(3)]),
    wrong("LayerNorm", "axis", axis=3),
    wrong("LayerNorm", "axis", axis=-4),
    wrong("LayerNorm", "gamma"),
    normed("GroupNorm", (2, 4, 3), 1),
    normed("GroupNorm", (2, 4, 3, 5), 2, num_groups=2),
    normed("GroupNorm", (2, 4, 3, 5), 4, num_groups=4, output_mean_var=True),
    normed("GroupNorm", (2, 6, 2, 2, 2), 3, num_groups=3, eps=1e-3, output_mean_var=True),
    normed("GroupNorm", (1, 1, 2), 1),
    normed("GroupNorm", (2, 4, 3), 2, num_groups=2, dtype="float64"),
    normed("GroupNorm", (2, 4, 3), 2, num_groups=2, dtype="float16"),
    wrong("GroupNorm", "num_groups", channels=3, num_groups=3),
    wrong("GroupNorm", "gamma", num_groups=2),
    wrong("GroupNorm", "data", shape=(2, 4), channels=2, num_groups=2),
    normed("InstanceNorm", (2, 4, 5), 4),
    normed("InstanceNorm", (2, 3, 4, 5), 3, eps=1e-5),
    normed("InstanceNorm", (2, 3, 2, 2, 3), 3),
    normed("InstanceNorm", (1, 1, 2), 1),
    normed("InstanceNorm", (2, 3, 1), 3, **ALONE),
    normed("InstanceNorm", (2, 4, 5), 4, dtype="float64", ours_ok=FLOAT32),
    normed("InstanceNorm", (2, 4, 5), 4, dtype="float16", ours_ok=FLOAT32),
    wrong("InstanceNorm", "data", shape=(2, 4)),
    wrong("InstanceNorm", "gamma", channels=3),
    *[Sample("L2Normalization", [T(2, 3, 4, 5)], {"mode": mode}) for mode in ("instance", "channel", "spatial")],
    *[Sample("L2Normalization", [T(2, 3, 4)], {"mode": mode, "eps": 0.5}) for mode in ("instance", "channel",
                                                                                     "spatial")],
    *[Sample("L2Normalization", [T(2, 3, 4, dtype=dtype)], {"mode": mode}) for dtype in ("float16", "float64")
      for mode in ("instance", "channel")],
    Sample("L2Normalization", [T(4, 5)]),
    Sample("L2Normalization", [T(1, 1)]),
    Sample("L2Normalization", [values([[0, 0], [1, 0]])], {"eps": 0.25}),
    Bad("L2Normalization", [T(2, 3)], {"mode": "channel"}, match="data|dimensions"),
    Bad("L2Normalization", [T(2, 3)], {"mode": "spatial"}, match="data|dimensions"),
    Bad("L2Normalization", [T(2, 3)], {"mode": "row"}, match="mode"),
    Sample("LRN", [T(2, 7, 3, 4)], {"nsize": 3}),
    Sample("LRN", [T(2, 7, 3, 4)], {"nsize": 5, "alpha": 0.5, "beta": 0.5, "knorm": 1.0}),
    Sample("LRN", [T(2, 3, 3, 4)], {"nsize": 1, "alpha": 1.0}),
    Sample("LRN", [T(2, 3, 3, 4)], {"nsize": 9, "alpha": 1.0}),
    Sample("LRN", [T(1, 1, 1, 1)], {"nsize": 5, "alpha": 1.0}),
    Sample("LRN", [T(1, 5, 2, 2)], {"nsize": 3, "alpha": 1.0, "beta": 2.0}),
    Sample("LRN", [T(2, 3, 3, 4, dtype="float64")], {"nsize": 3}, ours_ok=FLOAT32),
    Sample("LRN", [T(2, 3, 3, 4, dtype="float16")], {"nsize": 3}, ours_ok=FLOAT32),
    Bad("LRN", [T(2, 3, 4)], {"nsize": 3}, match="data"),
    *[Sample("LRN", [T(2, 5, 2, 3)], {"nsize": n, "alpha": 1.0, "beta": 0.5}) for n in (2, 4)],
    Bad("LRN", [T(2, 3, 4, 4)], {}, match="nsize"),
    Bad("LRN", [ints(2, 3, 4, 4)], {"nsize": 3}, match="int32|Int"),
]
