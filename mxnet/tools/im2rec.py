# SPDX-License-Identifier: Apache-2.0
"""im2rec: from a folder of images to lists (`.lst`), and from lists to record files (`.rec` with `.idx`).

    python -m mxnet.tools.im2rec --list --recursive prefix folder
    python -m mxnet.tools.im2rec prefix folder --resize 256 --num-thread 2

Options, names and contents of the files are those of MXNet's tools/im2rec.py. Two differences: records stand in the
order of the list whatever the number of threads, and images that cannot be read are counted and make the exit code 1
(MXNet prints a trace and goes on, or stops at the next one).
"""
from __future__ import annotations

import argparse
import os
import random
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from .._files import atomic_write
from ..base import MXNetError
from ..recordio import IRHeader, MXIndexedRecordIO, pack, pack_img

__all__ = ["list_image", "main", "make_list", "make_record", "read_list", "write_list"]

Item = tuple[Any, ...]                  # key, path below the root, label, ...
_LIST_SEED = 100                        # MXNet's: lists come out in the same order
_AHEAD = 16                             # images in work for each thread


def list_image(root: str, recursive: bool, exts: Iterable[str]) -> Iterator[Item]:
    """Key, path below `root` and label of each image; with `recursive`, each folder that has images is a class.

    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> open(os.path.join(folder, "a.jpg"), "wb").close()
    >>> list(list_image(folder, False, [".jpg"]))
    [(0, 'a.jpg', 0)]
    """
    known = tuple(exts)
    key = 0
    classes: dict[str, int] = {}
    for folder, folders, files in os.walk(root, followlinks=True):
        folders.sort()
        if not recursive:
            folders.clear()
        for name in sorted(files):
            path = os.path.join(folder, name)
            if os.path.splitext(name)[1].lower() in known and os.path.isfile(path):
                label = classes.setdefault(folder, len(classes)) if recursive else 0
                yield key, os.path.relpath(path, root), label
                key += 1
    for folder, label in classes.items():
        print(os.path.relpath(folder, root), label)


def write_list(path: str, items: Iterable[Item]) -> None:
    """Write a `.lst` file: lines of key, labels and path with tabs between."""
    with atomic_write(path, "w") as file:
        for key, name, *labels in items:
            file.write("\t".join([str(key), *(f"{label:f}" for label in labels), name]) + "\n")


def read_list(path: str) -> Iterator[Item]:
    """Items of a `.lst` file. Lines of another form are left out, with a word about each."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            parts = [part.strip() for part in line.strip().split("\t")]
            try:
                if len(parts) < 3:
                    raise ValueError(f"expected a key, a label and a path with tabs between, found {len(parts)} parts")
                yield int(parts[0]), parts[-1], *map(float, parts[1:-1])
            except ValueError as error:
                print(f"{path}, line {number} is left out: {error}", file=sys.stderr)


def make_list(args: argparse.Namespace) -> None:
    """Write the list, or lists, of a folder of images: in chunks, each split into test, validation and training."""
    items = list(list_image(args.root, args.recursive, args.exts))
    if args.shuffle:
        random.Random(_LIST_SEED).shuffle(items)
    size = -(-len(items) // args.chunks)
    train, test = int(size * args.train_ratio), int(size * args.test_ratio)
    for at in range(args.chunks):
        chunk = items[at * size:(at + 1) * size]
        stem = args.prefix + (f"_{at}" if args.chunks > 1 else "")
        if args.train_ratio == 1.0:
            write_list(f"{stem}.lst", chunk)
            continue
        if args.test_ratio:
            write_list(f"{stem}_test.lst", chunk[:test])
        if args.train_ratio + args.test_ratio < 1.0:
            write_list(f"{stem}_val.lst", chunk[test + train:])
        write_list(f"{stem}_train.lst", chunk[test:test + train])


def encode(args: argparse.Namespace, item: Item) -> bytes:
    """The record of one item of a list. Raises MXNetError, with the path, for an image that cannot be read."""
    from ..image.codec import opencv
    path = os.path.join(args.root, item[1])
    label: Any = list(item[2:]) if len(item) > 3 and args.pack_label else item[2]
    header = IRHeader(0, label, item[0], 0)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise MXNetError(f"{path}: cannot be read: {error.strerror}") from None
    if args.pass_through:
        return pack(header, content)
    cv2 = opencv()
    image = cv2.imread(path, args.color)
    if image is None:
        raise MXNetError(f"{path}: is no image that OpenCV reads")
    height, width = image.shape[:2]
    if args.center_crop:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top:top + side, left:left + side]
        height = width = side
    if args.resize:
        from ..image.resize import short_size
        image = cv2.resize(image, short_size(width, height, args.resize))
    return pack_img(header, image, quality=args.quality, img_fmt=args.encoding)


def make_record(args: argparse.Namespace, path: str) -> int:
    """Write the `.rec` and `.idx` beside a list; how many of its images could not be read.

    Threads encode (OpenCV lets go of Python's lock), and records are written in the order of the list.
    """
    from tqdm import tqdm
    stem = os.path.splitext(path)[0]
    items = list(read_list(path))
    failed = 0
    running: deque[tuple[Item, Future[bytes]]] = deque()
    record = MXIndexedRecordIO(f"{stem}.idx", f"{stem}.rec", "w")
    with record, ThreadPoolExecutor(args.num_thread) as pool, \
            tqdm(total=len(items), desc=os.path.basename(stem), unit="img", disable=None) as bar:

        def finish() -> int:
            item, task = running.popleft()
            bar.update()
            try:
                record.write_idx(item[0], task.result())
            except MXNetError as error:
                print(f"left out: {error}", file=sys.stderr)
                return 1
            return 0

        for item in items:
            running.append((item, pool.submit(encode, args, item)))
            if len(running) >= _AHEAD * args.num_thread:
                failed += finish()
        while running:
            failed += finish()
    return failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="im2rec", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
                                     description="Make lists of images, or record files from such lists.")
    parser.add_argument("prefix", help="what the names of .lst, .rec and .idx files begin with")
    parser.add_argument("root", help="folder of the images")
    lists = parser.add_argument_group("making lists")
    lists.add_argument("--list", action="store_true", help="make lists; without, make record files from lists")
    lists.add_argument("--exts", nargs="+", default=[".jpeg", ".jpg", ".png"], help="suffixes of images")
    lists.add_argument("--chunks", type=int, default=1, help="number of lists")
    lists.add_argument("--train-ratio", type=float, default=1.0, help="share of images for training")
    lists.add_argument("--test-ratio", type=float, default=0, help="share of images for testing")
    lists.add_argument("--recursive", action="store_true", help="go into folders; each is a class")
    lists.add_argument("--no-shuffle", dest="shuffle", action="store_false", help="keep the order of names")
    records = parser.add_argument_group("making record files")
    records.add_argument("--pass-through", action="store_true", help="pack the files as they are")
    records.add_argument("--resize", type=int, default=0, help="pixels of the shorter side; 0 leaves it")
    records.add_argument("--center-crop", action="store_true", help="crop the middle to a square")
    records.add_argument("--quality", type=int, default=95, help="of JPEG, 1-100; compression of PNG, 1-9")
    records.add_argument("--num-thread", type=int, default=1, help="threads that encode")
    records.add_argument("--color", type=int, default=1, choices=[-1, 0, 1], help="1 colour, 0 grey, -1 as it is")
    records.add_argument("--encoding", default=".jpg", choices=[".jpg", ".png"], help="format in the record file")
    records.add_argument("--pack-label", action="store_true", help="pack all labels of an image, not the first alone")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The program; its exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.chunks < 1 or args.num_thread < 1:
        parser.error("--chunks and --num-thread are at least 1")
    args.prefix, args.root = os.path.abspath(args.prefix), os.path.abspath(args.root)
    if args.list:
        make_list(args)
        return 0
    folder = args.prefix if os.path.isdir(args.prefix) else os.path.dirname(args.prefix)
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    paths = [path for path in paths if path.startswith(args.prefix) and path.endswith(".lst") and os.path.isfile(path)]
    if not paths:
        print(f"im2rec: there is no list {args.prefix}*.lst; --list makes one", file=sys.stderr)
        return 1
    failed = sum([make_record(args, path) for path in paths])
    if failed:
        print(f"im2rec: {failed} images were left out", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
