# SPDX-License-Identifier: Apache-2.0
"""`mx.test_utils`: what tests of operators and models use.

By subject: `compare` (tolerances and assertions), `arrays` (random data), `check` (graphs against values, finite
differences and each other), `statistics` (random generators), `system` (environment, devices), `data` (data sets).
"""
from ..context import current_context
from ..ndarray import array
from . import arrays, check, compare, data, statistics, system
from .arrays import *
from .check import *
from .compare import *
from .data import *
from .statistics import *
from .system import *

__all__ = ["array", "current_context", *arrays.__all__, *check.__all__, *compare.__all__, *data.__all__,
           *statistics.__all__, *system.__all__]
