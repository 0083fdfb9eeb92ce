"""Writes the option tables of docs/cli.md from the commands themselves: `make docs`.

Prose and examples are written by hand. In the section of a command, the table below `| option | |`
is made here; so is the one of the options that every command has, above the first section.
"""

import sys
from pathlib import Path

import click

from homerun.cli.command import Command
from homerun.cli.root import root

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = "| option | |\n|---|---|\n"
COMMAND = "### `homerun "


def commands(group=root, words=()):
    """Every command by the words that name it, as "run list"."""
    context = click.Context(group)
    found = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found |= commands(command, (*words, name))
        else:
            found[" ".join((*words, name))] = command
    return found


def rewritten(page: str) -> str:
    """The page with its tables as the commands have them.

    Raises:
        SystemExit: a section has no command, or a command no section.
    """
    known = commands()
    first = next(command for command in known.values() if isinstance(command, Command))
    preface, *sections = page.split(COMMAND)
    made = [_with_table(preface, first.shared)]
    for section in sections:
        name = section.partition("`")[0]
        if name not in known:
            raise SystemExit(f"docs/cli.md has a section on {name!r}, which is no command")
        made.append(_with_table(section, known.pop(name).params))
    if known:
        raise SystemExit(f"docs/cli.md has no section on {', '.join(known)}")
    return COMMAND.join(made)


def _with_table(text: str, params: list[click.Parameter]) -> str:
    """A section with its table, which stands before its first example where it had none."""
    table = "".join(map(_row, [one for one in params if isinstance(one, click.Option)]))
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


def _row(option: click.Option) -> str:
    names = "`, `".join(option.opts)
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(root))}"
    text = (option.help or "").replace("|", "\\|")
    return f"| `{names}{value}` | {text} |\n"


if __name__ == "__main__":
    written = PAGE.read_text()
    made = rewritten(written)
    if made != written and "--check" in sys.argv:
        raise SystemExit("docs/cli.md is behind the commands: make docs")
    PAGE.write_text(made)
