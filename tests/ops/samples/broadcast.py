# SPDX-License-Identifier: Apache-2.0
"""Samples of the functions of two arrays, of equal shapes and broadcast, and of the operators that repeat arrays."""
from . import Bad, Sample, T, distinct, ints, special, values

PLAIN = ("add", "sub", "mul", "maximum", "minimum", "hypot")
COMPARE = ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal")
LOGICAL = ("logical_and", "logical_or", "logical_xor")
ALL = (*PLAIN, *COMPARE, *LOGICAL, "div", "mod", "power")
EQUAL = {name: f"elemwise_{name}" if name in ("add", "sub", "mul", "div") else f"_{name}" for name in ALL}


def _pair(name, *shapes, dtype="float32"):
    """Two inputs on which the operation and its gradient are well defined."""
    if name in ("div", "power"):
        return [T(*shape, low=0.5, high=3, dtype=dtype) for shape in shapes]
    if name == "mod":
        return [distinct(*shapes[0], step=0.75, dtype=dtype), T(*shapes[1], low=1.1, high=1.4, dtype=dtype)]
    if name in (*COMPARE, *LOGICAL):
        return [ints(*shape, high=3, dtype=dtype) for shape in shapes]
    return [T(*shape, dtype=dtype) for shape in shapes]


def _whole(name, dtype):
    """Whole numbers; no division by zero, which MXNet does not survive."""
    low = 1 if dtype == "uint8" or name in ("div", "power") else -6
    return [ints(7, low=low, high=7, dtype=dtype), ints(7, low=1 if name in ("div", "mod", "power") else low, high=4,
                                                        dtype=dtype)]


# numbers at which pairs meet: zeros, NaN, infinities, ties
LEFT = values([0.0, 0.0, 1.0, -1.0, 2.0, float("nan"), 1.0, 0.0, -2.0, 3.0, 0.0, float("inf"), 5.5, 1.0])
RIGHT = values([0.0, 1.0, 0.0, 2.0, 2.0, 1.0, float("nan"), -1.0, 3.0, -2.0, 0.5, float("inf"), -2.0, 1.0])
# where a gradient has no meaning (0 ** 0, 0 % 0), MXNet gives NaN and torch a number
NO_MEANING = ("power", "mod", "div")

SAMPLES = [
    *[Sample(f"broadcast_{name}", _pair(name, (2, 1, 3), (1, 4, 1))) for name in ALL],
    *[Sample(f"broadcast_{name}", _pair(name, (3,), (2, 3))) for name in ALL],
    *[Sample(f"broadcast_{name}", _pair(name, (2, 3), (1,), dtype="float64")) for name in ALL],
    *[Sample(f"broadcast_{name}", _pair(name, (4, 2), (4, 2), dtype="float16")) for name in ALL],
    *[Sample(f"broadcast_{name}", [T(0, 3), T(1, 3)]) for name in ALL],
    *[Sample(f"broadcast_{name}", _whole(name, d)) for name in ALL for d in ("int32", "uint8", "int64", "int8")],
    *[Sample(f"broadcast_{name}", [LEFT, RIGHT], grad=name not in NO_MEANING) for name in ALL],
    *[Bad(f"broadcast_{name}", [T(2, 3), T(2, 4)], {}, match="broadcast") for name in ALL],
    *[Bad(f"broadcast_{name}", [T(2, 3), T(2, 3, dtype="float64")], {}, match="float64",
          skip={"symbol": "dtypes are checked when it is bound"}) for name in ALL],

    *[Sample(op, _pair(name, (2, 3), (2, 3))) for name, op in EQUAL.items()],
    *[Sample(op, _pair(name, (1,), (1,), dtype="float64")) for name, op in EQUAL.items()],
    *[Sample(op, _pair(name, (2, 3, 2), (2, 3, 2), dtype="float16")) for name, op in EQUAL.items()],
    *[Sample(op, [T(2, 0), T(2, 0)]) for op in EQUAL.values()],
    *[Sample(op, _whole(name, d)) for name, op in EQUAL.items() for d in ("int32", "uint8")],
    *[Sample(op, [LEFT, RIGHT], grad=name not in NO_MEANING) for name, op in EQUAL.items()],
    *[Bad(op, [T(2, 3), T(1, 3)], {}, match="rhs|lhs") for op in EQUAL.values()],
    *[Bad(op, [T(2, 3), T(2, 3, dtype="float16")], {}, match="float16",
          skip={"symbol": "dtypes are checked when it is bound"}) for op in EQUAL.values()],
    *[Bad(op, [T(2, 3)], {}, match=op, skip={"symbol": "the other input becomes a variable"})
      for op in EQUAL.values()],

    # whole numbers: cut towards zero, modulo with the divisor's sign, modulo zero
    Sample("broadcast_div", [values([7, -7, 7, -7], dtype="int32"), values([2, 2, -2, -2], dtype="int32")]),
    Sample("broadcast_mod", [values([7, -7, 7, -7, 5], dtype="int32"), values([3, 3, -3, -3, 0], dtype="int32")]),
    Sample("broadcast_mod", [values([7, -7, 7, -7, 5]), values([3, 3, -3, -3, 0])], grad=(0,)),
    Sample("broadcast_power", [values([2, 2, -2, 3], dtype="int32"), values([3, -1, 3, 4], dtype="int32")]),
    Sample("broadcast_power", [values([2, 3, 200, 7], dtype="uint8"), values([3, 6, 1, 0], dtype="uint8")]),
    Sample("broadcast_mul", [values([200, 16], dtype="uint8"), values([2, 16], dtype="uint8")]),
    Sample("broadcast_sub", [values([1, 5], dtype="uint8"), values([2, 5], dtype="uint8")]),
    Bad("broadcast_div", [values([7], dtype="int32"), values([0], dtype="int32")], {}, match="ZeroDivision",
        skip={"record": "MXNet dies of it"}),

    # aliases
    *[Sample(alias, [T(2, 3), T(2, 3)]) for alias in ("broadcast_plus", "broadcast_minus", "_Plus", "_Minus", "_Mul",
                                                      "_plus", "_sub", "_Maximum", "_Greater_Equal")],
    Sample("_sparse_elemwise_add", [T(2, 3), T(2, 3)]),
    Sample("_sparse_broadcast_mul", [T(2, 3), T(2, 1)]),

    # the operators with a purpose of their own
    *[Sample("_grad_add", [T(2, 3, dtype=d), T(2, 3, dtype=d)]) for d in ("float16", "float32", "float64")],
    Sample("_grad_add", [T(1), T(1)]),
    Sample("_grad_add", [ints(4), ints(4)]),
    Sample("_grad_add", [T(0, 3), T(0, 3)]),
    *[Sample("_grad_add", [T(2, 1, 4, dtype=d), T(2, 1, 4, dtype=d)]) for d in ("bfloat16", "int64")],
    Sample("_grad_add", [special(), special()]),
    Bad("_grad_add", [T(2), T(3)], {}, match="rhs|lhs"),
    *[Sample("_scatter_elemwise_div", [T(2, 3, low=1, high=2, dtype=d), T(2, 3, low=1, high=2, dtype=d)], grad=False)
      for d in ("float16", "float32", "float64")],
    Sample("_scatter_elemwise_div", [T(1), T(1, low=1, high=2)], grad=False),
    Sample("_scatter_elemwise_div", [ints(4), ints(4, low=1)]),
    Sample("_scatter_elemwise_div", [T(0, 3), T(0, 3)]),
    Sample("_scatter_elemwise_div", [T(2, 1, 4), T(2, 1, 4, low=-3, high=-1)], grad=False),
    Sample("_scatter_elemwise_div", [special(), special()], grad=False),
    Bad("_scatter_elemwise_div", [T(2), T(3)], {}, match="rhs|lhs"),

    # broadcast_to
    Bad("broadcast_to", [T(1, 3)], {"shape": (-1, 3)}, match="below 0"),
    Bad("broadcast_axis", [T(1, 3)], {"axis": 0, "size": -1}, match="below 0"),
    Sample("broadcast_to", [T(1, 3)], {"shape": (2, 3)}),
    Sample("broadcast_to", [T(1, 3)], {"shape": (2, 0)}),
    Sample("broadcast_to", [T(2, 1, 3, 1)], {"shape": (2, 4, 3, 2)}),
    Sample("broadcast_to", [T(1)], {"shape": (5,)}),
    Sample("broadcast_to", [T(1, 3)], {"shape": (1, 3)}),
    *[Sample("broadcast_to", [T(1, 2, dtype=d)], {"shape": (3, 2)}) for d in ("float16", "float64")],
    *[Sample("broadcast_to", [ints(1, 2, dtype=d)], {"shape": (3, 2)}) for d in ("int32", "uint8", "bool")],
    Sample("broadcast_to", [T(0, 1)], {"shape": (0, 4)}),
    Bad("broadcast_to", [T(3)], {"shape": (2, 3)}, match="broadcast"),
    Bad("broadcast_to", [T(2, 3)], {"shape": (4, 3)}, match="broadcast"),
    Bad("broadcast_to", [T(1, 3)], {}, match="broadcast"),
    Bad("broadcast_to", [T(1, 3)], {"shape": (-2, 3)}, match="broadcast"),
    Bad("broadcast_to", [T(1, 3)], {"shape": "x"}, match="shape"),

    # broadcast_axis
    Sample("broadcast_axis", [T(1, 3, 1)], {"axis": (0, 2), "size": (2, 4)}),
    Sample("broadcast_axis", [T(1, 3, 1)], {"axis": 0, "size": 2}),
    Sample("broadcast_axis", [T(1, 3, 1)]),
    Sample("broadcast_axes", [T(1, 3, 1)], {"axis": 2, "size": 5}),
    *[Sample("broadcast_axis", [T(2, 1, dtype=d)], {"axis": 1, "size": 3}) for d in ("float16", "float64")],
    Sample("broadcast_axis", [ints(2, 1)], {"axis": 1, "size": 3}),
    Sample("broadcast_axis", [T(0, 1)], {"axis": 1, "size": 3}),
    Bad("broadcast_axis", [T(1, 3, 1)], {"axis": -1, "size": 2}, match="axis -1"),
    Bad("broadcast_axis", [T(1, 3, 1)], {"axis": 1, "size": 2}, match="axis 1"),
    Bad("broadcast_axis", [T(1, 3, 1)], {"axis": 1, "size": 3}, match="axis 1"),
    Bad("broadcast_axis", [T(1, 3, 1)], {"axis": 5, "size": 3}, match="axis 5"),
    Bad("broadcast_axis", [T(1, 3, 1)], {"axis": 0, "size": (2, 2)}, match="length"),
    Bad("broadcast_axis", [T(1, 3, 1)], {"axis": (0, 0), "size": (2, 2)}, match="axis 0"),

    # broadcast_like
    Sample("broadcast_like", [T(1, 3), T(5, 3)]),
    Sample("broadcast_like", [T(2, 1, 1), T(2, 3, 4)]),
    Sample("broadcast_like", [T(1, 3), ints(5, 3)]),
    Sample("broadcast_like", [T(1, 3, dtype="float64"), T(5, 3)]),
    Sample("broadcast_like", [T(1, 3, dtype="float16"), T(5, 3, dtype="float16")]),
    Sample("broadcast_like", [T(1, 3), T(5, 6)], {"lhs_axes": (0,), "rhs_axes": (1,)}),
    Sample("broadcast_like", [T(1, 3), T(5, 6)], {"lhs_axes": (-2,), "rhs_axes": (-1,)}),
    Sample("broadcast_like", [T(1, 3, 1), T(5, 6, 7)], {"lhs_axes": (0, 2), "rhs_axes": (2, 0)}),
    Sample("broadcast_like", [T(1), T(4)]),
    Sample("broadcast_like", [T(1, 3), T(0, 3)]),
    Bad("broadcast_like", [T(3), T(5, 3)], {}, match="broadcast"),
    Bad("broadcast_like", [T(1, 3), T(5, 4)], {}, match="broadcast"),
    Bad("broadcast_like", [T(1, 3), T(5, 6)], {"lhs_axes": (1,), "rhs_axes": (1,)}, match="axis 1"),
    Bad("broadcast_like", [T(1, 3), T(5, 6)], {"lhs_axes": (), "rhs_axes": ()}, match="length"),
    Bad("broadcast_like", [T(1, 1), T(5, 6)], {"lhs_axes": (0, 1), "rhs_axes": (1,)}, match="length"),
    Bad("broadcast_like", [T(1, 1), T(5, 6)], {"lhs_axes": (2,), "rhs_axes": (1,)}, match="lhs_axes"),
]
