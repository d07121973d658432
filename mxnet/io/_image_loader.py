# SPDX-License-Identifier: Apache-2.0
"""The iterator over record files of images, decoded and augmented by threads.

What happens in an epoch is planned when it begins: which examples make which batch, in which place, and a number for
each that seeds its augmentation. The threads (OpenCV lets go of Python's lock) only carry the plan out, so their number
changes nothing. They write into buffers that are used again as soon as nobody holds an array made of them.
"""
from __future__ import annotations

import os
import random
import sys
import weakref
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from .._files import local_path
from ..base import MXNetError, MXNetValueError
from ..context import Context
from ..dtype import as_torch
from ..image._header import image_size
from ..image.resize import short_size
from ..ndarray import NDArray, load, save
from ..ndarray.handle import wrap
from ._image_params import Detecting
from ._image_source import Records
from ._shuffle import Permutations
from .base import DataDesc
from .registered import MXDataIter

_CPU = Context("cpu", 0)
_SEED = 111                     # added to seeds by MXNet: its orders come out for the same seeds
_TOGETHER = 4                   # examples in one task of a thread


class _Buffers:
    """Arrays for batches. One is free when only this pool refers to it: a tensor refers to what it was made of.

    With `pinned` they lie in page-locked memory, which a GPU reads while the program goes on.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, most: int, pinned: bool) -> None:
        self._shape, self._dtype, self._most, self._pinned = shape, dtype, most, pinned
        self._made: list[np.ndarray] = []

    def get(self) -> np.ndarray:
        for at in range(len(self._made)):
            if sys.getrefcount(self._made[at]) <= 2:        # the pool's list, and the argument
                return self._made[at]
        fresh = torch.empty(self._shape, dtype=as_torch(self._dtype), pin_memory=self._pinned).numpy()
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
        from ._image_augment import Normalizer, augment, cv2, decode, resize
        super(MXDataIter, self).__init__(params.batch_size)
        self._params, self._augment, self._decode, self._resize = params, augment, decode, resize
        self._augment_objects = _image_detect.augment
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
        pinned = params.ctx.startswith("gpu") and torch.cuda.is_available()
        self._buffers = _Buffers(shape, dtype, params.prefetch_buffer + 2, pinned)
        self._process = os.getpid()
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
        image = self._decoded(encoded, rng)
        if self._detect:
            return header, *self._augment_objects(image, header.label, self._params, rng)
        return header, self._augment(image, self._params, rng), header.label

    def _decoded(self, encoded: bytes, rng: random.Random) -> np.ndarray:
        params = self._params
        if not params.reduced_decode or params.resize <= 0:
            return self._decode(encoded, params.data_shape[0])
        image = self._decode(encoded, params.data_shape[0], params.resize)
        size = image_size(encoded)
        if size is None or sorted(size) == sorted(image.shape[:2]):
            return image
        # The size of the whole image says how long its longer side becomes; it may have been turned, as EXIF says.
        width, height = sorted(size, reverse=image.shape[1] > image.shape[0])
        return self._resize(image, *short_size(width, height, params.resize), params.inter_method, rng)

    def _find_label_width(self) -> int:
        """Numbers in a padded label: the longest of all labels, which are read once, or more where that is asked."""
        most = 0
        for number in range(len(self._records)):
            label = self._records.read(number)[0].label
            if not (len(label) >= 7 and 2 <= label[0] < np.inf and 5 <= label[1] < np.inf     # NaN is neither
                    and (len(label) - int(label[0])) % int(label[1]) == 0):
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
        path = local_path(params.mean_img)
        try:
            found = load(path)
        except FileNotFoundError:
            found = None
        except MXNetError:
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
        """The mean of what is read without a mean image: as in MXNet, of values with scale, means and deviations."""
        total, one = np.zeros(shape, np.float64), np.empty(shape, np.float32)
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
        if self._process != os.getpid():
            raise MXNetError(f"this iterator over {self._records.path} works with threads of the process "
                             f"{self._process}, which this one was forked from: make it anew here")
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
