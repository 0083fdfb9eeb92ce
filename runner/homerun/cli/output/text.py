"""Values as text for people: times, durations, numbers, sizes, tags."""

from __future__ import annotations

from homerun.base import terminal, times
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONE = "-"

_OK = status.COMPLETED
_STEPS = (("d", 86400), ("h", 3600), ("m", 60))


def width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, wide: int) -> str:
    """A text of at most so many columns; its middle goes, since values differ at their ends."""
    if width(text) <= wide:
        return text
    begin, end = text[: len(text) // 2], text[len(text) // 2 :]
    while (begin or end) and width(begin) + width(end) >= wide:
        begin, end = (begin[:-1], end) if len(begin) > len(end) else (begin, end[1:])
    return f"{begin}…{end}"


def printable(value: object) -> str:
    """A text without terminal control: what is not printable is shown as its escape."""
    return terminal.escaped(str(value))


def short_number(value: object) -> str:
    """A metric's value, short: a float with six digits."""
    if value is None:
        return NONE
    return f"{value:.6g}" if isinstance(value, float) else printable(value)


def last_value(value: Any) -> str:
    """The last value of a metric, short; an image is the name of its file."""
    if isinstance(value, dict):
        return f"a table of {', '.join(map(printable, value))}"
    if isinstance(value, list):
        value = value[-1] if value else None
    return short_number(value)


def tags(row: dict[str, Any]) -> str:
    """A run's tags as `a=1 b`."""
    pairs = (row.get("tags") or {}).items()
    return " ".join(printable(k) if v is None else f"{printable(k)}={_word(v)}" for k, v in pairs)


def of_param(found: object) -> str:
    """A tag's or a parameter's value: a float with six digits, `true`, `64, 32`."""
    if isinstance(found, list):
        return ", ".join(map(of_param, found))
    return str(found).lower() if isinstance(found, bool) else short_number(found)


def _word(found: object) -> str:
    """A value as one word: with blanks in it in quotes."""
    shown = of_param(found) if isinstance(found, (bool, list)) else printable(found)
    return repr(shown) if not shown or any(map(str.isspace, shown)) else shown


def below(row: dict[str, Any]) -> str:
    """What is below a run: `9 runs, 7 ok, best loss 0.21 (#23)`, or `9 runs, 7 ok, 2 failed`."""
    found = row.get("children")
    if found is None:
        return NONE
    counts = found["by_status"]
    told = [plural(found["total"]), f"{counts.get(_OK, 0):,} ok"]
    others = [f"{number:,} {_lower(name)}" for name, number in counts.items() if name != _OK]
    return ", ".join([*told, *([best_of_them(row)] if "best" in found else others)])


def best_of_them(row: dict[str, Any]) -> str:
    """The best of the runs below a run: `best loss 0.21 (#23)`; "": none is."""
    return best_in(row.get("children") or {})


def best_in(below: dict[str, Any]) -> str:
    """The same of what is known of the runs below one."""
    found = below.get("best")
    if not found:
        return ""
    which = f"#{found['run_number']}" if found["run_number"] else found["run_id"]
    value = found["value"]
    shown = f"{value:.4g}" if abs(value) < 1000 else short_number(value)
    return f"best {printable(found['metric'])} {shown} ({which})"


def _lower(name: str) -> str:
    """A status within a sentence: `not started`."""
    return "".join(f" {one.lower()}" if one.isupper() else one for one in name).strip()


def duration(seconds: float | None) -> str:
    """`0.04 s`, `1.4 s`, `12 s`, `3m 12s`, `2h 5m`, `3d 4h`."""
    if seconds is None:
        return NONE
    if seconds < 0.995:
        return f"{max(0.0, seconds):.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    rest = round(seconds)
    parts: list[str] = []
    for unit, length in (*_STEPS, ("s", 1)):
        count, rest = divmod(rest, length)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def ago(time: object, now: float) -> str:
    """How long ago a recorded time was, as `5s ago`, `3m ago`, `2h ago`, `6d ago`, or its date."""
    return times.how_long_ago(time, now) or NONE


def moment(time: object, now: float) -> str | None:
    """A recorded time in local time, and how long ago it was; as it is where it is none."""
    at = times.unix(time)
    if at is None:
        return None if time is None else str(time)
    from datetime import datetime

    shown = datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")
    since = ago(time, now)
    return f"{shown} ({since})" if since.endswith("ago") else shown


def took(row: dict[str, Any], now: float | None = None) -> float | None:
    """How many seconds a run took, or has taken up to now; None where it never started, or where
    this machine cannot tell whether it still runs.
    """
    elapsed = (row.get("outcome") or {}).get("elapsed_s")
    if isinstance(elapsed, (int, float)):
        return float(elapsed)
    begun, end = times.unix(row.get("start_time_utc")), times.unix(row.get("end_time_utc"))
    if begun is None:
        return None
    if end is None and row.get("status") != status.NOT_RESPONDING:
        end = now
    return None if end is None else max(0.0, end - begun)


def waits(row: dict[str, Any]) -> str:
    """Where a run waits, and why; of one that runs, that it shows no sign of life."""
    place = row.get("queue")
    if place:
        return f"#{place['position']}: {place['reason']}"
    return silent(row.get("silent_s")) or NONE


def rules(row: dict[str, Any], now: float) -> str:
    """The rules that have fired, a line for each: `stop: metrics.loss was nan, 3m ago`."""
    fired = row.get("rules") or []
    return "\n".join(
        f"{one['action']}: {one['seen']}, {ago(one['time_utc'], now)} (rule: {one['condition']})"
        for one in fired
    )


def silent(seconds: float | None) -> str:
    """`silent 42m`: a run prints, logs and computes nothing; "": it does."""
    return f"silent {duration(seconds)}" if seconds else ""


def script(row: dict[str, Any]) -> str:
    """A run's script."""
    return str(row.get("script_name") or NONE)


def plural(number: int, what: str = "run") -> str:
    """`1 run`, `1,234 runs`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
