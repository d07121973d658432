# SPDX-License-Identifier: Apache-2.0
"""`mx.sym`: computations written down as graphs, and every operator as a function on them."""
# The order matters: operators first, then the functions that stand before operators of the same name.
# isort: off
from __future__ import annotations

from . import control_flow, generate

generate.install_methods()
op = generate.module(__name__, "op", "All public operators.")
_internal = generate.module(__name__, "_internal", "Operators whose names begin with an underscore.")
random = generate.random_module(__name__)
contrib = generate.module(__name__, "contrib", "Contributed operators.")
contrib.__dict__.update({name: getattr(control_flow, name) for name in control_flow.__all__})
linalg = generate.module(__name__, "linalg", "Linear algebra.")
image = generate.module(__name__, "image", "Operators on images.")
from . import sparse  # noqa: E402

from .op import *  # noqa: E402,F403
from .arithmetic import public_functions  # noqa: E402
from .creation import (Group, Variable, arange, eye, full, histogram, linspace, ones, split_v2, var, zeros)  # noqa: E402
from .zipfian import rand_zipfian  # noqa: E402
from .json import load  # noqa: E402
from .json import loads as load_json  # noqa: E402
from .symbol import Symbol  # noqa: E402

contrib.rand_zipfian = rand_zipfian
fromjson = load_json
globals().update(public_functions())
