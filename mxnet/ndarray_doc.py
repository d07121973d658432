# SPDX-License-Identifier: Apache-2.0
"""Documentation of array operators. Here it stands in the kernels' docstrings; this module resolves for programs that
build or extend documentation with it."""
from __future__ import annotations

from collections.abc import Sequence

from .base import build_param_doc as _build_param_doc

__all__ = ["NDArrayDoc"]


class NDArrayDoc:
    """Base of classes that hold additional documentation of an operator."""


def _build_doc(func_name: str, desc: str, arg_names: Sequence[str], arg_types: Sequence[str], arg_desc: Sequence[str],
               key_var_num_args: str | None = None, ret_type: str | None = None) -> str:
    """A docstring with Parameters and Returns."""
    parts = [desc, _build_param_doc(arg_names, arg_types, arg_desc)]
    if key_var_num_args:
        parts.append("The function takes any number of positional inputs.")
    parts.append(f"Returns\n-------\n{ret_type or 'NDArray or list of NDArrays'}\n    The output of this function.")
    return "\n\n".join(parts)
