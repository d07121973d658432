# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators that join and split arrays."""
from . import Bad, Sample, T, ints

CUBE = T(2, 3, 4)

SAMPLES = [
    # Concat
    Sample("Concat", [T(2, 1), T(2, 2), T(2, 3)]),
    *[Sample("Concat", [CUBE, CUBE], {"dim": dim}) for dim in (0, 1, 2, -1, -3)],
    Sample("concat", [CUBE]),
    Sample("concat", [T(3), T(2)], {"dim": 0}),
    Sample("concat", [T(2, 0), T(2, 3)], {"dim": 1}),
    Sample("concat", [T(1, 2, 3, 2), T(1, 4, 3, 2)]),
    *[Sample("concat", [T(2, 3, dtype=d), T(2, 1, dtype=d)])
      for d in ("float16", "float64", "int32", "int64", "uint8", "int8")],
    Bad("Concat", [T(2, 3), T(3, 3)], match="Concat"),
    Bad("Concat", [T(2, 3), T(2, 3, 1)], match="Concat"),
    Bad("Concat", [T(2, 3), T(2, 3)], {"dim": 2}, match="out of range"),
    Bad("Concat", [T(2, 3), T(2, 3)], {"dim": -3}, match="out of range"),
    Bad("Concat", [T(2, 3), T(2, 3, dtype="float16")], match="float16"),
    Bad("Concat", [], match="num_args"),
    # _rnn_param_concat
    Sample("_rnn_param_concat", [T(3), T(4)], {"dim": 0}),
    Sample("_rnn_param_concat", [T(3)], {"dim": 0}),
    Sample("_rnn_param_concat", [T(3, 2), T(4, 2)], {"dim": 0}),
    Sample("_rnn_param_concat", [T(3, 2), T(3, 4)]),
    Sample("_rnn_param_concat", [T(3, dtype="float64"), T(1, dtype="float64"), T(2, dtype="float64")], {"dim": 0}),
    Sample("_rnn_param_concat", [T(3, dtype="float16"), T(1, dtype="float16")], {"dim": 0}),
    Bad("_rnn_param_concat", [T(3, 2), T(4, 3)], {"dim": 0}, match="_rnn_param_concat"),
    Bad("_rnn_param_concat", [T(3), T(4)], {"dim": 1}, match="out of range"),
    # stack
    *[Sample("stack", [T(2, 3), T(2, 3)], {"axis": axis}) for axis in (0, 1, 2, -1, -3)],
    Sample("stack", [T(2, 3)]),
    Sample("stack", [T(1), T(1), T(1)], {"axis": 1}),
    Sample("stack", [T(0, 3), T(0, 3)]),
    *[Sample("stack", [T(2, 3, dtype=d), T(2, 3, dtype=d)]) for d in ("float16", "float64", "int32", "uint8")],
    Bad("stack", [T(2, 3), T(2, 3)], {"axis": 3}, match="out of range"),
    Bad("stack", [T(2, 3), T(2, 3)], {"axis": -4}, match="out of range"),
    Bad("stack", [T(2, 3), T(2, 4)], match="stack"),
    # SliceChannel
    Sample("SliceChannel", [T(2, 6)], {"num_outputs": 3}),
    *[Sample("SliceChannel", [T(4, 2, 6)], {"num_outputs": 2, "axis": axis}) for axis in (0, 1, 2, -1, -2)],
    Sample("split", [T(2, 3)], {"num_outputs": 3, "squeeze_axis": True}),
    Sample("split", [T(3, 2)], {"num_outputs": 3, "axis": 0, "squeeze_axis": True}),
    Sample("split", [T(2, 3)], {"num_outputs": 1}),
    Sample("split", [T(2, 1)], {"num_outputs": 1, "squeeze_axis": True}),
    Sample("split", [T(0, 4)], {"num_outputs": 2}),
    *[Sample("split", [T(2, 4, dtype=d)], {"num_outputs": 2}) for d in ("float16", "float64", "int32", "uint8")],
    Bad("SliceChannel", [T(2, 7)], {"num_outputs": 3}, match="does not divide"),
    Bad("SliceChannel", [T(2, 6)], {"num_outputs": 3, "squeeze_axis": True}, match="squeeze_axis"),
    Bad("SliceChannel", [T(2, 6)], {"num_outputs": 3, "axis": 2}, match="out of range"),
    Bad("SliceChannel", [T(2, 6)], {"num_outputs": 3, "axis": -3}, match="out of range"),
    Bad("SliceChannel", [T(2, 6)], {"num_outputs": 0}, match="num_outputs"),
    # _split_v2
    *[Sample("_split_v2", [T(2, 6)], {"indices": indices, "axis": 1})
      for indices in [(0, 2, 4), (0,), (0, 1), (0, 5), (0, 1, 2, 3)]],
    *[Sample("_split_v2", [T(7, 2)], {"indices": (), "sections": n, "axis": 0}) for n in (1, 3, 4, 7)],
    Sample("_split_v2", [T(2, 6)], {"indices": (0,), "sections": 3}),
    Sample("_split_v2", [T(2, 2)], {"indices": (0, 1), "squeeze_axis": True}),
    Sample("_split_v2", [T(4, 2)], {"indices": (), "sections": 4, "axis": -2, "squeeze_axis": True}),
    *[Sample("_split_v2", [T(2, 4, dtype=d)], {"indices": (0, 1)}) for d in ("float16", "float64", "int32")],
    Bad("_split_v2", [T(2, 6)], {"indices": (2, 4)}, match="begin with 0"),
    Bad("_split_v2", [T(2, 6)], {"indices": (0, 7)}, match="indices"),
    Bad("_split_v2", [T(2, 6)], {"indices": (0, 4, 2)}, match="indices"),
    Bad("_split_v2", [T(2, 6)], {"indices": (0, 1), "squeeze_axis": True}, match="squeeze_axis"),
    Bad("_split_v2", [T(2, 6)], {"indices": (0, 1), "axis": 5}, match="out of range"),
    Bad("_split_v2", [ints(2, 6)], {"axis": 1}, match="indices"),
]
