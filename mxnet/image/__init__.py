# SPDX-License-Identifier: Apache-2.0
"""`mx.image`: decoding, resizing, cropping and augmenting images, and iterators over files of them.

Images are arrays of shape (height, width, channels), channels red, green, blue, uint8 as they come from a file. The
work is done by OpenCV, which the first function that needs it imports; importing this package does not. Random
augmentations draw from Python's `random` and NumPy's global generator, in MXNet's order, so that `random.seed` (and
`numpy.random.seed`) give the augmentations that MXNet makes.
"""
from .._old_names import lend
from . import detection, image
from .detection import *  # noqa: F403
from .image import *  # noqa: F403

__all__ = [*image.__all__, *detection.__all__]

lend(__name__)
