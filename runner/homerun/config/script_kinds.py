"""How a script is run that is not a Python file: by its name, by its first line, or as it is.

-m package.module     the interpreter's own -m
x.ipynb               the program `homerun.environments.notebook`, in the run's interpreter
#! in the first line  what it says; where that is a Python: the run's interpreter
x.sh, x.R             without such a line: bash, Rscript
a binary              itself
anything else         the run's interpreter
"""

from __future__ import annotations

import os
import sys

from homerun.base.errors import SubmitError
from homerun.environments import notebook
from homerun.system import which

MODULE = "-m "
"""A script that begins so is the name of a module."""

_RUNNERS = {".sh": ("bash", "sh"), ".bash": ("bash",), ".r": ("Rscript",)}
_NOTEBOOK = ".ipynb"
_HEAD = 256
"""Bytes; Linux reads as many of a first line."""


def command(
    source: str, script: str, arguments: list[str], python: str, path: str | None
) -> list[str]:
    """The command line of a script; its first word is absolute, or a path from the source folder.

    Args:
        script: its path inside of the source folder, or `-m` and a module.
        python: the run's interpreter.
        path: where programs are looked for.

    Raises:
        SubmitError: what runs it is not here, or a notebook cannot have such arguments.
    """
    if script.startswith(MODULE):
        return [python, "-m", script[len(MODULE) :], *arguments]
    own = f"./{script}"
    named = own if script.startswith("-") else script  # a dash would make it an option
    suffix = os.path.splitext(script)[1].lower()
    if suffix == _NOTEBOOK:
        return _of_notebook(named, arguments, python)
    head = _head(os.path.join(source, script))
    if head.startswith(b"#!"):
        program = _named_by(head, script)
        return [*program, own, *arguments] if program else [python, named, *arguments]
    if suffix in _RUNNERS:
        return [_runner(script, _RUNNERS[suffix], path), own, *arguments]
    if b"\0" in head:
        if not os.access(os.path.join(source, script), os.X_OK):
            raise SubmitError(f"the program {script} may not be executed: `chmod +x` it")
        return [own, *arguments]
    return [python, named, *arguments]


def module(given: str) -> str | None:
    """The module that a script names; None: it names a file.

    Raises:
        SubmitError: it is not a valid name for a module.
    """
    if not given.startswith(MODULE):
        return None
    name = given[len(MODULE) :].strip()
    if not all(part.isidentifier() for part in name.split(".")):
        raise SubmitError(f"{name!r} is not a valid name of a module, e.g. -m package.module")
    return name


def _of_notebook(script: str, arguments: list[str], python: str) -> list[str]:
    try:
        notebook.parameters(arguments)
    except ValueError as error:
        raise SubmitError(f"{script}: {error}") from error
    lacking = notebook.lacking() if python == sys.executable else None
    if lacking:
        raise SubmitError(f"{script} needs {lacking}: {notebook.install_line(python)}")
    return [python, "-c", notebook.PROGRAM, script, *arguments]


def _head(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_HEAD)
    except OSError as error:
        raise SubmitError(f"the script {path} cannot be read ({error.strerror})") from error


def _named_by(head: bytes, script: str) -> list[str]:
    """What the first line of a script says, in the kernel's words; []: a Python."""
    line = os.fsdecode(head[2:].split(b"\n")[0]).strip()
    program, *rest = line.split(None, 1)
    names = [os.path.basename(word) for word in line.split()]
    if names[0].startswith("python") or (
        names[0] == "env" and any(name.startswith("python") for name in names[1:])
    ):
        return []
    if not os.access(program, os.X_OK):
        raise SubmitError(f"the script {script} asks for {program}, which is not here")
    return [program, *rest]


def _runner(script: str, names: tuple[str, ...], path: str | None) -> str:
    found = which.find(*names, path=path)
    if found is None:
        raise SubmitError(f"the script {script} needs {names[0]}, which is not on PATH")
    return found
