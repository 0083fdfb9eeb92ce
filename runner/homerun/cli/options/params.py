"""Options and arguments as commands declare them: data that two readers understand.

    @command("list")
    @option("--last", kind=Number(1), metavar="N", help="At most N runs (default: 10).")
    @argument("expressions", many=True, metavar="[JMESPATH]")
    def list_runs(call, last, expressions): ...

`homerun.cli.parsing.fast` reads a command line that is right; click reads everything else.
"""

from __future__ import annotations

from homerun.cli.options.kinds import FileName, FolderName, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])
    Offers = Iterable[tuple[str, "str | None"]]
    Complete = Callable[[dict[str, Any], str], Offers]


class Param:
    """An option or an argument.

    Attributes:
        key: the parameter of the command's function that takes its value.
        names: how an option is written, as `-e` and `--experiment-name`; an argument has none.
        off_name: how a switch is turned off, as `--no-fold`; None: it cannot be.
        is_flag: it takes no value.
        many: it can be given several times; its value is a tuple.
        required: it must be given.
        ends: what follows its value are arguments, options included.
        kind: the kind of its values; by default a path where the placeholder is FILE or DIR.
        default: the value if it is not given: the declared one, or False for a flag and () for
            many.
        metavar: what help shows for its value.
        help: what it does.
        complete: for a shell, the words that may complete what was typed, each with a hint.
        section: the part of the help page that it stands in; "": the first one.
        follows_dashes: an argument that is all that follows a `--`.

    Args:
        declared: the names, a switch as `--fold/--no-fold`, and the key, if no name serves as it.
        check: converts what was given, or the default, to the value for the command.
    """

    def __init__(
        self,
        *declared: str,
        kind: Kind | None = None,
        is_flag: bool = False,
        many: bool = False,
        required: bool = False,
        ends: bool = False,
        default: Any = None,
        check: Callable[[Any], Any] | None = None,
        metavar: str | None = None,
        help: str | None = None,
        complete: Complete | None = None,
        section: str = "",
        follows_dashes: bool = False,
    ) -> None:
        self.names = [one.partition("/")[0] for one in declared if one[0] == "-"]
        off_names = [one.partition("/")[2] for one in declared if "/" in one]
        self.off_name = off_names[0] if off_names else None
        bare = [one for one in declared if one[0] != "-"]
        self.key = bare[0] if bare else _key(self.names)
        named = {"FILE": FileName, "DIR": FolderName}.get(metavar or "", Kind)
        self.kind = kind or named()
        self.is_flag = is_flag or self.off_name is not None
        self.many = many
        self.required = required
        self.ends = ends
        if default is None and (is_flag or many):
            default = False if is_flag else ()
        self.default = default
        self._check = check
        self.metavar = metavar
        self.help = help
        self.complete = complete
        self.section = section
        self.follows_dashes = follows_dashes

    def without(self, taken: Collection[str]) -> Param:
        """The same, but for names that another option of the command has."""
        self.names = [name for name in self.names if name not in taken]
        return self

    @property
    def is_option(self) -> bool:
        """Whether it is given by name; an argument is known by its position."""
        return bool(self.names)

    def checked(self, value: Any) -> Any:
        """The value for the command's function, from one that its kind has read or the default.

        Raises:
            BadValue: it is not valid.
        """
        return value if self._check is None else self._check(value)


def _key(names: list[str]) -> str:
    """The first long name, as an identifier."""
    long = [name for name in names if name.startswith("--")]
    return (long or names)[0].lstrip("-").replace("-", "_")


def option(*declared: str, **settings: Any) -> Callable[[Function], Function]:
    """Declare an option of a command: its names and, where none of them is it, its key."""
    return _adding(Param(*declared, **settings))


def argument(key: str, **settings: Any) -> Callable[[Function], Function]:
    """Declare an argument of a command."""
    return _adding(Param(key, **settings))


def params_of(function: Callable[..., Any]) -> list[Param]:
    """What was declared on a function, in the order of the page."""
    found: list[Param] = function.__dict__.setdefault("params", [])
    return found


def _adding(param: Param) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        params_of(function).insert(0, param)  # decorators are applied from the last to the first
        return function

    return add
