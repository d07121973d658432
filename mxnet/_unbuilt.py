# SPDX-License-Identifier: Apache-2.0
"""MXNet's modules that are not built: importing them works, and using what they hold says that it is not built.

Programs of the Symbol and Module years import some of them in passing and never use them. `hasattr` is false for
whatever one asks of such a module, so that a program that looks before it leaps finds its other way.
"""
from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from .base import MXNetNotImplementedError

PACKAGE = __package__
MODULES = ("gluon", "numpy", "numpy_extension", "onnx", "rtc", "notebook", "library", "contrib.amp", "contrib.onnx",
           "contrib.quantization", "contrib.tensorrt")
ALIASES = {"np": "numpy", "npx": "numpy_extension"}


class NotBuiltError(MXNetNotImplementedError, AttributeError):
    """A name of a module that is not built."""


class UnbuiltModule(ModuleType):
    """A module that holds nothing, and says so; also what `from mxnet.gluon import Block` gets for Block."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        raise self._error(f".{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._error("()")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        raise self._error(" as a base class")

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} (not built)>"

    def _error(self, use: str) -> NotBuiltError:
        path = self.__name__.replace(PACKAGE, "mx", 1)
        return NotBuiltError(f"{path}{use}: {path} is not built yet; see the status table in the README")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules above, and whatever is imported from below them."""

    def find_spec(self, fullname: str, path: Sequence[str | bytes] | None = None,
                  target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        inside = fullname.removeprefix(f"{PACKAGE}.")
        if inside == fullname or not any(inside == name or inside.startswith(f"{name}.") for name in MODULES):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return UnbuiltModule(spec.name, f"Not built: {spec.name} of MXNet.")

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


def install() -> None:
    """Let the import system find these modules, behind those that exist."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
