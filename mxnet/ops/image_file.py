# SPDX-License-Identifier: Apache-2.0
"""Images from files and memory, and OpenCV's own resizing and borders, as MXNet's image iterators call them."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from . import _opencv
from .image import check_image
from .params import Range
from .registry import OperatorError, op

Size = Annotated[int, Range(1)]
Border = Annotated[int, Range(0)]


@op("_cvimdecode", "_npi_cvimdecode")
def cvimdecode(buf: Tensor, *, flag: Annotated[int, Range(0, 1)] = 1, to_rgb: bool = True) -> Tensor:
    """Decode the bytes of an image file, a uint8 vector, to (height, width, channels) uint8.

    `flag` is 1 for three channels, 0 for gray, with one channel. Colors are RGB, or BGR without `to_rgb`.
    The size is in the bytes, so that the operator has no place in a symbol.

    >>> import mxnet as mx
    >>> import cv2, numpy
    >>> data = cv2.imencode(".png", numpy.zeros((4, 5, 3), "uint8"))[1].ravel()
    >>> mx.nd._internal._cvimdecode(mx.nd.array(data, dtype="uint8")).shape
    (4, 5, 3)
    """
    if buf.dtype is not torch.uint8:
        raise OperatorError(f"buf is {str(buf.dtype).removeprefix('torch.')}, expected the bytes of a file as uint8")
    return _opencv.as_tensor(_opencv.decode(buf.cpu().reshape(-1).numpy(), flag, to_rgb, "buf"), buf)


@cvimdecode.shape
def _(params, buf=None, out=None):
    return {}


@op("_cvimread", "_npi_cvimread")
def cvimread(*, filename: str, flag: Annotated[int, Range(0, 1)] = 1, to_rgb: bool = True) -> Tensor:
    """Read an image file to (height, width, channels) uint8; see `_cvimdecode` for the parameters.

    >>> import mxnet as mx
    >>> import cv2, numpy, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "image.png")
    >>> cv2.imwrite(path, numpy.zeros((4, 5, 3), "uint8"))
    True
    >>> mx.nd._internal._cvimread(filename=path).shape
    (4, 5, 3)
    """
    try:
        data = np.frombuffer(Path(filename).read_bytes(), np.uint8)
    except OSError as error:
        raise OperatorError(f"cannot read {filename!r}: {error.strerror or error}") from error
    return _opencv.as_tensor(_opencv.decode(data, flag, to_rgb, repr(filename)))


@cvimread.shape
def _(params):
    return {}


@cvimread.dtype
def _(params):
    return {"out": torch.uint8}


@op("_cvimresize", "_npi_cvimresize")
def cvimresize(src: Tensor, *, w: Size, h: Size, interp: Annotated[int, Range(0, 5)] = 1) -> Tensor:
    """Resize an image (height, width, channels) to `h` rows and `w` columns; `interp` as in `image.resize`.

    >>> import mxnet as mx
    >>> mx.nd._internal._cvimresize(mx.nd.ones((10, 8, 3)), w=4, h=6).shape
    (6, 4, 3)
    """
    check_image(src.shape, batches=False)
    if src.is_meta:
        return src.new_empty((h, w, src.shape[2]))
    return _opencv.as_tensor(_opencv.resize(_opencv.as_image(src), w, h, interp), src)


@cvimresize.shape
def _(params, src):
    check_image(src, batches=False)
    return {"out": (params.h, params.w, src[2])}


@op("_cvcopyMakeBorder", "_npi_cvcopyMakeBorder")
def cvcopy_make_border(src: Tensor, *, top: Border, bot: Border, left: Border, right: Border,
                       type: Annotated[int, Range(0, 4)] = 0, value: float = 0.0,
                       values: tuple[float, ...] = ()) -> Tensor:
    """An image (height, width, channels) with borders of so many pixels on each side.

    `type` is OpenCV's: 0 constant, 1 the edge repeated, 2 mirrored with the edge, 3 wrapped around, 4 mirrored
    without the edge. A constant border holds `value`, or `values`, one for each channel.

    >>> import mxnet as mx
    >>> mx.nd._internal._cvcopyMakeBorder(mx.nd.ones((1, 1, 1)), top=0, bot=0, left=1, right=1).asnumpy().ravel()
    array([0., 1., 0.], dtype=float32)
    """
    check_image(src.shape, batches=False)
    if src.is_meta:
        return src.new_empty((src.shape[0] + top + bot, src.shape[1] + left + right, src.shape[2]))
    fill = (*values, *(value,) * 4)[:4]
    image = _opencv.as_image(src)
    made = _opencv.guarded(lambda: _opencv.opencv().copyMakeBorder(image, top, bot, left, right, type, value=fill),
                           "copyMakeBorder")
    return _opencv.as_tensor(made, src)


@cvcopy_make_border.shape
def _(params, src):
    check_image(src, batches=False)
    height, width = (None if size is None else size + more for size, more in zip(
        src, (params.top + params.bot, params.left + params.right)))
    return {"out": (height, width, src[2])}
