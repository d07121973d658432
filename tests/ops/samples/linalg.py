# SPDX-License-Identifier: Apache-2.0
"""Samples of linear algebra. Decompositions lose digits, in both implementations."""
from . import Bad, Sample, T, spd, values

TOLERANCE = {"float32": (2e-5, 5e-6), "float64": (1e-9, 1e-11)}       # another LAPACK
KINDS = ("float32", "float64")
FLAGS = [(False, False), (True, False), (False, True), (True, True)]
SOLID = values([[2, 9, 7], [1, 3, 8], [-1, 0.5, 4]])        # triangles of it are well conditioned
BATCH = values([[[2, 9], [1, 3]], [[-1, 4], [0.5, 2]]])
HALF = "MXNet has no float16 here; torch may have it"


SAMPLES = [
    # gemm, gemm2
    *[Sample("_linalg_gemm", [T(4, 3) if ta else T(3, 4), T(5, 4) if tb else T(4, 5), T(3, 5)],
             {"transpose_a": ta, "transpose_b": tb, "alpha": 1.5, "beta": -0.5}) for ta, tb in FLAGS],
    *[Sample("_linalg_gemm", [T(2, 3, 4, dtype=d), T(2, 4, 5, dtype=d), T(2, 3, 5, dtype=d)]) for d in KINDS],
    Sample("_linalg_gemm", [T(2, 2, 3, 4), T(2, 2, 4, 1), T(2, 2, 3, 1)], {"alpha": 2.0}),
    *[Sample("_linalg_gemm", [T(3, 2, 4), T(4, 2, 5), T(3, 2, 5)], {"axis": axis, "beta": 2.0}) for axis in (0, -3)],
    Sample("_linalg_gemm", [T(2, 4, 7, 3), T(2, 5, 7, 4), T(2, 3, 7, 5)],
           {"axis": 1, "transpose_a": True, "transpose_b": True}),
    Sample("linalg_gemm", [T(1, 1), T(1, 1), T(1, 1)]),
    Bad("_linalg_gemm", [T(2, 3, 4), T(2, 4, 5), T(1, 3, 5)], match="C"),
    Bad("_linalg_gemm", [T(2, 3, 4), T(1, 4, 5), T(2, 3, 5)], match="B"),
    Bad("_linalg_gemm", [T(2, 3, 4), T(2, 5, 5), T(2, 3, 5)], match="summed"),
    *[Sample("_linalg_gemm2", [T(4, 3) if ta else T(3, 4), T(5, 4) if tb else T(4, 5)],
             {"transpose_a": ta, "transpose_b": tb, "alpha": 1.5}) for ta, tb in FLAGS],
    *[Sample("_linalg_gemm2", [T(2, 3, 4, dtype=d), T(2, 4, 5, dtype=d)]) for d in KINDS],
    *[Sample("_linalg_gemm2", [T(3, 2, 4), T(4, 2, 5)], {"axis": axis}) for axis in (0, -3)],
    Sample("_linalg_gemm2", [T(2, 3, 7, 4), T(2, 4, 7, 5)], {"axis": 1, "alpha": -1.0}),
    Sample("linalg_gemm2", [T(1, 1), T(1, 1)]),
    Sample("linalg_gemm2", [T(3, 4, dtype="float16"), T(4, 2, dtype="float16")], ours_ok=HALF),
    *[Bad("_linalg_gemm2", [T(2, 3, 4), T(2, 4, 5)], {"axis": axis}, match="axis") for axis in (-1, 2, -4)],
    Bad("_linalg_gemm2", [T(2, 3, 4), T(1, 4, 5)], match="B"),
    Bad("_linalg_gemm2", [T(4), T(4, 5)], match="at least 2"),
    # syrk
    *[Sample("_linalg_syrk", [T(*shape)], {"transpose": t, "alpha": 0.5})
      for shape in [(3, 4), (2, 4, 3), (2, 2, 3, 2)] for t in (False, True)],
    Sample("linalg_syrk", [T(1, 1)]),
    Sample("linalg_syrk", [T(3, 4, dtype="float64")]),
    Bad("linalg_syrk", [T(4)], match="at least 2"),
    # trmm, trsm
    *[Sample(op, [SOLID, T(2, 3) if right else T(3, 2)],
             {"transpose": t, "rightside": right, "lower": lower, "alpha": 1.5})
      for op in ("_linalg_trmm", "_linalg_trsm") for t, right in FLAGS for lower in (True, False)],
    *[Sample(op, [BATCH, T(2, 2, 3)]) for op in ("linalg_trmm", "linalg_trsm")],
    *[Sample(op, [values([[2, 0], [1, 3]], "float64"), T(2, 2, dtype="float64")])
      for op in ("_linalg_trmm", "_linalg_trsm")],
    *[Sample(op, [values([[2]]), T(1, 1)]) for op in ("_linalg_trmm", "_linalg_trsm")],
    *[Bad(op, [SOLID, T(4, 3)], match=op) for op in ("_linalg_trmm", "_linalg_trsm")],
    *[Bad(op, [T(3, 4), T(4, 3)], match="A is .3, 4.") for op in ("_linalg_trmm", "_linalg_trsm")],
    *[Bad(op, [BATCH, T(2, 3)], match=op) for op in ("_linalg_trmm", "_linalg_trsm")],
    # potrf, potri
    *[Sample("_linalg_potrf", [spd(*shape, dtype=d)])
      for d in KINDS for shape in [(1, 1), (3, 3), (2, 4, 4), (2, 1, 2, 2)]],
    Sample("linalg_potrf", [values([[4, 99], [2, 5]])]),
    *[Sample("linalg_potrf", [spd(2, 3, 3)], {"lower": lower}) for lower in (True, False)],
    Sample("linalg_potrf", [values([[4, 2], [99, 5]])], {"lower": False}),
    Bad("_linalg_potrf", [values([[1, 2], [2, 1]])], match="_linalg_potrf"),
    Bad("_linalg_potrf", [T(3, 4)], match="square"),
    *[Sample("_linalg_potri", [values([[2, 0, 0], [1, 3, 0], [-1, 0.5, 4]], d)]) for d in KINDS],
    *[Sample("_linalg_potri", [values([[[2, 0], [1, 3]], [[-1, 0], [0.5, 2]]], d)]) for d in KINDS],
    Sample("_linalg_potri", [values([[2]])]),
    Sample("_linalg_potri", [values([[[2]], [[-0.5]]])]),
    Sample("linalg_potri", [values([[2, 99], [1, 2]])]),
    Sample("linalg_potri", [values([[2, 1], [99, 2]])], {"lower": False}),
    *[Sample("linalg_potri", [values([[[2, 0.5], [0, 3]], [[-1, 1], [0, 2]]], d)], {"lower": False}) for d in KINDS],
    Bad("_linalg_potri", [T(3, 4)], match="square"),
    # gelqf
    *[Sample("_linalg_gelqf", [T(*shape)]) for shape in [(2, 3), (3, 3), (1, 1), (1, 4), (2, 2, 5)]],
    Sample("_linalg_gelqf", [T(3, 6, dtype="float64")]),
    Sample("linalg_gelqf", [values([[-1, 2, 3], [4, -5, 6]])]),
    Bad("_linalg_gelqf", [T(4, 3)], match="no more rows"),
    # syevd
    *[Sample("_linalg_syevd", [spd(*shape, dtype=d)]) for d in KINDS for shape in [(1, 1), (3, 3), (2, 4, 4)]],
    Sample("_linalg_syevd", [values([[2, 99], [1, 3]])]),
    Sample("_linalg_syevd", [values([[-2, 1, 0.5], [1, 3, -1], [0.5, -1, 1]])]),
    Bad("_linalg_syevd", [T(3, 4)], match="square"),
    # det, slogdet, inverse
    *[Sample(op, [values([[2, 1, 0.5], [-1, 3, 1], [0, 2, 4]], d)])
      for op in ("_linalg_det", "_linalg_slogdet", "_linalg_inverse") for d in KINDS],
    *[Sample(op, [values([[[2, 1], [1, 3]], [[-1, 4], [0.5, 2]]], d)])
      for op in ("linalg_det", "linalg_slogdet", "linalg_inverse") for d in KINDS],
    *[Sample(op, [values([[-2]])]) for op in ("_linalg_det", "_linalg_slogdet", "_linalg_inverse")],
    *[Sample(op, [T(2, 3, 4, 4)]) for op in ("_linalg_det", "_linalg_slogdet", "_linalg_inverse")],
    *[Sample(op, [values([[0, 0], [0, 0]])], grad=False) for op in ("_linalg_det", "_linalg_slogdet")],
    *[Bad(op, [T(3, 4)], match="square") for op in ("_linalg_det", "_linalg_slogdet", "_linalg_inverse")],
    Bad("_linalg_inverse", [values([[0, 0], [0, 0]])], match="_linalg_inverse"),
    # sumlogdiag
    *[Sample("_linalg_sumlogdiag", [spd(*shape, dtype=d)])
      for d in KINDS for shape in [(1, 1), (3, 3), (2, 4, 4), (2, 2, 3, 3)]],
    Sample("linalg_sumlogdiag", [values([[-2, 1], [99, 2]])]),
    # extractdiag, makediag
    *[Sample("_linalg_extractdiag", [T(2, 4, 4)], {"offset": k}) for k in (0, 1, -2, 3, -3)],
    Sample("linalg_extractdiag", [T(3, 3)]),
    Sample("_linalg_extractdiag", [T(1, 1)]),
    Sample("_linalg_extractdiag", [T(3, 3, dtype="float64")]),
    Bad("_linalg_extractdiag", [T(3, 3)], {"offset": 3}, match="offset=3"),
    Bad("_linalg_extractdiag", [T(3, 4)], match="square"),
    *[Sample("_linalg_makediag", [T(2, 3)], {"offset": k}) for k in (0, 1, -2, 3)],
    Sample("linalg_makediag", [T(3)]),
    Sample("_linalg_makediag", [T(2, 2, 3)], {"offset": -1}),
    Sample("_linalg_makediag", [T(1)], {"offset": -1}),
    Sample("_linalg_makediag", [T(3, dtype="float64")]),
    # extracttrian, maketrian
    *[Sample("_linalg_extracttrian", [T(4, 4)], {"offset": k, "lower": lower})
      for k in (0, 1, -1, 2, -3) for lower in (True, False)],
    Sample("linalg_extracttrian", [T(2, 3, 3)]),
    Sample("_linalg_extracttrian", [T(1, 1)]),
    Sample("_linalg_extracttrian", [T(3, 3, dtype="float64")]),
    Bad("_linalg_extracttrian", [T(3, 3)], {"offset": -3}, match="offset=-3"),
    Bad("_linalg_extracttrian", [T(3, 4)], match="square"),
    *[Sample("_linalg_maketrian", [T(6)], {"offset": k, "lower": lower})
      for k in (0, 1, -1, 2) for lower in (True, False)],
    Sample("linalg_maketrian", [T(2, 3)]),
    Sample("_linalg_maketrian", [T(1)]),
    Sample("_linalg_maketrian", [T(3, dtype="float64")]),
    Bad("_linalg_maketrian", [T(2, 5)], match="triangle"),
]
