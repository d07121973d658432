# SPDX-License-Identifier: Apache-2.0
"""Where the examples of a record file are, which part of them is read, and what their labels are."""
from __future__ import annotations

from typing import Any

import numpy as np

from .._files import local_path
from .._recordfile import PEEK, Source
from ..base import MXNetError
from ..recordio import MXIndexedRecordIO, unpack
from ._image_params import Reading
from ._sources import files_of

_READ_AHEAD = 1 << 20           # bytes; what an index leaves between two of its records may belong to others


class Records:
    """Examples of one or several record files, by number. Safe for any number of threads.

    With an index the parts have as many examples each, the last fewer; without, as many bytes, as in MXNet. Offsets are
    those in all files one after the other; so they are in the index.
    """

    def __init__(self, params: Reading) -> None:
        self._params = params
        self.path = local_path(params.path_imgrec)
        self._sources: list[Source] = []
        try:
            self._sources += map(Source, files_of(self.path))
            self._begins = np.cumsum([0, *(source.size() for source in self._sources)])
            self._offsets, self._ends = self._part(self._places())
            if not len(self._offsets):
                raise MXNetError(f"{self.path}: part {params.part_index} of {params.num_parts} has no records")
            self._labels = read_labels(params.path_imglist) if params.path_imglist else None
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._offsets)

    def close(self) -> None:
        """Close the files."""
        for source in self._sources:
            source.close()

    def _places(self) -> np.ndarray:
        """Offsets of all records, and the end of the last file."""
        if self._params.path_imgidx:
            index = MXIndexedRecordIO(self._params.path_imgidx, self._sources[0].path, "r")
            index.close()
            offsets = [index.idx[key] for key in index.keys]
            if len(self._sources) > 1 and max(offsets, default=0) < self._begins[-2]:
                raise MXNetError(f"{self._params.path_imgidx}: there is no record of {self._sources[-1].path}. Its "
                                 "offsets are to be those in all files one after the other")
            return np.array([*offsets, self._begins[-1]], np.int64)
        offsets = [0]
        for source, begin in zip(self._sources, self._begins.tolist()):
            at, size = 0, source.size()
            while at < size:
                at = source.spans(at, source.read(at, 8), at)[1]
                offsets.append(begin + at)
        return np.array(offsets, np.int64)

    def _at(self, number: int) -> tuple[Source, int]:
        """The file that an example is in, and its offset there."""
        offset = int(self._offsets[number])
        which = min(int(np.searchsorted(self._begins, offset, "right")), len(self._sources)) - 1
        return self._sources[which], offset - int(self._begins[which])

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
        source, offset = self._at(number)
        return f"{source.path}, byte {offset}"

    def read(self, number: int) -> tuple[Any, bytes]:
        """Header, its label replaced by that of the image list if there is one, and encoded image."""
        source, offset = self._at(number)
        count = min(max(int(self._ends[number] - self._offsets[number]), PEEK), _READ_AHEAD)
        header, image = unpack(source.record(offset, source.read(offset, count), offset)[0])
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
