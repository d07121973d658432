# SPDX-License-Identifier: Apache-2.0
"""Documentation of symbol operators; as in `mxnet.ndarray_doc`, the texts themselves stand in the kernels."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import ndarray_doc as _ndarray_doc

__all__ = ["SymbolDoc"]


class SymbolDoc:
    """Base of classes that hold additional documentation of an operator."""

    @staticmethod
    def get_output_shape(sym: Any, **input_shapes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """The shapes of a symbol's outputs by name, for inputs of the given shapes."""
        return dict(zip(sym.list_outputs(), sym.infer_shape(**input_shapes)[1]))


def _build_doc(func_name: str, desc: str, arg_names: Sequence[str], arg_types: Sequence[str], arg_desc: Sequence[str],
               key_var_num_args: str | None = None, ret_type: str | None = None) -> str:
    """A docstring with Parameters and Returns, `name=` included."""
    return _ndarray_doc._build_doc(func_name, desc, [*arg_names, "name"], [*arg_types, "str, optional"],
                                   [*arg_desc, "Name of the resulting symbol."], key_var_num_args, ret_type or "Symbol")
