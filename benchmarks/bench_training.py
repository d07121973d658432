# SPDX-License-Identifier: Apache-2.0
"""Whole epochs of `Module.fit` against MXNet 1.9.1 and a plain PyTorch loop: samples per second of four networks.

All sides take batches from arrays in memory, in order, with SGD and momentum, and count right answers as they go.
`python benchmarks/bench_training.py [word ...]` runs the cases whose names have one of the words; `--optimizers` times
one update of all parameters of ResNet-20 with every optimizer instead.
"""
from __future__ import annotations

import sys

from common import measure, table
from networks import LENET, MLP

DATA = """
import numpy as np
rng = np.random.RandomState(0)
X = rng.rand(*shape).astype('float32') if classes is not None else rng.randint(0, words, shape).astype('float32')
Y = rng.randint(0, classes or words, shape[:1] if classes is not None else shape).astype('float32')
"""
MX = "import logging; logging.disable(logging.CRITICAL)\nimport mxnet as mx\nS = mx.sym\n"
FIT = """
data = mx.io.NDArrayIter(X, Y, batch_size=batch)
mod = mx.mod.Module(net)
metric = mx.metric.create('acc')
def run():
    mod.fit(data, eval_metric=metric, num_epoch=1, initializer=mx.init.Xavier(), optimizer='sgd',
            optimizer_params={'learning_rate': 1e-5, 'momentum': 0.9, 'wd': 1e-4})
    data.reset()
import warnings; warnings.simplefilter('ignore')
class quiet:
    info = warning = staticmethod(lambda *args: None)
mod.logger = quiet
done = mx.nd.waitall
"""
TORCH = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n"
LOOP = """
X, Y = torch.from_numpy(X), torch.from_numpy(Y).long()
if classes is None:
    X = X.long()
opt = torch.optim.SGD(net.parameters(), lr=1e-5, momentum=0.9, weight_decay=1e-4)
net.train()
def run():
    right = torch.zeros((), dtype=torch.long)
    for begin in range(0, len(X), batch):
        x, y = X[begin:begin + batch], Y[begin:begin + batch].flatten()
        opt.zero_grad()
        out = net(x)
        F.cross_entropy(out, y).backward()
        opt.step()
        right += (out.argmax(1) == y).sum()
    return right.item()
"""

TORCH_MLP = """
net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                    nn.Linear(128, 10))
"""
TORCH_LENET = """
net = nn.Sequential(nn.Conv2d(1, 20, 5), nn.Tanh(), nn.MaxPool2d(2, 2), nn.Conv2d(20, 50, 5), nn.Tanh(),
                    nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(800, 500), nn.Tanh(), nn.Linear(500, 10))
"""
RESNET = """
def convolved(x, n, name, kernel=3, stride=1, relu=True):
    x = S.Convolution(x, kernel=(kernel, kernel), stride=(stride, stride), pad=(kernel // 2, kernel // 2),
                      num_filter=n, no_bias=True, name=name)
    x = S.BatchNorm(x, fix_gamma=False, eps=1e-5, momentum=0.9, name=name + 'bn')
    return S.Activation(x, act_type='relu') if relu else x
net = convolved(S.Variable('data'), 16, 'first')
for stage in range(3):
    for block in range(3):
        name, n, stride = 's%db%d' % (stage, block), 16 << stage, 2 if stage and not block else 1
        inner = convolved(convolved(net, n, name + 'a', stride=stride), n, name + 'b', relu=False)
        net = S.Activation(inner + (convolved(net, n, name + 'c', 1, stride, False) if stride == 2 else net),
                           act_type='relu')
net = S.Flatten(S.Pooling(net, global_pool=True, pool_type='avg', kernel=(8, 8)))
net = S.SoftmaxOutput(S.FullyConnected(net, num_hidden=10, name='fc'), name='softmax')
"""
TORCH_RESNET = """
def convolved(i, n, kernel=3, stride=1):
    return nn.Sequential(nn.Conv2d(i, n, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(n))
class Block(nn.Module):
    def __init__(self, i, n, stride):
        super().__init__()
        self.a, self.b = convolved(i, n, 3, stride), convolved(n, n)
        self.c = convolved(i, n, 1, stride) if stride == 2 else nn.Identity()
    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x), inplace=True)) + self.c(x), inplace=True)
blocks = [Block(16 << stage if block or not stage else 8 << stage, 16 << stage, 2 if stage and not block else 1)
          for stage in range(3) for block in range(3)]
net = nn.Sequential(convolved(3, 16), nn.ReLU(inplace=True), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                    nn.Linear(64, 10))
"""
LSTM = """
x = S.SwapAxis(S.Embedding(S.Variable('data'), input_dim=words, output_dim=200, name='embed'), dim1=0, dim2=1)
cell = mx.rnn.FusedRNNCell(200, num_layers=2, mode='lstm', prefix='lstm_')
x, _ = cell.unroll(shape[1], x, layout='TNC', merge_outputs=True)
x = S.FullyConnected(S.Reshape(S.SwapAxis(x, dim1=0, dim2=1), shape=(-1, 200)), num_hidden=words, name='fc')
net = S.SoftmaxOutput(x, S.Reshape(S.Variable('softmax_label'), shape=(-1,)), name='softmax')
"""
TORCH_LSTM = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm = nn.Embedding(words, 200), nn.LSTM(200, 200, 2)
        self.fc = nn.Linear(200, words)
    def forward(self, x):
        out, _ = self.lstm(self.embed(x).transpose(0, 1))
        return self.fc(out.transpose(0, 1).reshape(-1, 200))
net = Model()
"""

# name: (batch, shape of all data, classes or None for words, our network, torch's)
NETWORKS = {
    "MLP, batch 64": (64, (3200, 784), 10, MLP, TORCH_MLP),
    "LeNet, batch 64": (64, (640, 1, 28, 28), 10, LENET, TORCH_LENET),
    "ResNet-20, batch 32": (32, (128, 3, 32, 32), 10, RESNET, TORCH_RESNET),
    "LSTM of 2 layers, batch 32, length 35": (32, (128, 35), None, LSTM, TORCH_LSTM),
}


def sides(batch: int, shape: tuple[int, ...], classes: int | None, ours: str, torch: str) -> dict[str, str]:
    """The code of all sides."""
    begin = f"batch, shape, classes, words = {batch}, {shape}, {classes}, 1000\n" + DATA
    return {**dict.fromkeys(("ours", "mxnet"), begin + MX + ours + FIT), "torch": begin + TORCH + torch + LOOP}


OPTIMIZERS = {name: f"mx.optimizer.create('{name.split()[0]}', {args})" for name, args in {
    "sgd": "momentum=0.9, wd=1e-4", "sgd plain": "wd=1e-4", "nag": "momentum=0.9", "signum": "momentum=0.9", "sgld": "",
    "dcasgd": "", "rmsprop": "", "rmsprop centered": "centered=True", "adam": "", "adagrad": "", "adadelta": "",
    "adamax": "", "nadam": "", "ftrl": "", "ftml": "", "lbsgd": "momentum=0.9", "lars": "momentum=0.9",
    "lamb": ""}.items()}
UPDATE = """
import numpy as np
rng = np.random.RandomState(0)
shapes = [(16, 3, 3, 3)] + [(16, 16, 3, 3)] * 6 + [(32, 32, 3, 3)] * 6 + [(64, 64, 3, 3)] * 6 + [(16,)] * 14 + \\
    [(32,)] * 14 + [(64,)] * 14 + [(10, 64), (10,)]
weights, grads = ([mx.nd.array(rng.rand(*s)) for s in shapes] for _ in range(2))
updater = mx.optimizer.get_updater(optimizer)
indices = list(range(len(shapes)))
def run():
    updater(indices, grads, weights)
done = mx.nd.waitall
"""
ONE_BY_ONE = UPDATE.replace("updater(indices, grads, weights)",
                            "for i in indices: updater(i, grads[i], weights[i])")


def updates() -> dict[str, dict[str, str]]:
    """Cases of one update; MXNet takes lists only for some optimizers."""
    lists = ("sgd", "lars", "lamb")
    return {name: {"ours": MX + f"optimizer = {made}\n" + UPDATE,
                   "mxnet": MX + f"optimizer = {made}\n" + (UPDATE if name.split()[0] in lists else ONE_BY_ONE)}
            for name, made in OPTIMIZERS.items()}


def networks(wanted: list[str]) -> None:
    """Print samples per second, and ratios."""
    print(f"{'samples/s':40} {'ours':>9} {'MXNet':>9} {'torch':>9} {'ours/MXNet':>11} {'ours/torch':>11}")
    for name, row in NETWORKS.items():
        if wanted and not any(word in name for word in wanted):
            continue
        speeds = {side: row[1][0] / seconds for side, seconds in measure(sides(*row)).items()}
        ours = speeds["ours"]
        cells = [f"{speeds[side]:9.0f}" if side in speeds else f"{'-':>9}" for side in ("ours", "mxnet", "torch")]
        ratios = [f"{ours / speeds[side]:10.2f}x" if side in speeds else f"{'-':>11}" for side in ("mxnet", "torch")]
        print(f"{name:40} {' '.join(cells)} {' '.join(ratios)}", flush=True)


if __name__ == "__main__":
    if "--optimizers" in sys.argv:
        sys.argv.remove("--optimizers")
        table(updates())
    else:
        networks(sys.argv[1:])
