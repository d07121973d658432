# SPDX-License-Identifier: Apache-2.0
"""Iterators over record files of images, decoded and augmented by threads.

What happens in an epoch is planned when it begins: which examples make which batch, in which place, and a number for
each that seeds its augmentation. The threads (OpenCV lets go of Python's lock) only carry the plan out, so their number
changes nothing. They write into buffers that are used again as soon as nobody holds an array made of them.
"""
from __future__ import annotations

import random
import sys
import weakref
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from ..base import MXNetError, MXNetValueError
from ..context import Context
from ..ndarray import NDArray, load, save
from ..ndarray.handle import wrap
from ._image_params import Augmenting, Detecting, Reading
from ._image_source import Records
from ._parse import parse
from ._shuffle import Permutations
from .base import DataDesc
from .registered import MXDataIter

__all__ = ["ImageDetRecordIter", "ImageRecordInt8Iter", "ImageRecordIter", "ImageRecordUInt8Iter"]

_CPU = Context("cpu", 0)
_SEED = 111                     # added to seeds by MXNet: its orders come out for the same seeds
_TOGETHER = 4                   # examples in one task of a thread
_DTYPES = {None: np.float32, "float32": np.float32, "uint8": np.uint8, "int8": np.int8}


class _Buffers:
    """Arrays for batches. One is free when only this pool refers to it: a tensor refers to what it was made of."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, most: int) -> None:
        self._shape, self._dtype, self._most = shape, dtype, most
        self._made: list[np.ndarray] = []

    def get(self) -> np.ndarray:
        for at in range(len(self._made)):
            if sys.getrefcount(self._made[at]) <= 2:        # the pool's list, and the argument
                return self._made[at]
        fresh = np.empty(self._shape, self._dtype)
        if len(self._made) < self._most:
            self._made.append(fresh)
        return fresh


class _Batch:
    """One batch in work: where its examples come from, the buffers, and the tasks that fill them."""

    def __init__(self, numbers: Sequence[int], first: int, pad: int) -> None:
        self.numbers, self.first, self.pad = numbers, first, pad
        self.data: Any = None
        self.label: Any = None
        self.index = np.zeros(0, np.uint64)
        self.tasks: list[Future[list[int]]] = []


class ImageRecordLoader(MXDataIter):
    """What the functions of this module return. `skipped` counts images that were damaged, with `on_error="skip"`."""

    def __init__(self, params: Any, dtype: Any) -> None:
        from . import _image_detect
        from ._image_augment import Normalizer, augment, cv2, decode
        super(MXDataIter, self).__init__(params.batch_size)
        self._params, self._augment, self._decode, self._augment_objects = params, augment, decode, _image_detect.augment
        self._records = Records(params)
        self._detect = isinstance(params, Detecting)
        self._label_width = self._find_label_width() if self._detect else params.label_width
        self._dtype = dtype
        self.skipped = 0
        self._orders = Permutations(_SEED + params.seed)
        self._seed = params.seed if params.seed_aug is None else params.seed_aug
        # An own IPP switch belongs to each thread; without it cubic interpolation rounds as MXNet's.
        self._pool = ThreadPoolExecutor(params.preprocess_threads, "mxnet-images",
                                        initializer=lambda: hasattr(cv2, "ipp") and cv2.ipp.setUseIPP(False))
        self._finalizer = weakref.finalize(self, _stop, self._pool, self._records)
        self._drawn = 0                                # examples planned so far: each has its own seed
        shape = (params.batch_size, *params.data_shape)
        self._buffers = _Buffers(shape, dtype, params.prefetch_buffer + 2)
        self._running: deque[_Batch] = deque()
        self._plan: deque[_Batch] = deque()
        self._following: Sequence[int] = self._new_order()
        self._following_start = 0
        self._current: _Batch | None = None
        self._normalizer = Normalizer(params, None)
        if params.mean_img:
            self._normalizer = Normalizer(params, self._mean_image())
        self._begin(self._following, 0)

    # ---- the plan of an epoch -----------------------------------------------------------------------

    def _new_order(self) -> Sequence[int]:
        return self._orders.draw(len(self._records)) if self._params.shuffle else range(len(self._records))

    def _begin(self, order: Sequence[int], start: int) -> None:
        """Plan an epoch that begins at place `start` of an order, and set the threads to work."""
        size, count = self.batch_size, len(order)
        chosen = list(order[start:])
        over = -len(chosen) % size
        self._ended = False
        self._following, self._following_start = order, 0
        if over and self._params.round_batch:
            self._following, self._following_start = self._new_order(), over % count
            chosen += [self._following[at % count] for at in range(over)]
        self._plan = deque(_Batch(chosen[at:at + size], self._drawn + at, 0) for at in range(0, len(chosen), size))
        if over:
            self._plan[-1].pad = over
        self._drawn += len(chosen)
        self._fill()

    def reset(self) -> None:
        """Begin again; after an epoch whose last batch was filled up, behind the examples that filled it."""
        self._cancel()
        if self._ended and self._following_start:
            self._begin(self._following, self._following_start)
        else:
            self._begin(self._new_order(), 0)

    def state_dict(self) -> dict[str, Any]:
        """Where it is, for checkpoints: the plan of batches that are still to come, and of orders after those."""
        left = [*self._running, *self._plan]
        return {"plan": [[np.array(batch.numbers, np.int64), batch.first, batch.pad] for batch in left],
                "orders": self._orders.state_dict(), "following": np.array(self._following, np.int64),
                "start": self._following_start, "drawn": self._drawn, "ended": self._ended,
                "examples": len(self._records)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was called. Raises MXNetValueError when the file has other examples."""
        if state["examples"] != len(self._records):
            raise MXNetValueError(f"the state is of a file of {state['examples']} records, "
                                  f"{self._records.path} has {len(self._records)}")
        self._cancel()
        self._orders.load_state_dict(state["orders"])
        self._following, self._following_start = state["following"].tolist(), state["start"]
        self._drawn, self._ended = state["drawn"], state["ended"]
        self._plan = deque(_Batch(numbers.tolist(), first, pad) for numbers, first, pad in state["plan"])
        self._fill()

    def _cancel(self) -> None:
        for batch in self._running:
            for task in batch.tasks:
                task.cancel()
        self._running.clear()

    def close(self) -> None:
        """End the threads and close the file. Happens by itself when nobody refers to the iterator."""
        self._cancel()
        self._plan.clear()
        self._finalizer()

    # ---- work ---------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while self._plan and len(self._running) < self._params.prefetch_buffer:
            batch = self._plan.popleft()
            self._submit(batch)
            self._running.append(batch)

    def _submit(self, batch: _Batch) -> None:
        size = self.batch_size
        batch.data, batch.index = self._buffers.get(), np.zeros(size, np.uint64)
        batch.label = np.full((size, self._label_width), self._pad_value(), np.float32)
        if len(batch.numbers) < size:
            batch.data[len(batch.numbers):] = 0
        run = _worker(self)
        batch.tasks = [self._pool.submit(run, batch, range(at, min(at + _TOGETHER, len(batch.numbers))))
                       for at in range(0, len(batch.numbers), _TOGETHER)]

    def _pad_value(self) -> float:
        return self._params.label_pad_value if self._detect else 0.0

    def _work(self, batch: _Batch, places: Sequence[int]) -> list[int]:
        """Fill some places of a batch; those whose example is damaged are returned."""
        damaged = []
        for place in places:
            number = batch.numbers[place]
            try:
                self._example(batch, place, number)
            except MXNetError as error:
                if self._params.on_error == "raise":
                    raise type(error)(f"{self._records.name(number)}: {error}") from None
                damaged.append(place)
            except Exception as error:
                raise MXNetError(f"{self._records.name(number)}: {type(error).__name__}: {error}") from error
        return damaged

    def _example(self, batch: _Batch, place: int, number: int) -> None:
        rng = random.Random((self._seed << 64) + batch.first + place)
        header, image, label = self._augmented(number, rng)
        self._normalizer.write(image, batch.data[place], rng)
        batch.label[place, :len(label)] = label
        batch.index[place] = header.id

    def _augmented(self, number: int, rng: random.Random) -> tuple[Any, np.ndarray, np.ndarray]:
        """Header, image and label of an example, all done but normalization."""
        header, encoded = self._records.read(number)
        image = self._decode(encoded, self._params.data_shape[0])
        if self._detect:
            return header, *self._augment_objects(image, header.label, self._params, rng)
        return header, self._augment(image, self._params, rng), header.label

    def _find_label_width(self) -> int:
        """Numbers in a padded label: the longest of all labels, which are read once, or more where that is asked."""
        most = 0
        for number in range(len(self._records)):
            label = self._records.read(number)[0].label
            if len(label) < 7 or label[0] < 2 or label[1] < 5 or (len(label) - int(label[0])) % int(label[1]):
                raise MXNetError(f"{self._records.name(number)}: {len(label)} values are no label for detection: the "
                                 "lengths of its header (2 or more) and of an object (5 or more), then those")
            most = max(most, len(label))
        asked = self._params.label_pad_width
        if 0 < asked < most:
            raise MXNetValueError(f"label_pad_width is {asked}, but there are labels of {most} values")
        return 4 + max(most, asked)

    def _mean_image(self) -> np.ndarray:
        """The mean image of a file, which is made and written where there is none."""
        params = self._params
        shape = tuple(params.data_shape)
        from .._files import local_path
        path = local_path(params.mean_img)
        try:
            found = load(path)
        except FileNotFoundError:
            found = None
        except MXNetError:
            import os
            if os.path.exists(path):
                raise
            found = None
        if found is None:
            made = self._average(shape)
            save(path, {"mean_img": wrap(torch.from_numpy(made), _CPU)})
            return made
        value = found.get("mean_img") if isinstance(found, dict) else found[0]
        if value is None or value.shape != shape:
            raise MXNetError(f"{path}: expected an array mean_img of shape {shape}, "
                             f"found {'none' if value is None else value.shape}")
        return value.asnumpy().astype(np.float32)

    def _average(self, shape: tuple[int, ...]) -> np.ndarray:
        total, one = np.zeros(shape, np.float64), np.empty(shape, np.uint8)
        for number in range(len(self._records)):
            rng = random.Random((self._seed << 64) + number)
            self._normalizer.write(self._augmented(number, rng)[1], one, rng)
            total += one
        return (total / len(self._records)).astype(np.float32)

    # ---- batches ------------------------------------------------------------------------------------

    @property
    def provide_data(self) -> list[DataDesc]:
        """Description of the data."""
        return [DataDesc(self._params.data_name, (self.batch_size, *self._params.data_shape), self._dtype)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Description of the label."""
        shape = (self.batch_size,) if self._label_width == 1 else (self.batch_size, self._label_width)
        return [DataDesc(self._params.label_name, shape, np.float32)]

    def iter_next(self) -> bool:
        """Wait for the next batch; False at the end. Raises what a thread raised, with the record's place."""
        if not self._running:
            self._ended, self._current = True, None
            return False
        batch = self._running.popleft()
        damaged = [place for task in batch.tasks for place in task.result()]
        if damaged:
            self._replace(batch, damaged)
        self._ended = not (self._running or self._plan)
        self._current = batch
        self._fill()
        return True

    def _replace(self, batch: _Batch, damaged: list[int]) -> None:
        """Put the whole examples of a batch, in turn, where there are damaged ones, so that all shapes stay."""
        self.skipped += len(damaged)
        whole = sorted(set(range(len(batch.numbers))) - set(damaged))
        if not whole:
            raise MXNetError(f"{self._records.path}: none of the {len(damaged)} images of a batch can be decoded")
        chosen = np.resize(np.array(whole), len(damaged))
        for part in (batch.data, batch.label, batch.index):
            part[damaged] = part[chosen]

    def _batch(self) -> _Batch:
        if self._current is None:
            raise MXNetError("there is no current batch: call next() or iter_next() first")
        return self._current

    def getdata(self) -> NDArray:                    # type: ignore[override]
        return wrap(torch.from_numpy(self._batch().data), _CPU)

    def getlabel(self) -> NDArray:                   # type: ignore[override]
        label = torch.from_numpy(self._batch().label)
        return wrap(label[:, 0] if self._label_width == 1 else label, _CPU)

    def getindex(self) -> np.ndarray:
        """Ids of the records of the current batch."""
        return self._batch().index

    def getpad(self) -> int:
        return self._batch().pad


def _worker(loader: ImageRecordLoader) -> Any:
    """A task that does not keep the iterator alive: one that nobody refers to any more ends its threads."""
    reference = weakref.ref(loader)

    def run(batch: _Batch, places: Sequence[int]) -> list[int]:
        alive = reference()
        return [] if alive is None else alive._work(batch, places)
    return run


def _stop(pool: ThreadPoolExecutor, records: Records) -> None:
    # Not waiting: the last reference may go in one of the threads. A file closed below a task fails that task only.
    pool.shutdown(wait=False, cancel_futures=True)
    records.close()


def _loader(name: str, kind: type[Reading], given: dict[str, Any], dtype: Any = None) -> ImageRecordLoader:
    params = parse(kind, name, given)
    if params.dtype not in _DTYPES:
        raise MXNetValueError(f"{name}: dtype is float32, uint8 or int8, not {params.dtype}")
    return ImageRecordLoader(params, np.dtype(dtype or _DTYPES[params.dtype]).type)


def ImageRecordIter(**kwargs: Any) -> ImageRecordLoader:
    """Batches of augmented images out of a `.rec` file that im2rec made; float32 (batch, channels, height, width).

    Parameters, all by name
    -----------------------
    path_imgrec, path_imgidx, path_imglist : record file; its index; a list whose labels are taken instead
    data_shape : (channels, height, width): 1 (grey), 3 (red, green, blue) or 4 channels
    batch_size, label_width : examples in a batch, numbers in a label
    round_batch : fill the last batch with examples of the next epoch, which then begins behind them (default); without,
        zeros fill it. `pad` says with how many
    shuffle, seed : a new order each epoch (over the whole file, so shuffle_chunk_size is not needed and changes
        nothing), chance; seed_aug for augmentation alone
    num_parts, part_index : read one of several parts
    preprocess_threads, prefetch_buffer : threads, and batches that they work ahead
    dtype : float32 (default), uint8 or int8
    on_error : "raise" (default) for a damaged image, or "skip": another of the batch takes its place, and `skipped`
        counts it (not in MXNet)
    resize : pixels of the shorter side, first of all
    max_rotate_angle or rotate (degrees), max_shear_ratio, min/max_random_scale, min/max_aspect_ratio,
        min/max_img_size, fill_value : one affine map
    pad : pixels around the image
    rand_crop : crop anywhere, else in the middle; min/max_crop_size: crop so many pixels, and resize;
        random_resized_crop with min/max_random_area and min/max_aspect_ratio. Smaller images are enlarged
    brightness, contrast, saturation, random_h, random_s, random_l, pca_noise : jitter of colours
    mirror, rand_mirror : exchange left and right, always or of every second image
    mean_r, mean_g, mean_b, mean_a, or mean_img (a file; made where it is missing) : subtracted
    max_random_contrast, max_random_illumination : factor and summand by chance
    scale, std_r, std_g, std_b, std_a : factor and divisors, last
    inter_method : 0 nearest, 1 linear (default), 2 cubic, 3 area, 4 Lanczos, 9 by size, 10 random
    data_name, label_name : names of the inputs
    verbose, device_id, ctx : accepted; nothing is printed, and batches are on the CPU

    Orders and all that chance does not change are MXNet's. Raises MXNetValueError, MXNetTypeError for parameters,
    MXNetError for files that are damaged, with the record's offset. MXNet's iterator `ImageRecordIter`.

    >>> import mxnet as mx, numpy as np, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.rec")
    >>> with mx.recordio.MXRecordIO(path, "w") as record:
    ...     record.write(mx.recordio.pack_img((0, 7.0, 0, 0), np.zeros((40, 60, 3), np.uint8)))
    >>> batch = mx.io.ImageRecordIter(path_imgrec=path, data_shape=(3, 20, 24), batch_size=1, mean_r=5).next()
    >>> batch.data[0].shape, float(batch.label[0].asscalar())
    ((1, 3, 20, 24), 7.0)
    """
    return _loader("ImageRecordIter", Augmenting, kwargs)


def ImageRecordUInt8Iter(**kwargs: Any) -> ImageRecordLoader:
    """`ImageRecordIter` without normalization; batches are uint8."""
    return _loader("ImageRecordUInt8Iter", Augmenting, kwargs, np.uint8)


def ImageRecordInt8Iter(**kwargs: Any) -> ImageRecordLoader:
    """`ImageRecordIter` without normalization; batches are int8."""
    return _loader("ImageRecordInt8Iter", Augmenting, kwargs, np.int8)


def ImageDetRecordIter(**kwargs: Any) -> ImageRecordLoader:
    """Batches of images with objects, out of a `.rec` file; float32 (batch, channels, height, width).

    A label in the file: length of its header, length of an object, rest of the header, and for each object class,
    left, top, right, bottom (shares of width and height) and others. In a batch stand before it channels, height,
    width of the image and the label's length, and label_pad_value fills it up to the longest label or label_pad_width.

    Parameters: those of `ImageRecordIter` on reading, normalization, resize and inter_method; rand_mirror_prob;
    max_random_hue, max_random_saturation, max_random_illumination, max_random_contrast with random_hue_prob and so on.
    rand_pad_prob, max_pad_scale : put the image at a random place of a canvas up to so many times as large
    rand_crop_prob, num_crop_sampler, max_crop_trials : crop, by one of several samplers, asked in random order; each
        tries so often
    min/max_crop_scales, min/max_crop_aspect_ratios : what they draw (a tuple with a value for each, or one for all):
        the square root of the share of the area, and width / height
    min/max_crop_overlaps, min/max_crop_sample_coverages, min/max_crop_object_coverages : what one object must have in
        common with a crop to make it acceptable: intersection / union, / area of the crop, / area of the object
    crop_emit_mode : which objects stay: "center" (default), those whose middle is in the crop, or "overlap", those of
        which more than emit_overlap_thresh (a share of their area) is
    resize_mode : "force" (default) to data_shape whatever the aspect; "shrink" larger images, keeping it; "fit" all.
        The rest of a batch is then black, and the label tells the image's size
    fill_value : grey of the canvas, default 127

    MXNet's iterator `ImageDetRecordIter`. Liu et al., "SSD: single shot multibox detector", 2016.
    """
    return _loader("ImageDetRecordIter", Detecting, kwargs)
