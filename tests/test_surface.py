# SPDX-License-Identifier: Apache-2.0
"""Every name of the API document is there and documented, and the examples in docstrings run."""
from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet.ops.registry import REGISTRY

ROWS = [tuple(line.split("\t")) for line in
        (Path(__file__).parent / "surface" / "seed-surface.tsv").read_text().splitlines()[1:]]
OPERATORS = {op.name: op for op in REGISTRY.values()}
MODULES = [info.name for info in pkgutil.walk_packages(mx.__path__, "mxnet.")
           if not info.name.startswith(("mxnet.ops.", "mxnet.tools"))]


@pytest.mark.parametrize("module, name", ROWS, ids=lambda part: part)
def test_seed_name_is_there_and_documented(module, name):
    found = mx
    for part in (*module.split(".")[1:], *name.split(".")):
        found = getattr(found, part)
    if callable(found) or isinstance(found, property):
        assert inspect.getdoc(found), f"{module}.{name} has no documentation"


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_operator_is_documented_and_its_example_runs(name):
    assert OPERATORS[name].doc
    run_examples(OPERATORS[name].doc, name)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_module_run(name):
    module = importlib.import_module(name)
    for case in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        run_examples(case.docstring, case.name)


def run_examples(text, name):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    case = doctest.DocTestParser().get_doctest(text, {"mx": mx, "np": np, **_own(name)}, name, None, 0)
    shown = []
    doctest.DocTestRunner(optionflags=flags).run(case, out=shown.append)
    assert not shown, "".join(shown)


def _own(name):
    """The names of the module that a docstring stands in."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = mx if parts[:count] == ["mxnet"] else None
        try:
            module = module or importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        return dict(vars(module))
    return {}
