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

_ZSH_VALUES = (
    ("    local -a completions\n", "    local -a completions\n    local begun\n"),
    (
        "    for type",
        "    [[ $words[CURRENT] == --*=* ]] && begun=${words[CURRENT]%%=*}=\n    for type",
    ),
    ('("$key")', '("$begun$key")'),
    ('("$key":"$descr")', '("$begun$key":"$descr")'),
)
_FISH_VALUES = (
    (
        "    for completion",
        "    set -l begun (string match -r '^--[^=]+=' -- (commandline -t));\n    for completion",
    ),
    ("echo $metadata[2];", 'echo "$begun$metadata[2]";'),
)
"""What click makes, and what completes the value of `--output=js` too."""

_ZSH_SHORT = """
[[ -n $commands[homerun] && $commands[hr] == ${commands[homerun]:h}/hr ]] &&
    compdef _homerun_completion hr
true
"""
_FISH_SHORT = """
if command -q homerun; and test (command -s hr | string collect) = (dirname (command -s homerun))/hr
    complete --no-files --command hr --arguments "(_homerun_completion)";
end
"""
"""The short name is completed where it is homerun's: other programs are called so too."""

_BASH = r"""_homerun_completion() {
    # bash splits words at @, = and : too: put them together as they were typed
    local IFS=$'\n' rest=$COMP_LINE replaced=$2
    local response completion value before word at cut
    local -a words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        before=${rest%%"$word"*}
        rest=${rest#"$before$word"}
        if [[ $at -gt 0 && -n $word && -z $before ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    # What bash will not replace must not come twice.
    [[ $replaced == [=:] ]] && replaced=
    cut=${words[${#words[@]} - 1]%"$replaced"}
    response=$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) \
        _HOMERUN_COMPLETE=bash_complete "$1")
    COMPREPLY=()
    while IFS= read -r completion; do
        value=${completion#*,}
        case ${completion%%,*} in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                [[ $value == *[!a-zA-Z0-9_./@=:+,%-]* ]] && value=$(printf %q "$value")
                COMPREPLY+=("${value#"$cut"}")
                ;;
        esac
    done <<< "$response"
}

complete -o nosort -F _homerun_completion homerun
_homerun_path=$(type -P homerun)
[[ -n $_homerun_path && $(type -P hr) == "${_homerun_path%/*}/hr" ]] &&
    complete -o nosort -F _homerun_completion hr
unset _homerun_path
"""
"""click's own takes a word as bash splits it, and inserts blanks as they are."""


def shell_of_user() -> str | None:
    """The shell of this user; None: it is none of them."""
    name = os.path.basename(environ.variable("SHELL") or "")
    return name if name in SHELLS else None


def completion_script(shell: str, made: str) -> str:
    """The script for a shell, from the one that click makes."""
    if shell == "bash":
        return _BASH
    if shell == "zsh":
        made = made.replace("#compdef homerun\n", f"#compdef homerun\n{_WITH_COMPINIT}", 1)
    for old, new in _ZSH_VALUES if shell == "zsh" else _FISH_VALUES:
        made = made.replace(old, new, 1)
    return f"{made.rstrip()}\n{_ZSH_SHORT if shell == 'zsh' else _FISH_SHORT}"


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
