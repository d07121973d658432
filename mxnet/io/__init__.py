# SPDX-License-Identifier: Apache-2.0
"""`mx.io`: data iterators."""
from .base import DataBatch, DataDesc, DataIter
from .image_record import (
    ImageDetRecordIter,
    ImageRecordInt8Iter,
    ImageRecordIter,
    ImageRecordIter_v1,
    ImageRecordUInt8Iter,
    ImageRecordUInt8Iter_v1,
)
from .interchange import from_torch, rank_parts, to_torch
from .ndarray_iter import NDArrayIter, _init_data
from .registered import CSVIter, LibSVMIter, MNISTIter, MXDataIter
from .wrappers import PrefetchingIter, ResizeIter

__all__ = ["CSVIter", "DataBatch", "DataDesc", "DataIter", "ImageDetRecordIter", "ImageRecordInt8Iter",
           "ImageRecordIter", "ImageRecordIter_v1", "ImageRecordUInt8Iter", "ImageRecordUInt8Iter_v1", "LibSVMIter",
           "MNISTIter", "MXDataIter", "NDArrayIter", "PrefetchingIter", "ResizeIter", "from_torch", "rank_parts",
           "to_torch"]

from . import io as io  # takes the names above
