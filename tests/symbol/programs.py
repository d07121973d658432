# SPDX-License-Identifier: Apache-2.0
"""Little programs on symbols, each run by MXNet 1.9.1 and by this package: what they print has to be the same.

`tests/data/symbol_programs.txt` holds them, each under a line `#-- name`, or `#-- name | 3 5` where the third and fifth
line that it prints are meant to differ (see docs/differences.md). They print with `p(...)`, or with `t(function)`,
which prints RAISES for an error. As a script with MXNet's Python this writes MXNet's answers:
`.oracle/bin/python tests/symbol/programs.py`.
"""
from __future__ import annotations

import contextlib
import io
import json
import warnings
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "data"
RECORD = DATA / "symbol_programs.json"


def programs():
    """{name: (code, numbers of the lines that differ)}"""
    found = {}
    for block in (DATA / "symbol_programs.txt").read_text().split("#-- ")[1:]:
        head, _, code = block.partition("\n")
        name, _, lines = head.partition("|")
        found[name.strip()] = code, {int(number) for number in lines.split()}
    return found


def shown(value):
    """A value as text, dictionaries in the order of their keys."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(item)}" for key, item in sorted(value.items(), key=str)) + "}"
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(shown, value))
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    return str(value)


def kinds(value):
    """Inferred shapes or dtypes as text."""
    if isinstance(value, (tuple, list)):
        inner = ",".join(map(kinds, value))
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    try:
        return "None" if value is None else np.dtype(value).name
    except TypeError:
        return repr(value)


def run(mx, code):
    """The lines that a program prints."""
    lines = []

    def p(*values):
        lines.append(" ".join(map(shown, values)))

    def t(function, *args, **kwargs):
        try:
            p(function(*args, **kwargs))
        except Exception:
            lines.append("RAISES")

    scope = {"mx": mx, "S": mx.sym, "V": mx.sym.Variable, "np": np, "p": p, "t": t, "T": kinds, "json": json}
    with warnings.catch_warnings(), mx.name.NameManager(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            exec(code, scope)
        except Exception:
            lines.append("RAISES")
    return lines


if __name__ == "__main__":
    import mxnet

    answers = {name: [None if i in differ else line for i, line in enumerate(run(mxnet, code), 1)]
               for name, (code, differ) in programs().items()}
    RECORD.write_text(json.dumps(answers, indent=0, ensure_ascii=False))
    print(len(answers), "programs,", sum(map(len, answers.values())), "lines")
