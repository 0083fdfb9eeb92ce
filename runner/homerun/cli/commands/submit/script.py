"""`homerun run SCRIPT`: the command whose start has to be quick."""

from __future__ import annotations

import os

from homerun.cli.command import command
from homerun.cli.commands.submit.submission import submit_line
from homerun.cli.errors import UsageError
from homerun.cli.options.params import argument
from homerun.cli.options.submit import of_submit, output_option, what_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.result import Result


@command("SCRIPT", takes_rest=True, usage="[OPTIONS]")
@of_submit
@what_option("--conda", metavar="FILE", help="A conda environment file: the packages of this run.")
@output_option(
    *("-d", "--detach", "--async", "detach"),
    is_flag=True,
    help="Return at once; print id and folder.",
)
@output_option("-q", "--quiet", is_flag=True, help="Print the id of the run alone.")
@argument("words", many=True, follows_dashes=True)
def script(
    call: Call,
    script: str | None,
    source: str | None,
    words: tuple[str, ...],
    detach: bool,
    quiet: bool,
    **given: Any,
) -> Result | int:
    """Run SCRIPT, keep a record of it, and follow its output to the end.

    SCRIPT is a Python file, a notebook (its arguments are parameters), a shell or R script, or a
    program. What follows it are its own arguments. `-m MODULE` runs a module, `-- PROGRAM …` any
    program. A word that is also a command, such as `list`, is the command; `./list` is the file.

    The output goes to standard output, unchanged; messages about the run go to standard error.
    Exits 0 only if the run Completed. Ctrl-C and SIGTERM cancel the run.

    With --grid it is a batch: child runs of one run, each with `--KEY VALUE` after its arguments
    (`--KEY` for flag:KEY, `KEY=VALUE` for pair:KEY).

    \b
    Example:
      homerun run train.py --lr 0.1
      homerun run -d --name baseline train.py
      homerun run --grid lr=0.1,0.01 --grid seed=0..9 train.py
      homerun run -m package.train --lr 0.1
      homerun run -- make train
    """
    if script is not None and source is None and given["module"] is None and not given["line"]:
        _check_there(call.folder, script)
        if _is_program(script):
            words, script, given["arguments"] = (script, *(given["arguments"] or ())), None, ()
    given = {**given, "script": script, "source": source, "words": words}
    return submit_line(call, detach, quiet, tells=True, **given)


def _is_program(script: str) -> bool:
    """Whether it is a program by its full path, as /bin/echo: its folder is not code of a run."""
    path = os.path.expanduser(script)
    return os.path.isabs(path) and "." not in os.path.basename(path) and os.access(path, os.X_OK)


def _check_there(folder: str, script: str) -> None:
    """Check that there is such a file: the word may be a misspelt command as well.

    Raises:
        UsageError: there is none; the message names similar commands and files.
    """
    path = os.path.join(folder, os.path.expanduser(script))
    if os.path.isfile(path):
        return
    from difflib import get_close_matches

    from homerun.cli import command_table

    if command_table.is_word(("run",), script):
        raise UsageError(f"options go behind the command: homerun run {script} …")
    is_program = os.sep not in script and not os.path.exists(path)
    beside = os.path.dirname(path)
    files = [name for name in _listed(beside) if not name.startswith(".")]
    commands = command_table.words_after(("run",)) if is_program else []
    near = get_close_matches(os.path.basename(script), [*commands, *files], 2)
    meant = (
        f"did you mean {' or '.join(near)}?" if near else "homerun run -- PROGRAM runs any program"
    )
    raise UsageError(f"there is no script or command {script!r}; {meant}")


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
