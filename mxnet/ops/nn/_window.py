# SPDX-License-Identifier: Apache-2.0
"""What convolutions, deconvolutions and poolings share: sliding windows, and where a layout has its channels.

A layout names the axes of `data`: N, the channels C, and one to three of D, H, W. The kernels here work with channels
second ("NC..."); for channels last they take permuted views, which torch knows as its channels-last memory format.
"""
from __future__ import annotations

import functools
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..infer import show
from ..registry import OperatorError

Layout = Literal["NCW", "NCHW", "NCDHW", "NHWC", "NDHWC"]
CudnnTune = Literal["off", "limited_workspace", "fastest"]

_SPATIAL = {1: "W", 2: "HW", 3: "DHW"}


class Window(NamedTuple):
    """A kernel's movement, one number for each spatial axis."""

    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]
    channels_last: bool


@functools.lru_cache(maxsize=4096)
def window(kernel: tuple[int, ...], stride: tuple[int, ...] = (), dilate: tuple[int, ...] = (),
           pad: tuple[int, ...] = (), layout: str | None = None) -> Window:
    """Complete and check the parameters of a sliding window. An empty tuple means ones, for `pad` zeros."""
    if len(kernel) not in _SPATIAL:
        raise OperatorError(f"kernel is {kernel}, but expected are 1, 2 or 3 sizes")
    for name, sizes, least in (("kernel", kernel, 1), ("stride", stride, 1), ("dilate", dilate, 1), ("pad", pad, 0)):
        if sizes and len(sizes) != len(kernel):
            raise OperatorError(f"{name} is {sizes}, but kernel {kernel} needs {len(kernel)} numbers")
        if any(size < least for size in sizes):
            raise OperatorError(f"{name} is {sizes}, but expected are numbers from {least} on")
    axes = _SPATIAL[len(kernel)]
    if layout not in (None, f"NC{axes}", f"N{axes}C"):
        raise OperatorError(f"layout is {layout}, but kernel {kernel} needs NC{axes} or N{axes}C")
    ones = (1,) * len(kernel)
    return Window(stride or ones, dilate or ones, pad or (0,) * len(kernel), layout == f"N{axes}C")


def check_rank(data: tuple[int | None, ...], kernel: tuple[int, ...]) -> None:
    """Refuse data that does not have batch, channels, and one axis for each size of the kernel."""
    if len(data) != len(kernel) + 2:
        raise OperatorError(f"data is {show(data)}, but kernel {kernel} needs {len(kernel) + 2} dimensions: "
                            "batch, channels, and one for each size of the kernel")


def channels_first(shape: tuple[int | None, ...], channels_last: bool) -> tuple[int | None, ...]:
    """A shape with its channel axis moved from the last place to the second."""
    return (shape[0], shape[-1], *shape[1:-1]) if channels_last else shape


def as_layout(shape: tuple[int | None, ...], channels_last: bool) -> tuple[int | None, ...]:
    """The inverse of `channels_first`."""
    return (shape[0], *shape[2:], shape[1]) if channels_last else shape


def to_channels_first(x: Tensor) -> Tensor:
    """A view with the last axis moved to the second place."""
    return torch.movedim(x, -1, 1)


def to_channels_last(x: Tensor) -> Tensor:
    """The same numbers with the second axis moved to the last place, contiguous."""
    return torch.movedim(x, 1, -1).contiguous()
