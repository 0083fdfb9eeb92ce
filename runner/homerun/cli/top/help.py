"""What `homerun top` says of its keys."""

from __future__ import annotations

from homerun.cli.output import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.top.columns import Line

KEYS = (
    ("s", "stop"),
    ("r", "rerun"),
    ("t", "tag"),
    ("/", "filter"),
    ("o", "order"),
    ("enter", "large"),
    ("?", "help"),
    ("q", "quit"),
)
"""The last line: the keys, the most used first."""

HELP = (
    "",
    "↑ ↓  j k      select a run; page up, page down, home, end",
    "enter, l      the selected run on the whole screen, and back",
    "tab           of its metrics, log and children the next part first",
    "space         show the runs that wait one by one, or as one line",
    "s             stop it and all below it, after a question",
    "r             submit it again, after a question",
    "t             set a tag on it: key=value",
    "/             only runs for which this holds: metrics.loss < 0.1 and",
    "              status = Failed, or plain words that stand in the row",
    "escape        back; from the table: all runs again",
    "o, O          another order; the same the other way around",
    "q             quit, which ends no run",
    "",
    "▶ runs  ▷ is prepared  … waits  ✓ Completed  ✗ Failed  ◼ Canceled  ? unknown",
    "left          what is left, by its metric `progress` (above 0, at most 1), else",
    "              by how long the Completed runs of its batch took",
    "cpu, mem      of all its processes now; of this user's runs on this host only",
)


def key_line(wide: int) -> Line:
    """As many of the keys as there is room for, in one line."""
    line: Line = []
    used = 0
    for key, what in KEYS:
        used += text.width(f" {key} {what} ")
        if used < wide:
            line += [(f" {key}", "heading"), (f" {what} ", "dim")]
    return line
