# SPDX-License-Identifier: Apache-2.0
"""A symbol as a table of layers, and as a drawing."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._files import atomic_write
from ._old_names import lend
from .base import MXNetTypeError, MXNetValueError
from .dtype import name_of
from .ops.params import Params
from .symbol.graph import Entry, Node
from .symbol.symbol import Symbol
from .training_curves import plot_training

__all__ = ["Drawing", "plot_network", "plot_training", "print_summary"]

Shapes = Mapping[str, Sequence[int]]
_Found = dict[tuple[int, int], tuple[int, ...]]      # (id of a node, output) -> shape


def _shapes(symbol: Symbol, shape: Shapes | None) -> _Found:
    """The shape of every output below a symbol; nothing without `shape`. Raises ValueError when they stay unknown."""
    if shape is None:
        return {}
    internals = symbol.get_internals()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)     # its list of unknown shapes: the error below says it
        sizes = internals.infer_shape(**shape)[1]
    if sizes is None:
        known = dict(zip(symbol.list_arguments(), symbol.infer_shape_partial(**shape)[0]))
        missing = [name for name, size in known.items() if not size or 0 in size]
        raise MXNetValueError(f"the shapes given do not decide all others; unknown: {', '.join(missing)}")
    return {(id(node), index): size for (node, index), size in zip(internals._outputs, sizes)}


# ---- the table ----------------------------------------------------------------------------------

def print_summary(symbol: Symbol, shape: Shapes | None = None, line_length: int = 120,
                  positions: Sequence[float] = (.44, .64, .74, 1.)) -> None:
    """Print a table of the layers: name and operator, output shape, number of parameters, the layers before.

    Shapes are those of one item (without the first dimension) and shown when `shape` gives those of the inputs; without
    it, parameters are counted only as far as they do not depend on them. `positions` are the ends of the columns, as
    parts of `line_length` or in characters. Raises TypeError for anything but a Symbol, ValueError when `shape` does
    not decide all shapes.

    >>> import mxnet as mx
    >>> net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc")
    >>> mx.viz.print_summary(net, shape={"data": (2, 4)}, line_length=60)       # doctest: +SKIP
    """
    if not isinstance(symbol, Symbol):
        raise MXNetTypeError(f"symbol must be Symbol, not {type(symbol).__name__}")
    shapes = _shapes(symbol, shape)
    ends = [int(line_length * end) if end <= 1 else int(end) for end in positions]
    print("_" * line_length)
    _print_row(["Layer (type)", "Output Shape", "Param #", "Previous Layer"], ends)
    print("=" * line_length)
    nodes = symbol._nodes
    layers = [node for i, node in enumerate(nodes) if node.op is not None or i == 0]
    total = 0
    for node in layers:
        count = _parameters(node, shapes)
        total += count
        kind = node.op.name if node.op else "null"
        before = [source.name for source, _ in node.inputs if source.op is not None or source is nodes[0]]
        _print_row([f"{node.name}({kind})", _size_text(shapes.get((id(node), 0))), count, *before[:1]], ends)
        for name in before[1:]:
            _print_row(["", "", "", name], ends)
        print(("=" if node is layers[-1] else "_") * line_length)
    print(f"Total params: {total}")
    print("_" * line_length)


def _print_row(fields: Sequence[Any], ends: Sequence[int]) -> None:
    line = ""
    for field, end in zip([*fields, *[""] * (len(ends) - len(fields))], ends):
        line = f"{line}{field}"[:end].ljust(end)
    print(line)


def _size_text(shape: tuple[int, ...] | None) -> str:
    return "x".join(map(str, shape[1:])) if shape else ""


def _convolution(params: Params, channels: int) -> int:
    weights = channels * params.num_filter // params.num_group
    for size in params.kernel:
        weights *= size
    return weights + (0 if params.no_bias else params.num_filter)


def _fully_connected(params: Params, channels: int) -> int:
    return params.num_hidden * (channels + (0 if params.no_bias else 1))


def _embedding(params: Params, _: int) -> int:
    return params.input_dim * params.output_dim


_COUNTS: dict[str, Callable[[Params, int], int]] = {
    "Convolution": _convolution, "FullyConnected": _fully_connected, "Embedding": _embedding}


def _parameters(node: Node, shapes: _Found) -> int:
    """The number of learned values of a node, by the rules of MXNet's table: of these operators and BatchNorm."""
    if node.op is None:
        return 0
    if node.op.name == "BatchNorm":
        shape = shapes.get((id(node), 0))
        return 2 * shape[1] if shape else 0
    count = _COUNTS.get(node.op.name)
    if count is None:
        return 0
    assert node.params is not None
    source, index = node.inputs[0]
    shape = shapes.get((id(source), index), ())
    return count(node.params, shape[1] if len(shape) > 1 else 0)


# ---- the drawing --------------------------------------------------------------------------------

_COLOURS = {"null": "#8dd3c7", "Convolution": "#fb8072", "FullyConnected": "#fb8072",
            "Activation": "#ffffb3", "LeakyReLU": "#ffffb3", "BatchNorm": "#bebada", "Pooling": "#80b1d3",
            "Concat": "#fdb462", "Flatten": "#fdb462", "Reshape": "#fdb462", "Softmax": "#b3de69"}
_OTHER = "#fccde5"
_WEIGHTS = ("_weight", "_bias", "_beta", "_gamma", "_moving_var", "_moving_mean", "_running_var", "_running_mean")


class Drawing:
    """A graph in the DOT language, when the `graphviz` package or its `dot` program is not there.

    Attributes
    ----------
    source : the DOT text
    name, format : the title, and the format that `render` writes if it finds `dot`
    """

    def __init__(self, name: str, format: str) -> None:
        self.name, self.format = name, format
        self._lines: list[str] = []

    @property
    def source(self) -> str:
        return "\n".join([f"digraph {_quoted(self.name)} {{", *self._lines, "}"]) + "\n"

    def __str__(self) -> str:
        return self.source

    def node(self, name: str, label: str | None = None, **attrs: str) -> None:
        """Add a node."""
        self._lines.append(f"\t{_quoted(name)}{_attributes(label, attrs)}")

    def edge(self, tail_name: str, head_name: str, label: str | None = None, **attrs: str) -> None:
        """Add an edge."""
        self._lines.append(f"\t{_quoted(tail_name)} -> {_quoted(head_name)}{_attributes(label, attrs)}")

    def save(self, filename: str | os.PathLike[str] | None = None) -> str:
        """Write the DOT text, by default to `{name}.gv`; returns the file's name."""
        path = os.fspath(filename or f"{self.name}.gv")
        with atomic_write(path, "w") as file:
            file.write(self.source)
        return path

    def render(self, filename: str | os.PathLike[str] | None = None, **options: Any) -> str:
        """Write the DOT text, and the drawing beside it if the `dot` program is there; returns the last file's name."""
        path = self.save(filename)
        dot = shutil.which("dot")
        if dot is None:
            warnings.warn(f"the dot program is not installed, so {path} holds the drawing as DOT text", stacklevel=2)
            return path
        target = f"{path}.{self.format}"
        subprocess.run([dot, f"-T{self.format}", "-o", target, path], check=True)
        return target


_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|-?(\.[0-9]+|[0-9]+(\.[0-9]*)?)")      # identifiers and numbers of DOT
_KEYWORDS = ("node", "edge", "graph", "digraph", "subgraph", "strict")


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in _KEYWORDS:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _attributes(label: str | None, attrs: Mapping[str, str]) -> str:
    parts = [] if label is None else [f"label={_quoted(label)}"]
    parts += [f"{key}={_quoted(value)}" for key, value in sorted(attrs.items())]
    return f" [{' '.join(parts)}]" if parts else ""


def plot_network(symbol: Symbol, title: str = "plot", save_format: str = "pdf", shape: Shapes | None = None,
                 dtype: Any = None, node_attrs: Mapping[str, str] | None = None, hide_weights: bool = True) -> Any:
    """A drawing of the network, with `render(filename)` and `source` (DOT text): a `graphviz.Digraph`, or, without
    that package or its `dot` program, a `Drawing`.

    `shape` (by input) puts shapes on the edges, `dtype` (one, or by input) element types. `node_attrs` are further
    attributes of the nodes. `hide_weights` leaves parameters out; else they are ovals without colour. Raises TypeError
    for anything but a Symbol, ValueError when `shape` does not decide all shapes.
    """
    if not isinstance(symbol, Symbol):
        raise MXNetTypeError(f"symbol must be a Symbol, not {type(symbol).__name__}")
    shapes, kinds = _shapes(symbol, shape), _dtypes(symbol, dtype)
    drawing = _canvas(title, save_format)
    style = {"shape": "box", "fixedsize": "true", "width": "1.3", "height": "0.8034", "style": "filled",
             **(node_attrs or {})}
    shown = [node for node in symbol._nodes if not (hide_weights and _is_weight(node))]
    for node in shown:
        if _is_weight(node):
            continue                                 # drawn as an empty oval, by the edge to it
        kind = node.op.name if node.op else "null"
        own = {"shape": (node_attrs or {}).get("shape", "oval")} if node.op is None else {}
        drawing.node(name=node.name, label=_label(node), **{**style, **own, "fillcolor": _COLOURS.get(kind, _OTHER)})
    names = {id(node) for node in shown}
    for node in shown:
        for source, index in node.inputs:
            if id(source) in names:
                drawing.edge(tail_name=node.name, head_name=source.name, dir="back", arrowtail="open",
                             label=_edge_label((source, index), shapes, kinds))
    return drawing


def _canvas(title: str, save_format: str) -> Any:
    if shutil.which("dot") is None:
        return Drawing(title, save_format)
    try:
        import graphviz
    except ImportError:
        return Drawing(title, save_format)
    return graphviz.Digraph(name=title, format=save_format)


def _is_weight(node: Node) -> bool:
    return node.op is None and node.name.endswith(_WEIGHTS)


def _dtypes(symbol: Symbol, dtype: Any) -> dict[tuple[int, int], str]:
    if dtype is None:
        return {}
    internals = symbol.get_internals()
    given = dtype if isinstance(dtype, dict) else dict.fromkeys(symbol.list_arguments()[:1], dtype)
    kinds = internals.infer_type(**given)[1] or [None] * len(internals)
    return {(id(node), index): name_of(kind) for (node, index), kind in zip(internals._outputs, kinds)
            if kind is not None}


def _label(node: Node) -> str:
    """What is written into a node: its name, or for the usual layers the operator and what it does."""
    p: Any = node.params
    if node.op is None:
        return node.name
    if node.op.name == "Convolution":
        stride = "x".join(map(str, p.stride)) if p.stride else "1"
        return f"{node.op.name}\n{'x'.join(map(str, p.kernel))}/{stride}, {p.num_filter}"
    if node.op.name == "FullyConnected":
        return f"FullyConnected\n{p.num_hidden}"
    if node.op.name in ("Activation", "LeakyReLU"):
        return f"{node.op.name}\n{p.act_type}"
    if node.op.name == "Pooling":
        stride = "x".join(map(str, p.stride)) if p.stride else "1"
        return f"Pooling\n{p.pool_type}, {'x'.join(map(str, p.kernel))}/{stride}"
    return node.name


def _edge_label(entry: Entry, shapes: _Found, kinds: Mapping[tuple[int, int], str]) -> str:
    key = (id(entry[0]), entry[1])
    kind = f"({kinds[key]})" if key in kinds else ""
    return _size_text(shapes.get(key)) + kind


lend(__name__)
