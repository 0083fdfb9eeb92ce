"""`homerun run submit-script`: submit as Azure's command line does."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.commands.submit.submission import submit_line
from homerun.cli.options.submit import of_submit, output_option, what_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.result import Result


@command("submit-script", takes_rest=True, usage="[-e EXPERIMENT] [OPTIONS]")
@of_submit
@what_option(
    "-d",
    "--conda-dependencies",
    "conda",
    metavar="FILE",
    help="A conda environment file: the packages of this run.",
)
@output_option("--async", "detach", is_flag=True, help="Return at once; print id and folder.")
def submit_script(call: Call, detach: bool, **given: Any) -> Result | int:
    """Run SCRIPT as a run of an experiment and follow its output to the end.

    SCRIPT is a Python file, a notebook (its arguments are parameters), a shell or R script, or a
    program. `homerun run SCRIPT` is the short way to it.

    What follows SCRIPT are the script's arguments. Its output goes to standard output, unchanged;
    messages about the run go to standard error. Exits 0 only if the run Completed. Ctrl-C and
    SIGTERM cancel the run. A run configuration may name the script.

    With --grid it is a batch: child runs of one run, each with `--KEY VALUE` after its arguments
    (`--KEY` for flag:KEY, `KEY=VALUE` for pair:KEY).
    At the end a table lists them; exits 0 only if all Completed.

    \b
    Example:
      homerun run submit-script -e digits --tags lr=0.1 train.py --epochs 5
      homerun run submit-script -e digits --grid lr=0.1,0.01 --grid seed=0..9 train.py
    """
    return submit_line(call, detach, words=(), **given)
