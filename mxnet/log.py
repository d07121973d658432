# SPDX-License-Identifier: Apache-2.0
"""Loggers whose lines begin with level, time and place: `I0131 12:00:00 4242 file.py:10] message`."""
from __future__ import annotations

import logging
import sys
import warnings

__all__ = ["CRITICAL", "DEBUG", "ERROR", "INFO", "NOTSET", "WARNING", "getLogger", "get_logger"]

CRITICAL, ERROR, WARNING = logging.CRITICAL, logging.ERROR, logging.WARNING
INFO, DEBUG, NOTSET = logging.INFO, logging.DEBUG, logging.NOTSET

_COLOURS = {WARNING: "\x1b[0;33m", INFO: "\x1b[0;32m", DEBUG: "\x1b[0;34m"}
_LETTERS = {CRITICAL: "C", ERROR: "E", WARNING: "W", INFO: "I", DEBUG: "D"}


class _Formatter(logging.Formatter):
    """Formats records, the beginning of the line coloured by level for terminals."""

    def __init__(self, colored: bool = True) -> None:
        super().__init__(datefmt="%m%d %H:%M:%S")
        self.colored = colored

    def format(self, record: logging.LogRecord) -> str:
        letter = _LETTERS.get(record.levelno, "U")
        head = f"{letter}%(asctime)s %(process)d %(pathname)s:%(funcName)s:%(lineno)d"
        if self.colored:
            head = f"{_COLOURS.get(record.levelno, chr(27) + '[0;31m')}{head}]\x1b[0m"
        else:
            head += "]"
        self._style._fmt = f"{head} %(message)s"
        return super().format(record)


def get_logger(name: str | None = None, filename: str | None = None, filemode: str | None = None,
               level: int = WARNING) -> logging.Logger:
    """A logger with a handler of its own: to a file, or to the terminal.

    Parameters
    ----------
    name : the logger's name; the root logger is returned as it is
    filename, filemode : write there (default mode `"a"`), instead of to stderr
    level : the least level that is written

    >>> get_logger("example").level == WARNING
    True
    """
    logger = logging.getLogger(name)
    if name is None or getattr(logger, "_init_done", False):
        return logger
    logger._init_done = True                                   # type: ignore[attr-defined]
    handler: logging.Handler
    if filename:
        handler = logging.FileHandler(filename, filemode or "a")
        handler.setFormatter(_Formatter(colored=False))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_Formatter(colored=sys.stderr.isatty()))
    logger.addHandler(handler)
    logger.setLevel(level)
    return logger


def getLogger(name: str | None = None, filename: str | None = None, filemode: str | None = None,
              level: int = WARNING) -> logging.Logger:
    """`get_logger` by its old name, which is deprecated."""
    warnings.warn("getLogger is deprecated, use get_logger instead", DeprecationWarning, stacklevel=2)
    return get_logger(name, filename, filemode, level)
