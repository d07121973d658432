# SPDX-License-Identifier: Apache-2.0
"""Samples of sorting, ranking and counting. Ties only where few elements are sorted: MXNet leaves their order open."""
from . import Bad, Sample, T, distinct, ints, values

TIES = values([3, 1, 2, 1, 3, 2, 1])
CUBE = distinct(2, 3, 4)
COUNTED = values([0, 1, 2, 2.5, 3, 9, -1, 1])
HALF = "MXNet sorts float16 on GPUs only; topk takes it everywhere"
KINDS = ("float64", "int32", "int64", "uint8", "int8")

SAMPLES = [
    # sort
    *[Sample("sort", [CUBE], {"axis": axis, "is_ascend": up}) for axis in (-1, 0, 1, None, -3) for up in (True, False)],
    Sample("sort", [TIES]),
    Sample("sort", [T(1)]),
    Sample("sort", [distinct(300)]),
    Sample("sort", [ints(4, 50, high=5, dtype="float32")], {"is_ascend": False}, grad=False),
    Sample("sort", [values([float("inf"), 1, -float("inf"), 0.5])]),
    *[Sample("sort", [ints(3, 5, high=99, dtype=d)], grad=False) for d in KINDS],
    Sample("sort", [distinct(3, 5, dtype="float64")], {"is_ascend": False}),
    Sample("sort", [distinct(3, 5, dtype="float16")], {"is_ascend": False}, ours_ok=HALF),
    Sample("sort", [ints(6, low=-9, high=9, dtype="int8")], {"is_ascend": False}),
    Bad("sort", [CUBE], {"axis": 3}, match="out of range"),
    Bad("sort", [CUBE], {"axis": -4}, match="out of range"),
    Bad("sort", [CUBE], {"ascend": True}, match="ascend"),
    # argsort
    *[Sample("argsort", [CUBE], {"axis": axis, "is_ascend": up}) for axis in (-1, 0, 1, None) for up in (True, False)],
    Sample("argsort", [TIES]),
    Sample("argsort", [TIES], {"is_ascend": False}),
    Sample("argsort", [distinct(300)]),
    Sample("argsort", [T(1)]),
    *[Sample("argsort", [CUBE], {"dtype": d}) for d in ("float16", "float64", "int32", "int64", "uint8")],
    *[Sample("argsort", [values([5, 1, 9, 2], d)]) for d in KINDS],
    Sample("argsort", [values([5, 1, 9, 2], "float16")], {"is_ascend": False}, ours_ok=HALF),
    Bad("argsort", [CUBE], {"axis": 3}, match="out of range"),
    Bad("argsort", [CUBE], {"dtype": "int31"}, match="dtype"),
    # topk
    *[Sample("topk", [CUBE], {"axis": axis, "k": 2, "ret_typ": kind, "is_ascend": up})
      for axis, up in [(-1, False), (1, True), (0, False)] for kind in ("value", "indices", "mask", "both")],
    *[Sample("topk", [CUBE], {"axis": None, "k": 5, "ret_typ": kind}) for kind in ("value", "indices", "mask", "both")],
    *[Sample("topk", [distinct(7)], {"k": k, "ret_typ": "both"}) for k in (0, -1, 1, 7)],
    Sample("topk", [CUBE]),
    Sample("topk", [T(1)], {"ret_typ": "both"}),
    Sample("topk", [distinct(3, 300)], {"k": 4, "ret_typ": "both"}),
    Sample("topk", [distinct(3, 300)], {"k": 4, "ret_typ": "both", "is_ascend": True}),
    Sample("topk", [distinct(3, 300)], {"k": 100, "ret_typ": "both"}),
    Sample("topk", [distinct(3, 300)], {"k": 2, "ret_typ": "mask"}),
    *[Sample("topk", [TIES], {"k": k, "is_ascend": up, "ret_typ": "value"}, grad=False)
      for k in (1, 2, 3) for up in (False, True)],
    *[Sample("topk", [CUBE], {"k": 2, "dtype": d, "ret_typ": kind})
      for d in ("float16", "float64", "int32", "int64", "uint8") for kind in ("indices", "both")],
    Sample("topk", [CUBE], {"k": 2, "dtype": "int32", "ret_typ": "mask"}),
    Sample("topk", [distinct(300)], {"k": 3, "dtype": "uint8"}),
    *[Sample("topk", [values([[5, 1, 9, 2], [1, 2, 4, 3]], d)], {"k": 2, "ret_typ": kind})
      for d in ("float16", *KINDS) for kind in ("both", "mask")],
    Bad("topk", [CUBE], {"k": 5}, match="k=5"),
    Bad("topk", [CUBE], {"axis": 3}, match="out of range"),
    Bad("topk", [CUBE], {"axis": -4}, match="out of range"),
    Bad("topk", [CUBE], {"ret_typ": "all"}, match="ret_typ"),
    # _histogram
    Sample("_histogram", [COUNTED], {"bin_cnt": 3, "range": (0.0, 3.0)}),
    *[Sample("_histogram", [values([0, 1, 2, 3, 9, 1], "int32")], {"bin_cnt": count, "range": limits})
      for count, limits in ((5, (0.0, 3.0)), (5, (0.5, 3.0)), (7, (0.0, 3.0)), (4, (-2.5, 1.5)))],
    Sample("_histogram", [COUNTED], {"bin_cnt": 7, "range": (-1.3, 2.7)}),
    Sample("_histogram", [COUNTED], {"bin_cnt": 3, "range": (3.0, 3.0)}),
    Sample("_histogram", [COUNTED, values([0, 1, 2.5, 3])]),
    Sample("_histogram", [COUNTED, values([-9, 9])]),
    Sample("_histogram", [values([0, 1, 1, 4]), values([0, 1, 1, 3])]),
    Sample("_histogram", [values([float("nan"), float("inf"), 1, -float("inf")])], {"bin_cnt": 3, "range": (0.0, 3.0)}),
    Sample("_histogram", [T(5, 40)], {"bin_cnt": 10, "range": (-2.0, 2.0)}),
    *[Sample("_histogram", [values([0, 1, 2, 3, 9, 1], d)], {"bin_cnt": n, "range": (0.0, 3.0)})
      for d in ("float16", "float64", "int32", "int64", "uint8") for n in (2, 3)],
    Bad("_histogram", [COUNTED], {"bin_cnt": 3, "range": (3.0, 0.0)}, match="range"),
    Bad("_histogram", [COUNTED], {"bin_cnt": 3}, match="range"),
    Bad("_histogram", [COUNTED, values([0])], match="bins"),
    Bad("_histogram", [COUNTED, values([0, 1, 2], "float64")], match="float64"),
]
