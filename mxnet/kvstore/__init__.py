# SPDX-License-Identifier: Apache-2.0
"""`mx.kv`: parameters shared over devices and workers, by key."""
from . import kvstore, kvstore_server, metric
from .base import KVStoreBase, create
from .kvstore_server import KVStoreServer
from .local import KVStore

__all__ = ["KVStore", "KVStoreBase", "KVStoreServer", "create"]

kvstore_server._init_kvstore_server_module()
