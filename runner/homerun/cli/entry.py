"""The entry of the process: arguments in, an exit code out, every expected error as one line.

0 done   1 an error, or the run failed   2 wrong usage   130 Ctrl-C   143 SIGTERM
"""

from __future__ import annotations

import errno
import os
import sys

from homerun.base import environ
from homerun.base.errors import HomerunError
from homerun.cli.errors import UsageError
from homerun.cli.interrupts import Interrupted
from homerun.cli.output import console
from homerun.cli.parsing import fast
from runstore.errors import InvalidQuery, StoreError

_ADVICE = {
    errno.ENOSPC: "free some space and try again (homerun help troubleshooting disk)",
    errno.EDQUOT: "free some space and try again (homerun help troubleshooting disk)",
    errno.EACCES: "check who owns it and what its permissions are",
    errno.EPERM: "check who owns it and what its permissions are",
    errno.EROFS: "use a folder that can be written (HOMERUN_STORE)",
    errno.ENOENT: "check the path and the current folder",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "check the disk",
}


def run_command_line(argv: list[str]) -> int:
    """Run one command; returns the exit code. Expected errors are caught here, and only here."""
    console.begin_command("homerun")
    try:
        code = _invoke(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        console.discard(sys.stdout)
        return 1
    except UsageError as error:
        return _wrong_usage(error)
    except InvalidQuery as error:
        _fail(_with_advice(error.message))
        return 2
    except (HomerunError, StoreError) as error:
        return _fail(_with_advice(error.message))
    except OSError as error:
        return _fail(_os_words(error))
    except Interrupted as interrupted:
        return interrupted.exit_code
    except KeyboardInterrupt:
        return 130
    return code


def _invoke(argv: list[str]) -> int:
    asks = os.environ.get(environ.COMPLETION)  # a shell asks for completions
    found = None if asks else fast.parse_line(argv)
    if found is not None:
        path, command, values = found
        return command.run(path, values)
    if not asks:
        from homerun.cli.parsing import front_page

        if front_page.is_asked(argv):
            return front_page.show()
    from homerun.cli.parsing import click_parser

    return click_parser.answer_shell(argv) if asks else click_parser.run_line(argv)


def _fail(message: str) -> int:
    one_line = " ".join(message.replace("\t", "").split("\n"))
    if console.is_debugging() and sys.stderr is not None:
        sys.excepthook(*sys.exc_info())
    console.complain(f"homerun: {one_line}")
    return 1


def _with_advice(message: str) -> str:
    """A message; if it says what is wrong but not what to do, it names the help page."""
    says_what_to_do = any(sign in message for sign in (";", ": ", "?"))
    return message if says_what_to_do else f"{message}; see {console.command_name()} --help"


def _wrong_usage(error: UsageError) -> int:
    message = error.message
    says_what_to_do = "homerun " in message or message.endswith("?")
    if not says_what_to_do:
        message = f"{message}; see {error.path or console.command_name()} --help"
    _fail(message)
    return 2


def _os_words(error: OSError) -> str:
    what = error.strerror or str(error)
    where = f": {os.fsdecode(error.filename)}" if error.filename else ""
    advice = _ADVICE.get(error.errno or 0)
    return f"{what}{where}; {advice}" if advice else f"{what}{where}"
