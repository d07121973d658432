# SPDX-License-Identifier: Apache-2.0
"""`mx.nd`: arrays, and every operator as a function on them."""
from __future__ import annotations

from . import control_flow, generate
from .arithmetic import mixed_functions
from .creation import (
                       arange,
                       array,
                       concatenate,
                       empty,
                       eye,
                       from_dlpack,
                       from_numpy,
                       full,
                       linspace,
                       moveaxis,
                       onehot_encode,
                       ones,
                       split_v2,
                       to_dlpack_for_read,
                       to_dlpack_for_write,
                       waitall,
                       zeros,
)
from .ndarray import NDArray
from .utils import load, load_frombuffer, save

generate.install_methods()
op = generate.module(__name__, "op", "All public operators.")
_internal = generate.module(__name__, "_internal", "Operators whose names begin with an underscore.")
random = generate.random_module(__name__)
contrib = generate.module(__name__, "contrib", "Contributed operators.")
contrib.__dict__.update({name: getattr(control_flow, name) for name in control_flow.__all__})
linalg = generate.module(__name__, "linalg", "Linear algebra.")
image = generate.module(__name__, "image", "Operators on images.")

_own = dict(globals())
globals().update({name: made for name, made in generate.FUNCTIONS["op"].items() if name not in _own})
globals().update(mixed_functions())
del _own
