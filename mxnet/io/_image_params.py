# SPDX-License-Identifier: Apache-2.0
"""Parameters of the record iterators: names, defaults and types, once, as dataclasses."""
from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from ..base import MXNetNotImplementedError, MXNetValueError

Range = tuple[float, float]

INTERPOLATIONS = (0, 1, 2, 3, 4, 9, 10)


@dataclasses.dataclass
class Reading:
    """What is read, how it is batched, and how values are normalized."""

    path_imgrec: str = ""
    data_shape: tuple[int, ...] = ()
    batch_size: int = 0
    path_imglist: str = ""
    path_imgidx: str = ""
    aug_seq: str = ""
    label_width: int = 1
    preprocess_threads: int = 4
    verbose: bool = True
    num_parts: int = 1
    part_index: int = 0
    device_id: int = 0
    shuffle: bool = False
    shuffle_chunk_size: int = 0
    shuffle_chunk_seed: int = 0
    seed: int = 0
    seed_aug: int | None = None
    round_batch: bool = True
    prefetch_buffer: int = 4
    ctx: str = "gpu"
    dtype: str | None = None
    data_name: str = "data"
    label_name: str = "softmax_label"
    on_error: str = "raise"
    reduced_decode: bool = False
    resize: int = -1
    inter_method: int = 1
    fill_value: int = 255
    mean_img: str = ""
    mean_r: float = 0.0
    mean_g: float = 0.0
    mean_b: float = 0.0
    mean_a: float = 0.0
    std_r: float = 1.0
    std_g: float = 1.0
    std_b: float = 1.0
    std_a: float = 1.0
    scale: float = 1.0

    def check(self) -> None:
        """Raise MXNetValueError for values that cannot be used."""
        if not self.path_imgrec:
            raise MXNetValueError("path_imgrec, the record file, is needed")
        if len(self.data_shape) != 3 or self.data_shape[0] not in (1, 3, 4) or min(self.data_shape) < 1:
            raise MXNetValueError(f"data_shape is (channels, height, width) with 1, 3 or 4 channels, "
                                  f"not {self.data_shape}")
        if self.batch_size < 1:
            raise MXNetValueError(f"batch_size is at least 1, not {self.batch_size}")
        if not 0 <= self.part_index < self.num_parts:
            raise MXNetValueError(f"part_index {self.part_index} is not in [0, {self.num_parts})")
        if self.inter_method not in INTERPOLATIONS:
            raise MXNetValueError(f"inter_method is one of {INTERPOLATIONS}, not {self.inter_method}")
        if self.on_error not in ("raise", "skip"):
            raise MXNetValueError(f"on_error is 'raise' or 'skip', not {self.on_error!r}")
        if min(self.preprocess_threads, self.prefetch_buffer) < 1:
            raise MXNetValueError("preprocess_threads and prefetch_buffer are at least 1")


@dataclasses.dataclass
class Augmenting(Reading):
    """Reading, and MXNet's default augmenter for classification."""

    aug_seq: str = "aug_default"
    mirror: bool = False
    rand_mirror: bool = False
    max_random_contrast: float = 0.0
    max_random_illumination: float = 0.0
    rand_crop: bool = False
    random_resized_crop: bool = False
    max_rotate_angle: int = 0
    rotate: int = -1
    max_aspect_ratio: float = 0.0
    min_aspect_ratio: float | None = None
    max_shear_ratio: float = 0.0
    max_crop_size: int = -1
    min_crop_size: int = -1
    max_random_scale: float = 1.0
    min_random_scale: float = 1.0
    max_random_area: float = 1.0
    min_random_area: float = 1.0
    max_img_size: float = 1e10
    min_img_size: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    pca_noise: float = 0.0
    random_h: int = 0
    random_s: int = 0
    random_l: int = 0
    pad: int = 0

    @property
    def affine(self) -> bool:
        """Whether images are warped."""
        aspect = not self.random_resized_crop and (self.max_aspect_ratio != 0 or self.min_aspect_ratio is not None)
        return (aspect or self.max_rotate_angle > 0 or self.max_shear_ratio > 0 or self.rotate > 0
                or self.max_random_scale != 1 or self.min_random_scale != 1
                or self.max_img_size != 1e10 or self.min_img_size != 0)

    def check(self) -> None:
        super().check()
        if self.aug_seq != "aug_default":
            raise MXNetNotImplementedError(f"aug_seq {self.aug_seq!r} is not built, only 'aug_default'")
        sized = self.max_crop_size != -1 or self.min_crop_size != -1
        if self.random_resized_crop and (sized or self.rand_crop or self.max_random_scale != 1
                                         or self.min_random_scale != 1):
            raise MXNetValueError("random_resized_crop goes with none of rand_crop, max_crop_size, min_crop_size, "
                                  "max_random_scale and min_random_scale")
        if sized and not 0 < self.min_crop_size <= self.max_crop_size:
            raise MXNetValueError(f"min_crop_size {self.min_crop_size} and max_crop_size {self.max_crop_size}: both "
                                  "are needed, in this order")
        if self.random_resized_crop and self.max_aspect_ratio != 0 and self.min_aspect_ratio is None:
            raise MXNetValueError("random_resized_crop with max_aspect_ratio needs min_aspect_ratio")


class CropSampler(NamedTuple):
    """One of the ways to crop images with objects: what is drawn, and what is accepted (see `_image_detect`)."""

    scales: Range
    aspects: Range
    overlaps: Range
    sample_coverages: Range
    object_coverages: Range
    trials: int


@dataclasses.dataclass
class Detecting(Reading):
    """Reading, and MXNet's augmenter for detection."""

    path_imgrec: str = "./data/imgrec.rec"
    aug_seq: str = "det_aug_default"
    label_width: int = -1
    label_pad_width: int = 0
    label_pad_value: float = -1.0
    fill_value: int = 127
    std_r: float = 0.0
    std_g: float = 0.0
    std_b: float = 0.0
    std_a: float = 0.0
    rand_mirror_prob: float = 0.0
    resize_mode: str = "force"
    max_random_hue: int = 0
    random_hue_prob: float = 0.0
    max_random_saturation: int = 0
    random_saturation_prob: float = 0.0
    max_random_illumination: int = 0
    random_illumination_prob: float = 0.0
    max_random_contrast: float = 0.0
    random_contrast_prob: float = 0.0
    rand_pad_prob: float = 0.0
    max_pad_scale: float = 1.0
    rand_crop_prob: float = 0.0
    num_crop_sampler: int = 1
    min_crop_scales: tuple[float, ...] = (0.0,)
    max_crop_scales: tuple[float, ...] = (1.0,)
    min_crop_aspect_ratios: tuple[float, ...] = (1.0,)
    max_crop_aspect_ratios: tuple[float, ...] = (1.0,)
    min_crop_overlaps: tuple[float, ...] = (0.0,)
    max_crop_overlaps: tuple[float, ...] = (1.0,)
    min_crop_sample_coverages: tuple[float, ...] = (0.0,)
    max_crop_sample_coverages: tuple[float, ...] = (1.0,)
    min_crop_object_coverages: tuple[float, ...] = (0.0,)
    max_crop_object_coverages: tuple[float, ...] = (1.0,)
    max_crop_trials: tuple[int, ...] = (25,)
    crop_emit_mode: str = "center"
    emit_overlap_thresh: float = 0.3
    samplers: tuple[CropSampler, ...] = dataclasses.field(init=False, default=())

    def check(self) -> None:
        super().check()
        if self.aug_seq != "det_aug_default":
            raise MXNetNotImplementedError(f"aug_seq {self.aug_seq!r} is not built, only 'det_aug_default'")
        for name, known in (("resize_mode", ("force", "shrink", "fit")), ("crop_emit_mode", ("center", "overlap"))):
            if getattr(self, name) not in known:
                raise MXNetValueError(f"{name} is {', '.join(known[:-1])} or {known[-1]}, not {getattr(self, name)!r}")
        names = ("scales", "aspect_ratios", "overlaps", "sample_coverages", "object_coverages")
        ranges = [self._ranges(name) for name in names]
        for low, high in ranges[0]:
            if not 0 <= low < high <= 1:
                raise MXNetValueError(f"min_crop_scales {low} and max_crop_scales {high} are not in the order "
                                      "0 <= min < max <= 1")
        if min((low for low, _ in ranges[1]), default=0) < 0:
            raise MXNetValueError(f"min_crop_aspect_ratios is at least 0, not {self.min_crop_aspect_ratios}")
        self.samplers = tuple(CropSampler(*values) for values in zip(*ranges, self._full("max_crop_trials")))

    def _full(self, name: str) -> tuple[Any, ...]:
        """A parameter's values, one for each crop sampler."""
        values, count = getattr(self, name), max(self.num_crop_sampler, 0)
        if len(values) == 1:
            return values * count
        if len(values) != count:
            raise MXNetValueError(f"{name} has one value, or one for each of the {count} crop samplers, not {values}")
        return values

    def _ranges(self, name: str) -> list[Range]:
        ranges = list(zip(self._full(f"min_crop_{name}"), self._full(f"max_crop_{name}")))
        for low, high in ranges:
            if low > high:
                raise MXNetValueError(f"min_crop_{name} {low} is above max_crop_{name} {high}")
        return ranges
