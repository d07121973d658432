# SPDX-License-Identifier: Apache-2.0
"""Iterators over record files of images: what `ImageRecordLoader` does, under MXNet's names."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..base import MXNetValueError
from ._image_loader import ImageRecordLoader
from ._image_params import Augmenting, Detecting, Reading
from ._parse import parse

__all__ = ["ImageDetRecordIter", "ImageRecordInt8Iter", "ImageRecordIter", "ImageRecordIter_v1",
           "ImageRecordUInt8Iter", "ImageRecordUInt8Iter_v1"]

_DTYPES = {None: np.float32, "float32": np.float32, "uint8": np.uint8, "int8": np.int8}


def _loader(name: str, kind: type[Reading], given: dict[str, Any], dtype: Any = None) -> ImageRecordLoader:
    params = parse(kind, name, given)
    if params.dtype not in _DTYPES:
        raise MXNetValueError(f"{name}: dtype is float32, uint8 or int8, not {params.dtype}")
    return ImageRecordLoader(params, np.dtype(dtype or _DTYPES[params.dtype]).type)


def ImageRecordIter(**kwargs: Any) -> ImageRecordLoader:
    """Batches of augmented images out of a `.rec` file that im2rec made; float32 (batch, channels, height, width).

    Parameters, all by name
    -----------------------
    path_imgrec, path_imgidx, path_imglist : record file; its index; a list whose labels are taken instead. Several
        files with `;` between, a folder, or a regular expression for file names are read as one
    data_shape : (channels, height, width): 1 (grey), 3 (red, green, blue) or 4 channels
    batch_size, label_width : examples in a batch, numbers in a label
    round_batch : fill the last batch with examples of the next epoch, which then begins behind them (default); without,
        zeros fill it. `pad` says with how many
    shuffle, seed : a new order each epoch (over the whole file, so shuffle_chunk_size is not needed and changes
        nothing), chance; seed_aug for augmentation alone
    num_parts, part_index : read one of several parts
    preprocess_threads, prefetch_buffer : threads, and batches that they work ahead
    dtype : float32 (default), uint8 or int8
    on_error : "raise" (default) for a damaged image, or "skip": another of the batch takes its place, and `skipped`
        counts it (not in MXNet)
    resize : pixels of the shorter side, first of all
    max_rotate_angle or rotate (degrees), max_shear_ratio, min/max_random_scale, min/max_aspect_ratio,
        min/max_img_size, fill_value : one affine map
    pad : pixels around the image
    rand_crop : crop anywhere, else in the middle; min/max_crop_size: crop so many pixels, and resize;
        random_resized_crop with min/max_random_area and min/max_aspect_ratio. Smaller images are enlarged
    brightness, contrast, saturation, random_h, random_s, random_l, pca_noise : jitter of colours
    mirror, rand_mirror : exchange left and right, always or of every second image
    mean_r, mean_g, mean_b, mean_a, or mean_img (a file; made where it is missing) : subtracted
    max_random_contrast, max_random_illumination : factor and summand by chance
    scale, std_r, std_g, std_b, std_a : factor and divisors, last
    inter_method : 0 nearest, 1 linear (default), 2 cubic, 3 area, 4 Lanczos, 9 by size, 10 random
    data_name, label_name : names of the inputs
    reduced_decode : where `resize` makes a JPEG less than half as large, decode it to a half, a quarter or an eighth
        at once, which is faster; pixels then differ a little from MXNet's (default False; not in MXNet)
    ctx : "gpu" (default) puts batches into page-locked memory where there is a CUDA device, ready to be copied there
        (which could not be tested without one); the arrays are on the CPU in any case
    verbose, device_id : accepted; nothing is printed

    Orders and all that chance does not change are MXNet's. Raises MXNetValueError, MXNetTypeError for parameters,
    MXNetError for files that are damaged, with the record's offset. MXNet's iterator `ImageRecordIter`.

    >>> import mxnet as mx, numpy as np, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.rec")
    >>> with mx.recordio.MXRecordIO(path, "w") as record:
    ...     record.write(mx.recordio.pack_img((0, 7.0, 0, 0), np.zeros((40, 60, 3), np.uint8)))
    >>> batch = mx.io.ImageRecordIter(path_imgrec=path, data_shape=(3, 20, 24), batch_size=1, mean_r=5).next()
    >>> batch.data[0].shape, float(batch.label[0].asscalar())
    ((1, 3, 20, 24), 7.0)
    """
    return _loader("ImageRecordIter", Augmenting, kwargs)


def ImageRecordUInt8Iter(**kwargs: Any) -> ImageRecordLoader:
    """`ImageRecordIter` without normalization; batches are uint8."""
    return _loader("ImageRecordUInt8Iter", Augmenting, kwargs, np.uint8)


def ImageRecordInt8Iter(**kwargs: Any) -> ImageRecordLoader:
    """`ImageRecordIter` with means (whole numbers) as the only normalization; batches are int8, values cut to fit."""
    return _loader("ImageRecordInt8Iter", Augmenting, kwargs, np.int8)


def ImageRecordIter_v1(**kwargs: Any) -> ImageRecordLoader:
    """`ImageRecordIter` under an older name. MXNet's iterator `ImageRecordIter_v1`."""
    return _loader("ImageRecordIter_v1", Augmenting, kwargs)


def ImageRecordUInt8Iter_v1(**kwargs: Any) -> ImageRecordLoader:
    """`ImageRecordUInt8Iter`, but images are never mirrored. MXNet's iterator `ImageRecordUInt8Iter_v1`."""
    kwargs = {name: value for name, value in kwargs.items() if name not in ("mirror", "rand_mirror")}
    return _loader("ImageRecordUInt8Iter_v1", Augmenting, kwargs, np.uint8)


def ImageDetRecordIter(**kwargs: Any) -> ImageRecordLoader:
    """Batches of images with objects, out of a `.rec` file; float32 (batch, channels, height, width).

    A label in the file: length of its header, length of an object, rest of the header, and for each object class,
    left, top, right, bottom (shares of width and height) and others. In a batch stand before it channels, height,
    width of the image and the label's length, and label_pad_value fills it up to the longest label or label_pad_width.

    Parameters: those of `ImageRecordIter` on reading, normalization, resize and inter_method; rand_mirror_prob;
    max_random_hue, max_random_saturation, max_random_illumination, max_random_contrast with random_hue_prob and so on.
    rand_pad_prob, max_pad_scale : put the image at a random place of a canvas up to so many times as large
    rand_crop_prob, num_crop_sampler, max_crop_trials : crop, by one of several samplers, asked in random order; each
        tries so often
    min/max_crop_scales, min/max_crop_aspect_ratios : what they draw (a tuple with a value for each, or one for all):
        the square root of the share of the area, and width / height
    min/max_crop_overlaps, min/max_crop_sample_coverages, min/max_crop_object_coverages : what one object must have in
        common with a crop to make it acceptable: intersection / union, / area of the crop, / area of the object
    crop_emit_mode : which objects stay: "center" (default), those whose middle is in the crop, or "overlap", those of
        which more than emit_overlap_thresh (a share of their area) is
    resize_mode : "force" (default) to data_shape whatever the aspect; "shrink" larger images, keeping it; "fit" all.
        The rest of a batch is then black, and the label tells the image's size
    fill_value : grey of the canvas, default 127

    MXNet's iterator `ImageDetRecordIter`. Liu et al., "SSD: single shot multibox detector", 2016.
    """
    return _loader("ImageDetRecordIter", Detecting, kwargs)
