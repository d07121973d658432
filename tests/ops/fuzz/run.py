# SPDX-License-Identifier: Apache-2.0
"""Compares random calls of every operator with MXNet 1.9.1: `run.py [--count N] [operator or family ...]`.

Needs the oracle (`make oracle`). Example `number` of an operator is the same sample at every run; `--first` begins
elsewhere. An example counts when MXNet gives an answer; one that MXNet refuses is still compared (we have to refuse
it too). What MXNet alone refuses is looked at once more with a fresh process of it, since a call can leave MXNet in a
state in which it refuses others. The table goes to standard output, each difference with the sample that shows it.
"""
from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import sys
import time
import warnings
from collections import Counter, deque
from pathlib import Path
from typing import Any, TextIO

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
from samples import Case, Sample  # noqa: E402

ENOUGH = 20     # differences of one operator after which it is left for the next one
PATIENCE = 4    # examples drawn, at most, for each answer that is wanted
AHEAD = 12      # examples that MXNet runs before it is their turn to be compared
# operators of which MXNet answers no call with dense arrays on a processor
UNANSWERED = {"_CrossDeviceCopy": "in graphs over several devices only", "_copyto": "between devices only",
              "_zeros_without_dtype": "in graphs of gradients only", "_contrib_fft": "on GPUs only",
              "_contrib_ifft": "on GPUs only", "_NoGradient": "has no value"}
# parts of the comparison that say the same numbers once more: an example goes through one row of these
TURNS = (("out", "layout"), ("changed", "symbol"), ("names", "json"), ("add", "record"))

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


class Fuzzer:
    """Runs examples on MXNet and here. `log` gets a line for every difference, the meant ones too."""

    def __init__(self, count: int, show: int, log: TextIO) -> None:
        self.oracle, self.fresh = oracle.Oracle(), oracle.Oracle()
        self.count, self.show, self.log = count, show, log

    def run_operator(self, name: str, first: int) -> Tally:
        """Examples until `count` of them have answers (at most `PATIENCE` times as many)."""
        tally = Tally(name)
        ahead: deque[Case] = deque()
        numbers = iter(range(first, first + PATIENCE * self.count))
        while tally.answered < self.count and tally.differ < ENOUGH:
            for number in itertools.islice(numbers, min(AHEAD, self.count - tally.answered) - len(ahead)):
                ahead.append(Case(f"{name}/{number}", draw.pools()[name].family, taking_turns(name, number)))
                self.oracle.submit(ahead[-1].record)
            if not ahead:
                break
            self.compare(ahead.popleft(), self.oracle.collect(), tally)
        for _ in ahead:
            self.oracle.collect()
        return tally

    def compare(self, case: Case, notes: dict[str, Any], tally: Tally) -> None:
        """Count and report what differs and is not meant to."""
        lines, meant = sort_out(case, notes, tally.name)
        if any("nothing is raised" in line for line in lines):
            self.fresh.restart()
            notes = self.fresh.notes(case.record)
            lines, meant = sort_out(case, notes, tally.name)
        tally.examples += 1
        tally.answered += "error" not in notes["nd"] or "error" not in notes.get("train", {"error": ""})
        tally.meant.update(meant.values())
        if lines:
            tally.differ += 1
            if tally.differ <= self.show:
                report(case, lines, notes)
        for line, why in {**dict.fromkeys(lines, "DIFFERS"), **meant}.items():
            print(case.id, why, line[:300].replace("\n", " "), message_of(notes), written(case)[:600],
                  sep="\t", file=self.log, flush=True)

    def close(self) -> None:
        self.oracle.close()
        self.fresh.close()


def taking_turns(name: str, number: int) -> Sample:
    """The sample of that number, with the parts left out whose turn it is not."""
    sample = draw.draw(name, number)
    others = {part: "takes turns" for row in TURNS if row is not TURNS[number % len(TURNS)] for part in row}
    if max(sample.rtol or 0.0, sample.atol or 0.0) < 1e-3:      # its own tolerance is narrower than those here
        sample = dataclasses.replace(sample, rtol=None, atol=None)
    return dataclasses.replace(sample, skip={**others, **sample.skip})


def sort_out(case: Case, notes: dict[str, Any], name: str) -> tuple[list[str], dict[str, str]]:
    """The differences that are not meant to be, and the reasons of the others."""
    meant = known.reasons(name, harness.check(mx, case, notes), notes, case.record)
    return [line for line, why in meant.items() if why is None], {line: why for line, why in meant.items() if why}


def written(case: Case) -> str:
    """The sample as it was drawn, as source text."""
    return draw.source(draw.draw(*case.id.split("/")))


def report(case: Case, lines: list[str], notes: dict[str, Any]) -> None:
    print(f"{case.id}: {written(case)}")
    for line in lines[:3]:
        print(f"    {line[:400]}")
    if message := message_of(notes):
        print(f"    MXNet, {message}")


def message_of(notes: dict[str, Any]) -> str:
    """What MXNet says of the first stage that it refuses."""
    return next((f"{stage}: {note['message']}" for stage, note in notes.items() if note.get("message")), "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare random operator calls with MXNet 1.9.1.")
    parser.add_argument("names", nargs="*", help="operators or families of samples (default: all)")
    parser.add_argument("--count", type=int, default=200, help="examples with an answer, for each operator")
    parser.add_argument("--first", type=int, default=0, help="number of the first example")
    parser.add_argument("--show", type=int, default=5, help="differences to print, for each operator")
    parser.add_argument("--log", help="file for a line of every difference, the meant ones too")
    options = parser.parse_args()
    if not oracle.PYTHON.exists():
        raise SystemExit("MXNet 1.9.1 is not there: make oracle")
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    pools = draw.pools()
    names = [name for name in sorted(pools.keys() - UNANSWERED.keys())
             if not options.names or name in options.names or pools[name].family in options.names]
    with open(options.log or os.devnull, "w", encoding="utf-8") as log:
        fuzzer, tallies, start = Fuzzer(options.count, options.show, log), [], time.monotonic()
        for name in names:
            tallies.append(fuzzer.run_operator(name, options.first))
            tally = tallies[-1]
            print(f"{name:44} {tally.examples:6} examples {tally.answered:6} answered {tally.differ:4} differ "
                  f"{sum(tally.meant.values()):4} meant", flush=True)
        fuzzer.close()
    few = [f"{tally.name} ({tally.answered})" for tally in tallies if tally.answered < options.count]
    print(f"fewer than {options.count} answers: {', '.join(few) or 'none'}")
    print(f"{len(tallies)} operators, {sum(t.examples for t in tallies)} examples, "
          f"{sum(t.answered for t in tallies)} answered, {sum(t.differ for t in tallies)} differ, "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(any(tally.differ for tally in tallies))


if __name__ == "__main__":
    main()
