# SPDX-License-Identifier: Apache-2.0
"""Records of one operator call each, and compact descriptions of their input tensors.

A record is data: it runs nothing. The recorder (`tests/golden/record.py`) imports it next to MXNet 1.9.1, the tests
import it next to this package, so only the standard library and NumPy (1.23 to 2.x) may be used here.

Inputs are remade, never stored. Their seed is a digest of the record itself, and the numbers come from 53-bit
uniforms by exact arithmetic only, so every machine and every NumPy makes the same bits. The same digest is the key
of the recording: reordering a file keeps its recordings, changing a record asks for a new one.
"""
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOATS = ("float16", "float32", "float64", "bfloat16")
DTYPES = FLOATS + ("uint8", "int8", "int32", "int64", "bool")
PARTS = ("nd", "out", "layout", "symbol", "names", "shape", "type", "json", "train", "grad", "add", "record",
         "changed")
_PLAIN = (int, float, str, bool, type(None))


# ---------------------------------------------------------------------------------------------- input tensors

@dataclass(frozen=True)
class Tensor:
    """One input: shape, element type and how it is filled. Use the constructors below."""

    shape: tuple[int, ...]
    dtype: str
    fill: str
    args: tuple[Any, ...] = ()
    data: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise TypeError(f"dtype {self.dtype!r}: MXNet 1.9.1 arrays have one of {', '.join(DTYPES)}")
        if not self.shape or any(not isinstance(n, int) or n < 0 for n in self.shape):
            raise ValueError(f"shape {self.shape}: at least one dimension, none negative (a scalar is a parameter)")

    @property
    def floating(self) -> bool:
        return self.dtype in FLOATS

    def key(self) -> str:
        """What the digest of a record sees of this tensor."""
        data = hashlib.sha256(self.data).hexdigest()[:16] if self.data else ""
        return f"{self.fill}{self.shape}{self.dtype}{self.args}{data}"

    def make(self, seed: int) -> np.ndarray:
        """The values. bfloat16 has no NumPy type: it comes as float32 that bfloat16 can hold."""
        raw = _FILLS[self.fill](self, np.random.RandomState(seed))
        if self.dtype == "bfloat16":
            return round_bfloat16(raw.astype("float32"))
        if raw.dtype == "float64" and not self.floating:
            raw = raw.astype("int64")       # wraps from there: a negative float has no defined unsigned value
        with np.errstate(over="ignore", invalid="ignore"):
            return raw.astype(self.dtype)


def round_bfloat16(x: np.ndarray) -> np.ndarray:
    """float32 with the lower half of its bits dropped: each value is one that bfloat16 has."""
    bits = np.ascontiguousarray(x, "float32").view("uint32") & np.uint32(0xFFFF0000)
    return bits.view("float32").reshape(x.shape)


def T(*shape: int, dtype: str = "float32", low: Any = None, high: Any = None) -> Tensor:
    """Nearly normal (mean 0, deviation 1, within 6), or uniform in [low, high) when both are given."""
    if (low is None) != (high is None):
        raise ValueError("give both of low and high, or none")
    return Tensor(shape, dtype, "normal") if low is None else Tensor(shape, dtype, "uniform", (low, high))


def ints(*shape: int, low: int = 0, high: int = 10, dtype: str = "int32") -> Tensor:
    """Whole numbers in [low, high). `dtype="float32"` gives indices as most MXNet programs pass them."""
    return Tensor(shape, dtype, "ints", (low, high))


def distinct(*shape: int, step: float = 0.25, dtype: str = "float32") -> Tensor:
    """Shuffled multiples of `step` around zero, no two alike: for sorting, maxima and pooling, where ties matter."""
    return Tensor(shape, dtype, "distinct", (step,))


def values(nested: Any, dtype: str = "float32") -> Tensor:
    """Exactly these numbers (literals, not computed ones: they must have the same bits everywhere)."""
    array = np.array(nested, "float32" if dtype == "bfloat16" else dtype, ndmin=1)
    return Tensor(array.shape, dtype, "values", (), array.tobytes())


def special(dtype: str = "float32") -> Tensor:
    """NaN, infinities, both zeros, a denormal, the largest and smallest numbers, halves and a few ordinary ones."""
    return Tensor((20,), dtype, "special")


def spd(*shape: int, dtype: str = "float32") -> Tensor:
    """Symmetric positive definite matrices over the last two (equal) dimensions."""
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"shape {shape}: the last two dimensions are to be equal")
    return Tensor(shape, dtype, "spd")


def boxes(*shape: int, low: float = 0.0, high: float = 1.0, dtype: str = "float32") -> Tensor:
    """Corner boxes (x1 < x2, y1 < y2) with coordinates in [low, high); the last dimension is 4."""
    if shape[-1] != 4:
        raise ValueError(f"shape {shape}: the last dimension of boxes is 4")
    return Tensor(shape, dtype, "boxes", (low, high))


def _normal(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    total = np.full(spec.shape, -6.0)
    for _ in range(12):         # a sum of twelve uniforms: exact arithmetic, where log and cos differ by platform
        total = total + rng.random_sample(spec.shape)
    return total


def _uniform(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    low, high = spec.args
    return low + (high - low) * rng.random_sample(spec.shape)


def _ints(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    low, high = spec.args
    return low + np.floor((high - low) * rng.random_sample(spec.shape))


def _distinct(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    size = int(np.prod(spec.shape))
    order = np.argsort(rng.random_sample(size), kind="stable")
    return ((order - size // 2) * spec.args[0]).reshape(spec.shape)


def _values(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    stored = "float32" if spec.dtype == "bfloat16" else spec.dtype
    return np.frombuffer(spec.data, stored).reshape(spec.shape)


def _special(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    if not spec.floating:
        info = np.iinfo("uint8" if spec.dtype == "bool" else spec.dtype)
        small = [0, 1, 2, 3, 5, 7, 10, 100, 127, info.max - 1, info.max, info.min, info.min + 1] + [1] * 7
        return np.array(small, dtype=object)
    info = np.finfo("float32" if spec.dtype == "bfloat16" else spec.dtype)
    tiny = {"float16": 6e-8, "float64": 5e-324}.get(spec.dtype, 1e-40)
    return np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, tiny, -tiny, info.tiny, info.max, -info.max,
                     0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 3.0, 1e-3, 100.0])


def _spd(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    factor = np.floor(7 * rng.random_sample(spec.shape)) - 3        # whole numbers: their products are exact
    return (factor @ np.swapaxes(factor, -1, -2) + 2 * np.eye(spec.shape[-1])) / 4


def _boxes(spec: Tensor, rng: np.random.RandomState) -> np.ndarray:
    low, high = spec.args
    ends = np.sort(rng.random_sample(spec.shape[:-1] + (2, 2)), axis=-2)
    return low + (high - low) * ends.reshape(spec.shape)


_FILLS = {"normal": _normal, "uniform": _uniform, "ints": _ints, "distinct": _distinct, "values": _values,
          "special": _special, "spd": _spd, "boxes": _boxes}


# ---------------------------------------------------------------------------------------------- records

Inputs = Sequence[Tensor] | dict[str, Tensor]


@dataclass(frozen=True)
class _Record:
    op: str
    inputs: Inputs = ()
    params: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for spec in self.tensors():
            if not isinstance(spec, Tensor):
                raise TypeError(f"{self.op}: an input is a T(...), ints(...), values(...) and so on, not {spec!r}")
        for name, value in self.params.items():
            _require_plain(self.op, name, value)

    def tensors(self) -> list[Tensor]:
        return list(self.inputs.values()) if isinstance(self.inputs, dict) else list(self.inputs)

    def _facts(self) -> tuple[Any, ...]:
        """All that the recording depends on."""
        names = tuple(self.inputs) if isinstance(self.inputs, dict) else ()
        return (self.op, names, tuple(spec.key() for spec in self.tensors()), sorted(self.params.items()))

    def digest(self) -> str:
        """Key of the recording, and root of all seeds."""
        return hashlib.sha256(repr(self._facts()).encode()).hexdigest()[:16]

    def seed(self, role: str, index: int = 0) -> int:
        """A 32-bit seed for one random array that belongs to this record."""
        return int(hashlib.sha256(f"{self.digest()}/{role}/{index}".encode()).hexdigest()[:8], 16)

    def arrays(self) -> list[np.ndarray]:
        """The input values, in the order of `tensors()`."""
        return [spec.make(self.seed("input", i)) for i, spec in enumerate(self.tensors())]


@dataclass(frozen=True)
class Sample(_Record):
    """A call that is expected to give MXNet's numbers. README.md in this folder explains every field."""

    grad: bool | tuple[int, ...] = True
    train: bool = True
    random: bool = False
    np_shape: bool = False
    out: tuple[int, ...] = ()
    states: int = 0
    rows: tuple[int, ...] = ()
    rtol: float | None = None
    atol: float | None = None
    reason: str = ""
    ours_ok: str = ""
    skip: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.rtol is not None or self.atol is not None) and not self.reason:
            raise ValueError(f"{self.op}: a tolerance of its own needs reason='...'")
        for part, why in self.skip.items():
            if part not in PARTS or not why:
                raise ValueError(f"{self.op}: skip is {{part: reason}} with a part of {PARTS}, got {part!r}: {why!r}")

    def _facts(self) -> tuple[Any, ...]:
        facts = super()._facts() + (self.grad, self.train, self.random, self.zero_size)
        more = (("out", self.out), ("states", self.states), ("rows", self.rows))
        return facts + tuple(item for item in more if item[1])

    @property
    def zero_size(self) -> bool:
        """Whether the oracle needs its np_shape mode, the only one in which it has arrays without elements."""
        return self.np_shape or any(0 in spec.shape for spec in self.tensors())

    def wants_gradient(self, index: int) -> bool:
        """Whether the gradient of this input is recorded: of every floating one, or of those named by `grad`."""
        chosen = self.grad if isinstance(self.grad, bool) else index in self.grad
        return chosen and self.tensors()[index].floating


@dataclass(frozen=True)
class Bad(_Record):
    """A call that our package must refuse with an MXNetError whose message matches `match` (a regular expression)."""

    match: str = ""
    skip: dict[str, str] = field(default_factory=dict)
    grad = train = random = zero_size = False
    out = ()
    states = 0
    rows = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.match:
            raise ValueError(f"{self.op}: Bad(...) needs match='...', words that the message must hold")

    def wants_gradient(self, index: int) -> bool:
        return False


Record = Sample | Bad


def _require_plain(op: str, name: str, value: Any) -> None:
    """Parameters are plain Python: a NumPy scalar prints differently in NumPy 1 and 2, and would change the digest."""
    if isinstance(value, (tuple, list)):
        for item in value:
            _require_plain(op, name, item)
    elif type(value) not in _PLAIN:
        raise TypeError(f"{op}: parameter {name}={value!r} is not a plain number, string, bool, None or tuple")
