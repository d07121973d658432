# SPDX-License-Identifier: Apache-2.0
"""Names that programs import at their top: imports work, and what is not there says so on use."""
from __future__ import annotations

import array
import ctypes
import importlib
import os

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetNotImplementedError

BASE = """CachedOpHandle CudaKernelHandle CudaModuleHandle DLPackHandle DataIterCreatorHandle DataIterHandle
ExecutorHandle FunctionHandle KVStoreHandle MXCallbackList MXNetError NDArrayHandle
NotImplementedForSymbol NotSupportedForSparseNDArray OpHandle ProfileHandle RecordIOHandle RtcHandle
SymbolHandle _LIB _Null _NullType _as_list add_fileline_to_docstring build_param_doc c2pyerror c_array
c_array_buf c_handle_array c_str c_str_array check_call classproperty ctypes2buffer ctypes2numpy_shared
data_dir data_dir_default error_types get_last_ffi_error integer_types mx_float mx_float_p mx_int
mx_int64 mx_real_t mx_uint numeric_types py_str register_error string_types with_metaclass""".split()


@pytest.mark.parametrize("name", BASE)
def test_base_has(name):
    assert getattr(importlib.import_module("mxnet.base"), name) is not None


@pytest.mark.parametrize("name", """
    base engine libinfo ndarray_doc operator profiler runtime symbol_doc util visualization ndarray.ndarray
    ndarray.contrib ndarray.linalg ndarray.image ndarray.random ndarray.sparse ndarray.op ndarray._internal
    symbol.symbol symbol.contrib symbol.linalg symbol.image symbol.random symbol.sparse symbol.op
    symbol._internal""".split())
def test_modules_resolve(name):
    module = importlib.import_module(f"mxnet.{name}")
    found = mx
    for part in name.split("."):
        found = getattr(found, part)
    assert found is module


def test_unknown_names_are_attribute_errors():
    assert not hasattr(mx.base, "nothing_of_this_name")
    with pytest.raises(ImportError):
        from mxnet.base import nothing_of_this_name  # noqa: F401



def test_c_conversions():
    base = mx.base
    assert base.py_str(b"a") == "a" and base.c_str("a").value == b"a"
    assert list(base.c_array(base.mx_uint, [1, 2])) == [1, 2]
    assert list(base.c_str_array(["a", "b"])) == [b"a", b"b"]
    assert list(base.c_array_buf(base.mx_float, array.array("f", [1, 2]))) == [1, 2]
    text = ctypes.create_string_buffer(b"abc")
    assert base.ctypes2buffer(ctypes.cast(text, ctypes.POINTER(ctypes.c_char)), 2) == b"ab"
    values = (base.mx_float * 4)(1, 2, 3, 4)
    shared = base.ctypes2numpy_shared(ctypes.cast(values, base.mx_float_p), (2, 2))
    assert shared.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(TypeError, match="pointer"):
        base.ctypes2buffer(3, 1)
    assert base.mx_real_t is np.float32


def test_c_library_says_that_it_is_not_there():
    mx.base._LIB.MXNDArrayCreate.restype = ctypes.c_int
    with pytest.raises(MXNetNotImplementedError, match="MXNDArrayCreate"):
        mx.base._LIB.MXNDArrayCreate(1, 2)
    mx.base.check_call(0)
    with pytest.raises(mx.MXNetError, match="no C library"):
        mx.base.check_call(-1)
    with pytest.raises(MXNetNotImplementedError, match="handles"):
        mx.base.c_handle_array([mx.nd.ones((1,))])


def test_base_helpers(monkeypatch):
    base = mx.base
    assert base._as_list(3) == [3] and base._as_list([3]) == [3] and base._as_list((3,)) == (3,)
    doc = base.build_param_doc(["a", "b", "a"], ["int", "float", "int"], ["first", "", "x"])
    assert doc == "Parameters\n----------\na : int\n    first\nb : float\n"
    monkeypatch.setenv("MXNET_HOME", "/somewhere")
    assert base.data_dir() == "/somewhere"
    assert base.c2pyerror("ValueError: x") == ("ValueError: x", "ValueError") and base.c2pyerror("x") == ("x", None)

    class Own(Exception):
        pass
    try:
        assert base.register_error(Own) is Own and base.error_types["Own"] is Own
        assert base.register_error("other", Own) is Own and base.error_types["other"] is Own
    finally:
        del base.error_types["Own"], base.error_types["other"]

    class WithProperty:
        @base.classproperty
        def name(cls):
            return cls.__name__
    assert WithProperty.name == WithProperty().name == "WithProperty"

    class Made(base.with_metaclass(type("Meta", (type,), {"mark": 1}), dict)):
        pass
    assert Made.mark == 1 and Made.__mro__[1] is dict


def test_engine():
    before = mx.engine.set_bulk_size(10)
    with mx.engine.bulk(3):
        assert mx.engine.set_bulk_size(3) == 3
    assert mx.engine.set_bulk_size(before) == 10


def test_runtime_features():
    features = mx.runtime.Features()
    assert features is mx.runtime.Features() and list(features)[:2] == ["CUDA", "CUDNN"] and len(features) == 32
    assert features.is_enabled("opencv") and features["OPENCV"] == ("OPENCV", True)
    assert repr(features["DEBUG"]) == "✖ DEBUG" and [f.name for f in mx.runtime.feature_list()] == list(features)
    with pytest.raises(RuntimeError, match="no feature 'CUDDA'.*CUDA"):
        features.is_enabled("cudda")


def test_util(tmp_path):
    util = mx.util
    util.makedirs(tmp_path / "a" / "b")
    util.makedirs(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    util.setenv("MXNET_TEST_COMPAT", "1")
    assert util.getenv("MXNET_TEST_COMPAT") == os.environ["MXNET_TEST_COMPAT"] == "1"
    util.setenv("MXNET_TEST_COMPAT", None)
    assert util.getenv("MXNET_TEST_COMPAT") is None
    assert util.get_gpu_count() == mx.num_gpus()
    assert not util.is_np_shape() and not util.is_np_array() and util.set_np_shape(False) is False
    util.reset_np()
    with util.np_shape(False), util.np_array(False):
        pass


def test_numpy_semantics_say_that_they_are_not_built():
    util = mx.util

    @util.use_np
    def function():
        return 1

    @util.use_np_shape
    class Block:
        pass
    for use in (function, Block, lambda: util.set_np_shape(True), util.set_np, util.np_shape, util.np_array):
        with pytest.raises(MXNetNotImplementedError, match="mx.np"):
            use()
    assert function.__name__ == "function"


@pytest.mark.parametrize("key, good, bad", [
    ("where", [True, None], []), ("casting", ["no", "same_kind"], ["bad"]), ("order", ["K", "C", "F"], [1]),
    ("dtype", ["float32", np.float32], [None, "q", 3]), ("subok", [True, False], [1]), ("zz", [], [1])])
def test_ufunc_options(key, good, bad):
    assert all(mx.util.np_ufunc_legal_option(key, value) for value in good)
    assert not any(mx.util.np_ufunc_legal_option(key, value) for value in bad)


def test_libinfo_and_docs():
    assert mx.libinfo.__version__ == mx.__version__ == "1.9.1"
    for find in (mx.libinfo.find_lib_path, mx.libinfo.find_include_path, mx.libinfo.find_conf_path):
        with pytest.raises(MXNetNotImplementedError, match="PyTorch"):
            find()
    net = mx.sym.FullyConnected(mx.sym.Variable("d"), num_hidden=3, name="f")
    assert mx.symbol_doc.SymbolDoc.get_output_shape(net, d=(2, 3)) == {"f_output": (2, 3)}
    assert "name : str, optional" in mx.symbol_doc._build_doc("f", "Text.", ["x"], ["int"], ["An x."])
    assert "x : int\n    An x." in mx.ndarray_doc._build_doc("f", "Text.", ["x"], ["int"], ["An x."])


def test_sparse():
    sparse = mx.nd.sparse
    x = mx.nd.array([[1, 2], [3, 4]])
    assert sparse.dot(x, x).asnumpy().tolist() == [[7, 10], [15, 22]]
    assert sparse.add(x, 1).asnumpy().tolist() == [[2, 3], [4, 5]]
    assert mx.sym.sparse.dot(mx.sym.Variable("a"), mx.sym.Variable("b")).list_arguments() == ["a", "b"]
    assert sparse.zeros("default", (2,)).asnumpy().tolist() == [0, 0]
    assert not isinstance(x, (sparse.CSRNDArray, sparse.RowSparseNDArray, sparse.BaseSparseNDArray))
    for make in (lambda: sparse.csr_matrix((2, 2)), lambda: sparse.row_sparse_array((2, 2)), sparse.CSRNDArray,
                 lambda: sparse.zeros("csr", (2, 2)), lambda: sparse.empty("row_sparse", (2, 2)),
                 lambda: sparse.array(x)):
        with pytest.raises(MXNetNotImplementedError, match="sparse storage"):
            make()
    with pytest.raises(ValueError, match="stype"):
        sparse.zeros("dense", (2,))


def test_finite():
    x = mx.nd.array([1, np.inf, -np.inf, np.nan])
    assert mx.nd.contrib.isinf(x).asnumpy().tolist() == [0, 1, 1, 0]
    assert mx.nd.contrib.isnan(x).asnumpy().tolist() == [0, 0, 0, 1]
    assert mx.nd.contrib.isfinite(x).asnumpy().tolist() == [1, 0, 0, 0]
