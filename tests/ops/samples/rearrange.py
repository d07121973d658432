# SPDX-License-Identifier: Apache-2.0
"""Samples of transposition, flipping, blocks, diagonals, tiling and padding."""
from . import Bad, Sample, T, ints, special

CUBE = T(2, 3, 4)
IMAGE = T(2, 3, 4, 5)
WIDTHS = (0, 0, 0, 0, 1, 2, 3, 0)

SAMPLES = [
    # transpose
    *[Sample("transpose", [CUBE], {"axes": axes}) for axes in [(), (0, 1, 2), (1, 0, 2), (2, 0, 1), (0, 2, 1)]],
    Sample("transpose", [T(3, 4)]),
    Sample("transpose", [T(5)]),
    Sample("transpose", [T(1, 1)], {"axes": (1, 0)}),
    Sample("transpose", [T(0, 3)]),
    Sample("transpose", [T(1, 2, 3, 2, 1, 2)], {"axes": (5, 3, 0, 1, 4, 2)}),
    *[Sample("transpose", [T(2, 3, dtype=d)]) for d in ("float16", "float64", "int32", "uint8", "int8", "int64")],
    Bad("transpose", [CUBE], {"axes": (1, 0)}, match="transpose"),
    Bad("transpose", [CUBE], {"axes": (1, 0, 3)}, match="out of range"),
    Bad("transpose", [CUBE], {"axis": (1, 0, 2)}, match="axes"),
    # SwapAxis
    *[Sample("SwapAxis", [CUBE], {"dim1": a, "dim2": b})
      for a, b in [(0, 2), (2, 0), (0, 1), (1, -1), (-3, -2), (1, 1)]],
    Sample("swapaxes", [CUBE]),
    Sample("swapaxes", [T(2, 3, 2, 2, 3)], {"dim1": 1, "dim2": 4}),
    Sample("swapaxes", [T(2, 3, dtype="float16")], {"dim1": 0, "dim2": 1}),
    Sample("swapaxes", [ints(2, 3)], {"dim1": 0, "dim2": 1}),
    Bad("SwapAxis", [CUBE], {"dim1": 0, "dim2": 3}, match="out of range"),
    Bad("SwapAxis", [CUBE], {"dim1": -4, "dim2": 2}, match="out of range"),
    # reverse
    *[Sample("reverse", [CUBE], {"axis": axis}) for axis in [0, 1, 2, (0, 2), (0, 1, 2), (1, 1), ()]],
    Sample("flip", [T(1)], {"axis": 0}),
    Sample("flip", [T(0, 3)], {"axis": 1}),
    Sample("flip", [special()], {"axis": 0}),
    Sample("reverse", [CUBE], {"axis": -1}, ours_ok="a negative axis counts from the end, as elsewhere"),
    *[Sample("flip", [T(2, 3, dtype=d)], {"axis": 1}) for d in ("float16", "float64", "int32", "uint8", "int64")],
    Bad("reverse", [CUBE], {"axis": 3}, match="out of range|axis"),
    Bad("reverse", [CUBE], match="axis"),
    # depth_to_space, space_to_depth
    Sample("depth_to_space", [T(1, 8, 2, 3)], {"block_size": 2}),
    Sample("depth_to_space", [T(2, 18, 1, 2)], {"block_size": 3}),
    Sample("depth_to_space", [IMAGE], {"block_size": 1}),
    Sample("depth_to_space", [T(1, 4, 1, 1)], {"block_size": 2}),
    Sample("depth_to_space", [T(1, 8, 2, 3, dtype="float16")], {"block_size": 2}),
    Sample("depth_to_space", [ints(1, 8, 2, 3)], {"block_size": 2}),
    Bad("depth_to_space", [T(1, 6, 2, 3)], {"block_size": 2}, match="6 channels"),
    Bad("depth_to_space", [T(1, 8, 2)], {"block_size": 2}, match="4 axes"),
    Bad("depth_to_space", [T(1, 8, 2, 3)], {"block_size": 0}, match="block_size"),
    Bad("depth_to_space", [T(1, 8, 2, 3)], {"block_size": -2}, match="block_size"),
    Sample("space_to_depth", [T(1, 2, 4, 6)], {"block_size": 2}),
    Sample("space_to_depth", [T(2, 2, 3, 6)], {"block_size": 3}),
    Sample("space_to_depth", [IMAGE], {"block_size": 1}),
    Sample("space_to_depth", [T(1, 1, 2, 2)], {"block_size": 2}),
    Sample("space_to_depth", [T(1, 2, 4, 6, dtype="float64")], {"block_size": 2}),
    Sample("space_to_depth", [ints(1, 2, 4, 6, dtype="uint8")], {"block_size": 2}),
    Bad("space_to_depth", [T(1, 2, 5, 6)], {"block_size": 2}, match="do not divide"),
    Bad("space_to_depth", [T(2, 4, 6)], {"block_size": 2}, match="4 axes"),
    Bad("space_to_depth", [T(1, 2, 4, 6)], {"block_size": 0}, match="block_size"),
    # diag
    *[Sample("diag", [T(4)], {"k": k}) for k in (0, 1, -2)],
    *[Sample("diag", [T(4, 5)], {"k": k}) for k in (0, 1, -1, 4, -3)],
    Sample("diag", [CUBE]),
    *[Sample("diag", [T(4, 5, 6)], {"k": k, "axis1": a, "axis2": b})
      for k, a, b in [(1, -1, 0), (1, 0, -1), (-2, 2, 0), (0, 1, 2), (2, 2, 1)]],
    Sample("diag", [T(3, 3, dtype="float16")]),
    Sample("diag", [T(3, 3, dtype="float64")], {"k": 1}),
    Sample("diag", [ints(3, 4)]),
    Sample("diag", [ints(3, dtype="int64")]),
    Bad("diag", [T(4, 5)], {"k": 9}, match="no diagonal"),
    Bad("diag", [CUBE], {"axis1": 1, "axis2": 1}, match="twice"),
    Bad("diag", [CUBE], {"axis1": 1, "axis2": 3}, match="out of range"),
    # repeat
    Sample("repeat", [T(2, 3)], {"repeats": 2}),
    Sample("repeat", [T(2, 3)], {"repeats": 1}),
    *[Sample("repeat", [CUBE], {"repeats": 3, "axis": axis}) for axis in (0, 1, -1, -3)],
    Sample("repeat", [T(1)], {"repeats": 4, "axis": 0}),
    *[Sample("repeat", [T(2, 3, dtype=d)], {"repeats": 2, "axis": 1})
      for d in ("float16", "float64", "int32", "uint8")],
    Bad("repeat", [T(2, 3)], {"repeats": -1}, match="repeats"),
    Bad("repeat", [T(2, 3)], {"repeats": 2, "axis": 2}, match="out of range"),
    Bad("repeat", [T(2, 3)], {"repeats": 2, "axis": -3}, match="out of range"),
    Bad("repeat", [T(2, 3)], {"axis": 0}, match="repeats"),
    # tile
    *[Sample("tile", [T(2, 3)], {"reps": reps}) for reps in [(2, 2), (2,), (2, 1, 3), (), (1, 1), (3, 1)]],
    Sample("tile", [T(4)], {"reps": 3}),
    Sample("tile", [T(1)], {"reps": (2, 3, 4)}),
    Sample("tile", [T(0, 3)], {"reps": (2, 2)}),
    *[Sample("tile", [T(2, 3, dtype=d)], {"reps": (1, 2)}) for d in ("float16", "float64", "int32", "uint8")],
    Bad("tile", [T(2, 3)], {"reps": (-1, 1)}, match="reps"),
    Bad("tile", [T(2, 3)], match="reps"),
    # Pad
    *[Sample("Pad", [IMAGE], {"mode": mode, "pad_width": WIDTHS}) for mode in ("constant", "edge", "reflect")],
    *[Sample("Pad", [T(1, 2, 3, 4, 3)], {"mode": mode, "pad_width": (0, 0, 0, 0, 1, 2, 3, 3, 0, 1)})
      for mode in ("constant", "edge", "reflect")],
    Sample("Pad", [IMAGE], {"mode": "constant", "pad_width": WIDTHS, "constant_value": -2.5}),
    Sample("pad", [IMAGE], {"mode": "reflect", "pad_width": (0, 0, 0, 0, 3, 3, 4, 4)}),
    Sample("pad", [IMAGE], {"mode": "edge", "pad_width": (0,) * 8}),
    Sample("pad", [T(1, 1, 1, 1)], {"mode": "edge", "pad_width": (0, 0, 0, 0, 2, 2, 2, 2)}),
    *[Sample("pad", [T(1, 2, 3, 4, dtype=d)], {"mode": mode, "pad_width": WIDTHS, "constant_value": 1.5})
      for d in ("float16", "float64") for mode in ("constant", "edge")],
    Sample("pad", [T(1, 2, 3, 4, dtype="float16")], {"mode": "reflect", "pad_width": WIDTHS}),
    Bad("Pad", [IMAGE], {"mode": "constant", "pad_width": (0, 0, 1, 0, 1, 2, 3, 4)}, match="first two axes"),
    Bad("Pad", [IMAGE], {"mode": "constant", "pad_width": (0, 0, 0, 0, 1, 2)}, match="pad_width"),
    Bad("Pad", [CUBE], {"mode": "constant", "pad_width": (0, 0, 0, 0, 1, 2)}, match="4 or 5 axes"),
    Bad("Pad", [IMAGE], {"mode": "reflect", "pad_width": (0, 0, 0, 0, 4, 1, 1, 1)}, match="smaller than"),
    Bad("Pad", [IMAGE], {"mode": "mirror", "pad_width": WIDTHS}, match="mode"),
]
