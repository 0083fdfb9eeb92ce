"""docs/benchmarks.md: tables with the day and the machine, between markers; the rest is prose.

A table called `log` lies between `<!-- log -->` and `<!-- end of log -->`.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time

import rows
from rows import Row

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = f"{REPOSITORY}/docs/benchmarks.md"
_MOVED = 4 / 3


def section(name: str) -> str:
    """What the page says between a name's markers."""
    page = _read()
    begin, end = _markers(page, name)
    return page[begin:end]


def write(name: str, text: str) -> None:
    """Put a text between a name's markers."""
    page = _read()
    begin, end = _markers(page, name)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"{page[:begin]}\n{text}\n\n{page[end:]}")


def budgets(found: list[Row], when: str) -> str:
    """A part of the table of budgets."""
    return f"{when}\n\n{rows.table(rows.COLUMNS, [row.cells() for row in found])}"


def moved(found: list[Row], before: str) -> list[str]:
    """What differs by more than a third from the page, a line each."""
    was = {cells[0]: cells[1] for cells in map(_cells, before.splitlines()) if len(cells) > 1}
    told = []
    for row in found:
        now = row.cells()[1]
        old = was.get(row.name)
        if old is None:
            told.append(f"{row.name}: {now}, new")
        elif _has_moved(row.value, float(old.split()[0].replace(",", ""))):
            told.append(f"{row.name}: {now}, was {old}")
    return told


def circumstances() -> str:
    """When, on what and under which load: a sentence to stand above a table."""
    load = os.getloadavg()[0]
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    cores = os.cpu_count()
    loaded = f"load {load:.1f} before it on {cores} cores"
    python = f"Python {platform.python_version()}"
    machine = f"{_processor()}, Linux {platform.release()}, {python}"
    return f"Measured {day}, {loaded}; {machine}, {_commit()}."


def _has_moved(now: float, old: float) -> bool:
    if now == old:
        return False
    low, high = sorted((now, old))
    return low <= 0 or high / low > _MOVED


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def _read() -> str:
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def _markers(page: str, name: str) -> tuple[int, int]:
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if first not in page or last not in page:
        sys.exit(f"{PAGE} has no place for {name}: put {first.strip()} and {last} into it")
    return page.index(first) + len(first), page.index(last)


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    command = ["git", "-C", REPOSITORY, "rev-parse", "--short", "HEAD"]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    return f"commit {made.stdout.strip()}" if made.returncode == 0 else "no commit"
