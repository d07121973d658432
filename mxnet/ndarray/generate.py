# SPDX-License-Identifier: Apache-2.0
"""The functions of `mx.nd` and the methods of NDArray, one for each declared operator."""
from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from .._random_front import Front, functions
from ..ops import catalog
from ..ops.namespaces import build, module_of
from . import arithmetic
from .invoke import make_function, settled
from .ndarray import NDArray

catalog.load()

# Methods of NDArray (and Symbol) that are an operator with the array as its first input.
METHODS = (
    "abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes "
    "broadcast_like cbrt ceil clip cos cosh degrees depth_to_space diag exp expm1 fix flip floor log log10 log1p log2 "
    "log_softmax max mean min nanprod nansum norm one_hot ones_like pad pick prod radians rcbrt reciprocal relu repeat "
    "reshape_like rint round rsqrt shape_array sigmoid sign sin sinh size_array slice slice_axis slice_like softmax "
    "softmin sort space_to_depth split sqrt square sum swapaxes take tan tanh tile topk transpose trunc "
    "zeros_like").split()


FUNCTIONS = build(make_function)


def function(name: str) -> Callable[..., Any]:
    """The array function of an operator by its registered name."""
    namespace, public = catalog.place(name)
    return FUNCTIONS[namespace][public]


def module(parent: str, name: str, doc: str) -> types.ModuleType:
    """A module object that holds one namespace, importable as `parent.name`."""
    return module_of(FUNCTIONS[name], parent, name, doc)


def random_module(parent: str) -> types.ModuleType:
    """The namespace `random`: distributions whose parameters are numbers or arrays, and the operators below them."""
    everything = {name: made for functions in FUNCTIONS.values() for name, made in functions.items()}
    fronts = functions(Front(everything, NDArray, True, settled))
    return module_of({**FUNCTIONS["random"], **fronts}, parent, "random", "Random numbers.")


def _transpose(self: NDArray, *axes: Any, **kwargs: Any) -> NDArray:
    """A copy with the axes permuted: `x.transpose()`, `x.transpose(1, 0)`, `x.transpose((1, 0))`, `axes=`."""
    if len(axes) == 1 and isinstance(axes[0], (list, tuple)):
        axes = tuple(axes[0])
    if axes:
        kwargs["axes"] = tuple(axes)
    return FUNCTIONS["op"]["transpose"](self, **kwargs)


def _split_v2(self: NDArray, *args: Any, **kwargs: Any) -> Any:
    """See `mx.nd.split_v2`."""
    from .creation import split_v2
    return split_v2(self, *args, **kwargs)


def install_methods() -> None:
    """Put operators on NDArray, as methods and as Python's own operators."""
    for name in METHODS:
        if name not in NDArray.__dict__ and name in FUNCTIONS["op"]:
            setattr(NDArray, name, FUNCTIONS["op"][name])
    NDArray.transpose = _transpose                      # type: ignore[attr-defined]
    NDArray.split_v2 = _split_v2                        # type: ignore[attr-defined]
    arithmetic.install(NDArray)
