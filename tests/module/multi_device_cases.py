# SPDX-License-Identifier: Apache-2.0
"""Runs of the loop below FeedForward. `python multi_device_cases.py file.npz` with MXNet writes what tests compare."""
import logging
import sys

import numpy as np
import training_cases as cases

RUNS = {f"{devices}-{size}-{int(on_store)}": (devices, size, on_store)
        for devices, on_store in ((1, False), (2, False), (2, True)) for size in (None, 3, 7)}


def train(mx, run):
    """What callbacks saw, as rows (kind, epoch, batch, metric), and all parameters one behind the other."""
    from mxnet.model import _create_kvstore, _train_multi_device
    devices, size, on_store = RUNS[run]
    contexts = [mx.cpu(i) for i in range(devices)]
    symbol, (args, auxs) = cases.mlp(mx), cases.start(mx)
    names = [name for name in symbol.list_arguments() if name in args]
    by_index = dict(enumerate(names)) if on_store else \
        {index * devices + device: name for index, name in enumerate(names) for device in range(devices)}
    optimizer = mx.optimizer.create("sgd", learning_rate=0.2, momentum=0.9, rescale_grad=1 / cases.BATCH, sym=symbol,
                                    param_idx2name=by_index)
    store, _ = _create_kvstore("local", devices, args)
    seen = []

    def see(kind):
        return lambda param: seen.append((kind, param.epoch, param.nbatch, param.eval_metric.get()[1]))
    _train_multi_device(symbol, contexts, symbol.list_arguments(), names, symbol.list_auxiliary_states(), args, auxs,
                        1, 4, size, optimizer, store, on_store, cases.iterator(mx, 40), cases.iterator(mx, 24),
                        mx.metric.create("ce"), batch_end_callback=see(0), eval_end_callback=see(1),
                        eval_batch_end_callback=[see(2)], logger=logging)
    return np.array(seen), np.concatenate([cases.flat(args), cases.flat(auxs)])


if __name__ == "__main__":
    import mxnet
    found = {}
    for name in RUNS:
        found[f"{name}/seen"], found[f"{name}/params"] = train(mxnet, name)
    np.savez_compressed(sys.argv[1], **found)
