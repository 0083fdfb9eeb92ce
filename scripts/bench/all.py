"""Measure the budgets, print them, and say what has moved since docs/benchmarks.md was written.

    python scripts/bench/all.py [--quick] [--write] [PART ...]

Each part is measured in a process of its own, so that none inherits another's memory.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import report
from rows import Row

_MODULE = "bench_"


def main() -> None:
    """Do what the command line says."""
    here = os.path.dirname(os.path.abspath(__file__))
    parts = sorted(name[len(_MODULE) : -3] for name in os.listdir(here) if _is_part(name))
    parser = argparse.ArgumentParser(description="Measure the budgets.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; or all")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work at all?")
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(parts)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(parts)}")
    if chosen.quick and chosen.write:
        parser.error("the page holds whole measurements: leave out --quick or --write")
    if chosen.rows:
        _tell(chosen.parts[0], chosen.quick)
    else:
        _measure(chosen.parts or parts, chosen.quick, chosen.write)


def _is_part(name: str) -> bool:
    return name.startswith(_MODULE) and name.endswith(".py")


def _tell(part: str, quick: bool) -> None:
    """One part, in this process: its rows as lines of JSON."""
    for row in importlib.import_module(_MODULE + part).measured(quick):
        print(json.dumps(dataclasses.asdict(row)), flush=True)


def _measure(parts: list[str], quick: bool, write: bool) -> None:
    moved, missed = [], []
    for part in parts:
        when = report.circumstances()
        print(f"\n{part}: {when}", flush=True)
        found = []
        for row in _rows(part, quick):
            found.append(row)
            what, value, spread, budget, kept, beside = row.cells()
            line = f"{what:<70} {value:>18} {spread:>17} {budget:>8} {kept.strip('*'):<4} {beside}"
            print(line, flush=True)
        moved += report.moved(found, report.section(part))
        missed += [row.name for row in found if row.is_kept is False]
        if write:
            report.write(part, report.budgets(found, when))
    if not quick:
        _list("moved by more than a third since docs/benchmarks.md", moved)
        _list("budgets missed", missed)


def _list(what: str, lines: list[str]) -> None:
    print(f"\n{what}:" if lines else f"\n{what}: nothing")
    print("".join(f"  {line}\n" for line in lines), end="", flush=True)


def _rows(part: str, quick: bool) -> Iterator[Row]:
    command = [sys.executable, os.path.abspath(__file__), "--rows", part]
    options = ["--quick"] if quick else []
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as measuring:
        for line in measuring.stdout or ():
            yield Row(**json.loads(line))
    if measuring.returncode:
        sys.exit(f"{part} was not measured to the end")


if __name__ == "__main__":
    main()
