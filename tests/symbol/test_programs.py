# SPDX-License-Identifier: Apache-2.0
"""Little programs (composition, names, attributes, inference, text, methods, errors) print what they print in MXNet."""
from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

import mxnet as mx

spec = importlib.util.spec_from_file_location("programs", Path(__file__).with_name("programs.py"))
programs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(programs)

PROGRAMS = programs.programs()
RECORD = json.loads(programs.RECORD.read_text())


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_it_prints_in_mxnet(name):
    found = programs.run(mx, PROGRAMS[name][0])
    assert len(found) == len(RECORD[name])
    for number, (ours, theirs) in enumerate(zip(found, RECORD[name]), 1):
        assert theirs is None or ours == theirs, f"line {number}"
