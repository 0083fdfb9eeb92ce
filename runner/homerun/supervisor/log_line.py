"""Lines for people in supervisor.log, which is the supervisor's standard error."""

from __future__ import annotations

import os

from runstore.fs import clock


def write(line: str, log: int = 2) -> None:
    """Add one line, whatever is in it: an argument with a line end forges no second one."""
    if not line.isprintable():
        from homerun.base.terminal import escaped  # hardly ever needed

        line = escaped(line)
    try:
        os.write(log, f"{clock.now()} {line}\n".encode("utf-8", "replace"))
    except OSError:
        return  # a full disk: the facts matter, the line does not
