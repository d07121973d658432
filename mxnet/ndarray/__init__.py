# SPDX-License-Identifier: Apache-2.0
"""`mx.nd`: arrays, and every operator as a function on them."""
# The order matters: operators first, then the functions that stand before operators of the same name.
# isort: off
from __future__ import annotations

from . import control_flow, finite, generate, updates, zipfian

generate.install_methods()
op = generate.module(__name__, "op", "All public operators.")
_internal = generate.module(__name__, "_internal", "Operators whose names begin with an underscore.")
random = generate.random_module(__name__)
contrib = generate.module(__name__, "contrib", "Contributed operators.")
contrib.__dict__.update({name: getattr(part, name) for part in (control_flow, finite, updates, zipfian)
                         for name in part.__all__})
linalg = generate.module(__name__, "linalg", "Linear algebra.")
image = generate.module(__name__, "image", "Operators on images.")
from . import sparse  # noqa: E402

from .op import *  # noqa: E402,F403
from .arithmetic import mixed_functions  # noqa: E402
from .cached_op import CachedOp  # noqa: E402
from .creation import (arange, array, concatenate, empty, eye, from_dlpack, from_numpy, full,  # noqa: E402
                       histogram, linspace, moveaxis, onehot_encode, ones, split_v2, to_dlpack_for_read,
                       to_dlpack_for_write, waitall, zeros)
from .ndarray import NDArray  # noqa: E402
from .utils import load, load_frombuffer, save  # noqa: E402

globals().update(mixed_functions())
