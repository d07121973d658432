# SPDX-License-Identifier: Apache-2.0
"""What the tests of RecordIO files share."""
from __future__ import annotations

import os
import struct
import sys

import numpy as np

from mxnet import recordio
from mxnet.recordio import MXRecordIO

# What a process must run to import mxnet.recordio without the rest of the package, which takes a while.
ALONE = f"""
import sys, types
sys.modules["mxnet"] = package = types.ModuleType("mxnet")
package.__path__ = [{os.path.dirname(recordio.__file__)!r}]
"""
MAGIC = struct.pack("<I", 0xCED7230A)


def write(path, records):
    with MXRecordIO(path, "w") as file:
        for record in records:
            file.write(record)
    return path.read_bytes()


def read_all(path, **options):
    with MXRecordIO(path, "r", **options) as file:
        return list(iter(file.read, None))


def head(flag, length):
    return MAGIC + struct.pack("<I", flag << 29 | length)


def many_payloads():
    """Short ones full of magic numbers, and some around the sizes where reading and writing take other ways."""
    rng = np.random.RandomState(7)
    payloads = []
    for _ in range(300):
        data = bytearray(rng.bytes(int(rng.randint(0, 60))))
        for _ in range(int(rng.randint(0, 4))):
            at = int(rng.randint(0, len(data) + 1))
            data[at:at] = MAGIC
        payloads.append(bytes(data))
    for length in (4095, 4096, 4097, 70000, 262144 - 8, 262144, 300001, 600000):
        data = bytearray(rng.bytes(length))
        at = int(rng.randint(0, length - 4))
        data[at:at + 4] = MAGIC
        at = at // 2 & ~3
        data[at:at + 4] = MAGIC
        payloads.append(bytes(data))
    return payloads


def record_of(number):
    return b"record %d " % number * (number + 1)


def python(code, *arguments):
    """The command that runs `code`, which may import mxnet.recordio."""
    return [sys.executable, "-c", ALONE + code, *map(str, arguments)]
