# SPDX-License-Identifier: Apache-2.0
"""Small operators, a training step, LeNet, binding, import: against MXNet 1.9.1 and plain PyTorch, in one run."""
from __future__ import annotations

import subprocess
import time

import networks
from common import PYTHON, ROOT, table

MX = "import mxnet as mx\nS = mx.sym\nimport numpy as np\nnp.random.seed(0)\n"
WAIT = "done = mx.nd.waitall\n"
TORCH = "import torch\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n"

MLP = MX + networks.MLP + "shape = (64, 784)\n"
LENET = MX + networks.LENET + "shape = (64, 1, 28, 28)\n"
STEP = """
mod = mx.mod.Module(net)
mod.bind([('data', shape)], [('softmax_label', (64,))])
mod.init_params(mx.init.Xavier())
mod.init_optimizer(optimizer_params={'learning_rate': 1e-5, 'momentum': 0.9})
batch = mx.io.DataBatch([mx.nd.array(np.random.rand(*shape))], [mx.nd.array(np.random.randint(0, 10, 64))])
def run():
    mod.forward_backward(batch)
    mod.update()
""" + WAIT
TORCH_MLP = TORCH + """
net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(),
                          torch.nn.Linear(128, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
x = torch.rand(64, 784)
"""
TORCH_LENET = TORCH + """
nn = torch.nn
net = nn.Sequential(nn.Conv2d(1, 20, 5), nn.Tanh(), nn.MaxPool2d(2, 2), nn.Conv2d(20, 50, 5), nn.Tanh(),
                    nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(800, 500), nn.Tanh(), nn.Linear(500, 10))
x = torch.rand(64, 1, 28, 28)
"""
TORCH_STEP = """
y = torch.randint(0, 10, (64,))
opt = torch.optim.SGD(net.parameters(), lr=1e-5, momentum=0.9)
def run():
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    opt.step()
"""
RESNET = MX + """
def unit(x, n, stride, match, name, bottle):
    bn1 = S.Activation(S.BatchNorm(x, fix_gamma=False, name=name + 'bn1'), act_type='relu')
    c1 = S.Convolution(bn1, num_filter=n // 4, kernel=(1, 1), no_bias=True, name=name + 'c1')
    bn2 = S.Activation(S.BatchNorm(c1, fix_gamma=False, name=name + 'bn2'), act_type='relu')
    c2 = S.Convolution(bn2, num_filter=n // 4, kernel=(3, 3), stride=stride, pad=(1, 1), no_bias=True, name=name + 'c2')
    bn3 = S.Activation(S.BatchNorm(c2, fix_gamma=False, name=name + 'bn3'), act_type='relu')
    c3 = S.Convolution(bn3, num_filter=n, kernel=(1, 1), no_bias=True, name=name + 'c3')
    if not match:
        x = S.Convolution(bn1, num_filter=n, kernel=(1, 1), stride=stride, no_bias=True, name=name + 's')
    return c3 + x
net = S.Convolution(S.Variable('data'), num_filter=64, kernel=(7, 7), stride=(2, 2), pad=(3, 3), no_bias=True)
net = S.Pooling(S.Activation(S.BatchNorm(net, name='bn0'), act_type='relu'), kernel=(3, 3), stride=(2, 2), pad=(1, 1),
                pool_type='max')
for i, (count, n) in enumerate(zip((3, 4, 6, 3), (256, 512, 1024, 2048))):
    for j in range(count):
        net = unit(net, n, (1, 1) if i == 0 or j else (2, 2), bool(j), 's%du%d' % (i, j), True)
net = S.Pooling(S.Activation(S.BatchNorm(net, name='bn9'), act_type='relu'), global_pool=True, kernel=(7, 7),
                pool_type='avg')
net = S.SoftmaxOutput(S.FullyConnected(net, num_hidden=1000, name='fc'), name='softmax')
"""

CASES = {
    "add, 10x10": {
        "ours": MX + "a = mx.nd.ones((10, 10)); b = mx.nd.ones((10, 10))\ndef run():\n for _ in range(1000): a + b\n",
        "mxnet": MX + "a = mx.nd.ones((10, 10)); b = mx.nd.ones((10, 10))\n"
                      "def run():\n for _ in range(1000): a + b\n" + WAIT,
        "torch": TORCH + "a = torch.ones(10, 10); b = torch.ones(10, 10)\ndef run():\n for _ in range(1000): a + b\n"},
    "chain of 1,000 small operators": {
        "ours": MX + "a = mx.nd.ones((10, 10))\ndef run():\n x = a\n for _ in range(500): x = mx.nd.relu(x) * 0.5\n",
        "mxnet": MX + "a = mx.nd.ones((10, 10))\n"
                      "def run():\n x = a\n for _ in range(500): x = mx.nd.relu(x) * 0.5\n" + WAIT,
        "torch": TORCH + "a = torch.ones(10, 10)\n"
                         "def run():\n x = a\n for _ in range(500): x = torch.relu(x) * 0.5\n"},
    "x * 1.01 + y, 1000x1000": {
        "ours": MX + "x = mx.nd.ones((1000, 1000)); y = mx.nd.ones((1000, 1000))\ndef run(): x * 1.01 + y\n",
        "mxnet": MX + "x = mx.nd.ones((1000, 1000)); y = mx.nd.ones((1000, 1000))\n"
                      "def run(): (x * 1.01 + y).wait_to_read()\n",
        "torch": TORCH + "x = torch.ones(1000, 1000); y = torch.ones(1000, 1000)\ndef run(): x * 1.01 + y\n"},
    "MLP training step, batch 64": {"ours": MLP + STEP, "mxnet": MLP + STEP, "torch": TORCH_MLP + TORCH_STEP},
    "LeNet training step, batch 64": {"ours": LENET + STEP, "mxnet": LENET + STEP, "torch": TORCH_LENET + TORCH_STEP},
    "bind ResNet-50, batch 1": {
        side: RESNET + "def run():\n e = net.simple_bind(mx.cpu(), data=(1, 3, 224, 224)); e.arg_arrays[0].asnumpy()\n"
        for side in ("ours", "mxnet")},
    "bind a chain of 5,000 nodes": {
        side: MX + "x = S.Variable('x')\nfor _ in range(2500): x = S.relu(x) + 1\n"
                   "def run(): x.simple_bind(mx.cpu(), x=(2, 3))\n" for side in ("ours", "mxnet")},
}


def import_times() -> None:
    """Seconds to import, as the best of several fresh processes."""
    def best(python: object, code: str) -> float:
        times = []
        for _ in range(4):
            start = time.perf_counter()
            subprocess.run([str(python), "-W", "ignore", "-c", code], check=True, cwd=ROOT / "benchmarks",
                           stderr=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
        return min(times)
    torch, ours = best(PYTHON["ours"], "import torch"), best(PYTHON["ours"], "import mxnet")
    line = f"import: torch {torch:.2f} s, mxnet (ours) {ours:.2f} s, that is {ours - torch:+.2f} s"
    if PYTHON["mxnet"].exists():
        line += f"; MXNet 1.9.1 {best(PYTHON['mxnet'], 'import mxnet'):.2f} s"
    print(line)


if __name__ == "__main__":
    table(CASES)
    import_times()
