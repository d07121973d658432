# SPDX-License-Identifier: Apache-2.0
"""Pooling over one to three spatial axes.

torch's own pooling serves all usual windows. It refuses a padding above half the kernel, and drops windows that begin
in the padding on the right, which MXNet's "full" convention keeps: there `Plan.native` is false, and the data is
padded first.

On a CPU, float32 arrays that no tape records are pooled by oneDNN, as in MXNet: it is several times faster for channels
first, and does not let NaN win.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..registry import OperatorError, op
from ._blocks import are_small, block_sums, repeated
from ._window import (
    Window,
    as_layout,
    channels_first,
    check_rank,
    to_channels_first,
    to_channels_last,
    window,
)

PoolType = Literal["max", "avg", "sum", "lp"]
Convention = Literal["valid", "full", "same"]


def _avg_pool3d(data: Tensor, *options: Any) -> Tensor:
    """torch's, which does not take half precision on a CPU."""
    if data.dtype in (torch.float16, torch.bfloat16):
        return F.avg_pool3d(data.float(), *options).to(data.dtype)
    return F.avg_pool3d(data, *options)


_ONEDNN = torch.backends.mkldnn.is_available()
_ONEDNN_MAX = {2: torch.mkldnn_max_pool2d, 3: torch.mkldnn_max_pool3d}
_ONEDNN_MAX_BACKWARD = {2: torch.ops.aten.mkldnn_max_pool2d_backward, 3: torch.ops.aten.mkldnn_max_pool3d_backward}
_AVG_BACKWARD = {2: torch.ops.aten.avg_pool2d_backward, 3: torch.ops.aten.avg_pool3d_backward}
_MAX: dict[int, Callable[..., Tensor]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVG: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: _avg_pool3d}


class Plan(NamedTuple):
    """How windows lie on data of certain sizes. `margin`: the padding as F.pad wants it, all windows whole."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    native: bool
    ceil: bool
    margin: tuple[int, ...]


@op("Pooling", "_npx_pooling")
def pooling(data: Tensor, *, kernel: tuple[int, ...] = (), pool_type: PoolType = "max", global_pool: bool = False,
            cudnn_off: bool = False, pooling_convention: Convention = "valid", stride: tuple[int, ...] = (),
            pad: tuple[int, ...] = (), p_value: int | None = None, count_include_pad: bool | None = None,
            layout: Literal["NCW", "NCHW", "NCDHW", "NWC", "NHWC", "NDHWC"] | None = None) -> Tensor:
    """The maximum, average, sum or norm of sliding windows over one, two or three spatial axes.

    `data` is (batch, channels, *spatial), or channels last in the layouts NWC, NHWC and NDHWC; the output keeps
    batch, channels and dtype. Each size becomes `(size + 2 * pad - kernel) / stride + 1`, rounded as
    `pooling_convention` says.

    Parameters
    ----------
    kernel : sizes of the window; not needed with `global_pool`
    pool_type : "max", "avg", "sum", or "lp": `(sum of x ** p_value) ** (1 / p_value)`, with the signs of `x`
    global_pool : one window over all the spatial axes, whatever `kernel`, `stride` and `pad` are
    pooling_convention : "valid" rounds sizes down; "full" rounds up, with windows that reach over the end; "same" is
        for one spatial axis without padding: the size is `ceil(size / stride)`
    stride : step of the window, default 1
    pad : width of the padding on both sides, default 0. A maximum does not see it, for sums it is zeros.
    p_value : 1, 2 or 3, needed for "lp"
    count_include_pad : whether averages count the padding as elements, default true
    cudnn_off : accepted and without effect

    The gradient of a maximum goes to its first place in the window.

    >>> import mxnet as mx
    >>> x = mx.nd.arange(16).reshape((1, 1, 4, 4))
    >>> mx.nd.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max").asnumpy().ravel().tolist()
    [5.0, 7.0, 13.0, 15.0]
    """
    channels_last = layout is not None and layout[-1] == "C"
    if channels_last:
        data = to_channels_first(data)
    plan = plan_of(data.shape[2:], kernel, stride, pad, pooling_convention, layout, global_pool)
    if pool_type == "max":
        out = max_pool(data, plan, torch.finfo(data.dtype).min)
    elif pool_type == "avg":
        out = _average_pool(data, plan, count_include_pad is not False)
    elif pool_type == "sum":
        out = sum_pool(data, plan)
    else:
        out = _norm_pool(data, plan, p_value)
    return to_channels_last(out) if channels_last else out


@pooling.shape
def _(params, data):
    check_data(data)
    if params.pool_type == "lp":
        _check_p(params.p_value)
    channels_last = params.layout is not None and params.layout[-1] == "C"
    batch, channels, *sizes = channels_first(data, channels_last)
    if params.global_pool:
        return {"out": as_layout((batch, channels, *[1] * len(sizes)), channels_last)}
    check_rank(data, params.kernel)
    moves = _moves(params.kernel, params.stride, params.pad, params.pooling_convention, params.layout)
    out = [None if size is None else out_size(params.pooling_convention, size, *move)
           for size, *move in zip(sizes, params.kernel, moves.stride, moves.pad)]
    return {"out": as_layout((batch, channels, *out), channels_last)}


def check_data(data: tuple[int | None, ...]) -> None:
    """Refuse data without or with too many spatial axes."""
    if not 3 <= len(data) <= 5:
        raise OperatorError(f"data is {show(data)}, but expected are batch, channels, and 1, 2 or 3 spatial axes")


def _check_p(p_value: int | None) -> None:
    if p_value not in (1, 2, 3):
        raise OperatorError(f"p_value is {p_value}, but pool_type 'lp' needs 1, 2 or 3")


def _moves(kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...], convention: str,
           layout: str | None) -> Window:
    """Complete and check the parameters."""
    if convention == "same":
        if len(kernel) != 1 or any(pad):
            raise OperatorError(f"pooling_convention 'same' is for one spatial axis without padding, but kernel is "
                                f"{kernel} and pad {pad}")
        pad = ()                            # given as (0, 0, 0), the only form that MXNet takes
    return window(kernel, stride, (), pad, "NCW" if layout == "NWC" else layout)    # only pooling has NWC


def out_size(convention: str, size: int, kernel: int, stride: int, pad: int) -> int:
    """The number of windows along one axis."""
    room = size + 2 * pad - kernel
    if room < 0:
        raise OperatorError(f"the kernel, {kernel} wide, exceeds the data, {size + 2 * pad} wide with its padding")
    if convention == "same":
        return -(-size // stride)
    return (room // stride if convention == "valid" else -(-room // stride)) + 1


@functools.lru_cache(maxsize=4096)
def plan_of(sizes: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...],
            convention: str, layout: str | None = None, global_pool: bool = False) -> Plan:
    """Where the windows lie, and whether torch's pooling knows such windows."""
    sizes = tuple(sizes)
    if global_pool:
        kernel, stride, pad, convention, layout = sizes, (), (), "valid", None
    moves = _moves(kernel, stride, pad, convention, layout)
    check_rank((None, None, *sizes), kernel)
    native = convention != "same"
    margin: list[int] = []
    for size, width, step, border in zip(sizes, kernel, moves.stride, moves.pad):
        count = out_size(convention, size, width, step, border)
        start = (count - 1) * step - border             # of the last window, counted from the first element
        native = native and 2 * border <= width and start < size
        margin = [border, max(0, start + width - size), *margin]
    return Plan(kernel, moves.stride, moves.pad, native, convention == "full", tuple(margin))


# ---- without a tape -------------------------------------------------------------------------------------------------

@pooling.keeping
def _pooling_keeping(data: Tensor, **params: Any) -> tuple[Tensor, Any]:
    """Pooling, and what its gradient needs: places of maxima, or what torch's tape keeps."""
    plan = _plan(data.shape[2:], params)
    if _is_global_average(params):
        return pooling.kernel(data, **params), None
    fast = _plain(params) and plan.native and _by_onednn(data, plan)
    if fast and params["pool_type"] == "avg" and not plan.ceil:
        return pooling.kernel(data, **params), None
    if fast and params["pool_type"] == "max":
        with torch.enable_grad():           # else oneDNN does not keep the places
            made = _ONEDNN_MAX[len(plan.kernel)](data.to_mkldnn().requires_grad_(), plan.kernel, plan.stride, plan.pad,
                                                 1, plan.ceil).detach()
        return made.to_dense(), made
    with torch.enable_grad():
        leaf = data.detach().requires_grad_()
        out = pooling.kernel(leaf, **params)
    return out.detach(), (leaf, out)


@pooling.direct
def _(params, data, head, kept, into):
    if isinstance(kept, tuple):
        return {"data": torch.autograd.grad(kept[1], kept[0], head)[0]}
    plan = _plan(data.shape[2:], params.__dict__)
    if _is_global_average(params.__dict__):
        return {"data": (head / data.shape[2:].numel()).expand(data.shape)}
    if kept is None and _in_blocks(data, plan):
        height, width = plan.kernel
        return {"data": repeated(head, height, width, into.get("data"), 1 / (height * width))}
    like = torch.empty(data.shape, layout=torch._mkldnn)     # type: ignore[attr-defined]    # for its sizes
    if kept is None:
        grad = _AVG_BACKWARD[len(plan.kernel)](head.to_mkldnn(), like, plan.kernel, plan.stride, plan.pad, False,
                                               params.count_include_pad is not False, None)
    else:
        grad = _ONEDNN_MAX_BACKWARD[len(plan.kernel)](head.to_mkldnn(), kept, like, plan.kernel, plan.stride, plan.pad,
                                                      [1] * len(plan.kernel), plan.ceil)
    return {"data": grad.to_dense()}


def _is_global_average(params: dict[str, Any]) -> bool:
    layout = params["layout"]
    return params["global_pool"] and params["pool_type"] == "avg" and (layout is None or layout[-1] != "C")


def _plain(params: dict[str, Any]) -> bool:
    """Whether these are maxima or averages of moving windows, with channels first."""
    layout = params["layout"]
    return params["pool_type"] in ("max", "avg") and not params["global_pool"] and (layout is None or layout[-1] != "C")


def _plan(sizes: tuple[int, ...], params: dict[str, Any]) -> Plan:
    return plan_of(sizes, params["kernel"], params["stride"], params["pad"], params["pooling_convention"],
                   params["layout"], params["global_pool"])


# ---- kinds ----------------------------------------------------------------------------------------------------------

def max_pool(data: Tensor, plan: Plan, lowest: float) -> Tensor:
    """Maxima of windows; those with nothing but padding hold `lowest`."""
    if not plan.native:
        data, plan = F.pad(data, plan.margin, value=lowest), _unpadded(plan)
    if lowest > float("-inf") and _by_onednn(data, plan):    # its lowest number is finite
        pool = _ONEDNN_MAX[len(plan.kernel)]
        return pool(data.to_mkldnn(), plan.kernel, plan.stride, plan.pad, 1, plan.ceil).to_dense()
    return _MAX[len(plan.kernel)](data, plan.kernel, plan.stride, plan.pad, 1, plan.ceil)


def _unpadded(plan: Plan) -> Plan:
    """The plan for data that is padded already."""
    return plan._replace(pad=(0,) * len(plan.pad), ceil=False)


def _by_onednn(data: Tensor, plan: Plan) -> bool:
    return (_ONEDNN and data.dtype is torch.float32 and len(plan.kernel) in _ONEDNN_MAX and data.device.type == "cpu"
            and not data.requires_grad and data.is_contiguous() and data.numel() > 0)


def _in_blocks(data: Tensor, plan: Plan) -> bool:
    """Whether the windows are small blocks that cover data which no tape records."""
    return (len(plan.kernel) == 2 and plan.stride == plan.kernel and not any(plan.margin) and are_small(*plan.kernel)
            and data.shape[2] % plan.kernel[0] == data.shape[3] % plan.kernel[1] == 0
            and data.device.type == "cpu" and data.is_floating_point() and not data.requires_grad)


def _average_pool(data: Tensor, plan: Plan, include_pad: bool) -> Tensor:
    kernel, pool = plan.kernel, _AVG[len(plan.kernel)]
    if data.shape[2:] == kernel and not any(plan.pad):
        return data.mean(tuple(range(2, data.dim())), keepdim=True)
    if _in_blocks(data, plan):
        return block_sums(data, *kernel).mul_(1 / (kernel[0] * kernel[1]))
    if plan.native and not plan.ceil and _by_onednn(data, plan):
        return pool(data.to_mkldnn(), kernel, plan.stride, plan.pad, False, include_pad).to_dense()
    if plan.native:
        return pool(data, kernel, plan.stride, plan.pad, plan.ceil, include_pad)
    counted = data.new_ones((1, 1, *data.shape[2:]))
    if include_pad:
        margin = tuple([width for size in reversed(plan.pad) for width in (size, size)])
        counted = F.pad(counted, margin, value=1.0)
        counted = F.pad(counted, [max(0, whole - part) for whole, part in zip(plan.margin, margin)])
    else:
        counted = F.pad(counted, plan.margin)
    counts = pool(counted, kernel, plan.stride)
    counts.masked_fill_(counts == 0, 1)           # windows with nothing but padding are 0
    return pool(F.pad(data, plan.margin), kernel, plan.stride) / counts


def sum_pool(data: Tensor, plan: Plan) -> Tensor:
    """Sums of windows; padding counts as zeros."""
    kernel, stride, pad, ceil = plan.kernel, plan.stride, plan.pad, plan.ceil
    if not plan.native:
        data, pad, ceil = F.pad(data, plan.margin), (0,) * len(pad), False
    if len(kernel) == 1:                  # the one average of torch that takes no divisor
        out = F.avg_pool2d(data.unsqueeze(-2), (1, *kernel), (1, *stride), (0, *pad), ceil, True, 1)
        return out.squeeze(-2)
    return _AVG[len(kernel)](data, kernel, stride, pad, ceil, True, 1)


def _norm_pool(data: Tensor, plan: Plan, p: int | None) -> Tensor:
    _check_p(p)
    if p == 1:                            # MXNet takes no absolute value here
        return sum_pool(data, plan)
    if p == 2:
        return sum_pool(data * data, plan).sqrt()
    cubes = sum_pool(data * data * data, plan)
    return cubes.abs().pow(1 / 3).copysign(cubes)
