# SPDX-License-Identifier: Apache-2.0
"""Samples of the deformable convolutions."""
from . import Bad, Sample, T, ints, values

HALF = "MXNet has no float16 matrix product on the CPU; on GPUs it has, and here it works everywhere"
TOLERANCE = {"float32": (1e-5, 5e-6)}
PLAIN = {"kernel": (3, 3), "num_filter": 3, "pad": (1, 1)}


def layer(data, offset, weight, bias=True, mask=None, dtype="float32", **params):
    """A sample of version 2 where `mask` is given, else of version 1; `offset` is a shape or a tensor."""
    op = "_contrib_DeformableConvolution" if mask is None else "_contrib_ModulatedDeformableConvolution"
    offset = T(*offset, dtype=dtype) if isinstance(offset, tuple) else offset
    inputs = [T(*data, dtype=dtype), offset, *([T(*mask, dtype=dtype)] if mask else []), T(*weight, dtype=dtype)]
    extra = {name: params.pop(name) for name in ("ours_ok",) if name in params}
    needed = {"kernel": tuple(weight[2:]), "num_filter": weight[0], **({} if bias else {"no_bias": True})}
    return Sample(op, inputs + [T(weight[0], dtype=dtype)] * bias, {**needed, **params}, **extra)


def wrong(match, data=(2, 4, 5, 6), offset=(2, 18, 5, 6), weight=(3, 4, 3, 3), **params):
    return Bad("_contrib_DeformableConvolution", [T(*data), T(*offset), T(*weight), T(3)], {**PLAIN, **params},
               match=match)


EDGES = values([[[[-1.5, -1.0, -0.5, 0.0, 0.5]], [[0.0, -3.5, -2.0, 0.5, 0.25]]]])

SAMPLES = [
    layer((2, 4, 5, 6), (2, 18, 5, 6), (3, 4, 3, 3), pad=(1, 1)),
    layer((2, 4, 5, 6), (2, 24, 2, 4), (4, 2, 3, 2), False, stride=(2, 1), pad=(0, 0), dilate=(1, 2), num_group=2,
          num_deformable_group=2),
    layer((1, 2, 4, 4), ints(1, 8, 3, 3, low=-1, high=2, dtype="float32"), (2, 2, 2, 2)),
    layer((1, 2, 4, 4), T(1, 8, 7, 7, low=-4, high=4), (2, 2, 2, 2), pad=(2, 2), layout="NCHW"),
    layer((1, 1, 1, 5), EDGES, (1, 1, 1, 1), False),
    layer((1, 1, 1, 1), (1, 2, 1, 1), (1, 1, 1, 1)),
    layer((1, 4, 5, 5), T(1, 36, 5, 5, low=-0.5, high=0.5), (4, 4, 3, 3), pad=(1, 1), num_deformable_group=2,
          workspace=64),
    layer((2, 4, 5, 6), (2, 18, 3, 4), (3, 4, 3, 3), dtype="float64"),
    layer((1, 2, 4, 4), (1, 8, 3, 3), (2, 2, 2, 2), dtype="float16", ours_ok=HALF),
    wrong("offset", offset=(2, 9, 5, 6)),
    wrong("offset", offset=(2, 18, 4, 6)),
    wrong("weight", weight=(3, 3, 3, 3)),
    wrong("num_group", num_group=3),
    wrong("num_deformable_group", num_deformable_group=3),
    wrong("kernel", kernel=(3,)),
    layer((2, 4, 5, 6), (2, 18, 5, 6), (3, 4, 3, 3), mask=(2, 9, 5, 6), pad=(1, 1)),
    layer((2, 4, 5, 6), (2, 24, 2, 4), (4, 2, 3, 2), False, mask=(2, 12, 2, 4), stride=(2, 1), dilate=(1, 2),
          num_group=2, num_deformable_group=2),
    layer((1, 2, 4, 4), ints(1, 8, 3, 3, low=-1, high=2, dtype="float32"), (2, 2, 2, 2), mask=(1, 4, 3, 3)),
    layer((1, 2, 4, 4), T(1, 8, 7, 7, low=-4, high=4), (2, 2, 2, 2), mask=(1, 4, 7, 7), pad=(2, 2), im2col_step=1),
    layer((1, 1, 1, 5), EDGES, (1, 1, 1, 1), False, mask=(1, 1, 1, 5)),
    layer((1, 1, 1, 1), (1, 2, 1, 1), (1, 1, 1, 1), mask=(1, 1, 1, 1)),
    layer((2, 4, 5, 6), (2, 18, 3, 4), (3, 4, 3, 3), mask=(2, 9, 3, 4), dtype="float64"),
    Bad("_contrib_ModulatedDeformableConvolution", [T(2, 4, 5, 6), T(2, 18, 5, 6), T(2, 18, 5, 6), T(3, 4, 3, 3), T(3)],
        PLAIN, match="mask"),
]
