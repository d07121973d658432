# SPDX-License-Identifier: Apache-2.0
"""Random augmentations of record iterators: what this package and MXNet draw must have the same distributions.

Every record holds one picture whose colours tell where a pixel was, with three objects. Of each augmented example some
numbers are kept: means, deviations, single pixels, and for detection the objects.

Run as a script by MXNet's Python, with the folder of test data as argument, this records quantiles of those numbers in
`statistics.npz`.
"""
from __future__ import annotations

import os
import struct
import sys
import tempfile

import numpy as np

COUNT, SIZE = 1000, (60, 80)
LABEL = (2, 5, 0, .1, .2, .6, .85, 1, .3, .1, .9, .5, 2, .05, .05, .15, .2)
SHARES = np.linspace(0, 1, 65)
CROP = dict(rand_crop_prob=1, min_crop_scales=(.3,), max_crop_scales=(.9,))
WIDE = dict(CROP, min_crop_scales=(.2,), max_crop_scales=(1,), min_crop_aspect_ratios=(.5,),
            max_crop_aspect_ratios=(2,))
DETECTION = {
    "pad": dict(rand_pad_prob=1, max_pad_scale=2.0),
    "pad some": dict(rand_pad_prob=.5, max_pad_scale=4.0, fill_value=9),
    "crop": CROP,
    "crop some": dict(WIDE, rand_crop_prob=.6, min_crop_scales=(.6,), max_crop_scales=(.601,)),
    "crop union": dict(WIDE, min_crop_overlaps=(.5,)),
    "crop sample": dict(WIDE, min_crop_sample_coverages=(.3,), max_crop_sample_coverages=(.8,)),
    "crop object": dict(WIDE, min_crop_object_coverages=(.6,), max_crop_object_coverages=(.95,)),
    "crop emit": dict(CROP, min_crop_scales=(.2,), crop_emit_mode="overlap", emit_overlap_thresh=.4),
    "crop trials": dict(CROP, min_crop_scales=(.1,), max_crop_scales=(.3,), max_crop_trials=(2,),
                        min_crop_overlaps=(.2,)),
    "crop two": dict(WIDE, num_crop_sampler=2, min_crop_scales=(.5, .2), max_crop_scales=(.6, .3),
                     min_crop_overlaps=(0, .9)),
    "all": dict(CROP, rand_pad_prob=1, max_pad_scale=2.0, rand_mirror_prob=.5),
    "all fit": dict(WIDE, rand_pad_prob=1, max_pad_scale=2.0, resize_mode="fit", data_shape=(3, 70, 70)),
    "all shrink": dict(CROP, rand_pad_prob=1, max_pad_scale=2.0, resize_mode="shrink", data_shape=(3, 50, 70)),
    "hue": dict(max_random_hue=30, random_hue_prob=.7),
    "saturation": dict(max_random_saturation=60, random_saturation_prob=.7),
    "lightness": dict(max_random_illumination=60, random_illumination_prob=.7),
    "contrast": dict(max_random_contrast=.5, random_contrast_prob=.7),
    "colours": dict(max_random_hue=20, random_hue_prob=.7, max_random_saturation=60, random_saturation_prob=.3,
                    max_random_illumination=60, random_illumination_prob=.7, max_random_contrast=.5,
                    random_contrast_prob=.7),
}
SMALL = dict(data_shape=(3, 40, 40))
CLASSIFICATION = {
    "crop": dict(SMALL, rand_crop=True), "mirror": dict(rand_mirror=True),
    "crop size": dict(SMALL, max_crop_size=50, min_crop_size=20, rand_crop=True),
    "resized crop": dict(SMALL, random_resized_crop=True, min_random_area=.1, max_random_area=.8,
                         min_aspect_ratio=.75, max_aspect_ratio=1.4),
    "resized crop wide": dict(SMALL, random_resized_crop=True, min_random_area=.5, max_random_area=1,
                              min_aspect_ratio=.4, max_aspect_ratio=.6),
    "rotate": dict(max_rotate_angle=40, fill_value=0), "shear": dict(max_shear_ratio=.4, fill_value=0),
    "scale": dict(SMALL, max_random_scale=1.5, min_random_scale=.7),
    "aspect": dict(SMALL, max_aspect_ratio=.5), "aspect range": dict(SMALL, max_aspect_ratio=1.5, min_aspect_ratio=.6),
    "size": dict(SMALL, max_random_scale=2, min_random_scale=.5, max_img_size=90, min_img_size=50),
    "affine": dict(SMALL, max_rotate_angle=20, max_shear_ratio=.2, max_random_scale=1.2, min_random_scale=.9,
                   max_aspect_ratio=.3, rand_crop=True, rand_mirror=True, pad=4),
    "hue": dict(random_h=30), "saturation": dict(random_s=60), "lightness": dict(random_l=60),
    "brightness": dict(brightness=.5), "contrast": dict(contrast=.5), "saturate": dict(saturation=.5),
    "jitter": dict(brightness=.3, contrast=.3, saturation=.3), "noise": dict(pca_noise=.2),
    "hsl": dict(random_h=20, random_s=40, random_l=50),
    "factors": dict(max_random_contrast=.4, max_random_illumination=20, mean_r=100, mean_g=90, mean_b=80, scale=.5),
    "interpolation": dict(inter_method=10, resize=50, data_shape=(3, 50, 50)),
}
CASES = {**{f"ImageDetRecordIter|{name}": given for name, given in DETECTION.items()},
         **{f"ImageRecordIter|{name}": given for name, given in CLASSIFICATION.items()}}


def write_records(mx, path):
    """The records, with the picture in a format that is made without OpenCV."""
    height, width = SIZE
    picture = np.full((height, width, 3), 200, np.uint8)
    picture[:, :, 1] = np.arange(height)[:, None] * 4
    picture[:, :, 2] = np.arange(width) * 3
    picture[20:30, 30:50] = (10, 90, 250)
    head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + picture.size, 0, 54, 40, width, -height, 1, 24, 0,
                       picture.size, 0, 0, 0, 0)
    encoded = head + picture[:, :, ::-1].tobytes()
    record = mx.recordio.MXRecordIO(path, "w")
    for at in range(COUNT):
        record.write(mx.recordio.pack((0, LABEL, at, 0), encoded))
    record.close()


def run(mx, path, name):
    """Numbers of every example of one epoch (MXNet draws much of it again in the next), (examples, numbers)."""
    kind = name.partition("|")[0]
    detection = kind == "ImageDetRecordIter"
    given = dict(path_imgrec=path, data_shape=(3, *SIZE), batch_size=100, verbose=False, preprocess_threads=1, seed=5)
    if not detection:
        given["label_width"] = len(LABEL)
    made = getattr(mx.io, kind)(**{**given, **CASES[name]})
    out = []
    for batch in made:
        data, labels = batch.data[0].asnumpy(), batch.label[0].asnumpy()
        numbers = [data.mean((2, 3)), data.std((2, 3)), data[:, :, 0, 0], data[:, :, 20, 30], data[:, :, -1, 15]]
        if detection:
            numbers += [labels[:, 1:4], np.stack([places(label) for label in labels])]
        out.append(np.concatenate(numbers, 1))
    return np.concatenate(out).astype(np.float64)


def places(label):
    """Left, top, right, bottom of the three objects, -1 for those that are gone."""
    made = np.full((3, 4), -1.0)
    for number, *place in label[6:].reshape(-1, 5):
        if number >= 0:
            made[int(number)] = place
    return made.ravel()


def main(mx, folder):
    """Record what the MXNet of this interpreter draws."""
    path = os.path.join(tempfile.mkdtemp(), "statistics.rec")
    write_records(mx, path)
    kept = {name: np.quantile(run(mx, path, name), SHARES, axis=0, method="inverted_cdf").astype(np.float32)
            for name in CASES}
    np.savez_compressed(os.path.join(folder, "statistics.npz"), **kept)


if __name__ == "__main__":
    import mxnet
    main(mxnet, sys.argv[1])
