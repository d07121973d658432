# SPDX-License-Identifier: Apache-2.0
"""RecordIO files in copies, threads and processes, and after a process was killed."""
from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import subprocess
import threading
import time

import numpy as np
import pytest
from recordfiles import python, read_all, record_of

from mxnet.base import MXNetError
from mxnet.recordio import MXIndexedRecordIO, MXRecordIO

FORK = hasattr(os, "fork")
needs_fork = pytest.mark.skipif(not FORK, reason="the system has no fork")
# Python 3.12 warns of every fork in a process with threads, which NumPy or torch may have started.
forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def test_a_pickled_reader_starts_again(indexed):
    plain, keyed = MXRecordIO(indexed[1], "r", on_error="skip"), MXIndexedRecordIO(*indexed, "r")
    assert plain.read() == record_of(0) and keyed.read_idx(8) == record_of(4)
    for make in (lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy):
        other = make(plain)
        assert (other.on_error, other.read(), other.read()) == ("skip", record_of(0), record_of(1))
        other.close()
        other = make(keyed)
        assert (other.keys, other.read()) == (keyed.keys, record_of(0)) and other.read_idx(18) == record_of(9)
        other.close()
    assert plain.read() == record_of(1) and keyed.read() == record_of(5)         # the copied one stays open
    plain.close()
    keyed.close()
    closed = pickle.loads(pickle.dumps(keyed))
    assert not closed.is_open and closed.keys == keyed.keys and closed.read_idx(0) == record_of(0)
    closed.close()


def test_an_open_writer_cannot_be_pickled(tmp_path):
    file = MXRecordIO(tmp_path / "a.rec", "w")
    file.write(b"abc")
    with pytest.raises(MXNetError, match=r"a\.rec is being written: a copy would empty it"):
        pickle.dumps(file)
    file.close()
    assert not pickle.loads(pickle.dumps(file)).is_open
    assert read_all(tmp_path / "a.rec") == [b"abc"]


def test_many_threads_read_by_key(tmp_path, payloads):
    paths = tmp_path / "a.idx", tmp_path / "a.rec"
    with MXIndexedRecordIO(*paths, "w") as file:
        for number, payload in enumerate(payloads):
            file.write_idx(number, payload)
    file = MXIndexedRecordIO(*paths, "r")
    file.close()                                                 # so that the threads also compete in opening it
    wrong = []

    def run(seed):
        for number in np.random.RandomState(seed).randint(0, len(payloads), 300):
            if file.read_idx(int(number)) != payloads[number]:
                wrong.append(number)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    file.close()


def in_child(function):
    """What `function` returns, or its error's text, in a process forked from this one."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                answer = function()
            except MXNetError as error:
                answer = str(error)
            os.write(theirs, pickle.dumps(answer))
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(answer)


@needs_fork
@forks
def test_forked_readers(indexed):
    plain, keyed = MXRecordIO(indexed[1], "r"), MXIndexedRecordIO(*indexed, "r")
    assert plain.read() == keyed.read() == record_of(0)
    for file in (plain, keyed):
        assert "was opened by process" in in_child(file.read)
        assert in_child(lambda file=file: (file.reset(), file.read())[1]) == record_of(0)
    assert in_child(lambda: (keyed.read_idx(6), keyed.read())) == (record_of(3), record_of(4))
    assert in_child(lambda: (keyed.seek(6), keyed.read())[1]) == record_of(3)
    assert in_child(lambda: (keyed.reset(), keyed.close(), keyed.is_open)[2]) is False
    assert plain.read() == keyed.read() == record_of(1)
    plain.close()
    keyed.close()


@needs_fork
@forks
def test_forked_writers_leave_the_parents_file_alone(tmp_path):
    paths = tmp_path / "a.idx", tmp_path / "a.rec"
    file = MXIndexedRecordIO(*paths, "w")
    file.write_idx(1, b"parent")
    for call in (lambda: file.write(b"child"), lambda: file.write_idx(2, b"child"), file.flush):
        answer = in_child(call)
        assert "was opened by process" in answer and "call reset() first (which empties the file)" in answer
    assert in_child(file.close) is None                          # what is held back belongs to the parent
    file.write_idx(3, b"again")
    file.close()
    assert read_all(paths[1]) == [b"parent", b"again"]
    assert paths[0].read_bytes() == b"1\t0\n3\t16\n"


@needs_fork
@forks
def test_pools_of_processes_read_by_key(indexed):
    file = MXIndexedRecordIO(*indexed, "r")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(file.read_idx, range(0, 200, 2)) == [record_of(number) for number in range(100)]
    file.close()


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_writer_leaves_whole_records_and_a_true_index(tmp_path):
    code = """
import sys
from mxnet import recordio
folder = sys.argv[1]
file = recordio.MXIndexedRecordIO(folder + "/a.idx", folder + "/a.rec", "w")
print(flush=True)
number = 0
while True:
    file.write_idx(number, b"%d " % number * (number * 31 % 2000))
    number += 1
"""
    rng = np.random.RandomState(0)
    for _ in range(6):
        writer = subprocess.Popen(python(code, tmp_path), stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(rng.uniform(0.02, 0.2))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r", on_error="skip") as file:
            for number in file.keys:
                assert file.read_idx(number) == b"%d " % number * (number * 31 % 2000)
            file.reset()
            assert len(list(iter(file.read, None))) >= len(file.keys)
            assert file.skipped <= 1                             # the last record may be torn


def test_no_file_stays_open(indexed):
    folder = f"/proc/{os.getpid()}/fd"
    if not os.path.isdir(folder):
        pytest.skip("the system does not show open files")
    before = len(os.listdir(folder))
    for _ in range(20):
        file = MXIndexedRecordIO(*indexed, "r")
        file.read_idx(0)
        file.reset()
        pickle.loads(pickle.dumps(file)).read()
        file.close()
        with pytest.raises(MXNetError):
            MXIndexedRecordIO(indexed[1], indexed[1], "r")       # no index
    del file
    assert len(os.listdir(folder)) == before
