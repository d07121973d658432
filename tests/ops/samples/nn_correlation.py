# SPDX-License-Identifier: Apache-2.0
"""Samples of Correlation."""
from . import Bad, Sample, T, ints

SETTINGS = [
    {},
    {"kernel_size": 3, "pad_size": 2},
    {"max_displacement": 2, "stride1": 2, "stride2": 2, "pad_size": 2},
    {"max_displacement": 3, "stride2": 2, "pad_size": 3},
    {"kernel_size": 3, "max_displacement": 2, "stride1": 2, "stride2": 2, "pad_size": 3},
    {"max_displacement": 0},
    {"max_displacement": 4, "pad_size": 4},
    {"kernel_size": 5, "max_displacement": 1, "stride1": 3, "pad_size": 3},
]


def pair(*shape, dtype="float32"):
    return [T(*shape, dtype=dtype), T(*shape, dtype=dtype)]


SAMPLES = [
    *[Sample("Correlation", pair(2, 3, 6, 7), {**setting, "is_multiply": multiply}) for setting in SETTINGS
      for multiply in (True, False)],
    Sample("Correlation", pair(1, 1, 1, 1), {"max_displacement": 0}),
    Sample("Correlation", pair(2, 3, 5, 5, dtype="float64"), {"pad_size": 1}),
    Sample("Correlation", pair(2, 3, 5, 5, dtype="float16"), {"pad_size": 1}),
    Bad("Correlation", [T(3, 6, 7), T(3, 6, 7)], match="data"),
    Bad("Correlation", [T(2, 3, 6, 7), T(2, 3, 6, 6)], match="data"),
    Bad("Correlation", pair(2, 3, 6, 7), {"max_displacement": 3}, match="small"),
    Bad("Correlation", pair(2, 3, 6, 7), {"kernel_size": 2}, match="kernel_size"),
    Bad("Correlation", pair(2, 3, 6, 7), {"stride1": 0}, match="stride1"),
    Bad("Correlation", [ints(2, 3, 6, 7), T(2, 3, 6, 7)], match="data"),
]
