# SPDX-License-Identifier: Apache-2.0
"""`fit` in a terminal shows a bar, elsewhere it writes log lines and nothing else."""
import os
import re
import subprocess
import sys

import pytest

import mxnet as mx
from mxnet import _progress

PROGRAM = """
import logging, sys
import numpy as np
import mxnet as mx
logging.basicConfig(level=logging.INFO)
if len(sys.argv) > 1:
    mx.callback.progress({"on": True, "off": False, "auto": None}[sys.argv[1]])
net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2), name="softmax")
data = mx.io.NDArrayIter(np.ones((40, 3)), np.zeros(40), batch_size=4)
callbacks = [mx.callback.ProgressBar(10)] if "own" in sys.argv else None
mx.mod.Module(net).fit(data, data, num_epoch=2, batch_end_callback=callbacks)
"""


def in_terminal(*args, **settings):
    """What the program writes to a terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    import fcntl
    import struct
    import termios
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *args], stdout=theirs, stderr=theirs, stdin=theirs,
                               env={**os.environ, "COLUMNS": "120", **settings})
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:                 # the terminal's end, on Linux
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait() == 0, said
    return said.decode()


def in_pipe(*args, **settings):
    done = subprocess.run([sys.executable, "-c", PROGRAM, *args], capture_output=True, text=True,
                          env={**os.environ, **settings})
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


LINES = [f"INFO:root:Epoch[{epoch}] {what}" for epoch in (0, 1)
         for what in ("Train-accuracy=*", "Time cost=*", "Validation-accuracy=*")]


def logged(text):
    return [re.sub(r"=[\d.]+", "=*", line) for line in re.findall(r"INFO:root:[^\r\n\x1b]*", text)]


def test_a_terminal_shows_bars_and_whole_lines():
    said = in_terminal()
    assert "Epoch 1/2" in said and "Epoch 2/2" in said and "batch/s" in said.replace("s/batch", "batch/s")
    assert re.search(r"Epoch 2/2:\s+\d+%.*/10", said)       # the first epoch has shown how many batches there are
    assert "accuracy=" in said and logged(said) == LINES


@pytest.mark.parametrize("args, settings", [(("off",), {}), ((), {"MXNET_PROGRESS": "0"})])
def test_a_terminal_without_a_bar(args, settings):
    said = in_terminal(*args, **settings)
    assert "Epoch 1/2" not in said and logged(said) == LINES


def test_elsewhere_there_are_only_lines():
    lines = in_pipe().strip().splitlines()
    assert sorted(logged("\n".join(lines))) == sorted(LINES) and len(lines) == len(LINES)


@pytest.mark.parametrize("args, settings, shown", [
    (("on",), {}, True), ((), {"MXNET_PROGRESS": "1"}, True), (("auto",), {"MXNET_PROGRESS": "1"}, True),
    (("off",), {"MXNET_PROGRESS": "1"}, False)])
def test_the_switch_asks_for_bars_anywhere(args, settings, shown):
    said = in_pipe(*args, **settings)
    assert ("Epoch 1/2" in said) is shown and logged(said) == LINES


def test_a_bar_of_the_programs_own_stays_alone():
    said = in_pipe("on", "own")
    assert "Epoch 0: 100%" in said and "Epoch 1/2" not in said


def test_a_run_that_fails_leaves_no_bar(monkeypatch, capsys):
    mx.callback.progress(True)
    try:
        with pytest.raises(KeyError), _progress.fit_progress(2, None, None) as shown:
            shown.begin(0, 0)
            raise KeyError
        assert shown._bar is None
    finally:
        mx.callback.progress(None)
