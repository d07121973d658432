# SPDX-License-Identifier: Apache-2.0
"""Runs of im2rec whose files must have the bytes of MXNet's; as a script, prints what MXNet's own im2rec writes.

    python record_im2rec.py path/of/mxnet's/im2rec.py
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "image")
RUNS = {
    "plain": (["--list", "--no-shuffle"], ["--pass-through"]),
    "recursive": (["--list", "--recursive"], ["--pass-through", "--pack-label"]),
    "split": (["--list", "--recursive", "--train-ratio", "0.5", "--test-ratio", "0.2"], ["--pass-through"]),
    "chunks": (["--list", "--recursive", "--chunks", "3"], ["--pass-through"]),
    "png": (["--list", "--recursive", "--exts", ".png"], ["--encoding", ".png", "--quality", "9", "--resize", "20"]),
    "crop": (["--list", "--exts", ".png"], ["--encoding", ".png", "--quality", "3", "--center-crop"]),
    "grey": (["--list", "--exts", ".png"], ["--encoding", ".png", "--color", "0", "--resize", "90"]),
}
MADE = "made.json"


def images(folder):
    """A tree of images: three classes, one nested."""
    for name, places in {"0.jpg": ("a", "b/c"), "1.jpg": ("b",), "2.png": ("", "a", "b/c"), "gray.png": ("",),
                         "alpha.png": ("b",)}.items():
        for place in places:
            os.makedirs(os.path.join(folder, place), exist_ok=True)
            shutil.copy(os.path.join(FOLDER, name), os.path.join(folder, place, name))


def run(call, name):
    """Hashes of the files that one run writes; `call` runs im2rec with arguments."""
    with tempfile.TemporaryDirectory() as folder:
        root, out = os.path.join(folder, "images"), os.path.join(folder, "out")
        images(root)
        os.makedirs(out)
        for options in RUNS[name]:
            call([os.path.join(out, "set"), root, *options])
        made = {}
        for file in sorted(os.listdir(out)):
            with open(os.path.join(out, file), "rb") as opened:
                content = opened.read()
            made[file] = content.decode() if file.endswith((".lst", ".idx")) else hashlib.sha256(content).hexdigest()
        return made


if __name__ == "__main__":
    print(json.dumps({name: run(lambda arguments: subprocess.run([sys.executable, sys.argv[1], *arguments], check=True,
                                                                 stdout=subprocess.DEVNULL), name) for name in RUNS},
                     indent=1, sort_keys=True))
