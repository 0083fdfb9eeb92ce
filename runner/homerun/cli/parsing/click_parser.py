"""The commands as click sees them: for help, for lines with an error, for completion.

The only module in which click parses; `homerun.cli.parsing.fast` reads lines without an error.
"""

from __future__ import annotations

from contextlib import contextmanager

import click
from click.shell_completion import CompletionItem, get_completion_class
from click.types import StringParamType

from homerun.base import environ
from homerun.base.installed import __version__
from homerun.base.terminal import escaped
from homerun.cli import command_table
from homerun.cli.errors import BadValue, UsageError
from homerun.cli.options import shared as options_of_all
from homerun.cli.options.kinds import FileName
from homerun.cli.parsing import leading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NoReturn

    from homerun.cli.command import Command
    from homerun.cli.options.kinds import Kind
    from homerun.cli.options.params import Param

_HELP_INSTEAD: tuple[type[BaseException], ...] = tuple(
    filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)])
)
"""What newer versions of click raise for a group without a command."""


def run_line(line: list[str]) -> int:
    """Run a command line; returns the exit code.

    Raises:
        UsageError: it is not valid.
    """
    try:
        with top().make_context("homerun", list(line)) as context:
            return context.command.invoke(context) or 0
    except click.exceptions.Exit as left:  # --help and --version
        return left.exit_code
    except click.UsageError as error:
        if isinstance(error, _HELP_INSTEAD):
            error.show()
            return error.exit_code
        path = error.ctx.command_path.rstrip() if error.ctx else "homerun"
        raise UsageError(error.format_message().rstrip(".?"), path) from error


def answer_shell(line: list[str]) -> NoReturn:
    """Print completions for a shell, which asks by an environment variable."""
    top().main(line, "homerun")
    raise AssertionError("click leaves the process when a shell has asked")


def completion_script(shell: str) -> str:
    """The script that makes a shell ask for completions."""
    made = get_completion_class(shell)
    assert made is not None
    return made(top(), {}, "homerun", environ.COMPLETION).source()


def top() -> click.Group:
    """The command `homerun` itself."""
    names = {"help_option_names": ["-h", "--help"]}
    told = click.version_option(__version__, prog_name="homerun", message="%(prog)s %(version)s")
    return told(_Group("homerun", (), help=command_table.HELP, context_settings=names))


class _Group(click.Group):
    """A group of commands, known by its words."""

    def __init__(self, name: str, path: Sequence[str], **settings: Any) -> None:
        super().__init__(name, **settings)
        self._path = path

    @property
    def _direct(self) -> str:
        """The last word of the command that the group itself is; "": of none."""
        return command_table.DIRECT.get(" ".join(self._path), "")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of a command line; see click."""
        if not self._path:
            args = leading.behind_command(args, strict=not ctx.resilient_parsing)
        if args and self._direct:
            path, _ = command_table.split_line([*self._path, *args])
            if path[-1] == self._direct:
                args = [self._direct, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of its groups and commands, for help and completion."""
        return command_table.words_after(self._path)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A group or a command by its name; this loads the command's module."""
        path = [*self._path, cmd_name]
        if (told := command_table.GROUPS.get(" ".join(path))) is not None:
            summary, example = told
            return _Group(cmd_name, path, help=f"{summary}\n\n\b\nExample:\n  homerun {example}")
        found = command_table.command(path)
        return None if found is None else Clicked(found)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The words that may follow; of a group that is a command too also its options and files.

        A shell lists files where nothing else begins so: they come first, since a later item of
        another kind takes their place.
        """
        found = super().shell_complete(ctx, incomplete)
        direct = self.get_command(ctx, self._direct) if self._direct else None
        if direct is None:
            return found
        if incomplete.startswith("-"):
            return direct.shell_complete(ctx, incomplete)
        return [CompletionItem(incomplete, type=FileName.shell), *found]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of these words.

        Raises:
            UsageError: there is no such command; the message names similar ones.
        """
        known = self.list_commands(ctx)
        if self._direct and args[0] == self._direct:
            return "", self.get_command(ctx, self._direct), args[1:]  # its name is the group's
        if args[0] in known or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        habit = "" if self._path else command_table.HABITS.get(args[0], "")
        near = habit or " or ".join(get_close_matches(args[0], known, 2))
        meant = f" (did you mean {near}?)" if near else ""
        path = ctx.command_path
        raise UsageError(f"there is no command {path} {args[0]}{meant}; see {path} --help", path)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its page; that of a group which is a command too begins with the command's."""
        direct = self.get_command(ctx, self._direct) if self._direct else None
        if direct is None:
            super().format_help(ctx, formatter)
            return
        direct.format_usage(ctx, formatter)
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", " " * len(_USAGE))
        direct.format_help_text(ctx, formatter)
        self.format_commands(ctx, formatter)
        direct.format_options(ctx, formatter)

    def _summary(self, ctx: click.Context, name: str) -> str:
        """The first sentence of a command's page."""
        if not self._path and name in command_table.SUMMARIES:
            return command_table.SUMMARIES[name]
        found = self.get_command(ctx, name)
        return "" if found is None else found.get_short_help_str(_WHOLE)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of its commands, each with its whole summary."""
        if self._path:
            sections = [("Commands", self.list_commands(ctx))]
        else:
            sections = [
                (f"{title} ({example})", names.split())
                for title, example, names in command_table.SECTIONS
            ]
        for title, names in sections:
            rows = [(name, self._summary(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)
        if not self._path:
            shared = [_made(param).get_help_record(ctx) for param in options_of_all.shared()]
            with formatter.section("Options of every command"):
                formatter.write_dl([record for record in shared if record])


_USAGE = "Usage: "
_WHOLE = 200


class Clicked(click.Command):
    """A command; its help lists its own options first, then those of every command."""

    def __init__(self, declared: Command) -> None:
        super().__init__(
            declared.name,
            help=declared.help,
            params=[_made(param) for param in declared.params if not param.follows_dashes],
            options_metavar=declared.usage,
            context_settings={
                "allow_interspersed_args": not declared.takes_rest,
                "ignore_unknown_options": declared.takes_unknown,
            },
        )
        self._declared = declared

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of a command line; see click."""
        words, behind = _around_options(self._declared, args)
        if ctx.resilient_parsing and _awaits_value(self._declared, words):
            words = words[:-1]  # click would forget the arguments before it
        for param in self._declared.own:
            if param.follows_dashes:
                ctx.params[param.key] = behind
        try:
            return super().parse_args(ctx, words)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The options that begin so; behind a script, whose own the options are, files."""
        is_behind = self._declared.takes_rest and (
            ctx.params.get("script") or ctx.params.get("module") or ctx.params.get("words")
        )
        if is_behind:
            return [CompletionItem(incomplete, type=FileName.shell)]
        return super().shell_complete(ctx, incomplete)

    def invoke(self, ctx: click.Context) -> int:
        """Run it; returns the exit code."""
        return self._declared.run(ctx.command_path.rstrip(), ctx.params)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options by sections; the page of `homerun` has those of every command."""
        parts: dict[str, list[tuple[str, str]]] = {}
        sections = {param.key: param.section for param in self._declared.own}
        shared = {param.key for param in self._declared.shared}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option) and param.name not in shared:
                parts.setdefault(sections.get(param.name or "") or "Options", []).append(record)
        for title, records in parts.items():
            with formatter.section(title):
                formatter.write_dl(records)
        formatter.write("\n-o json, --query, -p DIR and others: see homerun --help.\n")


def _around_options(declared: Command, args: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The words for click, and those behind a `--`.

    Of a command that passes on what follows its first argument that `--` stands in its place.

    The value of an option that ends the options gets a `--` behind it.
    """
    known = {name: param for param in declared.params for name in param.names}
    takes_dashes = any(param.follows_dashes for param in declared.own)
    place = 0
    while place < len(args) and args[place].startswith("-") and args[place] != "--":
        name, equals, _ = args[place].partition("=")
        param = known.get(name)
        place += 1 if equals or param is None or param.is_flag else 2
        if param is not None and param.ends and place <= len(args):
            return [*args[:place], "--", *args[place:]], ()
    if takes_dashes and not declared.takes_rest and "--" in args[place:]:
        place = args.index("--", place)
    if takes_dashes and args[place : place + 1] == ["--"]:
        return args[:place], tuple(args[place + 1 :])
    return args, ()


def _awaits_value(declared: Command, words: list[str]) -> bool:
    """Whether the last word is an option whose value is to follow."""
    valued = (param for param in declared.params if not param.is_flag)
    return any(words[-1:] == [name] for param in valued for name in param.names)


class _Type(StringParamType):
    """A kind of values as a type of click."""

    def __init__(self, kind: Kind) -> None:
        self.name = kind.name
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value of a word."""
        if not isinstance(value, str):  # a default
            return value
        with _naming(param, ctx):
            return self._kind.read(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The words that begin so; paths are completed by the shell itself."""
        if self._kind.shell:
            return [CompletionItem(incomplete, type=self._kind.shell)]
        return [CompletionItem(word) for word in self._kind.offers(incomplete)]


@contextmanager
def _naming(param: click.Parameter | None, ctx: click.Context | None) -> Iterator[None]:
    """Turn a `BadValue` into click's error, which names the option."""
    try:
        yield
    except BadValue as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _made(param: Param) -> click.Parameter:
    settings: dict[str, Any] = {
        "type": _Type(param.kind),
        "required": param.required,
        "callback": _checking(param),
        "shell_complete": _completing(param),
        "metavar": param.metavar,
    }
    if not param.is_option:
        return click.Argument([param.key], nargs=-1 if param.many else 1, **settings)
    names = [*param.names, param.key]
    limits = param.kind.limits()
    settings["help"] = f"{param.help}  [{limits}]" if limits else param.help
    if param.is_flag or param.default not in (None, ()):  # None too would count as a default
        settings["default"] = param.default
    if not param.is_flag:
        return click.Option(names, multiple=param.many, **settings)
    del settings["type"]
    if param.off_name is not None:
        names[0] += f"/{param.off_name}"
    return click.Option(names, is_flag=True, **settings)


def _checking(param: Param) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def check(ctx: click.Context, made: click.Parameter, value: Any) -> Any:
        with _naming(made, ctx):
            return param.checked(value)

    return check


def _completing(param: Param) -> Callable[..., list[CompletionItem]] | None:
    complete = param.complete
    if complete is None:
        return None

    def items(ctx: click.Context, made: click.Parameter, begun: str) -> list[CompletionItem]:
        found = complete(ctx.params, begun)
        shown = [(word, hint) for word, hint in found if word.isprintable()]
        return [CompletionItem(word, help=hint and escaped(hint)) for word, hint in shown]

    return items
