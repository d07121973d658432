# SPDX-License-Identifier: Apache-2.0
"""Record iterators against batches recorded from MXNet, and their own promises: determinism, errors, threads."""
from __future__ import annotations

import gc
import os
import shutil
import sys

import numpy as np
import pytest

import mxnet as mx

sys.path.insert(0, os.path.dirname(__file__))
import record_cases as cases

FOLDER = os.path.join(os.path.dirname(__file__), "..", "data", "image")
GOLDEN = np.load(os.path.join(FOLDER, "records.npz"))
TRAIN = dict(path_imgrec=os.path.join(FOLDER, "single.rec"), data_shape=(3, 30, 32), batch_size=4, shuffle=True,
             rand_crop=True, rand_mirror=True, resize=38, max_rotate_angle=9, random_h=9, random_s=9, random_l=9,
             brightness=.2, contrast=.2, saturation=.2, pca_noise=.1, max_random_contrast=.1,
             max_random_illumination=5, max_shear_ratio=.1, inter_method=10)


@pytest.mark.parametrize("name", cases.CASES)
def test_as_mxnet(name):
    given = [leaf for one in cases.run(mx, FOLDER, name) for leaf in cases.thin(one)]
    assert f"{name}|{len(given)}" not in GOLDEN
    for at, ours in enumerate(given):
        theirs = GOLDEN[f"{name}|{at}"]
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype or ours.dtype.kind in "Ui"
        if ours.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)
        else:
            np.testing.assert_array_equal(ours, theirs)


def epochs(count=2, **given):
    made = mx.io.ImageRecordIter(**{**TRAIN, **given})
    out = []
    for _ in range(count):
        out += [(batch.data[0].asnumpy(), batch.label[0].asnumpy()) for batch in made]
        made.reset()
    return out


def test_threads_change_nothing():
    wanted = epochs(preprocess_threads=1, prefetch_buffer=1)
    for threads, ahead in ((2, 4), (5, 2)):
        for ours, theirs in zip(epochs(preprocess_threads=threads, prefetch_buffer=ahead), wanted):
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_array_equal(ours[1], theirs[1])
    assert not np.array_equal(wanted[0][0], epochs(seed_aug=5)[0][0])


def test_batches_that_are_held_keep_their_values():
    made = mx.io.ImageRecordIter(**{**TRAIN, "batch_size": 2})
    views = [batch.data[0][0:1] for batch in made]
    copies = [one[0][0:1] for one in epochs(1, batch_size=2)]
    for view, copy in zip(views, copies):
        np.testing.assert_array_equal(view.asnumpy(), copy)


CALM = dict(shuffle=False, rand_crop=False, rand_mirror=False, resize=-1, max_rotate_angle=0, random_h=0, random_s=0,
            random_l=0, max_shear_ratio=0, brightness=0, contrast=0, saturation=0, pca_noise=0, max_random_contrast=0,
            max_random_illumination=0)


@pytest.mark.parametrize(("name", "amount"), [
    ("brightness", .2), ("contrast", .2), ("saturation", .2), ("pca_noise", .1), ("random_h", 5), ("random_s", 9),
    ("random_l", 9), ("max_random_contrast", .1), ("max_random_illumination", 5)])
def test_jitter_stays_near(name, amount):
    difference = np.abs(epochs(1, **{**CALM, name: amount})[0][0] - epochs(1, **CALM)[0][0]).mean()
    assert 0 < difference < 40


@pytest.fixture
def broken(tmp_path):
    path = str(tmp_path / "broken.rec")
    with mx.recordio.MXRecordIO(TRAIN["path_imgrec"], "r") as source, mx.recordio.MXRecordIO(path, "w") as out:
        for at in range(10):
            record = source.read()
            out.write(record[:24] + b"nonsense" if at in (3, 6) else record)
    return path


def test_broken_image_names_the_record(broken):
    with pytest.raises(mx.MXNetError, match=r"broken\.rec, byte \d+: its 8 bytes are no image"):
        epochs(1, path_imgrec=broken, shuffle=False)


def test_broken_image_is_skipped(broken):
    made = mx.io.ImageRecordIter(**{**TRAIN, "path_imgrec": broken, "shuffle": False, "on_error": "skip"})
    labels = [batch.label[0].asnumpy().tolist() for batch in made]
    assert labels == [[0, 2, 4, 0], [8, 10, 8, 14], [16, 18, 0, 2]]
    assert made.skipped == 2


def test_truncated_file(tmp_path):
    path = str(tmp_path / "cut.rec")
    shutil.copy(TRAIN["path_imgrec"], path)
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 100)
    with pytest.raises(mx.MXNetError, match=r"cut\.rec, byte \d+"):
        epochs(1, path_imgrec=path)


@pytest.mark.parametrize(("given", "match"), [
    (dict(path_imgrec=""), "path_imgrec"), (dict(data_shape=(3, 30)), "data_shape is"),
    (dict(batch_size=0), "batch_size is at least 1"), (dict(part_index=3), r"part_index 3 is not in \[0, 1\)"),
    (dict(inter_method=7), "inter_method is one of"), (dict(dtype="int32"), "dtype is float32, uint8 or int8"),
    (dict(label_width=2), "has 1 labels, label_width is 2"), (dict(aug_seq="other"), "aug_seq 'other' is not built"),
    (dict(random_resized_crop=True), "random_resized_crop goes with none"),
    (dict(max_crop_size=85, min_crop_size=25), "max_crop_size is 85"), (dict(resize="x"), "resize is of type int"),
    (dict(path_imgrec="/nowhere.rec"), "nowhere"), (dict(data_shape=(4, 30, 32)), "expected 4 channels of uint8"),
    (dict(on_error="ignore"), "on_error is"), (dict(min_crop_size=9), "both are needed"),
])
def test_errors(given, match):
    with pytest.raises(mx.MXNetError, match=match):
        epochs(1, **given)


def test_strings_as_in_mxnet():
    text = epochs(1, data_shape="(3, 30, 32)", shuffle="True", rand_crop="1", resize="38", brightness="0.2")
    np.testing.assert_array_equal(text[0][0], epochs(1)[0][0])


def test_unknown_parameter_warns():
    with pytest.warns(UserWarning, match="foo"):
        epochs(1, foo=3)


BAD = {
    "aug_seq": (dict(aug_seq="other"), "aug_seq 'other' is not built"),
    "mode": (dict(resize_mode="fill"), "resize_mode is force, shrink or fit, not 'fill'"),
    "emit": (dict(crop_emit_mode="edge"), "crop_emit_mode is center or overlap, not 'edge'"),
    "scales": (dict(min_crop_scales=.5, max_crop_scales=(.5,)), r"min_crop_scales 0\.5 and max_crop_scales 0\.5"),
    "overlaps": (dict(min_crop_overlaps=.5, max_crop_overlaps=.4), r"min_crop_overlaps 0\.5 is above max_crop"),
    "aspects": (dict(min_crop_aspect_ratios=-1), "min_crop_aspect_ratios is at least 0"),
    "samplers": (dict(min_crop_scales=(.1, .2)), "one for each of the 1 crop samplers"),
    "text": (dict(max_crop_trials="x"), r"max_crop_trials is of type tuple\[int, ...\], not 'x'"),
    "label": (dict(label_pad_width=5), "label_pad_width is 5, but there are labels of 17 values"),
}


@pytest.mark.parametrize("name", BAD)
def test_detection_refuses(name):
    given, match = BAD[name]
    with pytest.raises(mx.MXNetError, match=match):
        mx.io.ImageDetRecordIter(path_imgrec=os.path.join(FOLDER, "det.rec"), data_shape=(3, 30, 32), batch_size=4,
                                 **given)


@pytest.mark.parametrize("label", [[2, 5, 0, .1, .1, .2], [float("nan"), 5] + 6 * [0], [2, float("inf")] + 5 * [0],
                                   [2, 5] + 6 * [0], [1, 5] + 5 * [0]], ids=str)
def test_labels_that_are_none_for_detection(tmp_path, label):
    path = str(tmp_path / "bad.rec")
    with mx.recordio.MXRecordIO(path, "w") as file:
        file.write(mx.recordio.pack(mx.recordio.IRHeader(0, np.array(label, np.float32), 0, 0), b"no image"))
    with pytest.raises(mx.MXNetError, match=f"{len(label)} values are no label for detection"):
        mx.io.ImageDetRecordIter(path_imgrec=path, data_shape=(3, 30, 32), batch_size=1)


def test_mean_image_is_made(tmp_path):
    path = str(tmp_path / "mean.bin")
    quiet = dict(shuffle=False, data_shape=(3, 30, 32), batch_size=10)
    given = {"path_imgrec": TRAIN["path_imgrec"], **quiet}
    plain = mx.io.ImageRecordIter(**given).next().data[0].asnumpy()
    made = mx.io.ImageRecordIter(**given, mean_img=path).next().data[0].asnumpy()
    np.testing.assert_allclose(mx.nd.load(path)["mean_img"].asnumpy(), plain.mean(0), rtol=1e-5)
    np.testing.assert_allclose(made, plain - plain.mean(0), atol=1e-4)


@pytest.mark.parametrize("given", [{"scale": 0.5}, {"mean_r": 10, "mean_b": 20, "std_g": 4}])
def test_mean_image_is_made_of_what_is_read(tmp_path, given):
    """MXNet 1.9.1: the file holds scaled means, which are subtracted from pixels all the same."""
    path = str(tmp_path / "mean.bin")
    given = {"path_imgrec": TRAIN["path_imgrec"], "shuffle": False, "data_shape": (3, 30, 32), "batch_size": 10,
             **given}
    plain = mx.io.ImageRecordIter(**given).next().data[0].asnumpy()
    made = mx.io.ImageRecordIter(**given, mean_img=path).next().data[0].asnumpy()
    mean = mx.nd.load(path)["mean_img"].asnumpy()
    np.testing.assert_allclose(mean, plain.mean(0), rtol=1e-5, atol=1e-4)
    bare = {**given, "scale": 1, "mean_r": 0, "mean_b": 0, "std_g": 1}
    pixels = mx.io.ImageRecordIter(**bare).next().data[0].asnumpy()
    factor = np.array([1, 1 / given.get("std_g", 1), 1]).reshape(3, 1, 1) * given.get("scale", 1)
    np.testing.assert_allclose(made, (pixels - mean) * factor, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind, wins", [("ImageRecordIter", 20), ("ImageDetRecordIter", 10)])
def test_mean_image_and_means(tmp_path, kind, wins):
    path = str(tmp_path / "mean.bin")
    mx.nd.save(path, {"mean_img": mx.nd.ones((3, 30, 32)) * 20})
    records = TRAIN["path_imgrec"] if kind == "ImageRecordIter" else os.path.join(FOLDER, "det.rec")
    given = {"path_imgrec": records, "shuffle": False, "data_shape": (3, 30, 32), "batch_size": 2}
    plain = getattr(mx.io, kind)(**given).next().data[0].asnumpy()
    made = getattr(mx.io, kind)(**given, mean_img=path, mean_r=10, mean_g=10, mean_b=10).next().data[0].asnumpy()
    np.testing.assert_allclose(made, plain - wins, atol=1e-4)


def test_few_examples_and_round_batch_off():
    made = mx.io.ImageRecordIter(**{**TRAIN, "shuffle": False, "batch_size": 16, "round_batch": False})
    batch = made.next()
    assert batch.pad == 6
    assert batch.label[0].asnumpy()[10:].tolist() == [0] * 6
    assert not batch.data[0].asnumpy()[10:].any()
    assert len(epochs(3, batch_size=16)) == 3


def test_threads_end():
    made = mx.io.ImageRecordIter(**TRAIN)
    made.next()
    threads = list(made._pool._threads)
    del made
    gc.collect()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_reset_in_the_middle():
    made = mx.io.ImageRecordIter(**{**TRAIN, "shuffle": False})
    made.next()
    made.reset()
    assert made.next().label[0].asnumpy().tolist() == [0, 2, 4, 6]
    assert [batch.pad for batch in made] == [0, 2]


def jpegs(folder, width=200, height=150, count=4):
    cv2 = pytest.importorskip("cv2")
    path, g = str(folder / "large.rec"), np.random.default_rng(2)
    with mx.recordio.MXRecordIO(path, "w") as record:
        for at in range(count):
            image = cv2.resize(g.integers(0, 256, (5, 6, 3)).astype(np.uint8), (width, height), interpolation=2)
            record.write(mx.recordio.pack_img((0, at, at, 0), image))
    return path


@pytest.mark.parametrize(("resize", "shape", "near"), [
    (75, (3, 70, 80), 2.0), (40, (3, 40, 40), 3.0), (18, (3, 18, 18), 8.0), (76, (3, 70, 80), 0.0),
    (30, (1, 30, 30), 4.0)])
def test_reduced_decoding(tmp_path, resize, shape, near):
    given = dict(path_imgrec=jpegs(tmp_path), data_shape=shape, batch_size=4, resize=resize, inter_method=3)
    whole, reduced = (mx.io.ImageRecordIter(**given, reduced_decode=choice).next().data[0].asnumpy()
                      for choice in (False, True))
    assert np.abs(whole - reduced).mean() <= near
    assert (whole != reduced).any() == (near > 0)


def test_reduced_decoding_keeps_sizes(tmp_path):
    """The longer side follows from the size in the file, not from the reduced one."""
    for size in ((201, 151), (151, 203), (333, 250)):
        given = dict(path_imgrec=jpegs(tmp_path, *size, 1), data_shape=(3, 37, 37), batch_size=1, resize=37,
                     rand_crop=True, seed_aug=5, inter_method=3)
        whole, reduced = (mx.io.ImageRecordIter(**given, reduced_decode=choice).next().data[0].asnumpy()
                          for choice in ("False", "True"))
        assert np.abs(whole - reduced).mean() < 6


def test_size_of_an_image():
    from mxnet.image._header import image_size
    with open(os.path.join(FOLDER, "0.jpg"), "rb") as file:
        content = file.read()
    assert image_size(content) == image_size(memoryview(content)) == (52, 40)
    assert image_size(content[:2] + b"\xff\xff\xe1\0\x04ab" + content[2:]) == (52, 40)
    for other in (b"", b"\xff\xd8", content[:100], b"\x89PNG", content[:2] + b"\xff\xe1\xff\xff"):
        assert image_size(other) is None


def test_headers_that_ask_for_too_much(tmp_path):
    with open(os.path.join(FOLDER, "2.png"), "rb") as file:
        content = file.read()
    huge = content[:16] + (30000).to_bytes(4, "big") * 2 + content[24:]
    with pytest.raises(mx.MXNetError, match=r"30000 x 30000 pixels, which \d+ bytes cannot hold"):
        mx.image.imdecode(huge)
    with pytest.raises(mx.MXNetError, match="a chunk of the PNG, at byte 33, should have 2147483647 bytes"):
        mx.image.imdecode(content[:33] + b"\x7f\xff\xff\xff" + content[37:])
    path = str(tmp_path / "huge.rec")
    with mx.recordio.MXRecordIO(path, "w") as record:
        record.write(mx.recordio.pack((0, 1, 2, 0), huge))
    with pytest.raises(mx.MXNetError, match="huge.rec, byte 0: .*which .* bytes cannot hold"):
        mx.io.ImageRecordIter(path_imgrec=path, data_shape=(3, 8, 8), batch_size=1).next()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_processes_are_told():
    made = mx.io.ImageRecordIter(**TRAIN)
    made.next()
    child = os.fork()
    if not child:
        try:
            made.next()
        except mx.MXNetError as error:
            os._exit(7 if "forked from" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_sixteen_bits_are_refused(tmp_path):
    cv2 = pytest.importorskip("cv2")
    path = str(tmp_path / "deep.rec")
    with mx.recordio.MXRecordIO(path, "w") as record:
        deep = cv2.imencode(".png", np.zeros((30, 32, 4), np.uint16))[1].tobytes()
        record.write(mx.recordio.pack((0, 1, 2, 0), deep))
    with pytest.raises(mx.MXNetError, match="expected 4 channels of uint8, the image has 4 of uint16"):
        mx.io.ImageRecordIter(path_imgrec=path, data_shape=(4, 30, 32), batch_size=1).next()
