# SPDX-License-Identifier: Apache-2.0
"""rec2idx: the index of a record file that has none: a line `number <tab> offset` for each record.

    python -m mxnet.tools.rec2idx data.rec data.idx
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .._files import atomic_write
from ..recordio import MXRecordIO

__all__ = ["main", "make_index"]


def make_index(record: str, index: str) -> int:
    """Write the index of a record file; how many records there are.

    Records are numbered from 0, as by MXNet's tools/rec2idx.py. Raises MXNetError, with the offset, for a damaged file,
    whose index is then not written.
    """
    count = 0
    with MXRecordIO(record, "r") as reader, atomic_write(index, "w") as file:
        while True:
            offset = reader.tell()
            if reader.read() is None:
                return count
            file.write(f"{count}\t{offset}\n")
            count += 1


def main(argv: Sequence[str] | None = None) -> int:
    """The program; its exit code."""
    parser = argparse.ArgumentParser(prog="rec2idx", description="Make the index of a record file.")
    parser.add_argument("record", help="path of the .rec file")
    parser.add_argument("index", help="path of the .idx file to write")
    args = parser.parse_args(argv)
    print(f"{make_index(args.record, args.index)} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
