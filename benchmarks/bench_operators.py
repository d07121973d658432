# SPDX-License-Identifier: Apache-2.0
"""The operators that networks use most, forward and backward at real layer sizes: against MXNet 1.9.1 and PyTorch.

A row of `LAYERS` is a symbol of variables a, b, c ..., the plain PyTorch spelling of the same in tensors of these
names, and what the variables hold: a shape for normal numbers, or (shape, n) for whole numbers below n. `CALLS` are
imperative and without gradient. On all sides the gradients end up in arrays of their own.
"""
from __future__ import annotations

from typing import Any

from common import table

IMAGE = (8, 64, 56, 56)
ROWS = (64, 1000)
Kind = Any      # a shape, or (shape, bound)

LAYERS: dict[str, tuple[str, str, dict[str, Kind]]] = {
    "Convolution 3x3, 64 channels": (
        "S.Convolution(a, b, kernel=(3, 3), pad=(1, 1), num_filter=64, no_bias=True)",
        "F.conv2d(a, b, padding=1)", {"a": IMAGE, "b": (64, 64, 3, 3)}),
    "Convolution 1x1, 256 to 64": (
        "S.Convolution(a, b, c, kernel=(1, 1), num_filter=64)",
        "F.conv2d(a, b, c)", {"a": (8, 256, 56, 56), "b": (64, 256, 1, 1), "c": (64,)}),
    "Convolution 7x7 stride 2": (
        "S.Convolution(a, b, kernel=(7, 7), stride=(2, 2), pad=(3, 3), num_filter=64, no_bias=True)",
        "F.conv2d(a, b, stride=2, padding=3)", {"a": (4, 3, 224, 224), "b": (64, 3, 7, 7)}),
    "Convolution depthwise 3x3": (
        "S.Convolution(a, b, kernel=(3, 3), pad=(1, 1), num_filter=64, num_group=64, no_bias=True)",
        "F.conv2d(a, b, padding=1, groups=64)", {"a": IMAGE, "b": (64, 1, 3, 3)}),
    "Deconvolution 4x4 stride 2": (
        "S.Deconvolution(a, b, kernel=(4, 4), stride=(2, 2), pad=(1, 1), num_filter=64)",
        "F.conv_transpose2d(a, b, stride=2, padding=1)", {"a": (4, 64, 28, 28), "b": (64, 64, 4, 4)}),
    "Pooling max 3x3 stride 2": (
        "S.Pooling(a, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type='max')",
        "F.max_pool2d(a, 3, 2, 1)", {"a": (8, 64, 112, 112)}),
    "Pooling avg 2x2": ("S.Pooling(a, kernel=(2, 2), stride=(2, 2), pool_type='avg')", "F.avg_pool2d(a, 2)",
                        {"a": IMAGE}),
    "Pooling global avg": (
        "S.Pooling(a, kernel=(7, 7), global_pool=True, pool_type='avg')",
        "F.adaptive_avg_pool2d(a, 1)", {"a": (32, 512, 7, 7)}),
    "BatchNorm": (
        "S.BatchNorm(a, b, c, fix_gamma=False)",
        "F.batch_norm(a, mean, var, b, c, training=True)", {"a": IMAGE, "b": (64,), "c": (64,)}),
    "LayerNorm": ("S.LayerNorm(a, b, c)", "F.layer_norm(a, (512,), b, c)",
                  {"a": (32, 128, 512), "b": (512,), "c": (512,)}),
    "InstanceNorm": ("S.InstanceNorm(a, b, c)", "F.instance_norm(a, weight=b, bias=c)",
                     {"a": IMAGE, "b": (64,), "c": (64,)}),
    "GroupNorm": ("S.GroupNorm(a, b, c, num_groups=8)", "F.group_norm(a, 8, b.repeat_interleave(8), "
                  "c.repeat_interleave(8))", {"a": IMAGE, "b": (8,), "c": (8,)}),
    "L2Normalization": ("S.L2Normalization(a)", "F.normalize(a)", {"a": (256, 512)}),
    "LRN": ("S.LRN(a, nsize=5)", "F.local_response_norm(a, 5, k=2.0)", {"a": IMAGE}),
    "Activation relu": ("S.Activation(a, act_type='relu')", "torch.relu(a)", {"a": IMAGE}),
    "Activation tanh": ("S.Activation(a, act_type='tanh')", "torch.tanh(a)", {"a": IMAGE}),
    "LeakyReLU leaky": ("S.LeakyReLU(a)", "F.leaky_relu(a, 0.25)", {"a": IMAGE}),
    "LeakyReLU gelu": ("S.LeakyReLU(a, act_type='gelu')", "F.gelu(a)", {"a": (32, 128, 512)}),
    "FullyConnected 2048 to 1000": ("S.FullyConnected(a, b, c, num_hidden=1000)", "F.linear(a, b, c)",
                                    {"a": (64, 2048), "b": (1000, 2048), "c": (1000,)}),
    "softmax": ("S.softmax(a)", "a.softmax(-1)", {"a": ROWS}),
    "log_softmax": ("S.log_softmax(a)", "a.log_softmax(-1)", {"a": ROWS}),
    "SoftmaxOutput": ("S.SoftmaxOutput(a, b)", "F.cross_entropy(a, b.long(), reduction='none')",
                      {"a": ROWS, "b": ((64,), 1000)}),
    "Embedding 10000x256": ("S.Embedding(a, b, input_dim=10000, output_dim=256)", "F.embedding(a.long(), b)",
                            {"a": ((32, 35), 10000), "b": (10000, 256)}),
    "RNN lstm, 35 steps": (
        "S.RNN(a, b, c, d, state_size=200, num_layers=2, mode='lstm')", "net(a, (c, d))[0]",
        {"a": (35, 20, 200), "b": (2 * 4 * 200 * 402,), "c": (2, 20, 200), "d": (2, 20, 200)}),
    "RNN gru, bidirectional": (
        "S.RNN(a, b, c, state_size=200, num_layers=1, mode='gru', bidirectional=True)", "both(a, c)[0]",
        {"a": (35, 20, 200), "b": (2 * 3 * 200 * 402,), "c": (2, 20, 200)}),
    "dot 512x512": ("S.dot(a, b)", "a @ b", {"a": (512, 512), "b": (512, 512)}),
    "batch_dot": ("S.batch_dot(a, b, transpose_b=True)", "a @ b.mT", {"a": (64, 128, 64), "b": (64, 128, 64)}),
    "sum over an axis": ("S.sum(a, axis=1)", "a.sum(1)", {"a": IMAGE}),
    "mean over two axes": ("S.mean(a, axis=(2, 3))", "a.mean((2, 3))", {"a": IMAGE}),
    "max over an axis": ("S.max(a, axis=-1)", "a.amax(-1)", {"a": (32, 128, 512)}),
    "broadcast_add": ("S.broadcast_add(a, b)", "a + b", {"a": IMAGE, "b": (1, 64, 1, 1)}),
    "broadcast_mul": ("S.broadcast_mul(a, b)", "a * b", {"a": IMAGE, "b": (8, 64, 1, 1)}),
    "elemwise_add": ("a + b", "a + b", {"a": IMAGE, "b": IMAGE}),
    "exp": ("S.exp(a)", "a.exp()", {"a": IMAGE}),
    "transpose": ("S.transpose(a, axes=(0, 2, 3, 1))", "a.permute(0, 2, 3, 1).contiguous()", {"a": IMAGE}),
    "Concat": ("S.Concat(a, b, dim=1)", "torch.cat([a, b], 1)", {"a": IMAGE, "b": IMAGE}),
    "slice_axis": ("S.slice_axis(a, axis=1, begin=16, end=48)", "a[:, 16:48].contiguous()", {"a": IMAGE}),
    "take": ("S.take(a, b)", "a[b.long()]", {"a": (10000, 256), "b": ((1024,), 10000)}),
    "pick": ("S.pick(a, b)", "a.gather(1, b.long()[:, None])[:, 0]", {"a": ROWS, "b": ((64,), 1000)}),
    "where": ("S.where(c, a, b)", "torch.where(c != 0, a, b)", {"a": IMAGE, "b": IMAGE, "c": (IMAGE, 2)}),
    "Dropout": ("S.Dropout(a, p=0.5)", "F.dropout(a, 0.5)", {"a": IMAGE}),
    "UpSampling nearest": ("S.UpSampling(a, scale=2, sample_type='nearest')", "F.interpolate(a, scale_factor=2)",
                           {"a": (4, 64, 28, 28)}),
    "SequenceMask": ("S.SequenceMask(a, b, use_sequence_length=True)",
                     "a.masked_fill(torch.arange(35)[:, None, None] >= b[None, :, None], 0.0)",
                     {"a": (35, 64, 256), "b": ((64,), 35)}),
    "CTCLoss": ("S.CTCLoss(a, b + 1)", "F.ctc_loss(a.log_softmax(-1), b.long() + 1, [80] * 32, [10] * 32, "
                "reduction='none')", {"a": (80, 32, 40), "b": ((32, 10), 38)}),
}
CALLS: dict[str, tuple[str, str, dict[str, Kind]]] = {
    "topk": ("mx.nd.topk(a, k=5)", "a.topk(5)", {"a": ROWS}),
    "sort": ("mx.nd.sort(a)", "a.sort()", {"a": ROWS}),
    "argmax": ("mx.nd.argmax(a, axis=1)", "a.argmax(1).float()", {"a": ROWS}),
    "one_hot": ("mx.nd.one_hot(a, 1000)", "F.one_hot(a.long(), 1000).float()", {"a": ((64,), 1000)}),
    "sgd_mom_update": ("mx.nd.sgd_mom_update(a, b, c, out=a, lr=1e-9, momentum=0.9)",
                       "torch._fused_sgd_([a], [b], [c], weight_decay=0.0, momentum=0.9, lr=1e-9, dampening=0.0, "
                       "nesterov=False, maximize=False, is_first_step=False)",
                       {"a": (1000, 1000), "b": (1000, 1000), "c": (1000, 1000)}),
    "adam_update": ("mx.nd.adam_update(a, b, c, d, out=a, lr=1e-9)",
                    "torch._fused_adam_([a], [b], [c], [d], [], [step], lr=1e-9, beta1=0.9, beta2=0.999, "
                    "weight_decay=0.0, eps=1e-8, amsgrad=False, maximize=False)",
                    {"a": (1000, 1000), "b": (1000, 1000), "c": (1000, 1000), "d": ((1000, 1000), 2)}),
    "box_nms": ("mx.nd.contrib.box_nms(a, coord_start=2, score_index=1)", "",
                {"a": (8, 400, 6)}),
    "MultiBoxPrior": ("mx.nd.contrib.MultiBoxPrior(a, sizes=(0.2, 0.3), ratios=(1, 2, 0.5))", "",
                      {"a": (1, 64, 38, 38)}),
}

NUMPY = """
import numpy as np
rng = np.random.RandomState(0)
def make(kind):
    if isinstance(kind[0], tuple):
        return rng.randint(0, kind[1], kind[0]).astype('float32')
    return rng.standard_normal(kind).astype('float32')
values = {name: make(kind) for name, kind in kinds.items()}
floats = [name for name, kind in kinds.items() if not isinstance(kind[0], tuple)]
"""
MX_LAYER = """
import mxnet as mx
S = mx.sym
for name in kinds:
    globals()[name] = S.var(name)
net = eval(expression)
exe = net.simple_bind(mx.cpu(), grad_req={n: 'write' if n in floats else 'null' for n in net.list_arguments()},
                      **{name: value.shape for name, value in values.items()})
for name, value in values.items():
    exe.arg_dict[name][:] = value
exe.forward(is_train=True)
heads = [mx.nd.ones(y.shape) for y in exe.outputs]
def run():
    exe.forward(is_train=True)
    exe.backward(heads)
done = mx.nd.waitall
"""
MX_CALL = """
import mxnet as mx
for name, value in values.items():
    globals()[name] = mx.nd.array(value)
run = eval('lambda: ' + expression)
done = mx.nd.waitall
"""
TORCH = """
import torch
import torch.nn.functional as F
torch.manual_seed(0)
step, mean, var = torch.tensor(1.0), torch.zeros(64), torch.ones(64)
net, both = torch.nn.LSTM(200, 200, 2), torch.nn.GRU(200, 200, bidirectional=True)
for name, value in values.items():
    globals()[name] = torch.from_numpy(value)
call = eval('lambda: ' + expression)
"""
TORCH_LAYER = TORCH + """
leaves = [globals()[name].requires_grad_() for name in floats]
leaves += list(net.parameters()) * ('net(' in expression) + list(both.parameters()) * ('both(' in expression)
head = torch.ones_like(call())
def run():
    for leaf in leaves:
        leaf.grad = None
    call().backward(head)
"""
TORCH_CALL = TORCH + "run = call\n"


def sides(mx_code: str, torch_code: str, row: tuple[str, str, dict[str, Kind]]) -> dict[str, str]:
    """The code of all sides for one row."""
    ours, torch, kinds = row
    start = f"kinds = {kinds!r}\n" + NUMPY
    code = {side: f"expression = {ours!r}\n" + start + mx_code for side in ("ours", "mxnet")}
    return {**code, "torch": f"expression = {torch!r}\n" + start + torch_code} if torch else code


CASES = {name: sides(MX_LAYER, TORCH_LAYER, row) for name, row in LAYERS.items()}
CASES |= {name: sides(MX_CALL, TORCH_CALL, row) for name, row in CALLS.items()}

if __name__ == "__main__":
    table(CASES)
