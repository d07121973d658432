# SPDX-License-Identifier: Apache-2.0
"""The program in the README runs as printed."""
from __future__ import annotations

import re
from pathlib import Path

import mxnet as mx

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_taste_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mx.random.seed(0)
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    exec(compile(program, "README.md", "exec"), {})
    name, value = eval(capsys.readouterr().out)[0]
    assert name == "accuracy" and value > 0.95
    assert (tmp_path / "circle-symbol.json").exists() and (tmp_path / "circle-0020.params").exists()
