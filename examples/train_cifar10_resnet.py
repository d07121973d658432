# SPDX-License-Identifier: Apache-2.0
"""A residual network on small colour images out of a record file, in the way that train_cifar10 programs are written.

Offline there is no CIFAR-10, so the program paints its own 32 x 32 images: ten kinds of shapes in random colours,
places and sizes, on noise. It packs them into a `.rec` file with `mx.recordio`, reads that with `mx.io.ImageRecordIter`
(shuffled, mirrored, cropped at random), and trains a ResNet (He et al., 2016) with a schedule for the rate. It saves a
full checkpoint as it goes; run it again with the same --out, and it goes on where it was stopped.

    python examples/train_cifar10_resnet.py [--out FOLDER] [--epochs N] [--depth N]

The exit status is 1 when fewer than 95 % of the test images are recognised.
"""
from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np

import mxnet as mx

SEED = 3
CLASSES, SIZE, CROP = 10, 32, 28
TRAIN, TEST, BATCH = 2000, 500, 50
REQUIRED_ACCURACY = 0.95


def paint(kind: int, rng: np.random.RandomState) -> np.ndarray:
    """An image (SIZE, SIZE, 3) of uint8 with one shape."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    radius = rng.uniform(6, 11)
    cy, cx = rng.uniform(radius + 1, SIZE - radius - 1, 2)
    dy, dx = (y - cy) / radius, (x - cx) / radius
    distance, block = np.hypot(dy, dx), np.maximum(abs(dy), abs(dx))
    inside = block < 1
    shape = [distance < 1,                                          # disc
             (distance < 1) & (distance > 0.6),                     # ring
             block < 0.85,                                          # square
             (block < 0.95) & (block > 0.6),                        # frame
             inside & (abs(dx) < (dy + 1) / 2),                     # triangle
             inside & (np.minimum(abs(dy), abs(dx)) < 0.3),         # cross
             inside & (abs(abs(dy) - abs(dx)) < 0.35),              # saltire
             inside & (np.floor((dy + 1) * 2.5) % 2 == 0),          # lying stripes
             inside & (np.floor((dx + 1) * 2.5) % 2 == 0),          # standing stripes
             abs(dy) + abs(dx) < 1][kind]                           # diamond
    back, front = rng.uniform(0, 110, 3), rng.uniform(140, 255, 3)
    image = np.where(shape[..., None], front, back) + rng.normal(0, 12, (SIZE, SIZE, 3))
    return image.clip(0, 255).astype(np.uint8)


def write_records(path: Path, count: int, seed: int) -> None:
    """Pack `count` images with their kinds into a record file with an index."""
    rng = np.random.RandomState(seed)
    record = mx.recordio.MXIndexedRecordIO(str(path.with_suffix(".idx")), str(path), "w")
    for number in range(count):
        kind = number % CLASSES
        header = mx.recordio.IRHeader(0, float(kind), number, 0)
        record.write_idx(number, mx.recordio.pack_img(header, paint(kind, rng), img_fmt=".png"))
    record.close()


def records(path: Path, training: bool) -> mx.io.DataIter:
    """Batches of images scaled to about -1..1, augmented for training."""
    chance = dict(shuffle=True, rand_crop=True, rand_mirror=True, seed=SEED) if training else {}
    return mx.io.ImageRecordIter(path_imgrec=str(path), data_shape=(3, CROP, CROP), batch_size=BATCH,
                                 mean_r=127.5, mean_g=127.5, mean_b=127.5, scale=1 / 64, preprocess_threads=2, **chance)


def unit(data: mx.sym.Symbol, filters: int, stride: int, matches: bool, name: str) -> mx.sym.Symbol:
    """Two convolutions with normalisation before each, beside a shortcut."""
    def normalised(x: mx.sym.Symbol, part: str) -> mx.sym.Symbol:
        x = mx.sym.BatchNorm(x, fix_gamma=False, eps=2e-5, momentum=0.9, name=f"{name}_bn{part}")
        return mx.sym.Activation(x, act_type="relu", name=f"{name}_relu{part}")

    first = normalised(data, "1")
    x = mx.sym.Convolution(first, num_filter=filters, kernel=(3, 3), stride=(stride, stride), pad=(1, 1), no_bias=True,
                           name=f"{name}_conv1")
    x = mx.sym.Convolution(normalised(x, "2"), num_filter=filters, kernel=(3, 3), pad=(1, 1), no_bias=True,
                           name=f"{name}_conv2")
    shortcut = data if matches else mx.sym.Convolution(first, num_filter=filters, kernel=(1, 1),
                                                       stride=(stride, stride), no_bias=True, name=f"{name}_sc")
    return x + shortcut


def resnet(depth: int) -> mx.sym.Symbol:
    """A network of 6 n + 2 layers for small images, with 8, 16 and 32 filters."""
    if depth < 8 or (depth - 2) % 6:
        raise SystemExit(f"--depth is 6 n + 2: 8, 14, 20, ..., not {depth}")
    x = mx.sym.Convolution(mx.sym.Variable("data"), num_filter=8, kernel=(3, 3), pad=(1, 1), no_bias=True, name="conv0")
    for stage in range(3):
        for block in range((depth - 2) // 6):
            first = block == 0
            x = unit(x, 8 << stage, 2 if first and stage else 1, not (first and stage), f"stage{stage}_unit{block}")
    x = mx.sym.BatchNorm(x, fix_gamma=False, eps=2e-5, momentum=0.9, name="bn1")
    x = mx.sym.Pooling(mx.sym.Activation(x, act_type="relu", name="relu1"), global_pool=True, pool_type="avg",
                       kernel=(7, 7), name="pool1")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x), num_hidden=CLASSES, name="fc1")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def main(out: Path, epochs: int, depth: int) -> int:
    """Write the data if it is not there, train, test. Returns the exit status."""
    out.mkdir(parents=True, exist_ok=True)
    paths = {name: out / f"{name}.rec" for name in ("train", "test")}
    for path, count, seed in zip(paths.values(), (TRAIN, TEST), (SEED, SEED + 1)):
        if not path.exists():
            logging.info("writing %d images to %s", count, path)
            write_records(path, count, seed)
    mx.random.seed(SEED)
    np.random.seed(SEED)
    train, test = records(paths["train"], True), records(paths["test"], False)
    steps = TRAIN // BATCH
    module = mx.mod.Module(resnet(depth))
    extra = {}
    callbacks = [mx.callback.Speedometer(BATCH, 20)]
    if hasattr(mx.callback, "full_checkpoint"):             # Apache MXNet has none
        callbacks.append(mx.callback.full_checkpoint(str(out / "cifar10"), period=20))
        extra["resume"] = str(out / "cifar10")
    module.fit(train, test, num_epoch=epochs, initializer=mx.init.Xavier(rnd_type="gaussian", magnitude=2),
               optimizer="nag", optimizer_params={
                   "learning_rate": 0.1, "momentum": 0.9, "wd": 1e-4,
                   "lr_scheduler": mx.lr_scheduler.MultiFactorScheduler([max(1, steps * epochs * 2 // 3)], factor=0.1)},
               batch_end_callback=callbacks, epoch_end_callback=mx.callback.do_checkpoint(str(out / "resnet"), epochs),
               **extra)
    accuracy = module.score(test, "acc")[0][1]
    print(f"ResNet-{depth}: {accuracy:.1%} of {TEST} test images are recognised")
    return 0 if accuracy >= REQUIRED_ACCURACY else 1


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=None, help="folder for data and checkpoints (default: a new one)")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--depth", type=int, default=8, help="layers, 6 n + 2")
    given = parser.parse_args()
    sys.exit(main(given.out or Path(tempfile.mkdtemp()), given.epochs, given.depth))
