# SPDX-License-Identifier: Apache-2.0
"""Samples of the reductions."""
from . import Bad, Sample, T, distinct, ints, special, values

AXES = ("sum", "mean", "prod", "nansum", "nanprod", "max", "min")       # with axis, keepdims, exclude
EXTREME = ("max", "min")
POSITION = ("argmax", "argmin")
NAN = float("nan")


def _data(op, *shape, dtype="float32"):
    """No zeros for products (MXNet's gradient there is NaN), no ties for extremes."""
    if op in ("prod", "nanprod"):
        return T(*shape, low=0.5, high=1.5, dtype=dtype)
    return distinct(*shape, dtype=dtype) if op in EXTREME else T(*shape, dtype=dtype)


CASES = [
    {}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": (2, 0)}, {"axis": (0, 1, 2)}, {"axis": ()},
    {"axis": None}, {"axis": 1, "keepdims": True}, {"axis": (0, -1), "keepdims": True}, {"keepdims": True},
    {"axis": 1, "exclude": True}, {"axis": (0, -1), "exclude": True, "keepdims": True}, {"exclude": True},
    {"axis": (0, 1, 2), "exclude": True}, {"axis": (0, 1, 2), "keepdims": True},
]

SAMPLES = [
    *[Sample(op, [_data(op, 2, 3, 4)], params) for op in AXES for params in CASES],
    *[Sample(op, [_data(op, 5)]) for op in AXES],
    *[Sample(op, [_data(op, 1)], {"axis": 0}) for op in AXES],
    *[Sample(op, [_data(op, 3, 4, dtype=d)], {"axis": 1}) for op in AXES for d in ("float16", "float64")],
    *[Sample(op, [ints(3, 4, low=-3, high=4, dtype=d)], {"axis": 1}) for op in AXES for d in ("int32", "int64",
                                                                                              "int8")],
    *[Sample(op, [ints(3, 4, high=200, dtype="uint8")], {"axis": 0}) for op in AXES],
    *[Sample(op, [values([[True, True], [True, True]], dtype="bool")], {"axis": 0}) for op in AXES],
    *[Sample(op, [values([[1, NAN, 3], [3, 2, NAN], [NAN, NAN, NAN]])], {"axis": 1}, grad=op != "mean") for op in AXES],
    *[Sample(op, [special()], grad=False) for op in AXES],
    *[Sample(op, [T(0, 3)], {"axis": 1}) for op in ("sum", "mean", "prod")],
    Sample("prod", [T(0, 3)], {"axis": 0}),
    Sample("sum", [T(0, 3)], {"axis": 0}, ours_ok="MXNet stumbles over it; the sum of nothing is 0"),
    *[Sample(op, [T(0, 3)]) for op in ("sum", "prod")],
    *[Bad(op, [T(2, 3)], {"axis": 2}, match="axis") for op in AXES],
    *[Bad(op, [T(2, 3)], {"axis": -3}, match="axis") for op in AXES],
    *[Bad(op, [T(2, 3)], {"axis": (0, 0)}, match="twice") for op in AXES],
    *[Bad(op, [T(2, 3)], {"axis": "x"}, match="axis") for op in AXES],
    *[Bad(op, [T(2, 3)], {"axes": 0}, match="axes") for op in AXES],
    *[Bad(op, [T(0, 3)], {"axis": 0}, match="nothing", skip={"symbol": "sizes of 0 are unknown in a symbol"})
      for op in EXTREME],

    # ties, overflow, zeros
    *[Sample(op, [values([[1, 1, 2], [1, 2, 2], [0, 0, 0]])], {"axis": axis}) for op in EXTREME for axis in (0, 1)],
    *[Sample(op, [values([[1, 1, 2], [1, 2, 2]])]) for op in EXTREME],
    *[Sample(op, [values([100, 100, 101, 3], dtype=d)]) for op in ("sum", "mean", "prod") for d in ("uint8", "int8")],
    Sample("sum", [values([2147483647, 1], dtype="int32")]),
    Sample("mean", [values([[-3, -4], [1, 2]], dtype="int32")], {"axis": 1}),
    Sample("prod", [values([[0, 1, 2], [0, 0, 2]])], {"axis": 1}, grad=False),
    Sample("nansum", [values([[1, 2, 3]], dtype="int32")], {"axis": 1}),

    # aliases
    *[Sample(alias, [_data(op, 2, 3)], {"axis": 1}) for alias, op in
      (("sum_axis", "sum"), ("max_axis", "max"), ("min_axis", "min"), ("_sparse_sum", "sum"),
       ("_sparse_mean", "mean"))],

    # positions
    *[Sample(op, [distinct(3, 4)], params) for op in POSITION
      for params in ({}, {"axis": 0}, {"axis": -1}, {"axis": 1, "keepdims": True}, {"keepdims": True}, {"axis": None})],
    *[Sample(op, [distinct(2, 3, 4)], params) for op in POSITION for params in ({"axis": 1}, {"axis": -3})],
    *[Sample(op, [values([[1, 1, 0], [0, 2, 2], [0, 0, 0]])], {"axis": 1}) for op in POSITION],
    *[Sample(op, [values([[1, NAN, 0], [NAN, 2, 2], [0, 3, NAN], [NAN, NAN, NAN]])], {"axis": 1}) for op in POSITION],
    *[Sample(op, [distinct(3, 4, dtype=d)], {"axis": 1}) for op in POSITION for d in ("float16", "float64")],
    *[Sample(op, [ints(3, 4, dtype=d)], {"axis": 1}) for op in POSITION for d in ("int32", "uint8", "int64")],
    *[Sample(op, [T(300, low=0, high=250, dtype="uint8")], {"axis": 0}) for op in POSITION],
    *[Sample(op, [T(0, 3)], {"axis": 1}) for op in POSITION],
    *[Bad(op, [T(2, 3)], {"axis": 2}, match="axis") for op in POSITION],
    *[Bad(op, [T(2, 3)], {"axis": -3}, match="axis") for op in POSITION],
    *[Bad(op, [T(2, 3)], {"axis": (0, 1)}, match="axis") for op in POSITION],
    *[Bad(op, [T(0, 3)], {"axis": 0}, match="empty", skip={"symbol": "sizes of 0 are unknown in a symbol"})
      for op in POSITION],
    Sample("argmax_channel", [distinct(3, 4)]),
    Sample("argmax_channel", [distinct(2, 3, 4)]),
    Sample("argmax_channel", [distinct(2, 3, 2, 2, dtype="float64")]),
    Sample("argmax_channel", [values([[1, 3, 3]], dtype="int32")]),
    Sample("argmax_channel", [values([[1, 3, 3]], dtype="float16")]),
    Sample("argmax_channel", [T(1, 1)]),
    Sample("argmax_channel", [T(0, 3)]),
    Bad("argmax_channel", [T(4)], {}, match="axis"),

    # norm
    *[Sample("norm", [T(2, 3, 4)], params) for params in
      ({}, {"ord": 1}, {"axis": 1}, {"ord": 1, "axis": 1}, {"axis": (0, 1)}, {"ord": 1, "axis": (0, 2)}, {"axis": ()},
       {"axis": (1, 2), "keepdims": True}, {"ord": 1, "keepdims": True}, {"axis": -1, "keepdims": True},
       {"axis": (0, 1, 2)}, {"ord": 1, "axis": (2, 1, 0), "keepdims": True}, {"out_dtype": "float32"})],
    *[Sample("norm", [T(3, 4, dtype=d)], {"axis": 1, "ord": o}) for d in ("float16", "float64") for o in (1, 2)],
    *[Sample("norm", [ints(3, 4, low=-3, high=4, dtype=d)], {"axis": 1, "ord": 1}) for d in ("int32", "int64", "int8")],
    Sample("norm", [T(5)]),
    Sample("norm", [T(1)], {"axis": 0}),
    Sample("norm", [values([[0, 0], [1, 0]])], {"axis": 1}, grad=False),
    Sample("norm", [values([[0, 0], [1, 0]])], {"axis": 1, "ord": 1}),
    Sample("norm", [values([[NAN, 1], [1, 2]])], {"axis": 1}),
    Sample("norm", [T(0, 3)], {"axis": 0}),
    Sample("norm", [T(0, 3)]),
    Sample("_sparse_norm", [T(2, 3)]),
    *[Sample("norm", [T(2, 3, dtype=d)], {"out_dtype": o}, grad=False,
             ours_ok="MXNet has it only with MXNET_SAFE_ACCUMULATION") for d, o in
      (("float32", "float64"), ("float16", "float32"), ("float64", "float32"))],
    Bad("norm", [T(2, 3)], {"ord": 3}, match="ord", skip={"symbol": "MXNet finds it when it runs"}),
    Bad("norm", [T(2, 3)], {"axis": 2}, match="axis"),
    Bad("norm", [T(2, 3)], {"axis": (1, 1)}, match="twice"),
    Bad("norm", [T(2, 3)], {"out_dtype": "uint8"}, match="out_dtype"),

    # moments
    *[Sample("moments", [T(2, 3, 4)], params) for params in
      ({"axes": 0}, {"axes": (0,)}, {"axes": (0, 1)}, {"axes": (-1,)}, {"axes": (1,), "keepdims": True},
       {"axes": (0, 2), "keepdims": True}, {"axes": (0, 1, 2)}, {"axes": (2, 0, 1), "keepdims": True})],
    *[Sample("moments", [T(3, 4, dtype=d)], {"axes": (1,)}) for d in ("float16", "float64")],
    Sample("moments", [values([[3, 4, 1], [1, 0, 7]], dtype="int32")], {"axes": (1,)}),
    Sample("moments", [values([[3, 4, 1], [1, 0, 7]], dtype="uint8")], {"axes": (1,)}),
    Sample("moments", [T(1)], {"axes": (0,)}),
    Bad("moments", [T(2, 3)], {}, match="axes"),
    Bad("moments", [T(2, 3)], {"axes": ()}, match="axes"),
    Bad("moments", [T(2, 3)], {"axes": (3,)}, match="axis"),

    # MXNet has it for row-sparse arrays only
    *[Sample("_square_sum", [T(3, 4, dtype=d)], params, train=False, rows=(0,))
      for d in ("float32", "float64", "float16")
      for params in ({"axis": 0}, {"axis": 1}, {"axis": 1, "keepdims": True})],
    Sample("_square_sum", [T(3, 4)], {"axis": -1}, train=False, rows=(0,),
           ours_ok="MXNet has it for an axis counted from the front only"),
    *[Sample("_square_sum", [T(2, 3, dtype=d)], params, ours_ok="MXNet has it for one axis of row-sparse arrays only")
      for d, params in (("float32", {}), ("float16", {"axis": (0, 1)}), ("float32", {"axis": 0, "exclude": True}),
                        ("int32", {}))],
    Bad("_square_sum", [T(2, 3)], {"axis": 2}, match="axis"),
]
