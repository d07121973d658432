# SPDX-License-Identifier: Apache-2.0
"""From files and bytes to pixels, and between arrays of this package and OpenCV's."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from .._files import local_path
from ..base import MXNetError, MXNetTypeError, MXNetValueError
from ..context import Context
from ..ndarray import NDArray
from ..ndarray.handle import wrap
from ._header import check_size

__all__ = ["imdecode", "imread"]

_CPU = Context("cpu", 0)
_AS_STORED = 128               # OpenCV's flag for pixels as they lie in the file, whatever EXIF says


def opencv() -> Any:
    """The module cv2, imported at the first need."""
    try:
        import cv2
    except ImportError as error:
        raise MXNetError(f"images need OpenCV (pip install opencv-python-headless): {error}") from error
    return cv2


@contextlib.contextmanager
def without_ipp(cv2: Any) -> Iterator[None]:
    """Within, this thread's OpenCV does without Intel's IPP, whose cubic interpolation rounds in another way."""
    if not hasattr(cv2, "ipp") or not cv2.ipp.useIPP():
        yield
        return
    cv2.ipp.setUseIPP(False)
    try:
        yield
    finally:
        cv2.ipp.setUseIPP(True)


def pixels(src: Any) -> np.ndarray:
    """The values of an image for OpenCV; shared with the NDArray where it is on the CPU."""
    values = src._tensor.detach().cpu().numpy() if isinstance(src, NDArray) else np.asarray(src)
    if values.ndim != 3:
        raise MXNetValueError(f"an image has the shape (height, width, channels), not {values.shape}")
    if values.dtype in (np.int64, np.uint64):             # OpenCV would cut them to 32 bits
        raise MXNetTypeError(f"OpenCV has no images of {values.dtype}; cast to int32 or float32")
    return values


def to_array(values: np.ndarray, like: Any = None) -> NDArray:
    """An NDArray of (height, width, channels) from what OpenCV gave, on the context of `like`."""
    made = torch.from_numpy(np.ascontiguousarray(values if values.ndim == 3 else values[:, :, None]))
    ctx = like._ctx if isinstance(like, NDArray) else _CPU
    return wrap(made.to(ctx.device), ctx)


def decode(buf: Any, flag: int = 1, to_rgb: bool = True) -> np.ndarray:
    """Pixels (height, width, 3), or (height, width, 1) with flag 0, of the bytes of an image file.

    Raises MXNetError where they are no image that OpenCV reads.
    """
    cv2 = opencv()
    data = np.frombuffer(buf, np.uint8)
    if not data.size:
        raise MXNetError("an image cannot be decoded from 0 bytes")
    check_size(data.data)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if flag == 0 else cv2.IMREAD_COLOR | flag & _AS_STORED)
    except cv2.error as error:
        raise MXNetError(f"{len(data)} bytes cannot be decoded as an image: {error}") from None
    if image is None:
        raise MXNetError(f"{len(data)} bytes that begin with {data[:8].tobytes()!r} are no image that OpenCV reads")
    if flag == 0:
        return image[:, :, None]
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, image) if to_rgb else image


def imdecode(buf: Any, flag: int = 1, to_rgb: bool = True, out: NDArray | None = None) -> NDArray:
    """Pixels of an image that is given as the bytes of its file (JPEG, PNG, ...).

    Parameters
    ----------
    buf : bytes, bytearray, or a uint8 array (NumPy's or NDArray)
    flag : 1 (default) for three channels, 0 for one channel of grey; 129 does not turn the image as EXIF says
    to_rgb : red, green, blue (default), or OpenCV's blue, green, red
    out : an array to write to

    Returns a uint8 NDArray (height, width, 3 or 1).

    Raises MXNetError for what is no image, MXNetTypeError for text, MXNetValueError for a negative flag.
    MXNet's operator `_cvimdecode`.

    >>> import mxnet as mx, cv2, numpy as np
    >>> mx.image.imdecode(cv2.imencode(".png", np.zeros((4, 6, 3), np.uint8))[1]).shape
    (4, 6, 3)
    """
    if isinstance(buf, NDArray):
        buf = buf.asnumpy()
    if not isinstance(buf, (bytes, bytearray, memoryview, np.ndarray)):
        raise MXNetValueError(f"buf is bytes, a bytearray or an array of bytes, not {type(buf).__name__}")
    if int(flag) < 0:
        raise MXNetValueError(f"flag is 0 (grey) or 1 (colour), not {flag}")
    made = to_array(decode(buf, int(flag), bool(to_rgb)))
    if out is None:
        return made
    out[:] = made
    return out


def imread(filename: str | os.PathLike[str], flag: int = 1, to_rgb: bool = True, out: NDArray | None = None) -> NDArray:
    """Pixels of an image file: `imdecode` of its bytes.

    Raises MXNetError, with the file's name, where it cannot be read or decoded.

    >>> import mxnet as mx, cv2, numpy as np, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.png")
    >>> cv2.imwrite(path, np.zeros((4, 6, 3), np.uint8))
    True
    >>> mx.image.imread(path, flag=0).shape
    (4, 6, 1)
    """
    name = local_path(filename)
    try:
        with open(name, "rb") as file:
            buf = file.read()
    except OSError as error:
        raise MXNetError(f"{name}: the image cannot be read: {error.strerror}") from None
    try:
        return imdecode(buf, flag, to_rgb, out)
    except MXNetValueError:
        raise
    except MXNetError as error:
        raise MXNetError(f"{name}: {error}") from None
