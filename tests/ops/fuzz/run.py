# SPDX-License-Identifier: Apache-2.0
"""Compares random calls of every operator with MXNet 1.9.1: `run.py [--count N] [operator or family ...]`.

Needs the oracle (`make oracle`). Example `number` of an operator is the same sample at every run; `--first` begins
elsewhere. An example counts when MXNet gives an answer; one that MXNet refuses is still compared (we have to refuse
it too). What MXNet alone refuses is looked at once more with a fresh process of it, since a call can leave MXNet in a
state in which it refuses others. The table goes to standard output, each difference with the sample that shows it.
"""
from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent.parent), str(HERE.parent), str(HERE.parent.parent / "golden")]

import mxnet as mx  # noqa: E402  (before the recorder, which takes this checkout off the path)

# isort: split
import draw  # noqa: E402
import harness  # noqa: E402
import known  # noqa: E402
import oracle  # noqa: E402
import samples  # noqa: E402
import torch  # noqa: E402
from samples import Case  # noqa: E402

ENOUGH = 20     # differences of one operator after which it is left for the next one

# At least these (rtol, atol). MXNet keeps most float parameters and constants in float32, and adds float16 in float16;
# sums of random numbers cancel more than those of the written samples.
LOOSEST = {"float64": (1e-6, 1e-6), "float32": (1e-4, 1e-5), "float16": (2e-2, 2e-2), "bfloat16": (5e-2, 5e-2)}


def tolerances(family: str) -> dict[str, tuple[float, float]]:
    """The family's own, where these are wider."""
    own = {**harness.comparison.DEFAULT, **samples.tolerances(family)}
    return own | {dtype: (max(own[dtype][0], rtol), max(own[dtype][1], atol)) for dtype, (rtol, atol) in LOOSEST.items()}


harness.tolerances = tolerances


class Tally:
    """What came of the examples of one operator."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.examples = self.answered = self.differ = 0
        self.meant: Counter = Counter()


def differences(fuzzed: oracle.Oracle, case: Case, tally: Tally) -> tuple[list[str], dict[str, Any]]:
    """What differs and is not meant to, and MXNet's notes."""
    notes = fuzzed.notes(case.record)
    lines = harness.check(mx, case, notes)
    rest = [line for line in lines if known.reason(tally.name, line, notes) is None]
    tally.meant.update(known.reason(tally.name, line, notes) for line in lines if line not in rest)
    return rest, notes


def run_operator(fuzzed: oracle.Oracle, name: str, first: int, count: int, show: int) -> Tally:
    """Examples until `count` of them have answers (at most twice as many)."""
    tally = Tally(name)
    family = draw.pools()[name].family
    for number in range(first, first + 2 * count):
        case = Case(f"{name}/{number}", family, draw.draw(name, number))
        lines, notes = differences(fuzzed, case, tally)
        if any("nothing is raised" in line for line in lines):
            fuzzed.restart()
            lines, notes = differences(fuzzed, case, tally)
        tally.examples += 1
        tally.answered += "error" not in notes["nd"]
        if lines:
            tally.differ += 1
            if tally.differ <= show:
                report(case, lines, notes)
        if tally.answered >= count or tally.differ >= ENOUGH:
            break
    return tally


def report(case: Case, lines: list[str], notes: dict[str, Any]) -> None:
    print(f"{case.id}: {draw.source(case.record)}")
    for line in lines[:3]:
        print(f"    {line[:400]}")
    for stage, note in notes.items():
        if note.get("message"):
            print(f"    MXNet, {stage}: {note['message']}")
            break


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare random operator calls with MXNet 1.9.1.")
    parser.add_argument("names", nargs="*", help="operators or families of samples (default: all)")
    parser.add_argument("--count", type=int, default=200, help="examples with an answer, for each operator")
    parser.add_argument("--first", type=int, default=0, help="number of the first example")
    parser.add_argument("--show", type=int, default=5, help="differences to print, for each operator")
    options = parser.parse_args()
    if not oracle.PYTHON.exists():
        raise SystemExit("MXNet 1.9.1 is not there: make oracle")
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    pools = draw.pools()
    names = [name for name in sorted(pools) if not options.names or name in options.names
             or pools[name].family in options.names]
    fuzzed, tallies, start = oracle.Oracle(), [], time.monotonic()
    for name in names:
        tallies.append(run_operator(fuzzed, name, options.first, options.count, options.show))
        tally = tallies[-1]
        print(f"{name:44} {tally.examples:6} examples {tally.answered:6} answered {tally.differ:4} differ "
              f"{sum(tally.meant.values()):4} meant", flush=True)
    fuzzed.close()
    print(f"{len(tallies)} operators, {sum(t.examples for t in tallies)} examples, "
          f"{sum(t.answered for t in tallies)} answered, {sum(t.differ for t in tallies)} differ, "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(any(tally.differ for tally in tallies))


if __name__ == "__main__":
    main()
