# SPDX-License-Identifier: Apache-2.0
"""Everything about single images and classification; `mxnet.image.detection` is the rest."""
from .._old_names import lend
from .augment import (
                      Augmenter,
                      CastAug,
                      CenterCropAug,
                      ForceResizeAug,
                      HorizontalFlipAug,
                      RandomCropAug,
                      RandomOrderAug,
                      RandomSizedCropAug,
                      ResizeAug,
                      SequentialAug,
)
from .codec import imdecode, imread
from .color import (
                    BrightnessJitterAug,
                    ColorJitterAug,
                    ColorNormalizeAug,
                    ContrastJitterAug,
                    HueJitterAug,
                    LightingAug,
                    RandomGrayAug,
                    SaturationJitterAug,
                    color_normalize,
)
from .create import CreateAugmenter
from .crop import center_crop, fixed_crop, random_crop, random_size_crop, scale_down
from .iterator import ImageIter
from .resize import copyMakeBorder, imresize, resize_short
from .resize import interpolation as _get_interp_method  # noqa: F401
from .rotate import imrotate, random_rotate

__all__ = ["Augmenter", "BrightnessJitterAug", "CastAug", "CenterCropAug", "ColorJitterAug", "ColorNormalizeAug",
           "ContrastJitterAug", "CreateAugmenter", "ForceResizeAug", "HorizontalFlipAug", "HueJitterAug", "ImageIter",
           "LightingAug", "RandomCropAug", "RandomGrayAug", "RandomOrderAug", "RandomSizedCropAug", "ResizeAug",
           "SaturationJitterAug", "SequentialAug", "center_crop", "color_normalize", "copyMakeBorder", "fixed_crop",
           "imdecode", "imread", "imresize", "imrotate", "random_crop", "random_rotate", "random_size_crop",
           "resize_short", "scale_down"]

lend(__name__)
