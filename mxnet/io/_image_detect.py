# SPDX-License-Identifier: Apache-2.0
"""The augmenter of `ImageDetRecordIter`: an image and its objects, chance from a generator that is given.

Objects are rows of class, left, top, right, bottom (shares of width and height) and others. A region is
(left, top, width, height) in the same measure: the part that a crop keeps, or the canvas around a padded image.
"""
from __future__ import annotations

import math
import random

import numpy as np

from ..image.resize import short_size
from ._image_augment import border, resize, shift_hsl
from ._image_params import CropSampler, Detecting

_LEAST_SCALE = 1e-12           # a crop of scale 0 would have no aspect

Region = tuple[float, float, float, float]


def augment(image: np.ndarray, label: np.ndarray, params: Detecting,
            rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """An image with its label; before the label stand the shape of the image and the label's length.

    With other modes than "force" the image lies in the upper left part of data_shape, the rest is black.
    """
    head, objects = label[:int(label[0])], label[int(label[0]):].reshape(-1, int(label[1])).copy()
    if params.resize > 0:
        image = resize(image, *short_size(image.shape[1], image.shape[0], params.resize), params.inter_method, rng)
    image = _color(image, params, rng)
    if rng.random() < params.rand_mirror_prob:
        image = np.ascontiguousarray(image[:, ::-1])
        objects[:, [1, 3]] = 1 - objects[:, [3, 1]]
    if params.max_pad_scale > 1 and rng.random() < params.rand_pad_prob:
        image, objects = _pad(image, objects, params, rng)
    if params.samplers and rng.random() < params.rand_crop_prob:
        image, objects = _crop(image, objects, params, rng)
    image = resize(np.ascontiguousarray(image), *_size(image, params), params.inter_method, rng)
    values = np.concatenate((head, objects.ravel())).astype(np.float32)
    shape = np.array((params.data_shape[0], *image.shape[:2], len(values)), np.float32)
    below, right = params.data_shape[1] - image.shape[0], params.data_shape[2] - image.shape[1]
    image = border(image, 0, below, 0, right, 0) if below or right else image
    return image, np.concatenate((shape, values))


def _color(image: np.ndarray, params: Detecting, rng: random.Random) -> np.ndarray:
    if image.shape[2] == 3:
        hue, light, saturation = (
            rng.randint(-most, most) if rng.random() < share else 0
            for most, share in ((params.max_random_hue, params.random_hue_prob),
                                (params.max_random_illumination, params.random_illumination_prob),
                                (params.max_random_saturation, params.random_saturation_prob)))
        image = shift_hsl(image, hue, light, saturation)
    if params.max_random_contrast > 0 and rng.random() < params.random_contrast_prob:
        factor = 1 + rng.uniform(-params.max_random_contrast, params.max_random_contrast)
        image = np.clip(np.rint(image * np.float32(factor)), 0, 255).astype(np.uint8)
    return image


def _size(image: np.ndarray, params: Detecting) -> tuple[int, int]:
    """Width and height that the image gets at last."""
    _, height, width = params.data_shape
    if params.resize_mode == "force":
        return width, height
    ratio = min(height / image.shape[0], width / image.shape[1])
    if params.resize_mode == "shrink":
        ratio = min(ratio, 1.0)
    return tuple(max(1, int(np.float32(ratio) * np.float32(size))) for size in image.shape[1::-1])  # type: ignore


# ---- regions ------------------------------------------------------------------------------------------------

def _pad(image: np.ndarray, objects: np.ndarray, params: Detecting,
         rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """The image at a random place of a canvas of random size."""
    scale = rng.uniform(1, params.max_pad_scale)
    left, top = rng.uniform(0, scale - 1), rng.uniform(0, scale - 1)
    rows, cols = image.shape[:2]
    y, x, height, width = (int(one * size) for one, size in
                           ((top, rows), (left, cols), (scale, rows), (scale, cols)))
    image = border(image, y, height - rows - y, x, width - cols - x, params.fill_value)
    return image, _project(objects, (-left, -top, scale, scale))


def _crop(image: np.ndarray, objects: np.ndarray, params: Detecting,
          rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """A part that one of the samplers, asked in random order, accepts; the whole where none does."""
    rows, cols = image.shape[:2]
    samplers = list(params.samplers)
    rng.shuffle(samplers)
    for sampler in samplers:
        for _ in range(sampler.trials):
            region = _region(sampler, cols / rows, rng)
            kept = _kept(objects, region, sampler, params)
            if kept is not None:
                x, y, width, height = (int(one * size) for one, size in zip(region, (cols, rows) * 2))
                return image[y:y + max(height, 1), x:x + max(width, 1)], _project(kept, region)
    return image, objects


def _region(sampler: CropSampler, aspect: float, rng: random.Random) -> Region:
    """A region of random scale and aspect that lies in the image, whose own aspect is given."""
    scale = rng.uniform(*sampler.scales) + _LEAST_SCALE
    low, high = sampler.aspects
    ratio = math.sqrt(rng.uniform(max(low / aspect, scale * scale), min(high / aspect, 1 / (scale * scale))))
    width, height = min(1.0, scale * ratio), min(1.0, scale / ratio)
    return rng.uniform(0, 1 - width), rng.uniform(0, 1 - height), width, height


def _kept(objects: np.ndarray, region: Region, sampler: CropSampler, params: Detecting) -> np.ndarray | None:
    """The objects that stay in a region, or None where it is not accepted: too little or too much of all, or none."""
    left, top, width, height = region
    boxes = objects[:, 1:5]
    inside = _area(np.column_stack((np.maximum(boxes[:, :2], (left, top)),
                                    np.minimum(boxes[:, 2:], (left + width, top + height)))))
    areas, area = _area(boxes), width * height
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = inside / (areas + area - inside), inside / area, inside / areas
    good = np.ones(len(objects), bool)
    for share, (low, high) in zip(shares, (sampler.overlaps, sampler.sample_coverages, sampler.object_coverages)):
        if low > 0 or high < 1:
            good &= (share >= low) & (share <= high)
    if not good.any():
        return None
    if params.crop_emit_mode == "overlap":
        stay = shares[2] > params.emit_overlap_thresh
    else:
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2 - (left, top)
        stay = ((middle >= 0) & (middle < (width, height))).all(1)
    return objects[stay] if stay.any() else None


def _project(objects: np.ndarray, region: Region) -> np.ndarray:
    """Objects relative to a region, and cut at its edges."""
    left, top, width, height = region
    made = objects.copy()
    made[:, 1:5] = np.clip((made[:, 1:5] - (left, top, left, top)) / (width, height, width, height), 0, 1)
    return made


def _area(boxes: np.ndarray) -> np.ndarray:
    """Areas of boxes (n, 4); 0 of what is turned inside out."""
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)
