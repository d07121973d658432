# SPDX-License-Identifier: Apache-2.0
"""Samples of the functions of one array: mathematical ones, formulas with parameters, identities, choices and sums."""
from . import Bad, Sample, T, ints, special, values

# function: an interval inside of its domain, where neither it nor its gradient is huge
DOMAIN = {
    "abs": (-3, 3), "arccos": (-0.9, 0.9), "arccosh": (1.1, 4), "arcsin": (-0.9, 0.9), "arcsinh": (-3, 3),
    "arctan": (-3, 3), "arctanh": (-0.9, 0.9), "cbrt": (-3, 3), "ceil": (-3, 3), "cos": (-4, 4), "cosh": (-2, 2),
    "degrees": (-3, 3), "erf": (-2, 2), "erfinv": (-0.9, 0.9), "exp": (-2, 2), "expm1": (-2, 2), "fix": (-3, 3),
    "floor": (-3, 3), "gamma": (0.2, 4), "gammaln": (0.2, 9), "log": (0.1, 9), "log10": (0.1, 9), "log1p": (-0.9, 9),
    "log2": (0.1, 9), "logical_not": (-1, 1), "negative": (-3, 3), "radians": (-180, 180), "rcbrt": (0.2, 3),
    "reciprocal": (0.2, 3), "relu": (-3, 3), "rint": (-3, 3), "round": (-3, 3), "rsqrt": (0.2, 4), "sigmoid": (-4, 4),
    "sign": (-3, 3), "sin": (-4, 4), "sinh": (-2, 2), "softsign": (-3, 3), "sqrt": (0.1, 9), "square": (-3, 3),
    "tan": (-1.2, 1.2), "tanh": (-3, 3), "trunc": (-3, 3), "_copy": (-3, 3), "BlockGrad": (-3, 3),
    "make_loss": (-3, 3), "_contrib_round_ste": (-3, 3), "_contrib_sign_ste": (-3, 3), "zeros_like": (-3, 3),
    "ones_like": (-3, 3), "_contrib_div_sqrt_dim": (-3, 3),
}
# functions of whole numbers, which are cut towards zero: numbers for which the result is not next to a whole one
WHOLE = ("abs", "arctan", "cbrt", "ceil", "cosh", "degrees", "exp", "expm1", "fix", "floor", "log", "log1p", "log10",
         "logical_not", "negative", "reciprocal", "relu", "rint", "round", "rsqrt", "sigmoid", "sign", "sin", "cos",
         "softsign", "sqrt", "square", "tan", "tanh", "trunc", "_copy", "BlockGrad", "_contrib_round_ste",
         "_contrib_sign_ste", "zeros_like", "ones_like", "gammaln", "radians", "erf", "_contrib_div_sqrt_dim")
POLES = ("gammaln", "gamma")         # have samples of their own
# gradients at NaN, infinity or -0 that MXNet and torch see differently (both without meaning)
EDGES = ("relu", "rsqrt", "softsign")
FLOAT_CONSTANTS = ("degrees", "radians", "erf", "erfinv", "gamma", "gammaln")
# () stands for an unknown shape in the results of infer_shape
NO_AXES = {"skip": {"shape": "the output's shape is (), which infer_shape cannot tell from unknown"}}

SAMPLES = [
    *[Sample(op, [T(2, 3, low=low, high=high)]) for op, (low, high) in DOMAIN.items()],
    *[Sample(op, [T(1, low=low, high=high)]) for op, (low, high) in DOMAIN.items()],
    *[Sample(op, [T(2, 1, 3, low=low, high=high, dtype="float64")]) for op, (low, high) in DOMAIN.items()
      if op not in FLOAT_CONSTANTS],
    *[Sample(op, [T(2, 1, 3, low=DOMAIN[op][0], high=DOMAIN[op][1], dtype="float64")], rtol=1e-6,
             reason="MXNet computes part of it in float32") for op in FLOAT_CONSTANTS],
    *[Sample(op, [T(4, low=low, high=high, dtype="float16")]) for op, (low, high) in DOMAIN.items()],
    *[Sample(op, [T(0, 3)]) for op in DOMAIN],
    *[Sample(op, [special()], grad=op not in EDGES) for op in DOMAIN if op not in POLES],
    *[Sample(op, [values([1, 2, 3, 5, 7], dtype="int32")]) for op in WHOLE],
    *[Sample(op, [values([1, 2, 3, 5], dtype="uint8")]) for op in WHOLE],
    *[Sample(op, [values([1, 2, 3, 6], dtype="int64")]) for op in WHOLE],
    *[Sample(op, [values([-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, 0.49999997, 8388609.0])])
      for op in ("rint", "round", "_contrib_round_ste", "fix", "trunc", "floor", "ceil", "sign", "relu")],
    *[Sample(op, [values([-4, -3, 0, 3, 4], dtype="int8")])
      for op in ("abs", "negative", "sign", "square", "relu", "ceil", "rint", "round", "cbrt", "logical_not")],
    *[Sample(op, [values([True, False, True], dtype="bool")]) for op in ("_copy", "BlockGrad", "zeros_like",
                                                                         "ones_like")],
    *[Bad(op, [T(2, 3)], {"axis": 1}, match=f"{op}.*axis") for op in ("sin", "abs", "_copy")],
    *[Bad(op, [T(2, 3), T(2, 3)], {}, match=op) for op in ("sin", "sqrt", "relu")],
    Sample("gamma", [values([-0.5, -1.5, -2.25, -3.75, 1, 2, 3, 30, 0.001])]),
    Sample("gamma", [values([0.0, -0.0, -1, -2, 200])], grad=False),
    Sample("gamma", [values([4, 5, 6], dtype="int32")]),
    Sample("gammaln", [values([-0.5, -1.5, -2.25, -3.75, 1, 2, 3, 100, 0.001])]),
    Sample("gammaln", [values([0.0, -1, -2])], grad=False),
    Sample("sign", [values([-200, 3, 0], dtype="int64")]),
    Sample("negative", [values([0, 1, 255], dtype="uint8")]),
    Sample("square", [values([16, 17, 200], dtype="uint8")]),
    Sample("relu", [T(3, 4, dtype="bfloat16")]),

    *[Sample(op, [T(3, 2, 2, low=DOMAIN[op][0], high=DOMAIN[op][1])]) for op in DOMAIN],
    *[Sample(op, [values([0, 1], dtype="int32")]) for op in DOMAIN if op not in WHOLE and op != "gamma"],

    # aliases
    Sample("identity", [T(2, 3)]),
    Sample("stop_gradient", [T(2, 3)]),
    Sample("_sparse_sin", [T(2, 3)]),
    Sample("_sparse_relu", [T(2, 3)]),
    Sample("_sparse_make_loss", [T(2, 3)]),

    # formulas with parameters
    *[Sample("hard_sigmoid", [T(3, 4, low=-6, high=6, dtype=d)], {"alpha": 0.25, "beta": 0.5})
      for d in ("float16", "float32", "float64")],
    Sample("hard_sigmoid", [T(3, 4, low=-4, high=4)]),
    Sample("hard_sigmoid", [values([-1, 1, 0, -0.5])], {"alpha": 0.5, "beta": 0.5}),
    Sample("hard_sigmoid", [T(3)], {"alpha": -1.0, "beta": 0.0}),
    Sample("hard_sigmoid", [special()], {"alpha": 0.5}),
    Sample("hard_sigmoid", [T(0, 3)]),
    Bad("hard_sigmoid", [ints(3)], {}, match="floating", skip={"symbol": "the dtype is known when it runs"}),
    Bad("hard_sigmoid", [T(3)], {"alpha": "x"}, match="alpha"),
    *[Sample("smooth_l1", [T(3, 4, dtype=d)], {"scalar": 2.0}) for d in ("float16", "float32", "float64")],
    Sample("smooth_l1", [T(3, 4)], {"scalar": 1.0}),
    Sample("smooth_l1", [T(3, 4)], {"scalar": 0.5}),
    Sample("smooth_l1", [T(3, 4)], {"scalar": -2.0}),
    Sample("smooth_l1", [T(3, 4)]),
    Sample("smooth_l1", [special()], {"scalar": 1.0}),
    Sample("smooth_l1", [values([1, -1, 0, 0.25, -0.25])], {"scalar": 2.0}),
    *[Sample("smooth_l1", [values([0, 1, -3, 4], dtype="int32")], {"scalar": s}) for s in (1.0, 0.9375, 1.5, 2.5, 0.0)],
    Sample("smooth_l1", [T(2, 0)], {"scalar": 1.0}),
    Bad("smooth_l1", [T(2)], {"scalar": "abc"}, match="scalar"),
    *[Sample("clip", [T(3, 4, dtype=d)], {"a_min": -0.5, "a_max": 0.75}) for d in ("float16", "float32", "float64")],
    Sample("clip", [values([1, 2, -1, -2, 0])], {"a_min": -1, "a_max": 1}),
    Sample("clip", [values([1, 2, 3])], {"a_min": 2, "a_max": 1}, grad=False),
    Sample("clip", [values([-3, -2, -1, 0, 1, 2, 3], dtype="int32")], {"a_min": -1.5, "a_max": 1.7}),
    Sample("clip", [values([0, 1, 2, 200], dtype="uint8")], {"a_min": -1, "a_max": 300}),
    Sample("clip", [values([0, 1, 2, 200], dtype="uint8")], {"a_min": 1, "a_max": 100}),
    Sample("clip", [values([-100, 1, 2, 100], dtype="int8")], {"a_min": -200, "a_max": 50}),
    Sample("clip", [values([-100, 1, 2**40], dtype="int64")], {"a_min": -1, "a_max": 64}),
    Sample("clip", [special()], {"a_min": -1, "a_max": 1}, grad=False),
    Sample("clip", [T(0, 3)], {"a_min": -1, "a_max": 1}),
    Bad("clip", [T(3)], {"a_min": 0}, match="a_max"),
    Bad("clip", [T(3)], {"a_min": 0, "a_max": "x"}, match="a_max"),
    *[Sample("_contrib_quadratic", [T(2, 3, dtype=d)], {"a": 0.5, "b": -2.0, "c": 3.0})
      for d in ("float16", "float32", "float64")],
    Sample("_contrib_quadratic", [T(2, 3)]),
    Sample("_contrib_quadratic", [T(2, 3)], {"c": 3.0}),
    Sample("_contrib_quadratic", [values([1, 2, 3], dtype="int32")], {"a": 1.5, "b": 2, "c": 3}),
    Sample("_contrib_quadratic", [T(0, 3)], {"a": 1.0}),
    Bad("_contrib_quadratic", [T(2, 3)], {"d": 1.0}, match="d"),
    Sample("_contrib_div_sqrt_dim", [T(2, 3, 5)]),
    *[Sample("_contrib_gradientmultiplier", [T(2, 3, dtype=d)], {"scalar": -0.5})
      for d in ("float16", "float32", "float64")],
    Sample("_contrib_gradientmultiplier", [T(2, 3)]),
    Sample("_contrib_gradientmultiplier", [T(2, 3)], {"scalar": 0.0}),
    Sample("_contrib_gradientmultiplier", [T(0, 3)], {"scalar": 2.0}),
    Sample("_contrib_gradientmultiplier", [ints(4)], {"scalar": 2.0}),
    Sample("_contrib_gradientmultiplier", [ints(4)], {"scalar": 2.5, "is_int": False}),
    Bad("_contrib_gradientmultiplier", [T(2)], {"scalar": "x"}, match="scalar"),

    # where
    Sample("where", [ints(2, 3, high=2, dtype="float32"), T(2, 3), T(2, 3)]),
    Sample("where", [values([1, 0]), T(2, 3), T(2, 3)]),
    Sample("where", [values([0, 2, -1], dtype="int32"), T(3, 2, 2), T(3, 2, 2)]),
    Sample("where", [ints(2, 3, high=2, dtype="uint8"), T(2, 3, dtype="float64"), T(2, 3, dtype="float64")]),
    Sample("where", [ints(2, 3, high=2, dtype="int64"), T(2, 3, dtype="float16"), T(2, 3, dtype="float16")]),
    Sample("where", [special(), T(20), T(20)]),
    Sample("where", [values([1, 0]), ints(2, 3), ints(2, 3)], grad=False),
    Sample("where", [values([1]), T(1, 3), T(1, 3)]),
    Sample("where", [T(0, 3), T(0, 3), T(0, 3)]),
    Bad("where", [values([1, 0, 1]), T(2, 3), T(2, 3)], {}, match="condition"),
    Bad("where", [values([[1], [0]]), T(2, 3), T(2, 3)], {}, match="condition"),
    Bad("where", [values([1, 0]), T(2, 1), T(2, 3)], {}, match="[xy] is"),
    Bad("where", [values([1, 0]), T(2), T(2, dtype="float64")], {}, match="float64",
        skip={"symbol": "dtypes are checked when it is bound"}),

    # add_n
    Sample("add_n", [T(2, 3), T(2, 3), T(2, 3)]),
    Sample("add_n", [T(2, 3)]),
    Sample("add_n", [T(2, 3), T(2, 3)]),
    *[Sample("add_n", [T(4, dtype=d), T(4, dtype=d), T(4, dtype=d), T(4, dtype=d)]) for d in ("float16", "float64")],
    Sample("add_n", [ints(4), ints(4, low=-5)]),
    Sample("add_n", [ints(4, high=255, dtype="uint8"), ints(4, high=255, dtype="uint8")]),
    Sample("add_n", [T(0, 3), T(0, 3)]),
    Sample("ElementWiseSum", [T(2, 3), T(2, 3)]),
    Bad("add_n", [T(2), T(2, 1)], {}, match="arg1|rank|shape"),
    Bad("add_n", [T(2), T(2, dtype="float64")], {}, match="float64", skip={"symbol": "checked when it is bound"}),
    Bad("add_n", [T(2), T(2)], {"num_args": 3}, match="num_args|arrays|takes"),

    # copies of attributes, storage
    Sample("_identity_with_attr_like_rhs", [T(2, 3), T(2, 3)]),
    Sample("_identity_with_attr_like_rhs", [T(2, 3, dtype="float64"), T(2, 3, dtype="float64")]),
    Sample("_identity_with_attr_like_rhs", [T(2, 3, dtype="float16"), T(2, 3, dtype="float16")]),
    Sample("_identity_with_attr_like_rhs", [ints(4), ints(4)]),
    Sample("_identity_with_attr_like_rhs", [T(1), T(1)]),
    Sample("_identity_with_attr_like_rhs", [T(2, 1, 2), T(2, 1, 2)]),
    Sample("_identity_with_attr_like_rhs", [T(0, 3), T(0, 3)]),
    Bad("_identity_with_attr_like_rhs", [T(2), T(3)], {}, match="rhs"),
    *[Sample("cast_storage", [T(2, 3, dtype=d)], {"stype": "default"}) for d in ("float16", "float32", "float64")],
    Sample("cast_storage", [ints(2, 3)], {"stype": "default"}),
    Sample("cast_storage", [T(1)], {"stype": "default"}),
    Sample("cast_storage", [T(0, 3)], {"stype": "default"}),
    Bad("cast_storage", [T(2, 3)], {"stype": "foo"}, match="stype"),
    Bad("cast_storage", [T(2, 3)], {}, match="stype"),
    Bad("cast_storage", [T(2, 3)], {"stype": "csr"}, match="not implemented",
        skip={"symbol": "refused when it runs"}),
    *[Sample("_copyto", [x], ours_ok="MXNet wants out=, here a copy is made without")
      for x in (*[T(2, 3, dtype=d) for d in ("float16", "float32", "float64", "int32", "uint8")], T(2, 1, 3),
                special())],
    *[Sample("_CrossDeviceCopy", [x], ours_ok="MXNet puts it into graphs only") for x in (
        *[T(2, 3, dtype=d) for d in ("float16", "float32", "float64", "int32")], T(1), T(2, 1, 3), T(0, 3), T(7))],
    Bad("_NoGradient", [], {}, match="no value", skip={"symbol": "refused when it runs"}),
    Sample("_copyto", [T(1)], ours_ok="MXNet wants out=, here a copy is made without"),

    # close to one another
    Sample("_contrib_allclose", [values([1, 2]), values([1, 2])], **NO_AXES),
    Sample("_contrib_allclose", [values([1, 2]), values([1, 2.001])], **NO_AXES),
    Sample("_contrib_allclose", [values([1, 2]), values([1, 2.001])], {"rtol": 0.01}, **NO_AXES),
    Sample("_contrib_allclose", [values([1, 2]), values([1, 2.001])], {"atol": 0.01}, **NO_AXES),
    Sample("_contrib_allclose", [special(), special()], **NO_AXES),
    Sample("_contrib_allclose", [special(), special()], {"equal_nan": False}, **NO_AXES),
    Sample("_contrib_allclose", [values([1, 2], dtype="float16"), values([1, 2], dtype="float16")], **NO_AXES),
    Sample("_contrib_allclose", [values([1, 2], dtype="float64"), values([1, 2], dtype="float64")], **NO_AXES),
    Sample("_contrib_allclose", [values([1, 2], dtype="int32"), values([1, 3], dtype="int32")], **NO_AXES),
    Bad("_contrib_allclose", [T(2), T(3)], {}, match="b is"),
    Bad("_contrib_allclose", [T(2), T(2, dtype="float64")], {}, match="dtype", skip={"symbol": "found when it runs"}),
]
