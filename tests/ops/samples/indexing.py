# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators that take, place or mark elements by index."""
from . import Bad, Sample, T, ints, values

NAN, INF = float("nan"), float("inf")
TABLE = T(4, 3)
CUBE = T(2, 3, 4)
WILD = values([0, 2.7, -1, -0.5, 5, 9, -9])
OPEN = "the size depends on values: MXNet warns that it cannot infer it, as we do"
INTO = "MXNet wants the output to be the first input; tests/ops/test_matrix.py calls it so"
LATE = "MXNet fails in a thread of its own, after the call"
KINDS = ("float16", "float64", "int32", "int64", "uint8", "int8")

SAMPLES = [
    # take
    Sample("take", [T(5), WILD]),
    Sample("take", [T(5), WILD], {"mode": "wrap"}),
    Sample("take", [T(5), values([1, 2, 2])], {"mode": "raise"}),
    Sample("take", [T(5), values([NAN, INF, -INF, 1])]),
    Sample("take", [TABLE, values([0, 3, 3, 1])]),
    *[Sample("take", [CUBE, values([[0, 2], [1, 1]])], {"axis": axis, "mode": mode})
      for axis in (0, 1, 2, -1, -3) for mode in ("clip", "wrap")],
    Sample("take", [CUBE, values([0, 2, 1])], {"axis": 1, "mode": "raise"}),
    Sample("take", [TABLE, T(0)]),
    Sample("take", [T(1), values([0])]),
    *[Sample("take", [T(4, 3, dtype=d), values([3, 0])]) for d in KINDS],
    *[Sample("take", [TABLE, ints(3, high=4, dtype=d)])
      for d in ("uint8", "int8", "int32", "int64", "float16", "float64")],
    Bad("take", [TABLE, values([0, 4])], {"mode": "raise"}, match="take.*4"),
    Bad("take", [TABLE, values([0, -1])], {"mode": "raise"}, match="take.*-1"),
    Bad("take", [TABLE, values([0])], {"axis": 2}, match="out of range"),
    Bad("take", [TABLE, values([0])], {"axis": -3}, match="out of range"),
    Bad("take", [TABLE, values([0])], {"mode": "cut"}, match="mode"),
    # batch_take
    Sample("batch_take", [TABLE, values([0, 1, 2, 0], "int32")]),
    Sample("batch_take", [TABLE, values([0, 5, -1, 0], "int32")]),
    Sample("batch_take", [TABLE, values([[0, 1], [2, 0]], "int32")]),
    Sample("batch_take", [T(1, 1), values([0], "int32")]),
    *[Sample("batch_take", [T(2, 3, dtype=d), values([2, 1], "int32")])
      for d in ("float16", "float64", "int32", "uint8")],
    Bad("batch_take", [TABLE, values([0, 1, 2, 0])], match="float32"),
    Bad("batch_take", [TABLE, values([0, 1], "int32")], match="indices"),
    Bad("batch_take", [T(4), values([0], "int32")], match="2 axes"),
    # pick
    Sample("pick", [TABLE, values([0, 1, 2, 0])]),
    *[Sample("pick", [TABLE, values([0, -1, 5, -4])], {"mode": mode, "keepdims": keep})
      for mode in ("clip", "wrap") for keep in (False, True)],
    Sample("pick", [TABLE, values([1.7, 0.2, 2, 0])]),
    Sample("pick", [TABLE, values([[0], [1], [2], [0]])]),
    Sample("pick", [TABLE, values([[0], [1], [2], [0]])], {"keepdims": True}),
    Sample("pick", [TABLE, values([0, 1, 3])], {"axis": 0}),
    Sample("pick", [TABLE, values([[0, 1, 3]])], {"axis": 0, "keepdims": True}),
    *[Sample("pick", [CUBE, ints(2, 4, high=3, dtype="float32")], {"axis": axis, "keepdims": keep})
      for axis in (1, -2) for keep in (False, True)],
    Sample("pick", [T(5), values([3])]),
    Sample("pick", [T(5), values([3])], {"axis": 0, "keepdims": True}),
    Sample("choose_element_0index", [TABLE, values([NAN, INF, -INF, 1])]),
    *[Sample("pick", [T(2, 3, dtype=d), values([2, 1])]) for d in KINDS],
    *[Sample("pick", [TABLE, ints(4, high=3, dtype=d)])
      for d in ("uint8", "int8", "int32", "int64", "float16", "float64")],
    Bad("pick", [TABLE, values([0, 1, 2])], match="pick.*index"),
    Bad("pick", [TABLE, values([0, 1, 2])], {"axis": 2}, match="out of range"),
    Bad("pick", [TABLE, values([0])], {"axis": None}, match="axis"),
    Bad("pick", [TABLE, values([0, 1, 2, 0])], {"mode": "raise"}, match="mode"),
    # one_hot
    Sample("one_hot", [values([0, 2, -1, 3, 1.7, -0.5])], {"depth": 3}),
    Sample("one_hot", [values([[0, 2], [1, 1]])], {"depth": 3, "on_value": 5.0, "off_value": -1.0, "dtype": "int32"}),
    *[Sample("one_hot", [values([[0, 2]])], {"depth": 3, "on_value": 2.7, "off_value": 1.5, "dtype": d})
      for d in (*KINDS, "float32")],
    Sample("one_hot", [values([[0, 2]])], {"depth": 3, "on_value": 2.7, "off_value": -1.5, "dtype": "int8"}),
    *[Sample("one_hot", [ints(4, high=3, dtype=d)], {"depth": 2}) for d in KINDS],
    Sample("one_hot", [values([0, 2])], {"depth": 3, "on_value": 2.7, "off_value": -1.5, "dtype": "uint8"}),
    Sample("one_hot", [values([0])], {"depth": 1}),
    Sample("one_hot", [T(0, 2)], {"depth": 3}),
    Sample("one_hot", [values([0, 1])], {"depth": 0}, np_shape=True),
    Bad("one_hot", [values([0, 1])], {"depth": -2}, match="depth"),
    Bad("one_hot", [values([0, 1])], match="depth"),
    Bad("one_hot", [values([0, 1])], {"depth": 2, "dtype": "complex64"}, match="dtype"),
    # gather_nd
    Sample("gather_nd", [TABLE, values([[0, 1, 3], [0, 2, 1]])]),
    Sample("gather_nd", [TABLE, values([[0, 1, 3]])]),
    Sample("gather_nd", [TABLE, values([[0, 0, 0], [2, 2, 1]])]),
    Sample("gather_nd", [TABLE, values([[-1, -4], [-1, 0]])], grad=False),
    Sample("gather_nd", [TABLE, values([[0.9], [1.9]])]),
    Sample("gather_nd", [TABLE, values([[[0, 1], [1, 1]], [[0, 0], [1, 2]]])]),
    Sample("gather_nd", [CUBE, values([[1, 0], [2, 0]])]),
    Sample("gather_nd", [CUBE, values([[1], [2], [3]])]),
    *[Sample("gather_nd", [T(4, 3, dtype=d), values([[3, 0]])]) for d in ("float16", "float64", "int32", "uint8")],
    *[Sample("gather_nd", [TABLE, ints(2, 3, high=3, dtype=d)]) for d in ("uint8", "int32", "int64", "float64")],
    Bad("gather_nd", [TABLE, values([0, 1, 3])], match="2 axes"),
    Bad("gather_nd", [TABLE, values([[0, 1], [0, 1], [0, 1]])], match="axes"),
    Bad("gather_nd", [TABLE, values([[4], [0]])], match="4 is out of bounds", skip={"symbol": LATE}),
    Bad("gather_nd", [TABLE, values([[0], [-4]])], match="-4 is out of bounds", skip={"symbol": LATE}),
    # scatter_nd
    Sample("scatter_nd", [T(3), values([[1, 1, 0], [0, 1, 0]])], {"shape": (2, 2)}),
    Sample("scatter_nd", [T(2, 3), values([[3, 0]])], {"shape": (4, 3)}),
    Sample("scatter_nd", [T(2, 2), values([[[0, 1], [1, 1]], [[0, 0], [1, 2]]])], {"shape": (2, 3)}),
    Sample("scatter_nd", [values([5, 5]), values([[1, 1]])], {"shape": (3,)}),
    Sample("scatter_nd", [T(1), values([[0]])], {"shape": (1,)}),
    *[Sample("scatter_nd", [T(2, dtype=d), values([[2, 0]])], {"shape": (3,)})
      for d in ("float16", "float64", "int32", "uint8")],
    *[Sample("scatter_nd", [T(2), values([[2, 0]], d)], {"shape": (3,)})
      for d in ("uint8", "int32", "int64", "float64")],
    # _backward_gather_nd
    Sample("_backward_gather_nd", [T(3), values([[1, 1, 0], [0, 1, 0]])], {"shape": (2, 2)}),
    Sample("_backward_gather_nd", [T(3), values([[1, 1, 0], [1, 1, 0]])], {"shape": (2, 2)}),
    Sample("_backward_gather_nd", [T(4, 3), values([[3, 0, 3, 3]])], {"shape": (4, 3)}),
    Sample("_backward_gather_nd", [T(2, 2), values([[[0, 1], [1, 1]], [[0, 0], [1, 2]]])], {"shape": (2, 3)}),
    Sample("_backward_gather_nd", [T(1), values([[0]])], {"shape": (1,)}),
    *[Sample("_backward_gather_nd", [ints(3, low=0, high=9, dtype=d), values([[2, 0, 2]], "int32")], {"shape": (3,)})
      for d in ("float16", "float64", "int32", "int64")],
    Bad("_backward_gather_nd", [T(2), values([[1, 1, 0], [0, 0, 0]])], {"shape": (2, 2)}, match="data"),
    Bad("scatter_nd", [T(2), values([[1, 1, 0], [0, 0, 0]])], {"shape": (2, 2)}, match="data"),
    Bad("scatter_nd", [T(3), values([1, 1, 0])], {"shape": (2,)}, match="2 axes"),
    Bad("scatter_nd", [T(3), values([[1, 1, 0], [1, 0, 0], [0, 0, 0]])], {"shape": (3, 2)}, match="axes"),
    Bad("scatter_nd", [T(3), values([[1, 1, 0], [1, 0, 0]])], {"shape": ()}, match="shape"),
    Bad("scatter_nd", [T(3), values([[1, 2, 0], [1, 0, 0]])], {"shape": (2, 2)}, match="out of bounds"),
    # _scatter_set_nd writes into its first input in MXNet, and refuses every other call
    *[Sample("_scatter_set_nd", inputs, {"shape": inputs[0].shape}, train=False, out=(0,)) for inputs in (
        [T(2, 2), T(3), values([[1, 1, 0], [0, 1, 0]])], [T(4, 3), T(2, 3), values([[3, 0]])],
        [T(3, dtype="float64"), T(1, dtype="float64"), values([[2]])], [ints(3), ints(1), values([[2]], "int64")],
        [T(2, 3, 4), T(2, 4), values([[1, 0], [2, 2]], "int32")], [T(5, dtype="float16"), T(5, dtype="float16"),
                                                                  values([[4, 3, 2, 1, 0]])],
        [T(2, 2), T(2, 1), values([[[1], [0]], [[0], [1]]])], [T(1), T(1), values([[0]])])],
    Bad("_scatter_set_nd", [T(2, 3), T(1, 2), values([[1]])], {"shape": (2, 2)}, match="lhs"),
    Bad("_scatter_set_nd", [T(2, 2), T(1, 3), values([[1]])], {"shape": (2, 2)}, match="data|rhs"),
    Bad("_scatter_set_nd", [T(2, 2), ints(1, 2), values([[1]])], {"shape": (2, 2)}, match="int32"),
    # _contrib_index_copy
    Sample("_contrib_index_copy", [TABLE, values([0, 3]), T(2, 3)]),
    Sample("_contrib_index_copy", [TABLE, values([3, 1, 0, 2]), T(4, 3)]),
    Sample("_contrib_index_copy", [T(4), values([2]), T(1)]),
    Sample("_contrib_index_copy", [CUBE, values([1]), T(1, 3, 4)]),
    *[Sample("_contrib_index_copy", [TABLE, values([2, 0], d), T(2, 3)])
      for d in ("int32", "int64", "uint8", "float64")],
    *[Sample("_contrib_index_copy", [T(3, 2, dtype=d), values([2]), T(1, 2, dtype=d)])
      for d in ("float16", "float64", "int32")],
    Bad("_contrib_index_copy", [TABLE, values([0]), T(2, 3)], match="new_tensor"),
    Bad("_contrib_index_copy", [T(4), values([[0]]), T(1)], match="index_vector"),
    Bad("_contrib_index_copy", [TABLE, values([0]), T(3)], match="new_tensor"),
    Bad("_contrib_index_copy", [TABLE, values([4]), T(1, 3)], match="out of (range|bounds)"),
    # _contrib_boolean_mask
    Sample("_contrib_boolean_mask", [TABLE, values([0, 1, 0, 1])], skip={"shape": OPEN}),
    Sample("_contrib_boolean_mask", [TABLE, values([1, 1, 1, 1])], skip={"shape": OPEN}),
    Sample("_contrib_boolean_mask", [TABLE, values([0, 0.5, -1, NAN])], skip={"shape": OPEN}),
    Sample("_contrib_boolean_mask", [T(5), values([0, 1, 0, 1, 1])], skip={"shape": OPEN}),
    Sample("_contrib_boolean_mask", [TABLE, values([0, 0, 0, 0])], np_shape=True),
    *[Sample("_contrib_boolean_mask", [TABLE, values([0, 1, 0, 1], d)], skip={"shape": OPEN})
      for d in ("int32", "int64", "uint8", "bool")],
    *[Sample("_contrib_boolean_mask", [T(3, 2, dtype=d), values([1, 0, 1])], skip={"shape": OPEN})
      for d in ("float16", "float64", "int32")],
    Bad("_contrib_boolean_mask", [TABLE, values([0, 1, 0])], {"axis": 1}, match="axis"),
    Bad("_contrib_boolean_mask", [TABLE, values([0, 1, 0])], match="index"),
    Bad("_contrib_boolean_mask", [TABLE, values([[0, 1, 0, 1]])], match="index"),
    # _ravel_multi_index, _unravel_index
    Sample("_ravel_multi_index", [values([[3, 6, 6], [4, 5, 1]])], {"shape": (7, 6)}),
    Sample("_ravel_multi_index", [values([[3, 6, 6], [4, 5, 1]])], {"shape": (-1, 6)}),
    Sample("_ravel_multi_index", [values([[3, 16, 6], [4, 15, -1]])], {"shape": (7, 6)}),
    Sample("_ravel_multi_index", [values([[3.5, 4.2], [1.7, 0]])], {"shape": (7, 6)}),
    Sample("_ravel_multi_index", [values([[1, 1], [2, 0], [0, 3]])], {"shape": (2, 3, 4)}),
    Sample("ravel_multi_index", [values([[1, 5]])], {"shape": (7,)}),
    *[Sample("ravel_multi_index", [values([[3, 6], [4, 5]], d)], {"shape": (7, 6)})
      for d in ("int32", "int64", "float64", "uint8")],
    Bad("_ravel_multi_index", [values([3, 4])], {"shape": (7, 6)}, match="data"),
    Bad("_ravel_multi_index", [values([[3, 4]])], {"shape": (7, 6)}, match="data"),
    Bad("_ravel_multi_index", [values([[3, 4], [1, 0]])], match="shape"),
    Sample("_unravel_index", [values([22, 41, 37])], {"shape": (7, 6)}),
    Sample("_unravel_index", [values([22, 41, 37])], {"shape": (-1, 6)}),
    Sample("_unravel_index", [values([22, 41, 37, 60, -1, -7])], {"shape": (7, 6)}),
    Sample("_unravel_index", [values([22.7, 41, 37])], {"shape": (7, 6)}),
    Sample("_unravel_index", [values([13, 0, 23])], {"shape": (2, 3, 4)}),
    Sample("unravel_index", [values([3])], {"shape": (7,)}),
    *[Sample("unravel_index", [values([22, 41], d)], {"shape": (7, 6)})
      for d in ("int32", "int64", "float64", "uint8")],
    Bad("_unravel_index", [values([22, 41, 37])], match="shape"),
]
