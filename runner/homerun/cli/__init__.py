"""The command line: a thin layer over the SDK that prints results, and what to do next.

It opens no file of a store and starts no process. Nothing is loaded before it is needed; click is
loaded only for help, and for lines with something wrong.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from homerun.base import bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command that the process's arguments name, and exit with its code."""
    # The objects of modules are not garbage. To search them, while modules are loaded and again at
    # the exit, takes almost as long as a start of the interpreter.
    gc.disable()
    bundle.load_from("command")
    try:
        from homerun.cli import entry

        gc.enable()
        gc.set_threshold(50_000)  # instead of 700: what a command still loads is not garbage either
        code = entry.run_command_line(sys.argv[1:])
    except KeyboardInterrupt:  # while modules were still being loaded
        code = 130
    bundle.keep_code()
    gc.freeze()
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process at once: the teardown of a hundred modules takes a third of a start."""
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or 1  # the reader of the pipe has gone
    os._exit(code)
