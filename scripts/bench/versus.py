"""What the tools were measured at, as tables side by side."""

from __future__ import annotations

from typing import Any

import measure
import rows

_NONE = "-"


def tables(found: dict[str, Any], sizes: list[int]) -> str:
    """The section of the page: launch, logging, lists, and when each tool was measured."""
    there = {name: one for name, one in found.items() if "missing" not in one}
    grown = {name: one for name, one in there.items() if one.get("grown")}
    parts = [
        "### Starting a script, and opening a run",
        rows.table(
            ("tool", "launch, warm process", "launch, shell command", "a script with a run"),
            ([_named(name, one), *_launch(one)] for name, one in there.items() if "launch" in one),
        ),
        "### Logging, and what a SIGKILL takes",
        rows.table(
            ("tool", "points a second", "until the run is closed", "lost of acknowledged points"),
            ([_named(name, one), *_log(one)] for name, one in there.items() if "log" in one),
        ),
    ]
    parts += [
        "### Making runs",
        rows.table(
            ("tool", "ended runs a second, each with a tag and a point"),
            ([_named(name, one), _made(one["grown"])] for name, one in grown.items()),
        ),
    ]
    for number, what in enumerate(("The newest 50 runs", "The newest 50 runs of a tag")):
        columns = ["tool", *(f"{size:,} runs" for size in sizes), "largest over smallest"]
        lines = [
            [_named(name, one), *_grown(one["grown"], number, sizes)] for name, one in grown.items()
        ]
        parts += [f"### {what}", rows.table(columns, lines)]
    queued = {name: one["queue"][0] for name, one in there.items() if one.get("queue")}
    fastest = sorted(queued, key=lambda name: _over_floor(queued[name]))
    parts += [
        "### A thousand scripts through two slots",
        rows.table(
            ("tool", "over `xargs -P2`", "each", "what it has on record of each"),
            ([_named(name, there[name]), *_queued(queued[name])] for name in fastest),
        ),
    ]
    parts += ["### When", "\n".join(_when(name, one) for name, one in found.items())]
    return "\n\n".join(parts)


def _named(name: str, one: dict[str, Any]) -> str:
    return f"{name} {one['version']}"


def _when(name: str, one: dict[str, Any]) -> str:
    reason = f" Missing: {one['missing']}." if "missing" in one else ""
    alone = "".join(f" The part {part!r}: {when}" for part, when in one.get("alone", {}).items())
    return f"- {name}: {one['when']}{reason}{alone}"


def _launch(one: dict[str, Any]) -> list[str]:
    """Each way as a ratio to the bare script, and as milliseconds."""
    if not one["launch"]:
        return ["failed"] * 3
    taken = one["launch"][0]
    cells = []
    for way in ("launch", "command", "opens"):
        if way in taken:
            ratio = measure.median(measure.ratios(taken[way], taken["bare"]))
            in_ms = measure.median(taken[way]) * 1e3
            cells.append(f"{rows.figure(ratio)} x ({in_ms:,.0f} ms)")
        else:
            cells.append(_NONE)
    return cells


def _log(one: dict[str, Any]) -> list[str]:
    if not one["log"]:
        return ["failed"] * 3
    taken = one["log"][0]
    called, closed = (taken["points"] / taken[key] for key in ("calls", "closed"))
    kills = [kill for kill in one.get("kills", ()) if len(kill) == 2]
    acknowledged = sum(kill[0] for kill in kills)
    lost = sum(max(0, kill[0] - kill[1]) for kill in kills)
    killed = f"{lost:,} of {acknowledged:,}" if kills else "failed"
    if taken["counted"] != taken["points"] + 1:
        killed = f"only {taken['counted']:,} found of {taken['points'] + 1:,} after a clean end"
    return [f"{called:,.0f}", f"{closed:,.0f}", killed]


def _made(grown: list[dict[str, Any]]) -> str:
    """By the first hundred."""
    first = grown[0]
    return f"{first['made'] / first['seconds']:,.1f}" if "seconds" in first else _NONE


def _over_floor(queued: dict[str, Any]) -> float:
    return float(queued["taken"] / queued["floor"])


def _queued(queued: dict[str, Any]) -> list[str]:
    each = queued["taken"] / queued["runs"] * 1e3
    few = "" if queued["runs"] >= 1000 else f" (of {queued['runs']})"
    return [f"{rows.figure(_over_floor(queued))} x", f"{each:,.1f} ms{few}", queued["keeps"]]


def _grown(grown: list[dict[str, Any]], number: int, sizes: list[int]) -> list[str]:
    """Milliseconds at each size; where it did not get there, how far it got."""
    at = {step["made"]: step["queries"][number] for step in grown if "queries" in step}
    cells = [f"{rows.figure(at[size] * 1e3)} ms" if size in at else _NONE for size in sizes]
    made = max((step["made"] for step in grown), default=0)
    if made not in at and made:
        cells[len(at)] = f"{_NONE} ({made:,} made in time)"
    ratio = _NONE
    if len(at) > 1:
        ratio = f"{rows.figure(at[max(at)] / at[min(at)])} x"
    return [*cells, ratio]
