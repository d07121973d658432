# SPDX-License-Identifier: Apache-2.0
"""mxtorch: MXNet's Python API, with PyTorch as its engine."""
from __future__ import annotations

from . import attribute, base, context, executor, name, ndarray, random, symbol
from . import ndarray as nd
from . import symbol as sym
from .attribute import AttrScope
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, gpu_memory_info, num_gpus
from .ndarray import NDArray
from .symbol import Symbol

__version__ = "1.9.1"
