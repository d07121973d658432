# SPDX-License-Identifier: Apache-2.0
"""Initial values of parameters, chosen by what their names end in."""
from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ._old_names import lend
from .base import MXNetAssertionError, MXNetAssertionTypeError, MXNetTypeError, MXNetValueError
from .ndarray import NDArray
from .ndarray import load as _load_arrays
from .random import generator
from .registry import get_alias_func, get_create_func, get_register_func

__all__ = ["Bilinear", "Constant", "FusedRNN", "InitDesc", "Initializer", "LSTMBias", "Load", "MSRAPrelu", "Mixed",
           "Normal", "One", "Orthogonal", "Uniform", "Xavier", "Zero", "create", "register"]


class InitDesc(str):
    """A parameter's name, with its attributes and the initializer that the whole model is given."""

    attrs: dict[str, str]
    global_init: Any

    def __new__(cls, name: str, attrs: dict[str, str] | None = None, global_init: Any = None) -> InitDesc:
        made = super().__new__(cls, name)
        made.attrs, made.global_init = attrs or {}, global_init
        return made


class Initializer:
    """Base of initializers, called with (name, array).

    A parameter's own `__init__` attribute decides first; then the end of its name: weights go to `_init_weight`, which
    subclasses define; biases, betas and means become 0, gammas and variances 1. Other names are refused.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[NDArray], Any] | None = None

    def set_verbosity(self, verbose: bool = False, print_func: Callable[[NDArray], Any] | None = None) -> Initializer:
        """Log each initialised array, as `print_func` shows it (default: its root mean square)."""
        self._verbose = verbose
        self._print_func = print_func or (lambda x: str((x._tensor.float().norm() / x.size ** 0.5).item()))
        return self

    def _verbose_print(self, desc: str, init: str, arr: NDArray) -> None:
        if self._verbose and self._print_func is not None:
            logging.info("Initialized %s as %s: %s", desc, init, self._print_func(arr))

    def dumps(self) -> str:
        """JSON text of the name and arguments, as the `__init__` attribute holds it."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._kwargs == other._kwargs

    __hash__ = object.__hash__

    def __call__(self, desc: str, arr: NDArray) -> None:
        """Fill `arr`, which belongs to the parameter `desc` (an InitDesc, or a plain name)."""
        if not isinstance(desc, str):
            raise MXNetTypeError(f"an initializer takes a name and an array, not {type(desc).__name__}")
        if not isinstance(desc, InitDesc):
            self._fill_by_plain_name(desc, arr)
            return
        if desc.global_init is None:
            desc.global_init = self
        own = desc.attrs.get("__init__", "")
        if own:
            create(own)._init_weight(desc, arr)
            self._verbose_print(desc, own, arr)
            return
        for ending, method in _BY_NAME:
            if desc.endswith(ending):
                getattr(self, method)(desc, arr)
                self._verbose_print(desc, ending, arr)
                return
        self._init_default(desc, arr)

    def _fill_by_plain_name(self, name: str, arr: NDArray) -> None:
        """MXNet's older rules, still followed for names that are plain text: they know beginnings, too."""
        for beginning, ending, method in _BY_PLAIN_NAME:
            if name.startswith(beginning) and name.endswith(ending):
                getattr(self, method)(name, arr)
                return
        self._init_default(name, arr)

    def _init_zero(self, _: str, arr: NDArray) -> None:
        arr._tensor.zero_()

    def _init_one(self, _: str, arr: NDArray) -> None:
        arr._tensor.fill_(1)

    _init_bias = _init_beta = _init_zero
    _init_gamma = _init_one

    def _init_bilinear(self, _: str, arr: NDArray) -> None:
        Bilinear()._init_weight(_, arr)

    def _init_loc_bias(self, _: str, arr: NDArray) -> None:
        if arr.shape[0] != 6:
            raise MXNetAssertionError(f"a stn_loc bias holds an affine transform, 6 values, not {arr.shape}")
        arr[:] = np.array([1.0, 0, 0, 0, 1.0, 0])

    def _init_weight(self, name: str, arr: NDArray) -> None:
        """Fill a weight."""
        raise NotImplementedError(f"{type(self).__name__} does not define _init_weight")

    def _init_default(self, name: str, _: NDArray) -> None:
        raise MXNetValueError(f'Unknown initialization pattern for {name}: a name tells what to do when it ends in '
                              f'"weight", "bias", "gamma" (1.0) or "beta" (0.0). For others give '
                              f'mx.sym.Variable(init=...) an initializer. If it is data or a label, name it in the '
                              f'data_names or label_names of the module')


# The first that fits decides. MXNet refuses moving statistics without an attribute of their own; it gives them one
# when it makes the symbol, which symbols from elsewhere may lack.
_MOVING = (("moving_mean", "_init_zero"), ("moving_var", "_init_one"), ("moving_inv_var", "_init_zero"),
           ("moving_avg", "_init_zero"))
_BY_NAME = (("weight", "_init_weight"), ("bias", "_init_bias"), ("gamma", "_init_gamma"), ("beta", "_init_beta"),
            ("min", "_init_zero"), ("max", "_init_one"), *_MOVING)
_BY_PLAIN_NAME = (("upsampling", "", "_init_bilinear"), ("stn_loc", "weight", "_init_zero"),
                  ("stn_loc", "bias", "_init_loc_bias"), *(("", ending, method) for ending, method in _BY_NAME))


register = get_register_func(Initializer, "initializer")
alias = get_alias_func(Initializer, "initializer")
create = get_create_func(Initializer, "initializer")


def _draw(arr: NDArray, fill: Callable[[torch.Tensor, torch.Generator], Any]) -> None:
    """Fill with random numbers of the array's context; half precision draws in float32 first."""
    tensor = arr._tensor
    rng = generator(arr._ctx)
    if tensor.dtype in (torch.float32, torch.float64) and tensor.is_contiguous():
        fill(tensor, rng)
        return
    wide = torch.empty(tensor.shape, dtype=torch.float32, device=tensor.device)
    fill(wide, rng)
    tensor.copy_(wide)


@register
@alias("zeros")
class Zero(Initializer):
    """All weights 0."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        self._init_zero(name, arr)


@register
@alias("ones")
class One(Initializer):
    """All weights 1."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        self._init_one(name, arr)


@register
class Constant(Initializer):
    """All weights one value: a number, or an array of the weight's shape."""

    def __init__(self, value: Any = 0.0) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        value = self.value
        plain = value.asnumpy().tolist() if isinstance(value, NDArray) else \
            value.tolist() if isinstance(value, np.ndarray) else value
        return json.dumps([type(self).__name__.lower(), {"value": plain}])


@register
class Uniform(Initializer):
    """Weights uniform in [-scale, scale)."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: str, arr: NDArray) -> None:
        _draw(arr, lambda t, rng: t.uniform_(-self.scale, self.scale, generator=rng))


@register
class Normal(Initializer):
    """Weights normal with mean 0 and standard deviation `sigma`."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: str, arr: NDArray) -> None:
        _draw(arr, lambda t, rng: t.normal_(0, self.sigma, generator=rng))


@register
class Orthogonal(Initializer):
    """A random orthogonal matrix times `scale` (Saxe, McClelland and Ganguli, 2013).

    `rand_type` is the distribution it is made from: `"uniform"` in [-1, 1) or `"normal"`.
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale, self.rand_type = scale, rand_type

    def _init_weight(self, name: str, arr: NDArray) -> None:
        rows, columns = arr.shape[0], int(np.prod(arr.shape[1:]))
        raw = torch.empty(rows, columns, dtype=torch.float32, device=arr._tensor.device)
        rng = generator(arr._ctx)
        if self.rand_type == "uniform":
            raw.uniform_(-1, 1, generator=rng)
        elif self.rand_type == "normal":
            raw.normal_(generator=rng)
        else:
            raise MXNetValueError(f"rand_type is uniform or normal, not {self.rand_type!r}")
        left, _, right = torch.linalg.svd(raw, full_matrices=False)
        basis = left if left.shape == raw.shape else right
        arr._tensor.copy_((self.scale * basis).reshape(arr.shape))


@register
class Xavier(Initializer):
    """Weights scaled by the layer's fan-in and fan-out (Glorot and Bengio, 2010).

    Parameters
    ----------
    rnd_type : `"uniform"` in [-c, c) or `"gaussian"` with deviation c
    factor_type : `"in"`, `"out"` or `"avg"`: the fan that `magnitude` is divided by
    magnitude : c is `sqrt(magnitude / factor)`
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type, self.factor_type, self.magnitude = rnd_type, factor_type, float(magnitude)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        shape = arr.shape
        if len(shape) < 2:
            raise MXNetValueError(f"Xavier initializer cannot be applied to vector {name}. It requires at least 2D.")
        field = float(np.prod(shape[2:])) if len(shape) > 2 else 1.0
        fan_in, fan_out = shape[1] * field, shape[0] * field
        factors = {"avg": (fan_in + fan_out) / 2.0, "in": fan_in, "out": fan_out}
        if self.factor_type not in factors:
            raise MXNetValueError("Incorrect factor type")
        scale = float(np.sqrt(self.magnitude / factors[self.factor_type]))
        if self.rnd_type == "uniform":
            _draw(arr, lambda t, rng: t.uniform_(-scale, scale, generator=rng))
        elif self.rnd_type == "gaussian":
            _draw(arr, lambda t, rng: t.normal_(0, scale, generator=rng))
        else:
            raise MXNetValueError("Unknown random type")


@register
class MSRAPrelu(Xavier):
    """Gaussian Xavier for (leaky) rectifiers of negative slope `slope` (He et al., 2015)."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope ** 2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register
class Bilinear(Initializer):
    """The kernel of bilinear upsampling, for Deconvolution and UpSampling; weight (..., height, width)."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        shape = arr.shape
        if len(shape) != 4:
            raise MXNetValueError(f"Bilinear is for weights of 4 axes, not {name} {shape}")
        f = np.ceil(shape[3] / 2.0)
        c = (2 * f - 1 - f % 2) / (2.0 * f)
        across, down = np.arange(shape[3]), np.arange(shape[2])
        kernel = (1 - np.abs(down / f - c))[:, None] * (1 - np.abs(across / f - c))[None, :]
        arr[:] = np.broadcast_to(kernel.astype(np.float32), shape)


@register
class LSTMBias(Initializer):
    """Biases 0 but that of the forget gate, which is `forget_bias`; the gates are in the order i, f, c, o."""

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, name: str, arr: NDArray) -> None:
        hidden = arr.shape[0] // 4
        arr._tensor.zero_()
        arr._tensor[hidden:2 * hidden] = self.forget_bias


@register
class FusedRNN(Initializer):
    """For the packed parameters of `mx.rnn.FusedRNNCell`: unpacks them, fills each part, and packs them again.

    Parameters
    ----------
    init : initializer of the parts, or what its `dumps` gave; None for the one that the whole model is given
    num_hidden, num_layers, mode, bidirectional : as for the cell
    forget_bias : value of the forget gate's biases, for mode `"lstm"`
    """

    def __init__(self, init: Any, num_hidden: int, num_layers: int, mode: str, bidirectional: bool = False,
                 forget_bias: float = 1.0) -> None:
        if isinstance(init, str):
            init = create(init)
        super().__init__(init=init.dumps() if init is not None else None, num_hidden=num_hidden, num_layers=num_layers,
                         mode=mode, bidirectional=bidirectional, forget_bias=forget_bias)
        self._init, self._mode, self._forget_bias = init, mode, forget_bias
        self._shape: dict[str, Any] = dict(num_hidden=num_hidden, num_layers=num_layers, mode=mode,
                                           bidirectional=bidirectional, forget_bias=forget_bias)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        from .rnn import FusedRNNCell  # cells stand on symbols, which stand on initializers

        init = self._init if self._init is not None else getattr(name, "global_init", None)
        if init is None or init is self:
            raise MXNetValueError(f"FusedRNN for {str(name)!r}: neither it nor the model is given an initializer")
        cell = FusedRNNCell(prefix="", **self._shape)
        parts = cell.unpack_weights({"parameters": arr})
        for part, values in parts.items():
            if self._mode == "lstm" and part.endswith("_f_bias"):
                values[:] = self._forget_bias
            else:
                init(InitDesc(part, global_init=getattr(name, "global_init", None)), values)
        arr[:] = cell.pack_weights(parts)["parameters"]


class Load:
    """Values from a file or dict of arrays, by name (with or without `arg:` or `aux:`).

    `default_init` fills what is not there; without it a missing name is an error, as is another shape.
    """

    def __init__(self, param: str | Mapping[str, NDArray], default_init: Initializer | None = None,
                 verbose: bool = False) -> None:
        loaded = _load_arrays(param) if isinstance(param, str) else param
        if not isinstance(loaded, Mapping):
            raise MXNetAssertionTypeError("Load takes a dict of arrays by name, or a file that holds one")
        self.param = {name[4:] if name.startswith(("arg:", "aux:")) else name: value for name, value in loaded.items()}
        self.default_init, self.verbose = default_init, verbose

    def __call__(self, name: str, arr: NDArray) -> None:
        """Fill `arr`."""
        if name in self.param:
            if arr.shape != self.param[name].shape:
                raise MXNetAssertionError(f"Parameter {name} cannot be initialized from loading. Shape mismatch, "
                                          f"target {arr.shape} vs loaded {self.param[name].shape}")
            arr[:] = self.param[name]
            if self.verbose:
                logging.info("Initialized %s by loading", name)
            return
        if self.default_init is None:
            raise MXNetAssertionError(f"Cannot Initialize {name}. Not found in loaded param and no default Initializer "
                                      f"is provided.")
        self.default_init(name, arr)
        if self.verbose:
            logging.info("Initialized %s by default", name)


class Mixed:
    """Several initializers; the first whose regular expression matches the name is used."""

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Callable[[str, NDArray], None]]) -> None:
        if len(patterns) != len(initializers):
            raise MXNetAssertionError(f"{len(patterns)} patterns need as many initializers, not {len(initializers)}")
        self.map = [(re.compile(pattern), one) for pattern, one in zip(patterns, initializers)]

    def __call__(self, name: str, arr: NDArray) -> None:
        """Fill `arr`."""
        for pattern, one in self.map:
            if pattern.match(name):
                one(name, arr)
                return
        raise MXNetValueError(f'Parameter name {name} did not match any pattern. Consider adding a ".*" pattern at '
                              f'the and with default Initializer.')


lend(__name__)
