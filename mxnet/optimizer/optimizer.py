# SPDX-License-Identifier: Apache-2.0
"""The base of optimizers: rates, multipliers and update counts; a subclass adds states and one step."""
from __future__ import annotations

import inspect
import itertools
import logging
import operator
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from .._old_names import lend
from .._statefile import load_state_of, plain_state, restore_plain_state, state_of
from ..base import MXNetAssertionTypeError, MXNetTypeError, MXNetValueError, nearest
from ..ndarray import NDArray
from ..ndarray.handle import wrap
from ..ops.optimizer_lists import cast_list

__all__ = ["Optimizer", "create", "register"]


_dtype = operator.attrgetter("_tensor.dtype")


def _parameters_of(kind: type) -> list[str]:
    """Names that the constructors of a class and its bases take."""
    found = [parameter for base in kind.__mro__[:-1] if "__init__" in vars(base)
             for parameter in inspect.signature(base.__init__).parameters.values()]    # type: ignore[misc]
    return list(dict.fromkeys(parameter.name for parameter in found if parameter.name != "self" and parameter.kind in
                              (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)))


class Optimizer:
    """Bookkeeping of all optimizers.

    Parameters
    ----------
    rescale_grad : factor for gradients, often 1 / batch size
    param_idx2name : names of parameters by index; multipliers and the weight decay rule go by name
    wd : weight decay
    clip_gradient : bound for each element of the (rescaled) gradient; None for no clipping
    learning_rate : the rate, when there is no scheduler; with one, its base rate
    lr_scheduler : an `mx.lr_scheduler.LRScheduler`
    sym : a symbol whose `lr_mult` and `wd_mult` attributes to honour
    begin_num_update : the update count to begin with
    multi_precision : keep a float32 copy of float16 weights
    param_dict : parameters by index, with `lr_mult` and `wd_mult` attributes of their own (gluon)

    A subclass defines `create_state(index, weight)` and `update(index, weight, grad, state)`.
    """

    opt_registry: dict[str, type[Optimizer]] = {}
    _master_first = True        # in the state of a float16 weight, whether its float32 copy is the first of the pair
    _decaying: tuple[str, ...] = ("_weight", "_gamma")     # endings of the names that weight decay applies to

    def __init__(self, rescale_grad: float = 1.0, param_idx2name: Mapping[int, str] | None = None, wd: float = 0.0,
                 clip_gradient: float | None = None, learning_rate: float | None = None, lr_scheduler: Any = None,
                 sym: Any = None, begin_num_update: int = 0, multi_precision: bool = False,
                 param_dict: Mapping[int, Any] | None = None) -> None:
        if param_idx2name is not None and not isinstance(param_idx2name, Mapping):
            raise MXNetAssertionTypeError("param_idx2name should be a dict of param indexes to names.")
        self.rescale_grad, self.clip_gradient, self.multi_precision = rescale_grad, clip_gradient, multi_precision
        self.lr_scheduler = lr_scheduler
        if lr_scheduler is None and learning_rate is None:
            learning_rate = 0.01
        self.lr = learning_rate
        if lr_scheduler is not None and learning_rate is not None:
            if lr_scheduler.base_lr != learning_rate:
                logging.info("learning rate from lr_scheduler has been overwritten by learning_rate in optimizer: "
                             "%s becomes %s", lr_scheduler.base_lr, learning_rate)
            lr_scheduler.base_lr = learning_rate
        self.wd = wd
        self.begin_num_update = self.num_update = begin_num_update
        self._all_index_update_counts: dict[int, dict[Any, int]] = {0: {}}
        self._index_update_count = self._all_index_update_counts[0]
        self.idx2name: dict[int, str] = dict(param_idx2name or {})
        self.sym_info = (sym.attr_dict(), sym.list_arguments()) if sym is not None else ()
        self.param_dict = dict(param_dict or {})
        self.aggregate_num = 0
        self.set_lr_mult({})
        self.set_wd_mult({})

    # A step for weights of one dtype and context, (indices, weights, gradients, states), that begins with `_begin`.
    _update_all: Any = None
    _at_once = True             # whether many weights are led to that step; not past an `update` of a subclass
    _any_dtype = False          # whether that step is for all dtypes, or for float32 and float64 only
    _in_order = False           # whether what a weight gets depends on those before it
    _counts_first = True        # whether all weights that MXNet takes together are counted before rates are asked for

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass with an `update` of its own is not led past it by what its parent has for all weights at once."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "update" in own or "update_multi_precision" in own:
            cls._at_once = "_update_all" in own
            if "update_multi" not in own:
                cls.update_multi = Optimizer.update_multi      # type: ignore[method-assign]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items()
                if not key.startswith("_cached") and key != "param_dict"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Of an optimizer that was pickled here or by MXNet, which leaves out `param_dict` as well."""
        self.__dict__.update(state)
        self.param_dict = {}
        self._cached_mults = {}

    def state_dict(self) -> dict[str, Any]:
        """Counts, rates, and all else that is data in here and in the schedule, for checkpoints."""
        own = plain_state(self, ("sym_info", "param_dict", "idx2name", "lr_scheduler"))
        return {"own": own, "schedule": state_of(self.lr_scheduler) if self.lr_scheduler is not None else None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        restore_plain_state(self, state["own"])
        self._cached_mults = {}
        self._set_current_context(0)
        if state["schedule"] is not None and self.lr_scheduler is not None:
            load_state_of(self.lr_scheduler, state["schedule"])

    # ---- registry -------------------------------------------------------------------------------

    @staticmethod
    def register(klass: type[Optimizer]) -> type[Optimizer]:
        """Class decorator: make the optimizer available to `create` under its lower-case name."""
        name = klass.__name__.lower()
        if name in Optimizer.opt_registry and Optimizer.opt_registry[name] is not klass:
            warnings.warn(f"WARNING: New optimizer {klass.__module__}.{klass.__name__} is overriding existing "
                          f"optimizer {name}", UserWarning, stacklevel=2)
        Optimizer.opt_registry[name] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """An optimizer by name. Raises ValueError with the nearest known name."""
        key = name.lower()
        if key not in Optimizer.opt_registry:
            raise MXNetValueError(f"Cannot find optimizer {name}.{nearest(key, Optimizer.opt_registry)} "
                                  f"Known are {', '.join(sorted(Optimizer.opt_registry))}")
        kind = Optimizer.opt_registry[key]
        try:
            return kind(**kwargs)
        except TypeError:
            known = _parameters_of(kind)
            unknown = [parameter for parameter in kwargs if parameter not in known]
            if not unknown:
                raise
            raise MXNetTypeError(f"{kind.__name__}: unknown parameter {unknown[0]!r}.{nearest(unknown[0], known)} "
                                 f"Its parameters: {', '.join(known)}") from None

    # ---- for subclasses -------------------------------------------------------------------------

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """The state for a weight: None, an array, or a tuple of arrays."""
        return None

    def create_state_multi_precision(self, index: Any, weight: NDArray) -> Any:
        """The state, with a float32 copy of the weight when `multi_precision` and the weight is float16."""
        if self.multi_precision and weight._tensor.dtype is torch.float16:
            master = weight.astype("float32")
            inner = self.create_state(index, master)
            return (master, inner) if self._master_first else (inner, master)
        if weight._tensor.dtype is torch.float16:
            warnings.warn("Accumulating with float16 in optimizer can lead to poor accuracy or slow convergence. "
                          "Consider using multi_precision=True option of the optimizer", UserWarning, stacklevel=2)
        return self.create_state(index, weight)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """One step for one weight (or for lists of them), in place."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """As `update`, on the float32 copy when there is one."""
        if isinstance(index, (list, tuple)):
            for one in zip(index, weight, grad, state):
                self.update_multi_precision(*one)
            return
        if self.multi_precision and weight._tensor.dtype is torch.float16:
            master, inner = self._master_and_state(state)
            self.update(index, master, grad.astype("float32"), inner)
            weight._tensor.copy_(master._tensor)
        else:
            self.update(index, weight, grad, state)

    def _master_and_state(self, state: Any) -> Any:
        """The float32 copy and the state proper of a float16 weight."""
        return state if self._master_first else state[::-1]

    def update_multi(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                     states: Sequence[Any]) -> None:
        """One step for all weights: in a few calls for all of them, where the class has a step for that.

        Weights of float16 take part in it by their float32 copies, with `multi_precision`.
        """
        if self._update_all is None or not self._at_once or not weights or not one_context(weights):
            self._one_by_one(indices, weights, grads, states)
            return
        columns = (indices, weights, grads, states)
        size = len(weights) if self._rates_agree(indices) else max(1, self.aggregate_num) if self._counts_first else 1
        for begin in range(0, len(weights), size):
            for members in self._alike(weights, range(begin, min(begin + size, len(weights)))):
                self._update_alike(*(columns if members is None else
                                     [[column[i] for i in members] for column in columns]))

    def _one_by_one(self, *columns: Sequence[Any]) -> None:
        for one in zip(*columns):
            self.update_multi_precision(*one)

    def _rates_agree(self, indices: Sequence[Any]) -> bool:
        """Whether the schedule gives one rate for all: not where it moves on within them, as their counts differ."""
        counts, begin = self._index_update_count, self.begin_num_update
        return self.lr_scheduler is None or len({counts.get(index, begin) for index in indices}) == 1

    def _alike(self, weights: Sequence[NDArray], among: range) -> Iterator[list[int] | None]:
        """Those of one dtype; None stands for all weights."""
        if len(among) == len(weights) and len(set(map(_dtype, weights))) == 1:
            yield None
        elif self._in_order:
            for _, members in itertools.groupby(among, lambda i: _dtype(weights[i])):
                yield list(members)
        else:
            found: dict[torch.dtype, list[int]] = {}
            for i in among:
                found.setdefault(_dtype(weights[i]), []).append(i)
            yield from found.values()

    def _update_alike(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                      states: Sequence[Any]) -> None:
        """One step for weights of one dtype and context."""
        kind = weights[0]._tensor.dtype
        if kind is torch.float16 and self.multi_precision:
            pairs = [self._master_and_state(state) for state in states]
            self._update_masters(indices, weights, grads, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
        elif self._any_dtype or kind in (torch.float32, torch.float64):
            self._update_all(indices, weights, grads, states)
        else:
            self._one_by_one(indices, weights, grads, states)

    def _update_masters(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                        masters: Sequence[NDArray], states: Sequence[Any]) -> None:
        """One step for float16 weights by their float32 copies."""
        context = weights[0]._ctx
        self._update_all(indices, masters, [wrap(grad, context) for grad in cast_list(tensors(grads), torch.float32)],
                         states)
        torch._foreach_copy_(tensors(weights), tensors(masters))

    def _begin(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
               ) -> tuple[list[torch.Tensor], list[torch.Tensor], list[float], list[float]]:
        """Count an update of each weight: tensors of weights and of gradients, rates and decays."""
        self._update_count(indices)
        return tensors(weights), tensors(grads), self._get_lrs(indices), self._get_wds(indices)

    # ---- rates ----------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """The rate now: the scheduler's, if there is one."""
        return self.lr_scheduler(self.num_update) if self.lr_scheduler is not None else self.lr  # type: ignore

    def set_learning_rate(self, lr: float) -> None:
        """Set the rate. Raises UserWarning when a scheduler decides it."""
        if self.lr_scheduler is not None:
            raise UserWarning("LRScheduler of the optimizer has already been defined. Note that set_learning_rate can "
                              "mutate the value of the learning rate of the optimizer only when the LRScheduler of "
                              "the optimizer is undefined.")
        self.lr = lr

    def set_lr_scale(self, args_lrscale: Any) -> None:
        """Removed, in MXNet too: raises DeprecationWarning. Use `set_lr_mult`."""
        raise DeprecationWarning("set_lr_scale is gone: use set_lr_mult")

    _cached_mults: dict[Any, tuple[float, float]]

    def set_lr_mult(self, args_lr_mult: Mapping[Any, float]) -> None:
        """Multipliers of the rate by name or index, over those that the symbol's attributes give."""
        self.lr_mult = {**self._from_symbol("__lr_mult__"), **args_lr_mult}
        self._cached_mults = {}

    def set_wd_mult(self, args_wd_mult: Mapping[Any, float]) -> None:
        """Multipliers of the decay; it is 0 for names that end in neither `_weight` nor `_gamma`, unless given."""
        without = {name: 0.0 for name in self.idx2name.values() if not name.endswith(self._decaying)}
        self.wd_mult = {**without, **self._from_symbol("__wd_mult__"), **args_wd_mult}
        self._cached_mults = {}

    def _from_symbol(self, key: str) -> dict[str, float]:
        if not self.sym_info:
            return {}
        attrs, names = self.sym_info
        return {name: float(attrs[name][key]) for name in names if key in attrs.get(name, {})}

    def _mults(self, index: Any) -> tuple[float, float]:
        """Multipliers of rate and decay for a parameter; kept, since they change only in `set_*_mult`."""
        if index in self.param_dict:
            param = self.param_dict[index]
            return param.lr_mult, param.wd_mult
        try:
            return self._cached_mults[index]
        except (KeyError, AttributeError):
            pass
        found = []
        for table in (self.lr_mult, self.wd_mult):
            name = self.idx2name.get(index)
            found.append(table[index] if index in table else table.get(name, 1.0) if name is not None else 1.0)
        if not hasattr(self, "_cached_mults"):
            self._cached_mults = {}
        self._cached_mults[index] = (found[0], found[1])
        return found[0], found[1]

    def _mult_lists(self, indices: Sequence[Any]) -> tuple[list[float], list[float]]:
        """Multipliers for a list of parameters; kept for as long as the same list comes again."""
        last = self.__dict__.get("_cached_lists")
        if last is not None and last[0] is indices and last[1] is self._cached_mults and not self.param_dict:
            return last[2]
        pairs = [self._mults(index) for index in indices]
        found = ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        self._cached_lists = (indices, self._cached_mults, found)
        return found

    def _set_current_context(self, device_id: int) -> None:
        """Count the updates of each device apart, so that every one sees the same number."""
        self._index_update_count = self._all_index_update_counts.setdefault(device_id, {})

    def _update_count(self, index: Any) -> None:
        counts, latest = self._index_update_count, self.num_update
        for one in index if isinstance(index, (list, tuple)) else (index,):
            count = counts.get(one, self.begin_num_update) + 1
            counts[one] = count
            if count > latest:
                latest = count
        self.num_update = latest

    def _steps_of(self, indices: Sequence[Any]) -> list[int]:
        """How often each has been updated, this time included."""
        return [self._index_update_count[index] for index in indices]

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        lr = self.learning_rate
        return [lr * mult for mult in self._mult_lists(indices)[0]]

    def _get_lr(self, index: Any) -> float:
        return self.learning_rate * self._mults(index)[0]

    def _get_wds(self, indices: Sequence[Any]) -> list[float]:
        wd = self.wd
        return [wd * mult for mult in self._mult_lists(indices)[1]]

    def _get_wd(self, index: Any) -> float:
        return self.wd * self._mults(index)[1]

    def _clip(self) -> float:
        """`clip_gradient` as the update operators take it: -1 for none."""
        return -1.0 if self.clip_gradient is None else self.clip_gradient

    def _prepared(self, grad: NDArray) -> torch.Tensor:
        """The gradient, rescaled and clipped."""
        value = grad._tensor * self.rescale_grad
        return value if self.clip_gradient is None else value.clamp_(-self.clip_gradient, self.clip_gradient)


def aggregation_size(default: int) -> int:
    """How many weights one step of MXNet takes together: `MXNET_OPTIMIZER_AGGREGATION_SIZE`, at least 1."""
    return max(1, int(os.environ.get("MXNET_OPTIMIZER_AGGREGATION_SIZE", default)))


def one_context(weights: Sequence[NDArray]) -> bool:
    """Whether all weights are on one context, so that one call can update them."""
    first = weights[0]._ctx
    return all(weight._ctx is first or weight._ctx == first for weight in weights)


class ByLists:
    """For optimizers whose step for one weight is their step for many; `update` takes lists, too, as MXNet's does."""

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        given = (index, weight, grad, state)
        if isinstance(index, (list, tuple)):
            self.update_multi(*given)                                        # type: ignore[attr-defined]
        else:
            self._update_all(*([item] for item in given))                    # type: ignore[attr-defined]


class ByNorms:
    """For optimizers that step by norms of the weights as these are rounded, whatever copies in float32 there are."""

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                    states: Sequence[Any]) -> None:
        self._step(indices, weights, weights, grads, states)

    def _update_masters(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray],
                        masters: Sequence[NDArray], states: Sequence[Any]) -> None:
        self._step(indices, weights, masters, grads, states)

    def _step(self, indices: Sequence[Any], weights: Sequence[NDArray], masters: Sequence[NDArray],
              grads: Sequence[NDArray], states: Sequence[Any]) -> None:
        """A step of the masters, which are the weights themselves or their copies; weights follow."""
        raise NotImplementedError(f"{type(self).__name__} does not define _step")


def tensors(arrays: Sequence[NDArray]) -> list[torch.Tensor]:
    """The tensor of each array."""
    return [array._tensor for array in arrays]


def parts(states: Sequence[Any]) -> list[list[torch.Tensor]]:
    """The tensors of all weights' states, a list for each part of a state."""
    return [[part._tensor for part in column] for column in zip(*states)]


def zeros_like(weight: NDArray) -> NDArray:
    """A state of zeros for a weight."""
    return wrap(torch.zeros_like(weight._tensor), weight._ctx)


register = Optimizer.register
create = Optimizer.create_optimizer

lend(__name__)
