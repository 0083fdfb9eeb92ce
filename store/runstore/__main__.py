"""`python -m runstore [PATH]`: the experiments and runs of any store, as text; or its check.

It only reads, and needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import os
import sys

from runstore import layout, look
from runstore.store import Store
from runstore.upkeep.check import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.run.record import Record

COLUMNS = ("run", "number", "status", "created", "script")


def main(arguments: list[str] | None = None) -> int:
    """Print a store; the exit code: 0, or 1 where there is no store or something is damaged."""
    parser = argparse.ArgumentParser(prog="python -m runstore", description="Show a store of runs.")
    parser.add_argument("path", nargs="?", default=layout.STORE_FOLDER, help="the store's folder")
    parser.add_argument("--check", action="store_true", help="name every damaged file instead")
    given = parser.parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        store = Store(given.path)
        if not store.exists():
            return _fail(f"{given.path} is not a store: it has no {layout.STORE}")
        if given.check:
            return _print_check(store)
        for line in lines(store):
            print(line)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _fail(f"{error.filename or given.path} cannot be read ({error.strerror})")
    return 0


def lines(store: Store) -> Iterator[str]:
    """The text of a store: each experiment, and below it a table of its runs, the newest first."""
    if store.damage:
        yield f"{layout.STORE}: {store.damage}"
    for name in store.experiments():
        yield _shown(name)
        rows = [COLUMNS, *(_row(record) for record in store.runs(name))]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows if len(rows) > 1 else []:
            cells = (cell.ljust(width) for cell, width in zip(row, widths))
            yield "  " + "  ".join(cells).rstrip()


def _row(record: Record) -> tuple[str, ...]:
    run = record.run
    number = run.get("number")
    created = record.created[:19].replace("T", " ")
    script = run.get("script")
    cells = (record.id, number, look.at(record).status, created, script)
    return tuple("-" if cell in (None, "") else _shown(str(cell)) for cell in cells)


def _shown(text: str) -> str:
    """Text from a file of any origin, without what moves a terminal's cursor."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _print_check(store: Store) -> int:
    found = check(store)
    for finding in found:
        print(f"{_shown(finding.path)}: {_shown(finding.problem)}")
    if not found:
        print("nothing is damaged")
    return 1 if found else 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
