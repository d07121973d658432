# SPDX-License-Identifier: Apache-2.0
"""The command `mxtorch`: one subcommand for each tool."""
from __future__ import annotations

import sys
from collections.abc import Sequence

from . import data, im2rec, launch, rec2idx

TOOLS = {"data": data, "im2rec": im2rec, "launch": launch, "rec2idx": rec2idx}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a tool; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in TOOLS:
        print(f"usage: mxtorch {{{','.join(TOOLS)}}} ...", file=sys.stderr)
        return 0 if given[:1] in (["-h"], ["--help"]) else 2
    return TOOLS[given[0]].main(given[1:])


if __name__ == "__main__":
    sys.exit(main())
