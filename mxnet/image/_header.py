# SPDX-License-Identifier: Apache-2.0
"""What the header of an encoded image says, before any memory is taken for its pixels."""
from __future__ import annotations

import struct

from ..base import MXNetError

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}       # markers of a JPEG that its size stands behind
_ANY = 1 << 24                 # pixels that are never too many
_MISSING = 1 << 24             # bytes that may be missing at the end of a cut PNG
_A_BYTE = 1 << 13              # pixels that a byte can stand for: eight bits of deflate's best, more than JPEG's


def image_size(encoded: bytes | memoryview) -> tuple[int, int] | None:
    """Width and height of a JPEG (ITU-T T.81, annex B.2.2) or PNG (RFC 2083, 4.1.1); None for others.

    >>> image_size(b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\0\\x05\\0\\0\\0\\x07")
    (5, 7)
    """
    if encoded[:4] == b"\x89PNG":
        return struct.unpack_from(">II", encoded, 16) if len(encoded) >= 24 else None
    at = 2
    while encoded[:2] == b"\xff\xd8" and len(encoded) >= at + 9 and encoded[at] == 0xFF:
        kind, length = encoded[at + 1], int.from_bytes(encoded[at + 2:at + 4], "big")
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", encoded, at + 5)
            return width, height
        at += 1 if kind == 0xFF else 2 + length
    return None


def check_size(encoded: bytes | memoryview) -> tuple[int, int] | None:
    """`image_size`. Raises MXNetError where lengths are damaged, for which a decoder would take memory without need.

    Those are more pixels than so many bytes can hold, and a chunk of a PNG that is much longer than the file.
    """
    size = image_size(encoded)
    if encoded[:4] == b"\x89PNG":
        _check_chunks(encoded)
    if size is not None and size[0] * size[1] > max(_ANY, len(encoded) * _A_BYTE):
        raise MXNetError(f"the header says {size[0]} x {size[1]} pixels, which {len(encoded)} bytes cannot hold")
    return size


def _check_chunks(encoded: bytes | memoryview) -> None:
    at = 8
    while at + 8 <= len(encoded):
        length = int.from_bytes(encoded[at:at + 4], "big")
        if length > len(encoded) - at + _MISSING:
            raise MXNetError(f"a chunk of the PNG, at byte {at}, should have {length} bytes, of which there are "
                             f"{len(encoded) - at - 8}")
        at += 12 + length
