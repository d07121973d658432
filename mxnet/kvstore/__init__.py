# SPDX-License-Identifier: Apache-2.0
"""`mx.kv`: parameters shared over devices, by key."""
from .base import KVStoreBase, create
from .local import KVStore

__all__ = ["KVStore", "KVStoreBase", "create"]
