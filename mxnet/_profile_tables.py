# SPDX-License-Identifier: Apache-2.0
"""Statistics of what torch's profiler has recorded, by our operators and nodes.

A range that we named (`Convolution conv0`) counts for its operator and its node. What autograd runs later for torch
operators within that range has their sequence number, and counts as `_backward_Convolution`.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Labels = dict[str, Any]                # name of a range -> (operator, node or None); None for a scope of the user's
Rows = list[tuple[str, float]]         # name, microseconds
Statistics = dict[str, dict[str, float]]


def by_group(finished: Iterable[Any], labels: Labels, own: Mapping[str, Rows]) -> dict[str, Rows]:
    """All that was recorded by the names of groups, in the order of the table."""
    groups: dict[str, Rows] = {"operator": [], "node": [], "scope": []}
    torch: Rows = []
    for done in finished:
        _sort(list(done.events()), labels, groups, torch)
    found = {name: rows for name, rows in groups.items() if rows or name == "operator"}
    for name, rows in own.items():
        found[name] = found.get(name, []) + rows
    return {**found, "torch": torch}


def _sort(events: list[Any], labels: Labels, groups: dict[str, Rows], torch: Rows) -> None:
    sources: dict[tuple[int, int], Any] = {}           # thread and sequence number -> the range of ours
    for event in events:
        if event.name not in labels and event.sequence_nr >= 0 and not event.fwd_thread:
            around = _enclosing(event, labels)
            if around is not None:                     # the last with that number: those before did not use it up
                sources[(event.thread, event.sequence_nr)] = around
    later: dict[int, tuple[Any, float]] = {}
    for event in events:
        time = event.time_range.elapsed_us()
        if event.name not in labels:
            torch.append((event.name, time))
            around = sources.get((event.fwd_thread, event.sequence_nr))
            if around is not None and event.scope == _BACKWARD:
                later[id(around)] = (around, later.get(id(around), (around, 0.0))[1] + time)
        elif labels[event.name] is None:
            groups["scope"].append((event.name, time))
        else:
            operator, node = labels[event.name]
            _count(operator, node, time, groups)
    for around, time in later.values():
        operator, node = labels[around.name]
        _count(f"_backward_{operator}", node, time, groups)


_BACKWARD = 1                          # torch's number for functions of the backward pass


def _enclosing(event: Any, labels: Labels) -> Any:
    while event is not None and labels.get(event.name) is None:
        event = event.cpu_parent
    return event


def _count(operator: str, node: str | None, time: float, groups: dict[str, Rows]) -> None:
    groups["operator"].append((operator, time))
    if node is not None:
        groups["node"].append((f"{operator} {node}", time))


def statistics(durations: Rows) -> Statistics:
    """Count, total, least, most and mean for each name, in milliseconds."""
    times: dict[str, list[float]] = {}
    for name, microseconds in durations:
        times.setdefault(name, []).append(microseconds / 1e3)
    return {name: _figures(values) for name, values in times.items()}


def _figures(values: list[float]) -> dict[str, float]:
    return {"Count": len(values), "Total": sum(values), "Min": min(values), "Max": max(values),
            "Avg": sum(values) / len(values)}


def memory(finished: Iterable[Any]) -> dict[str, Statistics]:
    """What torch's allocator has given out since the start, after each change, in kB."""
    totals = []
    for done in finished:
        now = 0
        changes = [event for event in done.profiler.kineto_results.events() if event.name() == "[memory]"]
        for event in sorted(changes, key=lambda event: event.start_ns()):
            now += event.nbytes()
            totals.append(now / 1e3)
    if not totals:
        return {}
    return {"Device Storage": {"Memory": {key: value for key, value in _figures(totals).items() if key != "Total"}}}


def table(groups: Mapping[str, Statistics], used: Mapping[str, Statistics], counters: Mapping[str, Any]) -> str:
    """All of it as text."""
    lines = ["", "Profile Statistics:"]
    for title, rows in used.items():
        lines += _part(title, rows, ("Min", "Max", "Avg"), ("Min Use (kB)", "Max Use (kB)", "Avg Use (kB)"))
    for title, rows in groups.items():
        lines += _part(title, rows, ("Total", "Min", "Max", "Avg"),
                       ("Time (ms)", "Min Time (ms)", "Max Time (ms)", "Avg Time (ms)"))
    if counters:
        lines += ["Counter", "=" * 17, *[f"{name[:39]:<40}{value:>16}" for name, value in counters.items()], ""]
    return "\n".join(lines) + "\n"


def _part(title: str, rows: Statistics, keys: tuple[str, ...], heads: tuple[str, ...]) -> list[str]:
    lines = [title, "=" * 17, f"{'Name':<40}" + "".join(f"{head:>16}" for head in ("Total Count", *heads))]
    for name, row in rows.items():
        lines.append(f"{name[:39]:<40}{row['Count']:>16}" + "".join(f"{row[key]:>16.4f}" for key in keys))
    return [*lines, ""]
