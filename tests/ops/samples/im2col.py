# SPDX-License-Identifier: Apache-2.0
"""Samples of sliding windows as columns, and back."""
from . import Bad, Sample, T, ints

IMAGE = T(2, 3, 5, 6)
ALL = {"stride": (2, 1), "dilate": (1, 2), "pad": (1, 2)}

SAMPLES = [
    Sample("im2col", [IMAGE], {"kernel": (2, 3)}),
    Sample("im2col", [IMAGE], {"kernel": (2, 3), **ALL}),
    Sample("im2col", [IMAGE], {"kernel": (1, 1)}),
    Sample("im2col", [IMAGE], {"kernel": (5, 6)}),
    Sample("im2col", [IMAGE], {"kernel": (3, 3), "stride": (3, 3), "pad": (2, 2)}),
    Sample("im2col", [T(1, 1, 1, 1)], {"kernel": (1, 1)}),
    Sample("im2col", [T(1, 2, 5, 6, dtype="float64")], {"kernel": (2, 3), **ALL}),
    Sample("im2col", [T(1, 2, 5, 6, dtype="float16")], {"kernel": (2, 3)}),
    Bad("im2col", [IMAGE], {"kernel": (7, 3)}, match="larger"),
    Bad("im2col", [T(2, 5, 6)], {"kernel": (2, 3)}, match="4 axes"),
    Bad("im2col", [ints(1, 2, 5, 6)], {"kernel": (2, 3)}, match="im2col"),
    Bad("im2col", [IMAGE], match="kernel"),
    Bad("im2col", [IMAGE], {"kernel": (2, 3), "stride": (0, 1)}, match="stride"),
    Sample("col2im", [T(1, 12, 16)], {"output_size": (5, 6), "kernel": (2, 3)}),
    Sample("col2im", [T(2, 6, 18)], {"output_size": (5, 6), "kernel": (2, 3), **ALL}),
    Sample("col2im", [T(2, 3, 30)], {"output_size": (5, 6), "kernel": (1, 1)}),
    Sample("col2im", [T(2, 30, 1)], {"output_size": (5, 6), "kernel": (5, 6)}),
    Sample("col2im", [T(1, 1, 1)], {"output_size": (1, 1), "kernel": (1, 1)}),
    Sample("col2im", [T(1, 9, 9)], {"output_size": (5, 6), "kernel": (3, 3), "stride": (3, 3), "pad": (2, 2)}),
    Sample("col2im", [T(1, 12, 16, dtype="float64")], {"output_size": (5, 6), "kernel": (2, 3)}),
    Sample("col2im", [T(1, 12, 16, dtype="float16")], {"output_size": (5, 6), "kernel": (2, 3)}),
    Bad("col2im", [T(1, 12, 17)], {"output_size": (5, 6), "kernel": (2, 3)}, match="16"),
    Bad("col2im", [T(1, 13, 16)], {"output_size": (5, 6), "kernel": (2, 3)}, match="multiple of 6"),
    Bad("col2im", [T(1, 12, 16)], {"kernel": (2, 3)}, match="output_size"),
]
