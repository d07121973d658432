# SPDX-License-Identifier: Apache-2.0
"""Headers and images in records, against what MXNet 1.9.1 gives."""
from __future__ import annotations

import pickle
import struct
import sys

import numpy as np
import pytest

from mxnet.base import MXNetError, MXNetTypeError, MXNetValueError
from mxnet.recordio import IRHeader, pack, pack_img, unpack, unpack_img

# -- headers ---------------------------------------------------------------------------------------------------------

IDS = "02000000000000000300000000000000"


# The bytes are what MXNet 1.9.1 gives, the data behind them taken off.
@pytest.mark.parametrize(("flag", "label", "expected"), [
    (0, 1.5, "00000000" + "0000c03f" + IDS),
    (9, 1.5, "00000000" + "0000c03f" + IDS),
    (0, True, "00000000" + "0000803f" + IDS),
    (0, np.float32(4), "00000000" + "00008040" + IDS),
    (0, np.int64(3), "00000000" + "00004040" + IDS),
    (0, float("nan"), "00000000" + "0000c07f" + IDS),
    (0, 1e39, "00000000" + "0000807f" + IDS),
    (0, [1, 2, 3], "03000000" + "00000000" + IDS + "0000803f0000004000004040"),
    (0, (1,), "01000000" + "00000000" + IDS + "0000803f"),
    (0, np.array([[1, 2], [3, 4]]), "04000000" + "00000000" + IDS + "0000803f000000400000404000008040"),
    (77, np.array([1.5]), "01000000" + "00000000" + IDS + "0000c03f"),
    (0, np.array(4), "01000000" + "00000000" + IDS + "00008040"),
    (0, [], "00000000" + "00000000" + IDS),
    (0, "4", "01000000" + "00000000" + IDS + "00008040"),
])
def test_pack_gives_the_bytes_of_mxnet(flag, label, expected):
    for header in (IRHeader(flag, label, 2, 3), (flag, label, 2, 3)):
        for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
            assert pack(header, data) == bytes.fromhex(expected) + b"abc"


def test_unpack():
    header, data = unpack(pack(IRHeader(0, 1, 2, 3), b"abc"))
    assert header == IRHeader(0, 1.0, 2, 3) and type(header.label) is float and data == b"abc"
    assert repr(header) == "HEADER(flag=0, label=1.0, id=2, id2=3)"
    header, data = unpack(pack((0, np.arange(4).reshape(2, 2), 2**64 - 1, 2**63), b"abc"))
    assert (header.flag, header.id, header.id2, data) == (4, 2**64 - 1, 2**63, b"abc")
    assert header.label.dtype == np.float32 and header.label.tolist() == [0, 1, 2, 3]
    assert not header.label.flags.writeable
    header, data = unpack(bytearray(pack((0, [7], 0, 0), b"abc")))
    assert header.label.tolist() == [7] and data == bytearray(b"abc")
    assert unpack(pack((0, 7, 0, 0), b"")) == (IRHeader(0, 7.0, 0, 0), b"")
    again = pickle.loads(pickle.dumps(IRHeader(0, 1.0, 2, 3)))
    assert again == (0, 1.0, 2, 3) and type(again) is IRHeader


@pytest.mark.parametrize(("header", "error", "match"), [
    ((0, 1, -1, 0), MXNetValueError, r"ids between 0 and 2\*\*64 - 1"),
    ((0, 1, 2**64, 0), MXNetValueError, r"ids between 0 and 2\*\*64 - 1"),
    ((0, 1, 1.5, 0), MXNetValueError, r"ids between 0 and 2\*\*64 - 1"),
    ((0, 1j, 1, 0), MXNetValueError, "needs real numbers as label"),
    ((0, "cat", 1, 0), MXNetTypeError, "a label is a number or an array of numbers, not 'cat'"),
    ((0, [[1], [2, 3]], 1, 0), MXNetTypeError, "a label is a number or an array of numbers"),
    ((0, 1, 1), MXNetTypeError, r"a header is an IRHeader, or a tuple \(flag, label, id, id2\), not \(0, 1, 1\)"),
    (5, MXNetTypeError, "a header is an IRHeader"),
])
def test_headers_that_do_not_fit(header, error, match):
    with pytest.raises(error, match=match):
        pack(header, b"")


def test_records_without_a_whole_header():
    with pytest.raises(MXNetTypeError, match="a record is bytes"):
        unpack("abc")
    with pytest.raises(MXNetTypeError, match="a record is bytes"):
        pack((0, 1, 0, 0), "abc")
    with pytest.raises(MXNetValueError, match="starts with a header of 24 bytes, this one has 3 in all"):
        unpack(b"abc")
    for flag in (2, 2**32 - 1):
        with pytest.raises(MXNetValueError, match=rf"label of {flag} numbers follows \({4 * flag} bytes\), but 7"):
            unpack(struct.pack("<IfQQ", flag, 0, 1, 2) + b"abcdefg")


# -- images ----------------------------------------------------------------------------------------------------------

def picture(*shape):
    return np.random.RandomState(0).randint(0, 255, shape).astype(np.uint8)


def test_images_come_back():
    import cv2

    header = IRHeader(0, [4, 5], 2, 3)
    image = picture(8, 9, 3)
    record = pack_img(header, image, quality=9, img_fmt=".png")
    found, decoded = unpack_img(record)
    assert found.label.tolist() == [4, 5] and (found.id, found.id2) == (2, 3)
    np.testing.assert_array_equal(decoded, image)
    np.testing.assert_array_equal(unpack_img(record, 0)[1], cv2.imdecode(np.frombuffer(record[32:], np.uint8), 0))
    grey = pack_img(header, image[:, :, 0], img_fmt=".PNG")
    assert unpack_img(grey)[1].shape == (8, 9) and unpack_img(grey, 1)[1].shape == (8, 9, 3)
    assert unpack_img(pack_img(header, picture(4, 5, 4), 3, ".png"))[1].shape == (4, 5, 4)
    assert unpack_img(pack_img(header, image, img_fmt=".bmp"))[1].shape == (8, 9, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".JPG", ".jpeg"])
@pytest.mark.parametrize("quality", [1, 50, 95, 100])
def test_jpeg_is_what_opencv_gives(suffix, quality):
    import cv2

    image = picture(40, 30, 3)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert pack_img((0, 1.0, 2, 3), image, quality, suffix) == pack((0, 1.0, 2, 3), data.tobytes())
    default = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    assert pack_img((0, 1.0, 2, 3), image) == pack((0, 1.0, 2, 3), default)


@pytest.mark.parametrize(("image", "options", "match"), [
    (picture(4, 4, 3), {"img_fmt": "jpg"}, "cannot encode ndarray .* as 'jpg'"),
    (picture(4, 4, 3), {"img_fmt": ".xyz"}, "as '.xyz'"),
    (picture(4, 4, 3), {"quality": 9.5}, "with quality 9.5"),
    (picture(0, 4, 3), {}, r"ndarray \(0, 4, 3\) as"),
    (picture(4, 4, 2), {}, r"ndarray \(4, 4, 2\) as"),
    (None, {}, "cannot encode NoneType"),
    ([[1]], {}, "cannot encode list"),
])
def test_images_that_opencv_does_not_take(image, options, match):
    with pytest.raises(MXNetValueError, match=match):
        pack_img((0, 1, 0, 0), image, **options)


def test_data_that_is_no_image():
    assert unpack_img(pack((0, 1, 0, 0), b"garbage"))[1] is None                 # as in MXNet
    with pytest.raises(MXNetValueError, match="has no data behind its header"):
        unpack_img(pack((0, 1, 0, 0), b""))


def test_opencv_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MXNetError, match="pack_img needs OpenCV"):
        pack_img((0, 1, 0, 0), picture(4, 4, 3))
