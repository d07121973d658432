# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators that take or write a rectangular part of an array."""
from . import Bad, Sample, T, ints

LINE = T(6)
CUBE = T(3, 4, 5)
IMAGE = T(2, 3, 5, 6)

SAMPLES = [
    # slice
    *[Sample("slice", [LINE], {"begin": (begin,), "end": (end,)}) for begin, end in [
        (1, 4), (None, 4), (None, None), (-3, None), (-3, -1), (1, 100), (-6, 3)]],
    *[Sample("slice", [LINE], {"begin": (begin,), "end": (end,), "step": (step,)}) for begin, end, step in [
        (None, None, -1), (None, None, -2), (4, None, -2), (4, 0, -2), (4, -7, -2), (4, -6, -1), (-1, 1, -1),
        (10, 3, -1), (5, -10, -1), (1, 4, None), (0, 6, 4)]],
    Sample("slice", [LINE], {"begin": (-10,), "end": (3,)}, ours_ok="clipped at the beginning as at the end"),
    Sample("slice", [LINE], {"begin": (), "end": ()}),
    Sample("slice", [CUBE], {"begin": (0, 1), "end": (1, None)}),
    Sample("slice", [CUBE], {"begin": (None, 1, None), "end": (None, 4, 3), "step": (None, 2, None)}),
    Sample("slice", [CUBE], {"begin": (2, None, -1), "end": (0, None, 0), "step": (-1, -2, -3)}),
    Sample("slice", [CUBE], {"begin": (1, -1, 0), "end": (None, None, 5), "step": (1, -1, 2)}),
    Sample("slice", [T(0, 3)], {"begin": (None, 1), "end": (None, 3)}),
    Sample("crop", [CUBE], {"begin": (0, 1, 2), "end": (2, 3, 4)}),
    *[Sample("slice", [T(3, 4, dtype=d)], {"begin": (1, 3), "end": (3, 0), "step": (1, -1)})
      for d in ("float16", "float64", "int32", "int64", "uint8", "int8")],
    Bad("slice", [LINE], {"begin": (1,), "end": (4,), "step": (0,)}, match="zero"),
    Bad("slice", [LINE], {"begin": (0, 0), "end": (6, 1)}, match="begin"),
    Bad("slice", [LINE], {"begin": (0,), "end": (3,), "step": (1, 1)}, match="step"),
    Bad("slice", [LINE], {"begin": (0,)}, match="end"),
    # slice_axis
    *[Sample("slice_axis", [CUBE], {"axis": axis, "begin": begin, "end": end}) for axis, begin, end in [
        (0, 1, None), (1, -3, None), (2, -3, -1), (-1, 0, 4), (-3, 0, 1), (1, 0, 4)]],
    Sample("slice_axis", [T(1)], {"axis": 0, "begin": 0, "end": 1}),
    Sample("slice_axis", [T(0, 3)], {"axis": 1, "begin": 1, "end": 3}),
    *[Sample("slice_axis", [T(2, 3, dtype=d)], {"axis": 1, "begin": 1, "end": 3})
      for d in ("float16", "float64", "int32", "uint8")],
    Bad("slice_axis", [LINE], {"axis": 1, "begin": 0, "end": 4}, match="out of range"),
    Bad("slice_axis", [LINE], {"axis": -2, "begin": 0, "end": 4}, match="out of range"),
    Bad("slice_axis", [LINE], {"axis": 0, "begin": 0, "end": 7}, match="end=7"),
    Bad("slice_axis", [LINE], {"axis": 0, "begin": 3, "end": 3}, match="select nothing"),
    Bad("slice_axis", [LINE], {"axis": 0, "begin": -7, "end": 3}, match="begin=-7"),
    Bad("slice_axis", [LINE], {"axis": 0, "begin": None, "end": 3}, match="begin"),
    # slice_like
    Sample("slice_like", [T(4, 5), T(2, 3)]),
    Sample("slice_like", [T(4, 5), T(4, 5)]),
    Sample("slice_like", [T(4, 5), T(2, 9)], {"axes": (0,)}),
    Sample("slice_like", [T(4, 5), T(2, 3)], {"axes": (-1,)}),
    Sample("slice_like", [T(4, 5), T(2)], {"axes": (0,)}),
    Sample("slice_like", [T(4, 5), T(2, 3, 4)], {"axes": (0, 1)}),
    *[Sample("slice_like", [T(4, 5), T(2, 3, 4)], {"axes": axes}) for axes in ((-1,), (-2,), (-1, 0))],
    Sample("slice_like", [T(4, 5), T(2)], {"axes": (-2,)}),
    Bad("slice_like", [T(4, 5, 6), T(2, 3)], {"axes": (-1,)}, match="out of range"),
    Sample("slice_like", [CUBE, ints(2, 2, 2)], {"axes": (0, 2)}),
    Sample("slice_like", [T(4, 5, dtype="float64"), T(2, 3, dtype="float16")]),
    Sample("slice_like", [ints(4, 5), T(2, 3)]),
    Bad("slice_like", [T(4, 5), T(2, 9)], match="larger"),
    Bad("slice_like", [T(4, 5), T(2)], match="axes"),
    Bad("slice_like", [T(4, 5), T(2, 3)], {"axes": (2,)}, match="out of range"),
    # _slice_assign, _slice_assign_scalar
    Sample("_slice_assign", [LINE, T(2)], {"begin": (1,), "end": (3,)}),
    Sample("_slice_assign", [LINE, T(3)], {"begin": (4,), "end": (None,), "step": (-2,)}),
    Sample("_slice_assign", [LINE, T(6)], {"begin": (None,), "end": (None,)}),
    Sample("_slice_assign", [CUBE, T(2, 2, 5)], {"begin": (0, 1), "end": (2, 3)}),
    Sample("_slice_assign", [CUBE, T(3, 2, 2)], {"begin": (None, -1, 4), "end": (None, 0, 0), "step": (1, -2, -2)}),
    Sample("_crop_assign", [T(4, dtype="float16"), T(2, dtype="float16")], {"begin": (1,), "end": (3,)}),
    Sample("_crop_assign", [T(4, dtype="float64"), T(2, dtype="float64")], {"begin": (1,), "end": (3,)}),
    Sample("_slice_assign", [ints(4), ints(2)], {"begin": (1,), "end": (3,)}),
    Bad("_slice_assign", [LINE, T(1)], {"begin": (1,), "end": (3,)}, match="rhs"),
    Bad("_slice_assign", [LINE, T(3)], {"begin": (1,), "end": (3,)}, match="rhs"),
    Bad("_slice_assign", [LINE, ints(2)], {"begin": (1,), "end": (3,)}, match="int32"),
    Sample("_slice_assign_scalar", [LINE], {"begin": (1,), "end": (3,)}),
    Sample("_slice_assign_scalar", [LINE], {"scalar": 2.5, "begin": (1,), "end": (3,)}),
    Sample("_slice_assign_scalar", [LINE], {"scalar": 2.5, "begin": (3,), "end": (3,)}),
    Sample("_slice_assign_scalar", [LINE], {"scalar": -1.0, "begin": (None,), "end": (None,), "step": (-2,)}),
    Sample("_slice_assign_scalar", [CUBE], {"scalar": 7.0, "begin": (0, 1, 4), "end": (2, 3, 0), "step": (1, 1, -2)}),
    Sample("_slice_assign_scalar", [ints(6)], {"scalar": 2.7, "begin": (1,), "end": (3,)}),
    Sample("_crop_assign_scalar", [T(6, dtype="float16")], {"scalar": 2.7, "begin": (1,), "end": (3,)}),
    Sample("_crop_assign_scalar", [T(6, dtype="float64")], {"scalar": 2.7, "begin": (1,), "end": (3,)}),
    Bad("_slice_assign_scalar", [LINE], {"begin": (1, 1), "end": (3, 3)}, match="begin"),
    # Crop
    Sample("Crop", [IMAGE], {"h_w": (2, 3), "offset": (1, 1)}),
    Sample("Crop", [IMAGE], {"h_w": (5, 6)}),
    Sample("Crop", [IMAGE], {"h_w": (2, 3), "center_crop": True}),
    Sample("Crop", [IMAGE], {"h_w": (3, 3), "offset": (1, 2), "center_crop": True}),
    Sample("Crop", [IMAGE, T(1, 4, 2, 2)]),
    Sample("Crop", [IMAGE, T(1, 4, 2, 2)], {"offset": (1, 2)}),
    Sample("Crop", [IMAGE, T(1, 4, 3, 2)], {"h_w": (1, 1), "center_crop": True}),
    Sample("Crop", [T(1, 1, 1, 1)], {"h_w": (1, 1)}),
    Bad("Crop", [IMAGE], {"h_w": (2, 3), "offset": (4, 1)}, match="beyond"),
    Bad("Crop", [IMAGE], {"h_w": (7, 3), "center_crop": True}, match="h_w"),
    Bad("Crop", [IMAGE], match="h_w"),
    Bad("Crop", [IMAGE, T(1, 4, 2, 2)], {"offset": (-1, 1)}, match="offset"),
    Bad("Crop", [CUBE], {"h_w": (1, 1)}, match="4 axes"),
    Bad("Crop", [IMAGE, T(1, 4, 2)], match="4 axes"),
]
