# SPDX-License-Identifier: Apache-2.0
"""`mx.sym.random`: symbols of random numbers, drawn anew in every forward pass. See `mx.random.seed`."""
from __future__ import annotations

from .._random_front import Front, functions
from .generate import FUNCTIONS
from .symbol import Symbol

_made = {**FUNCTIONS["random"], **functions(Front(FUNCTIONS["_internal"], Symbol, imperative=False))}
__all__ = sorted(_made)
globals().update(_made)
