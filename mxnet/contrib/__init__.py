# SPDX-License-Identifier: Apache-2.0
"""`mx.contrib`: contributed operators under their old paths, and what else programs import from there."""
from __future__ import annotations

import sys

from .. import ndarray as _ndarray
from .. import symbol as _symbol
from . import autograd, io, tensorboard

nd = ndarray = _ndarray.contrib
sym = symbol = _symbol.contrib
sys.modules[f"{__name__}.ndarray"] = sys.modules[f"{__name__}.nd"] = ndarray
sys.modules[f"{__name__}.symbol"] = sys.modules[f"{__name__}.sym"] = symbol
