"""Streaming a run's output to a person, with the original's headings."""

from __future__ import annotations

import sys

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.sdk.observed import Observed


def output(run: Observed) -> None:
    """Print the run's output as it comes, until it is over, between heading and summary."""
    streaming = f"Streaming {layout.STD_LOG}"
    _write(f"RunId: {run.id}\nDirectory: {run.directory}\n\n")
    _write(f"{streaming}\n{'=' * len(streaming)}\n\n")
    stream(run)
    _write(f"\nExecution Summary\n=================\nRunId: {run.id}\n")
    _write(f"Directory: {run.directory}\n")


def stream(run: Observed) -> None:
    """Copy the output, decoded: a character that is split over two reads stays whole."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for part in run.stream():
        _write(decoder.decode(part))
    _write(decoder.decode(b"", final=True))


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError as error:  # a terminal or pipe that is not UTF-8
        sys.stdout.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
    sys.stdout.flush()
