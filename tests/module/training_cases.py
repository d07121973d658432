# SPDX-License-Identifier: Apache-2.0
"""Training runs and Module facts that MXNet 1.9.1 and mxtorch must agree on, as functions of the engine.

`python training_cases.py folder` with MXNet writes what the tests compare with; see `record`.
"""
import os
import sys

import numpy as np

BATCH, STEPS = 8, 20
SHAPES = {"fc1_weight": (7, 6), "bn_gamma": (7,), "bn_beta": (7,), "fc2_weight": (3, 7),
          "fc2_bias": (3,)}

# name: (optimizer, its parameters). SGLD draws noise, so it has a test of its own.
OPTIMIZERS = {
    "sgd": ("sgd", dict(learning_rate=0.1)),
    "sgd_momentum_wd": ("sgd", dict(learning_rate=0.1, momentum=0.9, wd=0.01)),
    "sgd_clip": ("sgd", dict(learning_rate=0.1, wd=0.01, clip_gradient=0.02)),
    "ccsgd": ("ccsgd", dict(learning_rate=0.1, momentum=0.5)),
    "nag": ("nag", dict(learning_rate=0.1, momentum=0.9, wd=0.01)),
    "nag_plain": ("nag", dict(learning_rate=0.1, wd=0.01)),
    "nag_clip": ("nag", dict(learning_rate=0.1, momentum=0.9, wd=0.01, clip_gradient=0.02)),
    "signum": ("signum", dict(learning_rate=0.01, momentum=0.9, wd=0.01, wd_lh=0.1)),
    "signsgd": ("signum", dict(learning_rate=0.01, momentum=0.0, wd=0.01)),
    "dcasgd": ("dcasgd", dict(learning_rate=0.1, wd=0.01, lamda=0.5)),
    "dcasgd_clip": ("dcasgd", dict(learning_rate=0.1, wd=0.01, clip_gradient=0.02)),
    "adagrad": ("adagrad", dict(learning_rate=0.1, wd=0.01)),
    "adagrad_clip": ("adagrad", dict(learning_rate=0.1, wd=0.01, clip_gradient=0.02)),
    "rmsprop": ("rmsprop", dict(learning_rate=0.01, wd=0.01)),
    "rmsprop_clip": ("rmsprop", dict(learning_rate=0.01, wd=0.01, clip_gradient=0.02, clip_weights=0.4)),
    "rmsprop_centered": ("rmsprop", dict(learning_rate=0.01, wd=0.01, centered=True)),
    "adadelta": ("adadelta", dict(wd=0.01)),
    "adadelta_rate": ("adadelta", dict(learning_rate=0.5, rho=0.8, epsilon=1e-4, wd=0.01, clip_gradient=0.02)),
    "adam": ("adam", dict(learning_rate=0.01, wd=0.01)),
    "adam_clip": ("adam", dict(learning_rate=0.01, wd=0.01, clip_gradient=0.02, begin_num_update=7)),
    "adamax": ("adamax", dict(learning_rate=0.02, wd=0.01)),
    "adamax_clip": ("adamax", dict(learning_rate=0.02, wd=0.01, clip_gradient=0.02)),
    "nadam": ("nadam", dict(learning_rate=0.01, wd=0.01)),
    "nadam_clip": ("nadam", dict(learning_rate=0.01, wd=0.01, clip_gradient=0.02)),
    "ftrl": ("ftrl", dict(learning_rate=0.1, wd=0.01)),
    "ftrl_clip": ("ftrl", dict(learning_rate=0.1, lamda1=0.001, beta=0.5, wd=0.01, clip_gradient=0.02)),
    "ftml": ("ftml", dict(learning_rate=0.01, wd=0.01)),
    "ftml_clip": ("ftml", dict(learning_rate=0.01, wd=0.01, clip_gradient=0.02)),
    "lbsgd_linear": ("lbsgd", dict(learning_rate=0.05, momentum=0.9, wd=0.01, batch_scale=2, warmup_epochs=1,
                                   updates_per_epoch=6)),
    "lbsgd_power2": ("lbsgd", dict(learning_rate=0.05, momentum=0.9, warmup_strategy="power2", batch_scale=3,
                                   warmup_epochs=2, updates_per_epoch=5)),
    "lbsgd_sqrt": ("lbsgd", dict(learning_rate=0.05, warmup_strategy="sqrt", batch_scale=2, warmup_epochs=2,
                                 updates_per_epoch=5)),
    "lbsgd_lars": ("lbsgd", dict(learning_rate=0.01, momentum=0.5, wd=0.01, warmup_strategy="lars")),
    "lars": ("lars", dict(learning_rate=1.0, momentum=0.9, wd=0.01, eta=0.1)),
    "lars_schedule": ("lars", dict(learning_rate=1.0, momentum=0.9, wd=0.01, eta=0.1, schedule=(3, 0.5))),
    "lamb": ("lamb", dict(learning_rate=0.01, wd=0.01)),
    "lamb_bounds": ("lamb", dict(learning_rate=0.01, wd=0.01, lower_bound=0.3, upper_bound=0.9, clip_gradient=0.02,
                                 bias_correction=False)),
    "test": ("test", dict(rescale_grad=-0.01)),
    "sgd_schedule": ("sgd", dict(learning_rate=0.2, momentum=0.9, schedule=(4, 0.5))),
    "adam_schedule": ("adam", dict(learning_rate=0.02, schedule=(4, 0.5))),
}


def mlp(mx):
    """Two layers with batch normalisation; the second weight learns at half the rate."""
    x = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=7, no_bias=True, name="fc1")
    x = mx.sym.BatchNorm(x, fix_gamma=False, name="bn")
    x = mx.sym.Activation(x, act_type="tanh", name="act")
    weight = mx.sym.Variable("fc2_weight", lr_mult=0.5, wd_mult=2.0)
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, weight, num_hidden=3, name="fc2"), name="softmax")


def start(mx):
    """Parameters to begin with."""
    rng = np.random.RandomState(5)
    args = {name: mx.nd.array(rng.uniform(-0.5, 0.5, shape).astype(np.float32))
            for name, shape in sorted(SHAPES.items())}
    return args, {"bn_moving_mean": mx.nd.zeros((7,)), "bn_moving_var": mx.nd.ones((7,))}


def data(count=STEPS * BATCH):
    """NumPy data (count, 6) and labels (count,)."""
    rng = np.random.RandomState(6)
    x = rng.normal(size=(count, 6)).astype(np.float32)
    return x, np.argmax(x @ rng.normal(size=(6, 3)), axis=1).astype(np.float32)


def iterator(mx, count=STEPS * BATCH, batch=BATCH):
    """An iterator over `data`, in order."""
    return mx.io.NDArrayIter(*data(count), batch_size=batch)


def bound(mx, context=None, **kwargs):
    """A module bound to batches, with the parameters to begin with; `kwargs` are of Module and bind."""
    ours = {key: kwargs.pop(key) for key in ("fixed_param_names",) if key in kwargs}
    module = mx.mod.Module(mlp(mx), context=context or mx.cpu(), **ours)
    module.bind([("data", (BATCH, 6))], [("softmax_label", (BATCH,))], **kwargs)
    args, auxs = start(mx)
    module.init_params(arg_params=args, aux_params=auxs)
    return module


def optimizer_params(mx, params):
    """Parameters of an optimizer, with the scheduler that `schedule=(step, factor)` stands for."""
    params = dict(params)
    if "schedule" in params:
        step, factor = params.pop("schedule")
        params["lr_scheduler"] = mx.lr_scheduler.FactorScheduler(step, factor)
    return params


def flat(params):
    """All values in the order of names."""
    return np.concatenate([params[name].asnumpy().ravel() for name in sorted(params)])


def fit(mx, optimizer, params, context=None, steps=STEPS, module=None, batches=None):
    """Losses of each batch, and parameters after each, of `Module.fit`."""
    module = module or bound(mx, context)
    losses, values = [], []

    def note(param):
        losses.append(param.eval_metric.get()[1])
        param.eval_metric.reset()
        values.append(flat(module.get_params()[0]))
    module.fit(batches or iterator(mx, steps * BATCH), eval_metric="ce", num_epoch=1, optimizer=optimizer,
               optimizer_params=optimizer_params(mx, params), batch_end_callback=note)
    return {"losses": np.array(losses), "params": np.array(values), "aux": flat(module.get_params()[1])}


def inputs_gradient(mx):
    """Gradients of the data and of parameters, one of them fixed."""
    module = bound(mx, inputs_need_grad=True, fixed_param_names=["fc1_weight"])
    module.forward_backward(next(iterator(mx)))
    grads = module._exec_group.execs[0].grad_dict
    return {"input": module.get_input_grads()[0].asnumpy(), "fc2_weight": grads["fc2_weight"].asnumpy(),
            "fixed": np.array(grads.get("fc1_weight") is None)}


def added_gradients(mx):
    """Gradients of three batches added up."""
    module = bound(mx, grad_req="add")
    batches = iterator(mx)
    for _ in range(3):
        module.forward_backward(next(batches))
    grads = module._exec_group.execs[0].grad_dict
    return {name: grads[name].asnumpy() for name in SHAPES}


def other_sizes(mx):
    """Outputs for batches of other sizes, forward and trained, and after `reshape`."""
    module, (x, y) = bound(mx), data()
    module.init_optimizer(optimizer="sgd", optimizer_params={"learning_rate": 0.1})
    found = {}
    for size in (5, 8, 12, 3):
        batch = mx.io.DataBatch([mx.nd.array(x[:size])], [mx.nd.array(y[:size])])
        module.forward_backward(batch)
        module.update()
        found[f"trained{size}"] = module.get_outputs()[0].asnumpy()
    module.reshape([("data", (2, 6))], [("softmax_label", (2,))])
    module.forward(mx.io.DataBatch([mx.nd.array(x[:2])], None), is_train=False)
    found["reshaped"] = module.get_outputs()[0].asnumpy()
    found["params"] = flat(module.get_params()[0])
    return found


def prediction(mx):
    """predict, score and iter_predict over data that does not fill the last batch."""
    module = bound(mx, for_training=False)
    found = {"predict": module.predict(iterator(mx, 21)).asnumpy(),
             "some": module.predict(iterator(mx, 21), num_batch=2).asnumpy()}
    parts = module.predict(iterator(mx, 21), merge_batches=False)
    found["parts"] = np.array([part[0].shape[0] for part in parts])
    found["pads"] = np.array([(number, outputs[0].shape[0], batch.pad)
                              for outputs, number, batch in module.iter_predict(iterator(mx, 21))])
    found["score"] = np.array([value for _, value in module.score(iterator(mx, 21), ["acc", "ce"])])
    found["score_some"] = np.array([value for _, value in module.score(iterator(mx, 21), ["acc", "ce"], num_batch=1)])
    return found


FACTS = (inputs_gradient, added_gradients, other_sizes, prediction)
STATES = ("sgd_momentum_wd", "adam", "rmsprop_centered", "dcasgd", "ftml")


def half_way(mx, case):
    """A module after ten batches, with its optimizer."""
    optimizer, params = OPTIMIZERS[case]
    module = bound(mx)
    fit(mx, optimizer, params, steps=10, module=module)
    return module


def resume(mx, case, prefix):
    """Losses of ten more batches, from a checkpoint with optimizer states."""
    optimizer, params = OPTIMIZERS[case]
    module = mx.mod.Module.load(prefix, 10, load_optimizer_states=True, context=mx.cpu())
    x, y = data()
    batches = mx.io.NDArrayIter(x[10 * BATCH:], y[10 * BATCH:], batch_size=BATCH)
    return fit(mx, optimizer, params, module=module, batches=batches)


def record(mx, folder):
    """Write training.npz and, for some optimizers, checkpoints after ten batches."""
    found = {}
    for case, (optimizer, params) in OPTIMIZERS.items():
        try:
            run = fit(mx, optimizer, params)
        except Exception as error:
            print(case, repr(error)[:300])
            continue
        found[f"{case}/losses"], found[f"{case}/params"] = run["losses"], run["params"][-1]
        found[f"{case}/aux"] = run["aux"]
    for fact in FACTS:
        found.update({f"{fact.__name__}/{name}": value for name, value in fact(mx).items()})
    for case in STATES:
        prefix = os.path.join(folder, case)
        half_way(mx, case).save_checkpoint(prefix, 10, save_optimizer_states=True)
        found[f"{case}/resumed"] = resume(mx, case, prefix)["losses"]
    np.savez_compressed(os.path.join(folder, "training.npz"), **found)


if __name__ == "__main__":
    import mxnet
    record(mxnet, sys.argv[1])
