# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators that make arrays, from parameters or from another array's shape."""
from . import Bad, Sample, T, ints, values

DTYPES = ("float16", "float32", "float64", "int32", "int64", "int8", "uint8")

SAMPLES = [
    *[Sample(op, [], {"shape": (2, 3), "dtype": d}) for op in ("_zeros", "_ones") for d in (*DTYPES, "bool")],
    *[Sample(op, [], {"shape": (2, 3)}) for op in ("_zeros", "_ones")],
    *[Sample(op, [], {"shape": 3}) for op in ("_zeros", "_ones")],
    *[Sample(op, [], {"shape": (1, 1, 4), "ctx": "cpu(0)"}) for op in ("_zeros", "_ones")],
    *[Bad(op, [], {"shape": (2, -3)}, match="shape|negative") for op in ("_zeros", "_ones")],
    *[Bad(op, [], {"shape": (2, 3), "dtype": "float31"}, match="float31") for op in ("_zeros", "_ones")],
    *[Bad(op, [], {}, match="shape", skip={"symbol": "a symbol's shape may be inferred"})
      for op in ("_zeros", "_ones")],
    *[Sample("_full", [], {"shape": (2, 3), "value": 2.75, "dtype": d}) for d in (*DTYPES, "bool")],
    Sample("_full", [], {"shape": (2,), "value": 300.0, "dtype": "uint8"}),
    Sample("_full", [], {"shape": (2,), "value": -1.0, "dtype": "uint8"}),
    Sample("_full", [], {"shape": (2,), "value": float("nan")}),
    Sample("_full", [], {"shape": (2,), "value": float("inf"), "dtype": "float16"}),
    Sample("_full", [], {"shape": (2,), "value": 0.1, "dtype": "float64"}),
    Bad("_full", [], {"shape": (2,)}, match="value"),
    Bad("_full", [], {"value": 1.0}, match="shape", skip={"symbol": "a symbol's shape may be inferred"}),
    Bad("_full", [], {"value": "x", "shape": (2,)}, match="value"),
    *[Sample("_zeros_without_dtype", [], {"shape": (2, 3), "dtype": code}, ours_ok="MXNet has it in symbols only")
      for code in (0, 1, 2, 3, 4, 5, 6)],
    Sample("_zeros_without_dtype", [], {"shape": 3}, ours_ok="MXNet has it in symbols only"),
    Bad("_zeros_without_dtype", [], {"shape": (2,), "dtype": "much"}, match="dtype"),

    *[Sample("_arange", [], {"start": 0.0, "stop": 5.0, "dtype": d}) for d in DTYPES],
    Sample("_arange", [], {"start": 3.0}),
    Sample("_arange", [], {"start": 3.0, "stop": None}),
    Sample("_arange", [], {"start": 1.0, "stop": 2.0, "step": 0.3}),
    Sample("_arange", [], {"start": 0.0, "stop": 1.0, "step": 0.1, "dtype": "float64"}),
    Sample("_arange", [], {"start": 5.0, "stop": 1.0, "step": -2.0}),
    Sample("_arange", [], {"start": 0.0, "stop": 3.0, "repeat": 2}),
    Sample("_arange", [], {"start": 1.0, "stop": 2.0, "step": 0.5, "repeat": 3, "dtype": "float64"}),
    Sample("_arange", [], {"start": 0.0, "stop": 3.5, "dtype": "int32"}),
    Sample("_arange", [], {"start": 0.5, "stop": 3.5, "dtype": "int32"}),
    Sample("_arange", [], {"start": 0.5, "stop": 3.5, "step": 0.5, "dtype": "int32"}),
    Sample("_arange", [], {"start": -2.0, "stop": 2.0, "dtype": "uint8"}),
    Sample("_arange", [], {"start": 2.0, "stop": 10.0, "infer_range": True}),
    Bad("_arange", [], {"start": 5.0, "stop": 1.0}, match="start"),
    Bad("_arange", [], {"start": 0.0, "stop": 0.0}, match="start"),
    Bad("_arange", [], {"start": 0.0, "stop": 3.0, "step": 0.0}, match="step"),
    Bad("_arange", [], {"start": 0.0, "stop": 3.0, "repeat": 0}, match="repeat"),
    Bad("_arange", [], {"stop": 3.0}, match="start"),

    *[Sample("_linspace", [], {"start": 0.0, "stop": 10.0, "num": 4, "dtype": d}) for d in DTYPES],
    Sample("_linspace", [], {"start": 0.0, "stop": 1.0, "num": 5, "endpoint": False}),
    Sample("_linspace", [], {"start": 0.0, "stop": 1.0, "num": 1}),
    Sample("_linspace", [], {"start": 3.0, "stop": -1.0, "num": 9, "dtype": "float64"}),
    Sample("_linspace", [], {"start": 0.0, "stop": 7.0, "num": 4, "endpoint": False, "dtype": "int32"}),
    Sample("_linspace", [], {"start": 0.0, "stop": 1.0, "num": 0}, np_shape=True),
    Bad("_linspace", [], {"start": 0.0, "stop": 1.0, "num": -1}, match="num"),
    Bad("_linspace", [], {"start": 0.0, "stop": 1.0}, match="num"),
    Bad("_linspace", [], {"start": 0.0, "num": 3}, match="stop"),

    *[Sample("_eye", [], {"N": 3, "dtype": d}) for d in DTYPES],
    *[Sample("_eye", [], {"N": 3, "M": m, "k": k}) for m in (2, 5) for k in (-2, -1, 0, 1, 4)],
    Sample("_eye", [], {"N": 1}),
    Sample("_eye", [], {"N": 3, "k": 7}),
    Sample("_eye", [], {"N": 3, "k": -7}),
    Bad("_eye", [], {"N": -2}, match="N"),
    Bad("_eye", [], {}, match="N"),

    # from another array's shape: whole numbers, of which nothing can be differentiated
    *[Sample("shape_array", [T(*shape)], grad=False) for shape in ((2, 3), (4,), (1,), (1, 2, 3, 4), (0, 3))],
    *[Sample("shape_array", [ints(2, 3, dtype=d)]) for d in ("int32", "uint8", "bool")],
    *[Sample("size_array", [T(*shape)], grad=False) for shape in ((2, 3), (4,), (1,), (1, 2, 3, 4), (0, 3))],
    *[Sample("size_array", [ints(2, 3, dtype=d)]) for d in ("int32", "uint8", "bool")],
    *[Sample("_contrib_index_array", [T(2, 3, 2)], params, grad=False)
      for params in ({}, {"axes": (1,)}, {"axes": (2, 0)}, {"axes": (-1, 1)}, {"axes": (1, 1)}, {"axes": 0})],
    Sample("_contrib_index_array", [T(4)], grad=False),
    Sample("_contrib_index_array", [ints(2, 2)]),
    Sample("_contrib_index_array", [T(0, 3)]),
    Bad("_contrib_index_array", [T(2, 3)], {"axes": (2,)}, match="axes"),
    *[Sample("_contrib_arange_like", [T(2, 3)], params)
      for params in ({}, {"axis": 1}, {"axis": 0}, {"axis": -1}, {"start": 1.0, "step": 0.5},
                     {"start": 1.0, "step": 0.5, "repeat": 2}, {"axis": 1, "repeat": 2}, {"step": 0.0, "start": 2.0})],
    *[Sample("_contrib_arange_like", [T(2, 3, dtype=d)]) for d in ("float16", "float64")],
    Sample("_contrib_arange_like", [ints(2, 3)], {"start": 1.5, "step": 2.5}),
    Sample("_contrib_arange_like", [T(0, 3)]),
    Bad("_contrib_arange_like", [T(2, 3)], {"axis": 2}, match="axis"),
    Bad("_contrib_arange_like", [T(2, 3)], {"repeat": 0}, match="repeat", skip={"record": "MXNet dies of it"}),

    # one element of each row
    *[Sample("_onehot_encode", [values(index), T(4, 3)])
      for index in ([0, 2, 5, -1], [1, 1, 1, 1], [2, 0, 1, 2], [0.9, 1.9, 2.2, 0])],
    Sample("_onehot_encode", [values([0]), T(1, 1)]),
    Sample("_onehot_encode", [values([1, 0]), T(2, 4)]),
    Sample("_onehot_encode", [values([3, 2]), T(2, 4)]),
    Bad("_onehot_encode", [values([0, 2]), T(4, 3)], {}, match="lhs", skip={"symbol": "for arrays only"}),
    *[Sample("fill_element_0index", [T(3, 4), values([1, 2, 3]), values(index)])
      for index in ([0, 1, 2], [3, 3, 3], [3, 2, 1], [0, -1, 7], [2.9, 0.5, 1.1])],
    Sample("fill_element_0index", [T(1, 1), T(1), values([0])]),
    Sample("fill_element_0index", [T(2, 3), T(2), values([0, 2])]),
    Bad("fill_element_0index", [T(3, 4), T(2), values([0, 1])], {}, match="lhs", skip={"symbol": "for arrays only"}),
]
