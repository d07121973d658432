# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators that draw random numbers: shapes, dtypes, names and errors (test_random_statistics.py has
the distributions)."""
from . import Bad, Sample, T, ints, values

DRAWN = {"uniform": {"low": -1.0, "high": 2.0}, "normal": {"loc": 1.0, "scale": 2.0}, "exponential": {"lam": 2.0},
         "gamma": {"alpha": 2.0, "beta": 0.5}, "poisson": {"lam": 3.0}, "negative_binomial": {"k": 3, "p": 0.4},
         "generalized_negative_binomial": {"mu": 2.0, "alpha": 0.3}}
WRONG = {"uniform": ({"low": 1.0, "high": 0.0},), "normal": ({"scale": 0.0}, {"scale": -1.0}),
         "exponential": ({"lam": 0.0},), "gamma": ({"alpha": 0.0}, {"beta": -1.0}), "poisson": ({"lam": -1.0},),
         "negative_binomial": ({"k": -1}, {"p": 1.5}), "generalized_negative_binomial": ({"mu": -1.0},
                                                                                               {"alpha": -1.0})}
LOW = T(2, 3, low=0.5, high=2)
SOME = {"uniform": [LOW, T(2, 3, low=3, high=4)], "normal": [LOW, LOW], "exponential": [LOW], "gamma": [LOW, LOW],
        "poisson": [LOW], "negative_binomial": [ints(2, 3, low=1, high=5, dtype="float32"), T(2, 3, low=0.2, high=0.9)],
        "generalized_negative_binomial": [LOW, LOW]}


def _as(dtype, inputs):
    return [T(*x.shape, dtype=dtype, low=0.5, high=0.9) for x in inputs]


def _scalars(name, params):
    op = f"_random_{name}"
    for shape in ((3, 4), (1,), (2, 1, 3)):
        yield Sample(op, [], {**params, "shape": shape}, random=True)
    for dtype in ("float16", "float32", "float64"):
        yield Sample(op, [], {**params, "shape": (2, 2), "dtype": dtype}, random=True)
    yield Sample(op, [], {"shape": 3}, random=True)
    yield from (Bad(op, [], {**params, **wrong, "shape": (2,)}, match=next(iter(wrong))) for wrong in WRONG[name])
    yield Bad(op, [], {**params, "shape": (2,), "dtype": "int32"}, match="dtype")
    yield Bad(op, [], {**params, "shape": (-2,)}, match="shape")
    yield Bad(op, [], {**params, "shape": (2,), "size": 3}, match="size")


def _like(name, params):
    op = f"_random_{name}_like"
    for inputs in ([T(3, 4)], [T(1)], [T(2, 1, 3, dtype="float64")], [T(5, dtype="float16")], [T(4, 3, 2)],
                   [T(2, 2, dtype="float64")], [T(300)]):
        yield Sample(op, inputs, params, random=True)
    yield Sample(op, [T(2, 2)], random=True)
    yield Bad(op, [T(3, dtype="int32")], params, match="floating point")
    yield from (Bad(op, [T(3)], {**params, **wrong}, match=next(iter(wrong))) for wrong in WRONG[name][:1])


def _sample(name, inputs):
    op = f"_sample_{name}"
    for shape in ((), (4,), (1, 2)):
        yield Sample(op, inputs, {"shape": shape}, random=True, grad=False)
    yield Sample(op, inputs, random=True, grad=False)
    for dtype in ("float16", "float32", "float64"):
        yield Sample(op, inputs, {"shape": (2,), "dtype": dtype}, random=True, grad=False)
    for dtype in ("float16", "float64"):
        yield Sample(op, _as(dtype, inputs), {"shape": (3,)}, random=True, grad=False)
    yield Bad(op, inputs, {"dtype": "int32"}, match="dtype")
    yield Bad(op, inputs, {"shape": (-1, 2)}, match="not below 0")
    if len(inputs) == 2:
        yield Bad(op, [inputs[0], T(3, 2)], match=op)


ROWS = values([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])          # nothing is left to chance

SAMPLES = [
    *[sample for name, params in DRAWN.items() for sample in _scalars(name, params)],
    *[sample for name, params in DRAWN.items() for sample in _like(name, params)],
    *[sample for name, inputs in SOME.items() for sample in _sample(name, inputs)],

    *[Sample("_random_randint", [], {"low": low, "high": high, "shape": shape, "dtype": dtype}, random=True)
      for low, high, shape, dtype in ((0, 10, (3, 4), "int32"), (-5, 5, (2,), "int64"), (0, 2**40, (2, 1), "int64"),
                                      (-3, -1, (1,), "int32"))],
    Sample("_random_randint", [], {"low": 7, "high": 8, "shape": (2, 3)}, random=True),
    Sample("_random_randint", [], {"low": 7, "high": 8, "shape": 3, "dtype": "int64"}, random=True),
    Bad("_random_randint", [], {"low": 0, "high": 5, "shape": (2,), "dtype": "float32"}, match="dtype"),
    Bad("_random_randint", [], {"low": 0, "shape": (2,)}, match="high"),

    *[Sample("_sample_multinomial", [ROWS], {"shape": shape, "get_prob": get_prob, "dtype": dtype}, random=True)
      for shape, get_prob, dtype in (((), False, "int32"), ((), True, "int32"), ((4,), True, "float32"),
                                     ((2, 3), False, "uint8"), ((2,), True, "float64"), ((1,), True, "float16"))],
    Sample("_sample_multinomial", [values([0.0, 0.0, 1.0])], {"get_prob": True}, random=True),
    Sample("_sample_multinomial", [values([0.0, 0.0, 1.0])], {"shape": 5}, random=True),
    Sample("_sample_multinomial", [values([[[0.0, 1.0]], [[1.0, 0.0]]])], {"shape": (2,), "get_prob": True},
           random=True),
    Sample("_sample_multinomial", [values([[0.0, 1.0]], "float64")], {"get_prob": True}, random=True),
    Sample("_sample_multinomial", [values([[0.0, 1.0]], "float16")], {"get_prob": True}, random=True),
    Sample("_sample_multinomial", [T(3, 4, low=0.1, high=0.4)], {"shape": (2,)}, random=True),
    Bad("_sample_multinomial", [ROWS], {"dtype": "int64"}, match="dtype"),
    Bad("_sample_multinomial", [ints(2, 3)], match="floating point"),

    *[Sample("_shuffle", [x], random=True)
      for x in (T(5, 2), T(7), T(1), T(4, 2, 3, dtype="float64"), T(3, 2, dtype="float16"))],
    *[Sample("_shuffle", [ints(6, dtype=dtype)], random=True) for dtype in ("int32", "int64", "uint8", "int8")],
    Sample("_shuffle", [values([[2.0, 3.0], [2.0, 3.0]])], random=True, grad=False),

    *[Sample("_sample_unique_zipfian", [], {"range_max": range_max, "shape": shape}, random=True)
      for range_max, shape in ((1000, (2, 5)), (10, (1, 10)), (100, (3, 1)), (5, (4, 2)), (1, (2, 1)), (2, (1, 2)),
                               (100000, (3, 60)), (50, (1, 1)))],
    Bad("_sample_unique_zipfian", [], {"range_max": 10, "shape": (5,)}, match="shape"),
    Bad("_sample_unique_zipfian", [], {"shape": (1, 5)}, match="range_max"),
]
