# SPDX-License-Identifier: Apache-2.0
"""`mx.contrib`: contributed operators under their old paths, and what else programs import from there."""
from __future__ import annotations

import importlib
import sys
from types import ModuleType

from .. import _unbuilt
from .. import ndarray as _ndarray
from .. import symbol as _symbol
from . import autograd, io, tensorboard

nd = ndarray = _ndarray.contrib
sym = symbol = _symbol.contrib
sys.modules[f"{__name__}.ndarray"] = sys.modules[f"{__name__}.nd"] = ndarray
sys.modules[f"{__name__}.symbol"] = sys.modules[f"{__name__}.sym"] = symbol


_LAZY = ("svrg_optimization", "text")          # imported when first asked for


def __getattr__(name: str) -> ModuleType:
    if name in _LAZY or f"contrib.{name}" in _unbuilt.MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
