# SPDX-License-Identifier: Apache-2.0
"""Files that are made from the package itself: written by `make docs-tables`, compared by `make check-tables`.

A script in this folder computes the full text of its files and ends with `sys.exit(publish(texts, check))`; whether it
writes or compares is decided here only.
"""
from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHOWN = 40                                  # lines of a difference that are printed

sys.path.insert(0, str(ROOT))               # the package of this checkout, installed or not


def wants_check(description: str | None) -> bool:
    """Read the command line of such a script: `--check` is all that it takes."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not up to date")
    return parser.parse_args().check


def publish(texts: Mapping[Path, str], check: bool) -> int:
    """Write the files that differ, or with `check` say what is stale. Gives the exit status: 1 if anything is stale."""
    stale = {path: text for path, text in texts.items() if read(path) != text}
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is not up to date (run `make docs-tables`):\n{difference(path, text)}", file=sys.stderr)
        else:
            write(path, text)
            print(f"wrote {name}")
    return 1 if check and stale else 0


def read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def write(path: Path, text: str) -> None:
    from mxnet._files import atomic_write

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "w") as file:
        file.write(text)


def difference(path: Path, text: str) -> str:
    lines = list(difflib.unified_diff((read(path) or "").splitlines(), text.splitlines(), "as it is", "as it should be",
                                      lineterm="", n=1))
    more = [f"... and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
    return "\n".join(lines[:SHOWN] + more)


def between(text: str, name: str, content: str) -> str:
    """`text` with `content` put between its lines `<!-- name:begin -->` and `<!-- name:end -->`."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise SystemExit(f"there must be one line {begin!r} and, below it, one line {end!r}")
    return f"{text[:text.index(begin)]}{begin}\n{content.strip()}\n{text[text.index(end):]}"
