# SPDX-License-Identifier: Apache-2.0
"""CTCLoss: connectionist temporal classification, the loss of sequences whose alignment is not known."""
from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..infer import show
from ..params import Params
from ..registry import OperatorError, op
from .loss_heads import refuse_integers


@op("CTCLoss", "ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss", outputs=("output0",),
    when={"data_lengths": lambda p: p.use_data_lengths, "label_lengths": lambda p: p.use_label_lengths})
def ctc_loss(data: Tensor, label: Tensor, data_lengths: Tensor | None = None, label_lengths: Tensor | None = None, *,
             use_data_lengths: bool = False, use_label_lengths: bool = False,
             blank_label: Literal["first", "last"] = "first") -> Tensor:
    """Negative logarithm of the probability of each label sequence, summed over its alignments with the data.

    Parameters
    ----------
    data : scores before the softmax, (steps, batch, classes), floating; one class is the blank
    label : class numbers, (batch, at most steps), of any dtype (fractions are rounded). Without `label_lengths` a
        label ends before the first padding: 0 where the blank is the first class, -1 where it is the last.
    data_lengths : steps that count, (batch,), 0 to steps; with `use_data_lengths` only
    label_lengths : class numbers that count, (batch,), from 0; with `use_label_lengths` only
    blank_label : whether the blank is class 0, and labels run from 1, or the last class, and labels run from 0

    The output is (batch,). It is 0, with gradient 0, where the label has no alignment with so few steps. Gradient for
    `data` only. Formula: Graves et al., "Connectionist Temporal Classification" (2006). Source: MXNet operator
    `CTCLoss`, which has it for float32 only; halves are computed in float32 here.

    >>> import mxnet as mx
    >>> loss = mx.nd.CTCLoss(mx.nd.zeros((2, 1, 2)), mx.nd.array([[1, 0]]))
    >>> round(float(loss.asscalar()), 4)
    0.2877
    """
    refuse_integers(data)
    _refuse_shapes(tuple(data.shape), tuple(label.shape))
    steps, batch, classes = data.shape
    codes = (label.detach() + 0.5).floor().long() if label.is_floating_point() else label.detach().long()
    padding, blank = (0, 0) if blank_label == "first" else (-1, classes - 1)
    whole = data_lengths is None
    if data_lengths is None:
        data_lengths = codes.new_full((batch,), steps)
    if label_lengths is None:
        label_lengths = (codes != padding).cumprod(1).sum(1)
    if data.is_meta:
        return data.new_empty(batch)
    data_lengths = _within("data_lengths", data_lengths, steps)
    label_lengths = _within("label_lengths", label_lengths, codes.shape[1])
    read = torch.arange(codes.shape[1]) < label_lengths.unsqueeze(1)
    codes = codes.masked_fill(~read.to(codes.device), 0)
    if codes.numel() and not 0 <= codes.min() <= codes.max() < classes:
        raise OperatorError(f"label holds {codes.min()} to {codes.max()}, but data has classes 0 to {classes - 1}")
    wide = data.float() if data.element_size() < 4 else data
    if not whole:                                # what is padding may be NaN, and gets no gradient
        beyond = torch.arange(steps).unsqueeze(1) >= data_lengths
        wide = wide.masked_fill(beyond.unsqueeze(2).to(wide.device), 0.0)
    losses = torch.ctc_loss(wide.log_softmax(2), codes, data_lengths, label_lengths, blank, 0, True)
    return losses.to(data.dtype)


def _within(name: str, lengths: Tensor, most: int) -> Tensor:
    """The lengths as the kernel wants them: int64, on the CPU."""
    whole = lengths.detach().to("cpu", torch.int64)
    if ((whole < 0) | (whole > most)).any():
        raise OperatorError(f"{name} is {whole.tolist()}, but needs numbers from 0 to {most}")
    return whole


def _refuse_shapes(data: tuple[int | None, ...], label: tuple[int | None, ...]) -> None:
    if len(data) != 3 or len(label) != 2:
        raise OperatorError(f"data is {show(data)} and label {show(label)}, but needed are (steps, batch, classes) and "
                            "(batch, labels)")
    if data[0] is not None and label[1] is not None and data[0] < label[1]:
        raise OperatorError(f"label is {show(label)}, which is longer than the {data[0]} steps of data {show(data)}")


@ctc_loss.shape
def _(params: Params, data, label):
    _refuse_shapes(data, label)
    batch = (data[1] if label[0] is None else label[0],)
    return {"data": (data[0], *batch, data[2]), "label": (data[1], label[1]), "data_lengths": batch,
            "label_lengths": batch, "out": batch}


@ctc_loss.dtype
def _(params: Params, data, label=None, data_lengths=None, label_lengths=None):
    return {"out": data}
