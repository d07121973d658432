# SPDX-License-Identifier: Apache-2.0
"""`mx.sym.sparse`: the operators that MXNet shows here, on dense storage; other storage is not built."""
from __future__ import annotations

from ..ndarray.sparse import operators
from .generate import FUNCTIONS

globals().update(operators(FUNCTIONS))
