# SPDX-License-Identifier: Apache-2.0
"""mxtorch: MXNet's Python API, with PyTorch as its engine.

>>> import mxnet as mx
>>> (mx.nd.ones((2, 3)) * 2).asnumpy().tolist()
[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
"""
from __future__ import annotations

from . import (
               attribute,
               autograd,
               base,
               callback,
               context,
               executor,
               executor_manager,
               initializer,
               io,
               kvstore,
               log,
               lr_scheduler,
               metric,
               model,
               module,
               monitor,
               name,
               ndarray,
               optimizer,
               random,
               recordio,
               registry,
               rnn,
               symbol,
)
from . import initializer as init
from . import kvstore as kv
from . import module as mod
from . import monitor as mon
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

__version__ = "1.9.1"
