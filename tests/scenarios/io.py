# SPDX-License-Identifier: Apache-2.0
"""Scenarios of mx.io: which examples are in which batch, over several epochs."""
from __future__ import annotations

import gzip
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.stage import Stage, attempt

stage = Stage("io")
MNIST = Path(__file__).parents[2] / "examples" / "data" / "mnist10k"


def first_values(arrays: Any) -> Any:
    """The first value of each example: enough to know which it is."""
    return [[float(value) for value in array.asnumpy().reshape(array.shape[0], -1)[:, 0]] for array in arrays or []]


def batch_of(batch: Any, padded: bool = True) -> Any:
    """Examples, padding and numbers of a batch; what fills the padding is left out where MXNet does not set it."""
    index = batch.index
    end = None if padded or not batch.pad else -batch.pad
    return [[values[:end] for values in first_values(batch.data)],
            [values[:end] for values in first_values(batch.label)], batch.pad,
            None if index is None else [int(number) for number in np.asarray(index)[:end]]]


def epochs(iterator: Any, count: int = 3, stop: dict[int, int] | None = None,
           padded: bool = True) -> Any:
    """All batches of several epochs; `stop` ends an epoch after so many batches."""
    said = [[plain_desc(iterator.provide_data), plain_desc(iterator.provide_label)]]
    for epoch in range(count):
        if epoch:
            iterator.reset()
        limit = (stop or {}).get(epoch)
        batches = iterator if limit is None else itertools.islice(iterator, limit)
        said.append([batch_of(batch, padded) for batch in batches])
    return said


def plain_desc(descriptions: Any) -> Any:
    return list(descriptions)


def examples(mx: Any, count: int, columns: int = 2) -> Any:
    return mx.nd.array(np.arange(count)[:, None] * 10 + np.arange(columns)), mx.nd.array(np.arange(count))


for handle, shuffle, count in itertools.product(("pad", "discard", "roll_over"), (False, True), (4, 6, 10)):
    for size in (1, 3, 4):
        def walk(mx: Any, handle: str = handle, shuffle: bool = shuffle, count: int = count, size: int = size) -> Any:
            data, label = examples(mx, count)
            return epochs(mx.io.NDArrayIter(data, label, size, shuffle, handle), 4)
        stage.add(f"ndarray_{handle}_{'shuffle' if shuffle else 'order'}_{count}_{size}", walk)


@stage
def ndarray_stopped_early(mx: Any) -> Any:
    said = []
    for handle, limit in itertools.product(("pad", "discard", "roll_over"), (0, 1, 2, 3)):
        data, label = examples(mx, 10)
        said.append(epochs(mx.io.NDArrayIter(data, label, 4, False, handle), 3, {0: limit}))
    return said


@stage
def ndarray_hard_reset(mx: Any) -> Any:
    data, label = examples(mx, 10)
    it = mx.io.NDArrayIter(data, label, 4, False, "roll_over")
    said = [batch_of(batch) for batch in it]
    it.hard_reset()
    return said + [batch_of(batch) for batch in it]


@stage
def ndarray_reset_twice(mx: Any) -> Any:
    said = []
    for handle in ("pad", "roll_over"):
        data, label = examples(mx, 10)
        it = mx.io.NDArrayIter(data, label, 4, False, handle)
        said.append([batch_of(batch) for batch in it])
        it.reset()
        it.reset()
        said.append([batch_of(batch) for batch in it])
    return said


@stage
def ndarray_names(mx: Any) -> Any:
    one, two = np.zeros((6, 2), np.float32), np.ones((6, 3), np.float64)
    made = {"array": (one, None), "list": ([one, two], one[:, 0]), "dict": ({"b": one, "a": two}, {"l": one}),
            "list of one": ([one], [two]), "integers": (np.arange(6), np.arange(6)), "empty labels": (one, []),
            "uint8": (mx.nd.array(one, dtype="uint8"), None)}
    return {name: [list(it.provide_data), list(it.provide_label), it.num_data, it.num_source, it.batch_size]
            for name, (data, label) in made.items() for it in [mx.io.NDArrayIter(data, label, 2)]}


@stage
def ndarray_refused(mx: Any) -> Any:
    return {"none": attempt(lambda: (mx.io.NDArrayIter(None, None, 2), "accepted")[1]),
            "text": attempt(lambda: (mx.io.NDArrayIter("x", None, 2), "accepted")[1]),
            "empty": attempt(lambda: (mx.io.NDArrayIter([], None, 2), "accepted")[1])}


@stage
def ndarray_batch_larger(mx: Any) -> Any:
    said = {}
    for handle, size in itertools.product(("pad", "discard", "roll_over"), (5, 8)):
        data, label = examples(mx, 4)
        said[f"{handle} {size}"] = attempt(lambda: epochs(mx.io.NDArrayIter(data, label, size, False, handle), 3))
    return said


@stage
def ndarray_many(mx: Any) -> Any:
    return [desc.name for desc in mx.io.NDArrayIter([np.zeros((2, 1))] * 12, None, 2).provide_data]


@stage
def ndarray_methods(mx: Any) -> Any:
    data, label = examples(mx, 5)
    it = mx.io.NDArrayIter(data, label, 2, data_name="d", label_name="l")
    said: list[Any] = [it.cursor, it.batch_size]
    while it.iter_next():
        said.append([it.cursor, first_values(it.getdata()), first_values(it.getlabel()), it.getpad(), it.getindex()])
    batch = mx.io.NDArrayIter(data, None, 2).next()
    return said, attempt(it.next), str(batch), batch.provide_data, batch.bucket_key


@stage
def descriptions(mx: Any) -> Any:
    desc = mx.io.DataDesc("data", (2, 3), "float16", "NTC")
    axis = mx.io.DataDesc.get_batch_axis
    return repr(desc), repr(mx.io.DataDesc("x", (1,))), desc == ("data", (2, 3)), list(desc), desc.dtype, desc.layout, \
        axis("NCHW"), axis("TNC"), axis(None), axis("CHW"), \
        mx.io.DataDesc.get_list([("a", (1,)), ("b", (2,))], [("a", "int32"), ("b", "int8")]), \
        mx.io.DataDesc.get_list([("a", (1,))], None)


@stage
def data_batches(mx: Any) -> Any:
    one = mx.nd.zeros((2, 3))
    batch = mx.io.DataBatch([one], [one], 1, [3, 4], bucket_key=5, provide_data=[("a", (2, 3))])
    return str(batch), str(mx.io.DataBatch([one])), batch.pad, batch.index, batch.bucket_key, batch.provide_data, \
        attempt(lambda: mx.io.DataBatch(one) and "accepted"), \
        attempt(lambda: mx.io.DataBatch([one], one) and "accepted")


@stage
def resize(mx: Any) -> Any:
    said = []
    for size, inner in itertools.product((1, 2, 5, 7), (True, False)):
        data, label = examples(mx, 10)
        it = mx.io.ResizeIter(mx.io.NDArrayIter(data, label, 4), size, inner)
        said.append([it.batch_size, epochs(it, 3)])
    return said


@stage
def resize_methods(mx: Any) -> Any:
    data, label = examples(mx, 4)
    it = mx.io.ResizeIter(mx.io.NDArrayIter(data, label, 2), 3)
    said = []
    while it.iter_next():
        said.append([first_values(it.getdata()), first_values(it.getlabel()), it.getpad(), it.cur])
    return said, attempt(it.next)


@stage
def prefetching(mx: Any) -> Any:
    data, label = examples(mx, 10)
    it = mx.io.PrefetchingIter(mx.io.NDArrayIter(data, label, 4))
    return epochs(it, 3), it.batch_size


@stage
def prefetching_two(mx: Any) -> Any:
    data, label = examples(mx, 10)
    it = mx.io.PrefetchingIter([mx.io.NDArrayIter(data, label, 5), mx.io.NDArrayIter(data * 2, label * 2, 5)],
                               rename_data=[{"data": "a"}, {"data": "b"}],
                               rename_label=[{"softmax_label": "la"}, {"softmax_label": "lb"}])
    return epochs(it, 2)


@contextmanager
def mnist_files() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for kind, source in {"image": "t10k-images-idx3-ubyte", "label": "t10k-labels-idx1-ubyte"}.items():
            names[kind] = os.path.join(folder, source)
            with gzip.open(MNIST / f"{source}.gz") as packed, open(names[kind], "wb") as file:
                shutil.copyfileobj(packed, file)
        yield names


def digits(mx: Any, batches: int = 3, count: int = 2, **kwargs: Any) -> Any:
    with mnist_files() as names:
        it = mx.io.MNISTIter(**names, silent=True, **kwargs)
        said: list[Any] = [list(it.provide_data), list(it.provide_label), it.batch_size]
        for _ in range(count):
            total, seen = 0, []
            for batch in it:
                total += 1
                if total <= batches:
                    values = batch.data[0].asnumpy()
                    seen.append([[float(value) for value in batch.label[0].asnumpy()], float(values.mean(dtype=float)),
                                 float(values.max()), list(values.shape), str(values.dtype), batch.pad])
            said.append([total, seen, batch.pad, [float(value) for value in batch.label[0].asnumpy()]])
            it.reset()
        return said


MNIST_CASES: dict[str, dict[str, Any]] = {
    "order": {"shuffle": False, "batch_size": 8}, "flat": {"shuffle": False, "flat": True, "batch_size": 7},
    "shuffle": {"shuffle": True, "batch_size": 8}, "seed": {"shuffle": True, "seed": 5, "batch_size": 8},
    "shuffle_flat": {"shuffle": 1, "seed": 10, "flat": 1, "batch_size": 300},
    "part_0": {"shuffle": False, "batch_size": 8, "num_parts": 3, "part_index": 0},
    "part_2": {"shuffle": False, "batch_size": 8, "num_parts": 3, "part_index": 2},
    "part_shuffle": {"shuffle": True, "batch_size": 8, "num_parts": 2, "part_index": 1, "seed": 3},
    "input_shape": {"shuffle": False, "batch_size": 8, "flat": False, "input_shape": (1, 28, 28)},
    "input_shape_flat": {"shuffle": False, "batch_size": 8, "flat": True, "input_shape": (784,)},
    "names": {"shuffle": False, "batch_size": 8, "data_name": "d", "label_name": "l"},
    "part_outside": {"batch_size": 8, "num_parts": 2, "part_index": 2},
    "batch_large": {"shuffle": False, "batch_size": 900, "num_parts": 2},
}
for title, settings in MNIST_CASES.items():
    stage.add(f"mnist_{title}", lambda mx, settings=settings: digits(mx, **settings))


@stage
def mnist_missing(mx: Any) -> Any:
    return attempt(lambda: mx.io.MNISTIter(image="/nothing/images", label="/nothing/labels", silent=True) and 1)


def table(mx: Any, rows: int, shape: Any, label_shape: Any = None, stop: dict[int, int] | None = None, count: int = 3,
          **kwargs: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        size = int(np.prod(shape))
        names = {"data_csv": os.path.join(folder, "data.csv")}
        whole = str(kwargs.get("dtype", "")).startswith("int")     # MXNet reads 1.0e+01 as 1 then
        form = "%d" if whole else "%.18e"
        np.savetxt(names["data_csv"], np.arange(rows)[:, None] * 10 + np.arange(size) * 0.5, form, delimiter=",")
        if label_shape is not None:
            names["label_csv"] = os.path.join(folder, "label.csv")
            kwargs["label_shape"] = label_shape
            np.savetxt(names["label_csv"], np.arange(rows)[:, None] + np.arange(int(np.prod(label_shape))) * 0.25,
                       form, delimiter=",")
        it = mx.io.CSVIter(data_shape=shape, **names, **kwargs)
        said = epochs(it, count, stop, padded=kwargs.get("round_batch", True))
        it.reset()
        first = next(it)
        return said, first.data[0].shape, first.data[0].asnumpy()[0], first.label[0].asnumpy()[0], \
            str(first.data[0].dtype.__name__)


for rows, size, rounds in itertools.product((6, 7, 10), (1, 3, 4, 7), (True, False)):
    stage.add(f"csv_{rows}_{size}_{'round' if rounds else 'short'}",
              lambda mx, rows=rows, size=size, rounds=rounds:
              table(mx, rows, (3,), (1,), batch_size=size, round_batch=rounds, count=5))
CSV_CASES: dict[str, dict[str, Any]] = {
    "matrix": {"rows": 5, "shape": (2, 3), "label_shape": (2,), "batch_size": 2},
    "no_label": {"rows": 5, "shape": (2, 3), "batch_size": 2},
    "integer_label": {"rows": 5, "shape": (2,), "label_shape": (1,), "batch_size": 2, "dtype": "int32"},
    "int64": {"rows": 5, "shape": (2,), "label_shape": (1,), "batch_size": 2, "dtype": "int64"},
}
for title, settings in CSV_CASES.items():
    stage.add(f"csv_{title}", lambda mx, settings=settings: table(mx, **settings))
