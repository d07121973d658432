# SPDX-License-Identifier: Apache-2.0
"""Running symbols: lowering to code, and executors on arrays."""
from .executor import Executor

__all__ = ["Executor"]
