# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators that change shapes only."""
from . import Bad, Sample, T, ints

CUBE = T(2, 3, 4)

SAMPLES = [
    # Reshape: every code, both directions
    *[Sample("Reshape", [CUBE], {"shape": shape}) for shape in [
        (4, 0, 2), (2, 0, 0), (6, 1, -1), (-1,), (3, -1, 8), (-2,), (2, -2), (-2, 1, 1), (-3, 4), (0, -3), (-3, -2),
        (-4, 1, 2, -2), (2, -4, -1, 3, -2), (-4, 1, 2, -3), (0, -4, 3, 1, 0), (0, 0, -4, 2, -1), (-1, 0), (0, -1),
        (-1, -2), (1, -1), (24, 1)]],
    *[Sample("Reshape", [CUBE], {"shape": shape, "reverse": True}) for shape in [
        (-1, 0), (0, -1), (6, 1, -1), (0, -3), (-3, 4), (-2,), (0, 0, 2, 2, -4), (1, 2, -4, 0, 0), (0, 0, -1, 2, -4),
        (-2, 2, 2, -4)]],
    *[Sample("Reshape", [T(2, 6, dtype=d)], {"shape": (3, -1)})
      for d in ("float16", "float64", "int32", "int64", "uint8", "int8", "bfloat16")],
    Sample("reshape", [T(1)], {"shape": (1, 1, 1)}),
    Sample("reshape", [T(0, 3)], {"shape": (3, 0)}, ours_ok="0 in a shape of Reshape keeps the axis, as in MXNet"),
    Sample("reshape", [T(0, 3)], {"shape": (-1, 3)}),
    *[Sample("Reshape", [CUBE], {"target_shape": shape, "keep_highest": keep}) for shape, keep in [
        ((4, 6), False), ((0, 6), False), ((4, 0), True), ((0, 0), True), ((0, 0, 3), True), ((24,), False)]],
    Sample("Reshape", [CUBE], {"target_shape": (0, 0), "keep_highest": True, "reverse": True}),
    Bad("Reshape", [CUBE], {"shape": (-1, -1)}, match="Reshape.*-1"),
    Bad("Reshape", [CUBE], {"shape": (0, 0, 0, 0)}, match="axis 3"),
    Bad("Reshape", [CUBE], {"shape": (0, 0, -3)}, match="axis 3"),
    Bad("Reshape", [CUBE], {"shape": (-4, 3, -1, -2)}, match="splits an axis of size 2"),
    Bad("Reshape", [CUBE], {"shape": (-4, 1)}, match="-4"),
    Bad("Reshape", [CUBE], {"shape": (-5,)}, match="-5"),
    Bad("Reshape", [CUBE], {"shape": ()}, match="needs a shape"),
    Bad("Reshape", [CUBE], {"shape": (7,)}, match="Reshape.*24"),
    Bad("Reshape", [CUBE], {"shape": (5, -1)}, match="Reshape"),
    Bad("Reshape", [CUBE], {"shapes": (24,)}, match="shape"),
    # reshape_like
    Sample("reshape_like", [CUBE, T(6, 4)]),
    Sample("reshape_like", [T(6), T(2, 3)]),
    Sample("reshape_like", [CUBE, ints(6, 4)]),
    Sample("reshape_like", [CUBE, T(6, 4, dtype="float64")]),
    Sample("reshape_like", [T(30, 7), T(15, 2, 4)], {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}),
    Sample("reshape_like", [T(30, 7), T(15, 2, 4)], {"lhs_end": 1, "rhs_end": 2}),
    Sample("reshape_like", [T(30, 12), T(4, 2, 2, 3)], {"lhs_begin": -1, "rhs_begin": 1}),
    Sample("reshape_like", [T(4, 12), T(5, 3, 4)], {"lhs_begin": 1, "lhs_end": 2, "rhs_begin": -2, "rhs_end": 3}),
    Bad("reshape_like", [CUBE, T(5, 4)], match="reshape_like.*24"),
    Bad("reshape_like", [T(30, 7), T(15, 2, 4)], {"lhs_begin": 1, "lhs_end": 1}, match="lhs_begin=1"),
    Bad("reshape_like", [T(30, 7), T(15, 2, 4)], {"lhs_end": 1, "rhs_end": 5}, match="rhs_end=5"),
    Bad("reshape_like", [T(30, 7), T(15, 2, 4)], {"lhs_begin": -5, "rhs_end": 2}, match="lhs_begin=-5"),
    # Flatten
    Sample("Flatten", [CUBE]),
    Sample("Flatten", [T(5)]),
    Sample("Flatten", [T(5, 2)]),
    Sample("flatten", [T(1, 1, 1, 1)]),
    Sample("flatten", [T(2, 3, 1, 2, dtype="float16")]),
    Sample("flatten", [T(2, 3, 2, dtype="float64")]),
    Sample("flatten", [T(0, 3, 2)]),
    Sample("flatten", [ints(2, 3, 2)]),
    Sample("flatten", [ints(2, 3, 2, dtype="uint8")]),
    # expand_dims
    *[Sample("expand_dims", [T(2, 3)], {"axis": axis}) for axis in (-3, -2, -1, 0, 1, 2)],
    Sample("expand_dims", [T(1)], {"axis": 0}),
    Sample("expand_dims", [T(0, 3)], {"axis": 1}),
    Sample("expand_dims", [T(2, 3, dtype="float16")], {"axis": 1}),
    Sample("expand_dims", [ints(2, 3, dtype="int64")], {"axis": 1}),
    Bad("expand_dims", [T(2, 3)], {"axis": 3}, match="out of range"),
    Bad("expand_dims", [T(2, 3)], {"axis": -4}, match="out of range"),
    Bad("expand_dims", [T(2, 3)], match="axis"),
    # squeeze
    Sample("squeeze", [T(2, 1, 3, 1)]),
    Sample("squeeze", [T(2, 1, 3, 1)], {"axis": 1}),
    Sample("squeeze", [T(1, 1, 3, 1)], {"axis": (0, -1)}),
    Sample("squeeze", [T(1, 1, 3, 1)], {"axis": (0, 1, 3)}),
    Sample("squeeze", [T(1, 1)]),
    Sample("squeeze", [T(1)]),
    Sample("squeeze", [T(2, 3)]),
    Sample("squeeze", [T(0, 1)], {"axis": 1}),
    Sample("squeeze", [T(2, 1, dtype="float64")]),
    Sample("squeeze", [ints(2, 1)], {"axis": -1}),
    Bad("squeeze", [T(2, 1, 3)], {"axis": 0}, match="size 2"),
    Bad("squeeze", [T(2, 1, 3)], {"axis": 5}, match="out of range"),
    Bad("squeeze", [T(2, 1, 3)], {"axis": -4}, match="out of range"),
    Bad("squeeze", [T(1, 1, 3)], {"axis": (0, 0)}, match="twice"),
]
