# SPDX-License-Identifier: Apache-2.0
"""Count how much of MXNet works: the summary in README.md, and docs/status.md with what is missing.

A name counts as working when it can be reached in the package, is not merely inherited from `object`, and is not a
function that does nothing but raise MXNetNotImplementedError. Whether it gives MXNet's answers is what the tests say.
"""
from __future__ import annotations

import ast
import csv
import fnmatch
import functools
import importlib
import inspect
import sys
import textwrap
from collections import Counter
from typing import Any, NamedTuple

from generated import ROOT, between, publish, wants_check

SURFACE = ROOT / "tests" / "surface"
GOLDEN = ROOT / "tests" / "golden"

# Python 2's names of operators, and those that stand for them today
RENAMED = {"__div__": "__truediv__", "__rdiv__": "__rtruediv__", "__idiv__": "__itruediv__"}
# a class whose methods are for subclasses to define, and the one in mxnet.module that defines them
CONCRETE = {"BaseModule": "Module"}
MISSING = object()

# Operators that are not here, by pattern: why. One that fits no pattern is unexplained.
ABSENT = {
    "_contrib_quantize*": "quantization is not built yet",
    "_contrib_dequantize": "quantization is not built yet",
    "_contrib_requantize": "quantization is not built yet",
    "_contrib_calibrate_entropy": "quantization is not built yet",
    "_sg_mkldnn_*": "MXNet puts it into graphs for its CPU library, and no program calls it",
    "_contrib_dgl_*": "works on graphs as sparse arrays, which are not built yet",
    "_contrib_edge_id": "works on graphs as sparse arrays, which are not built yet",
    "_contrib_getnnz": "works on sparse arrays, which are not built yet",
    "_sparse_*": "works on sparse arrays, which are not built yet",
    "_contrib_count_sketch": "MXNet has it on GPUs only",
    "_contrib_hawkesll": "the likelihood of one point process, which hardly any program needs: not built yet",
    "_CachedOp*": "what a hybridized block is to MXNet's engine; it cannot be called from Python",
    "_CustomFunction": "what autograd.Function is to MXNet's engine; it cannot be called from Python",
    "_Native": "takes pointers into a process; operator.PythonOp makes Custom nodes instead",
    "_NDArray": "takes pointers into a process; operator.PythonOp makes Custom nodes instead",
    "_*_backward": "a gradient, which MXNet itself refuses to every caller but its engine",
    "_imdecode": "MXNet's own cannot be given an image from Python 3; image.imdecode is the one in use",
}
# Operators that no recording can hold, and where they are tested.
UNRECORDED = {
    "Custom": "runs a program's own code: tests/test_operator.py",
    **{name: "has a graph inside: tests/test_control_flow.py" for name in ("_foreach", "_while_loop", "_cond")},
    "_cvimread": "reads a file: tests/ops/test_image_operators.py",
    "_set_value": "needs out=: tests/ops/test_multi_updates.py",
    "_NoGradient": "has no value",
}


class Tally(NamedTuple):
    """Which rows of a table work: (group, name) pairs."""

    working: list[tuple[str, str]]
    missing: list[tuple[str, str]]

    @property
    def total(self) -> int:
        return len(self.working) + len(self.missing)

    def __str__(self) -> str:
        return f"{len(self.working):,} of {self.total:,}"


# ---- counting ------------------------------------------------------------------------------------


def rows(table: str) -> list[dict[str, str]]:
    with open(SURFACE / table, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def tally_names(table: str) -> Tally:
    """The `module` and `name` columns of a table, looked up in the package."""
    tally = Tally([], [])
    for row in rows(table):
        place = (row["module"], row["name"])
        (tally.working if works(*place) else tally.missing).append(place)
    return tally


def tally_operators() -> Tally:
    from mxnet.ops import catalog
    from mxnet.ops.registry import REGISTRY

    catalog.load()
    tally = Tally([], [])
    for row in rows("operators.tsv"):
        name = row["operator"]
        (tally.working if name in REGISTRY else tally.missing).append((group_of(name), name))
    return tally


def group_of(operator: str) -> str:
    """A heading for the operator, by its prefix."""
    known = ("contrib", "image", "linalg", "random", "sample", "multi", "preloaded", "mp")
    prefix = operator.lstrip("_").partition("_")[0]
    return prefix if prefix in known else "internal" if operator.startswith("_") else "public"


def works(module: str, name: str) -> bool:
    owner, _, last = name.rpartition(".")
    places = [(module, name)]
    if last in RENAMED:
        places.append((module, f"{owner}.{RENAMED[last]}"))
    if owner in CONCRETE:
        places.append(("mxnet.module", f"{CONCRETE[owner]}.{last}"))
    return any(has(*place) for place in places)


def has(module: str, name: str) -> bool:
    found = lookup(module, name.split("."))
    return found is not MISSING and not inherited(found, name.split(".")[-1]) and not only_refuses(found)


def lookup(module: str, path: list[str]) -> Any:
    """The object, or MISSING: what the package raises for a part that it does not have may be an MXNetError as well."""
    from mxnet.base import MXNetError

    try:
        found = importlib.import_module(module)
        for name in path:
            found = inspect.getattr_static(found, name) if inspect.isclass(found) else getattr(found, name)
        return found
    except (ImportError, AttributeError, MXNetError):
        return MISSING


def inherited(found: Any, name: str) -> bool:
    """Every class has `__eq__`, `__lt__`, ... from `object`; those compare no arrays."""
    return name.startswith("__") and found is inspect.getattr_static(object, name, None)


def only_refuses(found: Any) -> bool:
    """Whether a function's whole body, docstring aside, raises MXNetNotImplementedError."""
    if isinstance(found, property):
        found = found.fget
    function = inspect.unwrap(getattr(found, "__func__", found))
    return inspect.isfunction(function) and _body_refuses(function.__code__)


@functools.cache
def _body_refuses(code: Any) -> bool:
    if "MXNetNotImplementedError" not in code.co_names:
        return False
    tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    body = getattr(tree.body[0], "body", [])
    statements = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return len(statements) == 1 and isinstance(statements[0], ast.Raise)


def golden_samples() -> Counter[str]:
    """How many recordings of MXNet's answers the tests replay, by operator."""
    sys.path[:0] = [str(GOLDEN), str(ROOT / "tests" / "ops")]
    import samples

    from mxnet.ops.registry import REGISTRY

    return Counter(REGISTRY[case.record.op].name for family in samples.families() for case in samples.cases(family))


def why_absent(operator: str) -> str | None:
    """Why an operator is not here, or None."""
    return next((why for pattern, why in ABSENT.items() if fnmatch.fnmatchcase(operator, pattern)), None)


# ---- writing -------------------------------------------------------------------------------------


def summary(seed: Tally, operators: Tally, surface: Tally, samples: Counter[str]) -> str:
    unexplained = sum(why_absent(name) is None for _, name in operators.missing)
    return "\n".join([
        "| what | works |",
        "|---|---|",
        f"| names in the overview of MXNet's Python API | {seed} |",
        f"| operators of MXNet 1.9.1 | {operators}, {unexplained} missing without a reason |",
        f"| public names of MXNet 1.9.1, Gluon included | {surface} |",
        f"| recordings of MXNet 1.9.1 replayed by the tests | {sum(samples.values()):,} |",
    ])


def status(seed: Tally, operators: Tally, surface: Tally, samples: Counter[str], table: str) -> str:
    sections = [
        "# Status",
        "Made by `make docs-tables`; do not edit. A name counts as working when the package has it and it does more "
        "than to say that it is not built. How answers differ from MXNet's, where they do, is in "
        "[differences.md](differences.md).",
        table,
        "## Names of the overview that are missing", listing(seed),
        "## Operators that are missing, and why", absences(operators),
        "## Operators and their recordings",
        "How many calls of each operator, under all of its names, MXNet 1.9.1 was asked about.",
        recordings(samples),
        "## Public names of MXNet 1.9.1, by module", by_group(surface),
        "## Public names that are missing", listing(surface),
    ]
    return "\n\n".join(sections) + "\n"


def listing(tally: Tally) -> str:
    """The missing names in one paragraph for each group."""
    groups = sorted({group for group, _ in tally.missing})
    paragraphs = [
        "\n".join(textwrap.wrap(f"**{group}**: " + ", ".join(f"`{name}`" for owner, name in tally.missing
                                                            if owner == group),
                                width=118, break_long_words=False, break_on_hyphens=False))
        for group in groups]
    return "\n\n".join(paragraphs) or "None."


def absences(operators: Tally) -> str:
    """The missing operators, gathered by reason."""
    by_reason: dict[str, list[str]] = {}
    for _, name in operators.missing:
        by_reason.setdefault(why_absent(name) or "UNEXPLAINED", []).append(f"`{name}`")
    rows = [f"| {', '.join(names)} | {why} |" for why, names in sorted(by_reason.items())]
    return "\n".join(["| operators | reason |", "|---|---|", *rows]) if rows else "None."


def recordings(samples: Counter[str]) -> str:
    """Every operator with its number of recordings, and what stands in for them where there can be none."""
    from mxnet.ops.registry import REGISTRY

    names = sorted({operator.name for operator in REGISTRY.values()} - UNRECORDED.keys())
    counted = ", ".join(f"`{name}` {samples[name]}" for name in names)
    return "\n\n".join([
        textwrap.fill(counted, width=118, break_long_words=False, break_on_hyphens=False),
        "Not recorded: " + "; ".join(f"`{name}` {why}" for name, why in UNRECORDED.items()) + "."])


def by_group(tally: Tally) -> str:
    groups = sorted({group for group, _ in tally.working + tally.missing})
    table = ["| module | works | of |", "|---|---:|---:|"]
    for group in groups:
        working = sum(owner == group for owner, _ in tally.working)
        table.append(f"| `{group}` | {working} | {working + sum(owner == group for owner, _ in tally.missing)} |")
    return "\n".join(table)


def main() -> int:
    check = wants_check(__doc__)
    seed, surface = tally_names("seed-surface.tsv"), tally_names("mxnet-1.9.1-surface.tsv")
    operators = tally_operators()
    samples = golden_samples()
    table = summary(seed, operators, surface, samples)
    readme = ROOT / "README.md"
    return publish({
        readme: between(readme.read_text(encoding="utf-8"), "status", table),
        ROOT / "docs" / "status.md": status(seed, operators, surface, samples, table),
    }, check)


if __name__ == "__main__":
    sys.exit(main())
