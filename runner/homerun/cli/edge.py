"""The edge of the process: arguments in, an exit code out, and every expected error as one line.

0 done   1 an error, or the run failed   2 wrong usage   130 Ctrl-C   143 SIGTERM
"""

from __future__ import annotations

import errno
import os
import sys

import click

from homerun import environ
from homerun.cli import words
from homerun.cli.interrupts import Interrupted
from homerun.cli.root import root
from homerun.errors import HomerunError
from runstore.errors import StoreError

_ADVICE = {
    errno.ENOSPC: "free some space and try again",
    errno.EDQUOT: "free some space and try again",
    errno.EACCES: "check who owns it and what its permissions are",
    errno.EPERM: "check who owns it and what its permissions are",
    errno.EROFS: "use a folder that can be written (HOMERUN_STORE)",
    errno.ENOENT: "check the path and the current folder",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "check the disk",
}

_HELP_INSTEAD: tuple[type[BaseException], ...] = tuple(
    filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)])
)
"""How newer versions of click say that a group was called without a command."""


def run(argv: list[str]) -> int:
    """Run one command and return the exit code. Expected errors are caught here, and only here."""
    if environ.COMPLETION in os.environ:
        root.main(argv, "homerun")
    words.begin("homerun")
    try:
        code = _invoke(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        words.forget(sys.stdout)
        return 1
    except click.UsageError as error:
        return _wrong_usage(error)
    except click.ClickException as error:
        return _fail(error.format_message())
    except (HomerunError, StoreError) as error:
        return _fail(_with_advice(error.message))
    except OSError as error:
        return _fail(_os_words(error))
    except Interrupted as interrupted:
        return interrupted.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    return code


def _invoke(argv: list[str]) -> int:
    """What click's own `main` does, without its handling of errors."""
    try:
        with root.make_context("homerun", list(argv)) as context:
            return root.invoke(context) or 0
    except click.exceptions.Exit as left:  # --help and --version
        return left.exit_code


def _fail(message: str) -> int:
    one_line = " ".join(message.replace("\t", "").split("\n"))
    if sys.stderr is not None:
        if words.is_debugging():
            sys.excepthook(*sys.exc_info())
        click.echo(f"homerun: {one_line}", err=True)
    return 1


def _with_advice(message: str) -> str:
    """A message that tells what is the case, with where to read what can be done."""
    says_what_to_do = any(sign in message for sign in (";", ": ", "?"))
    return message if says_what_to_do else f"{message}; see {words.command()} --help"


def _wrong_usage(error: click.UsageError) -> int:
    if isinstance(error, _HELP_INSTEAD):
        error.show()
    else:
        message = error.format_message().rstrip(".?")
        if "homerun " not in message:  # it does not say yet what to do next
            path = error.ctx.command_path if error.ctx else "homerun"
            message = f"{message}; see {path} --help"
        _fail(message)
    return error.exit_code


def _os_words(error: OSError) -> str:
    what = error.strerror or str(error)
    where = f": {os.fsdecode(error.filename)}" if error.filename else ""
    advice = _ADVICE.get(error.errno or 0)
    return f"{what}{where}; {advice}" if advice else f"{what}{where}"
