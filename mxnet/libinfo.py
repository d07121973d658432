# SPDX-License-Identifier: Apache-2.0
"""Version, and where MXNet would have its compiled library: there is none."""
from __future__ import annotations

from .base import MXNetNotImplementedError

__version__ = "1.9.1"


def find_lib_path(prefix: str = "libmxnet") -> list[str]:
    """Raises MXNetNotImplementedError: this package has no compiled library."""
    raise MXNetNotImplementedError(f"there is no {prefix} library: this package runs on PyTorch")


def find_include_path() -> str:
    """Raises MXNetNotImplementedError: this package has no C headers."""
    raise MXNetNotImplementedError("there are no C headers: this package runs on PyTorch")


def find_conf_path(prefix: str = "tvmop") -> list[str]:
    """Raises MXNetNotImplementedError: this package has no compiled operators to configure."""
    raise MXNetNotImplementedError(f"there is no {prefix} configuration: this package runs on PyTorch")
