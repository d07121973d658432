# SPDX-License-Identifier: Apache-2.0
"""Where the examples of a record file are, which part of them is read, and what their labels are."""
from __future__ import annotations

import os
from typing import Any

import numpy as np

from .._files import local_path
from .._recordfile import PEEK, Source
from ..base import MXNetError, MXNetNotImplementedError
from ..recordio import MXIndexedRecordIO, unpack
from ._image_params import Reading

_READ_AHEAD = 1 << 20           # bytes; what an index leaves between two of its records may belong to others


class Records:
    """Examples of a record file, by number. Safe for any number of threads.

    With an index the parts have as many examples each, the last fewer; without, as many bytes, as in MXNet.
    """

    def __init__(self, params: Reading) -> None:
        self._params = params
        path = local_path(params.path_imgrec)
        if os.path.isdir(path):
            raise MXNetNotImplementedError(f"{path}: folders of record files cannot be read yet, one file can")
        self._source = Source(path)
        self.path = path
        self._offsets, self._ends = self._part(self._places())
        if not len(self._offsets):
            raise MXNetError(f"{path}: part {params.part_index} of {params.num_parts} has no records")
        self._labels = read_labels(params.path_imglist) if params.path_imglist else None

    def __len__(self) -> int:
        return len(self._offsets)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _places(self) -> np.ndarray:
        """Offsets of all records, and the end of the file."""
        if self._params.path_imgidx:
            index = MXIndexedRecordIO(self._params.path_imgidx, self.path, "r")
            index.close()
            offsets = [index.idx[key] for key in index.keys]
            return np.array([*offsets, self._source.size()], np.int64)
        offsets, at, size = [0], 0, self._source.size()
        while at < size:
            at = self._source.spans(at, self._source.read(at, 8), at)[1]
            offsets.append(at)
        return np.array(offsets, np.int64)

    def _part(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count, part = self._params.num_parts, self._params.part_index
        ordered = np.sort(places)
        ends = ordered[np.minimum(np.searchsorted(ordered, places[:-1], "right"), len(ordered) - 1)]
        if self._params.path_imgidx:
            step = -(-len(ends) // count)
            chosen = slice(part * step, (part + 1) * step)
        else:
            step = -(-int(places[-1]) // count) + 3 & ~3
            chosen = slice(*np.searchsorted(places[:-1], (part * step, (part + 1) * step)))
        return places[:-1][chosen], ends[chosen]

    def name(self, number: int) -> str:
        """How an example is called in errors."""
        return f"{self.path}, byte {self._offsets[number]}"

    def read(self, number: int) -> tuple[Any, bytes]:
        """Header, its label replaced by that of the image list if there is one, and encoded image."""
        offset = int(self._offsets[number])
        count = min(max(int(self._ends[number]) - offset, PEEK), _READ_AHEAD)
        header, image = unpack(self._source.record(offset, self._source.read(offset, count), offset)[0])
        return header._replace(label=self._label(header)), image

    def _label(self, header: Any) -> np.ndarray:
        width = self._params.label_width
        if self._labels is not None:
            if header.id not in self._labels:
                raise MXNetError(f"{self._params.path_imglist}: there is no line for the record {header.id}")
            found = self._labels[header.id]
            if len(found) < width:
                raise MXNetError(f"{self._params.path_imglist}: record {header.id} has {len(found)} labels, "
                                 f"label_width is {width}")
            return found if width < 0 else found[:width]
        found = np.atleast_1d(np.asarray(header.label, np.float32))
        if width > 0 and len(found) != width:
            raise MXNetError(f"{self.path}: record {header.id} has {len(found)} labels, label_width is {width}")
        return found


def read_labels(path: str) -> dict[int, np.ndarray]:
    """Labels by key of a list made by im2rec. Raises MXNetError with file and line for what is no such list."""
    made: dict[int, Any] = {}
    number = 0
    try:
        with open(local_path(path), encoding="utf-8") as file:
            for line in file:
                number += 1
                if line.strip():
                    key, *label, _ = line.strip().split("\t")
                    made[int(key)] = np.array(label, np.float32)
    except OSError as error:
        raise MXNetError(f"{path}: the image list cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise MXNetError(f"{path}, line {number}: expected a key, labels and a file name with tabs between "
                         f"({error})") from None
    return made
