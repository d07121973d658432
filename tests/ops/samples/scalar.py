# SPDX-License-Identifier: Apache-2.0
"""Samples of the functions of an array and a scalar."""
from . import Bad, Sample, T, ints, special, values

ARITHMETIC = ("plus", "minus", "rminus", "mul", "div", "rdiv", "mod", "rmod", "power", "rpower", "hypot", "maximum",
              "minimum")
TRUTH = ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal", "logical_and", "logical_or",
         "logical_xor")
SCATTER = ("_scatter_plus_scalar", "_scatter_minus_scalar")      # MXNet gives them no gradient
ALL = (*ARITHMETIC, *TRUTH)
CAMEL = {"rminus": "RMinus", "rdiv": "RDiv", "rmod": "RMod", "rpower": "RPower"}
WHOLE = values([1, 2, 3, 4, 7], dtype="int32")


def _alias(name):
    return "_" + CAMEL.get(name, "".join(part.capitalize() for part in name.split("_"))) + "Scalar"


SAMPLES = [
    *[Sample(f"_{name}_scalar", [T(2, 3, low=0.3, high=3)], {"scalar": 1.25}) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([1.25, 2.0, -1.25, 3.5])], {"scalar": -1.25})
      for name in ALL if name not in ("rpower", "power")],
    *[Sample(f"_{name}_scalar", [T(1, low=0.3, high=3)]) for name in ALL],
    *[Sample(f"_{name}_scalar", [T(2, 1, 2, low=0.3, high=3, dtype="float64")], {"scalar": 0.1}) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([0.1, 0.5, 2, 3], dtype="float16")], {"scalar": 0.1}) for name in ALL],
    *[Sample(f"_{name}_scalar", [T(0, 3)], {"scalar": 2.0}) for name in ALL],
    *[Sample(f"_{name}_scalar", [special()], {"scalar": 2.0}, grad=False)
      for name in ALL if name != "rmod"],        # torch has NaN for denormal divisors
    *[Sample(f"_{name}_scalar", [values([1, 2, 3, 0, -1, -2.5])], {"scalar": 0.0}, grad=False) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([2, -2, 2.5])], {"scalar": 2.0}) for name in (*TRUTH, "maximum", "minimum")],

    # whole numbers: the scalar is cast to their dtype first
    *[Sample(f"_{name}_scalar", [WHOLE], {"scalar": 2.0}) for name in ALL],
    *[Sample(f"_{name}_scalar", [WHOLE], {"scalar": 2.75}) for name in ALL],
    *[Sample(f"_{name}_scalar", [WHOLE], {"scalar": 2.75, "is_int": False}) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([1, 2, 3, 100, 200], dtype="uint8")], {"scalar": 3}) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([-4, -3, 2, 7], dtype="int64")], {"scalar": -3}) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([1, 2, 3, 5], dtype="int8")], {"scalar": 3}) for name in ALL],
    *[Sample(f"_{name}_scalar", [values([True, False], dtype="bool")], {"scalar": 2})
      for name in ALL if name not in ("rdiv", "rmod")],
    Sample("_plus_scalar", [values([1, 2, 250], dtype="uint8")], {"scalar": 300}),
    Sample("_minus_scalar", [values([1, 2, 250], dtype="uint8")], {"scalar": 3}),
    Sample("_mul_scalar", [values([1, 2, 250], dtype="uint8")], {"scalar": -1}),
    Sample("_mod_scalar", [values([7, -7, 0], dtype="int32")], {"scalar": 0}),
    Sample("_mod_scalar", [values([7, -7, 0], dtype="int32")], {"scalar": -3}),
    Sample("_mod_scalar", [values([7, -7, 0.5])], {"scalar": -3.0}),
    Sample("_rmod_scalar", [values([3, -3, 2, 0], dtype="int32")], {"scalar": -7}),
    Sample("_rmod_scalar", [values([3, -3, 2])], {"scalar": -7.0}),
    Sample("_power_scalar", [values([2, -3], dtype="int32")], {"scalar": -1}),
    *[Sample("_power_scalar", [T(2, 3, low=0.5, high=2)], {"scalar": s}) for s in (2.0, 3.0, 0.5, -1.0, -0.5, 1.0)],
    Sample("_power_scalar", [values([-2.0, -1.5])], {"scalar": 2.0}),
    Sample("_rpower_scalar", [T(2, 3)], {"scalar": 2.0}),
    Sample("_div_scalar", [T(4)], {"scalar": 0.0}, grad=False),
    Sample("_plus_scalar", [T(3)], {"scalar": "2.5"}),
    Sample("_plus_scalar", [T(3)], {"scalar": True}, ours_ok="in Python, True is a number"),
    Bad("_div_scalar", [WHOLE], {"scalar": 0.5}, match="ZeroDivision", skip={"record": "MXNet dies of it"}),

    *[Sample(_alias(name), [T(2, 3, low=0.3, high=3)], {"scalar": 2.0}) for name in ALL],
    *[Sample(op, [T(2, 3, dtype=d)], {"scalar": 2.0}, grad=False) for op in SCATTER
      for d in ("float16", "float32", "float64")],
    *[Sample(op, [ints(4)], {"scalar": 2.5}) for op in SCATTER],
    *[Sample(op, [ints(4)], {"scalar": 2.5, "is_int": False}) for op in SCATTER],
    *[Sample(op, [T(0, 3)], {"scalar": 2.5}) for op in SCATTER],
    *[Sample(op, [T(1)], grad=False) for op in SCATTER],
    *[Bad(op, [T(3)], {"scalar": "x"}, match="scalar") for op in (*[f"_{name}_scalar" for name in ALL], *SCATTER)],
    *[Bad(f"_{name}_scalar", [T(3)], {"scaler": 1.0}, match="scaler") for name in ("plus", "equal", "maximum")],
]
