# SPDX-License-Identifier: Apache-2.0
"""Expressions over `mx.image` that this package and MXNet must give the same values for.

`run(mx, folder)` evaluates them with whichever `mxnet` it is given; run as a script by MXNet's Python, this file
records `golden.npz`. Random operations are seeded: both draw from Python's and NumPy's generators in the same order.
"""
from __future__ import annotations

import os
import random
import sys

import numpy as np

FUNCTIONS = {
    "jpg": "I.imread(path('0.jpg'))",
    "png": "I.imread(path('2.png'))",
    "gray flag": "I.imread(path('0.jpg'), flag=0)",
    "bgr": "I.imread(path('0.jpg'), to_rgb=0)",
    "gray file": "I.imread(path('gray.png'))",
    "alpha dropped": "I.imread(path('alpha.png'))",
    "decode bytes": "I.imdecode(read('1.jpg'))",
    "decode array": "I.imdecode(np.frombuffer(read('1.jpg'), np.uint8), flag=0)",
    **{f"resize {w}x{h} {k}": f"I.imresize(png, {w}, {h}, {k})"
       for k in range(5) for w, h in ((20, 31), (70, 90), (60, 20), (24, 24))},
    "resize default": "I.imresize(png, 33, 22)",
    "resize gray": "I.imresize(gray, 33, 22, interp=2)",
    **{f"resize float {k}": f"I.imresize(png.astype('float32') / 3, 33, 22, interp={k})" for k in range(5)},
    **{f"short {k}": f"I.resize_short(tall, {s}, {k})"
       for k, s in ((0, 20), (1, 61), (2, 30), (3, 17), (9, 20), (9, 80))},
    "short default": "I.resize_short(wide, 25)",
    "short rand": "I.resize_short(wide, 25, 10)",
    "crop": "I.fixed_crop(wide, 3, 5, 20, 17)",
    "crop resize": "I.fixed_crop(wide, 3, 5, 20, 17, (25, 11), 9)",
    "crop same": "I.fixed_crop(wide, 3, 5, 20, 17, (20, 17), 1)",
    "center": "I.center_crop(wide, (21, 16))",
    "center up": "I.center_crop(wide, (100, 60), 1)",
    "random crop": "I.random_crop(wide, (21, 16))",
    "random crop up": "I.random_crop(wide, (100, 16), 3)",
    "random size": "I.random_size_crop(wide, (21, 16), 0.2, (0.7, 1.4))",
    "random size area": "I.random_size_crop(wide, (21, 16), (0.5, 0.9), (0.7, 1.4), 9)",
    "random size fails": "I.random_size_crop(wide, (21, 16), (3.0, 4.0), (0.7, 1.4), 1)",
    "scale down": "(I.scale_down((640, 480), (720, 120)), I.scale_down((30, 20), (90, 70)), "
                  "I.scale_down((9, 9), (3, 2)))",
    **{f"border {k}": f"I.copyMakeBorder(wide, 2, 3, 4, 5, type={k})" for k in (0, 1, 2, 3, 4, 16)},
    "border value": "I.copyMakeBorder(wide, 2, 3, 4, 5, 0, value=9.0)",
    "border values": "I.copyMakeBorder(wide, 2, 3, 4, 5, 0, values=(10, 20, 30))",
    "border pad type": "I.copyMakeBorder(wide, 2, 3, 4, 5, 16, values=(10, 20, 30))",
    "normalize": "I.color_normalize(wide.astype('float32'), nd.array([1, 2, 3]), nd.array([2, 3, 4]))",
    "normalize mean": "I.color_normalize(wide.astype('float32'), nd.array([5.5]))",
    **{f"rotate {a} {z}": f"I.imrotate(chw, {a}, {z})" for a in (30, -45, 90, 200)
       for z in ("", "zoom_in=True", "zoom_out=True")},
    "rotate many": "I.imrotate(nd.stack(chw, chw), nd.array([10, 20]), zoom_out=True)",
    "random rotate": "I.random_rotate(chw, (-40, 40))",
}

AUGMENTERS = {
    "ResizeAug": "I.ResizeAug(30, 9)", "ForceResizeAug": "I.ForceResizeAug((22, 35))",
    "ForceResizeAug auto": "I.ForceResizeAug((22, 20), 9)",
    "RandomCropAug": "I.RandomCropAug((22, 25))", "CenterCropAug": "I.CenterCropAug((22, 25), 1)",
    "RandomSizedCropAug": "I.RandomSizedCropAug((22, 25), 0.3, (0.75, 1.3))",
    "BrightnessJitterAug": "I.BrightnessJitterAug(0.4)", "ContrastJitterAug": "I.ContrastJitterAug(0.4)",
    "SaturationJitterAug": "I.SaturationJitterAug(0.4)", "HueJitterAug": "I.HueJitterAug(0.4)",
    "ColorJitterAug": "I.ColorJitterAug(0.3, 0.3, 0.3)",
    "LightingAug": "I.LightingAug(0.5, np.array([55.46, 4.794, 1.148]), np.arange(9.).reshape(3, 3) / 9)",
    "ColorNormalizeAug": "I.ColorNormalizeAug([1., 2., 3.], nd.array([4, 5, 6]))",
    "ColorNormalizeAug none": "I.ColorNormalizeAug(nd.array([4, 5, 6]), None)",
    "RandomGrayAug": "I.RandomGrayAug(1.0)", "HorizontalFlipAug": "I.HorizontalFlipAug(1.0)",
    "CastAug": "I.CastAug('float64')",
    "SequentialAug": "I.SequentialAug([I.ResizeAug(30), I.HorizontalFlipAug(0.5)])",
    "RandomOrderAug": "I.RandomOrderAug([I.BrightnessJitterAug(0.4), I.HueJitterAug(0.4)])",
}

LISTS = {
    "plain": "I.CreateAugmenter((3, 20, 24))",
    "train": "I.CreateAugmenter((3, 20, 24), resize=30, rand_crop=True, rand_mirror=True, mean=True, std=True, "
             "brightness=.1, contrast=.1, saturation=.1, hue=.1, pca_noise=.1, rand_gray=.5)",
    "sized": "I.CreateAugmenter((3, 20, 24), rand_crop=True, rand_resize=True, mean=np.array([1., 2., 3.]), "
             "inter_method=10)",
}

DETECTION = {
    "flip": "I.DetHorizontalFlipAug(1.0)", "borrow": "I.DetBorrowAug(I.ForceResizeAug((22, 35)))",
    "crop": "I.DetRandomCropAug(0.1)", "crop strict": "I.DetRandomCropAug(0.7, 1.0, (0.3, 0.9), 0.5, 20)",
    "pad": "I.DetRandomPadAug()", "pad value": "I.DetRandomPadAug((0.5, 2.0), (1.0, 4.0), 30, (1, 2, 3))",
    "select": "I.DetRandomSelectAug([I.DetHorizontalFlipAug(1.0), I.DetRandomPadAug()], 0.2)",
    "select none": "I.DetRandomSelectAug([], 0.2)",
    "multi": "I.CreateMultiRandCropAugmenter([0.1, 0.5], [(0.7, 1.3), (0.8, 1.2)], skip_prob=0.1)",
}

DETECTION_LISTS = {
    "plain": "I.CreateDetAugmenter((3, 30, 32))",
    "train": "I.CreateDetAugmenter((3, 30, 32), resize=40, rand_crop=.9, rand_pad=.9, rand_gray=.2, rand_mirror=True, "
             "mean=True, std=True, brightness=.1, contrast=.1, saturation=.1, pca_noise=.1, hue=.1)",
}

ITERATORS = {
    **{f"rec {how}": f"I.ImageIter(4, (3, 30, 32), path_imgrec=path('single.rec'), last_batch_handle='{how}')"
       for how in ("pad", "discard", "roll_over")},
    "rec labels": "I.ImageIter(3, (3, 30, 32), 2, path_imgrec=path('small.rec'), path_imgidx=path('small.idx'))",
    "rec train": "I.ImageIter(4, (3, 30, 32), 1, path_imgrec=path('single.rec'), path_imgidx=path('single.idx'), "
                 "shuffle=True, rand_crop=True, rand_mirror=True, mean=True, brightness=0.2)",
    "rec part": "I.ImageIter(2, (3, 30, 32), 1, path_imgrec=path('single.rec'), path_imgidx=path('single.idx'), "
                "part_index=1, num_parts=3)",
    "rec list": "I.ImageIter(4, (3, 30, 32), 2, path_imgrec=path('small.rec'), path_imgidx=path('small.idx'), "
                "path_imglist=path('small.lst'))",
    "files": "I.ImageIter(2, (3, 30, 32), 1, imglist=[[1.0, '0.jpg'], [2, '1.jpg'], [3, '2.png']], path_root=path(''))",
    "files labels": "I.ImageIter(2, (3, 30, 32), 2, imglist=[[1, 5, '0.jpg'], [[2, 6], '1.jpg']], path_root=path(''), "
                    "dtype='int32', data_name='d', label_name='l')",
    "det": "I.ImageDetIter(4, (3, 30, 32), path_imgrec=path('det.rec'), path_imgidx=path('det.idx'))",
    "det train": "I.ImageDetIter(3, (3, 30, 32), path_imgrec=path('det.rec'), path_imgidx=path('det.idx'), "
                 "shuffle=True, rand_crop=.8, rand_pad=.5, rand_mirror=True, mean=True)",
}


def evaluate(text, mx, folder):
    """The value of an expression; all generators are seeded before."""
    image = mx.image
    path = lambda name: os.path.join(folder, name)  # noqa: E731

    def read(name):
        with open(path(name), "rb") as file:
            return file.read()
    space = {"I": image, "read": read, "nd": mx.nd, "np": np, "path": path, "mx": mx}
    if not text.startswith(("I.imread", "I.imdecode")):
        space.update(png=image.imread(path("2.png")), wide=image.imread(path("0.jpg")),
                     tall=image.imread(path("1.jpg")), gray=image.imread(path("gray.png"), flag=0))
        space["chw"] = mx.nd.transpose(space["wide"], axes=(2, 0, 1)).astype("float32")
    random.seed(11)
    np.random.seed(12)
    return eval(text, space)


def flatten(value):
    """Arrays of a value, tuples taken apart."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in flatten(item)]
    return [value.asnumpy() if hasattr(value, "asnumpy") else np.asarray(value)]


def thin(values):
    """Every eleventh value of a large array of floats, and its shape; all of others."""
    if values.dtype.kind != "f" or values.size < 2000:
        return [values]
    return [np.array(values.shape), values.ravel()[::11]]


LABEL = np.array([[0, .1, .2, .6, .85], [1, .3, .1, .9, .5]])


def run(mx, folder, kind, name):
    """Arrays (or texts) that one case gives."""
    if kind == "function":
        return flatten(evaluate(FUNCTIONS[name], mx, folder))
    picture = mx.image.imread(os.path.join(folder, "0.jpg"))
    if kind in ("augmenter", "list"):
        made = evaluate((AUGMENTERS if kind == "augmenter" else LISTS)[name], mx, folder)
        if kind == "augmenter" and not name.startswith(("Resize", "Force", "Random", "Center", "Horizontal", "Seq")):
            picture = picture.astype("float32")
        if name.startswith(("RandomOrder", "RandomGray")):
            picture = picture.astype("float32")
        out = []
        texts = [str(one.dumps()) for one in (made if kind == "list" else [made])]
        for _ in range(3):
            now = picture.copy()
            for one in made if kind == "list" else [made]:
                now = one(now)
            out.append(now.asnumpy())
        return [*out, np.array(texts)]
    if kind in ("detection", "detection list"):
        made = evaluate((DETECTION if kind == "detection" else DETECTION_LISTS)[name], mx, folder)
        out = [np.array([str(one.dumps()) for one in (made if kind == "detection list" else [made])])]
        for _ in range(4):
            now, label = picture.copy(), LABEL.copy()
            for one in made if kind == "detection list" else [made]:
                now, label = one(now, label)
            out += [now.asnumpy(), np.asarray(label)]
        return out
    made = evaluate(ITERATORS[name], mx, folder)
    out = [np.array([str((item[0], tuple(item[1]))) for item in made.provide_data + made.provide_label])]
    for _ in range(2):
        for batch in made:
            out += [batch.data[0].asnumpy(), batch.label[0].asnumpy(), np.array(batch.pad)]
        made.reset()
    return out


KINDS = {"function": FUNCTIONS, "augmenter": AUGMENTERS, "list": LISTS, "detection": DETECTION,
         "detection list": DETECTION_LISTS, "iterator": ITERATORS}


def main():
    """Record what the MXNet of this interpreter gives."""
    import mxnet as mx
    folder = sys.argv[1]
    kept, failed = {}, []
    for kind, cases in KINDS.items():
        for name in cases:
            try:
                for at, value in enumerate(leaf for one in run(mx, folder, kind, name) for leaf in thin(one)):
                    kept[f"{kind}|{name}|{at}"] = value
            except Exception as error:
                failed.append(f"{kind}|{name}")
                print(kind, name, "FAILED", type(error), str(error)[:200])
    kept["failed"] = np.array(failed)
    np.savez_compressed(os.path.join(folder, "golden.npz"), **kept)


if __name__ == "__main__":
    main()
