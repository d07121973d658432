# SPDX-License-Identifier: Apache-2.0
"""Samples of the changes of dtype."""
from . import Bad, Sample, T, ints, special, values

DTYPES = ("float16", "float32", "float64", "int32", "int64", "int8", "uint8")
FLOATS = ("float16", "float32", "float64")
# `tojson` leaves the operators of mixed precision out, in MXNet as well
MKLDNN = {"ours_ok": "MXNet's kernel for processors knows float32 and bfloat16 only"}

SAMPLES = [
    *[Sample("Cast", [values([[0.5, -1.75], [3.0, 100.25]], dtype=given)], {"dtype": wanted},
             grad=wanted in FLOATS) for given in FLOATS for wanted in (*DTYPES, "bool")],
    *[Sample("Cast", [values([0, 1, 100, 7], dtype=given)], {"dtype": wanted})
      for given in ("int32", "uint8", "int64") for wanted in (*DTYPES, "bool")],
    *[Sample("Cast", [values([True, False], dtype="bool")], {"dtype": wanted}) for wanted in ("float32", "int32")],
    Sample("Cast", [values([1.7, -1.7, 300, -1, -300])], {"dtype": "uint8"}, grad=False),
    Sample("Cast", [values([1.7, -1.7, 300, -1, -300])], {"dtype": "int8"}, grad=False),
    Sample("Cast", [values([1.7, 1e6, 1e-8])], {"dtype": "float16"}),
    Sample("Cast", [values([300, -1, 70000], dtype="int32")], {"dtype": "uint8"}),
    Sample("Cast", [special()], {"dtype": "float64"}),
    Sample("Cast", [special("float64")], {"dtype": "float32"}),
    Sample("Cast", [T(1)], {"dtype": "float64"}),
    Sample("Cast", [T(0, 3)], {"dtype": "int32"}),
    Sample("cast", [T(2, 3)], {"dtype": "float64"}),
    Bad("Cast", [T(2)], {}, match="dtype"),
    Bad("Cast", [T(2)], {"dtype": "float31"}, match="float31"),

    *[Sample("amp_cast", [T(2, 3, dtype=given)], {"dtype": wanted}, **MKLDNN) for given in FLOATS for wanted in FLOATS],
    *[Sample("amp_cast", [ints(4, dtype=given)], {"dtype": "float16"}, **MKLDNN)
      for given in ("int32", "uint8", "int64")],
    Sample("amp_cast", [T(1)], {"dtype": "float16"}),
    Sample("amp_cast", [T(0, 3)], {"dtype": "float16"}),
    Bad("amp_cast", [T(2)], {}, match="dtype"),
    Bad("amp_cast", [T(2)], {"dtype": "x"}, match="dtype"),

    Sample("amp_multicast", [T(2), T(3)], {"num_outputs": 2}),
    Sample("amp_multicast", [T(2), T(3)], {"num_outputs": 2, "cast_narrow": True}),
    Sample("amp_multicast", [T(2)], {"num_outputs": 1}),
    Sample("amp_multicast", [T(2), T(3, 2), T(1)], {"num_outputs": 3}),
    Sample("amp_multicast", [T(2, dtype="float16"), T(3)], {"num_outputs": 2}, **MKLDNN),
    Sample("amp_multicast", [T(2, dtype="float16"), T(3)], {"num_outputs": 2, "cast_narrow": True}, **MKLDNN),
    Sample("amp_multicast", [ints(2), T(3, dtype="float16"), T(3)], {"num_outputs": 3}, **MKLDNN),
    Bad("amp_multicast", [T(2), T(3)], {"num_outputs": 3}, match="num_outputs|takes"),
]
