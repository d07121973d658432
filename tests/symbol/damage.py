# SPDX-License-Identifier: Apache-2.0
"""Damaged files: symbols as JSON and containers of arrays, changed at random, and what may come of reading them.

A damaged file gives a symbol (or arrays) or an MXNetError. Nothing else is raised, nothing hangs, and no memory is
taken on the word of a number in the file.

As a script, `damage.py symbols|arrays first count` tries that many seeds under a limit of memory and time, and prints
how many it tried and how many files were still good.
"""
from __future__ import annotations

import json
import random
import struct
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2])] if __name__ == "__main__" else []

import mxnet as mx  # noqa: E402
from mxnet.ndarray.serialization import load_tensors_from_buffer  # noqa: E402

DATA = Path(__file__).resolve().parents[1] / "data"
MEMORY = 128 << 20       # bytes that may be taken, over those of the program itself
SECONDS = 20             # for one file


def symbols():
    """Texts of real symbols by name."""
    found = {path.stem: path.read_text() for path in (DATA / "checkpoints").glob("*-symbol.json")}
    for name in ("tiny_resnet_v1", "lstm_unrolled", "ssd"):
        found[name] = np.load(DATA / "zoo" / f"{name}.npz")["symbol"].tobytes().decode()
    return found


def files_of_arrays():
    """Bytes of real files of arrays."""
    paths = [path for folder in ("params", "checkpoints") for path in (DATA / folder).glob("*.params")]
    return [path.read_bytes() for path in sorted(paths)]


# What a leaf of the tree may become.
LEAVES = (None, True, False, 0, -1, 1, 3, 2**31, 2**63, 2**64, -(2**40), 1e300, 0.5, float("nan"), "", "x", "null", "0",
          "-1", "-7", "999999999999", "9" * 400, "1e30", "(1,", "(1, 2", "(0, 0)", "(-1, -1)", "(999999999, 999999999)",
          "(2147483648,)", "[]", "()", "None", "True", "nan", "inf", "-inf", "float16", "int8", "float99", "\ud800",
          "\x00", "é", "__x__", "zero", "valid", "full", "add", "Custom", "_foreach", "FullyConnected", "Convolution",
          "Concat", "BatchNorm", "RNN", "Reshape", "SliceChannel", "_zeros", "Pooling", "one_hot", "tile", "Pad",
          "topk", "amp_multicast", "_arange", "_linspace", "_eye", "repeat", [], {}, [[]], [[0, 0]], [[0, 0, 0]],
          [[-1, 0]], [[0, -1]], [[99999, 0]], [0] * 3, {"a": {}}, {"a": "b"}, ["int", 10901], ["int", -5])

# What may come into the text.
INSERTED = ("\x00", '"', "{", "[", "9" * 30, "]", "}", ",", "\\", "\ufeff", "é", "[" * 5000, "1e999", '{"a":' * 2000)

# Parameters that have operators make large or strange things.
TEMPTING = ("num_outputs", "num_args", "shape", "reps", "repeats", "depth", "kernel", "stride", "pad", "num_filter",
            "num_hidden", "num_layers", "state_size", "axis", "axes", "begin", "end", "step", "target_shape", "N", "M",
            "start", "stop", "num", "size", "dtype", "scale", "k", "pad_width", "input_dim", "output_dim", "num_group",
            "sections", "indices", "__shape__", "__dtype__", "__init__", "act_type", "mode", "p", "eps", "nsize",
            "dilate", "layout", "pool_type", "op_type", "ctx", "num_out_data", "scalar", "height", "width", "sizes")


def _places(tree):
    """All (container, key) of a JSON tree."""
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        for key in (node if isinstance(node, dict) else range(len(node))):
            found.append((node, key))
            if isinstance(node[key], (dict, list)) and node[key]:
                stack.append(node[key])
    return found


def _one_change(tree, chance):
    places = _places(tree)
    if not places:
        return
    place, key = places[chance.randrange(len(places))]
    action = chance.randrange(7)
    if action == 0:
        del place[key]
    elif action == 1 and isinstance(place, list):
        place.insert(key, json.loads(json.dumps(place[key])))
    elif action == 2 and isinstance(place[key], int):
        place[key] += chance.choice((-1, 1, 7, -100))
    elif action == 3 and isinstance(place, dict):
        place[chance.choice(TEMPTING)] = str(chance.choice(LEAVES))
    elif action == 4:
        other, at = places[chance.randrange(len(places))]
        place[key] = json.loads(json.dumps(other[at]))
    elif action == 5 and isinstance(place, dict):
        place[chance.choice(("attrs", "attr", "param", "inputs", "op", "name", "subgraphs", "heads", "nodes"))] = \
            chance.choice(LEAVES)
    else:
        place[key] = chance.choice(LEAVES)


def _node_change(tree, chance):
    """Another operator, or another parameter, for a node."""
    nodes = tree["nodes"]
    node = nodes[chance.randrange(len(nodes))]
    if chance.random() < 0.3:
        node["op"] = chance.choice(sorted(mx.ops.registry.REGISTRY))
    else:
        attrs = node.setdefault("attrs", {})
        if isinstance(attrs, dict):
            attrs[chance.choice([*attrs, *TEMPTING])] = str(chance.choice(LEAVES))


def damaged_json(text, chance):
    """The text of a symbol with one to four things changed."""
    kind = chance.randrange(10)
    if kind < 6:
        tree = json.loads(text)
        for _ in range(chance.randrange(1, 5)):
            if kind < 3 and isinstance(tree.get("nodes"), list) and all(isinstance(n, dict) for n in tree["nodes"]) \
                    and tree["nodes"]:
                _node_change(tree, chance)
            else:
                _one_change(tree, chance)
        return json.dumps(tree)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(text) + 1)
        if kind == 6:
            text = text[:at]
        elif kind == 7:
            text = text[:at] + chance.choice(INSERTED) + text[at:]
        elif kind == 8:
            text = text[:at] + text[at + chance.randrange(9):]
        else:
            text = text[:at] + chr(chance.randrange(256)) + text[at + 1:]
    return text


def use_symbol(text):
    """Read a symbol and ask all that needs no arrays. Returns whether it is one; MXNetError is an answer, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            symbol = mx.sym.load_json(text)
        except mx.MXNetError:
            return False
        for ask in (symbol.list_arguments, symbol.list_auxiliary_states, symbol.list_outputs, symbol.attr_dict,
                    symbol.tojson, symbol.debug_str, symbol.get_internals, symbol.infer_shape_partial,
                    symbol.infer_shape, symbol.infer_type, lambda: symbol.infer_shape_partial(data=(2, 3, 8, 8)),
                    lambda: symbol.infer_type_partial(data="float16"), lambda: symbol.__copy__()):
            try:
                ask()
            except mx.MXNetError:
                pass
    return True


# Numbers that may stand where a file has a count, a size, a code.
_NUMBERS = (0, 1, 2, 3, 7, 0x112, 0xF993FAC8, 0xF993FAC9, 0xF993FACA, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63,
            2**64 - 1)


def damaged_bytes(data, chance):
    """The bytes of a file with one to four changes."""
    data = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at:at + 1] = bytes([chance.randrange(256)])
        elif kind == 2 and data:
            data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
        elif kind == 3:
            form = chance.choice(("<I", "<Q"))
            place = at // 4 * 4
            number = chance.choice(_NUMBERS) & (0xFFFFFFFF if form == "<I" else 2**64 - 1)
            data[place:place + struct.calcsize(form)] = struct.pack(form, number)
        elif kind == 4:
            del data[at:at + chance.randrange(1, 9)]
        else:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
    return bytes(data)


def use_arrays(data):
    """Read arrays. Returns whether there are any; MXNetError is an answer, too."""
    try:
        tensors, _ = load_tensors_from_buffer(data)
    except mx.MXNetError:
        return False
    assert sum(t.numel() * t.element_size() for t in tensors) <= len(data)
    return True


def tensors(data):
    """The arrays of a file; none when it is not one that can be read."""
    try:
        return load_tensors_from_buffer(data)[0]
    except mx.MXNetError:
        return []


def seeded(seed):
    """A source of chance that is the same everywhere."""
    return random.Random(seed)


def _main(kind, first, count):
    import resource  # these two are for POSIX systems
    import signal

    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    texts, files = sorted(symbols().items()), files_of_arrays()
    kept = 0
    for seed in range(first, first + count):
        chance = seeded(seed)
        signal.alarm(SECONDS)                            # ends the process
        try:
            if kind == "symbols":
                kept += use_symbol(damaged_json(chance.choice(texts)[1], chance))
            else:
                kept += use_arrays(damaged_bytes(chance.choice(files), chance))
        except BaseException:
            print(f"seed {seed}", file=sys.stderr)
            raise
    print(count, kept)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
