# SPDX-License-Identifier: Apache-2.0
"""What the records of data sets hold: a header with the label, then data, mostly an image. Public in `mxnet.recordio`.

This module needs NumPy only; OpenCV is imported by the first `pack_img` or `unpack_img`.
"""
from __future__ import annotations

import numbers
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._recordfile import as_bytes
from .base import MXNetError, MXNetTypeError, MXNetValueError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["HEADER", "IRHeader", "pack", "pack_img", "unpack", "unpack_img"]

_IR_FORMAT = "IfQQ"
_IR_SIZE = struct.calcsize(_IR_FORMAT)
_IR = struct.Struct(_IR_FORMAT)


class HEADER(NamedTuple):
    """What stands before the data (an image, mostly) of a record. Public under MXNet's name `IRHeader`.

    flag: how many numbers the label has where it is an array, 0 where it is one number (`pack` sees to it).
    label: a float, or a 1-dimensional float32 array.
    id, id2: integers of 64 bits without sign; `id` is the record's, MXNet leaves `id2` at 0.

    >>> import mxnet as mx
    >>> mx.recordio.IRHeader(0, 4.0, 2574, 0)
    HEADER(flag=0, label=4.0, id=2574, id2=0)
    """

    flag: int
    label: float | np.ndarray
    id: int
    id2: int


HEADER.__module__ = "mxnet.recordio"         # where pickled headers look for it; MXNet prints it under this name
IRHeader = HEADER


def pack(header: HEADER | tuple[Any, ...], s: bytes) -> bytes:
    """A record's bytes: the header, then, where the label is not one number, its values as float32, then `s`.

    header: an IRHeader or a tuple of its four fields. The label is a number, or anything array-like, which is taken as
    float32 in C order, whatever its shape; `flag` is set to fit.

    Raises MXNetValueError and MXNetTypeError for headers that do not fit, MXNetTypeError where `s` is not bytes.

    >>> import mxnet as mx
    >>> mx.recordio.unpack(mx.recordio.pack(mx.recordio.IRHeader(0, 4.0, 7, 0), b"data"))
    (HEADER(flag=0, label=4.0, id=7, id2=0), b'data')
    """
    _, label, number, number2 = _fields(header)
    flag, values = 0, b""
    if not isinstance(label, numbers.Number):
        try:
            array = np.asarray(label, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise MXNetTypeError(f"a label is a number or an array of numbers, not {label!r:.80}") from error
        flag, values, label = array.size, array.tobytes(), 0.0
    try:
        head = _IR.pack(flag, label, number, number2)
    except (struct.error, TypeError, OverflowError) as error:
        raise MXNetValueError(f"{header!r:.200}: a header needs real numbers as label, and ids between 0 and 2**64 - 1 "
                              f"({error})") from error
    return head + values + (s if type(s) is bytes else as_bytes(s))


def _fields(header: Any) -> tuple[Any, ...]:
    if isinstance(header, (tuple, list)) and len(header) == len(HEADER._fields):
        return tuple(header)
    raise MXNetTypeError(f"a header is an IRHeader, or a tuple (flag, label, id, id2), not {header!r:.80}")


def unpack(s: bytes) -> tuple[HEADER, bytes]:
    """The header and the data of a record that `pack` made.

    With `flag` 0 the label is a float, else a read-only float32 array of `flag` values.

    Raises MXNetValueError for a record too short to hold what its header says, MXNetTypeError for what is not bytes.

    >>> import mxnet as mx
    >>> header, data = mx.recordio.unpack(mx.recordio.pack((0, [1.0, 2.0], 7, 0), b"data"))
    >>> header.label, data
    (array([1., 2.], dtype=float32), b'data')
    """
    if not isinstance(s, (bytes, bytearray, memoryview)):
        as_bytes(s)
    if len(s) < _IR_SIZE:
        raise MXNetValueError(f"a record starts with a header of {_IR_SIZE} bytes, this one has {len(s)} in all")
    flag, label, number, number2 = _IR.unpack_from(s)
    start = _IR_SIZE
    if flag:
        start += 4 * flag
        if len(s) < start:
            raise MXNetValueError(f"the header of a record says that a label of {flag} numbers follows "
                                  f"({4 * flag} bytes), but {len(s) - _IR_SIZE} bytes do")
        label = np.frombuffer(s, np.float32, flag, _IR_SIZE)
    return HEADER(flag, label, number, number2), s[start:]


def pack_img(header: HEADER | tuple[Any, ...], img: np.ndarray, quality: int = 95, img_fmt: str = ".jpg") -> bytes:
    """A record's bytes with an image, encoded by OpenCV.

    img: (height, width) or (height, width, channels), uint8, channels in OpenCV's order (blue, green, red).
    quality: of JPEG, 1 to 100; for PNG the compression, 0 to 9 (more counts as 9).
    img_fmt: the suffix that names the format, `".jpg"`, `".png"` or another one that OpenCV writes.

    Raises MXNetValueError where OpenCV cannot encode.

    >>> import mxnet as mx, numpy as np
    >>> record = mx.recordio.pack_img((0, 4.0, 7, 0), np.zeros((8, 6, 3), np.uint8), img_fmt=".png")
    >>> mx.recordio.unpack_img(record)[1].shape
    (8, 6, 3)
    """
    cv2 = _opencv("pack_img")
    option = {".jpg": "IMWRITE_JPEG_QUALITY", ".jpeg": "IMWRITE_JPEG_QUALITY", ".png": "IMWRITE_PNG_COMPRESSION"}
    chosen = option.get(str(img_fmt).lower())
    if chosen == "IMWRITE_PNG_COMPRESSION":
        quality = max(0, min(9, quality))        # as OpenCV does with the default, but without its warning
    try:
        done, data = cv2.imencode(img_fmt, img, [getattr(cv2, chosen), quality] if chosen else [])
    except (cv2.error, TypeError) as error:
        done, data = False, error
    if not done:
        shape = getattr(img, "shape", None)
        raise MXNetValueError(f"OpenCV cannot encode {type(img).__name__} {'' if shape is None else shape} as "
                              f"{img_fmt!r} with quality {quality!r}: {data}")
    return pack(header, data.tobytes())


def unpack_img(s: bytes, iscolor: int = -1) -> tuple[HEADER, Any]:
    """The header of a record and its image, decoded by OpenCV.

    iscolor: OpenCV's flag: -1 as the file has it, 0 grey (height, width), 1 colour (height, width, 3) in the order
    blue, green, red.

    As in MXNet, the image is None where the data is none that OpenCV knows. Raises what `unpack` raises, and
    MXNetValueError for a record without data.
    """
    header, data = unpack(s)
    if not len(data):
        raise MXNetValueError(f"the record {header} has no data behind its header, so it holds no image")
    cv2 = _opencv("unpack_img")
    try:
        return header, cv2.imdecode(np.frombuffer(data, np.uint8), iscolor)
    except cv2.error as error:
        raise MXNetValueError(f"OpenCV cannot decode the image of the record {header}: {error}") from error


def _opencv(need: str) -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise MXNetError(f"{need} needs OpenCV (pip install opencv-python-headless), and importing cv2 failed: "
                         f"{error}") from error
    return cv2
