# SPDX-License-Identifier: Apache-2.0
"""A generative adversarial network (Goodfellow et al., 2014) of two Modules, trained by hand: the discriminator is
bound with `inputs_need_grad`, and its gradient with regard to its input is what the generator goes back with.

The points to imitate lie on a circle. Success is measured by the energy distance between both clouds (0: the same).

    python examples/gan.py
"""
from __future__ import annotations

import logging
import sys

import numpy as np

import mxnet as mx

SEED, BATCH, STEPS, NOISE = 42, 128, 600, 4
REQUIRED = 10.0         # energy distance before / after training


def circle(count: int) -> np.ndarray:
    angle = np.random.uniform(0, 2 * np.pi, count)
    radius = np.random.normal(1, 0.05, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def noise(count: int) -> mx.nd.NDArray:
    return mx.nd.array(np.random.normal(0, 1, (count, NOISE)))


def perceptron(data: mx.sym.Symbol, outputs: int, prefix: str) -> mx.sym.Symbol:
    for index in (1, 2):
        data = mx.sym.FullyConnected(data, num_hidden=64, name=f"{prefix}{index}")
        data = mx.sym.LeakyReLU(data, slope=0.2, name=f"{prefix}{index}_leaky")
    return mx.sym.FullyConnected(data, num_hidden=outputs, name=f"{prefix}3")


def new_modules() -> tuple[mx.mod.Module, mx.mod.Module]:
    generator = mx.mod.Module(perceptron(mx.sym.Variable("noise"), 2, "g"), data_names=["noise"], label_names=None)
    judged = mx.sym.LogisticRegressionOutput(perceptron(mx.sym.Variable("data"), 1, "d"), mx.sym.Variable("real"))
    discriminator = mx.mod.Module(judged, data_names=["data"], label_names=["real"])
    generator.bind([("noise", (BATCH, NOISE))])
    discriminator.bind([("data", (BATCH, 2))], [("real", (BATCH, 1))], inputs_need_grad=True)
    for module in (generator, discriminator):
        module.init_params(mx.init.Xavier())
        module.init_optimizer(optimizer="adam", optimizer_params={"learning_rate": 0.002, "beta1": 0.5})
    return generator, discriminator


def train_step(generator: mx.mod.Module, discriminator: mx.mod.Module) -> None:
    real, fake = mx.nd.ones((BATCH, 1)), mx.nd.zeros((BATCH, 1))

    def judge(points: mx.nd.NDArray, label: mx.nd.NDArray) -> None:
        discriminator.forward(mx.io.DataBatch([points], [label]), is_train=True)
        discriminator.backward()

    generator.forward(mx.io.DataBatch([noise(BATCH)]), is_train=True)
    points = generator.get_outputs()[0].copy()

    judge(points, fake)
    kept = [[grad.copy() for grad in grads] for grads in discriminator._exec_group.grad_arrays]
    judge(mx.nd.array(circle(BATCH)), real)
    for grads, olds in zip(discriminator._exec_group.grad_arrays, kept):
        for grad, old in zip(grads, olds):
            grad += old
    discriminator.update()

    judge(points, real)                             # the generator wants its points to be taken for real ones
    generator.backward(discriminator.get_input_grads())
    generator.update()


def energy_distance(generator: mx.mod.Module, batches: int = 8) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| for generated points x and true points y (Székely and Rizzo, 2013)."""
    made = []
    for _ in range(batches):
        generator.forward(mx.io.DataBatch([noise(BATCH)]), is_train=False)
        made.append(generator.get_outputs()[0].asnumpy())
    x, y = np.concatenate(made), circle(batches * BATCH)

    def mean_distance(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.linalg.norm(a[:, None] - b[None], axis=-1).mean())

    return 2 * mean_distance(x, y) - mean_distance(x, x) - mean_distance(y, y)


def main() -> float:
    """Train, and return how many times smaller the distance to the true points has become."""
    mx.random.seed(SEED)
    np.random.seed(SEED)
    generator, discriminator = new_modules()
    before = energy_distance(generator)
    for step in range(1, STEPS + 1):
        train_step(generator, discriminator)
        if step % 100 == 0:
            logging.info("step %d: energy distance %.4f", step, energy_distance(generator))
    after = energy_distance(generator)
    print(f"energy distance: {before:.4f} before, {after:.4f} after training")
    return before / after


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main() < REQUIRED))
