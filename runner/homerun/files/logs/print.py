"""Printing a run's output as it comes, with the original's headings."""

from __future__ import annotations

import codecs
import sys

from homerun.base import terminal
from homerun.files.logs import follow
from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runstore.run.record import Record


def output(record: Record) -> None:
    """Print the run's output as it comes, until it is over, between heading and summary."""
    streaming = f"Streaming {layout.STD_LOG}"
    _write(f"RunId: {record.id}\nDirectory: {record.path}\n\n")
    _write(f"{streaming}\n{'=' * len(streaming)}\n\n")
    stream(record)
    _write(f"\nExecution Summary\n=================\nRunId: {record.id}\n")
    _write(f"Directory: {record.path}\n")


def stream(record: Record) -> None:
    """Copy the output, decoded: a character that is split over two reads stays whole."""
    show = terminal.Screen().show if sys.stdout.isatty() else _decoder()
    for part in follow.Following(record):
        _write(show(part, False))
    _write(show(b"", True))


def _decoder() -> Callable[[bytes, bool], str]:
    return codecs.getincrementaldecoder("utf-8")("replace").decode


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError as error:  # a terminal or pipe that is not UTF-8
        sys.stdout.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
    sys.stdout.flush()
