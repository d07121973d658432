# SPDX-License-Identifier: Apache-2.0
"""Losses of Module.fit, batch for batch, for four kinds of networks and every optimizer, as functions of the engine.

`python loss_cases.py folder [size]` with MXNet writes what the tests compare with: `small.npz`, and `large.npz`
with the networks in the sizes that people train. Parameters and batches to begin with are made from names and seeds.
"""
import os
import sys
import zlib

import numpy as np
from training_cases import OPTIMIZERS

STEPS = {"small": 50, "large": 20}
# (batch size, shape of an example, classes, units or filters)
SIZES = {"small": {"mlp": (16, (20,), 5, 24), "lenet": (4, (1, 16, 16), 5, 4), "resnet20": (8, (3, 8, 8), 5, 4),
                   "lstm": (4, (6,), 12, 8)},
         "large": {"mlp": (64, (784,), 10, 128), "lenet": (32, (1, 28, 28), 10, 20),
                   "resnet20": (8, (3, 32, 32), 10, 16), "lstm": (16, (20,), 50, 64)}}
NETWORKS = tuple(SIZES["small"])
# Training multiplies rounding from step to step; steps are small enough to keep it below what is asserted.
RATES = {"small": {"mlp": 1.0, "lenet": 1.0, "resnet20": 0.03, "lstm": 1.0},
         "large": {"mlp": 0.3, "lenet": 0.03, "resnet20": 0.001, "lstm": 0.3}}

# What training_cases has for all optimizers, and schedules, decay and clipping in other combinations. Rates are such
# that no run diverges: rounding would grow with it.
RUNS = {name: given for name, given in OPTIMIZERS.items() if name not in ("sgd_schedule", "adam_schedule")}
RUNS.update({
    "adagrad_clip": ("adagrad", dict(learning_rate=0.02, wd=0.01, clip_gradient=0.02)),
    "adadelta": ("adadelta", dict(wd=0.01, epsilon=1e-5)),
    "lars": ("lars", dict(learning_rate=0.1, momentum=0.9, wd=0.01, eta=0.1)),
    "sgd_multi_precision": ("sgd", dict(learning_rate=0.1, momentum=0.9, wd=0.01, multi_precision=True)),
    "nag_multi_precision": ("nag", dict(learning_rate=0.05, momentum=0.9, multi_precision=True)),
    "adam_multi_precision": ("adam", dict(learning_rate=0.005, multi_precision=True)),
    "sgd_factor": ("sgd", dict(learning_rate=0.1, momentum=0.9, schedule=(
        "FactorScheduler", dict(step=5, factor=0.7)))),
    "adam_multi_factor": ("adam", dict(learning_rate=0.01, wd=0.01, clip_gradient=1.0, schedule=(
        "MultiFactorScheduler", dict(step=[3, 20], base_lr=0.01, factor=0.5, warmup_steps=2, warmup_begin_lr=0.001)))),
    "nag_poly": ("nag", dict(learning_rate=0.05, momentum=0.9, schedule=(
        "PolyScheduler", dict(max_update=40, base_lr=0.05, pwr=2, warmup_steps=5)))),
    "rmsprop_cosine": ("rmsprop", dict(learning_rate=0.005, schedule=(
        "CosineScheduler", dict(max_update=45, base_lr=0.005, final_lr=0.001, warmup_steps=5, warmup_begin_lr=0.002)))),
    "ftml_factor": ("ftml", dict(learning_rate=0.01, clip_gradient=0.5, schedule=(
        "FactorScheduler", dict(step=7, factor=0.5)))),
    "lamb_cosine": ("lamb", dict(learning_rate=0.02, wd=0.01, schedule=(
        "CosineScheduler", dict(max_update=50, base_lr=0.02)))),
})


# The large networks run once for each optimizer.
LARGE_RUNS = tuple({optimizer: name for name, (optimizer, _) in reversed(RUNS.items())}.values())


def runs(size):
    """Names of the runs for a size of networks."""
    return tuple(RUNS) if size == "small" else LARGE_RUNS


def mlp(mx, size):
    """Two hidden layers."""
    _, _, classes, units = size
    x = mx.sym.Variable("data")
    for number in range(2):
        x = mx.sym.FullyConnected(x, num_hidden=units, name=f"fc{number}")
        x = mx.sym.LeakyReLU(x, act_type="leaky", slope=0.1, name=f"leaky{number}")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=classes, name="last"), name="softmax")


def lenet(mx, size):
    """Two convolutions with pooling, two layers."""
    _, _, classes, filters = size
    x = mx.sym.Variable("data")
    for number in (1, 2):
        x = mx.sym.Convolution(x, kernel=(3, 3), num_filter=filters * number, name=f"conv{number}")
        x = mx.sym.Activation(x, act_type="tanh", name=f"tanh{number}")
        x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2), name=f"pool{number}")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x), num_hidden=8 * filters, name="fc1")
    x = mx.sym.FullyConnected(mx.sym.Activation(x, act_type="tanh", name="tanh3"), num_hidden=classes, name="fc2")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def resnet20(mx, size):
    """He et al., 2016, section 4.2, n = 3: 19 convolutions and a layer; shortcuts by convolutions of one pixel.

    Small networks have a smooth activation: where a rectifier of few values flips by rounding, losses part by 1 %.
    """
    _, _, classes, filters = size
    kind = "relu" if filters >= 16 else "softrelu"

    def convolved(x, count, name, kernel=3, stride=1, relu=True):
        x = mx.sym.Convolution(x, kernel=(kernel, kernel), stride=(stride, stride), pad=(kernel // 2, kernel // 2),
                               num_filter=count, no_bias=True, name=name)
        x = mx.sym.BatchNorm(x, fix_gamma=False, eps=1e-3, momentum=0.9, name=f"{name}_bn")
        return mx.sym.Activation(x, act_type=kind, name=f"{name}_relu") if relu else x
    x = convolved(mx.sym.Variable("data"), filters, "first")
    for stage in range(3):
        for block in range(3):
            name, count, stride = f"s{stage}b{block}", filters << stage, 2 if stage and not block else 1
            inner = convolved(convolved(x, count, f"{name}a", stride=stride), count, f"{name}b", relu=False)
            short = convolved(x, count, f"{name}c", 1, stride, relu=False) if stride == 2 else x
            x = mx.sym.Activation(inner + short, act_type=kind, name=f"{name}_out")
    x = mx.sym.Pooling(x, global_pool=True, pool_type="avg", kernel=(1, 1), name="pool")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x), num_hidden=classes, name="fc")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def lstm(mx, size):
    """A language model: two layers of cells, unrolled when they are few, else in one operator."""
    _, (length,), words, units = size
    x = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=words, output_dim=units, name="embed")
    if units < 16:
        cell = mx.rnn.SequentialRNNCell()
        for number in range(2):
            cell.add(mx.rnn.LSTMCell(units, prefix=f"lstm{number}_"))
    else:
        cell = mx.rnn.FusedRNNCell(units, num_layers=2, mode="lstm", prefix="lstm_")
    x, _ = cell.unroll(length, x, layout="NTC", merge_outputs=True)
    x = mx.sym.FullyConnected(mx.sym.Reshape(x, shape=(-1, units)), num_hidden=words, name="fc")
    label = mx.sym.Reshape(mx.sym.Variable("softmax_label"), shape=(-1,))
    return mx.sym.SoftmaxOutput(x, label, name="softmax")


def start(mx, symbol, shapes):
    """Parameters to begin with; each is made from its name alone."""
    def draw(name, shape):
        if name.endswith(("gamma", "var")):
            return np.ones(shape)
        if name.endswith(("beta", "bias", "mean")):
            return np.zeros(shape)
        width = 0.2 if len(shape) == 1 else np.sqrt(3.0 / np.prod(shape[1:]))
        return np.random.RandomState(zlib.crc32(name.encode()) % 2**31).uniform(-width, width, shape)
    known, _, states = symbol.infer_shape(**shapes)
    args = {name: mx.nd.array(draw(name, shape)) for name, shape in zip(symbol.list_arguments(), known)
            if name not in shapes}
    return args, {name: mx.nd.array(draw(name, shape)) for name, shape in zip(symbol.list_auxiliary_states(), states)}


def batches(mx, kind, size, steps):
    """An iterator over examples that can be learnt."""
    batch, shape, classes, _ = size
    rng = np.random.RandomState(3)
    count, used = 50 * batch, steps * batch
    if kind == "lstm":
        words = np.cumsum(rng.randint(1, 3, (count, shape[0] + 1)), axis=1) % classes
        words = words[:used].astype(np.float32)
        return mx.io.NDArrayIter(words[:, :-1], words[:, 1:], batch_size=batch)
    labels = rng.randint(0, classes, count)
    centres = rng.normal(size=(classes, *shape))
    data = (centres[labels] + rng.normal(size=(count, *shape)))[:used].astype(np.float32)
    return mx.io.NDArrayIter(data, labels[:used].astype(np.float32), batch_size=batch)


def optimizer_params(mx, given, factor):
    """Parameters of an optimizer, rates times a factor, with the scheduler that `schedule` stands for."""
    given = dict(given)
    for name in ("learning_rate", "rescale_grad"):
        if name in given:
            given[name] *= factor
    if "rho" in given or set(given) == {"wd", "epsilon"}:       # AdaDelta has no rate: its steps begin with this
        given["epsilon"] *= factor ** 2
    if "schedule" in given:
        kind, args = given.pop("schedule")
        if isinstance(kind, int):
            kind, args = "FactorScheduler", dict(step=kind, factor=args)
        args = {name: value * factor if name.endswith("lr") else value for name, value in args.items()}
        given["lr_scheduler"] = getattr(mx.lr_scheduler, kind)(**args)
    return given


def losses(mx, kind, run, size="small", steps=None):
    """The cross entropy of each batch of an epoch of `Module.fit`."""
    chosen = SIZES[size][kind]
    optimizer, given = RUNS[run]
    symbol, source = globals()[kind](mx, chosen), batches(mx, kind, chosen, steps or STEPS[size])
    shapes = {name: shape for name, shape in (*source.provide_data, *source.provide_label)}
    args, auxs = start(mx, symbol, shapes)
    found = []

    def note(param):
        found.append(param.eval_metric.get()[1])
        param.eval_metric.reset()
    module = mx.mod.Module(symbol, context=mx.cpu())
    module.fit(source, eval_metric="ce", num_epoch=1, optimizer=optimizer, arg_params=args, aux_params=auxs,
               optimizer_params=optimizer_params(mx, given, RATES[size][kind]), batch_end_callback=note)
    return np.array(found)


def record(mx, folder, sizes):
    """Write small.npz and large.npz, or one of them."""
    for size in sizes or SIZES:
        found = {f"{kind}/{run}": losses(mx, kind, run, size).astype(np.float32) for kind in NETWORKS
                 for run in runs(size)}
        np.savez_compressed(os.path.join(folder, f"{size}.npz"), **found)


if __name__ == "__main__":
    import mxnet
    record(mxnet, sys.argv[1], sys.argv[2:])
