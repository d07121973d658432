# SPDX-License-Identifier: Apache-2.0
"""Symbols as JSON: what MXNet of any generation wrote is read, what is written MXNet 1.9.1 reads (and lays out alike).

Generations differ in where attributes stand (`param` and `attr` up to 0.9, `attr` up to 1.1, `attrs` since), in the
length of an input (two numbers or three), in names of framework attributes (`lr_mult`, now `__lr_mult__`), and in
auxiliary states, which were not written as inputs before 0.9.
"""
from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._files import atomic_write
from ..base import MXNetError, MXNetTypeError, MXNetValueError, nearest
from ..ops.registry import REGISTRY, Operator, OperatorError
from .graph import HIDDEN, Entry, Node, input_attribute, is_private, topological
from .traits import outputs_in_files

if TYPE_CHECKING:
    from .symbol import Symbol

_VERSION = 10901                     # the MXNet release whose format this is
_UNSTATED = 800
_COUNTS = ("num_args", "num_outputs", "num_out_data", "num_arrays", "num_tensors", "num_weights", "sections")
_MOST = 10_000                       # as many digits as this may the number of a node's inputs or outputs have
_INPUTS_LISTED = 900                 # from this release on a file lists every input
_INITIALIZERS_KEPT = 904             # from this release on variables have the initializer that their operator wants
_ARGMAX_AXIS_OPTIONAL = 905          # from this release on argmax without an axis has none, and -1 is the last


class SymbolFormatError(MXNetValueError):
    """A symbol file that is no symbol: says which part is wrong."""


# ---- writing ------------------------------------------------------------------------------------

def dumps(symbol: Symbol, remove_amp_cast: bool = True) -> str:
    """The JSON text of a symbol."""
    outputs = _without_amp_cast(symbol._outputs) if remove_amp_cast else symbol._outputs
    order = topological(outputs)
    number = {id(node): i for i, node in enumerate(order)}
    graph = {
        "nodes": [_node_dict(node, number) for node in order],
        "arg_nodes": [i for i, node in enumerate(order) if node.op is None],
        "node_row_ptr": _row_pointers(order),
        "heads": [[number[id(node)], index, 0] for node, index in outputs],
        "attrs": {"mxnet_version": ["int", _VERSION]},
    }
    return _layout(graph)


def _node_dict(node: Node, number: Mapping[int, int]) -> dict[str, Any]:
    result: dict[str, Any] = {"op": node.op.name if node.op else "null", "name": node.name}
    if node.attrs:
        result["attrs"] = dict(sorted(node.attrs.items()))
    result["inputs"] = [[number[id(source)], index, int(aux)]
                        for (source, index), aux in zip(node.inputs, node.aux_flags())]
    if node.subgraphs:
        result["subgraphs"] = [json.loads(dumps(sub)) for sub in node.subgraphs]
    if node.after:
        result["control_deps"] = [number[id(source)] for source in node.after]
    return result


def _row_pointers(order: list[Node]) -> list[int]:
    pointers = [0]
    for node in order:
        pointers.append(pointers[-1] + outputs_in_files(node))
    return pointers


def _without_amp_cast(outputs: list[Entry]) -> list[Entry]:
    """The graph with each `amp_cast` and `amp_multicast` replaced by what it casts, except where it is an output."""
    order = topological(outputs)
    if not any(node.op is not None and node.op.name in ("amp_cast", "amp_multicast") for node in order):
        return outputs
    made: dict[int, Node] = {}

    def entry(source: Node, index: int) -> Entry:
        while source.op is not None and source.op.name in ("amp_cast", "amp_multicast"):
            source, index = source.inputs[index if source.op.name == "amp_multicast" else 0]
        return made[id(source)], index

    for node in order:
        made[id(node)] = Node(node.op, node.name, node.attrs, [], node.line, node.params, node.subgraphs)
        made[id(node)].inputs = [entry(*source) for source in node.inputs]
        made[id(node)].after = tuple([entry(source, 0)[0] for source in node.after])
    return [(made[id(node)], index) for node, index in outputs]


def _layout(value: Any, indent: int = 0) -> str:
    """Text as dmlc's JSON writer lays it out: one line for up to ten numbers or one pair, else a line for each."""
    pad, closing = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        items = [f"{_quoted(key)}: {_layout(item, indent + 2)}" for key, item in value.items()]
        return "{" + items[0] + "}" if len(items) == 1 and indent else \
            "{\n" + ", \n".join(pad + item for item in items) + f"\n{closing}}}"
    if isinstance(value, list):
        items = [_layout(item, indent + 2) for item in value]
        lines = len(items) > 10 or any(isinstance(item, dict) for item in value)
        return "[\n" + ", \n".join(pad + item for item in items) + f"\n{closing}]" if lines else \
            "[" + ", ".join(items) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _quoted(text: str) -> str:
    """A string with the escapes that MXNet's reader knows; all other characters stand for themselves."""
    return f'"{text.translate(_ESCAPES)}"'


def save(symbol: Symbol, fname: str | os.PathLike[str], remove_amp_cast: bool = True) -> None:
    """Write a symbol to a file, atomically."""
    if not isinstance(fname, (str, os.PathLike)):
        raise MXNetTypeError(f"fname need to be string, not {type(fname).__name__}")
    try:
        data = dumps(symbol, remove_amp_cast).encode()
    except UnicodeEncodeError as error:
        raise MXNetValueError(f"{os.fspath(fname)}: a name or attribute cannot be written as UTF-8: {error}") from None
    with atomic_write(fname) as file:
        file.write(data)


def debug_text(symbol: Symbol) -> str:
    """The graph as text."""
    if len(symbol._nodes) == 1 and symbol._nodes[0].op is None:
        return f"Variable:{symbol._nodes[0].name}\n"
    lines = ["Symbol Outputs:"]
    lines += [f"\toutput[{i}]={node.name}({index})" for i, (node, index) in enumerate(symbol._outputs)]
    for node in symbol._nodes:
        if node.op is None:
            lines.append(f"Variable:{node.name}")
            continue
        lines += ["--------------------", f"Op:{node.op.name}, Name={node.name}", "Inputs:"]
        for i, ((source, index), aux) in enumerate(zip(node.inputs, node.aux_flags())):
            version = f" version={int(aux)}" if source.op is None else ""
            lines.append(f"\targ[{i}]={source.name}({index}){version}")
        if node.attrs:
            lines += ["Attrs:", *(f"\t{key}={value}" for key, value in sorted(node.attrs.items()))]
    return "\n".join(lines) + "\n"


# ---- reading ------------------------------------------------------------------------------------

def load(fname: str | os.PathLike[str]) -> Symbol:
    """Read a symbol from a JSON file. Raises MXNetError naming the file and what is wrong with it."""
    if not isinstance(fname, (str, os.PathLike)):
        raise MXNetTypeError(f"fname need to be string, not {type(fname).__name__}")
    try:
        with open(fname, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        raise MXNetError(f"{os.fspath(fname)}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MXNetError(f"{os.fspath(fname)}: {error}") from None
    try:
        return loads(text)
    except MXNetError as error:
        raise type(error)(f"{os.fspath(fname)}: {error}") from None


def loads(json_str: str) -> Symbol:
    """A symbol from its JSON text. Raises MXNetError; unknown operators are listed all at once."""
    if not isinstance(json_str, str):
        raise MXNetTypeError("fname required to be string")
    try:
        graph = json.loads(json_str, strict=False)           # MXNet writes control characters as they are
    except (ValueError, RecursionError) as error:
        raise SymbolFormatError(f"not JSON: {error}") from None
    return from_graph(graph)


def from_graph(graph: Any) -> Symbol:
    """A symbol from the parsed JSON, whose nodes are dropped on the way: that halves the memory that it takes."""
    from .symbol import Symbol
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        raise SymbolFormatError("a symbol file is an object with a list of nodes")
    version = _version(graph)
    items = graph["nodes"]
    _refuse_unknown_operators(items)
    nodes: list[Node] = []
    for i in range(len(items)):
        nodes.append(_build(_Described(i, items[i]), nodes, version))
        items[i] = None
    if "heads" in graph:
        heads = [_entry(head, nodes, "heads") for head in _list(graph["heads"], "heads")]
    else:
        heads = [(nodes[-1], 0)] if nodes else []
    if not heads:
        raise SymbolFormatError("the graph has no heads, so no outputs")
    return Symbol(heads)


class _Described:
    """One node as the file has it, of whatever generation."""

    def __init__(self, number: int, item: Any) -> None:
        if not isinstance(item, dict):
            raise SymbolFormatError(f"node {number} is no object")
        self.number = number
        op, name = item.get("op"), item.get("name")
        if not isinstance(op, str) or not isinstance(name, str):
            raise SymbolFormatError(f"node {number} needs an op and a name, both strings")
        self.op, self.name = op, name
        self.inputs = _list(item.get("inputs", []), f"inputs of node {number} ({self.name!r})")
        self.subgraphs = _list(item.get("subgraphs", []), f"subgraphs of node {number}")
        self.after = _list(item.get("control_deps", []), f"control_deps of node {number}")
        self.attrs: dict[str, str] = {}
        for key in ("param", "attr", "attrs"):
            part = item.get(key) or {}
            if not isinstance(part, dict):
                raise SymbolFormatError(f"{key} of node {number} ({self.name!r}) is no object")
            self.attrs.update({str(k): v if isinstance(v, str) else json.dumps(v) for k, v in part.items()})
        self.attrs = {_modern_key(key): value for key, value in self.attrs.items()}


def _modern_key(key: str) -> str:
    return f"__{key}__" if key in HIDDEN else key


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise SymbolFormatError(f"{what} should be a list, not {type(value).__name__}")
    return value


def _refuse_unknown_operators(items: list[Any]) -> None:
    unknown: dict[str, list[Any]] = {}
    for item in items:
        op = item.get("op") if isinstance(item, dict) else None
        if isinstance(op, str) and op != "null" and op not in REGISTRY:
            unknown.setdefault(op, []).append(item.get("name"))
    if unknown:
        listed = "; ".join(f"{op!r} (node {', '.join(map(repr, names[:3]))}{', ...' if len(names) > 3 else ''})"
                           f"{nearest(op, REGISTRY)}" for op, names in unknown.items())
        raise OperatorError(f"the graph uses operators that are not there: {listed}")


def _entry(item: Any, nodes: list[Node], where: str) -> Entry:
    if not (isinstance(item, list) and len(item) in (2, 3) and all(type(n) is int for n in item)):
        raise SymbolFormatError(f"{where}: an entry is a list of two or three whole numbers, not {item!r}")
    source, index = item[:2]
    if not 0 <= source < len(nodes):
        raise SymbolFormatError(f"{where}: refers to node {source}, which does not come before it")
    if not 0 <= index < nodes[source].output_count():
        raise SymbolFormatError(f"{where}: refers to output {index} of {nodes[source].name!r}, "
                                f"which has {nodes[source].output_count()}")
    return nodes[source], index


def _version(graph: dict[str, Any]) -> int:
    """The release that wrote the graph, as 10901 for 1.9.1; files from before 0.9 do not say and count as 0.8."""
    stated = graph.get("attrs") or {}
    number = stated.get("mxnet_version", ["int", _UNSTATED]) if isinstance(stated, dict) else None
    if not (isinstance(number, list) and len(number) == 2 and isinstance(number[1], int)):
        raise SymbolFormatError(f"attrs has mxnet_version as a pair such as [\"int\", {_VERSION}], not {number!r}")
    return number[1]


def _build(item: _Described, nodes: list[Node], version: int) -> Node:
    where = f"node {item.number} ({item.name!r})"
    inputs = [_entry(entry, nodes, f"inputs of {where}") for entry in item.inputs]
    after = [_entry([source, 0], nodes, f"control_deps of {where}")[0] for source in item.after]
    if item.op == "null":
        return Node(None, item.name, item.attrs, [], after=after)
    op = REGISTRY[item.op]
    subgraphs = tuple(from_graph(sub) for sub in item.subgraphs)
    attrs, for_inputs = _own_attrs(item, op)
    if version < _ARGMAX_AXIS_OPTIONAL and op.name in ("argmax", "argmin") and attrs.get("axis") == "-1":
        del attrs["axis"]                            # then -1 said that there is no axis
    _refuse_huge_counts(attrs, where)
    node = Node(op, item.name, attrs, inputs, subgraphs=subgraphs, after=after)
    _add_missing_inputs(node, version)
    if version < _INITIALIZERS_KEPT:
        for slot, (source, _) in zip(op.inputs(node.params, len(node.inputs)), node.inputs):
            if source.op is None and slot.init is not None:
                source.attrs.setdefault("__init__", slot.init)
    for name, key, value in for_inputs:
        _set_on_input(node, name, key, value)
    return node


def _refuse_huge_counts(attrs: Mapping[str, str], where: str) -> None:
    """A node has a list of its inputs and outputs: a damaged number may not make it fill the memory."""
    for key in _COUNTS:
        digits = attrs.get(key, "").strip().lstrip("+-")
        if digits.isdecimal() and len(digits) > len(str(_MOST)):
            raise SymbolFormatError(f"{where}: {key}={attrs[key]!r} is too large")


def _set_on_input(node: Node, name: str, key: str, value: str) -> None:
    """Give an attribute such as `lr_mult` to the variable at an input; other nodes and unknown names have no use."""
    names = node.input_names()
    if name in names:
        source = node.inputs[names.index(name)][0]
        if source.op is None:
            source.attrs[f"__{key}__"] = value


def _own_attrs(item: _Described, op: Operator) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The attributes as this operator takes them: those it does not know are kept as `__x__`, with a warning.

    Also (input, attribute, value) for each of the old attributes of inputs, such as `weight_lr_mult`.
    """
    attrs, for_inputs = {}, []
    for key, value in item.attrs.items():
        meant = input_attribute(key)
        if key in op.params or is_private(key):
            attrs[key] = value
        elif meant:
            for_inputs.append((*meant, value))
        elif op.open_params:
            attrs[key] = value
        elif key == "scalar_on_left":                    # of 0.5: which side the number stands on
            if value.lower() in ("true", "1"):
                raise SymbolFormatError(f"{op.name} {item.name!r}: scalar_on_left is not read, the operator for a "
                                        "number on the left has a name of its own")
        else:
            warnings.warn(f"{op.name} {item.name!r}: parameter {key}={value!r} of the file is not known and ignored",
                          stacklevel=2)
            attrs[f"__{key}__"] = value
    if op.count is not None and op.count not in attrs:
        attrs[op.count] = str(len(item.inputs))
    return attrs, for_inputs


def _add_missing_inputs(node: Node, version: int) -> None:
    """Auxiliary states, which files before 0.9 do not list, become variables of the usual name.

    In such files any other input may be left out too. Later ones list all; only states are made good for those.
    """
    from .compose import auto_variable
    assert node.op is not None and node.params is not None
    wanted = node.op.inputs(node.params, len(node.inputs))
    missing = wanted[len(node.inputs):]
    if len(node.inputs) > len(wanted) or not (version < _INPUTS_LISTED or all(item.aux for item in missing)):
        names = ", ".join(item.name for item in wanted)
        raise SymbolFormatError(f"{node.where()} takes {len(wanted)} inputs ({names}), "
                                f"the file gives {len(node.inputs)}")
    node.inputs += [(auto_variable(node, item), 0) for item in missing]
