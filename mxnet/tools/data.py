# SPDX-License-Identifier: Apache-2.0
"""`mxtorch data inspect FILE`: what is in a file of data or of a model, without training anything.

    mxtorch data inspect train.rec --sheet train.png
    mxtorch data inspect resnet-0001.params

Known are record files (.rec) and their indices (.idx), image lists (.lst), arrays (.params, .nd), optimizer states
(.states) and symbols (.json). Each kind has a function that gives lines of text.
"""
from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._files import atomic_write
from ..base import MXNetError, MXNetValueError
from ..image._header import image_size
from ..recordio import MXIndexedRecordIO, MXRecordIO, unpack

__all__ = ["contact_sheet", "inspect", "main"]

_MOST = 12                     # lines of one table
_BAR = 40                      # characters of the longest bar of a histogram
_MAGICS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"RIFF": "WebP", b"BM": "BMP", b"II*\0": "TIFF",
           b"MM\0*": "TIFF", b"GIF8": "GIF"}


def inspect(path: str) -> list[str]:
    """Lines that say what a file holds.

    Raises MXNetValueError for a kind of file that is not known, MXNetError for one that is missing or damaged.

    >>> import mxnet as mx, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.params")
    >>> mx.nd.save(path, {"arg:w": mx.nd.zeros((2, 3))})
    >>> inspect(path)[1:]
    ['1 arrays, 6 values, 24 bytes of values', '  float32 (2, 3) arg:w: 0 ... 0']
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in KINDS:
        raise MXNetValueError(f"{path}: the kind of a file is told by its suffix, one of {', '.join(KINDS)}")
    try:
        size = os.path.getsize(path)
    except OSError as error:
        raise MXNetError(f"{path}: cannot be read: {error.strerror}") from None
    return [f"{path}: {size:,} bytes", *KINDS[suffix](path)]


# ---- record files -----------------------------------------------------------------------------------------------

def _records(path: str) -> Iterator[tuple[int, bytes]]:
    """Offset and content of each record; damaged ones are passed over."""
    with MXRecordIO(path, "r", on_error="skip") as reader:
        while True:
            offset = reader.tell()
            content = reader.read()
            if content is None:
                if reader.skipped:
                    yield -reader.skipped, b"%d" % reader.skipped_bytes
                return
            yield offset, content


def _inspect_records(path: str) -> Iterator[str]:
    sizes, widths, kinds, shapes, labels = [], Counter[int](), Counter[str](), Counter[Any](), Counter[float]()
    classes, detection = Counter[float](), True
    headless, damage = 0, ""
    for offset, content in _records(path):
        if offset < 0:
            damage = f"DAMAGED: {-offset} stretches, {content.decode()} bytes in all, are no records"
            continue
        sizes.append(len(content))
        try:
            header, data = unpack(content)
        except MXNetError:
            headless += 1
            continue
        label = np.atleast_1d(header.label)
        widths[len(label)] += 1
        if len(label):
            labels[float(label[0])] += 1
        if (objects := _objects(label)) is None:
            detection = False
        else:
            classes.update(objects)
        kind = next((name for magic, name in _MAGICS.items() if data.startswith(magic)), "other data")
        kinds[kind] += 1
        shape = image_size(data)
        if shape:
            shapes[shape] += 1
    yield f"{len(sizes):,} records"
    if damage:
        yield damage
    if not sizes:
        return
    yield f"bytes of a record: {min(sizes):,} to {max(sizes):,}, mean {np.mean(sizes):,.0f}"
    if headless:
        yield f"{headless:,} records are too short for a header with a label"
    if kinds:
        yield "content: " + ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    if shapes:
        width, height = (np.array([shape[at] for shape in shapes.elements()]) for at in range(2))
        yield (f"images: {width.min()} to {width.max()} wide (mean {width.mean():.0f}), {height.min()} to "
               f"{height.max()} high (mean {height.mean():.0f}), {len(shapes)} sizes")
    if widths:
        yield "numbers in a label: " + ", ".join(f"{width} ({count:,})" for width, count in sorted(widths.items()))
        if detection:
            yield from _histogram(f"{classes.total():,} objects, their classes", classes)
        else:
            yield from _histogram("first number of the label", labels)


def _objects(label: np.ndarray) -> list[float] | None:
    """The classes of a label for detection (see `mx.image.ImageDetIter`), None for another label."""
    head, width = (int(label[0]), int(label[1])) if len(label) >= 7 and np.isfinite(label[:2]).all() else (0, 0)
    if head < 2 or width < 5 or head > len(label) or (len(label) - head) % width:
        return None
    return label[head::width].tolist()


def _histogram(title: str, counts: Counter[float]) -> Iterator[str]:
    """A line for each value, or for each of some ranges where there are many values."""
    yield f"{title}: {len(counts):,} values"
    rows = [(f"{value:g}", count) for value, count in sorted(counts.items())]
    if len(rows) > _MOST:
        values, weights = np.array(list(counts)), np.array(list(counts.values()))
        found, edges = np.histogram(values, _MOST, weights=weights)
        rows = [(f"{low:g} to {high:g}", int(count)) for low, high, count in zip(edges, edges[1:], found)]
    most, width = max(count for _, count in rows), max(len(name) for name, _ in rows)
    for name, count in rows:
        yield f"  {name:>{width}} {count:>9,} {'#' * round(_BAR * count / most)}"


def _inspect_index(path: str) -> Iterator[str]:
    record = os.path.splitext(path)[0] + ".rec"
    if os.path.exists(record):
        reader = MXIndexedRecordIO(path, record, "r", key_type=str)
        keys, offsets = reader.keys, [reader.idx[key] for key in reader.keys]
        reader.close()
        places = {offset for offset, _ in _records(record)}
        wrong = [key for key, offset in zip(keys, offsets) if offset not in places]
        said = f"{len(places - set(offsets)):,} records of {record} have no key" if not wrong else \
            f"WRONG: no record begins where {len(wrong):,} keys point to in {record}: {wrong[:_MOST]}"
    else:
        keys = []
        with open(path, encoding="utf-8", errors="replace") as file:
            keys = [line.split("\t")[0] for line in file]
        said = f"there is no {record} to compare with"
    yield f"{len(keys):,} keys" + (f", {keys[0]} to {keys[-1]}" if keys else "")
    if len(set(keys)) < len(keys):
        yield f"{len(keys) - len(set(keys)):,} keys stand there more than once"
    yield said


def _inspect_list(path: str) -> Iterator[str]:
    from .im2rec import read_list
    items = list(read_list(path))
    yield f"{len(items):,} images"
    if items:
        yield f"keys {min(item[0] for item in items)} to {max(item[0] for item in items)}"
        widths = Counter(len(item) - 2 for item in items)
        yield "numbers in a label: " + ", ".join(f"{width} ({count:,})" for width, count in sorted(widths.items()))
        yield from _histogram("first number of the label", Counter(item[2] for item in items))


# ---- files of models --------------------------------------------------------------------------------------------

def _inspect_arrays(path: str) -> Iterator[str]:
    from ..ndarray import load
    found = load(path)
    named = list(found.items()) if isinstance(found, dict) else [(str(at), one) for at, one in enumerate(found)]
    values = sum(array.size for _, array in named)
    yield f"{len(named):,} arrays, {values:,} values, {sum(_bytes(array) for _, array in named):,} bytes of values"
    for name, array in named:
        yield f"  {_describe(array)} {name}: {_range(array)}"


def _bytes(array: Any) -> int:
    return array._tensor.numel() * array._tensor.element_size()


def _describe(array: Any) -> str:
    return f"{str(array._tensor.dtype).removeprefix('torch.')} {array.shape}"


def _range(array: Any) -> str:
    """Least and greatest value; NaN is told."""
    tensor = array._tensor.double().flatten()
    if not tensor.numel():
        return "empty"
    bad = int((~tensor.isfinite()).sum())
    finite = tensor[tensor.isfinite()]
    said = f"{float(finite.min()):.6g} ... {float(finite.max()):.6g}" if finite.numel() else "no finite value"
    return f"{said}, {bad} NaN or infinite" if bad else said


def _inspect_states(path: str) -> Iterator[str]:
    from ..optimizer import SGD, get_updater
    with open(path, "rb") as file:
        updater = get_updater(SGD())
        updater.set_states(file.read())
    optimizer = "" if type(updater.optimizer) is SGD else f", of {type(updater.optimizer).__name__}"
    yield f"states of {len(updater.states):,} parameters{optimizer}"
    for key, state in updater.states.items():
        yield f"  {key}: {', '.join(_describe(array) for array in _arrays(state)) or 'none'}"


def _arrays(state: Any) -> Iterator[Any]:
    if isinstance(state, (list, tuple)):
        for part in state:
            yield from _arrays(part)
    elif hasattr(state, "_tensor"):
        yield state


def _inspect_symbol(path: str) -> Iterator[str]:
    from ..symbol import load
    symbol = load(path)
    inside = symbol.get_internals()
    operators = Counter(node.op.name for node in {id(node): node for node, _ in inside._outputs}.values() if node.op)
    yield f"{sum(operators.values()):,} operators, {len(symbol.list_arguments()):,} arguments, " \
          f"{len(symbol.list_auxiliary_states()):,} auxiliary states"
    yield f"outputs: {', '.join(symbol.list_outputs())}"
    for name, count in operators.most_common():
        yield f"  {count:>5,} {name}"


KINDS: dict[str, Callable[[str], Iterator[str]]] = {
    ".rec": _inspect_records, ".idx": _inspect_index, ".lst": _inspect_list, ".params": _inspect_arrays,
    ".nd": _inspect_arrays, ".states": _inspect_states, ".json": _inspect_symbol}


# ---- pictures ---------------------------------------------------------------------------------------------------

def contact_sheet(path: str, count: int = 36, side: int = 128) -> np.ndarray:
    """`count` images of a record file, evenly spread, in a square of tiles with their labels written on them.

    Returns (height, width, 3) uint8, channels blue, green, red. Raises MXNetError where no image can be decoded.
    """
    from ..image.codec import opencv
    cv2 = opencv()
    places = [offset for offset, _ in _records(path) if offset >= 0]
    chosen = {places[at] for at in np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int)}
    tiles = []
    for offset, content in _records(path):
        if offset not in chosen:
            continue
        try:
            header, data = unpack(content)
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        except (MXNetError, cv2.error):
            image = None
        if image is not None:
            tiles.append(_tile(cv2, image, " ".join(f"{one:g}" for one in np.atleast_1d(header.label)[:4]), side))
    if not tiles:
        raise MXNetError(f"{path}: none of its records holds an image")
    across = int(np.ceil(np.sqrt(len(tiles))))
    down = -(-len(tiles) // across)
    sheet = np.full((down * side, across * side, 3), 255, np.uint8)
    for at, tile in enumerate(tiles):
        y, x = divmod(at, across)
        sheet[y * side:(y + 1) * side, x * side:(x + 1) * side] = tile
    return sheet


def _tile(cv2: Any, image: np.ndarray, text: str, side: int) -> np.ndarray:
    """An image made to fit a square, its label in a corner."""
    height, width = image.shape[:2]
    scale = (side - 4) / max(height, width)
    small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))),
                       interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((side, side, 3), 255, np.uint8)
    y, x = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    tile[y:y + small.shape[0], x:x + small.shape[1]] = small
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, text, (5, side - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)
    return tile


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; its exit code."""
    parser = argparse.ArgumentParser(prog="mxtorch data", description="What is in files of data and of models.")
    commands = parser.add_subparsers(dest="command", required=True)
    look = commands.add_parser("inspect", help="describe files")
    look.add_argument("files", nargs="+", metavar="FILE", help=f"a file of the kinds {', '.join(KINDS)}")
    look.add_argument("--sheet", metavar="PNG", help="write a sheet of images of a record file")
    look.add_argument("--count", type=int, default=36, help="images on the sheet, default 36")
    options = parser.parse_args(arguments)
    try:
        for path in options.files:
            print("\n".join(inspect(path)))
        if options.sheet:
            from ..image.codec import opencv
            sheet = contact_sheet(options.files[0], options.count)
            with atomic_write(options.sheet) as file:
                file.write(opencv().imencode(".png", sheet)[1].tobytes())
            print(f"{options.sheet}: {sheet.shape[1]} x {sheet.shape[0]} pixels")
    except MXNetError as error:
        print(f"mxtorch data: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
