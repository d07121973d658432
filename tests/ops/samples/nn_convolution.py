# SPDX-License-Identifier: Apache-2.0
"""Samples of Convolution and its ancestor Convolution_v1."""
from . import Bad, Sample, T

HALF = "MXNet has no float16 convolution on the CPU; on GPUs it has, and here it works everywhere"
LAST = "MXNet has convolutions with channels last on GPUs only; here they work everywhere"
TOLERANCE = {"float32": (1e-5, 5e-6)}


def layer(data, weight, bias=True, dtype="float32", op="Convolution", **params):
    """A sample: `weight` is (filters, channels, *kernel), from which the needed parameters follow."""
    inputs = [T(*data, dtype=dtype), T(*weight, dtype=dtype)] + [T(weight[0], dtype=dtype)] * bias
    extra = {name: params.pop(name) for name in ("ours_ok", "skip", "grad") if name in params}
    needed = {"kernel": tuple(weight[2:]), "num_filter": weight[0]}
    if not bias:
        needed["no_bias"] = True
    return Sample(op, inputs, {**needed, **params}, **extra)


SAMPLES = [
    layer((2, 3, 7, 6), (4, 3, 3, 3)),
    layer((2, 3, 7, 6), (4, 3, 3, 3), False, pad=(1, 1)),
    layer((2, 4, 7, 6), (6, 2, 3, 2), num_group=2, stride=(2, 1), pad=(1, 2), dilate=(2, 1)),
    layer((2, 4, 7, 6), (4, 1, 3, 3), num_group=4, pad=(1, 1)),
    layer((2, 4, 7, 6), (5, 4, 1, 1), stride=(2, 2)),
    layer((1, 1, 1, 1), (1, 1, 1, 1)),
    layer((2, 2, 3, 4), (3, 2, 3, 4), pad=(2, 0), layout="NCHW"),
    layer((2, 4, 9), (6, 4, 3), stride=(2,), pad=(1,), dilate=(2,)),
    layer((2, 4, 9), (6, 2, 3), False, num_group=2, layout="NCW"),
    layer((2, 2, 4, 5, 5), (3, 2, 3, 3, 2), stride=(1, 2, 1), pad=(1, 1, 0), dilate=(1, 1, 2)),
    layer((1, 4, 3, 3, 3), (4, 2, 2, 2, 2), num_group=2, layout="NCDHW", no_bias=False),
    layer((2, 3, 7, 6), (4, 3, 3, 3), dtype="float64", stride=(2, 2)),
    layer((2, 3, 7, 6), (4, 3, 3, 3), dtype="float16", stride=(2, 2), ours_ok=HALF),
    layer((2, 3, 9, 9), (4, 3, 3, 3), workspace=256, cudnn_tune="off", cudnn_off=True),
    Sample("Convolution", [T(2, 7, 6, 3), T(4, 3, 3, 3), T(4)],
           {"kernel": (3, 3), "num_filter": 4, "layout": "NHWC", "pad": (1, 1)}, ours_ok=LAST),
    Sample("Convolution", [T(2, 4, 5, 5, 4), T(4, 3, 3, 3, 2)],
           {"kernel": (3, 3, 3), "num_filter": 4, "num_group": 2, "layout": "NDHWC", "no_bias": True}, ours_ok=LAST),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 5, 5), T(4)], {"kernel": (3, 3), "num_filter": 4}, match="weight"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 2, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4}, match="weight"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(3)], {"kernel": (3, 3), "num_filter": 4}, match="bias"),
    Bad("Convolution", [T(3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4}, match="dimensions"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 9, 3), T(4)], {"kernel": (9, 3), "num_filter": 4}, match="[Kk]ernel"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4, "stride": (2,)},
        match="stride"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4, "stride": (0, 1)},
        match="stride"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4, "pad": (-1, 0)},
        match="pad"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4, "layout": "NCW"},
        match="layout"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 4, "num_group": 2},
        match="num_group|groups"),
    Bad("Convolution", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"num_filter": 4}, match="kernel"),
    layer((2, 3, 7, 6), (4, 3, 3, 3), op="Convolution_v1"),
    layer((2, 4, 7, 7), (6, 2, 3, 3), False, op="Convolution_v1", num_group=2, pad=(1, 1), stride=(2, 2)),
    layer((2, 3, 7, 7), (4, 3, 3, 3), op="Convolution_v1", dilate=(2, 2), dtype="float64"),
    layer((1, 2, 5, 5), (3, 2, 1, 1), op="Convolution_v1", layout="NCHW"),
    layer((1, 2, 3, 4, 4), (3, 2, 2, 2, 2), op="Convolution_v1", pad=(1, 1, 1),
          ours_ok="three spatial axes are declared in MXNet and not built"),
    layer((2, 4, 6, 6), (4, 1, 2, 2), op="Convolution_v1", num_group=4, stride=(2, 2), workspace=512),
    layer((1, 1, 1, 1), (2, 1, 1, 1), op="Convolution_v1"),
    Bad("Convolution_v1", [T(2, 3, 7, 6), T(4, 3, 5, 5), T(4)], {"kernel": (3, 3), "num_filter": 4}, match="weight"),
    Bad("Convolution_v1", [T(2, 3, 7, 6), T(4, 3, 3, 3), T(4)], {"kernel": (3, 3), "num_filter": 0},
        match="num_filter"),
]
