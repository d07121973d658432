# SPDX-License-Identifier: Apache-2.0
"""The path `mxnet.io.io`, which programs import from."""
from .._old_names import lend
from . import *  # noqa: F403
from . import __all__ as __all__
from .ndarray_iter import _init_data as _init_data

lend(__name__)
