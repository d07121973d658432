# SPDX-License-Identifier: Apache-2.0
"""The machine around a test: environment variables, standard error, devices, retries."""
from __future__ import annotations

import contextlib
import functools
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ..base import MXNetAssertionError, MXNetAssertionTypeError, MXNetNotImplementedError, MXNetValueError
from ..io import DataIter

__all__ = ["DummyIter", "discard_stderr", "environment", "get_cuda_compute_capability", "getenv", "has_tvm_ops",
           "is_aarch64_run", "is_cd_run", "is_op_runnable", "list_gpus", "retry", "setenv", "use_np"]


def list_gpus() -> range:
    """Numbers of the GPUs."""
    return range(torch.cuda.device_count())


def get_cuda_compute_capability(ctx: Any) -> int:
    """Compute capability of a GPU context, as 10 * major + minor."""
    if getattr(ctx, "device_type", None) != "gpu":
        raise MXNetValueError(f"a compute capability has a gpu context only, not {ctx}")
    major, minor = torch.cuda.get_device_capability(ctx.device_id)
    return major * 10 + minor


def is_op_runnable() -> bool:
    """Whether operators of generated code run here: always, PyTorch chooses."""
    return True


def has_tvm_ops() -> bool:
    """Whether operators were compiled with TVM: never."""
    return False


def is_cd_run() -> bool:
    """Whether the environment says that this is a delivery run (`CD_JOB`)."""
    return bool(os.environ.get("CD_JOB", 0))


def is_aarch64_run() -> bool:
    """Whether the processor is a 64-bit ARM."""
    return platform.machine() in ("aarch64", "arm64")


def getenv(name: str) -> str | None:
    """An environment variable, None when it is not set."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable, or with None remove it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = str(value)


@contextlib.contextmanager
def environment(*args: Any) -> Iterator[None]:
    """Environment variables within a `with` statement: `environment(name, value)` or `environment({name: value})`.

    A value of None removes the variable.

    >>> import os, mxnet as mx
    >>> with mx.test_utils.environment("MXTORCH_DOC", "1"):
    ...     os.environ["MXTORCH_DOC"]
    '1'
    >>> "MXTORCH_DOC" in os.environ
    False
    """
    if len(args) == 2:
        wanted: Mapping[str, Any] = {args[0]: args[1]}
    elif len(args) == 1 and isinstance(args[0], Mapping):
        wanted = args[0]
    else:
        raise MXNetAssertionTypeError("environment takes a name and a value, or a dict")
    before = {name: getenv(name) for name in wanted}
    try:
        for name, value in wanted.items():
            setenv(name, value)
        yield
    finally:
        for name, value in before.items():
            setenv(name, value)


@contextlib.contextmanager
def discard_stderr() -> Iterator[None]:
    """Throw away what is written to standard error within a `with` statement, by compiled code, too."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
            yield
            sys.stderr.flush()
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def retry(n: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: run a test up to `n` times, while it raises AssertionError, each time with another NumPy seed."""
    if n < 1:
        raise MXNetAssertionError(f"retry: at least 1 time, not {n}")

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> Any:
            for left in reversed(range(n)):
                try:
                    return test(*args, **kwargs)
                except AssertionError:
                    if not left:
                        raise
                    np.random.seed(np.random.randint(2 ** 31 - 1))
        return run
    return decorate


class DummyIter(DataIter):
    """Gives the first batch of an iterator for ever: to measure speed without loading."""

    def __init__(self, real_iter: Any) -> None:
        super().__init__()
        self.real_iter = real_iter
        self.provide_data, self.provide_label = real_iter.provide_data, real_iter.provide_label
        self.batch_size = real_iter.batch_size
        self.the_batch = next(iter(real_iter))

    def __iter__(self) -> DummyIter:
        return self

    def next(self) -> Any:
        """The one batch."""
        return self.the_batch


def use_np(func: Any) -> Any:
    """Not built: the NumPy-compatible interface `mx.np`."""
    raise MXNetNotImplementedError("use_np needs mx.np, which is not built")
