# SPDX-License-Identifier: Apache-2.0
"""What this installation can do, under the names of MXNet's build features; PyTorch is asked for most of them."""
from __future__ import annotations

import importlib.util
from collections import OrderedDict
from typing import ClassVar, NamedTuple

import torch

from ._clib import check_call
from ._old_names import lend
from .base import MXNetError, nearest

__all__ = ["Feature", "Features", "check_call", "feature_list"]

# In MXNet's order. Those that `_enabled` does not name belong to builds of MXNet and are off.
_NAMES = (
    "CUDA CUDNN NCCL CUDA_RTC TENSORRT CPU_SSE CPU_SSE2 CPU_SSE3 CPU_SSE4_1 CPU_SSE4_2 CPU_SSE4A CPU_AVX "
    "CPU_AVX2 OPENMP SSE F16C JEMALLOC BLAS_OPEN BLAS_ATLAS BLAS_MKL BLAS_APPLE LAPACK MKLDNN OPENCV CAFFE "
    "PROFILER DIST_KVSTORE CXX14 INT64_TENSOR_SIZE SIGNAL_HANDLER DEBUG TVM_OP ").split()


class Feature(NamedTuple):
    """One feature: its name, and whether it is there."""

    name: str
    enabled: bool

    def __repr__(self) -> str:
        return f"{'✔' if self.enabled else '✖'} {self.name}"


def _enabled() -> set[str]:
    level = torch.backends.cpu.get_cpu_capability()
    avx2 = level.startswith(("AVX2", "AVX512"))
    checks = {
        "CUDA": torch.cuda.is_available(),
        "CUDNN": torch.cuda.is_available() and torch.backends.cudnn.is_available(),
        "NCCL": torch.distributed.is_available() and torch.distributed.is_nccl_available(),
        "OPENMP": torch.backends.openmp.is_available(),
        "BLAS_MKL": torch.backends.mkl.is_available(),
        "LAPACK": torch._C.has_lapack,
        "MKLDNN": torch.backends.mkldnn.is_available(),
        "OPENCV": importlib.util.find_spec("cv2") is not None,
        "PROFILER": True, "INT64_TENSOR_SIZE": True,
        **dict.fromkeys(("CPU_SSE", "CPU_SSE2", "CPU_SSE3", "CPU_SSE4_1", "CPU_SSE4_2", "CPU_AVX", "CPU_AVX2"), avx2),
    }
    return {name for name, there in checks.items() if there}


def feature_list() -> list[Feature]:
    """All features, with whether they are there."""
    there = _enabled()
    return [Feature(name, name in there) for name in _NAMES]


class Features(OrderedDict):
    """The features by name; there is one instance.

    >>> Features().is_enabled("profiler")
    True
    """

    instance: ClassVar[Features | None] = None

    def __new__(cls) -> Features:
        if cls.instance is None:
            cls.instance = super().__new__(cls)
            OrderedDict.__init__(cls.instance, [(item.name, item) for item in feature_list()])
        return cls.instance

    def __init__(self) -> None:
        """The instance is filled when it is first made."""

    def __repr__(self) -> str:
        return str(list(self.values()))

    def is_enabled(self, feature_name: str) -> bool:
        """Whether a feature is there, in any case of letters. Raises RuntimeError for an unknown name."""
        name = feature_name.upper()
        if name not in self:
            raise MXNetError(f"there is no feature {name!r}.{nearest(name, self)} Known are {', '.join(self)}")
        return self[name].enabled


lend(__name__)
