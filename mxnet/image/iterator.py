# SPDX-License-Identifier: Apache-2.0
"""`ImageIter`: batches of images from a `.rec` file or from image files, every step a method that can be overridden."""
from __future__ import annotations

import logging
import os
import random
from typing import Any

import numpy as np

from .._files import local_path
from ..base import MXNetAssertionError, MXNetError, MXNetValueError, numeric_types
from ..io.base import DataBatch, DataIter
from ..ndarray import NDArray, array, transpose, zeros
from ..recordio import MXIndexedRecordIO, MXRecordIO, unpack
from .codec import imdecode
from .create import CreateAugmenter

__all__ = ["ImageIter"]

_DTYPES = ("int32", "float32", "int64", "float64")
_LAST = ("pad", "discard", "roll_over")


class ImageIter(DataIter):
    """Batches of augmented images with their labels.

    Parameters
    ----------
    batch_size : images in a batch
    data_shape : (3, height, width) of an image in a batch
    label_width : numbers in a label
    path_imgrec, path_imgidx : record file, and its index, which `shuffle` and `num_parts` need
    path_imglist : a text file with lines `key <tab> labels ... <tab> file`; with a record file, its labels are taken
    imglist : a list of [label, ..., file] or [[labels], file], instead of path_imglist
    path_root : the folder that names of files are relative to
    shuffle : a new order at each reset, by Python's `random`
    part_index, num_parts : read one of several equal parts
    aug_list : augmenters; by default those that `CreateAugmenter` makes of data_shape and `**kwargs`
    data_name, label_name : names of the inputs
    dtype : of labels from lists
    last_batch_handle : what becomes of a last batch that is not full: "pad" (default; filled from the beginning, and
        `pad` says with how many), "discard", or "roll_over" to the next epoch
    on_error : "raise" (default) for an image that cannot be decoded, or "skip", which counts it in `skipped`

    Raises MXNetError for files that are missing or damaged and images that cannot be decoded (with their name),
    MXNetValueError for parameters that do not fit together.

    >>> import mxnet as mx, cv2, numpy as np, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> cv2.imwrite(os.path.join(folder, "a.png"), np.zeros((40, 60, 3), np.uint8))
    True
    >>> batches = mx.image.ImageIter(1, (3, 20, 24), imglist=[[7.0, "a.png"]], path_root=folder)
    >>> batches.next().data[0].shape
    (1, 3, 20, 24)
    """

    def __init__(self, batch_size: int, data_shape: Any, label_width: int = 1, path_imgrec: Any = None,
                 path_imglist: Any = None, path_root: Any = None, path_imgidx: Any = None, shuffle: bool = False,
                 part_index: int = 0, num_parts: int = 1, aug_list: Any = None, imglist: Any = None,
                 data_name: str = "data", label_name: str = "softmax_label", dtype: str = "float32",
                 last_batch_handle: str = "pad", *, on_error: str = "raise", **kwargs: Any) -> None:
        super().__init__(batch_size)
        if not (path_imgrec or path_imglist or isinstance(imglist, list)):
            raise MXNetAssertionError("ImageIter needs path_imgrec, path_imglist or imglist (a list)")
        _one_of("dtype", dtype, _DTYPES)
        self.last_batch_handle = _one_of("last_batch_handle", last_batch_handle, _LAST)
        self.on_error, self.skipped = _one_of("on_error", on_error, ("raise", "skip")), 0
        self.check_data_shape(data_shape)
        self.data_shape, self.label_width, self.shuffle = tuple(data_shape), label_width, shuffle
        self.path_root = "" if path_root is None else path_root
        self.provide_data: list[tuple[str, tuple[int, ...]]] = [(data_name, (batch_size, *self.data_shape))]
        shape = (batch_size, label_width) if label_width > 1 else (batch_size,)
        self.provide_label: list[tuple[str, tuple[int, ...]]] = [(label_name, shape)]
        self.imgrec, self.imgidx = _open_records(path_imgrec, path_imgidx)
        self.imglist: Any = None
        if path_imglist:
            self.imglist = read_list(path_imglist, dtype)
        elif isinstance(imglist, list):
            self.imglist = {str(at): (_label(item, dtype), item[-1]) for at, item in enumerate(imglist, 1)}
        self.seq = self._sequence(part_index, num_parts)
        self.auglist: list[Any] = CreateAugmenter(data_shape, **kwargs) if aug_list is None else aug_list
        self.num_image = None if self.seq is None else len(self.seq)
        self.cur = 0
        self._position = -1                       # of the image read last, to name it in errors
        self._allow_read = True
        self._cache: tuple[NDArray, NDArray, int] | None = None       # a batch that rolls over to the next epoch
        self.reset()

    def _sequence(self, part_index: int, num_parts: int) -> list[Any] | None:
        """Keys in the order of reading; None for a record file without index, which is read as it comes."""
        keys = self.imgidx if self.imgrec is not None else list(self.imglist)
        if keys is None:
            if self.shuffle or num_parts > 1:
                raise MXNetAssertionError("ImageIter: shuffle and num_parts need the index of the record file, "
                                      "path_imgidx")
            return None
        if not 0 <= part_index < num_parts:
            raise MXNetAssertionError(f"ImageIter: part_index {part_index} is not in [0, {num_parts})")
        size = len(keys) // num_parts
        return list(keys[part_index * size:(part_index + 1) * size]) if num_parts > 1 else list(keys)

    def reset(self) -> None:
        """Begin again (in a new order with `shuffle`); a batch that rolls over is kept."""
        if self.seq is not None and self.shuffle:
            random.shuffle(self.seq)
        if self.last_batch_handle != "roll_over" or self._cache is None:
            self._rewind()

    def hard_reset(self) -> None:
        """Begin again, and forget a batch that rolls over."""
        self._cache = None
        self.reset()

    def _rewind(self) -> None:
        if self.imgrec is not None:
            self.imgrec.reset()
        self.cur, self._allow_read = 0, True

    def next_sample(self) -> tuple[Any, bytes]:
        """Label and undecoded image of the next example. Raises StopIteration at the end of an epoch."""
        if not self._allow_read:
            raise StopIteration
        if self.seq is None:
            record = self.imgrec.read()
            if record is None:
                if self.last_batch_handle != "discard":
                    self.imgrec.reset()
                    self._position = -1
                raise StopIteration
            self._position += 1
            header, image = unpack(record)
            return header.label, image
        if self.cur >= len(self.seq):
            if self.last_batch_handle != "discard":
                self.cur = 0
            raise StopIteration
        key, self._position = self.seq[self.cur], self.cur
        self.cur += 1
        if self.imgrec is None:
            label, name = self.imglist[key]
            return label, self.read_image(name)
        header, image = unpack(self.imgrec.read_idx(key))
        if self.imglist is None:
            return header.label, image
        if key not in self.imglist:
            raise MXNetError(f"the image list has no line for the record {key}")
        return self.imglist[key][0], image

    def next(self) -> DataBatch:
        """The next batch; raises StopIteration at the end of an epoch."""
        if self._cache is not None:
            data, label, count = self._cache
        else:
            data, label = zeros((self.batch_size, *self.data_shape)), self._new_label()
            count = self._batchify(data, label)
        pad = self.batch_size - count
        if pad:
            if self.last_batch_handle == "discard":
                raise StopIteration
            if self.last_batch_handle == "roll_over" and self._cache is None:
                self._cache = data, label, count
                raise StopIteration
            self._batchify(data, label, count)
            if self.last_batch_handle == "pad":
                self._allow_read = False
        self._cache = None
        return DataBatch([data], [label], pad=pad)

    def _new_label(self) -> NDArray:
        return zeros(self.provide_label[0][1])

    def _batchify(self, batch_data: NDArray, batch_label: NDArray, start: int = 0) -> int:
        """Fill a batch from `start`; how far it could be filled. Raises StopIteration where nothing is left."""
        at = start
        try:
            while at < self.batch_size:
                at += self._put(batch_data, batch_label, at)
        except StopIteration:
            if not at:
                raise
        return at

    def _put(self, batch_data: NDArray, batch_label: NDArray, at: int) -> int:
        """Read, decode and augment one example into place; 0 where it is passed over, else 1."""
        label, encoded = self.next_sample()
        image = self._decode(encoded)
        if image is None:
            return 0
        batch_data[at] = self.postprocess_data(self.augmentation_transform(image))
        batch_label[at] = label if isinstance(label, NDArray) else np.array(label)       # a record's is read-only
        return 1

    def _decode(self, encoded: bytes) -> NDArray | None:
        """The image, or None where it is damaged and passed over."""
        try:
            image = self.imdecode(encoded)
        except MXNetError:
            if self.on_error == "raise":
                raise
            self.skipped += 1
            return None
        try:
            self.check_valid_image([image])
        except RuntimeError as error:
            logging.debug("%s is left out: %s", self._name(), error)
            return None
        return image

    def check_data_shape(self, data_shape: Any) -> None:
        """Raise MXNetValueError for a data_shape other than (3, height, width)."""
        if len(data_shape) != 3 or data_shape[0] != 3:
            raise MXNetValueError(f"data_shape is (3, height, width), not {data_shape}")

    def check_valid_image(self, data: Any) -> None:
        """Raise for a list of images whose first has no axes; such images are left out."""
        if len(data[0].shape) == 0:
            raise MXNetError("an image has no axes")

    def imdecode(self, s: bytes) -> NDArray:
        """Pixels of an encoded image. Raises MXNetError that names the record or file."""
        try:
            return imdecode(s)
        except MXNetError as error:
            raise MXNetError(f"broken image, {self._name()}: {error}") from None

    def _name(self) -> str:
        if self.seq is None:
            return f"record {self._position} of {self.imgrec.uri}"
        key = self.seq[self._position]
        return f"file {self.imglist[key][1]}" if self.imgrec is None else f"key {key} of {self.imgrec.uri}"

    def read_image(self, fname: str) -> bytes:
        """The bytes of an image file below `path_root`."""
        path = os.path.join(self.path_root, fname)
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise MXNetError(f"{path}: the image cannot be read: {error.strerror}") from None

    def augmentation_transform(self, data: Any) -> Any:
        """An image after all augmenters."""
        for one in self.auglist:
            data = one(data)
        return data

    def postprocess_data(self, datum: NDArray) -> NDArray:
        """(height, width, channels) as (channels, height, width)."""
        return transpose(datum, axes=(2, 0, 1))


def _one_of(name: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise MXNetAssertionError(f"{name} is one of {', '.join(known)}, not {given!r}")
    return given


def _open_records(path: Any, index: Any) -> tuple[Any, list[Any] | None]:
    if not path:
        return None, None
    if not index:
        return MXRecordIO(path, "r"), None
    records = MXIndexedRecordIO(index, path, "r")
    return records, list(records.keys)


def _label(item: Any, dtype: str) -> NDArray:
    """The label of an entry of `imglist`."""
    if len(item) > 2:
        return array(item[:-1], dtype=dtype)
    return array([item[0]] if isinstance(item[0], numeric_types) else item[0], dtype=dtype)


def read_list(path: Any, dtype: str = "float32") -> dict[int, tuple[NDArray, str]]:
    """Label and file name by key, from lines `key <tab> labels ... <tab> file`.

    Raises MXNetError with the file and line for what is not of this form.
    """
    name = local_path(path)
    made: dict[int, Any] = {}
    number = 0
    try:
        with open(name, encoding="utf-8") as file:
            for line in file:
                number += 1
                key, *label, image = line.strip().split("\t")
                made[int(key)] = array([float(one) for one in label], dtype=dtype), image
    except OSError as error:
        raise MXNetError(f"{name}: the image list cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise MXNetError(f"{name}, line {number}: expected a key, labels and a file name with tabs between "
                         f"({error})") from None
    return made
