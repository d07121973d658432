# SPDX-License-Identifier: Apache-2.0
"""Samples of running sums."""
from . import Bad, Sample, T, ints

_BACK = "MXNet's shape check does not know negative axes"

SAMPLES = [
    Sample("cumsum", [T(7)]),
    Sample("cumsum", [T(2, 3)]),
    Sample("cumsum", [T(2, 3)], {"axis": 0}),
    Sample("cumsum", [T(2, 3)], {"axis": 1}),
    Sample("cumsum", [T(2, 3, 4)], {"axis": 1}),
    Sample("cumsum", [T(2, 3, 4)], {"axis": 2}),
    Sample("cumsum", [T(2, 3, 4)], {"axis": -1}, ours_ok=_BACK),
    Sample("cumsum", [T(2, 1, 4)], {"axis": 1}),
    *[Sample("cumsum", [T(3, 4, dtype=d)], {"axis": 1}) for d in ("float16", "float64")],
    *[Sample("cumsum", [ints(3, 4, low=0, high=90, dtype=d)], {"axis": 1})
      for d in ("uint8", "int8", "int32", "int64")],
    Sample("cumsum", [ints(3, 4, low=0, high=90, dtype="int32")], {"axis": 0, "dtype": "float32"}),
    Sample("cumsum", [ints(3, 4, low=0, high=90, dtype="uint8")], {"dtype": "int32"}),
    Sample("cumsum", [T(3, 4, low=0, high=9)], {"dtype": "float64"}),
    Bad("cumsum", [T(2, 3)], {"axis": 2}, match="axis=2"),
    Bad("cumsum", [T(2, 3)], {"axis": -3}, match="axis=-3"),
    Bad("cumsum", [T(2, 3)], {"axes": 0}, match="axes"),
]
