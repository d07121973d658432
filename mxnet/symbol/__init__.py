# SPDX-License-Identifier: Apache-2.0
"""`mx.sym`: computations written down as graphs, and every operator as a function on them."""
from __future__ import annotations

from . import control_flow, generate
from .arithmetic import public_functions
from .creation import Group, Variable, arange, eye, full, linspace, ones, split_v2, var, zeros
from .json import load
from .json import loads as load_json
from .symbol import Symbol

fromjson = load_json
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
globals().update(public_functions())
del _own
