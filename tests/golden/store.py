# SPDX-License-Identifier: Apache-2.0
"""The file of one family's recordings: a zip of `index.json` and `arrays.bin`, the same bytes for the same content.

The index maps the digest of a record to the notes of its stages, in which an array is `{"array": <number>}`. The
arrays lie one after another in the binary member, each only once, in their own element type (bfloat16 as float32),
little endian. One of more than `WHOLE` elements is reduced to `SOME` of its values at even distances, and the sum,
the sum of magnitudes and the number of its finite values. One that the oracle gives differently at every run (random
numbers, memory that it never wrote) has a type and a shape only.
"""
from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FOLDER = Path(__file__).parent
VERSION = 1
WHOLE = 512
SOME = 256
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Recorded(NamedTuple):
    """An array as recorded. `values` is flat: all of it, or what `sample_of` picks; None when it is not repeatable."""

    dtype: str
    shape: tuple[int, ...]
    values: np.ndarray | None
    sums: tuple[float, float, int] | None

    @classmethod
    def of(cls, dtype: str, array: np.ndarray, repeatable: bool = True) -> Recorded:
        if not repeatable:
            return cls(dtype, array.shape, None, None)
        if array.size <= WHOLE:
            return cls(dtype, array.shape, array.reshape(-1), None)
        return cls(dtype, array.shape, sample_of(array), sums_of(array))


def sample_of(array: np.ndarray) -> np.ndarray:
    """The values that stand for an array: all of a small one, `SOME` of a large one."""
    flat = array.reshape(-1)
    return flat if flat.size <= WHOLE else flat[np.arange(SOME) * flat.size // SOME]


def sums_of(array: np.ndarray) -> tuple[float, float, int]:
    """Sum, sum of magnitudes and number of the finite values."""
    wide = array.astype("float64")
    finite = wide[np.isfinite(wide)]
    return float(finite.sum()), float(np.abs(finite).sum()), int(finite.size)


def path_of(family: str) -> Path:
    return FOLDER / f"{family}.zip"


def load(family: str) -> dict[str, Any]:
    """The notes of a family by digest, with `Recorded` in the place of arrays; empty when nothing is recorded."""
    path = path_of(family)
    if not path.exists():
        return {}
    with zipfile.ZipFile(path) as archive:
        index = json.loads(archive.read("index.json"))
        data = archive.read("arrays.bin")
    if index["version"] != VERSION:
        return {}
    table: list[Recorded] = []
    position = 0
    for dtype, shape, count, sums in index["arrays"]:
        values = None
        if count is not None:
            stored = np.dtype("float32" if dtype == "bfloat16" else dtype).newbyteorder("<")
            values = np.frombuffer(data, stored, count, position)
            position += values.nbytes
        table.append(Recorded(dtype, tuple(shape), values, tuple(sums) if sums else None))
    return {digest: _decode(note, table) for digest, note in index["records"].items()}


def save(family: str, notes: dict[str, Any]) -> bool:
    """Write the notes of a family; an unchanged file is left alone, and False returned."""
    content = _pack(notes)
    path = path_of(family)
    if path.exists() and _unpacked(path.read_bytes()) == _unpacked(content):
        return False
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    return True


def _pack(notes: dict[str, Any]) -> bytes:
    table: dict[Any, int] = {}
    rows: list[Any] = []
    chunks: list[bytes] = []
    records = {digest: _encode(notes[digest], table, rows, chunks) for digest in sorted(notes)}
    index = json.dumps({"version": VERSION, "arrays": rows, "records": records}, separators=(",", ":"), sort_keys=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (("index.json", index.encode()), ("arrays.bin", b"".join(chunks))):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_LZMA)
    return buffer.getvalue()


def _unpacked(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def _encode(node: Any, table: dict[Any, int], rows: list[Any], chunks: list[bytes]) -> Any:
    if isinstance(node, Recorded):
        raw = None if node.values is None else node.values.astype(node.values.dtype.newbyteorder("<")).tobytes()
        key = (node.dtype, node.shape, raw, node.sums)
        if key not in table:
            table[key] = len(rows)
            rows.append([node.dtype, list(node.shape), None if node.values is None else node.values.size, node.sums])
            chunks.append(raw or b"")
        return {"array": table[key]}
    if isinstance(node, dict):
        return {name: _encode(node[name], table, rows, chunks) for name in sorted(node)}
    return [_encode(item, table, rows, chunks) for item in node] if isinstance(node, list) else node


def _decode(node: Any, table: list[Recorded]) -> Any:
    if isinstance(node, dict):
        return table[node["array"]] if set(node) == {"array"} else {k: _decode(v, table) for k, v in node.items()}
    return [_decode(item, table) for item in node] if isinstance(node, list) else node
