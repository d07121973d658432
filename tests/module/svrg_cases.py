# SPDX-License-Identifier: Apache-2.0
"""Training with gradients of reduced variance. `python svrg_cases.py file.npz` with MXNet writes what tests compare."""
import sys

import numpy as np

RUNS = {f"{freq}-{count}-{run}": (freq, count, optimizer, params)
        for freq in (1, 2, 3) for count in (22, 24)
        for run, optimizer, params in (("sgd", "sgd", dict(learning_rate=0.05)),
                                       ("momentum", "sgd", dict(learning_rate=0.05, momentum=0.9, wd=0.01)),
                                       ("adam", "adam", dict(learning_rate=0.01)))}


def network(mx):
    x = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc1")
    x = mx.sym.FullyConnected(mx.sym.Activation(x, act_type="tanh"), num_hidden=1, name="fc2")
    return mx.sym.LinearRegressionOutput(x, mx.sym.Variable("label"), name="out")


def fit(mx, run, context=None):
    """Metric after each batch, then all parameters."""
    from mxnet.contrib.svrg_optimization.svrg_module import SVRGModule
    freq, count, optimizer, params = RUNS[run]
    rng = np.random.RandomState(3)
    x = rng.normal(size=(count, 5)).astype(np.float32)
    data = mx.io.NDArrayIter(x, (x @ rng.normal(size=(5, 1))).ravel().astype(np.float32), batch_size=4,
                             label_name="label")
    shapes = {"fc1_weight": (3, 5), "fc1_bias": (3,), "fc2_weight": (1, 3), "fc2_bias": (1,)}
    start = {name: mx.nd.array(rng.uniform(-0.5, 0.5, shape)) for name, shape in shapes.items()}
    seen = []
    module = SVRGModule(network(mx), label_names=["label"], context=context or mx.cpu(), update_freq=freq)
    module.fit(data, eval_metric="mse", optimizer=optimizer, optimizer_params=params, num_epoch=6, arg_params=start,
               aux_params={}, batch_end_callback=lambda param: seen.append(param.eval_metric.get()[1]))
    args = module.get_params()[0]
    return np.concatenate([np.array(seen), *(args[name].asnumpy().ravel() for name in sorted(args))])


if __name__ == "__main__":
    import mxnet
    np.savez_compressed(sys.argv[1], **{run: fit(mxnet, run) for run in RUNS})
