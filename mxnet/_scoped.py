# SPDX-License-Identifier: Apache-2.0
"""Classes of which each thread has a current instance, set by `with` statements."""
from __future__ import annotations

import threading
from typing import Any


class Scoped(type):
    """Gives a class `current`: the innermost instance of this thread, made without arguments when there is none.

    Subclasses share the current instance of the class that was declared with this metaclass.
    """

    _thread: threading.local

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        if not any(isinstance(base, Scoped) for base in bases):
            cls._thread, cls._root = threading.local(), cls

    @property
    def current(cls) -> Any:
        """The innermost instance of this thread."""
        if not hasattr(cls._thread, "value"):
            cls._thread.value = cls._root()
        return cls._thread.value

    @current.setter
    def current(cls, value: Any) -> None:
        cls._thread.value = value

    @property
    def _current(cls) -> threading.local:
        """Where MXNet has it: older programs use `NameManager._current.value`."""
        cls.current = cls.current                       # there is a value from now on
        return cls._thread
