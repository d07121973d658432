# SPDX-License-Identifier: Apache-2.0
"""Record scenarios with MXNet 1.9.1: `python tests/scenarios/record.py [name ...]`, run by MXNet's interpreter."""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    here = Path(__file__).resolve().parent
    sys.path = [str(here.parent)] + [path for path in sys.path if Path(path or ".").resolve() not in
                                     (here, here.parent.parent)]
    # MXNet as its own graphs have it: operators that oneDNN fuses would have other names.
    os.environ.update(MXNET_ENGINE_TYPE="NaiveEngine", MXNET_SUBGRAPH_BACKEND="NONE")
    import mxnet as mx
    from scenarios.stage import RECORDED, run, stage_of
    if not hasattr(mx, "libinfo"):
        sys.exit("this is not MXNet: run me with an interpreter that has Apache MXNet 1.9.1")
    for name in sys.argv[1:] or ["metric", "callback", "lr_scheduler", "initializer", "io", "programs"]:
        stage = stage_of(name)
        found = {title: run(scenario, mx) for title, scenario in stage.scenarios.items()}
        lines = [f"{json.dumps(title)}: {json.dumps(value)}" for title, value in found.items()]
        (RECORDED / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
        print(f"{name}: {len(found)} scenarios")


if __name__ == "__main__":
    main()
