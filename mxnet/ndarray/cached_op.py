# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.CachedOp`: a symbol as a function on arrays, recorded like any operator.

The nodes are run one after the other by the eager path, so that recording, training mode and updates of auxiliary
states are what they are for single operators.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..base import MXNetTypeError, MXNetValueError
from .handle import NDArrayBase
from .invoke import invoke

__all__ = ["CachedOp"]


class CachedOp:
    """A function that computes a symbol's outputs from arrays, in the order of `list_inputs()`.

    Parameters
    ----------
    sym : Symbol
    flags : settings of MXNet's engine (`static_alloc`, ...); accepted, without effect
    thread_safe : accepted; calls share nothing in any case

    >>> import mxnet as mx
    >>> double = mx.nd.CachedOp(mx.sym.Variable("x") * 2)
    >>> double(mx.nd.array([1, 2])).asnumpy().tolist()
    [2.0, 4.0]
    """

    def __init__(self, sym: Any, flags: Any = (), thread_safe: bool = False) -> None:
        from ..symbol.graph import topological
        self.is_np_sym = False
        self._outputs = list(sym._outputs)
        self._order = topological(self._outputs)
        self._variables = [node for node in self._order if node.op is None]

    def __call__(self, *args: NDArrayBase, out: Any = None, **kwargs: Any) -> Any:
        """The outputs: an array, or a list of several. `out=` names arrays to write them into."""
        if len(args) != len(self._variables):
            names = ", ".join(node.name for node in self._variables)
            raise MXNetValueError(f"CachedOp takes {len(self._variables)} arrays ({names}), {len(args)} are given")
        for node, array in zip(self._variables, args):
            if not isinstance(array, NDArrayBase):
                raise MXNetTypeError(f"CachedOp: {node.name} takes an NDArray, not {type(array).__name__}")
        made = self._run(args)
        if out is None:
            return made[0] if len(made) == 1 else made
        for result, target in zip(made, out if isinstance(out, (list, tuple)) else [out]):
            result.copyto(target)
        return out

    def _run(self, args: Sequence[NDArrayBase]) -> list[Any]:
        values: dict[int, list[Any]] = {id(node): [array] for node, array in zip(self._variables, args)}
        for node in self._order:
            if node.op is not None:
                inputs = [values[id(source)][index] for source, index in node.inputs]
                result = invoke(node.op, inputs, node.params)
                values[id(node)] = result if isinstance(result, list) else [result]
        return [values[id(node)][index] for node, index in self._outputs]
