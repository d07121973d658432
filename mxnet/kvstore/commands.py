# SPDX-License-Identifier: Apache-2.0
"""Commands to servers: a number, as in MXNet, and a body of JSON. Nothing that is received runs as code."""
from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from .. import profiler
from ..base import MXNetNotImplementedError, MXNetValueError
from .optimizers import from_plain

OPTIMIZER, MULTI_PRECISION, STOP, SYNC_MODE, COMPRESSION, PROFILER = range(6)
_PROFILER: dict[str, Callable[..., None]] = {
    call.__name__: call for call in (profiler.set_config, profiler.set_state, profiler.pause, profiler.resume,
                                     profiler.dump)}


def dump(plain: Any) -> str:
    """The body of a command."""
    return json.dumps(plain)


def carry_out(head: int, body: str, set_optimizer: Callable[[Any], None], number: int = 0) -> None:
    """Do what a command says.

    Head 0 sets the optimizer, `body` is what `mxnet.kvstore.optimizers.to_plain` gives; head 5 is for the profiler,
    `body` is `{"call": "set_state", "arguments": {"state": "run"}}`; a file `trace.json` becomes `rank0_trace.json` at
    server `number` 0, as in MXNet, so that each has its own. Heads 1 to 4 tell MXNet's servers how to work;
    here they need not be told. Raises MXNetError for any other head, and for a body that is not JSON (such as the
    pickled optimizers that MXNet sends, which could run anything).
    """
    if head in (MULTI_PRECISION, STOP, SYNC_MODE, COMPRESSION):
        return
    if head not in (OPTIMIZER, PROFILER):
        raise MXNetNotImplementedError(f"command {head} to servers is not known: 0 sets the optimizer, 5 is for the "
                                       f"profiler")
    try:
        plain = json.loads(body)
    except (TypeError, ValueError):
        raise MXNetValueError(f"command {head} to servers: the body is not JSON: {body!r:.60}") from None
    if head == OPTIMIZER:
        set_optimizer(from_plain(plain))
        return
    if not isinstance(plain, dict) or plain.get("call") not in _PROFILER:
        raise MXNetValueError(f"command {head} to servers: expected a call of {', '.join(_PROFILER)}, got {body!r:.80}")
    arguments = dict(plain.get("arguments", {}))
    if "filename" in arguments:
        folder, name = os.path.split(arguments["filename"])
        arguments["filename"] = os.path.join(folder, f"rank{number}_{name}")
    _PROFILER[plain["call"]](**arguments)
