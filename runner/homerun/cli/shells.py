"""The shells that can complete what is typed, and the files that they read when they begin."""

from __future__ import annotations

import os

from homerun.base import environ

SHELLS = ("bash", "zsh", "fish")

_FILES = {
    "bash": ("", "~", ".bashrc"),
    "zsh": ("ZDOTDIR", "~", ".zshrc"),
    "fish": ("XDG_CONFIG_HOME", "~/.config", "fish/completions/homerun.fish"),
}
"""Each in the folder that a variable names, else in another one."""

_LINES = {
    "bash": 'command -v homerun >/dev/null && eval "$(homerun completion bash)"',
    "zsh": 'command -v homerun >/dev/null && eval "$(homerun completion zsh)"',
    "fish": "command -q homerun; and homerun completion fish | source",
}
_WITH_COMPINIT = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
"""A zsh without a line for it has no `compdef`."""


def shell_of_user() -> str | None:
    """The shell of this user; None: it is none of them."""
    name = os.path.basename(environ.variable("SHELL") or "")
    return name if name in SHELLS else None


def completion_script(shell: str, made: str) -> str:
    """The script for a shell, from the one that click makes."""
    if shell == "zsh":
        return made.replace("#compdef homerun\n", f"#compdef homerun\n{_WITH_COMPINIT}", 1)
    return made


def load_completion(shell: str) -> tuple[str, bool]:
    """Have each new shell load the completion; the file that says so, and whether it is new there.

    A file that has the line is not changed; what a file holds stays.
    """
    name, usual, file_name = _FILES[shell]
    path = os.path.expanduser(f"{environ.variable(name) or usual}/{file_name}")
    line = _LINES[shell]
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            known = file.read()
    except FileNotFoundError:
        known = ""
    if line in known.splitlines():
        return path, False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    begin = "\n" if known and not known.endswith("\n") else ""
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{begin}{line}\n")
    return path, True
