# SPDX-License-Identifier: Apache-2.0
"""Tables of classes by name, for initializers, metrics, optimizers and whatever users register."""
from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

from ._old_names import lend
from .base import MXNetAssertionError, MXNetAssertionTypeError, MXNetKeyError, nearest

__all__ = ["get_alias_func", "get_create_func", "get_register_func", "get_registry"]

_REGISTRY: dict[type, dict[str, type]] = {}


def get_registry(base_class: type) -> dict[str, type]:
    """A copy of the table of a base class: lower-case name to class."""
    return dict(_REGISTRY.setdefault(base_class, {}))


def get_register_func(base_class: type, nickname: str) -> Callable[..., type]:
    """A function that registers subclasses: `register(klass, name=None)`; later ones replace earlier, and warn."""
    table = _REGISTRY.setdefault(base_class, {})

    def register(klass: type, name: str | None = None) -> type:
        if not (isinstance(klass, type) and issubclass(klass, base_class)):
            raise MXNetAssertionTypeError(f"Can only register subclass of {base_class.__name__}, not {klass!r}")
        key = (name or klass.__name__).lower()
        if key in table:
            warnings.warn(f"New {nickname} {klass.__module__}.{klass.__name__} registered with name {key} is "
                          f"overriding existing {nickname} {table[key].__module__}.{table[key].__name__}", UserWarning,
                          stacklevel=2)
        table[key] = klass
        return klass
    register.__doc__ = f"Register a {nickname} under a name (default its own), for `create`."
    return register


def get_alias_func(base_class: type, nickname: str) -> Callable[..., Callable[[type], type]]:
    """A class decorator that registers under several names."""
    register = get_register_func(base_class, nickname)

    def alias(*names: str) -> Callable[[type], type]:
        def decorate(klass: type) -> type:
            for name in names:
                register(klass, name)
            return klass
        return decorate
    return alias


def get_create_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """A function that makes an instance from a name, an instance, or the JSON text of `[name, kwargs]`."""
    table = _REGISTRY.setdefault(base_class, {})

    def create(*args: Any, **kwargs: Any) -> Any:
        if args:
            first, args = args[0], args[1:]
        else:
            if nickname not in kwargs:
                raise MXNetKeyError(f"the {nickname} is missing: give its name first, or as {nickname}=")
            first = kwargs.pop(nickname)
        if isinstance(first, base_class):
            if args or kwargs:
                raise MXNetAssertionError(f"{nickname} is an instance already: no further arguments are possible")
            return first
        if isinstance(first, dict):
            return create(**first)
        if not isinstance(first, str):
            raise MXNetAssertionTypeError(f"{nickname} must be of string type, not {type(first).__name__}")
        if first.startswith(("[", "{")) and (args or kwargs):
            raise MXNetAssertionError(f"{nickname} {first} holds its arguments: no further ones are possible")
        if first.startswith("["):
            name, kwargs = json.loads(first)
            return create(name, **kwargs)
        if first.startswith("{"):
            return create(**json.loads(first))
        if first.lower() not in table:
            raise MXNetAssertionError(f"{first} is not a valid {nickname} name.{nearest(first.lower(), table)} "
                                      f"Known are {', '.join(sorted(table))}")
        return table[first.lower()](*args, **kwargs)
    create.__doc__ = f"Make a {nickname} from its name and arguments."
    return create


lend(__name__)
