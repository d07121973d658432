# SPDX-License-Identifier: Apache-2.0
"""Imports every module that declares operators, so that the registry is complete, and says where each is shown."""
from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from .. import ops
from .registry import REGISTRY, Operator

# Prefix of a registered name -> the sub-namespace of mx.nd and mx.sym that shows it, without the prefix.
PREFIXES = {"_contrib_": "contrib", "_linalg_": "linalg", "_sparse_": "sparse", "_image_": "image",
            "_random_": "random"}


def load() -> None:
    """Import all modules below `mxnet.ops`."""
    _load_package(ops)


def _load_package(package: ModuleType) -> None:
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        if info.ispkg:
            _load_package(module)


def place(name: str) -> tuple[str, str]:
    """The namespace (`"op"`, `"_internal"`, `"contrib"`, ...) and the name there, for a registered name."""
    for prefix, namespace in PREFIXES.items():
        if name.startswith(prefix):
            return namespace, name[len(prefix):]
    return ("_internal" if name.startswith("_") else "op"), name


def placed() -> dict[str, dict[str, Operator]]:
    """All operators by namespace and the name they have there."""
    result: dict[str, dict[str, Operator]] = {name: {} for name in ("op", "_internal", *PREFIXES.values())}
    for name, operator in REGISTRY.items():
        namespace, public = place(name)
        result[namespace][public] = operator
        if namespace not in ("op", "_internal"):
            result["_internal"][name] = operator
    return result
