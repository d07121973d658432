# SPDX-License-Identifier: Apache-2.0
"""`mx.error`: error classes known by name, see `mxnet.base.register_error`."""
from __future__ import annotations

from .base import MXNetError, register_error

__all__ = ["InternalError", "MXNetError", "register", "register_error"]

register = register_error


@register
class InternalError(MXNetError):
    """Something in the engine that should not be; nothing in this package raises it."""
