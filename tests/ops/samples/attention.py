# SPDX-License-Identifier: Apache-2.0
"""Samples of the matrix products of multi-head attention."""
from . import Bad, Sample, T

ONLY = "MXNet computes these operators in float32 only, on CPUs"
SELF_QK, SELF_VAL = "_contrib_interleaved_matmul_selfatt_qk", "_contrib_interleaved_matmul_selfatt_valatt"
PAIR_QK, PAIR_VAL = "_contrib_interleaved_matmul_encdec_qk", "_contrib_interleaved_matmul_encdec_valatt"

SAMPLES = [
    *[Sample(SELF_QK, [T(length, batch, 3 * heads * depth)], {"heads": heads})
      for length, batch, heads, depth in [(5, 2, 4, 2), (5, 1, 1, 3), (1, 1, 1, 1), (3, 4, 2, 1), (7, 2, 3, 8)]],
    Sample(SELF_QK, [T(5, 2, 24, dtype="float64")], {"heads": 4}, ours_ok=ONLY),
    Bad(SELF_QK, [T(5, 2, 25)], {"heads": 4}, match="heads=4"),
    Bad(SELF_QK, [T(5, 24)], {"heads": 4}, match="length"),
    Bad(SELF_QK, [T(5, 2, 24)], match="heads"),
    Bad(SELF_QK, [T(5, 2, 24)], {"heads": 0}, match="heads"),
    *[Sample(SELF_VAL, [T(length, batch, 3 * heads * depth), T(batch * heads, length, length)], {"heads": heads})
      for length, batch, heads, depth in [(5, 2, 4, 2), (5, 1, 1, 3), (1, 1, 1, 1), (3, 4, 2, 1), (7, 2, 3, 8)]],
    Sample(SELF_VAL, [T(5, 2, 24, dtype="float64"), T(8, 5, 5, dtype="float64")], {"heads": 4}, ours_ok=ONLY),
    Bad(SELF_VAL, [T(5, 2, 24), T(8, 5, 4)], {"heads": 4}, match="attention"),
    Bad(SELF_VAL, [T(5, 2, 24), T(7, 5, 5)], {"heads": 4}, match="attention"),
    *[Sample(PAIR_QK, [T(queries, batch, heads * depth), T(keys, batch, 2 * heads * depth)], {"heads": heads})
      for queries, keys, batch, heads, depth in [(3, 5, 2, 4, 2), (5, 3, 1, 1, 3), (1, 1, 1, 1, 1), (2, 2, 3, 2, 1),
                                                 (4, 7, 2, 3, 8)]],
    Sample(PAIR_QK, [T(3, 2, 8, dtype="float64"), T(5, 2, 16, dtype="float64")], {"heads": 4}, ours_ok=ONLY),
    Bad(PAIR_QK, [T(3, 2, 8), T(5, 3, 16)], {"heads": 4}, match="keys_values"),
    Bad(PAIR_QK, [T(3, 2, 8), T(5, 2, 15)], {"heads": 4}, match="heads=4"),
    *[Sample(PAIR_VAL, [T(keys, batch, 2 * heads * depth), T(batch * heads, queries, keys)], {"heads": heads})
      for queries, keys, batch, heads, depth in [(3, 5, 2, 4, 2), (5, 3, 1, 1, 3), (1, 1, 1, 1, 1), (2, 2, 3, 2, 1),
                                                 (4, 7, 2, 3, 8)]],
    Sample(PAIR_VAL, [T(5, 2, 16, dtype="float64"), T(8, 3, 5, dtype="float64")], {"heads": 4}, ours_ok=ONLY),
    Bad(PAIR_VAL, [T(5, 2, 16), T(8, 3, 4)], {"heads": 4}, match="attention"),
    Bad(PAIR_VAL, [T(5, 2, 16), T(8, 3)], {"heads": 4}, match="attention"),
]
