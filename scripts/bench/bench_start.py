"""What an import costs over a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import measure
import rows
from rows import Row


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""

    def start(code: str) -> object:
        return subprocess.run([sys.executable, "-c", code], check=True)

    with measure.place():
        bare, package, context = measure.in_turn(
            5 if quick else 60,
            lambda: start("pass"),
            lambda: start("import homerun"),
            lambda: start("from homerun import Run; from homerun import context"),
        )
        beside = f"`python -c pass`: {measure.median(bare) * 1e3:.1f} ms"
        beside += f"; {measure.beside_one_start()}"
        yield rows.of("import homerun", _more(package, bare), "ms", 1, beside=beside)
        yield rows.of("import of the run context", _more(context, bare), "ms", 10, beside=beside)


def _more(values: list[float], floor: list[float]) -> list[float]:
    return [(a - b) * 1e3 for a, b in zip(values, floor, strict=True)]
