# SPDX-License-Identifier: Apache-2.0
"""`mx.image`: errors, broken images, drawing, shapes of labels, and that importing stays cheap."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import mxnet as mx

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")
I = mx.image                  # noqa: E741


def path(name):
    return os.path.join(FOLDER, name)


@pytest.fixture
def wide():
    return I.imread(path("0.jpg"))


@pytest.mark.parametrize(("call", "kind", "match"), [
    (lambda w: I.imread("/nowhere/a.jpg"), mx.MXNetError, "/nowhere/a.jpg: the image cannot be read"),
    (lambda w: I.imdecode(b"hello"), mx.MXNetError, "5 bytes that begin with b'hello' are no image"),
    (lambda w: I.imdecode(b""), mx.MXNetError, "from 0 bytes"),
    (lambda w: I.imdecode("text"), ValueError, "buf is bytes"),
    (lambda w: I.imdecode(b"hello", flag=-1), ValueError, "flag is 0"),
    (lambda w: I.imresize(w, 0, 5), ValueError, "width 0, height 5"),
    (lambda w: I.imresize(w, 5, 5, 9), ValueError, "0, 1, 2, 3 or 4, not 9"),
    (lambda w: I.imresize(w[0], 5, 5), ValueError, "has the shape"),
    (lambda w: I.imresize(w.astype("int64"), 5, 5), TypeError, "OpenCV has no images of int64"),
    (lambda w: I.imresize(w.astype("int8"), 5, 5), TypeError, "cannot resize an image"),
    (lambda w: I.resize_short(w, 5, 11), ValueError, "not 11"),
    (lambda w: I.fixed_crop(w, 100, 0, 5, 5), ValueError, "outside of an image 52 wide and 40 high"),
    (lambda w: I.copyMakeBorder(w, 1, 1, 1, 1, 9), mx.MXNetError, "border of type 9"),
    (lambda w: I.imrotate(w, 3), TypeError, "float32 images, not uint8"),
    (lambda w: I.imrotate(w.astype("float32"), 3, True, True), ValueError, "only one of zoom_in and zoom_out"),
    (lambda w: I.imrotate(w.astype("float32")[0], 3), ValueError, "takes .channels, height, width"),
    (lambda w: I.imrotate(w.astype("float32"), mx.nd.array([1])), TypeError, "is one number"),
    (lambda w: I.random_size_crop(w, (5, 5), 0.1, (1, 1), foo=3), TypeError, "no parameter foo"),
    (lambda w: I.CreateAugmenter((3, 5, 5), rand_resize=True), ValueError, "needs rand_crop=True"),
    (lambda w: I.CreateAugmenter((3, 5, 5), mean=[1, 2, 3]), TypeError, "mean is True, None, or an array"),
    (lambda w: I.CreateAugmenter((3, 5, 5), std=np.ones(2)), ValueError, "std has one or three values"),
    (lambda w: I.ImageIter(2, (3, 5, 5)), ValueError, "needs path_imgrec"),
    (lambda w: I.ImageIter(2, (1, 5, 5), imglist=[[1, "0.jpg"]]), ValueError, r"\(3, height, width\)"),
    (lambda w: I.ImageIter(2, (3, 5, 5), imglist=[[1, "0.jpg"]], dtype="int8"), ValueError, "dtype is one of"),
    (lambda w: I.ImageIter(2, (3, 5, 5), imglist=[[1, "0.jpg"]], last_batch_handle="x"), ValueError, "last_batch"),
    (lambda w: I.ImageIter(2, (3, 5, 5), path_imgrec=path("single.rec"), shuffle=True), ValueError, "path_imgidx"),
    (lambda w: I.ImageIter(1, (3, 5, 5), imglist=[[1, "x.jpg"]], path_root=FOLDER).next(), mx.MXNetError, "x.jpg"),
    (lambda w: I.DetBorrowAug(3), TypeError, "borrows from an Augmenter"),
    (lambda w: I.DetRandomSelectAug([3]), ValueError, "selects from DetAugmenters"),
    (lambda w: I.CreateMultiRandCropAugmenter([.1, .2], max_attempts=[1, 2, 3]), ValueError, "lists of lengths"),
    (lambda w: I.ImageDetIter(2, (3, 5, 5), path_imgrec=path("small.rec")), mx.MXNetError, "at least 7 values"),
    (lambda w: I.Augmenter()(w), NotImplementedError, "Augmenter does not define __call__"),
])
def test_errors(call, kind, match, wide):
    with pytest.raises(kind, match=match):
        call(wide)


def test_out_and_deprecated_name(wide):
    out = mx.nd.zeros((7, 9, 3), dtype="uint8")
    assert I.imresize(wide, 9, 7, out=out) is out
    np.testing.assert_array_equal(out.asnumpy(), I.imresize(wide, 9, 7).asnumpy())
    with pytest.warns(DeprecationWarning, match="its name is area"):
        I.random_size_crop(wide, (5, 5), None, (1, 1), min_area=0.3)


@pytest.mark.parametrize("given", [dict(area_range=(0.0, 0.0)), dict(aspect_ratio_range=(2.0, 1.0))])
def test_regions_that_do_nothing_warn(given, wide):
    with pytest.warns(UserWarning, match="DetRandomCropAug does nothing"):
        made = I.DetRandomCropAug(**given)
    label = np.array([[0, .1, .1, .9, .9]])
    assert made(wide, label) == (wide, label)


def test_broken_images(tmp_path):
    listed = [[1.0, "0.jpg"], [2.0, "bad.jpg"], [3.0, "2.png"]]
    for name in ("0.jpg", "2.png"):
        shutil.copy(path(name), tmp_path / name)
    (tmp_path / "bad.jpg").write_bytes(b"nonsense")
    with pytest.raises(mx.MXNetError, match=r"broken image, file bad\.jpg"):
        I.ImageIter(3, (3, 20, 20), imglist=listed, path_root=str(tmp_path)).next()
    made = I.ImageIter(2, (3, 20, 20), imglist=listed, path_root=str(tmp_path), on_error="skip")
    assert made.next().label[0].asnumpy().tolist() == [1, 3]
    assert made.skipped == 1


def test_bad_list_names_the_line(tmp_path):
    (tmp_path / "a.lst").write_text("0\t1\ta.jpg\nx\t1\tb.jpg\n")
    with pytest.raises(mx.MXNetError, match=r"a\.lst, line 2"):
        I.ImageIter(1, (3, 5, 5), path_imglist=str(tmp_path / "a.lst"))


def test_draw_and_label_shapes():
    given = dict(path_imgrec=path("det.rec"), path_imgidx=path("det.idx"))
    made = I.ImageDetIter(4, (3, 30, 32), mean=True, std=True, **given)
    drawn = list(made.draw_next(color=(255, 0, 0), mean=True, std=True, id2labels={0: "cat"}))
    assert len(drawn) == 10
    assert {(one.shape, one.dtype.name) for one in drawn} == {((30, 32, 3), "uint8")}
    assert (drawn[0] == (0, 0, 255)).all(2).any()
    other = I.ImageDetIter(4, (3, 30, 32), imglist=[[[2, 5, 0, .1, .1, .9, .9], "0.jpg"]], path_root=FOLDER)
    assert made.sync_label_shape(other).label_shape == (3, 5)
    made.reset()
    made.reshape((3, 20, 24), (6, 5))
    assert made.provide_label[0][1] == (4, 6, 5)
    with pytest.raises(ValueError, match="at least 6 objects and 5 values"):
        made.reshape(label_shape=(5, 5))


def test_opencv_is_imported_late():
    code = ("import sys, mxnet as mx; mx.image.CreateAugmenter((3, 5, 5)); mx.io.ImageRecordIter; "
            "print('cv2' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
