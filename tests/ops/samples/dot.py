# SPDX-License-Identifier: Apache-2.0
"""Samples of matrix products."""
from . import Bad, Sample, T, ints

FLAGS = [(False, False), (True, False), (False, True), (True, True)]
HALF = "MXNet multiplies float16 on GPUs only"

TOLERANCE = {"float32": (1e-5, 2e-6)}

SAMPLES = [
    # dot
    *[Sample("dot", [T(4, 3) if ta else T(3, 4), T(5, 4) if tb else T(4, 5)], {"transpose_a": ta, "transpose_b": tb})
      for ta, tb in FLAGS],
    *[Sample("dot", [T(4, 2, 3) if ta else T(2, 3, 4), T(5, 6, 4) if tb else T(4, 5, 6)],
             {"transpose_a": ta, "transpose_b": tb}) for ta, tb in FLAGS],
    Sample("dot", [T(2, 3, 4), T(4, 5)]),
    Sample("dot", [T(2, 3, 4), T(5, 4)], {"transpose_b": True}),
    Sample("dot", [T(4), T(4)]),
    Sample("dot", [T(1), T(1)]),
    Sample("dot", [T(4), T(4, 5)]),
    Sample("dot", [T(4), T(5, 4)], {"transpose_b": True}),
    Sample("dot", [T(3, 4), T(4)]),
    Sample("dot", [T(4, 3), T(4)], {"transpose_a": True}),
    Sample("dot", [T(2, 3, 4), T(4)]),
    Sample("dot", [T(4), T(4, 5, 6)]),
    Sample("dot", [T(1, 1), T(1, 1)]),
    Sample("dot", [T(0, 4), T(4, 5)], grad=False),
    Sample("dot", [T(3, 4, dtype="float64"), T(4, 5, dtype="float64")]),
    Sample("dot", [T(3, 4), T(4, 5)], {"forward_stype": "default"}),
    Sample("dot", [T(3, 4, dtype="float16"), T(4, 5, dtype="float16")], ours_ok=HALF),
    Bad("dot", [T(4), T(4)], {"transpose_a": True}, match="transposed"),
    Bad("dot", [T(3, 4), T(3, 4)], match="dot.*4.*3"),
    Bad("dot", [T(2, 3, 4), T(3, 4, 5)], match="dot.*summed"),
    Bad("dot", [T(3, 4), T(4, 3, dtype="float64")], match="float64"),
    Bad("dot", [T(3, 4), T(4, 5)], {"transpose": True}, match="transpose"),
    # batch_dot
    *[Sample("batch_dot", [T(2, 4, 3) if ta else T(2, 3, 4), T(2, 5, 4) if tb else T(2, 4, 5)],
             {"transpose_a": ta, "transpose_b": tb}) for ta, tb in FLAGS],
    *[Sample("batch_dot", [T(2, 3, 4, 3) if ta else T(2, 3, 3, 4), T(2, 3, 2, 4) if tb else T(2, 3, 4, 2)],
             {"transpose_a": ta, "transpose_b": tb}) for ta, tb in FLAGS],
    Sample("batch_dot", [T(1, 1, 1), T(1, 1, 1)]),
    Sample("batch_dot", [T(2, 3, 4, dtype="float64"), T(2, 4, 5, dtype="float64")]),
    Sample("batch_dot", [T(2, 3, 4, dtype="float16"), T(2, 4, 5, dtype="float16")], ours_ok=HALF),
    Bad("batch_dot", [T(3, 4), T(4, 5)], match="at least 3"),
    Bad("batch_dot", [T(2, 3, 4), T(4, 5)], match="number of axes"),
    Bad("batch_dot", [T(2, 3, 4), T(1, 4, 5)], match="batch_dot"),
    Bad("batch_dot", [T(2, 3, 4), T(2, 5, 4)], match="summed"),
    # khatri_rao
    Sample("khatri_rao", [T(3, 4), T(2, 4)]),
    Sample("khatri_rao", [T(3, 4), T(2, 4), T(5, 4)]),
    Sample("khatri_rao", [T(3, 4)]),
    Sample("khatri_rao", [T(1, 1), T(1, 1)]),
    Sample("khatri_rao", [T(2, 1), T(3, 1)]),
    Sample("khatri_rao", [T(3, 4, dtype="float64"), T(2, 4, dtype="float64")]),
    Sample("khatri_rao", [ints(3, 4), ints(2, 4)], ours_ok="MXNet multiplies floating-point numbers only"),
    Bad("khatri_rao", [T(3, 4), T(2, 3)], match="khatri_rao"),
    Bad("khatri_rao", [T(3, 4), T(4)], match="khatri_rao"),
    Bad("khatri_rao", [], match="num_args"),
]
