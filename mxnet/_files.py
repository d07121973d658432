# SPDX-License-Identifier: Apache-2.0
"""Paths as MXNet takes them, and writing files so that a process that dies in the middle loses nothing."""
from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from typing import IO

from .base import MXNetNotImplementedError, MXNetTypeError


def local_path(path: str | os.PathLike[str]) -> str:
    """The path of a local file: a string or path-like, `file://` taken off. Other URIs (s3, hdfs) are not built.

    >>> local_path("file:///data/train.rec")
    '/data/train.rec'
    """
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(name, str):
        raise MXNetTypeError(f"a file name is a str or a path-like of str, not {type(path).__name__}: {path!r:.80}")
    scheme, found, rest = name.partition("://")
    if not found or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return name
    if scheme != "file":
        raise MXNetNotImplementedError(f"{name}: only local files (a path or file://) can be opened, not {scheme}://")
    return rest


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[IO]:
    """Open a temporary file beside `path`; on success it replaces `path` in one step, on any error it is removed.

    The data is on disk (fsync) before the rename, so that `path` holds the old content or the new, never a part.
    A symbolic link stays, and the file it points to is replaced. Devices and pipes are written to as they are.
    """
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
        return
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _permissions(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _permissions(path: str) -> int:
    """Those of the file that is replaced, else what a plain `open` would have given (mkstemp's are 0600)."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _sync_folder(folder: str) -> None:
    """Make the rename itself durable, where the platform can open a folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)
