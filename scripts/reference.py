"""Writes the option tables of docs/cli.md from the commands themselves: `make reference`.

Prose and examples are written by hand. In the section of a command, the table below `| option | |`
is made here; so is the one of the options that every command has, above the first section.
"""

import sys
from pathlib import Path

from homerun.cli import command_table
from homerun.cli.options import shared

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = "| option | |\n|---|---|\n"
COMMAND = "### `homerun "


def commands():
    """Every command by the words that name it, as "run list"."""
    return {path: command_table.command(path.split()) for path in command_table.COMMANDS}


def rewritten(page: str) -> str:
    """The page with its tables as the commands have them.

    Raises:
        SystemExit: a section has no command, or a command no section.
    """
    known = commands()
    preface, *sections = page.split(COMMAND)
    made = [_with_table(preface, shared.shared())]
    for section in sections:
        name = section.partition("`")[0]
        if name not in known:
            raise SystemExit(f"docs/cli.md has a section on {name!r}, which is not a command")
        made.append(_with_table(section, known.pop(name).own))
    if known:
        raise SystemExit(f"docs/cli.md has no section on {', '.join(known)}")
    return COMMAND.join(made)


def _with_table(text: str, params) -> str:
    """A section with its table, which stands before its first example where it had none."""
    table = "".join(map(_row, [one for one in params if one.is_option]))
    before, head, rest = text.partition(HEAD)
    if head:
        rest = rest[rest.index("\n\n") + 2 :]
        return f"{before}{HEAD}{table}\n{rest}" if table else before + rest
    if not table:
        return text
    title, blank, rest = text.partition("\n\n")
    prose, example, after = rest.partition("```console")
    if not example:
        raise SystemExit(f"the section {title!r} needs an example, or an empty table {HEAD!r}")
    return f"{title}{blank}{prose}{HEAD}{table}\n{example}{after}"


def _row(option) -> str:
    names = "`, `".join(filter(None, [*option.names, option.off_name]))
    value = "" if option.is_flag else f" {option.metavar or option.kind.name.upper()}"
    text = (option.help or "").replace("|", "\\|")
    limits = option.kind.limits()
    text += f" ({limits})" if limits else ""
    return f"| `{names}{value}` | {text} |\n"


if __name__ == "__main__":
    written = PAGE.read_text()
    made = rewritten(written)
    if made != written and "--check" in sys.argv:
        raise SystemExit("docs/cli.md is behind the commands: make reference")
    PAGE.write_text(made)
