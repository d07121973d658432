# SPDX-License-Identifier: Apache-2.0
"""One executor for each context, each with its slice of the batch."""
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .._old_names import lend
from .._together import run_together
from ..base import MXNetAssertionError, MXNetKeyError, MXNetValueError, nearest
from ..context import Context
from ..io import DataDesc
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..symbol.symbol import Symbol
from ..symbol.traits import needs_other_devices


def _split_input_slice(batch_size: int, work_load_list: Sequence[float]) -> list[slice]:
    """Slices of a batch in proportion to the work loads. Raises ValueError when some device would get nothing."""
    rounded = [round(batch_size * load / sum(work_load_list)) for load in work_load_list]
    if sum(rounded) < batch_size:
        rounded[-1] += batch_size - sum(rounded)
    slices, end = [], 0
    for count in rounded:
        begin, end = min(end, batch_size), min(end + count, batch_size)
        if begin >= end:
            raise MXNetValueError(f"Too many slices. Some splits are empty: a batch of {batch_size} over "
                                  f"{len(work_load_list)} devices")
        slices.append(slice(begin, end))
    return slices


def _part(values: torch.Tensor, where: slice, axis: int) -> torch.Tensor:
    return values if axis < 0 else values.narrow(axis, where.start, where.stop - where.start)


class DataParallelExecutorGroup:
    """Executors of one symbol on several contexts, with the arrays grouped by parameter.

    Attributes
    ----------
    execs : the executors, one for each context
    param_arrays, grad_arrays, aux_arrays : for each parameter (state), its arrays on all contexts
    data_arrays, label_arrays : for each input, (slice of the batch, array) on all contexts
    """

    def __init__(self, symbol: Symbol, contexts: Sequence[Context], workload: Sequence[float] | None,
                 data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None, param_names: Sequence[str],
                 for_training: bool, inputs_need_grad: bool, shared_group: DataParallelExecutorGroup | None = None,
                 logger: Any = None, fixed_param_names: Sequence[str] | None = None, grad_req: Any = "write",
                 state_names: Sequence[str] | None = None,
                 group2ctxs: Any = None) -> None:
        self.symbol, self.contexts = symbol, list(contexts)
        self.workload = list(workload) if workload is not None else [1] * len(self.contexts)
        self.arg_names, self.aux_names = symbol.list_arguments(), symbol.list_auxiliary_states()
        self.param_names, self.fixed_param_names = list(param_names), list(fixed_param_names or [])
        self.state_names = list(state_names or [])
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        self.group2ctxs = _per_context(group2ctxs, len(self.contexts))
        self.output_names = symbol.list_outputs()
        self._grad_req_given = grad_req
        self.data_shapes = [DataDesc.of(item) for item in data_shapes]
        self.label_shapes = [DataDesc.of(item) for item in label_shapes] if label_shapes else None
        self.grad_req = self._requests(grad_req)
        self.execs: list[Any] = []
        self.meets = False                   # whether executors exchange values while they run
        self.batch_size: int | None = None
        self.slices: list[slice] = []
        self._bind(shared_group)

    # ---- binding --------------------------------------------------------------------------------

    def _requests(self, grad_req: Any) -> dict[str, str]:
        data = [desc.name for desc in self.data_shapes]
        requests = {}
        for position, name in enumerate(self.arg_names):
            if name in self.param_names and name not in self.fixed_param_names:
                default = "write"
            else:
                default = "write" if name in data and self.inputs_need_grad else "null"
            if (default != "null" and name in self.param_names) or name in data:
                given = grad_req if isinstance(grad_req, str) else \
                    grad_req.get(name, default) if isinstance(grad_req, Mapping) else grad_req[position]
                default = given if default != "null" else "null"
            requests[name] = default if self.for_training else "null"
        return requests

    def decide_slices(self, data_shapes: Sequence[DataDesc]) -> list[int]:
        """The batch axis of each input (-1: none). Sets `slices`. Raises ValueError when batch sizes differ."""
        axes = [DataDesc.get_batch_axis(desc.layout) for desc in data_shapes]
        for desc, axis in zip(data_shapes, axes):
            if axis == -1:
                continue
            size = desc.shape[axis]
            if self.batch_size is not None and size != self.batch_size:
                raise MXNetAssertionError("all data must have the same batch size: batch_size = "
                                          f"{self.batch_size}, but {desc.name} has shape {desc.shape}")
            self.batch_size = size
            self.slices = _split_input_slice(size, self.workload)
        return axes

    def _bind(self, shared_group: DataParallelExecutorGroup | None, reshape: bool = False) -> None:
        self.batch_size = None
        self.data_layouts = self.decide_slices(self.data_shapes)
        self.label_layouts = self.decide_slices(self.label_shapes) if self.label_shapes else []
        if self.batch_size is None:
            self.slices = [slice(0, 1)] * len(self.contexts)
        shared = shared_group.execs if shared_group is not None else [None] * len(self.contexts)
        made = []
        for index, ctx in enumerate(self.contexts):
            shapes: dict[str, Any] = self._sliced_shapes(index)
            if reshape:
                made.append(self.execs[index].reshape(allow_up_sizing=True, **shapes))
                continue
            kinds = {desc.name: desc.dtype for desc in (*self.data_shapes, *(self.label_shapes or []))
                     if desc.name in self.arg_names}
            made.append(self.symbol.simple_bind(ctx, grad_req=self.grad_req, type_dict=kinds,
                                                shared_arg_names=self.param_names, shared_exec=shared[index],
                                                group2ctx=self.group2ctxs[index], **shapes))
        self.execs = made
        self.meets = len(made) > 1 and any(map(needs_other_devices, self.symbol._nodes))
        self._collect()

    def bind_exec(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None,
                  shared_group: DataParallelExecutorGroup | None = None, reshape: bool = False) -> None:
        """Make executors for other input shapes; with `reshape` on the parameter arrays of the present ones."""
        self.data_shapes = [DataDesc.of(item) for item in data_shapes]
        self.label_shapes = [DataDesc.of(item) for item in label_shapes] if label_shapes else None
        self._bind(shared_group, reshape=reshape)

    def _sliced_shapes(self, index: int) -> dict[str, tuple[int, ...]]:
        shapes = {}
        for desc, axis in (*zip(self.data_shapes, self.data_layouts),
                           *zip(self.label_shapes or [], self.label_layouts)):
            if desc.name not in self.arg_names:
                continue
            shape = list(desc.shape)
            if axis >= 0:
                shape[axis] = self.slices[index].stop - self.slices[index].start
            shapes[desc.name] = tuple(shape)
        return shapes

    def _collect(self) -> None:
        execs = self.execs
        params = [name for name in self.arg_names if name in set(self.param_names)]
        self.param_arrays = [[e.arg_dict[name] for e in execs] for name in params]
        self.grad_arrays = [[e.grad_dict[name] for e in execs] for name in params] if self.for_training else None
        self.aux_arrays = [[e.aux_dict[name] for e in execs] for name in self.aux_names]
        self.state_arrays = [[e.arg_dict[name] for e in execs] for name in self.state_names]
        self.data_names = data_names = [desc.name for desc in self.data_shapes]
        self.label_names = [desc.name for desc in self.label_shapes] if self.label_shapes else None
        self.data_arrays = [self._input_arrays(name) for name in data_names]
        for desc in self.label_shapes or [] if self.for_training else []:
            if desc.name not in self.arg_names:              # training would go on without any label
                raise MXNetKeyError(f"label_shapes name {desc.name!r}, which is not an argument of the symbol."
                                    f"{nearest(desc.name, self.arg_names)} Its inputs: "
                                    f"{', '.join(name for name in self.arg_names if name not in params)}")
        self.label_arrays = [self._input_arrays(desc.name) for desc in self.label_shapes or []]
        self.input_grad_arrays = [[e.grad_dict[name] for e in execs] for name in data_names] \
            if self.inputs_need_grad else []
        self.output_layouts = [DataDesc.get_batch_axis(self._layout(i)) for i in range(len(self.output_names))]

    def _layout(self, output: int) -> str | None:
        return self.symbol._outputs[output][0].attrs.get("__layout__")

    def _input_arrays(self, name: str) -> list[tuple[slice, NDArray]]:
        return [(where, e.arg_dict[name]) for where, e in zip(self.slices, self.execs) if name in e.arg_dict]

    def reshape(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None) -> None:
        """Bind to other input shapes, parameters shared."""
        data = [DataDesc.of(item) for item in data_shapes]
        labels = [DataDesc.of(item) for item in label_shapes] if label_shapes else None
        if data == self.data_shapes and labels == self.label_shapes:
            return
        self.bind_exec(data, labels, reshape=True)

    # ---- parameters -----------------------------------------------------------------------------

    def set_params(self, arg_params: Mapping[str, NDArray], aux_params: Mapping[str, NDArray] | None,
                   allow_extra: bool = False) -> None:
        """Copy values into all executors."""
        for executor in self.execs:
            executor.copy_params_from(arg_params, aux_params, allow_extra_params=allow_extra)

    def get_params(self, arg_params: dict[str, NDArray], aux_params: dict[str, NDArray]) -> None:
        """Copy values (averaged over contexts) into the given arrays."""
        params = [name for name in self.arg_names if name in set(self.param_names)]
        for names, groups, targets in ((params, self.param_arrays, arg_params),
                                       (self.aux_names, self.aux_arrays, aux_params)):
            for name, arrays in zip(names, groups):
                value = arrays[0]._tensor
                if len(arrays) > 1:
                    value = torch.stack([a._tensor.to(value.device) for a in arrays]).sum(0) / len(arrays)
                if name in targets and targets[name].shape == arrays[0].shape:
                    targets[name]._tensor.copy_(value)
                else:
                    targets[name] = wrap(value.detach().to("cpu", copy=True), Context("cpu", 0))

    # ---- running --------------------------------------------------------------------------------

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Load a batch's slices and run all executors."""
        _load_data(data_batch, self.data_arrays, self.data_layouts)
        if is_train is None:
            is_train = self.for_training
        if self.label_arrays and data_batch.label:
            _load_label(data_batch, self.label_arrays, self.label_layouts)
        self._run([functools.partial(executor.forward, is_train=is_train) for executor in self.execs])

    def backward(self, out_grads: Any = None) -> None:
        """Run all executors backward, each with its slice of the head gradients."""
        if not self.for_training:
            raise MXNetAssertionError("re-bind with for_training=True to run backward")
        if out_grads is not None and not isinstance(out_grads, (list, tuple)):
            out_grads = [out_grads]
        calls = []
        for where, executor in zip(self.slices, self.execs):
            heads = out_grads if out_grads is None or len(self.execs) == 1 else \
                [wrap(_part(g._tensor, where, axis), g._ctx) for g, axis in zip(out_grads, self.output_layouts)]
            calls.append(functools.partial(executor.backward, heads))
        self._run(calls)

    def _run(self, calls: Sequence[Callable[[], Any]]) -> None:
        """Run what each executor is to do: one after the other, or in threads if they wait for each other."""
        if self.meets:
            run_together(calls)
            return
        for call in calls:
            call()

    def get_output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """(name, shape of the whole batch) for each output."""
        known = {desc.name: desc.shape for desc in (*self.data_shapes, *(self.label_shapes or []))
                 if desc.name in self.arg_names}
        _, shapes, _ = self.symbol.infer_shape(**known)
        return list(zip(self.output_names, shapes))

    def get_outputs(self, merge_multi_context: bool = True, begin: int = 0, end: int | None = None) -> list[Any]:
        """Outputs, joined over contexts, or a list for each."""
        stop = len(self.output_names) if end is None else end
        outputs = [[e.outputs[i] for e in self.execs] for i in range(begin, stop)]
        return _merge(outputs, self.output_layouts[begin:stop]) if merge_multi_context else outputs

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data inputs."""
        if not self.inputs_need_grad:
            raise MXNetAssertionError("bind with inputs_need_grad=True to get the inputs' gradients")
        return _merge(self.input_grad_arrays, self.data_layouts) if merge_multi_context else self.input_grad_arrays

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """State arrays."""
        return _merge(self.state_arrays, [0] * len(self.state_arrays)) if merge_multi_context else self.state_arrays

    def set_states(self, states: Any = None, value: float | None = None) -> None:
        """Set states from arrays (one list for each state) or to one value."""
        if (states is None) == (value is None):
            raise MXNetAssertionError("set_states takes states or value, one of the two")
        if states is not None:
            for targets, sources in zip(self.state_arrays, states):
                for where, target, source in zip(self.slices, targets, sources if isinstance(sources, (list, tuple))
                                                 else [sources] * len(targets)):
                    part = source._tensor if source.shape == target.shape else _part(source._tensor, where, 0)
                    target._tensor.copy_(part)
            return
        for targets in self.state_arrays:
            for target in targets:
                target._tensor.fill_(value)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give labels and outputs of each executor to a metric."""
        for index, (where, executor) in enumerate(zip(self.slices, self.execs)):
            if pre_sliced:
                part = labels[index]
            elif len(self.execs) == 1:
                part = labels
            else:
                axes = self.label_layouts or [0] * len(labels)
                part = [wrap(_part(label._tensor, where, axis), label._ctx) for label, axis in zip(labels, axes)]
            names = [desc.name for desc in self.label_shapes] if self.label_shapes else \
                [f"label{i}" for i in range(len(part))]
            eval_metric.update_dict(dict(zip(names, part)), dict(zip(self.output_names, executor.outputs)))

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor see all executors."""
        for executor in self.execs:
            mon.install(executor)


def _per_context(group2ctxs: Any, count: int) -> list[Any]:
    """`group2ctxs` as one dict for each context: from a list, or a dict of contexts or lists of them."""
    if group2ctxs is None:
        return [None] * count
    if isinstance(group2ctxs, list):
        if len(group2ctxs) != count:
            raise MXNetAssertionError(f"group2ctxs has {len(group2ctxs)} entries for {count} contexts")
        return group2ctxs
    result: list[dict[str, Context]] = [{} for _ in range(count)]
    for group, places in group2ctxs.items():
        listed = [places] * count if isinstance(places, Context) else list(places)
        if len(listed) == 1:
            listed = listed * count
        if len(listed) != count:
            raise MXNetAssertionError(f"group2ctxs[{group!r}] has {len(listed)} entries for {count} contexts")
        for one, place in zip(result, listed):
            one[group] = place
    return result


def _merge(groups: Sequence[Sequence[NDArray]], axes: Sequence[int]) -> list[NDArray]:
    merged = []
    for arrays, axis in zip(groups, axes):
        if len(arrays) == 1 or axis < 0:
            merged.append(arrays[0])
        else:
            first = arrays[0]
            merged.append(wrap(torch.cat([a._tensor.to(first._tensor.device) for a in arrays], axis), first._ctx))
    return merged


_merge_multi_context = _merge        # MXNet's name, which programs import


def _load_general(data: Sequence[Any], targets: Sequence[Any], major_axis: Sequence[int]) -> None:
    """Copy each input's slices into the bound arrays."""
    for source, target, axis in zip(data, targets, major_axis):
        if isinstance(target, NDArray):
            source.copyto(target)
            continue
        for index, (where, array) in enumerate(target):
            if isinstance(source, (list, tuple)):
                values = source[index]._tensor
            else:
                values = source._tensor if isinstance(source, NDArray) else _tensor(source)
                if len(target) > 1:
                    values = _part(values, where, axis)
            if values.shape != array._tensor.shape:
                if values.numel() != array._tensor.numel():
                    raise MXNetValueError(f"a batch of shape {tuple(values.shape)} does not fit the bound shape "
                                          f"{array.shape}")
                values = values.reshape(array._tensor.shape)
            array._tensor.copy_(values)


def _tensor(source: Any) -> torch.Tensor:
    from ..ndarray.creation import array
    return array(source)._tensor


def _load_data(batch: Any, targets: Sequence[Any], major_axis: Sequence[int]) -> None:
    """Load a batch's data."""
    _load_general(batch.data, targets, major_axis)


def _load_label(batch: Any, targets: Sequence[Any], major_axis: Sequence[int]) -> None:
    """Load a batch's labels."""
    _load_general(batch.label, targets, major_axis)


lend(__name__)
