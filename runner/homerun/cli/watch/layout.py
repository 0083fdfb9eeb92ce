"""What `homerun run watch` shows, as lines: the table of runs, the end of a log, the help."""

from __future__ import annotations

from homerun.base import times
from homerun.cli.output import console, text
from runstore.status import RUNNING, TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

KEYS = "↑↓ select  l log  c cancel  t tag  o open  / filter  ? help  q quit"
HELP = (
    "up, down, j, k       select a run; page up, page down, home, end",
    "l, Enter             follow its log; q leads back",
    "c                    cancel it, after a question",
    "t                    set a tag on it: key=value",
    "o                    show where its folder is",
    "/                    show only runs that contain a text; Escape shows all again",
    "?                    this help",
    "q                    quit",
    "",
    "Live runs come first, the newest on top; then the newest of the others.",
    "Only c ends a run; nothing else here does.",
)
_GAP = "  "
_COLUMNS = ("run", "status", "elapsed", "experiment", "#", "script", "tags")
_EXPENDABLE = ("tags", "script", "#", "experiment")
_LEAST_METRICS = 18
_MOST = {"experiment": 20, "script": 24, "tags": 30}


def head(rows: Sequence[dict[str, Any]], of: int, needle: str, wide: int) -> str:
    """How many runs there are, by status."""
    counted: dict[str, int] = {}
    for row in rows:
        counted[row["status"]] = counted.get(row["status"], 0) + 1
    live = [f"{number} {name}" for name, number in counted.items() if name not in TERMINAL]
    over = sum(number for name, number in counted.items() if name in TERMINAL)
    line = ", ".join([*live, f"{over} over"] if rows else ["no runs"])
    if needle:
        line += f"; {len(rows)} of {of} with {text.printable(needle)!r}"
    return console.bold(cut(f"runs: {line}", wide))


def table_lines(
    rows: Sequence[dict[str, Any]], selected: str | None, room: tuple[int, int], now: float
) -> list[str]:
    """A heading and a line for each of these runs; the selected one is reversed."""
    wide, high = room
    cells = [_cells(row, now) for row in rows]
    widths = _widths(cells, wide)
    heading = _GAP.join([*(_fill(name, width) for name, width in widths.items()), "metrics"])
    made = [console.bold(cut(heading, wide))]
    for row, known in zip(rows[: high - 1], cells):
        parts = [_fill(known[name], width) for name, width in widths.items()]
        line = cut(_GAP.join([*parts, _doing(row)]), wide)
        if row["id"] == selected:
            made.append(f"\x1b[7m{_fill(line, wide)}\x1b[0m")
            continue
        start = len(parts[0]) + len(_GAP)
        end = start + len(parts[1])
        status = console.coloured(line[start:end], console.COLOURS.get(row["status"]))
        made.append(line[:start] + status + line[end:])
    return made


def log_lines(lines: Sequence[str], room: tuple[int, int]) -> list[str]:
    """The last lines of a log; of a progress bar the last state."""
    wide, high = room
    shown = [next((part for part in reversed(line.split("\r")) if part), "") for line in lines]
    return [cut(text.printable(line.expandtabs()), wide) for line in shown[-high:]]


def cut(line: str, wide: int) -> str:
    """A line, cut to this width."""
    if text.width(line) <= wide:
        return line
    kept, used = [], 0
    for character in line:
        used += text.width(character)
        if used >= wide:
            break
        kept.append(character)
    return "".join(kept) + ("…" if wide > 0 else "")


def contains(row: dict[str, Any], needle: str) -> bool:
    """Whether any field of a run contains a text."""
    known = [row[key] for key in ("id", "experiment", "name", "script", "status", "description")]
    known += [part for pair in row["tags"].items() for part in pair]
    return any(needle.casefold() in str(one).casefold() for one in known if one)


def _cells(row: dict[str, Any], now: float) -> dict[str, str]:
    seconds = row["duration_s"]
    if seconds is None:
        begun, end = times.unix(row["started"]), times.unix(row["ended"])
        seconds = None if begun is None else max(0.0, (end or now) - begun)
        if seconds is not None and end is None:
            seconds = float(int(seconds))
    known = {
        "run": row["id"],
        "status": row["status"],
        "elapsed": text.duration(seconds) if seconds != 0 else "0 s",
        "experiment": row["experiment"],
        "#": text.NONE if row["number"] is None else row["number"],
        "script": row["script"] or text.NONE,
        "tags": text.tags(row),
    }
    return {name: text.printable(value) for name, value in known.items()}


def _doing(row: dict[str, Any]) -> str:
    """The last values of a run's metrics, or why it waits."""
    if row.get("waits"):
        return text.printable(row["waits"])
    shown = row.get("shown") or []
    line = _GAP.join(
        f"{text.printable(one['name'])} {text.short_number(one['last'])}" for one in shown
    )
    steps = [one["last_step"] for one in shown if one["last_step"] is not None]
    if steps and row["status"] == RUNNING:
        line += f"{_GAP}step {max(steps)}"
    return line


def _widths(cells: list[dict[str, str]], room: int) -> dict[str, int]:
    """The columns that fit beside the metrics, each with its width."""
    widths = {
        name: min(
            max([len(name), *(text.width(known[name]) for known in cells)]),
            _MOST.get(name, room),
        )
        for name in _COLUMNS
    }
    for name in _EXPENDABLE:
        if sum(widths.values()) + len(_GAP) * len(widths) + _LEAST_METRICS <= room:
            break
        del widths[name]
    return widths


def _fill(line: str, wide: int) -> str:
    kept = cut(line, wide)
    return kept + " " * (wide - text.width(kept))
