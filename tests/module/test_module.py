# SPDX-License-Identifier: Apache-2.0
"""Module against recorded runs of MXNet 1.9.1 (tests/data/module, written by training_cases.py)."""
import collections
import pickletools
from pathlib import Path

import numpy as np
import pytest
import training_cases as cases

import mxnet as mx

DATA = Path(__file__).parents[1] / "data" / "module"
RECORDED = dict(np.load(DATA / "training.npz"))


def agree(got, name, rtol=1e-4, atol=1e-6):
    np.testing.assert_allclose(got, RECORDED[name], rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("case", sorted(cases.OPTIMIZERS))
def test_fit_gives_the_losses_and_parameters_of_mxnet(case):
    run = cases.fit(mx, *cases.OPTIMIZERS[case])
    agree(run["losses"], f"{case}/losses")
    agree(run["params"][-1], f"{case}/params", atol=1e-5)
    agree(run["aux"], f"{case}/aux", atol=1e-5)


@pytest.mark.parametrize("fact", cases.FACTS, ids=lambda fact: fact.__name__)
def test_facts(fact):
    for name, value in fact(mx).items():
        agree(value, f"{fact.__name__}/{name}", atol=1e-5)


def test_every_optimizer_has_a_run():
    names = {name for name, _ in cases.OPTIMIZERS.values()}
    assert set(mx.optimizer.Optimizer.opt_registry) >= names
    public = {name for name in mx.optimizer.Optimizer.opt_registry if not name.startswith("_")}
    assert public - names == {"sgld", "groupadagrad"}


def test_sgld_steps_half_the_rate_with_noise_of_the_rate():
    mx.random.seed(3)
    weight, grad = mx.nd.ones((40, 50)), mx.nd.ones((40, 50))
    mx.optimizer.create("sgld", learning_rate=0.04, wd=0.5).update(0, weight, grad, None)
    noise = weight.asnumpy() - (1 - 0.02 * 1.5)
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 0.2) < 0.02


def test_group_adagrad_keeps_one_history_for_each_row():
    weight, grad = mx.nd.array([[1., 2.], [3, 4]]), mx.nd.array([[.1, .2], [.3, -.5]])
    optimizer = mx.optimizer.contrib.GroupAdaGrad(learning_rate=0.1)
    state = optimizer.create_state(0, weight)
    for _ in range(2):
        optimizer.update(0, weight, grad, state)
    np.testing.assert_allclose(weight.asnumpy(), [[0.8920502, 1.7841004], [2.8757927, 4.2070127]], rtol=1e-6)
    np.testing.assert_allclose(state.asnumpy(), [[0.05], [0.34]], rtol=1e-6)
    with pytest.raises(ValueError, match="matrices"):
        optimizer.create_state(0, mx.nd.ones(3))
    with pytest.raises(ValueError, match="decay"):
        mx.optimizer.contrib.GroupAdaGrad(wd=0.1).update(0, weight, grad, state)


# ---- optimizer states -------------------------------------------------------------------------------

def pickled(path):
    """The opcodes of a pickle, with bytes (the arrays) as their lengths."""
    return [(op.name, len(arg) if isinstance(arg, (bytes, bytearray)) else arg)
            for op, arg, _ in pickletools.genops(Path(path).read_bytes())]


@pytest.mark.parametrize("case", cases.STATES)
def test_states_are_written_as_mxnet_writes_them(case, tmp_path):
    prefix = str(tmp_path / case)
    cases.half_way(mx, case).save_checkpoint(prefix, 10, save_optimizer_states=True)
    assert pickled(f"{prefix}-0010.states") == pickled(DATA / f"{case}-0010.states")


@pytest.mark.parametrize("case", cases.STATES)
def test_training_goes_on_from_a_checkpoint_of_mxnet(case):
    agree(cases.resume(mx, case, str(DATA / case))["losses"], f"{case}/resumed")


@pytest.mark.parametrize("case", cases.STATES)
def test_training_goes_on_from_our_own_checkpoint(case, tmp_path):
    prefix = str(tmp_path / case)
    cases.half_way(mx, case).save_checkpoint(prefix, 10, save_optimizer_states=True)
    agree(cases.resume(mx, case, prefix)["losses"], f"{case}/resumed")


def test_damaged_states_are_refused(tmp_path):
    module = cases.half_way(mx, "adam")
    damaged = tmp_path / "x.states"
    damaged.write_bytes((DATA / "adam-0010.states").read_bytes()[:200])
    with pytest.raises(mx.MXNetError, match="states"):
        module.load_optimizer_states(str(damaged))
    damaged.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(mx.MXNetError, match="system"):
        module.load_optimizer_states(str(damaged))


# ---- several contexts -------------------------------------------------------------------------------

def plain(context):
    """A module without batch statistics, which each context would take of its own part."""
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc")
    module = mx.mod.Module(mx.sym.SoftmaxOutput(net, name="softmax"), context=context)
    module.bind([("data", (8, 6))], [("softmax_label", (8,))], inputs_need_grad=True)
    args = {"fc_weight": mx.nd.array(np.linspace(-1, 1, 18).reshape(3, 6)), "fc_bias": mx.nd.zeros(3)}
    module.init_params(arg_params=args)
    return module


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kvstore", ["local", "device"])
def test_two_contexts_train_as_one(optimizer, kvstore):
    ends = []
    for context in (mx.cpu(), [mx.cpu(0), mx.cpu(1)]):
        module = plain(context)
        module.fit(cases.iterator(mx), num_epoch=1, kvstore=kvstore, optimizer=optimizer,
                   optimizer_params={"learning_rate": 0.1, "wd": 0.01})
        ends.append((cases.flat(module.get_params()[0]), module.get_outputs()[0].asnumpy(),
                     module.get_input_grads()[0].asnumpy()))
    for one, two in zip(*ends):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_outputs_of_each_context():
    module = plain([mx.cpu(0), mx.cpu(1)])
    module.forward(next(cases.iterator(mx)))
    parts = module.get_outputs(merge_multi_context=False)
    assert [part.shape for part in parts[0]] == [(4, 3), (4, 3)]
    joined = np.concatenate([part.asnumpy() for part in parts[0]])
    np.testing.assert_array_equal(joined, module.get_outputs()[0].asnumpy())


def test_a_batch_too_small_for_the_contexts():
    module = mx.mod.Module(cases.mlp(mx), context=[mx.cpu(0), mx.cpu(1)])
    with pytest.raises(ValueError, match="Some splits are empty"):
        module.bind([("data", (1, 6))], [("softmax_label", (1,))])


# ---- parameters -------------------------------------------------------------------------------------

def test_parameters_go_in_and_out():
    module, (args, auxs) = cases.bound(mx), cases.start(mx)
    got = module.get_params()
    for given, found in zip((args, auxs), got):
        assert sorted(given) == sorted(found)
        for name, value in given.items():
            np.testing.assert_array_equal(found[name].asnumpy(), value.asnumpy())
    args["fc2_bias"][:] = 7
    module.set_params(args, auxs)
    assert module.get_params()[0]["fc2_bias"].asnumpy().tolist() == [7, 7, 7]


def test_wrong_parameters():
    module, (args, auxs) = cases.bound(mx), cases.start(mx)
    with pytest.raises(RuntimeError, match="fc2_bias"):
        module.set_params({name: value for name, value in args.items() if name != "fc2_bias"}, auxs)
    extra = {**args, "fc3_bias": args["fc2_bias"]}
    module.set_params(extra, {**auxs, "mean": mx.nd.ones(1)})     # a part of a network takes what the whole has
    module.init_params(arg_params=extra, force_init=True)
    with pytest.raises(ValueError, match="fc2_bias"):
        module.set_params(extra, auxs, allow_missing=True)
    module.set_params(extra, auxs, allow_missing=True, allow_extra=True)
    with pytest.raises(ValueError, match=r"\(4,\).*\(3,\)"):
        module.set_params({**args, "fc2_bias": mx.nd.ones(4)}, auxs)
    module.set_params({"fc2_bias": mx.nd.ones(3)}, {}, allow_missing=True)
    assert module.get_params()[0]["fc2_bias"].asnumpy().tolist() == [1, 1, 1]


def test_calls_in_the_wrong_order():
    module = mx.mod.Module(cases.mlp(mx))
    for call in (lambda: module.forward(None), module.get_params, module.init_params, module.init_optimizer,
                 lambda: module.data_shapes):
        with pytest.raises(AssertionError, match="call bind first"):
            call()
    module = cases.bound(mx)
    with pytest.raises(AssertionError, match="init_optimizer"):
        module.update()
    with pytest.raises(AssertionError, match="inputs_need_grad"):
        module.get_input_grads()
    with pytest.raises(ValueError, match="number of epochs"):
        module.fit(cases.iterator(mx))


def test_fixed_parameters_stay():
    module = cases.bound(mx, fixed_param_names=["fc1_weight", "bn_gamma"])
    before = {name: value.asnumpy().copy() for name, value in module.get_params()[0].items()}
    module.fit(cases.iterator(mx), num_epoch=1, optimizer_params={"learning_rate": 0.5})
    after = module.get_params()[0]
    changed = {name for name, value in before.items() if not np.array_equal(value, after[name].asnumpy())}
    assert changed == set(cases.SHAPES) - {"fc1_weight", "bn_gamma"}
    with pytest.raises(ValueError, match="fc1_weight"):
        mx.mod.Module(cases.mlp(mx), fixed_param_names=["fc1_weigth"])


def test_multipliers_of_the_symbol_reach_the_optimizer():
    module = cases.bound(mx)
    module.init_optimizer(optimizer_params={"learning_rate": 0.1, "wd": 0.1})
    rates, decays = module._optimizer._get_lrs(range(5)), module._optimizer._get_wds(range(5))
    names = [module._optimizer.idx2name[i] for i in range(5)]
    assert dict(zip(names, np.round(rates, 6).tolist()))["fc2_weight"] == 0.05
    assert dict(zip(names, np.round(decays, 6).tolist())) == {"fc1_weight": 0.1, "bn_gamma": 0.1, "bn_beta": 0,
                                                              "fc2_weight": 0.2, "fc2_bias": 0}


def test_a_batch_may_be_anything_with_data():
    batch = collections.namedtuple("Batch", ["data"])
    module = mx.mod.Module(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2), label_names=None)
    module.bind([("data", (3, 4))], for_training=False)
    module.init_params()
    for rows in (3, 5):
        module.forward(batch([mx.nd.ones((rows, 4))]))
        assert module.get_outputs()[0].shape == (rows, 2)


def test_labels_that_the_symbol_does_not_have():
    module = mx.mod.Module(mx.sym.SoftmaxOutput(mx.sym.Variable("data"), name="softmax"))
    with pytest.warns(UserWarning, match="label_shapes"), pytest.raises(KeyError, match="'lab'"):
        module.bind([("data", (2, 3))], [("lab", (2,))])


def _bind(**kwargs):
    cases.bound(mx, **kwargs)


@pytest.mark.parametrize(("call", "match"), [
    (lambda: mx.mod.Module(cases.mlp(mx)).fit(cases.iterator(mx)), "number of epochs"),
    (lambda: mx.mod.Module(cases.mlp(mx), context=[mx.cpu(0), mx.cpu(1)], work_load_list=[1]), "work_load_list"),
    (lambda: _bind(for_training=False, inputs_need_grad=True), "inputs_need_grad"),
    (lambda: cases.bound(mx).init_optimizer(optimizer=5), "optimizer is a name"),
    (lambda: cases.bound(mx, for_training=False)._exec_group.backward(), "for_training"),
    (lambda: cases.bound(mx)._exec_group.get_input_grads(), "inputs_need_grad"),
    (lambda: cases.bound(mx)._exec_group.set_states(), "states or value"),
    (lambda: mx.mod.Module(cases.mlp(mx), context=[mx.cpu(0), mx.cpu(1)], group2ctxs=[{"a": mx.cpu(1)}]).bind(
        [("data", (8, 6))], [("softmax_label", (8,))]), "1 entries for 2 contexts"),
    (lambda: mx.mod.Module(cases.mlp(mx), context=[mx.cpu(0), mx.cpu(1)], group2ctxs={"a": [mx.cpu(1)] * 3}).bind(
        [("data", (8, 6))], [("softmax_label", (8,))]), r"group2ctxs\['a'\] has 3 entries for 2"),
    (lambda: mx.optimizer.create("sgd", param_idx2name=["a"]), "param_idx2name"),
    (lambda: mx.optimizer.create("groupadagrad").create_state(0, mx.nd.ones(3)), "matrices")])
def test_what_mxnet_asserts_is_an_assertion_error_too(call, match):
    with pytest.raises(AssertionError, match=match) as caught:
        call()
    assert isinstance(caught.value, mx.MXNetError)
