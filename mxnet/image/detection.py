# SPDX-License-Identifier: Apache-2.0
"""Everything for object detection: augmenters of images with their boxes, and the iterator."""
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
