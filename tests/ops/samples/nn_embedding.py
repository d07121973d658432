# SPDX-License-Identifier: Apache-2.0
"""Samples of Embedding and SparseEmbedding."""
from . import Bad, Sample, T, ints, values

TABLE = {"input_dim": 5, "output_dim": 3}


def lookup(indices, table=(5, 3), op="Embedding", table_dtype="float32", **params):
    return Sample(op, [indices, T(*table, dtype=table_dtype)],
                  {"input_dim": table[0], "output_dim": table[1], **params}, grad=(1,))


SAMPLES = [
    *[sample for op in ("Embedding", "_contrib_SparseEmbedding") for sample in (
        lookup(ints(4, high=5, dtype="float32"), op=op),
        lookup(ints(2, 3, high=5), op=op),
        lookup(ints(2, 3, 2, high=5, dtype="int64"), op=op),
        lookup(ints(7, high=5, dtype="uint8"), op=op),
        lookup(values([0]), (1, 1), op=op),
        lookup(ints(4, high=5, dtype="float32"), op=op, table_dtype="float64", dtype="float64"),
        lookup(ints(4, high=5, dtype="float32"), op=op, table_dtype="float16", dtype="float16"),
    )],
    lookup(values([0, 4, 7, -1, -9, 2.75, -0.5])),
    lookup(ints(6, low=-3, high=9)),
    lookup(ints(6, high=5, dtype="float16")),
    lookup(ints(6, high=5, dtype="float64")),
    lookup(values([1, 1, 1, 1])),
    Sample("Embedding", [ints(4, high=5), ints(5, 3)], {**TABLE, "dtype": "int32"}),
    lookup(ints(0, 2)),
    Bad("Embedding", [ints(4), T(5, 3)], {**TABLE, "input_dim": 6}, match="weight"),
    Bad("Embedding", [ints(4), T(5, 3)], {**TABLE, "output_dim": 4}, match="weight"),
    Bad("Embedding", [ints(4), T(5, 3)], {"input_dim": 5}, match="output_dim"),
    Bad("Embedding", [ints(4), T(5, 3)], {**TABLE, "input_dim": 0}, match="input_dim"),
    Bad("Embedding", [ints(4), T(5, 3)], {**TABLE, "dtype": "float8"}, match="dtype"),
    Bad("_contrib_SparseEmbedding", [ints(4), T(5, 3)], {**TABLE, "output_dim": 4}, match="weight"),
]
