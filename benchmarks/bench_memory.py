# SPDX-License-Identifier: Apache-2.0
"""Peak memory of a forward pass and of a training step, beside plain PyTorch on the same network.

Counted are the bytes that torch's allocator has given out, parameters and gradients included: a figure that does not
change from run to run. The network is written once, for both sides.

    python benchmarks/bench_memory.py                        # ResNet-152, batch 8, 224 x 224: needs about 5 GB
    python benchmarks/bench_memory.py --size 64 --batch 4
"""
from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

import mxnet as mx

UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
CLASSES = 1000


class Symbols:
    """Layers as symbols."""

    def conv(self, x: Any, name: str, channels: int, size: int, stride: int = 1) -> Any:
        return mx.sym.Convolution(x, num_filter=channels, kernel=(size, size), stride=(stride, stride),
                                  pad=(size // 2, size // 2), no_bias=True, name=name)

    def norm(self, x: Any, name: str) -> Any:
        return mx.sym.BatchNorm(x, fix_gamma=False, eps=1e-5, name=name)

    def relu(self, x: Any) -> Any:
        return mx.sym.Activation(x, act_type="relu")

    def first_pool(self, x: Any) -> Any:
        return mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")

    def head(self, x: Any, name: str) -> Any:
        x = mx.sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg")
        return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=CLASSES, name=name), name="softmax")


class Tensors:
    """Layers as torch functions on the parameters of a bound symbol's names."""

    def __init__(self, values: dict[str, torch.Tensor], train: bool) -> None:
        self.values, self.train = values, train

    def conv(self, x: Any, name: str, channels: int, size: int, stride: int = 1) -> Any:
        return F.conv2d(x, self.values[f"{name}_weight"], None, stride, size // 2)

    def norm(self, x: Any, name: str) -> Any:
        mean, var, gamma, beta = (self.values[f"{name}_{key}"] for key in ("moving_mean", "moving_var", "gamma",
                                                                          "beta"))
        return F.batch_norm(x, mean, var, gamma, beta, self.train, 0.1, 1e-5)

    def relu(self, x: Any) -> Any:
        return F.relu(x)

    def first_pool(self, x: Any) -> Any:
        return F.max_pool2d(x, 3, 2, 1)

    def head(self, x: Any, name: str) -> Any:
        return F.linear(F.adaptive_avg_pool2d(x, 1).flatten(1), self.values[f"{name}_weight"],
                        self.values[f"{name}_bias"])


def resnet(layers: Any, x: Any, depth: int) -> Any:
    """ResNet with bottlenecks (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016)."""
    x = layers.first_pool(layers.relu(layers.norm(layers.conv(x, "conv0", 64, 7, 2), "bn0")))
    for stage, count in enumerate(UNITS[depth]):
        width = 64 << stage
        for unit in range(count):
            name, stride = f"stage{stage}_unit{unit}_", 2 if stage and not unit else 1
            y = layers.relu(layers.norm(layers.conv(x, f"{name}conv1", width, 1), f"{name}bn1"))
            y = layers.relu(layers.norm(layers.conv(y, f"{name}conv2", width, 3, stride), f"{name}bn2"))
            y = layers.norm(layers.conv(y, f"{name}conv3", 4 * width, 1), f"{name}bn3")
            if not unit:
                x = layers.norm(layers.conv(x, f"{name}skip", 4 * width, 1, stride), f"{name}bn4")
            x = layers.relu(y + x)
    return layers.head(x, "fc")


def peak(run: Callable[[], Any]) -> int:
    """The most bytes that torch's allocator has given out while `run` runs, above those at its start."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def ours(symbol: Any, shape: tuple[int, ...], train: bool) -> None:
    """Bind, and two passes."""
    executor = symbol.simple_bind(mx.cpu(), data=shape, grad_req="write" if train else "null")
    for name, array in executor.arg_dict.items():
        if name not in ("data", "softmax_label"):
            array[:] = 0.01
    for _ in range(2):
        executor.forward(is_train=train)
        if train:
            executor.backward()


def plain(symbol: Any, shape: tuple[int, ...], train: bool, depth: int) -> None:
    """The same in torch: gradients are kept between the passes, as a bound symbol keeps its arrays."""
    shapes, _, states = symbol.infer_shape(data=shape)
    names = symbol.list_arguments()
    values = {name: torch.full(size, 0.01, requires_grad=train) for name, size in zip(names, shapes)
              if name not in ("data", "softmax_label")}
    values.update({name: torch.ones(size) for name, size in zip(symbol.list_auxiliary_states(), states)})
    data, labels = torch.zeros(shape, requires_grad=train), torch.zeros(shape[0], dtype=torch.long)
    for _ in range(2):
        with torch.set_grad_enabled(train):
            result = resnet(Tensors(values, train), data, depth)
            if train:
                F.cross_entropy(result, labels).backward()
        del result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", type=int, choices=UNITS, default=152)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    shape = (options.batch, 3, options.size, options.size)
    symbol = resnet(Symbols(), mx.sym.Variable("data"), options.depth)
    print(f"ResNet-{options.depth}, data {shape}: peak of allocated memory in MB")
    print(f"{'':10} {'ours':>9} {'torch':>9} {'ours/torch':>11}")
    for name, train in (("forward", False), ("training", True)):
        mine = peak(lambda train=train: ours(symbol, shape, train))
        other = peak(lambda train=train: plain(symbol, shape, train, options.depth))
        print(f"{name:10} {mine / 2**20:9.1f} {other / 2**20:9.1f} {mine / other:10.3f}x", flush=True)


if __name__ == "__main__":
    main()
