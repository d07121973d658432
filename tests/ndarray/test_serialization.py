# SPDX-License-Identifier: Apache-2.0
"""Files of arrays: those that MXNet 1.9.1 wrote are read, and written again byte for byte; damage; killed writers."""
from __future__ import annotations

import os
import pickle
import signal
import stat
import struct
import time
from pathlib import Path

import numpy as np
import params_cases as cases
import pytest
import torch

from mxnet import ndarray as nd
from mxnet.base import (
    MXNetError,
    MXNetNotImplementedError,
    MXNetTypeError,
    MXNetValueError,
)
from mxnet.context import Context, cpu
from mxnet.ndarray import serialization, utils
from mxnet.ndarray.serialization import (
    load_tensors,
    load_tensors_from_buffer,
    save_tensors,
    tensor_from_bytes,
    tensor_to_bytes,
)

FOLDER = Path(__file__).parent.parent / "data" / "params"
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
VALUES = np.arange(4, dtype=np.float32).tobytes()


def recorded(name):
    return FOLDER / f"{name}.params"


def tensors_of(case):
    """Tensors and names of a case."""
    if isinstance(case, dict):
        return [torch.tensor(values) for values in case.values()], list(case)
    return [torch.tensor(values) for values in (case if isinstance(case, list) else [case])], []


def assert_same(found, expected):
    """Equal bit by bit: NaN, signed zeros and all."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert bytes(serialization._values(found)) == bytes(serialization._values(expected))


def container(*arrays, names=(), count=None, named=None, magic=0x112, reserved=0):
    data = struct.pack("<3Q", magic, reserved, len(arrays) if count is None else count) + b"".join(arrays)
    data += struct.pack("<Q", len(names) if named is None else named)
    return data + b"".join(struct.pack("<Q", len(name)) + name for name in names)


def array(shape=(4,), values=VALUES, context=(1, 0), dtype=0, version=V2, storage=0, rank=None):
    rank = len(shape) if rank is None else rank
    start = {0: b"", V1: struct.pack("<I", V1)}.get(version, struct.pack("<Ii", version, storage))
    sizes = struct.pack(f"<i{len(shape)}{'I' if version == 0 else 'q'}", rank, *shape)
    return start + sizes + struct.pack("<iii", *context, dtype) + values


NOTHING = struct.pack("<Iii", V2, 0, 0)          # an array without values


# -- files of MXNet --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "case", "np_shape"), [
    *((name, case, False) for name, case in {**cases.SAVED, **cases.PLAIN_SAVED}.items()),
    *((name, case, True) for name, case in cases.NUMPY_SHAPES.items()),
    ("bfloat16", [torch.tensor(cases.BFLOAT16).bfloat16()], False),
])
def test_mxnets_files_are_read_and_written(tmp_path, name, case, np_shape):
    tensors, names = tensors_of(case) if name != "bfloat16" else (case, [])
    for source in (recorded(name), str(recorded(name)), f"file://{recorded(name)}", recorded(name).read_bytes(),
                   memoryview(recorded(name).read_bytes())):
        found, found_names = load_tensors(source)
        assert found_names == names and len(found) == len(tensors)
        for one, other in zip(found, tensors):
            assert_same(one, other)
    save_tensors(tmp_path / "a.params", tensors, names, np_shape=np_shape)
    assert (tmp_path / "a.params").read_bytes() == recorded(name).read_bytes()


@pytest.mark.parametrize("version", [0, 1])
def test_files_of_early_versions(version):
    data, expected = cases.legacy(version)       # MXNet 1.9.1 reads them, as recording has checked
    tensors, names = load_tensors_from_buffer(data)
    assert names == list(expected)
    for tensor, values in zip(tensors, expected.values()):
        assert_same(tensor, torch.tensor(values))


@pytest.mark.parametrize("name", list(cases.CONTEXTS))
def test_contexts(tmp_path, name):
    tensors, _ = load_tensors(recorded(name))
    assert tensors[0].tolist() == [[1, 2]]
    context = Context(*cases.CONTEXTS[name])
    save_tensors(tmp_path / "a.params", tensors, contexts=[context])
    assert (tmp_path / "a.params").read_bytes() == recorded(name).read_bytes()
    save_tensors(tmp_path / "a.params", tensors, contexts=[Context("gpu", 1)])
    default = (tmp_path / "a.params").read_bytes()
    save_tensors(tmp_path / "a.params", tensors)
    assert (tmp_path / "a.params").read_bytes() == default


@pytest.mark.parametrize("kind", list(cases.SPARSE))
def test_sparse_arrays(kind):
    match = rf"array 1 \('a_{kind}'\) is sparse \({kind}, shape \(3, 2\)\); only dense arrays can be loaded"
    with pytest.raises(MXNetNotImplementedError, match=match):
        load_tensors(recorded(kind))
    data = recorded(kind).read_bytes()
    for rows in (0, 9):                          # MXNet writes, and reads, files where this number is wrong
        with pytest.raises(MXNetNotImplementedError, match=match):
            load_tensors_from_buffer(data[:76] + bytes([rows]) + data[77:])
    for end in range(len(data)):
        with pytest.raises(MXNetError, match="the buffer, byte"):
            load_tensors_from_buffer(data[:end])


# What MXNet 1.9.1 reads, whatever wrote it.
@pytest.mark.parametrize(("data", "expected"), [
    (container(array(), reserved=77), [0, 1, 2, 3]),
    (container(array()) + b"garbage", [0, 1, 2, 3]),
    (container(array(context=(2, 1))), [0, 1, 2, 3]),
    (container(array(context=(7, -5))), [0, 1, 2, 3]),
    (container(array((3,), b"\0\2\xff", dtype=7)), [False, True, True]),
    (container(array((2, 0), b"")), [[], []]),
    (container(array((2, 0), b"", version=V1)), [[], []]),
    (container(array((2, 0), b"", version=0)), [[], []]),
    (container(array((), VALUES[4:8], version=V1)), 1),
    (container(array((), VALUES[4:8], version=0)), 1),
    (container(array((), VALUES[4:8], version=V3)), 1),
    (container(array((1,) * 40, VALUES[4:8])), None),
], ids=lambda value: "")
def test_what_mxnet_takes(data, expected):
    (tensor,), names = load_tensors_from_buffer(data)
    assert names == []
    if expected is None:
        assert tensor.shape == (1,) * 40 and tensor.item() == 1
    else:
        assert tensor.tolist() == expected
    if tensor.dtype is torch.bool:
        assert tensor.view(torch.uint8).tolist() == [0, 1, 1]


def test_dtypes_of_mxnet_2():
    for code, dtype in ((8, torch.int16), (9, torch.uint16), (10, torch.uint32), (11, torch.uint64)):
        values = bytes(range(1, 1 + 2 * dtype.itemsize))
        (tensor,), _ = load_tensors_from_buffer(container(array((2,), values, dtype=code)))
        assert tensor.dtype is dtype and bytes(tensor.view(torch.uint8).tolist()) == values


# -- writing ---------------------------------------------------------------------------------------------------------

def test_every_dtype_and_layout_comes_back(tmp_path):
    base = torch.arange(24).reshape(2, 3, 4)
    for dtype in serialization.CODE:
        made = [base.to(dtype), base.to(dtype).transpose(0, 2), base.to(dtype)[:, 1:, ::2], base.to(dtype)[0, 0, 0],
                base.to(dtype)[:, :0], base.to(dtype)[:1].expand(5, 3, 4), base.to(dtype)[0, 0, 0].expand(1)]
        save_tensors(tmp_path / "a.params", made)
        for one, other in zip(load_tensors(tmp_path / "a.params")[0], made, strict=True):
            assert_same(one, other)
            assert one.is_contiguous()
    save_tensors(tmp_path / "a.params", [torch.ones(2, requires_grad=True)])
    (tensor,), _ = load_tensors(tmp_path / "a.params")
    assert tensor.tolist() == [1, 1] and not tensor.requires_grad


def test_loaded_tensors_do_not_share_memory():
    data = recorded("float32").read_bytes()
    (first,), _ = load_tensors_from_buffer(data)
    first.zero_()
    (second,), _ = load_tensors_from_buffer(data)
    assert data == recorded("float32").read_bytes() and second[0, 2] == 1.5


def test_a_large_array(tmp_path):
    values = torch.arange(3_000_000, dtype=torch.float64)
    save_tensors(tmp_path / "a.params", [torch.ones(3), values, torch.ones(2)], ["a", "b", "c"])
    assert (tmp_path / "a.params").stat().st_size == 24 + 3 * 32 + 12 + 24_000_000 + 8 + 8 + 3 * 9
    (_, found, last), names = load_tensors(tmp_path / "a.params")
    assert names == ["a", "b", "c"] and found.equal(values) and last.tolist() == [1, 1]


@pytest.mark.parametrize(("tensors", "names", "error", "match"), [
    ([torch.ones(1)], ["a", "b"], MXNetValueError, "2 names for 1 arrays; give one for each, or none"),
    ([torch.ones(1)], [5], MXNetTypeError, "the name of an array is a str, not int: 5"),
    ([torch.ones(1)], ["a\ud800"], MXNetValueError, "cannot be written as UTF-8"),
    ([torch.ones(1, dtype=torch.complex64)], ["w"], MXNetTypeError, r"array 0 \('w'\) is torch.complex64; the file"),
    ([torch.ones(1), np.ones(1)], [], MXNetTypeError, "array 1 is no tensor but ndarray"),
    ([torch.ones(1, device="meta")], [], MXNetTypeError, "array 0 has no dense values"),
    ([torch.ones(2, 2).to_sparse()], [], MXNetTypeError, "array 0 has no dense values"),
])
def test_what_cannot_be_written(tmp_path, tensors, names, error, match):
    with pytest.raises(error, match=match):
        save_tensors(tmp_path / "a.params", tensors, names)
    assert list(tmp_path.iterdir()) == []


def test_paths_that_cannot_be_used(tmp_path):
    with pytest.raises(MXNetError, match="cannot be written: No such file or directory"):
        save_tensors(tmp_path / "no" / "a.params", [torch.ones(1)])
    with pytest.raises(MXNetError, match="cannot be written: Is a directory"):
        save_tensors(tmp_path, [torch.ones(1)])
    with pytest.raises(MXNetError, match=r"no\.params: cannot be read: No such file or directory"):
        load_tensors(tmp_path / "no.params")
    with pytest.raises(MXNetError, match="cannot be read: Is a directory"):
        load_tensors(tmp_path)
    with pytest.raises(MXNetNotImplementedError, match="only local files"):
        load_tensors("s3://bucket/a.params")
    with pytest.raises(MXNetTypeError, match="a file name is a str or a path-like"):
        load_tensors(5)
    with pytest.raises(MXNetTypeError, match="a buffer is bytes"):
        load_tensors_from_buffer("text")


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs /dev/null")
def test_devices_are_no_files_of_arrays():
    save_tensors("/dev/null", [torch.ones(1)])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(MXNetError, match="/dev/null: not a regular file"):
        load_tensors("/dev/null")


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "a.params", tmp_path / "latest.params"
    link.symlink_to(target.name)
    save_tensors(link, [torch.ones(1)])
    assert link.is_symlink() and load_tensors(target)[0][0].item() == 1


def test_a_failing_writer_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.params"
    save_tensors(path, [torch.ones(3)])
    before = path.read_bytes()
    monkeypatch.setattr(serialization, "_values", lambda tensor: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(MXNetError, match="cannot be written: No space left"):
        save_tensors(path, [torch.zeros(3)])
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "a.params"
    rng = np.random.RandomState(0)
    save_numbered(path, 0)
    for _ in range(12):
        writer = os.fork()
        if writer == 0:
            try:
                for turn in range(100_000):
                    save_numbered(path, turn)
            finally:
                os._exit(1)
        try:
            for _ in range(5):                   # readers never see a part of a file, either
                time.sleep(rng.uniform(0, 0.01))
                check_whole(path)
        finally:
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)
        check_whole(path)


def save_numbered(path, turn):
    # NumPy fills them: torch's threads do not live on in a forked process.
    arrays = [torch.from_numpy(np.full(100_000, turn % 100, np.uint8))] * 3
    save_tensors(path, arrays, [str(turn), "b", "c"])


def check_whole(path):
    tensors, names = load_tensors(path)
    assert names[1:] == ["b", "c"]
    for tensor in tensors:
        assert tensor.shape == (100_000,) and tensor.eq(int(names[0]) % 100).all()


# -- damage ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("data", "match"), [
    (b"", r"byte 0: expected 24 bytes of magic number and number of arrays, found 0"),
    (container(array(), magic=0x113), r"byte 0: expected the magic number 0x112, found 0x113\. This is no file"),
    (container(count=2**63), r"byte 16: 9223372036854775808 arrays cannot be in the 8 bytes that follow"),
    (container(array(), count=2), r"expected \d+ bytes of array 1 \(sizes|array 1 has \d+ dimensions|of array 1 \(its"),
    (container(array(), names=[b"a", b"b"]), r"byte 72: expected 0 or 1 names for 1 arrays, found 2"),
    (container(array(), named=1), r"byte 72: 1 names cannot be in the 0 bytes that follow"),
    (container(array(), names=[b"a"])[:-1], r"expected 1 bytes of name 0, found 0"),
    (container(array(), named=1) + struct.pack("<Q", 2**63), r"expected 9223372036854775808 bytes of name 0, found 0"),
    (container(array(), names=[b"\xff\xfe"]), r"byte 88: name 0 is not UTF-8 \(invalid start byte\): b'\\xff\\xfe'"),
    (container(array(values=VALUES[:7]))[:63],
     r"byte 56: expected 16 bytes of array 0 \(values, float32 \(4,\)\), found 7\. The file is cut or damaged"),
    (container(array((2**40, 2**40), b"")), r"array 0 is too large: float32 \(1099511627776, 1099511627776\)"),
    (container(array((0, 2**62, 2**62), b"")), r"array 0 is too large: float32 \(0, "),
    (container(array((2**61,), b"")), r"too large: float32 \(2305843009213693952,\)"),
    (container(array((2**40,), b"")), r"expected 4398046511104 bytes of array 0"),
    (container(array((-4,))), r"byte 36: array 0 has a negative size: \(-4,\)"),
    (container(array((-2, -2))), r"array 0 has a negative size: \(-2, -2\)"),
    (container(array((-2,), version=V3)), r"array 0 has a negative size: \(-2,\)"),
    (container(array(rank=-1)), r"byte 32: array 0 has -1 dimensions; 0 to 64 are possible"),
    (container(array(rank=65)), r"array 0 has 65 dimensions"),
    (container(array(version=0, rank=2**31 - 1)), r"array 0 has 2147483647 dimensions"),
    (container(array(rank=60)), r"expected 480 bytes of array 0 \(sizes of 60 dimensions\), found"),
    (container(array(storage=5)), r"byte 28: array 0 has the storage type 5; known are 0 to 2"),
    (container(array(storage=-1)), r"array 0 has the storage type -1"),
    (container(array(dtype=13)), r"byte 52: array 0 has the dtype 13; known are 0 to 12"),
    (container(array(dtype=-1)), r"array 0 has the dtype -1"),
    (container(array(), NOTHING, names=[b"a", b"none"]), r"array 1 \('none'\) has no shape and no values"),
    (container(struct.pack("<Iii", V3, 0, -1)), "array 0 has no shape and no values"),
    (container(struct.pack("<Iiiqq", V3, 0, 2, 3, -1)), "array 0 has no shape and no values"),
], ids=lambda value: value[:30] if isinstance(value, str) else "")
def test_damage_is_told_with_its_place(tmp_path, data, match):
    with pytest.raises(MXNetError, match=f"the buffer.*{match}"):
        load_tensors_from_buffer(data)
    (tmp_path / "a.params").write_bytes(data)
    with pytest.raises(MXNetError, match=rf"a\.params.*{match}"):
        load_tensors(tmp_path / "a.params")


@pytest.mark.parametrize("name", ["names", "unicode", "mixed", "np_zero_size", "csr"])
def test_cut_files(name):
    data = recorded(name).read_bytes()
    for end in range(len(data)):
        with pytest.raises(MXNetError, match=r"the buffer, byte \d+: "):
            load_tensors_from_buffer(data[:end])


def test_mutated_files_end_in_arrays_or_a_clear_error():
    rng = np.random.RandomState(0)
    originals = [path.read_bytes() for path in sorted(FOLDER.glob("*.params"))]
    originals += [cases.legacy(version)[0] for version in (0, 1)]
    errors = loaded = 0
    for turn in range(6000):
        data = mutate(rng, originals[turn % len(originals)])
        try:
            tensors, _ = load_tensors_from_buffer(data)
        except MXNetError:
            errors += 1
        else:
            loaded += 1
            assert sum(tensor.nbytes for tensor in tensors) <= len(data)
    assert errors > 2000 and loaded > 500


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, kind = int(rng.randint(0, len(data))), rng.randint(0, 6)
        if kind == 0:
            data[at] = rng.randint(0, 256)
        elif kind == 1:
            del data[at:at + int(rng.randint(1, 9))]
        elif kind == 2:
            data[at:at] = rng.bytes(int(rng.randint(1, 9)))
        elif kind == 3:
            data[at & ~3:(at & ~3) + 4] = struct.pack("<i", (0, -1, 1, 2**31 - 1, -2**31)[rng.randint(0, 5)])
        elif kind == 4:
            data[at & ~3:(at & ~3) + 4] = struct.pack("<I", (V1, V2, V3, 0x112, 3)[rng.randint(0, 5)])
        else:
            data[at & ~7:(at & ~7) + 8] = struct.pack("<Q", (2**63, 2**64 - 1, 2**32, 0, 1)[rng.randint(0, 5)])
        if not data:
            break
    return bytes(data)


def test_a_file_that_shrinks_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.params"
    save_tensors(path, [torch.ones(100_000)])
    scan = serialization._scan

    def scan_and_cut(source):
        found = scan(source)
        os.truncate(path, 100_000)
        return found

    monkeypatch.setattr(serialization, "_scan", scan_and_cut)
    with pytest.raises(MXNetError, match=r"byte 56: expected 400000 bytes of values, found 99944\. The file became"):
        load_tensors(path)


# -- one array -------------------------------------------------------------------------------------------------------

def test_the_bytes_of_one_array_are_what_mxnet_pickles():
    expected = ("c9fa93f90000000002000000020000000000000002000000000000000100000000000000040000"
                "0001000000020000000300000004000000")
    tensor = torch.tensor([[1, 2], [3, 4]], dtype=torch.int32)
    assert tensor_to_bytes(tensor, cpu()).hex() == expected
    assert_same(tensor_from_bytes(bytes.fromhex(expected)), tensor)
    for other in (torch.tensor(2.5), torch.zeros(0, 3), torch.tensor([1.5], dtype=torch.bfloat16)):
        assert_same(tensor_from_bytes(bytearray(tensor_to_bytes(other, cpu(3)))), other)
    with pytest.raises(MXNetError, match=r"the array's bytes, byte 40: expected 16 bytes of array 0 \(values"):
        tensor_from_bytes(bytes.fromhex(expected)[:-1])
    with pytest.raises(MXNetError, match="the array's bytes has no shape and no values"):
        tensor_from_bytes(NOTHING)
    with pytest.raises(MXNetTypeError, match=r"the array is torch\.complex64"):
        tensor_to_bytes(torch.ones(1, dtype=torch.complex64), cpu())


# -- mx.nd.save and load ---------------------------------------------------------------------------------------------

def converted(case):
    if isinstance(case, dict):
        return {name: nd.array(values, dtype=values.dtype) for name, values in case.items()}
    return [nd.array(values, dtype=values.dtype) for values in case] if isinstance(case, list) else nd.array(case)


@pytest.mark.parametrize("name", ["single", "mixed", "empty_list", "empty_dict", "names", "empty_name", "unicode"])
def test_save_and_load(tmp_path, name):
    data = converted(cases.SAVED[name])
    path = str(tmp_path / "a.params")
    assert utils.save(path, data) is None
    assert Path(path).read_bytes() == recorded(name).read_bytes()
    for found in (utils.load(path), utils.load(Path(path)), utils.load_frombuffer(Path(path).read_bytes())):
        # As MXNet: a dict where there are names, else a list, whatever was saved.
        if isinstance(data, dict) and data:
            assert type(found) is dict and list(found) == list(data)
            pairs = [(found[key], data[key]) for key in data]
        else:
            assert type(found) is list
            pairs = list(zip(found, [data] if name == "single" else data, strict=True))
        for one, other in pairs:
            assert one.dtype == other.dtype and one.context == cpu()
            np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())


def test_saved_contexts(tmp_path):
    path = tmp_path / "a.params"
    utils.save(path, [nd.array([[1, 2]], ctx=cpu(3))])
    assert path.read_bytes() == recorded("cpu_3").read_bytes()
    with cpu(2):
        assert utils.load(path)[0].context == cpu(0)


def test_of_two_equal_names_the_last_counts():
    found = utils.load_frombuffer(container(array(), array((1,), VALUES[4:8]), names=[b"a", b"a"]))
    assert list(found) == ["a"] and found["a"].asnumpy().tolist() == [1]


@pytest.mark.parametrize(("data", "error", "match"), [
    ((1,), MXNetValueError, "save takes an NDArray, a list of NDArray or a dict of str to NDArray, not tuple"),
    ("text", MXNetValueError, "not str"),
    (None, MXNetValueError, "not NoneType"),
    (np.zeros(3), MXNetValueError, "not ndarray"),
    ([np.zeros(3)], MXNetTypeError, "save writes NDArray, and item 0 is ndarray"),
    ([None], MXNetTypeError, "item 0 is NoneType"),
    ({"w": np.zeros(3)}, MXNetTypeError, "item 'w' is ndarray"),
    ({1: np.zeros(3)}, MXNetTypeError, "save names arrays by str, not by int: 1"),
    ({b"x": np.zeros(3)}, MXNetTypeError, "not by bytes"),
])
def test_what_save_refuses(tmp_path, data, error, match):
    with pytest.raises(error, match=match):
        utils.save(tmp_path / "a.params", data)
    assert list(tmp_path.iterdir()) == []


def test_what_load_refuses(tmp_path):
    for wrong in (b"a.params", 5, None):
        with pytest.raises(MXNetTypeError):
            utils.load(wrong)
    with pytest.raises(MXNetTypeError):
        utils.load_frombuffer("a.params")


def test_pickling_arrays():
    array = nd.array([[1, 2], [3, 4]], dtype="int32", ctx=cpu(1))
    other = pickle.loads(pickle.dumps(array))
    assert other.dtype == np.int32 and other.asnumpy().tolist() == [[1, 2], [3, 4]]
