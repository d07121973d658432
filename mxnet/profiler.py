# SPDX-License-Identifier: Apache-2.0
"""Profiling, on torch.profiler: a table of operators, and a trace for chrome://tracing or Perfetto.

While it runs, each operator is a range of the trace that bears its name, and the node's where it belongs to a bound
symbol; what torch runs for it (`aten::convolution`) is nested in it. Tasks, frames, events, counters and markers are
the user's own entries; they are kept while the profiler runs and stand in table and trace beside the operators.
"""
from __future__ import annotations

import json
import os
import tempfile
import time
import warnings
from contextlib import AbstractContextManager
from typing import Any

import torch

from ._clib import c_str, c_str_array, check_call, py_str  # noqa: F401
from ._files import atomic_write
from ._old_names import lend
from ._profile_tables import Labels, by_group, memory, statistics, table
from ._watching import set_profile
from .base import MXNetAssertionError, MXNetKeyError, MXNetTypeError, MXNetValueError, nearest

__all__ = ["Counter", "Domain", "Event", "Frame", "Marker", "Task", "dump", "dump_profile", "dumps", "pause",
           "profiler_set_config", "profiler_set_state", "resume", "scope", "set_config", "set_kvstore_handle",
           "set_state"]

_CONFIG: dict[str, Any] = {
    "filename": "profile.json", "profile_all": False, "profile_symbolic": False, "profile_imperative": False,
    "profile_memory": False, "profile_api": False, "continuous_dump": False, "contiguous_dump": False,
    "dump_period": 1.0, "aggregate_stats": False, "profile_process": "worker",
    "gpu_memory_profile_filename_prefix": "gpu_memory_profile"}


class _Session:
    """What is being, or has been, recorded."""

    def __init__(self) -> None:
        self.config = dict(_CONFIG)
        self.active: Any = None                          # the running torch profiler
        self.finished: list[Any] = []                    # those that ran before a pause or stop
        self.traces: dict[int, dict[str, Any]] = {}      # their traces by id, which torch gives once
        self.paused = False
        self.own: list[dict[str, Any]] = []              # the user's entries, as chrome trace events
        self.labels: Labels = {}                         # what the names of our ranges stand for

    def start(self) -> None:
        if self.active is None:
            activities = [torch.profiler.ProfilerActivity.CPU]
            if torch.cuda.is_available():
                activities.append(torch.profiler.ProfilerActivity.CUDA)
            self.active = torch.profiler.profile(activities=activities, acc_events=True,
                                                 profile_memory=bool(self.config["profile_memory"]))
            self.active.start()
            set_profile(self.range)

    def range(self, operator: str, node: str | None) -> AbstractContextManager[Any]:
        """The range of one operator, of a node of a symbol or an array call."""
        name = operator if node is None else f"{operator} {node}"
        self.labels.setdefault(name, (operator, node))
        return torch.profiler.record_function(name)

    def stop(self) -> None:
        if self.active is not None:
            set_profile(None)
            self.active.stop()
            self.finished.append(self.active)
            self.active = None

    def forget(self) -> None:
        self.finished, self.own, self.traces = [], [], {}

    def note(self, **event: Any) -> None:
        if self.active is not None:
            self.own.append({"pid": "mxnet", "tid": 0, "ts": time.time_ns() / 1e3, **event})


_session = _Session()


_PROFILER_COMMAND = 5              # MXNet's number for commands to servers that concern the profiler
_servers: Any = None               # the store whose servers are profiled


def _sent(profile_process: str, call: str, **arguments: Any) -> bool:
    """Whether a call was for the servers, and is theirs now."""
    if profile_process == "worker":
        return False
    if profile_process != "server":
        raise MXNetValueError(f"profile_process is 'worker' or 'server', not {profile_process!r}")
    if _servers is None:
        raise MXNetValueError("profile_process='server': say which servers, with set_kvstore_handle(store)")
    _servers._send_command_to_servers(_PROFILER_COMMAND, json.dumps({"call": call, "arguments": arguments}))
    return True


def set_config(**kwargs: Any) -> None:
    """Configure: `filename` of the trace, `aggregate_stats` for `dumps`; MXNet's other options are accepted.

    `profile_memory` adds the memory that torch's allocator has given out to the statistics. What is recorded is always
    all operators of the thread that starts the profiler. Raises ValueError for an unknown option.
    """
    for key, value in kwargs.items():
        if key not in _CONFIG:
            raise MXNetValueError(f"set_config: there is no option {key!r}.{nearest(key, _CONFIG)} "
                                  f"Options: {', '.join(_CONFIG)}")
        if key == "filename" and not isinstance(value, (str, os.PathLike)):
            raise MXNetTypeError(f"set_config: filename is a path, not {type(value).__name__}")
    if _sent(kwargs.get("profile_process", "worker"), "set_config",
             **{key: value for key, value in kwargs.items() if key != "profile_process"}):
        return
    _session.config.update(kwargs)


def set_state(state: str = "stop", profile_process: str = "worker") -> None:
    """`"run"` starts recording, anew if it was stopped; `"stop"` ends it. Raises KeyError for another state."""
    if state not in ("run", "stop"):
        raise MXNetKeyError(f"the state of the profiler is 'run' or 'stop', not {state!r}")
    if _sent(profile_process, "set_state", state=state):
        return
    _session.paused = False
    if state == "stop":
        _session.stop()
    elif _session.active is None:
        _session.start()


def pause(profile_process: str = "worker") -> None:
    """Stop recording until `resume`."""
    if _sent(profile_process, "pause"):
        return
    if _session.active is not None:
        _session.stop()
        _session.paused = True


def resume(profile_process: str = "worker") -> None:
    """Record again after `pause`."""
    if _sent(profile_process, "resume"):
        return
    if _session.paused:
        _session.paused = False
        _session.start()


def dump(finished: bool = True, profile_process: str = "worker") -> None:
    """Write what is recorded to the configured file, as a chrome trace; recording ends if `finished`, else goes on."""
    if _sent(profile_process, "dump", finished=finished):
        return
    running = _session.active is not None
    _session.stop()
    trace: dict[str, Any] = {"traceEvents": []}
    for done in _session.finished:
        part = _session.traces.get(id(done)) or _session.traces.setdefault(id(done), _chrome(done))
        trace = {**part, "traceEvents": trace["traceEvents"] + _absolute(part)}
    trace["traceEvents"] += _session.own
    for key in ("baseTimeNanoseconds", "traceName"):     # times are absolute now, and the name was a temporary file
        trace.pop(key, None)
    with atomic_write(_session.config["filename"], "w") as file:
        json.dump(trace, file)
    if running and not finished:
        _session.start()


def _chrome(done: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        done.export_chrome_trace(path)
        with open(path, encoding="utf-8") as file:
            return json.load(file)


def _absolute(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """A trace's events with times since 1970, in microseconds, as the user's own have them."""
    base = trace.get("baseTimeNanoseconds", 0) / 1e3
    return [{**event, "ts": event["ts"] + base} if "ts" in event else event for event in trace["traceEvents"]]


_SORT = {"total": "Total", "avg": "Avg", "min": "Min", "max": "Max", "count": "Count"}


def dumps(reset: bool = False, format: str = "table", sort_by: str = "total", ascending: bool = False) -> str:
    """Statistics of what is recorded so far, in milliseconds.

    The groups are "operator" (`Convolution`, and `_backward_Convolution` for its gradients), "node" (the same for each
    node of bound symbols), "scope", one for each of the user's domains, "event", and "torch" (what ran underneath).

    `format` is "table" or "json", `sort_by` "total", "avg", "min", "max" or "count"; `reset` forgets it afterwards.
    Raises ValueError for others.

    >>> import mxnet as mx
    >>> mx.profiler.set_state("run")
    >>> x = mx.nd.ones((2, 2)).exp()
    >>> mx.profiler.set_state("stop")
    >>> "exp" in mx.profiler.dumps(reset=True)
    True
    """
    if format not in ("table", "json"):
        raise MXNetAssertionError(f"format is 'table' or 'json', not {format!r}")
    if sort_by not in _SORT:
        raise MXNetAssertionError(f"sort_by is one of {', '.join(_SORT)}, not {sort_by!r}")
    for option, value in (("reset", reset), ("ascending", ascending)):
        if value not in (False, True):
            raise MXNetAssertionError(f"{option} is True or False, not {value!r}")
    running = _session.active is not None
    _session.stop()
    own = {category: [(e["name"], e["dur"]) for e in _session.own if e["ph"] == "X" and e["cat"] == category]
           for category in dict.fromkeys(e["cat"] for e in _session.own if e["ph"] == "X")}
    groups = {name: statistics(rows) for name, rows in by_group(_session.finished, _session.labels, own).items()}
    counters = {e["name"]: e["args"]["value"] for e in _session.own if e["ph"] == "C"}
    order = {group: dict(sorted(rows.items(), key=lambda item: item[1][_SORT[sort_by]], reverse=not ascending))
             for group, rows in groups.items()}
    used = memory(_session.finished) if _session.config["profile_memory"] else {}
    if reset:
        _session.forget()
    if running:
        _session.start()
    if format == "json":
        parts = {"Time": order, "Memory": used, "Counter": counters, "Unit": {"Time": "ms", "Memory": "kB"}}
        return json.dumps(parts, indent=4)
    return table(order, used, counters)


def profiler_set_config(mode: str = "symbolic", filename: str = "profile.json") -> None:
    """The older form of `set_config`."""
    warnings.warn("profiler_set_config is deprecated, use set_config", DeprecationWarning, stacklevel=2)
    set_config(filename=filename, **{f"profile_{mode}": True})


def profiler_set_state(state: str = "stop") -> None:
    """The older form of `set_state`."""
    warnings.warn("profiler_set_state is deprecated, use set_state", DeprecationWarning, stacklevel=2)
    set_state(state)


def dump_profile() -> None:
    """The older form of `dump`."""
    warnings.warn("dump_profile is deprecated, use dump", DeprecationWarning, stacklevel=2)
    dump(True)


def set_kvstore_handle(handle: Any) -> None:
    """Name the (distributed) store whose servers `profile_process="server"` means."""
    global _servers
    _servers = handle


def scope(name: str = "<unk>:") -> Any:
    """A scope whose time is an entry of the profile: `with mx.profiler.scope("block"): ...`."""
    _session.labels[name] = None
    return torch.profiler.record_function(name)


# ---- the user's entries -------------------------------------------------------------------------

class Domain:
    """A named group of entries."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def new_task(self, name: str) -> Task:
        """A Task of this domain."""
        return Task(self, name)

    def new_frame(self, name: str) -> Frame:
        """A Frame of this domain."""
        return Frame(self, name)

    def new_counter(self, name: str, value: int | None = None) -> Counter:
        """A Counter of this domain."""
        return Counter(self, name, value)

    def new_marker(self, name: str) -> Marker:
        """A Marker of this domain."""
        return Marker(self, name)


class _Interval:
    """A time between `start` and `stop`; also a scope."""

    def __init__(self, category: str, name: str) -> None:
        self.name, self._category = name, category
        self._since: int | None = None

    def __str__(self) -> str:
        return self.name

    def start(self) -> None:
        """Begin."""
        self._since = time.time_ns()

    def stop(self) -> None:
        """End; noted if the profiler runs."""
        if self._since is not None:
            _session.note(ph="X", cat=self._category, name=self.name, ts=self._since / 1e3,
                          dur=(time.time_ns() - self._since) / 1e3)
            self._since = None

    def __enter__(self) -> _Interval:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


class Task(_Interval):
    """Work that may be spread over threads: an interval of a domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(domain.name, name)


class Frame(_Interval):
    """One of a repeated pass, such as a batch: an interval of a domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(domain.name, name)


class Event(_Interval):
    """An interval of a thread, without a domain."""

    def __init__(self, name: str) -> None:
        super().__init__("event", name)


class Counter:
    """A number that changes; `+=` and `-=` change it. Raises ValueError for anything but whole numbers."""

    def __init__(self, domain: Domain, name: str, value: int | None = None) -> None:
        self.name, self._category, self._value = name, domain.name, 0
        if value is not None:
            self.set_value(value)

    def __str__(self) -> str:
        return self.name

    def set_value(self, value: int) -> None:
        """Set the number."""
        self._value = int(value)
        _session.note(ph="C", cat=self._category, name=self.name, args={"value": self._value})

    def increment(self, delta: int = 1) -> None:
        """Add to the number."""
        self.set_value(self._value + int(delta))

    def decrement(self, delta: int = 1) -> None:
        """Take from the number."""
        self.increment(-int(delta))

    def __iadd__(self, delta: int) -> Counter:
        self.increment(delta)
        return self

    def __isub__(self, delta: int) -> Counter:
        self.decrement(delta)
        return self


class Marker:
    """A moment of a domain."""

    _SCOPES = {"process": "p", "thread": "t", "task": "t", "marker": "t", "global": "g"}

    def __init__(self, domain: Domain, name: str) -> None:
        self.name, self._category = name, domain.name

    def __str__(self) -> str:
        return self.name

    def mark(self, scope: str = "process") -> None:
        """Note the present moment, of the "process", "global", "thread", "task" or "marker"."""
        if scope not in self._SCOPES:
            raise MXNetValueError(f"scope is one of {', '.join(self._SCOPES)}, not {scope!r}")
        _session.note(ph="i", cat=self._category, name=self.name, s=self._SCOPES[scope])


lend(__name__)
