# SPDX-License-Identifier: Apache-2.0
"""A run that is stopped after any batch and goes on from its full checkpoint ends as one that was never stopped."""
import random
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import training_cases as cases

import mxnet as mx
from mxnet.base import MXNetError, MXNetNotImplementedError, MXNetTypeError, MXNetValueError
from mxnet.resume import checkpoints

HERE = Path(__file__).parent
COUNT, BATCH, EPOCHS = 22, 4, 3


class Stop(Exception):
    """Ends a run as a kill would."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Files that a test reads at once need not reach the disk; writers that are killed are processes of their own."""
    monkeypatch.setattr("mxnet._files.os.fsync", lambda handle: None)


def network(dropout=True):
    x = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=6, name="fc1")
    x = mx.sym.BatchNorm(x, fix_gamma=False, name="bn")
    x = mx.sym.Activation(x, act_type="tanh", name="act")
    x = mx.sym.Dropout(x, p=0.3, name="drop") if dropout else x
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=3, name="fc2"), name="softmax")


def image_network():
    x = mx.sym.Dropout(mx.sym.Flatten(mx.sym.Variable("data") / 255), p=0.3, name="drop")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=3, name="fc"), name="softmax")


def arrays(count=COUNT):
    rng = np.random.RandomState(1)
    return rng.normal(size=(count, 5)).astype(np.float32), rng.randint(0, 3, count).astype(np.float32)


def plain_iterator(**kwargs):
    return mx.io.NDArrayIter(*arrays(), batch_size=BATCH, **{"shuffle": True, **kwargs})


def mnist_iterator(folder):
    import struct
    rng = np.random.RandomState(2)
    (folder / "images").write_bytes(struct.pack(">4I", 0x803, COUNT, 2, 3) + rng.bytes(COUNT * 6))
    (folder / "labels").write_bytes(struct.pack(">2I", 0x801, COUNT) + bytes(rng.randint(0, 3, COUNT).tolist()))
    return mx.io.MNISTIter(image=str(folder / "images"), label=str(folder / "labels"), batch_size=BATCH, flat=True,
                           seed=3, silent=True)


def csv_iterator(folder):
    data, labels = arrays()
    np.savetxt(folder / "data.csv", data, delimiter=",")
    np.savetxt(folder / "labels.csv", labels)
    return mx.io.CSVIter(data_csv=str(folder / "data.csv"), data_shape=(5,), label_csv=str(folder / "labels.csv"),
                         batch_size=BATCH)


def image_iterator(folder):
    path = folder / "images.rec"
    if not path.exists():
        with mx.recordio.MXRecordIO(str(path), "w") as record:
            for number in range(COUNT):
                pixels = np.random.RandomState(number).randint(0, 255, (9, 10, 3)).astype(np.uint8)
                record.write(mx.recordio.pack_img((0, float(number % 3), number, 0), pixels, img_fmt=".png"))
    return mx.io.ImageRecordIter(path_imgrec=str(path), data_shape=(3, 6, 6), batch_size=BATCH, shuffle=True,
                                 rand_crop=True, rand_mirror=True, seed=5, preprocess_threads=2)


ITERATORS = {
    "shuffled": lambda folder: plain_iterator(),
    "in order": lambda folder: plain_iterator(shuffle=False),
    "rolled over": lambda folder: plain_iterator(last_batch_handle="roll_over"),
    "discarding": lambda folder: plain_iterator(last_batch_handle="discard"),
    "mnist": mnist_iterator,
    "csv": csv_iterator,
    "images": image_iterator,
    "resized": lambda folder: mx.io.ResizeIter(plain_iterator(), 4),
    "resized, going on": lambda folder: mx.io.ResizeIter(plain_iterator(), 4, reset_internal=False),
    "prefetching": lambda folder: mx.io.PrefetchingIter(plain_iterator()),
    "prefetching images": lambda folder: mx.io.PrefetchingIter(image_iterator(folder)),
}


def run(make, folder, stop=None, optimizer="sgd", params=None, context=None, module=None, resume=True, **kwargs):
    """Parameters at the end of a run; `stop` ends it by Stop after so many batches. Checkpoints go to the folder."""
    # A run that goes on has drawn other numbers before: the checkpoint's count.
    for draw in (random.seed, np.random.seed, mx.random.seed):
        draw(99 if resume and checkpoints(folder / "run") else 7)
    source = make(folder)
    if module is None:
        flat = len(source.provide_data[0].shape) == 2
        module = mx.mod.Module(network() if flat else image_network(), context=context or mx.cpu())
    seen = [0]

    def perhaps_stop(param):
        seen[0] += 1
        if seen[0] == stop:
            raise Stop

    kwargs.setdefault("eval_metric", ["acc", "ce"])
    module.fit(source, optimizer=optimizer, num_epoch=EPOCHS, initializer=mx.init.Xavier(),
               optimizer_params=params or {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01},
               batch_end_callback=[mx.callback.full_checkpoint(folder / "run", **kwargs.pop("checkpoint", {})),
                                   perhaps_stop],
               resume=folder / "run" if resume else None, **kwargs)
    return [{name: value.asnumpy() for name, value in table.items()} for table in module.get_params()], seen[0]


def check(make, tmp_path, stops, **kwargs):
    """Runs stopped after each of the numbers of batches, one after the other from one folder's checkpoints."""
    whole, plain = tmp_path / "whole", tmp_path / "stopped"
    for folder in (whole, plain):
        folder.mkdir()
    (wanted, count) = run(make, whole, **kwargs)
    for stop in stops:
        with pytest.raises(Stop):
            run(make, plain, stop=stop, **kwargs)
    found, left = run(make, plain, **kwargs)
    assert left == count - sum(stops)
    for one, other in zip(wanted, found):
        assert one.keys() == other.keys()
        for name in one:
            assert np.array_equal(one[name], other[name]), name


@pytest.mark.parametrize("name", ITERATORS)
def test_a_run_stopped_twice_ends_with_the_same_bits(name, tmp_path):
    check(ITERATORS[name], tmp_path, (3, 4))


def test_a_run_stopped_after_every_batch(tmp_path):
    check(ITERATORS["shuffled"], tmp_path, (1,) * 17)


@pytest.mark.parametrize("case", sorted(cases.OPTIMIZERS))
def test_every_optimizer_goes_on(case, tmp_path):
    optimizer, params = cases.OPTIMIZERS[case]
    make = ITERATORS["shuffled"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    wanted, _ = run(make, whole, optimizer=optimizer, params=cases.optimizer_params(mx, params))
    for stop in (1, 6):
        with pytest.raises(Stop):
            run(make, parts, stop=stop, optimizer=optimizer, params=cases.optimizer_params(mx, params))
    found, _ = run(make, parts, optimizer=optimizer, params=cases.optimizer_params(mx, params))
    assert all(np.array_equal(wanted[0][name], found[0][name]) for name in wanted[0])


def test_noise_goes_on(tmp_path):
    check(ITERATORS["shuffled"], tmp_path, (2, 5), optimizer="sgld", params={"learning_rate": 0.01})


@pytest.mark.parametrize("kvstore", ["local", "device"])
def test_several_contexts(kvstore, tmp_path):
    check(ITERATORS["discarding"], tmp_path, (2, 5), context=[mx.cpu(0), mx.cpu(1)], kvstore=kvstore)


def test_what_gradient_compression_has_kept_goes_on(tmp_path):
    results = []
    for folder, stops in ((tmp_path / "whole", (None,)), (tmp_path / "parts", (2, 6, None))):
        folder.mkdir()
        for stop in stops:
            module = mx.mod.Module(network(), context=[mx.cpu(0), mx.cpu(1)],
                                   compression_params={"type": "2bit", "threshold": 0.05})
            try:
                results.append(run(ITERATORS["discarding"], folder, stop=stop, module=module, kvstore="device")[0][0])
            except Stop:
                pass
    assert all(np.array_equal(results[0][name], results[1][name]) for name in results[0])


def test_gradients_that_add_up_go_on(tmp_path):
    results = []
    for folder, stops in ((tmp_path / "whole", (None,)), (tmp_path / "parts", (2, 6, None))):
        folder.mkdir()
        for stop in stops:
            module = mx.mod.Module(network())
            source = plain_iterator()
            module.bind(source.provide_data, source.provide_label, grad_req="add")
            try:
                results.append(run(ITERATORS["shuffled"], folder, stop=stop, module=module)[0][0])
            except Stop:
                pass
    assert all(np.array_equal(results[0][name], results[1][name]) for name in results[0])


def test_metrics_go_on(tmp_path):
    said = []

    def note(param):
        said.append(param.eval_metric.get_global())
    names = ["acc", "ce", mx.metric.TopKAccuracy(top_k=2), mx.metric.Perplexity(None), "mcc", mx.metric.PCC()]
    x, y = arrays()
    for stop in (None, 3, None):
        metric = mx.metric.create([name if isinstance(name, str) else type(name)(**{
            key: value for key, value in name.get_config().items() if key in ("top_k", "ignore_label")})
            for name in names])
        net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2, name="fc"),
                                   name="softmax")
        source = mx.io.NDArrayIter(x, y % 2, batch_size=BATCH)
        mx.random.seed(1)

        def perhaps_stop(param, stop=stop):
            if param.nbatch + 1 == stop:
                raise Stop
        try:
            mx.mod.Module(net).fit(source, eval_metric=metric, num_epoch=1, batch_end_callback=[
                mx.callback.full_checkpoint(tmp_path / "run"), perhaps_stop, note],
                resume=None if not said else tmp_path / "run")
        except Stop:
            pass
        if stop is None and len(said) == 6:
            for path in tmp_path.glob("*.resume"):
                path.unlink()
    assert len(said) == 6 + 2 + 3
    assert np.allclose(said[5][1], said[-1][1], rtol=1e-12)


def sentences():
    rng = random.Random(4)
    return [[rng.randrange(1, 9) for _ in range(rng.choice((3, 5, 7)))] for _ in range(40)]


def test_buckets_go_on(tmp_path):
    def sym_gen(length):
        x = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=10, output_dim=4, name="embed")
        stack = mx.rnn.SequentialRNNCell()
        stack.add(mx.rnn.LSTMCell(5, prefix="lstm_"))
        stack.add(mx.rnn.DropoutCell(0.3))
        x, _ = stack.unroll(length, x, merge_outputs=True)
        x = mx.sym.FullyConnected(mx.sym.reshape(x, shape=(-1, 5)), num_hidden=10, name="fc")
        label = mx.sym.reshape(mx.sym.Variable("softmax_label"), shape=(-1,))
        return mx.sym.SoftmaxOutput(x, label, name="softmax"), ("data",), ("softmax_label",)

    def make(folder):
        return mx.rnn.BucketSentenceIter(sentences(), BATCH, buckets=[3, 5, 7], invalid_label=0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    results = []
    for folder, stops in ((whole, (None,)), (parts, (2, 7, None))):
        folder.mkdir()
        for stop in stops:
            module = mx.mod.BucketingModule(sym_gen, default_bucket_key=7)
            try:
                results.append(run(make, folder, stop=stop, module=module, eval_metric=mx.metric.Perplexity(0),
                                   optimizer="adam", params={"learning_rate": 0.01})[0][0])
            except Stop:
                pass
    assert all(np.array_equal(results[0][name], results[1][name]) for name in results[0])


def test_modules_in_a_row_go_on(tmp_path):
    def made():
        first = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=4, name="a")
        second = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="b"),
                                      name="softmax")
        row = mx.mod.SequentialModule()
        row.add(mx.mod.Module(first, label_names=None)).add(mx.mod.Module(second), take_labels=True, auto_wiring=True)
        return row
    results = []
    for folder, stops in ((tmp_path / "whole", (None,)), (tmp_path / "parts", (3, None))):
        folder.mkdir()
        for stop in stops:
            try:
                results.append(run(ITERATORS["discarding"], folder, stop=stop, module=made())[0][0])
            except Stop:
                pass
    assert all(np.array_equal(results[0][name], results[1][name]) for name in results[0])


# ---- files ------------------------------------------------------------------------------------------

def test_old_checkpoints_go_and_the_newest_counts(tmp_path):
    run(ITERATORS["shuffled"], tmp_path, checkpoint={"keep": 3, "period": 2})
    paths = checkpoints(tmp_path / "run")
    assert [Path(path).name for path in paths] == [f"run-{number:08d}-e0002-b{batch:08d}.resume"
                                                   for number, batch in ((6, 2), (7, 4), (8, 6))]
    (tmp_path / ".run-00000009-e0003-b00000001.resume.abc.tmp").write_text("torn")
    (tmp_path / ".run-other-00000009-e0003-b00000001.resume.abc.tmp").write_text("of somebody else")
    run(ITERATORS["shuffled"], tmp_path, resume=False, checkpoint={"keep": 1})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".run-other-00000009-e0003-b00000001.resume.abc.tmp", "run-00000026-e0002-b00000006.resume"]


def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path, caplog):
    run(ITERATORS["shuffled"], tmp_path)
    before, newest = (Path(path) for path in checkpoints(tmp_path / "run"))
    content = newest.read_bytes()
    newest.write_bytes(content[:-40])
    _, left = run(ITERATORS["shuffled"], tmp_path)
    assert left == 1 and f"{newest}: is no complete checkpoint" in caplog.text
    for path in checkpoints(tmp_path / "run"):
        Path(path).write_bytes(content[:100])
    with pytest.raises(MXNetError, match="is no complete checkpoint"):
        run(ITERATORS["shuffled"], tmp_path)
    with pytest.raises(MXNetError, match="there is no such file"):
        mx.mod.Module(network()).fit(plain_iterator(), num_epoch=1, resume=before)


def test_every_cut_and_every_flipped_byte_is_noticed(tmp_path):
    from mxnet._statefile import read_state, write_state
    path = tmp_path / "a.resume"
    write_state(path, {"a": mx.nd.arange(9), "b": [1, (2.5, None)], "c": np.float64(3), "d": {1: {"$": b"x"}}})
    content = path.read_bytes()
    rng = random.Random(0)
    for cut in rng.sample(range(len(content)), 60):
        path.write_bytes(content[:cut])
        with pytest.raises(MXNetError, match="a.resume: "):
            read_state(path)
    for at in rng.sample(range(len(content)), 60):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x5A]) + content[at + 1:])
        try:
            found = read_state(path)
        except MXNetError as error:
            assert "a.resume: " in str(error)
        else:                                       # dates and such
            assert found["a"].asnumpy().tolist() == list(range(9)) and found["b"] == [1, (2.5, None)]


def test_values_come_back_as_they_were(tmp_path):
    import collections

    import torch

    from mxnet._statefile import read_state, write_state
    tree = {"nan": float("nan"), "big": 2**200, "neg": -0.0, "tuple": ((), [()]), "set": {1, 2},
            "deque": collections.deque([1]), "ordered": collections.OrderedDict(b=1, a=2), "bytes": b"\0\1",
            "bf16": torch.arange(3).to(torch.bfloat16), "empty": torch.zeros(0, 3), "bool": torch.tensor([True]),
            "strided": torch.arange(6.).reshape(2, 3).T, "nd": mx.nd.ones((2,), ctx=mx.cpu(1), dtype="float16"),
            "np": np.arange(4, dtype=">i2"), "scalar": np.float32(0.1), "zero": torch.tensor(2.0), "ctx": mx.cpu(2)}
    write_state(tmp_path / "a", tree)
    found = read_state(tmp_path / "a")
    assert found.keys() == tree.keys() and np.isnan(found["nan"]) and str(found["neg"]) == "-0.0"
    for name in ("big", "tuple", "set", "deque", "bytes", "ctx", "ordered"):
        assert found[name] == tree[name] and type(found[name]) is type(tree[name])
    for name in ("bf16", "empty", "bool", "strided", "zero"):
        assert torch.equal(found[name], tree[name]) and found[name].dtype == tree[name].dtype
    assert found["nd"].ctx == mx.cpu(1) and found["nd"].dtype == np.float16
    assert found["np"].tolist() == [0, 1, 2, 3] and found["scalar"] == np.float32(0.1)
    assert type(found["scalar"]) is np.float32
    assert not any(name.endswith((".pkl", ".py")) for name in zipfile.ZipFile(tmp_path / "a").namelist())


def test_what_cannot_be_saved_says_so(tmp_path):
    class Own(mx.io.DataIter):
        def __init__(self):
            super().__init__(BATCH)
            self.inner = plain_iterator(shuffle=False)
            self.provide_data, self.provide_label = self.inner.provide_data, self.inner.provide_label

        def next(self):
            return self.inner.next()

        def reset(self):
            self.inner.reset()

    def make(folder):
        return Own()
    with pytest.raises(MXNetNotImplementedError, match="Own does not say where it is: define state_dict"):
        run(make, tmp_path, resume=False)
    check(make, tmp_path, (3, 4), checkpoint={"skip": True})
    for wrapped in (lambda folder: mx.io.PrefetchingIter(Own()), lambda folder: mx.io.ResizeIter(Own(), 3)):
        with pytest.raises(MXNetNotImplementedError, match="Own does not say where it is"):
            run(wrapped, tmp_path, resume=False)

    @mx.optimizer.register
    class WithObject(mx.optimizer.SGD):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.helper = {"inside": object()}
    with pytest.raises(MXNetTypeError, match=r"state.module.update.optimizer.own.helper.inside is a object, which a "
                                             r"checkpoint cannot hold"):
        run(ITERATORS["shuffled"], tmp_path, resume=False, optimizer="withobject")
    for name in ("period", "keep"):
        with pytest.raises(MXNetValueError, match=f"{name} is a whole number from 1, not 0"):
            mx.callback.full_checkpoint(tmp_path / "x", **{name: 0})


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    run(ITERATORS["shuffled"], tmp_path)
    with pytest.raises(MXNetError, match="of a run with SGD, this one has Adam"):
        run(ITERATORS["shuffled"], tmp_path, optimizer="adam", params={"wd": 0.1})
    with pytest.raises(MXNetError, match="of a run over a NDArrayIter, this one is over a ResizeIter"):
        run(ITERATORS["resized"], tmp_path)
    with pytest.raises(MXNetError, match="of another network: it has the args"):
        run(ITERATORS["shuffled"], tmp_path, module=mx.mod.Module(mx.sym.SoftmaxOutput(mx.sym.FullyConnected(
            mx.sym.Variable("data"), num_hidden=3, name="fc"), name="softmax")))


def killed(rounds, folder, what):
    done = subprocess.run([sys.executable, "-W", "ignore", str(HERE / "kill_writers.py"), str(rounds), str(folder),
                           what], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


WRITERS = ("full", "epoch", "states")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs fork and kill")
@pytest.mark.parametrize("what", WRITERS)
def test_killed_writers_leave_the_last_checkpoint_whole(what, tmp_path):
    killed(8, tmp_path, what)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs fork and kill")
@pytest.mark.parametrize("what", WRITERS)
def test_writers_killed_at_200_random_moments(what, tmp_path):
    killed(200, tmp_path, what)
