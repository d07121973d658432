# SPDX-License-Identifier: Apache-2.0
"""Reading data: `ImageRecordIter` and other iterators against MXNet, bare OpenCV, and bare file reading.

A run makes an iterator and reads one epoch; the images are 640 JPEGs of 500x375, made of smooth noise. The column
"torch" is the physical limit: decoding, resizing, cropping and conversion by two Python threads with OpenCV alone,
NumPy or torch alone, or reading and writing the bytes alone.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from common import PYTHON, table

COUNT, BATCH = 640, 32
FOLDER = os.path.join(tempfile.gettempdir(), "mxtorch_bench_data")
MAKE = f"""
import os, numpy as np, cv2, mxnet as mx
folder = {FOLDER!r}
os.makedirs(folder, exist_ok=True)
g = np.random.default_rng(1)
with mx.recordio.MXIndexedRecordIO(folder + "/a.idx", folder + "/a.rec", "w") as record:
    for at in range({COUNT}):
        coarse = cv2.resize(g.integers(0, 256, (24, 32, 3)).astype(np.uint8), (500, 375), interpolation=2)
        fine = np.clip(coarse + g.normal(0, 8, coarse.shape), 0, 255).astype(np.uint8)
        record.write_idx(at, mx.recordio.pack_img((0, float(at % 10), at, 0), fine, quality=90))
with mx.recordio.MXRecordIO(folder + "/large.rec", "w") as record:
    for at in range(64):
        coarse = cv2.resize(g.integers(0, 256, (24, 32, 3)).astype(np.uint8), (1600, 1200), interpolation=2)
        fine = np.clip(coarse + g.normal(0, 8, coarse.shape), 0, 255).astype(np.uint8)
        record.write(mx.recordio.pack_img((0, at, at, 0), fine, quality=90))
np.savetxt(folder + "/a.csv", g.normal(size=(2000, 100)), delimiter=",")
for name, head, size in (("images", (0x803, 10000, 28, 28), 10000 * 784), ("labels", (0x801, 10000), 10000)):
    with open(folder + "/" + name, "wb") as file:
        file.write(np.array(head, ">u4").tobytes() + g.integers(0, 10, size).astype(np.uint8).tobytes())
"""
ITERATOR = """
import mxnet as mx
def run():
    # Made anew each time: one that lives on works ahead for the next epoch while the other side is timed.
    for batch in mx.io.{kind}({given}):
        batch.data[0].wait_to_read()
"""
RECORD = (f"path_imgrec={FOLDER + '/a.rec'!r}, data_shape=(3, 224, 224), batch_size={BATCH}, resize=256, "
          "rand_crop=True, rand_mirror=True, mean_r=123, mean_g=117, mean_b=104, preprocess_threads=2, verbose=False")
BARE = f"""
import cv2, numpy as np, random, mxnet as mx
from concurrent.futures import ThreadPoolExecutor
record = mx.recordio.MXIndexedRecordIO({FOLDER + '/a.idx'!r}, {FOLDER + '/a.rec'!r}, "r")
pool, out = ThreadPoolExecutor(2), np.empty(({BATCH}, 224, 224, 3), np.float32)
def one(key):
    image = cv2.imdecode(np.frombuffer(mx.recordio.unpack(record.read_idx(key))[1], np.uint8), 1)
    image = cv2.resize(image, (341, 256))
    y, x = random.randint(0, 32), random.randint(0, 117)
    out[key % {BATCH}] = image[y:y + 224, x:x + 224]
def run():
    list(pool.map(one, record.keys))
"""
READ = f"""
import mxnet as mx
record = mx.recordio.MXRecordIO({FOLDER + '/a.rec'!r}, "r")
def run():
    record.reset()
    while record.read() is not None:
        pass
"""
PLAIN_READ = f"""
def run():
    with open({FOLDER + '/a.rec'!r}, "rb") as file:
        while file.read(1 << 20):
            pass
"""
PLAIN_WRITE = """
import tempfile, os
path, payload = os.path.join(tempfile.mkdtemp(), "w.rec"), os.urandom(40000)
def run():
    with open(path, "wb") as file:
        for _ in range(500):
            file.write(payload)
"""
PLAIN_CSV = f"""
import numpy as np
def run():
    np.loadtxt({FOLDER + '/a.csv'!r}, delimiter=",", dtype=np.float32)
"""
PLAIN_MNIST = f"""
import numpy as np, torch
def run():
    with open({FOLDER + '/images'!r}, "rb") as file:
        data = torch.from_numpy(np.frombuffer(file.read(), np.uint8, -1, 16).copy()).to(torch.float32).div_(256)
    order = torch.randperm(10000)
    data = data.reshape(10000, 784)
    for at in range(0, 9984, 64):
        data.index_select(0, order[at:at + 64])
"""
PLAIN_MEMORY = """
import torch
data = torch.rand(4096, 784)
def run():
    order = torch.randperm(4096)
    for at in range(0, 4096, 64):
        data.index_select(0, order[at:at + 64])
"""
WRITE = """
import mxnet as mx, tempfile, os
path, payload = os.path.join(tempfile.mkdtemp(), "w.rec"), os.urandom(40000)
def run():
    record = mx.recordio.MXRecordIO(path, "w")
    for _ in range(500):
        record.write(payload)
    record.close()
"""
MEMORY = """
import mxnet as mx, numpy as np
made = mx.io.NDArrayIter(np.random.rand(4096, 784).astype("float32"), np.arange(4096), 64, shuffle=True)
def run():
    for batch in made:
        batch.data[0].wait_to_read()
    made.reset()
"""


def both(code: str) -> dict[str, str]:
    """The same code for this package and MXNet."""
    return {"ours": code, "mxnet": code}


def cases() -> dict[str, dict[str, str]]:
    """All cases by name."""
    digits = f"image={FOLDER + '/images'!r}, label={FOLDER + '/labels'!r}, batch_size=64, silent=True"
    large = RECORD.replace("/a.rec", "/large.rec")
    reduced = {"ours": ITERATOR.format(kind="ImageRecordIter", given=large + ", reduced_decode=True"),
               "mxnet": ITERATOR.format(kind="ImageRecordIter", given=large)}
    csv = f"data_csv={FOLDER + '/a.csv'!r}, data_shape=(100,), batch_size=50"
    return {
        "ImageRecordIter train 640": {**both(ITERATOR.format(kind="ImageRecordIter", given=RECORD)), "torch": BARE},
        "ImageRecordUInt8Iter train 640": both(ITERATOR.format(kind="ImageRecordUInt8Iter", given=RECORD)),
        "ImageRecordIter 64 of 1600x1200": both(ITERATOR.format(kind="ImageRecordIter", given=large)),
        "the same, reduced_decode": reduced,
        "CSVIter 2000x100": {**both(ITERATOR.format(kind="CSVIter", given=csv)), "torch": PLAIN_CSV},
        "MNISTIter 10000 shuffled": {**both(ITERATOR.format(kind="MNISTIter", given=digits)), "torch": PLAIN_MNIST},
        "NDArrayIter shuffle 4096x784": {**both(MEMORY), "torch": PLAIN_MEMORY},
        "MXRecordIO read": {**both(READ), "torch": PLAIN_READ},
        "MXRecordIO write": {**both(WRITE), "torch": PLAIN_WRITE},
    }


if __name__ == "__main__":
    if not os.path.exists(os.path.join(FOLDER, "labels")):
        subprocess.run([str(PYTHON["ours"]), "-c", MAKE], check=True)
    sys.exit(table(cases()))
