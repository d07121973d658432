# SPDX-License-Identifier: Apache-2.0
"""What the recorded files of arrays hold, in NumPy; and, run with MXNet 1.9.1's Python, the recording of them:

    python tests/ndarray/params_cases.py tests/data/params

A case is a list or a dict of arrays as `mx.nd.save` takes them. The files of versions 0 and 1, which MXNet 1.9.1 only
reads, are put together here; recording checks that it reads them.
"""
from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

NAN, INF = float("nan"), float("inf")
DENSE = {
    "float32": np.array([[0, -0.0, 1.5], [NAN, INF, -3.4e38]], np.float32),
    "float64": np.array([[0, -0.0, 1e-320], [NAN, -INF, 1.7e308]], np.float64),
    "float16": np.array([[0, -0.0, 6e-8], [NAN, INF, 65504]], np.float16),
    "uint8": np.array([[0, 1, 2], [127, 128, 255]], np.uint8),
    "int8": np.array([[0, 1, -1], [127, -128, 5]], np.int8),
    "int32": np.array([[0, 1, -1], [2**31 - 1, -2**31, 5]], np.int32),
    "int64": np.array([[0, 1, -1], [2**63 - 1, -2**63, 5]], np.int64),
    "bool": np.array([[True, False, True], [False, False, True]]),
}
SHAPES = {
    "one": [np.array([2], np.float32)],
    "rank_5": [np.arange(48, dtype=np.float32).reshape(2, 3, 2, 1, 4)],
    "mixed": list(DENSE.values()),
    "many": [np.full(n % 7 + 1, n, np.int32) for n in range(60)],
    "single": np.array([1, 2, 3], np.float32),
    "empty_list": [],
    "empty_dict": {},
    "names": {"arg:fc1_weight": DENSE["float32"], "aux:bn_moving_mean": DENSE["float64"], "x" * 300: DENSE["bool"]},
    "empty_name": {"": np.array([1, 2], np.float32)},
    "unicode": {"gewicht_äöü": np.array([1], np.float32), "重み": np.array([2], np.int8),
                "😀": np.array([3], np.uint8)},
}
# Made under NumPy's shape semantics, and saved under them (version 3) or not (version 2).
NUMPY_SHAPES = {
    "np_scalar": [np.array(2.5, np.float32)],
    "np_zero_size": {"a": np.zeros((0,), np.float32), "b": np.zeros((2, 0, 3), np.int8), "c": np.ones(3, np.float16)},
}
PLAIN_SAVED = {"zero_size": [np.zeros((2, 0, 3), np.float32), np.zeros((0,), np.int64), np.ones(2, np.float32)]}
CONTEXTS = {"cpu_3": ("cpu", 3), "cpu_pinned": ("cpu_pinned", 0), "cpu_shared": ("cpu_shared", 0)}
IN_CONTEXT = [np.array([[1, 2]], np.float32)]
BFLOAT16 = np.array([0, -0.0, 1.5, -2, 3.14159, INF, 1e38], np.float32)
SPARSE = {"row_sparse": [[0, 0], [1, 2], [0, 0]], "csr": [[0, 0], [1, 2], [0, 3]]}

SAVED = {**{name: [array] for name, array in DENSE.items()}, **SHAPES}


def legacy(version: int) -> tuple[bytes, dict[str, np.ndarray]]:
    """A file of version 0 or 1, with one array per dtype that MXNet had then, and what it holds."""
    codes = {"float32": 0, "float64": 1, "float16": 2, "uint8": 3, "int32": 4}
    arrays = {name: DENSE[name] for name in codes} | {"rank_5": SHAPES["rank_5"][0]}
    parts = [struct.pack("<3Q", 0x112, 0, len(arrays))]
    for array in arrays.values():
        head, sizes = (b"", "I") if version == 0 else (struct.pack("<I", 0xF993FAC8), "q")
        form = f"<I{array.ndim}{sizes}iii"
        parts += (head, struct.pack(form, array.ndim, *array.shape, 1, 0, codes[array.dtype.name]), array.tobytes())
    parts.append(struct.pack("<Q", len(arrays)))
    parts += [struct.pack("<Q", len(name)) + name.encode() for name in arrays]
    return b"".join(parts), arrays


def record(folder: Path) -> None:
    """Write all files with MXNet 1.9.1."""
    import mxnet as mx

    assert mx.__version__ == "1.9.1", mx.__version__

    def array(values: np.ndarray, ctx: mx.Context | None = None) -> mx.nd.NDArray:
        if values.size == 0:
            return mx.nd.zeros(values.shape, dtype=values.dtype, ctx=ctx)
        made = mx.nd.array(values, dtype=values.dtype, ctx=ctx)
        return made.reshape(()) if values.ndim == 0 else made

    def convert(case: object) -> object:
        if isinstance(case, dict):
            return {name: array(values) for name, values in case.items()}
        return [array(values) for values in case] if isinstance(case, list) else array(case)

    def save(name: str, data: object) -> None:
        mx.nd.save(str(folder / f"{name}.params"), data)

    for name, case in SAVED.items():
        save(name, convert(case))
    with mx.util.np_shape(True):
        plain = {name: convert(case) for name, case in PLAIN_SAVED.items()}
        for name, case in NUMPY_SHAPES.items():
            save(name, convert(case))
    for name, made in plain.items():
        save(name, made)
    for name, place in CONTEXTS.items():
        save(name, [array(values, mx.Context(*place)) for values in IN_CONTEXT])
    save("bfloat16", [mx.nd.array(BFLOAT16).astype(np.dtype([("bfloat16", np.uint16)]))])
    for kind, values in SPARSE.items():
        sparse = mx.nd.array(values).tostype(kind)
        sparse.wait_to_read()                    # MXNet writes the shape of what is stored without waiting for it
        save(kind, {"dense": mx.nd.ones((2,)), f"a_{kind}": sparse})
    for version in (0, 1):
        data, expected = legacy(version)
        found = mx.nd.load_frombuffer(data)
        assert list(found) == list(expected)
        for name, values in expected.items():
            assert found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name].asnumpy(), values)


if __name__ == "__main__":
    record(Path(sys.argv[1]))
