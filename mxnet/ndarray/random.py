# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.random`: arrays of random numbers, and the operators `*_like` and `pdf_*`. See `mx.random.seed`."""
from __future__ import annotations

from .._random_front import Front, functions
from .generate import FUNCTIONS
from .invoke import settled
from .ndarray import NDArray

_made = {**FUNCTIONS["random"], **functions(Front(FUNCTIONS["_internal"], NDArray, imperative=True, plan=settled))}
__all__ = sorted(_made)
globals().update(_made)
