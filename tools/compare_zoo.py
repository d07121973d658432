# SPDX-License-Identifier: Apache-2.0
"""Hold networks of MXNet's model zoo, run by this package, against MXNet 1.9.1: writes docs/zoo.md.

`python tools/compare_zoo.py [--record] [NAME ...]`. Needs MXNet in `.oracle` (`make oracle`). Each side runs in a
process of its own (see `zoo_networks`). The table is written when all networks are compared. `--record` writes what
the tests hold against, tests/data/zoo, from MXNet's results for the small networks. Exits with 1 if a difference is
too large.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from generated import ROOT, write
from zoo_networks import FULL, SMALL, condensed, difference, packed

ORACLE, OURS = ROOT / ".oracle/bin/python", Path(sys.executable)
SCRIPT = ROOT / "tools" / "zoo_networks.py"
RECORDS = ROOT / "tests" / "data" / "zoo"
WITHOUT_ONEDNN = {"tiny_densenet"}          # a concatenation that MXNet's oneDNN cannot do
LIMITS = {"out": 1e-4, "train": 1e-4, "smooth": 1e-3, "aux": 1e-4, "back": 1e-5}
HEAD = """# Networks of MXNet's model zoo, against MXNet 1.9.1

Written by `tools/compare_zoo.py`. Each network is made and saved by MXNet, with weights from a seeded generator, and
loaded and run by both. Differences are the largest one in any array, relative to the largest magnitude in that array.

- **inference, training**: outputs ahead of and behind the softmax, with moving and with batch statistics.
- **gradient**: of all parameters, in training mode; where there is batch normalization, with softplus in place of
  rectifiers and means in place of maxima.
- **gradient as it is**: the same with the network's own rectifiers and maxima. Where rounding moves a value across
  zero, or makes another value of a window the largest, the gradient jumps; deep networks have many such values, and
  MXNet is as far from the gradient in double precision as this package is.
- **saved by us**: outputs and gradients of MXNet for the files as this package writes them, against MXNet for its own.
- **load, bind**: seconds here, for symbol and parameters; and for `simple_bind`.

| network | inference | training | gradient | gradient as it is | saved by us | load | bind |
|---|---|---|---|---|---|---|---|
"""


def side(python: Path, *arguments: str, onednn: bool = True) -> None:
    env = {**os.environ, "MXNET_MKLDNN_ENABLED": str(int(onednn)), "MXNET_STORAGE_FALLBACK_LOG_VERBOSE": "0"}
    env["PYTHONPATH"] = "" if python == ORACLE else str(ROOT)
    done = subprocess.run([str(python), str(SCRIPT), *arguments], env=env, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments[:2])}: {done.stderr.strip()[-2000:]}")


def compare(name: str, work: Path) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Differences and times for one network, and MXNet's results."""
    onednn, folder, again = name not in WITHOUT_ONEDNN, str(work / name), str(work / f"{name}-again")
    side(ORACLE, "export", name, folder)
    for python, source, result in ((ORACLE, folder, "theirs"), (OURS, folder, "ours")):
        side(python, "run", source, str(work / f"{result}.npz"), onednn=onednn)
    side(OURS, "resave", folder, again)
    side(ORACLE, "run", again, str(work / "again.npz"), onednn=onednn)
    theirs, ours, saved = (dict(np.load(work / f"{key}.npz")) for key in ("theirs", "ours", "again"))
    found = {kind: difference(ours, theirs, kind) for kind in ("out", "train", "grad", "smooth", "aux")}
    found["back"] = max(difference(saved, theirs, kind) for kind in ("out", "smooth"))
    return {**found, "load": float(ours["seconds:load"]), "bind": float(ours["seconds:bind"])}, theirs


def record(name: str, work: Path, theirs: dict[str, np.ndarray]) -> None:
    """One small file with the graph, and MXNet's results in short."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    texts = {key: np.frombuffer((work / name / file).read_bytes(), np.uint8)
             for key, file in (("symbol", "net-symbol.json"), ("inputs", "inputs.json"))}
    kept = {key: value for key, value in theirs.items() if not key.startswith(("seconds", "grad"))}
    np.savez_compressed(RECORDS / f"{name}.npz", **texts, **packed(condensed(kept)))


def row(name: str, found: dict[str, float]) -> str:
    cells = [f"{found[key]:.0e}" for key in ("out", "train", "smooth", "grad", "back")]
    return f"| {name} | {' | '.join(cells)} | {found['load']:.2f} | {found['bind']:.2f} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--record", action="store_true", help="write the small networks' results to tests/data/zoo")
    options = parser.parse_args()
    names = options.names or [*FULL, *SMALL]
    rows, failed = "", False
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            found, theirs = compare(name, Path(work))
            if options.record and name in SMALL:
                record(name, Path(work), theirs)
        rows += row(name, found)
        print(rows.splitlines()[-1], flush=True)
        failed |= any(found[kind] > limit for kind, limit in LIMITS.items())
    if not options.names:
        write(ROOT / "docs" / "zoo.md", HEAD + rows)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
