"""`python -m homerun.azureml FILE`: a script for which `import azureml` is ours."""

from __future__ import annotations

import sys

from homerun.azureml import install, launch
from homerun.base.errors import UserError

USAGE = """usage: python -m homerun.azureml FILE [ARGUMENT...]
       python -m homerun.azureml -m MODULE [ARGUMENT...]
       python -m homerun.azureml --install | --uninstall
"""


def main(arguments: list[str]) -> int:
    """Run a script, or install; the exit code."""
    first = arguments[0] if arguments else ""
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        return 0
    try:
        if arguments in (["--install"], ["--uninstall"]):
            act = install.install if first == "--install" else install.uninstall
            sys.stdout.write(f"homerun: {act()}\n")
            return 0
        if not first or (first.startswith("-") and (first != "-m" or len(arguments) == 1)):
            sys.stderr.write(USAGE)
            return 2
        launch.python(arguments)
    except UserError as error:
        sys.stderr.write(f"homerun: {error.message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
