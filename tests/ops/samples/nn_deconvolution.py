# SPDX-License-Identifier: Apache-2.0
"""Samples of Deconvolution."""
from . import Bad, Sample, T

HALF = "MXNet has no float16 convolution on the CPU; on GPUs it has, and here it works everywhere"
LAST = "MXNet has convolutions with channels last on GPUs only; here they work everywhere"
TARGET = "MXNet's CPU library fails here, its own code (float64) does not"
TOLERANCE = {"float32": (1e-5, 5e-6)}


def layer(data, weight, bias=False, dtype="float32", **params):
    """A sample: `weight` is (channels, filters of one group, *kernel), from which the needed parameters follow."""
    filters = weight[1] * params.get("num_group", 1)
    inputs = [T(*data, dtype=dtype), T(*weight, dtype=dtype)] + [T(filters, dtype=dtype)] * bias
    extra = {name: params.pop(name) for name in ("ours_ok", "skip") if name in params}
    needed = {"kernel": tuple(weight[2:]), "num_filter": filters}
    if bias:
        needed["no_bias"] = False
    return Sample("Deconvolution", inputs, {**needed, **params}, **extra)


def wrong(match, weight=(4, 3, 3, 3), data=(2, 4, 5, 6), **params):
    return Bad("Deconvolution", [T(*data), T(*weight)], {"kernel": (3, 3), "num_filter": 3, **params}, match=match)


SAMPLES = [
    layer((2, 4, 5, 6), (4, 3, 3, 3)),
    layer((2, 4, 5, 6), (4, 3, 3, 3), True, stride=(2, 2), pad=(1, 1)),
    layer((2, 4, 5, 6), (4, 3, 3, 2), num_group=2, stride=(2, 1), pad=(1, 0), dilate=(1, 2)),
    layer((2, 4, 5, 6), (4, 1, 4, 4), num_group=4, stride=(2, 2), pad=(1, 1)),
    layer((2, 4, 5, 6), (4, 3, 3, 3), stride=(2, 2), pad=(1, 1), adj=(1, 0)),
    layer((2, 4, 5, 6), (4, 3, 3, 3), stride=(2, 2), pad=(1, 1), adj=(1, 1), target_shape=(10, 12)),
    layer((2, 4, 5, 6), (4, 3, 3, 3), stride=(2, 2), target_shape=(11, 13)),
    layer((2, 4, 5, 6), (4, 3, 3, 3), stride=(2, 2), target_shape=(10, 12), ours_ok=TARGET),
    layer((2, 4, 5, 6), (4, 3, 3, 3), stride=(2, 2), target_shape=(9, 10), dtype="float64"),
    layer((2, 4, 5, 6), (4, 3, 2, 2), stride=(3, 3), target_shape=(0, 0)),
    layer((1, 1, 1, 1), (1, 1, 1, 1), True),
    layer((2, 4, 5), (4, 3, 3), True, stride=(2,), pad=(1,), adj=(1,), layout="NCW"),
    layer((2, 4, 5), (4, 2, 3), num_group=2, dilate=(2,)),
    layer((1, 2, 2, 3, 3), (2, 3, 2, 3, 2), stride=(2, 1, 2), pad=(0, 1, 0), layout="NCDHW"),
    layer((2, 4, 5, 6), (4, 3, 3, 3), pad=(3, 3), workspace=256, cudnn_tune="fastest", cudnn_off=True),
    layer((2, 4, 5, 6), (4, 3, 3, 3), dtype="float64", dilate=(2, 2)),
    layer((2, 4, 5, 6), (4, 3, 3, 3), dtype="float16", ours_ok=HALF),
    Sample("Deconvolution", [T(2, 5, 6, 4), T(4, 3, 3, 3)], {"kernel": (3, 3), "num_filter": 3, "layout": "NHWC"},
           ours_ok=LAST),
    wrong("weight", (4, 3, 2, 3)),
    wrong("weight", (3, 3, 3, 3)),
    wrong("adj", adj=(1, 1)),
    wrong("adj", adj=(1,)),
    wrong("target_shape", stride=(2, 2), target_shape=(12, 14)),
    wrong("target_shape", target_shape=(7,)),
    wrong("num_group", num_group=3),
    wrong("stride", stride=(2,)),
    wrong("dimensions", data=(4, 5, 6)),
]
