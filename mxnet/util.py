# SPDX-License-Identifier: Apache-2.0
"""Helpers that programs take from `mxnet.util`. NumPy semantics (`mx.np`) are not built: they are off, and switching
them on says so."""
from __future__ import annotations

import ctypes
import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

import torch

from ._clib import c_str, check_call, py_str
from ._old_names import lend
from .base import MXNetError, MXNetNotImplementedError
from .context import Context, gpu_memory_info, num_gpus

__all__ = ["c_str", "check_call", "ctypes", "get_cuda_compute_capability", "get_gpu_count", "get_gpu_memory",
           "getenv", "is_np_array", "is_np_shape", "makedirs", "np_array", "np_shape", "np_ufunc_legal_option",
           "py_str", "reset_np", "set_module", "set_np", "set_np_shape", "setenv", "use_np", "use_np_array",
           "use_np_shape", "wrap_np_binary_func", "wrap_np_unary_func"]


def makedirs(d: str) -> None:
    """Make a directory and those above it; none of them need be missing."""
    os.makedirs(os.path.expanduser(d), exist_ok=True)


# ---- accelerators -------------------------------------------------------------------------------

def get_gpu_count() -> int:
    """How many accelerators there are."""
    return num_gpus()


def get_gpu_memory(gpu_dev_id: int) -> tuple[int, int]:
    """Free and total memory of an accelerator, in bytes. Raises MXNetError when there is none."""
    return gpu_memory_info(gpu_dev_id)


def get_cuda_compute_capability(ctx: Context) -> int:
    """The compute capability of a CUDA device, as 10 * major + minor. Raises MXNetError for other contexts."""
    if ctx.device.type != "cuda":
        raise MXNetError(f"get_cuda_compute_capability: {ctx} is no CUDA device, it is {ctx.device}")
    major, minor = torch.cuda.get_device_capability(ctx.device)
    return 10 * major + minor


# ---- environment --------------------------------------------------------------------------------

def getenv(name: str) -> str | None:
    """The value of an environment variable, None when it is not set."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable of this process; None unsets it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


# ---- NumPy semantics ----------------------------------------------------------------------------

class _Off:
    """A scope in which NumPy semantics are off, as everywhere."""

    def __enter__(self) -> _Off:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing to restore."""


def _refuse(what: str, active: bool) -> None:
    if active:
        raise MXNetNotImplementedError(f"{what}: NumPy semantics (mx.np, mx.npx) are not built")


def is_np_shape() -> bool:
    """Whether shapes have NumPy's meaning: no, 0 stands for an unknown size."""
    return False


def is_np_array() -> bool:
    """Whether arrays are NumPy-like: no, they are NDArrays."""
    return False


def set_np_shape(active: bool) -> bool:
    """Switch NumPy's meaning of shapes; returns what it was. Raises MXNetNotImplementedError for True."""
    _refuse("set_np_shape", active)
    return False


def set_np(shape: bool = True, array: bool = True) -> None:
    """Switch NumPy semantics. Raises MXNetNotImplementedError unless both are False."""
    _refuse("set_np", shape or array)


def reset_np() -> None:
    """Switch NumPy semantics off, as they are."""
    set_np(shape=False, array=False)


def np_shape(active: bool = True) -> _Off:
    """A scope with NumPy's meaning of shapes. Raises MXNetNotImplementedError for True."""
    _refuse("np_shape", active)
    return _Off()


def np_array(active: bool = True) -> _Off:
    """A scope with NumPy-like arrays. Raises MXNetNotImplementedError for True."""
    _refuse("np_array", active)
    return _Off()


def _refusing(what: str, target: Any) -> Any:
    """The function, or the class, that says on use what is not built; so that modules with it can be imported."""
    if inspect.isclass(target):
        setattr(target, "__init__", _refusing(what, target.__init__))  # noqa: B010
        return target

    @functools.wraps(target)
    def call(*args: Any, **kwargs: Any) -> Any:
        _refuse(what, True)
    return call


def use_np_shape(func: Any) -> Any:
    """A decorator for NumPy's meaning of shapes. What it decorates raises MXNetNotImplementedError when called."""
    return _refusing("use_np_shape", func)


def use_np_array(func: Any) -> Any:
    """A decorator for NumPy-like arrays. What it decorates raises MXNetNotImplementedError when called."""
    return _refusing("use_np_array", func)


def use_np(func: Any) -> Any:
    """A decorator for NumPy semantics. What it decorates raises MXNetNotImplementedError when called."""
    return _refusing("use_np", func)


def np_ufunc_legal_option(key: str, value: Any) -> bool:
    """Whether a keyword of NumPy's ufuncs is one that MXNet's take, with a value that they know."""
    if key == "where":
        return True
    if key == "casting":
        return value in ("no", "equiv", "safe", "same_kind", "unsafe")
    if key == "order":
        return isinstance(value, str)
    if key == "dtype":
        import numpy as np
        return value in ("int8", "uint8", "int32", "int64", "float16", "float32", "float64") or \
            (isinstance(value, type) and issubclass(value, np.generic))
    return key == "subok" and isinstance(value, bool)


def wrap_np_unary_func(func: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for functions of `mx.np`, which is not built: calling raises MXNetNotImplementedError."""
    return _refusing("wrap_np_unary_func", func)


def wrap_np_binary_func(func: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for functions of `mx.np`, which is not built: calling raises MXNetNotImplementedError."""
    return _refusing("wrap_np_binary_func", func)


def set_module(module: str | None) -> Callable[[Any], Any]:
    """A decorator that says which module a function or class belongs to."""
    def decorate(target: Any) -> Any:
        if module is not None:
            target.__module__ = module
        return target
    return decorate


lend(__name__)
