# SPDX-License-Identifier: Apache-2.0
"""Parameters of record iterators for which this package and MXNet must give the same batches.

Run as a script by MXNet's Python, with the folder of test images as argument, this records `records.npz`.
"""
from __future__ import annotations

import os
import sys

import numpy as np

SHAPE = dict(data_shape=(3, 30, 32))
RECORD = {
    "plain": {}, "grey": dict(data_shape=(1, 30, 32)), "wide": dict(data_shape=(3, 20, 36)),
    "enlarged": dict(data_shape=(3, 80, 80)), "enlarged 2": dict(data_shape=(3, 30, 90), inter_method=2),
    **{f"resize {k}": dict(resize=35, inter_method=k) for k in (0, 1, 2, 3, 4, 9)},
    "resize up": dict(resize=90, inter_method=9),
    "mirror": dict(mirror=True), "means": dict(mean_r=100, mean_g=110.5, mean_b=120),
    "normalized": dict(mean_r=100, mean_g=110.5, mean_b=120, std_r=50, std_g=55, std_b=60.5, scale=0.3),
    "scale": dict(scale=1 / 255), "std": dict(std_r=2, std_g=3, std_b=5),
    "mean image": dict(mean_img="mean.bin", scale=0.5),
    "rotate": dict(rotate=30), "rotate cubic": dict(rotate=200, fill_value=7, inter_method=2),
    "scaled": dict(max_random_scale=0.9, min_random_scale=0.9),
    "aspect": dict(max_aspect_ratio=1.3, min_aspect_ratio=1.3),
    "all affine": dict(rotate=10, max_random_scale=1.2, min_random_scale=1.2, max_aspect_ratio=0.8,
                       min_aspect_ratio=0.8),
    "max size": dict(max_img_size=38.0), "min size": dict(min_img_size=60.0),
    "pad": dict(pad=5, data_shape=(3, 48, 50)), "pad fill": dict(pad=5, data_shape=(3, 48, 50), fill_value=9),
    "crop size": dict(max_crop_size=36, min_crop_size=36), "resized crop": dict(random_resized_crop=True),
    "uint8": dict(dtype="uint8", mean_r=5), "rotate resize mirror": dict(rotate=5, resize=40, mirror=True, pad=2),
    "labels": dict(path_imgrec="small.rec", label_width=2),
    "labels of list": dict(path_imgrec="small.rec", path_imglist="small.lst", label_width=2),
    "first label of list": dict(path_imgrec="small.rec", path_imglist="small.lst"),
    **{f"part {k}": dict(num_parts=3, part_index=k) for k in range(3)},
    **{f"part {k} of 4": dict(num_parts=4, part_index=k) for k in range(4)},
    **{f"part {k} by index": dict(num_parts=3, part_index=k, path_imgidx="single.idx") for k in range(3)},
    "shuffle": dict(shuffle=True), "shuffle seed": dict(shuffle=True, seed=3),
    "shuffle index": dict(shuffle=True, seed=3, path_imgidx="single.idx"),
    "batch of 5": dict(batch_size=5), "names": dict(data_name="x", label_name="y"),
}
OTHERS = {
    "ImageRecordUInt8Iter": {"plain": {}, "resize": dict(resize=35)},
    "ImageRecordInt8Iter": {"plain": {}, "means": dict(mean_r=100.5, mean_g=100.4, mean_b=-7.7, std_r=3, scale=2),
                            "mean image": dict(mean_img="mean.bin"), "mirror": dict(mirror=True)},
    "ImageRecordIter_v1": {"plain": {}, "resize": dict(resize=35, mirror=True, mean_r=5, std_r=2)},
    "ImageRecordUInt8Iter_v1": {"resize": dict(resize=35, mirror=True)},
    "ImageDetRecordIter": {"plain": {}, "pad": dict(label_pad_width=30, label_pad_value=-7),
                           "mirror": dict(rand_mirror_prob=1.0), "mean": dict(mean_r=3, std_g=2, scale=0.5),
                           "cubic": dict(inter_method=2, resize=50), "mean image": dict(mean_img="mean.bin"),
                           "pad -1": dict(label_pad_width=-1), "label width": dict(label_width=-1, label_pad_width=40),
                           **{f"{mode} {height} {width}": dict(resize_mode=mode, data_shape=(3, height, width),
                                                               mean_r=3, scale=0.5, std_g=2)
                              for mode in ("fit", "shrink", "force")
                              for height, width in ((20, 60), (60, 20), (90, 95), (41, 200), (33, 47))}},
}
CASES = {f"{kind}|{name}": (kind, params)
         for kind, cases in (("ImageRecordIter", RECORD), *OTHERS.items()) for name, params in cases.items()}


def run(mx, folder, name):
    """Descriptions, and data, labels and padding of two epochs."""
    kind, params = CASES[name]
    start = dict(path_imgrec="det.rec" if "Det" in kind else "single.rec", batch_size=4, **SHAPE)
    given = {**start, **params, "verbose": False, "preprocess_threads": 2}
    given = {key: os.path.join(folder, value) if key in ("path_imgrec", "path_imgidx", "path_imglist", "mean_img")
             else value for key, value in given.items()}
    made = getattr(mx.io, kind)(**given)
    out = [np.array([str((tuple(item), np.dtype(item.dtype).name)) for item in made.provide_data + made.provide_label])]
    # With fewer records than a batch, MXNet's second epoch can be empty.
    for _ in range(1 if "|part" in name else 2):
        for batch in made:
            out += [batch.data[0].asnumpy(), batch.label[0].asnumpy(), np.array(batch.pad)]
        made.reset()
    return out


def thin(values):
    """Every thirteenth value of a large array of floats, and its shape; all of others."""
    if values.dtype.kind != "f" or values.size < 2000:
        return [values]
    return [np.array(values.shape), values.ravel()[::13]]


def main(mx, folder):
    """Record what the MXNet of this interpreter gives."""
    kept = {}
    if not os.path.exists(os.path.join(folder, "mean.bin")):
        mx.nd.save(os.path.join(folder, "mean.bin"), {"mean_img": mx.nd.arange(3 * 30 * 32).reshape((3, 30, 32)) / 20})
    for name in CASES:
        try:
            for at, value in enumerate(leaf for one in run(mx, folder, name) for leaf in thin(one)):
                kept[f"{name}|{at}"] = value
        except Exception as error:
            print(name, "FAILED", str(error)[-300:])
    np.savez_compressed(os.path.join(folder, "records.npz"), **kept)


if __name__ == "__main__":
    import mxnet
    main(mxnet, sys.argv[1])
