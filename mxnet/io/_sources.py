# SPDX-License-Identifier: Apache-2.0
"""Which files a parameter such as `path_imgrec` or `data_csv` means: one, several, those of a folder or a pattern."""
from __future__ import annotations

import os
import re

from .._files import local_path
from ..base import MXNetError


def files_of(paths: str | os.PathLike[str]) -> list[str]:
    """The files that MXNet reads, one after the other, for a path.

    Several paths stand with `;` between. A folder stands for the files in it that are not empty. The last part of a
    path that does not exist may be a regular expression for file names. Both in the order of their names (in MXNet, in
    the order in which the system happens to list them). Raises MXNetError when there is no such file.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> [(folder / name).write_text("1,2") for name in ("b.csv", "a.csv")]
    [3, 3]
    >>> [os.path.basename(path) for path in files_of(folder)]
    ['a.csv', 'b.csv']
    """
    name = local_path(paths)
    if os.path.exists(name):
        return _files_at(name)
    return [found for path in name.split(";") if path for found in _files_at(local_path(path))] or [name]


def _files_at(path: str) -> list[str]:
    if os.path.isdir(path):
        found = [os.path.join(path, name) for name in sorted(os.listdir(path))]
        found = [name for name in found if os.path.isfile(name) and os.path.getsize(name)]
        if not found:
            raise MXNetError(f"{path}: the folder has no files that are not empty")
        return found
    folder, pattern = os.path.split(path)
    if os.path.exists(path) or not os.path.isdir(folder or "."):
        return [path]
    try:
        matches = [name for name in sorted(os.listdir(folder or ".")) if re.fullmatch(pattern, name)]
    except re.error:
        matches = []
    return [os.path.join(folder, name) for name in matches] or [path]
