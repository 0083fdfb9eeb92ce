"""What a block prints, on the screen as before and in the run's log too."""

from __future__ import annotations

import os
import sys
import traceback

from runstore import layout
from runstore.fs import append, atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


class Tee:
    """A text stream that writes to another one and to a log; everything else is the other's.

    A writer that keeps it longer than its block (a logging handler does) writes to the other one.
    """

    def __init__(self, stream: TextIO, log: int) -> None:
        self._stream = stream
        self._log: int | None = log

    def write(self, text: str) -> int:
        """Write to both; a log that cannot be written does not keep the text from the screen."""
        if self._log is not None:
            write(self._log, text)
        return self._stream.write(text)

    def part(self) -> None:
        """Leave the log alone from now on: its descriptor's number may soon be another file's."""
        self._log = None

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def write(log: int, text: str) -> None:
    """Write to a log if it takes it."""
    try:
        os.write(log, text.encode("utf-8", "replace"))
    except OSError:
        return


class Capture:
    """Standard output and error of this process, teed into a run's log between start and stop."""

    def __init__(self, run_folder: str) -> None:
        atomic.make_folder(f"{run_folder}/{layout.USER_LOGS}")
        self.pid = os.getpid()
        self._log = append.open_for_append(f"{run_folder}/{layout.STD_LOG}")
        self._before = (sys.stdout, sys.stderr)
        self._tees = (Tee(sys.stdout, self._log), Tee(sys.stderr, self._log))
        sys.stdout, sys.stderr = self._tees

    def stop(self, error: BaseException | None = None) -> None:
        """Put the streams back, unless other code has replaced them meanwhile.

        Args:
            error: what ends the block; its traceback goes to the log alone, since the error goes
                on and is printed by the code that it ends.
        """
        if error is not None and not isinstance(error, SystemExit):
            lines = traceback.format_exception(type(error), error, error.__traceback__)
            write(self._log, "".join(lines))
        if sys.stdout is self._tees[0]:
            sys.stdout = self._before[0]
        if sys.stderr is self._tees[1]:
            sys.stderr = self._before[1]
        for tee in self._tees:
            tee.part()
        os.close(self._log)
