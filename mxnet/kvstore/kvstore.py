# SPDX-License-Identifier: Apache-2.0
"""The name `mxnet.kvstore.kvstore`, for programs that import `KVStore` from there."""
from .base import KVStoreBase, create
from .local import KVStore

__all__ = ["KVStore", "KVStoreBase", "create"]
