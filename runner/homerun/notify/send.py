"""The program that tells a person of one event; what starts it goes on at once.

    <run folder> ended            the run is over
    <run folder> rule <fact>      a rule has fired

What cannot be told stands in the run's supervisor.log, which is this program's standard error: a
line for each channel, once for a run.
"""

from __future__ import annotations

import os
import sys

from homerun.base.errors import UserError
from homerun.base.terminal import escaped
from homerun.notify import deliver, message, settings
from runstore import layout
from runstore.fs import atomic, clock

_SIGN = " notify: "
_END = 1 << 16


def main() -> None:
    """Tell of the event that the arguments name."""
    run_folder, event = sys.argv[1:3]
    try:
        said = settings.read()
        if not said.channels:
            _tell(run_folder, f"no notification is sent: {said.path} names no channel")
            os._exit(1)
        what = message.of_rule(run_folder, sys.argv[3]) if event == message.RULE else None
        outcomes = deliver.deliver(said.channels, what or message.of_end(run_folder))
    except UserError as error:
        _tell(run_folder, f"no notification is sent: {error.message}")
        os._exit(1)
    for channel, failed in zip(said.channels, outcomes):
        if failed:
            _tell(run_folder, f"{channel.name}: {failed}", channel.name)
    os._exit(0)  # a thread that waits for a server that does not answer is left behind


def _tell(run_folder: str, line: str, subject: str = "") -> None:
    """A line in the log, unless one on the same subject stands there."""
    if f"{_SIGN}{subject or line}".encode() in _log(f"{run_folder}/{layout.SUPERVISOR_LOG}"):
        return
    text = line if line.isprintable() else escaped(line)
    os.write(2, f"{clock.now()}{_SIGN}{text}\n".encode("utf-8", "replace"))


def _log(path: str) -> bytes:
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, _END, max(0, os.fstat(descriptor).st_size - _END))
    finally:
        os.close(descriptor)
