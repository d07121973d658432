# SPDX-License-Identifier: Apache-2.0
"""Processes that write checkpoints without end are killed at random moments: `kill_writers.py rounds folder what`.

Each round forks a writer, kills it with SIGKILL, and reads what is there: the last checkpoint that the writer said was
complete, or the one it was just at, with all values of one moment.
"""
import os
import random
import signal
import sys
import time

import numpy as np

import mxnet as mx
from mxnet.resume import Position, checkpoints, resume

PARTS = 12          # arrays in a checkpoint; in one moment all hold the same number


def module():
    """A bound module with momentum, and an iterator."""
    net = mx.sym.Variable("data")
    for number in range(PARTS):
        net = mx.sym.FullyConnected(net, num_hidden=40, no_bias=True, name=f"fc{number}")
    made = mx.mod.Module(mx.sym.SoftmaxOutput(net, name="softmax"))
    source = mx.io.NDArrayIter(np.zeros((64, 40), np.float32), np.zeros(64), batch_size=8)
    made.bind(source.provide_data, source.provide_label)
    made.init_params(mx.init.Zero())
    made.init_optimizer(optimizer_params={"momentum": 0.9})
    made.forward_backward(next(source))
    made.update()
    return made, source


def fill(made, number):
    """Let all parameters and momenta be one number."""
    for arrays in made._exec_group.param_arrays:
        arrays[0][:] = number
    for state in made._updater.states.values():
        state[:] = number
    made._params_dirty = True


def values(made):
    """The numbers that parameters and momenta hold."""
    params = {float(v) for arrays in made._exec_group.param_arrays for v in (arrays[0].min().asscalar(),
                                                                             arrays[0].max().asscalar())}
    return params, {float(v) for state in made._updater.states.values() for v in (state.min().asscalar(),
                                                                                  state.max().asscalar())}


def full(folder, made, source, number):
    mx.callback.full_checkpoint(os.path.join(folder, "run"), keep=2).save(made, source, Position(number, 1))


def epoch(folder, made, source, number):
    mx.callback.do_checkpoint(os.path.join(folder, "run"))(0, made.symbol, *made.get_params())


def states(folder, made, source, number):
    made.save_optimizer_states(os.path.join(folder, "run.states"))


def read_full(folder, made, source):
    position = resume(made, os.path.join(folder, "run"), source)
    params, momenta = values(made)
    assert params == momenta == {float(position.epoch)}, (params, momenta, position)
    return position.epoch


def read_epoch(folder, made, source):
    symbol, args, _ = mx.model.load_checkpoint(os.path.join(folder, "run"), 1)
    assert symbol.list_arguments() == made.symbol.list_arguments()
    made.set_params(args, {})
    params, _ = values(made)
    assert len(params) == 1, params
    return int(params.pop())


def read_states(folder, made, source):
    made.load_optimizer_states(os.path.join(folder, "run.states"))
    _, momenta = values(made)
    assert len(momenta) == 1, momenta
    return int(momenta.pop())


def main(rounds, folder, what):
    write, read = {"full": (full, read_full), "epoch": (epoch, read_epoch), "states": (states, read_states)}[what]
    made, source = module()
    rng = random.Random()
    number = 1
    fill(made, number)
    write(folder, made, source, number)
    for _ in range(rounds):
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            while True:
                number += 1
                fill(made, number)
                write(folder, made, source, number)
                os.write(tell, b"%d\n" % number)
        os.close(tell)
        time.sleep(rng.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(told) as lines:
            said = [int(line) for line in lines.read().split()]
        last = said[-1] if said else number
        found = read(folder, made, source)
        assert found in (last, last + 1), (found, last)
        number = found
        fill(made, number)
    fill(made, number + 1)
    write(folder, made, source, number + 1)
    torn = [name for name in os.listdir(folder) if name.endswith(".tmp")]
    assert what != "full" or (not torn and len(checkpoints(os.path.join(folder, "run"))) == 2), torn
    print(f"{rounds} rounds, {number} checkpoints")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
