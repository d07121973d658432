# SPDX-License-Identifier: Apache-2.0
"""mxtorch: MXNet's Python API, with PyTorch as its engine.

>>> import mxnet as mx
>>> (mx.nd.ones((2, 3)) * 2).asnumpy().tolist()
[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import (
    _memory,
    _unbuilt,
    attribute,
    autograd,
    base,
    context,
    executor,
    initializer,
    io,
    kvstore,
    lr_scheduler,
    metric,
    model,
    module,
    name,
    ndarray,
    optimizer,
    random,
    symbol,
    test_utils,
)
from . import initializer as init
from . import kvstore as kv
from . import module as mod
from . import ndarray as nd
from . import optimizer as opt
from . import random as rnd
from . import symbol as sym
from .attribute import AttrScope
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, gpu_memory_info, num_gpus
from .executor import Executor
from .ndarray import NDArray
from .ndarray.creation import waitall
from .symbol import Symbol

if TYPE_CHECKING:
    from . import (
        callback,
        contrib,
        engine,
        error,
        executor_manager,
        image,
        libinfo,
        log,
        misc,
        monitor,
        ndarray_doc,
        operator,
        profiler,
        recordio,
        registry,
        rnn,
        runtime,
        symbol_doc,
        util,
        visualization,
    )
    from . import visualization as viz

__version__ = "1.9.1"

_memory.keep_freed_memory()
_unbuilt.install()

# Modules that are imported when they are first asked for, and their second names.
_LAZY = ("callback", "contrib", "engine", "error", "executor_manager", "image", "libinfo", "log", "misc", "monitor",
         "ndarray_doc", "operator", "profiler", "recordio", "registry", "rnn", "runtime", "symbol_doc", "util",
         "visualization")
_ALIASES = {"img": "image", "mon": "monitor", "viz": "visualization", **_unbuilt.ALIASES}
# Names of `util` that MXNet shows here too.
_FROM_UTIL = ("is_np_array", "is_np_shape", "np_array", "np_shape", "set_np_shape", "use_np", "use_np_array",
              "use_np_shape")


def __getattr__(attribute_name: str) -> Any:
    target = _ALIASES.get(attribute_name, attribute_name)
    if attribute_name in _FROM_UTIL:
        return getattr(importlib.import_module(".util", __name__), attribute_name)
    if target in _LAZY or target in _unbuilt.MODULES:
        found = importlib.import_module(f".{target}", __name__)
        globals()[attribute_name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {attribute_name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_ALIASES, *_FROM_UTIL} - _unbuilt.ALIASES.keys())
