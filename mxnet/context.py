# SPDX-License-Identifier: Apache-2.0
"""Where arrays live: `cpu(i)`, `gpu(i)`, and the context that is used when none is given."""
from __future__ import annotations

import threading
from typing import Any, ClassVar

import torch

from ._old_names import lend
from .base import MXNetError, MXNetValueError, nearest

__all__ = ["Context", "cpu", "cpu_pinned", "current_context", "gpu", "gpu_memory_info", "num_gpus"]

_CPU_DEVICE = torch.device("cpu")


class _DefaultContext(type):
    """Lets `Context.default_ctx` be read and set on the class, as older programs do."""

    @property
    def default_ctx(cls) -> Context:
        """The context that new arrays go to in this thread: see `current_context`."""
        return current_context()

    @default_ctx.setter
    def default_ctx(cls, context: Context) -> None:
        Context._default.value = context

    @property
    def _default_ctx(cls) -> threading.local:
        """Where MXNet has it: programs use `Context._default_ctx.value`."""
        cls.default_ctx = current_context()             # there is a value from now on
        return Context._default


class Context(metaclass=_DefaultContext):
    """A device: its type (`"cpu"`, `"gpu"`, `"cpu_pinned"`, `"cpu_shared"`) and its number.

    `gpu` is whatever accelerator torch offers (CUDA, ROCm, MPS, XPU). Several cpu numbers are distinct contexts on
    one processor, as in MXNet, so that programs for several devices run anywhere.
    Used in a `with` statement, a context is the default for arrays made inside.

    >>> with Context("cpu", 1):
    ...     current_context()
    cpu(1)
    """

    devtype2str: ClassVar[dict[int, str]] = {1: "cpu", 2: "gpu", 3: "cpu_pinned", 5: "cpu_shared"}
    devstr2type: ClassVar[dict[str, int]] = {name: code for code, name in devtype2str.items()}
    _default = threading.local()

    __slots__ = ("_device", "_outer", "device_id", "device_typeid")
    device_typeid: int
    device_id: int

    def __init__(self, device_type: str | Context, device_id: int = 0) -> None:
        if isinstance(device_type, Context):
            self.device_typeid, self.device_id = device_type.device_typeid, device_type.device_id
        else:
            if device_type not in self.devstr2type:
                raise MXNetValueError(f"{device_type!r} is not a device type; known are "
                                      f"{', '.join(self.devstr2type)}.{nearest(str(device_type), self.devstr2type)}")
            self.device_typeid, self.device_id = self.devstr2type[device_type], int(device_id)
        self._device: torch.device | None = None
        self._outer: list[Context | None] = []

    @property
    def device_type(self) -> str:
        return self.devtype2str[self.device_typeid]

    @property
    def device(self) -> torch.device:
        """The torch device behind this context. Raises MXNetError when this machine has no such device."""
        if self._device is None:
            self._device = _accelerator(self.device_id) if self.device_typeid == 2 else _CPU_DEVICE
        return self._device

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Context) and self.device_typeid == other.device_typeid
                and self.device_id == other.device_id)

    def __hash__(self) -> int:
        return hash((self.device_typeid, self.device_id))

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Context, (self.device_type, self.device_id)

    def __enter__(self) -> Context:
        self._outer.append(getattr(self._default, "value", None))
        self._default.value = self
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._default.value = self._outer.pop()

    def empty_cache(self) -> None:
        """Give memory that torch keeps for reuse on this device back to the driver."""
        if self.device.type != "cpu":
            torch.accelerator.memory.empty_cache()

    @classmethod
    def from_text(cls, text: str) -> Context:
        """Parse `"cpu(0)"`, `"gpu(1)"` or `"cpu"`, as operator parameters and files spell contexts."""
        kind, _, rest = text.strip().partition("(")
        number = rest.rstrip(")") or "0"
        if not number.isdigit():
            raise MXNetValueError(f"{text!r} is not a context; write cpu(0) or gpu(1)")
        return cls(kind, int(number))


def _accelerator(index: int) -> torch.device:
    count = num_gpus()
    if index < count:
        kind = torch.accelerator.current_accelerator()
        assert kind is not None
        return torch.device(kind.type, index)
    there = f"has gpu(0) to gpu({count - 1})" if count else "has no accelerator that torch can use, only cpu()"
    raise MXNetError(f"gpu({index}) does not exist: this machine {there}")


def cpu(device_id: int = 0) -> Context:
    """The `device_id`-th CPU context; all share the same processor and memory.

    >>> cpu(1)
    cpu(1)
    """
    return Context("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Context:
    """A CPU context whose memory is meant for transfer to accelerators; on its own the same as `cpu`."""
    return Context("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Context:
    """The `device_id`-th accelerator. That it exists is checked when it is first used, not here."""
    return Context("gpu", device_id)


def num_gpus() -> int:
    """How many accelerators torch can use here."""
    return torch.accelerator.device_count() if torch.accelerator.is_available() else 0


def gpu_memory_info(device_id: int = 0) -> tuple[int, int]:
    """Free and total memory of an accelerator, in bytes. Raises MXNetError when there is none."""
    device = gpu(device_id).device
    if device.type != "cuda":
        raise MXNetError(f"gpu_memory_info: torch reports memory for CUDA devices only, gpu({device_id}) is {device}")
    return torch.cuda.mem_get_info(device)


_CPU0 = Context("cpu", 0)


def current_context() -> Context:
    """The context that new arrays go to: the innermost `with` of this thread, else `cpu(0)`."""
    return getattr(Context._default, "value", None) or _CPU0


lend(__name__)
