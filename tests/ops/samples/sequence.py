# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators on sequences of unequal length."""
from . import Bad, Sample, T, ints, special, values

CUBE = T(4, 3, 2)
LONG = values([1, 4, 2])
USED = {"use_sequence_length": True}
KINDS = ("float16", "float64", "int32", "uint8")

SAMPLES = [
    # SequenceLast
    Sample("SequenceLast", [CUBE]),
    Sample("SequenceLast", [CUBE, LONG], USED),
    Sample("SequenceLast", [CUBE], {"axis": 1}),
    Sample("SequenceLast", [T(3, 4, 2), LONG], {**USED, "axis": 1}),
    Sample("SequenceLast", [T(4, 3), LONG], USED),
    Sample("SequenceLast", [T(3, 4), LONG], {**USED, "axis": 1}),
    Sample("SequenceLast", [T(4, 3, 2, 2), values([1.7, 2.2, 4])], USED),
    Sample("SequenceLast", [T(1, 1)]),
    *[Sample("SequenceLast", [T(4, 3, dtype=d), values([2, 1, 4], d)], USED) for d in KINDS],
    Sample("SequenceLast", [ints(4, 3), values([2, 1, 4], "int64")], USED),
    Bad("SequenceLast", [CUBE, LONG], match="SequenceLast.*1 "),
    Bad("SequenceLast", [CUBE], USED, match="SequenceLast.*2 "),
    Bad("SequenceLast", [T(5)], match="2 axes"),
    Bad("SequenceLast", [CUBE], {"axis": 2}, match="0 or 1"),
    Bad("SequenceLast", [CUBE, values([1, 2])], USED, match="sequence_length"),
    # SequenceMask
    Sample("SequenceMask", [CUBE]),
    Sample("SequenceMask", [CUBE, LONG], USED),
    Sample("SequenceMask", [CUBE, LONG], {**USED, "value": -1.5}),
    Sample("SequenceMask", [T(3, 4, 2), LONG], {**USED, "axis": 1, "value": 2.0}),
    Sample("SequenceMask", [T(4, 3), values([0, 9, 4])], USED),
    Sample("SequenceMask", [T(4, 3, 2, 2), values([1.7, 2.2, 4])], USED),
    Sample("SequenceMask", [T(1, 1), values([0])], {**USED, "value": 7.0}),
    Sample("SequenceMask", [CUBE], {"value": 3.0, "axis": 1}),
    *[Sample("SequenceMask", [T(4, 3, dtype=d), values([2, 1, 4], d)], {**USED, "value": 1.5}) for d in KINDS],
    Sample("SequenceMask", [ints(4, 3), values([2, 1, 4], "int64")], {**USED, "value": -1.7}),
    *[Sample("SequenceMask", [ints(4, 3, dtype=d), values([2, 1, 4])], USED) for d in ("int32", "int64", "uint8")],
    Bad("SequenceMask", [T(5)], match="2 axes"),
    Bad("SequenceMask", [CUBE], {"axis": 2}, match="0 or 1"),
    Bad("SequenceMask", [CUBE, values([1, 2])], USED, match="sequence_length"),
    Bad("SequenceMask", [special()], match="2 axes"),
    # SequenceReverse
    Sample("SequenceReverse", [CUBE]),
    Sample("SequenceReverse", [CUBE, LONG], USED),
    Sample("SequenceReverse", [T(4, 3), values([0, 4, 3])], USED),
    Sample("SequenceReverse", [T(4, 3, 2, 2), values([1.7, 2.2, 4])], USED),
    Sample("SequenceReverse", [T(1, 1), values([1])], USED),
    Sample("SequenceReverse", [T(5, 2)]),
    *[Sample("SequenceReverse", [T(4, 3, dtype=d), values([2, 1, 4], d)], USED) for d in KINDS],
    Sample("SequenceReverse", [ints(4, 3), values([2, 1, 4], "int64")], USED),
    Bad("SequenceReverse", [CUBE], {"axis": 1}, match="axis=1"),
    Bad("SequenceReverse", [T(5)], match="2 axes"),
    Bad("SequenceReverse", [CUBE, values([1, 2])], USED, match="sequence_length"),
]
