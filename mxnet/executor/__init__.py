# SPDX-License-Identifier: Apache-2.0
"""Running symbols: lowering to code, and executors on arrays."""
from .._clib import c_array_buf, c_handle_array, c_str_array, check_call, py_str
from .._old_names import lend
from .executor import Executor

__all__ = ["Executor", "c_array_buf", "c_handle_array", "c_str_array", "check_call", "py_str"]

lend(__name__)
