# SPDX-License-Identifier: Apache-2.0
"""Everything for object detection: augmenters of images with their boxes, and the iterator."""
from .._old_names import lend
from .det_augment import (
                          CreateDetAugmenter,
                          CreateMultiRandCropAugmenter,
                          DetAugmenter,
                          DetBorrowAug,
                          DetHorizontalFlipAug,
                          DetRandomSelectAug,
)
from .det_iterator import ImageDetIter
from .det_region import DetRandomCropAug, DetRandomPadAug

__all__ = ["CreateDetAugmenter", "CreateMultiRandCropAugmenter", "DetAugmenter", "DetBorrowAug",
           "DetHorizontalFlipAug", "DetRandomCropAug", "DetRandomPadAug", "DetRandomSelectAug", "ImageDetIter"]

lend(__name__)
