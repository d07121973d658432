# SPDX-License-Identifier: Apache-2.0
"""Data sets and files: from local folders first; a download that cannot be done says so."""
from __future__ import annotations

import bz2
import gzip
import os
import struct
import urllib.error
import urllib.request
import zipfile
from typing import Any

import numpy as np

from .._files import atomic_write
from ..base import MXNetError, MXNetNotImplementedError, MXNetValueError

__all__ = ["download", "download_model", "get_bz2_data", "get_cifar10", "get_im2rec_path", "get_mnist",
           "get_mnist_iterator", "get_mnist_pkl", "get_mnist_ubyte", "get_zip_data"]

_MNIST = {"train_data": "train-images-idx3-ubyte", "train_label": "train-labels-idx1-ubyte",
          "test_data": "t10k-images-idx3-ubyte", "test_label": "t10k-labels-idx1-ubyte"}


def download(url: str, fname: str | None = None, dirname: str | None = None, overwrite: bool = False,
             retries: int = 5) -> str:
    """Fetch a file, unless it is there already. Returns its path.

    Parameters
    ----------
    url : an http or https address
    fname : name of the file; default the last part of the address
    dirname : folder, made if needed
    overwrite : fetch even if the file is there
    retries : how often to try again

    Raises MXNetError, with the reason, when it cannot be fetched (no network, say). The file appears in one step.
    """
    fname = url.split("/")[-1] if fname is None else fname
    path = os.path.join(dirname, fname) if dirname is not None else fname
    if os.path.exists(path) and not overwrite:
        return path
    if not url.startswith(("http://", "https://")):
        raise MXNetValueError(f"download: {url!r} is no http or https address")
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    reason: Exception | None = None
    for _ in range(max(retries, 0) + 1):
        try:
            with urllib.request.urlopen(url, timeout=30) as source:
                content = source.read()
            with atomic_write(path) as file:
                file.write(content)
            return path
        except (urllib.error.URLError, OSError) as error:
            reason = error
    raise MXNetError(f"cannot download {url}: {reason}. Without a network, put the file at {path}") from reason


def download_model(model_name: str, dst_dir: str = "./", meta_info: Any = None) -> tuple[str | None, int]:
    """A model's files, whose addresses `meta_info[model_name]` gives as `symbol` and `params`. Returns (prefix, 0)."""
    if meta_info is None:
        raise MXNetValueError("download_model: there is no server of models; give meta_info, "
                              "{name: {'symbol': address, 'params': address}}")
    if model_name not in meta_info:
        return None, 0
    prefix = os.path.join(dst_dir, model_name)
    os.makedirs(dst_dir, exist_ok=True)
    download(meta_info[model_name]["symbol"], f"{prefix}-symbol.json")
    download(meta_info[model_name]["params"], f"{prefix}-0000.params")
    return prefix, 0


def get_zip_data(data_dir: str, url: str, data_origin_name: str) -> None:
    """Fetch a zip file (unless it is there) into a folder and unpack it."""
    path = download(url, data_origin_name, dirname=data_dir)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(data_dir)


def get_bz2_data(data_dir: str, data_name: str, url: str, data_origin_name: str) -> None:
    """Fetch a bz2 file (unless it is there) into a folder and unpack it as `data_name`."""
    target = os.path.join(data_dir, data_name)
    if os.path.exists(target):
        return
    path = download(url, data_origin_name, dirname=data_dir)
    with bz2.open(path) as source, atomic_write(target) as file:
        for block in iter(lambda: source.read(1 << 20), b""):
            file.write(block)


# ---- MNIST ------------------------------------------------------------------------------------------

def _home() -> str:
    return os.path.expanduser(os.environ.get("MXNET_HOME", os.path.join("~", ".mxnet")))


def _find(name: str) -> str:
    """Path of a file of MNIST, packed or not. Raises MXNetError that says where it was looked for."""
    folders = [os.path.join(_home(), "datasets", "mnist"), os.path.join(_home(), "mnist"), _home(),
               os.path.join("data", "mnist"), "data"]
    for folder in folders:
        for ending in ("", ".gz"):
            path = os.path.join(folder, name + ending)
            if os.path.exists(path):
                return path
    raise MXNetError(f"MNIST: {name}[.gz] is in none of {', '.join(folders)}; it is not fetched from the network. Put "
                     f"the four files into {folders[0]} (MXNET_HOME chooses another folder)")


def _read_idx(path: str) -> np.ndarray:
    """An IDX file of unsigned bytes. Raises MXNetError naming the file for anything else."""
    with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:3] != b"\x00\x00\x08":
            raise MXNetError(f"{path}: no IDX file of unsigned bytes (begins with {head!r})")
        sizes = file.read(4 * head[3])
        if len(sizes) != 4 * head[3]:
            raise MXNetError(f"{path}: ends within its sizes, at byte {4 + len(sizes)}")
        shape = struct.unpack(f">{head[3]}I", sizes)
        content = file.read()
    if len(content) != int(np.prod(shape, dtype=np.int64)):
        raise MXNetError(f"{path}: {len(content)} bytes follow the sizes {shape} at byte {4 + len(sizes)}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def get_mnist() -> dict[str, np.ndarray]:
    """MNIST from local files: `train_data`, `test_data` (N, 1, 28, 28) float32 in [0, 1], and int32 labels.

    Looks in `$MXNET_HOME/datasets/mnist` (default `~/.mxnet`), `$MXNET_HOME/mnist`, `$MXNET_HOME` and `data`. Raises
    MXNetError when a file is missing or damaged.
    """
    raw = {key: _read_idx(_find(name)) for key, name in _MNIST.items()}
    return {key: value.reshape(len(value), 1, *value.shape[1:]).astype(np.float32) / 255
            if key.endswith("data") else value.astype(np.int32) for key, value in raw.items()}


def get_mnist_ubyte() -> None:
    """Check that the files of MNIST are there. Raises MXNetError when not."""
    for name in _MNIST.values():
        _find(name)


def get_mnist_iterator(batch_size: int, input_shape: tuple[int, ...], num_parts: int = 1,
                       part_index: int = 0) -> tuple[Any, Any]:
    """Iterators of training (shuffled, part `part_index` of `num_parts`) and test data; images flat or (1, 28, 28)."""
    from ..io import NDArrayIter
    mnist = get_mnist()
    made = []
    for kind, step, first in (("train", num_parts, part_index), ("test", 1, 0)):
        images, labels = mnist[f"{kind}_data"][first::step], mnist[f"{kind}_label"][first::step]
        made.append(NDArrayIter(images.reshape(len(images), *input_shape), labels.astype(np.float32), batch_size,
                                shuffle=kind == "train"))
    return made[0], made[1]


def get_mnist_pkl() -> None:
    """Not built: the pickled MNIST, which would have to be unpickled; use `get_mnist`."""
    raise MXNetNotImplementedError("get_mnist_pkl: the pickled data set is not read; use get_mnist")


def get_cifar10() -> None:
    """Check that `data/cifar/train.rec` and `test.rec` are there. Raises MXNetError when not."""
    for name in ("train.rec", "test.rec"):
        path = os.path.join("data", "cifar", name)
        if not os.path.exists(path):
            raise MXNetError(f"CIFAR-10: {path} is missing, and it is not fetched from the network")


def get_im2rec_path(home_env: str = "MXNET_HOME") -> str:
    """Path of `im2rec.py`, in `tools` of the folder that the environment variable names or of this package's project.

    Raises MXNetError when it is not there.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [os.environ[home_env]] if home_env in os.environ else []
    for folder in (*folders, here, os.path.dirname(here)):
        path = os.path.join(folder, "tools", "im2rec.py")
        if os.path.exists(path):
            return path
    raise MXNetError(f"im2rec.py is not in the folder tools of {', '.join((*folders, here))}; set {home_env}")
