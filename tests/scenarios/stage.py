# SPDX-License-Identifier: Apache-2.0
"""Scenarios: small programs against the Python API, run once with MXNet 1.9.1 and replayed with this package.

A scenario is a function of the module `mx` that returns plain values, arrays, or containers of them. `record.py` runs
all scenarios of a file with MXNet and writes what came out to `recorded/`; tests call `replay`, which runs one with
this package and compares. `attempt` turns an exception into a value, so that errors are compared, too.
"""
from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).parent / "recorded"
Scenario = Callable[[Any], Any]


class Stage:
    """The scenarios of one file, by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.scenarios: dict[str, Scenario] = {}

    def __call__(self, scenario: Scenario) -> Scenario:
        """Decorator: add a scenario under its function's name."""
        return self.add(scenario.__name__, scenario)

    def add(self, name: str, scenario: Scenario) -> Scenario:
        assert name not in self.scenarios, name
        self.scenarios[name] = scenario
        return scenario

    def expected(self) -> dict[str, Any]:
        return json.loads((RECORDED / f"{self.name}.json").read_text())


def stage_of(name: str) -> Stage:
    return importlib.import_module(f"scenarios.{name}").stage


def attempt(call: Callable[[], Any]) -> Any:
    """What a call returns, or which exception it raises."""
    try:
        return call()
    except Exception as error:
        return {"raises": [kind.__name__ for kind in type(error).__mro__], "message": str(error).split("\n")[0]}


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (float, np.generic)):
        return plain(value.item()) if isinstance(value, np.generic) else value
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if hasattr(value, "layout") and hasattr(value, "shape") and isinstance(value, tuple):
        return {"name": value.name, "shape": plain(value.shape), "dtype": plain(value.dtype), "layout": value.layout}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if hasattr(value, "asnumpy"):
        value = value.asnumpy()
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "values": plain(value.ravel().tolist())}
    if isinstance(value, (type, np.dtype)):
        return str(np.dtype(value))
    raise TypeError(f"a scenario returned {type(value)}: {value!r}")


def run(scenario: Scenario, mx: Any) -> Any:
    np.random.seed(0)
    return plain(attempt(lambda: scenario(mx)))


def differences(wanted: Any, found: Any, where: str = "result") -> list[str]:
    """Where two plain values differ; numbers are compared to float32's precision."""
    if isinstance(wanted, dict) and "raises" in wanted:
        kinds = found.get("raises", []) if isinstance(found, dict) else []
        kind = wanted["raises"][0]
        # MXNet's asserts, and what fails by chance inside of it, are errors of our own family here. Abstract methods
        # and calls that do not fit a signature raise Python's own errors.
        usual = kind in kinds or kind in ("AssertionError", "AttributeError", "IndexError")
        if usual and ("MXNetError" in kinds or kind in ("NotImplementedError", "StopIteration", "TypeError")):
            return []
        return [f"{where}: expected {kind} ({wanted['message']}), found {found!r:.300}"]
    if isinstance(wanted, dict) and isinstance(found, dict):
        if list(wanted) != list(found):
            return [f"{where}: expected the keys {list(wanted)}, found {list(found)}: {found!r:.200}"]
        return [line for name in wanted for line in differences(wanted[name], found[name], f"{where}[{name!r}]")]
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return [f"{where}: expected {len(wanted)} items, found {len(found)}: {wanted!r:.200} {found!r:.200}"]
        return [line for index, (one, other) in enumerate(zip(wanted, found))
                for line in differences(one, other, f"{where}[{index}]")]
    if isinstance(wanted, (int, float)) and isinstance(found, (int, float)) and not isinstance(wanted, bool):
        same = wanted == found or math.isclose(wanted, found, rel_tol=2e-6, abs_tol=1e-6) or \
            (math.isnan(wanted) and math.isnan(found))
        return [] if same else [f"{where}: expected {wanted!r}, found {found!r}"]
    return [] if wanted == found else [f"{where}: expected {wanted!r:.200}, found {found!r:.200}"]


def replay(stage: Stage, name: str) -> None:
    """Run a scenario with this package; fails with the differences from what MXNet gave."""
    import mxnet as mx
    lines = differences(stage.expected()[name], run(stage.scenarios[name], mx))
    assert not lines, "\n".join(lines[:12])
