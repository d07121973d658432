# SPDX-License-Identifier: Apache-2.0
"""Names that modules of MXNet hold only because they import them, and that programs take from there.

`from mxnet.recordio import np` and `mx.monitor.py_str` work in MXNet by accident. Here each such name has one place;
`lend(__name__)` at the end of a module lets it be found from there too. Nothing is imported before it is asked for.
"""
from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["lend"]

_BYTES = "c_array c_array_buf c_handle_array c_str check_call ctypes"
# module: the names that it lends
_LENT = {
    "attribute": "defaultdict threading warnings",
    "autograd": f"CFUNCTYPE Lock MXCallbackList NDArrayHandle POINTER Symbol SymbolHandle _GRAD_REQ_MAP _LIB {_BYTES} "
                "array=array.array c_int c_void_p cast=ctypes.cast mx_uint string_types traceback",
    "callback": "math",
    "context": "_LIB check_call classproperty ctypes warnings with_metaclass",
    "contrib.autograd": f"NDArrayHandle _GRAD_REQ_MAP _LIB array=array.array {_BYTES} mx_uint string_types zeros_like",
    "contrib.io": "nd",
    "contrib.tensorboard": "logging",
    "executor": "ExecutorHandle NDArray NDArrayHandle SymbolHandle _LIB _check_arguments _load_data _load_label "
                "_split_input_slice copy ctypes mx_int mx_uint ndarray np py_array",
    "executor_manager": "DataDesc mx_real_t nd np",
    "image": "Number cv2 det io is_np_array json logging nd np numeric_types os random recordio sys warnings",
    "image.detection": "Augmenter CastAug ColorJitterAug ColorNormalizeAug ForceResizeAug HueJitterAug ImageIter "
                       "LightingAug RandomGrayAug RandomOrderAug ResizeAug copyMakeBorder fixed_crop io is_np_array "
                       "json logging nd np numeric_types random warnings",
    "image.image": "Number cv2 io is_np_array json logging nd np numeric_types os random recordio sys warnings",
    "initializer": "is_np_array load=.ndarray.load ndarray random=.random registry sqrt=math.sqrt string_types "
                   "warnings",
    "io.io": "CSRNDArray DataIterHandle NDArray NDArrayHandle _LIB array c_str_array check_call concat ctypes logging "
             "mx_real_t mx_uint namedtuple np py_str sys threading tile",
    "metric": "OrderedDict math ndarray numpy registry numeric_types string_types",
    "model": "_multiple_callbacks=._multi_device.multiple_callbacks "
             "_train_multi_device=._multi_device.train_multi_device Context DataDesc DataParallelExecutorManager "
             "LogValidationMetricsCallback Uniform _check_arguments _load_data io metric mx_real_t np opt os time "
             "warnings",
    "module.bucketing_module": "NameManager ctx load_params nd sym",
    "module.executor_group": "OrderedDict _DTYPE_MX_TO_NP ctx logging nd",
    "module.module": "ctx nd zeros",
    "module.python_module": "nd",
    "monitor": "NDArrayHandle ctypes ndarray py_str",
    "name": "threading warnings",
    "ndarray.ndarray": f"Features NDArrayHandle _GRAD_REQ_MAP _LIB _STORAGE_TYPE_STR_TO_ID {_BYTES} ctypes2buffer "
                       "current_context integer_types is_np_array mx_int mx_int64 mx_real_t mx_uint native_array "
                       "numeric_types reduce",
    "operator": "CFUNCTYPE Lock MXCallbackList NDArray NDArrayHandle OpHandle POINTER Structure _DTYPE_MX_TO_NP "
                f"_DTYPE_NP_TO_MX _LIB _STORAGE_TYPE_STR_TO_ID {_BYTES} array=array.array c_bool c_char c_char_p "
                "c_int c_void_p cast=ctypes.cast collections context mx_float mx_int mx_uint pointer symbol traceback",
    "optimizer": "NDabs",
    "optimizer.contrib": "clip mean sqrt square zeros",
    "optimizer.optimizer": "NDabs NDnorm adam_update array cast clip ftml_update ftrl_update is_np_array "
                           "lamb_update_phase1 lamb_update_phase2 math maximum mp_lamb_update_phase1 "
                           "mp_lamb_update_phase2 mp_nag_mom_update mp_sgd_mom_update mp_sgd_update multi_lars "
                           "multi_mp_sgd_mom_update multi_mp_sgd_update multi_sgd_mom_update multi_sgd_update "
                           "multi_sum_sq multiply nag_mom_update normal numpy pickle "
                           "preloaded_multi_mp_sgd_mom_update preloaded_multi_mp_sgd_update "
                           "preloaded_multi_sgd_mom_update preloaded_multi_sgd_update py_str rmsprop_update "
                           "rmspropalex_update sgd_mom_update sgd_update signsgd_update signum_update sqrt square "
                           "zeros",
    "profiler": "KVStoreHandle ProfileHandle _LIB ctypes",
    "random": "_LIB check_call ctypes integer_types",
    "recordio": "RecordIOHandle _LIB c_str check_call ctypes current_process cv2 namedtuple np numbers struct",
    "registry": "string_types",
    "rnn": "DataBatch DataDesc DataIter bisect functools init ndarray np numeric_types random string_types symbol "
           "warnings",
    "rnn.io": "ndarray",
    "rnn.rnn_cell": "functools init ndarray numeric_types string_types symbol warnings",
    "runtime": "_LIB collections ctypes",
    "symbol.symbol": "AttrScope Number _DTYPE_MX_TO_NP _DTYPE_NP_TO_MX _GRAD_REQ_MAP _STORAGE_TYPE_STR_TO_ID "
                     "is_np_shape",
    "test_utils": "Context Features OrderedDict Symbol _STORAGE_TYPE_STR_TO_ID bz2 contextmanager errno gzip json "
                  "logging mx np npt numbers os platform rnd ss struct sys time traceback zipfile",
    "util": "_LIB threading",
    "visualization": "copy json",
}

# place: the names in it; a place in this package begins with a dot
_PLACES = {
    ".base": "CachedOpHandle DataIterHandle ExecutorHandle KVStoreHandle MXCallbackList NDArrayHandle OpHandle "
             "ProfileHandle RecordIOHandle SymbolHandle _LIB _Null c_array c_array_buf c_handle_array c_str "
             "c_str_array check_call classproperty ctypes2buffer integer_types mx_float mx_int mx_int64 mx_real_t "
             "mx_uint numeric_types py_str string_types with_metaclass",
    ".attribute": "AttrScope",
    ".callback": "LogValidationMetricsCallback",
    ".context": "Context current_context",
    ".executor_manager": "DataParallelExecutorManager _check_arguments _load_data _load_label _split_input_slice",
    ".image": "Augmenter CastAug ColorJitterAug ColorNormalizeAug ForceResizeAug HueJitterAug ImageIter LightingAug "
              "RandomGrayAug RandomOrderAug ResizeAug copyMakeBorder fixed_crop",
    ".initializer": "Uniform",
    ".io": "DataBatch DataDesc DataIter",
    ".model": "load_params",
    ".name": "NameManager",
    ".ndarray.ndarray": "_DTYPE_MX_TO_NP _DTYPE_NP_TO_MX",
    ".ndarray.sparse": "CSRNDArray",
    ".runtime": "Features",
    ".symbol": "Symbol",
    ".util": "is_np_array is_np_shape",
    "collections": "OrderedDict defaultdict namedtuple",
    "contextlib": "contextmanager",
    "ctypes": "CFUNCTYPE POINTER Structure c_bool c_char c_char_p c_int c_void_p pointer",
    "functools": "reduce",
    "multiprocessing": "current_process",
    "numbers": "Number",
    "threading": "Lock",
}
_WHERE = {name: f"{place}.{name}" for place, names in _PLACES.items() for name in names.split()} | {
    name: f".{name}" for name in ("context", "io", "metric", "ndarray", "recordio", "registry", "symbol")} | {
    "NDabs": ".ndarray.abs", "NDnorm": ".ndarray.norm", "array": ".ndarray.array", "ctx": ".context", "cv2": "cv2",
    "det": ".image.detection",
    "init": ".initializer", "mx": __package__, "native_array": "array.array", "nd": ".ndarray", "np": "numpy",
    "npt": "numpy.testing", "numpy": "numpy", "opt": ".optimizer", "py_array": "array.array", "rnd": "random",
    "ss": "scipy.stats", "sym": ".symbol"}
# What the C library's enumerations are called in MXNet.
_NUMBERS = {"_GRAD_REQ_MAP": {"null": 0, "write": 1, "add": 3},
            "_STORAGE_TYPE_STR_TO_ID": {"undefined": -1, "default": 0, "row_sparse": 1, "csr": 2}}


def _find(name: str, path: str) -> Any:
    """What a lent name stands for: a module, or something in one; by default one of Python's, or an operator."""
    if name in _NUMBERS:
        return dict(_NUMBERS[name])
    path = path or _WHERE.get(name) or (name if name in sys.stdlib_module_names else f".ndarray.{name}")
    module, _, attribute = path.rpartition(".")
    if not module:
        return importlib.import_module(path, __package__)
    return getattr(importlib.import_module(module, __package__), attribute)


def lend(owner: str) -> list[str]:
    """Let a module (its `__name__`) find the names that it lends, once all of its own are defined; the names."""
    module = sys.modules[owner]
    before = vars(module).get("__getattr__")
    paths = dict(word.partition("=")[::2] for word in _LENT[owner.partition(".")[2]].split())

    def find(name: str) -> Any:
        if name in paths:
            return _find(name, paths[name])
        if before is not None:
            return before(name)
        raise AttributeError(f"module {owner!r} has no attribute {name!r}")
    vars(module)["__getattr__"] = find
    return list(paths)
