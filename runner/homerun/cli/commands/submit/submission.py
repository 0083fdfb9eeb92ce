"""What a command line asks to run, made into one run or a batch, and followed to its end."""

from __future__ import annotations

import functools
import os

from homerun.cli.errors import BadValue, UsageError
from homerun.cli.interrupts import Interrupted, Interrupts, reading_source
from homerun.cli.output import console
from homerun.cli.result import Result
from homerun.targets import launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.options.grids import Axis
    from homerun.cli.output import render
    from homerun.config.environment import Environment
    from homerun.config.run_configuration import RunConfiguration
    from homerun.config.script_run_config import ScriptRunConfig
    from runstore.run.record import Record


def submit_line(
    call: Call, detach: bool, quiet: bool = False, tells: bool = False, **asked: Any
) -> Result | int:
    """Submit what a command line asks for, and follow it to its end; `Submission` tells the rest.

    A single run's supervisor loads while this process does, which takes a cold submit 1.3 starts
    less (`make bench ARGS=submit`).
    """
    if not (asked["dry_run"] or asked["axes"]):
        launch.begin_early()
    try:
        return Submission(call, **asked).go(detach, quiet, tells)
    finally:
        launch.claim_early(is_wanted=False)  # refused, or waiting: it has no run


class Submission:
    """A submit as the command line asks for it.

    Args:
        call: the command's call.
        conda, requirements: a file that names packages; at most one of them.
        words: a program and its arguments, instead of a script.
        settings: the options of `homerun.config.settings`, by their names there.
    """

    def __init__(
        self,
        call: Call,
        *,
        named: str | None,
        conda: str | None,
        requirements: str | None,
        module: str | None,
        line: str | None,
        words: tuple[str, ...],
        script: str | None,
        arguments: tuple[str, ...] | None,
        source: str | None,
        environment_variables: dict[str, str],
        limit: float | None,
        target: str | None,
        axes: list[Axis],
        random: int | None,
        tags: list[tuple[str, str | None]],
        name: str | None,
        note: str | None,
        own_id: str | None,
        dry_run: bool,
        **settings: Any,
    ) -> None:
        if conda and requirements:
            raise UsageError("give one file of packages: of conda, or of pip")
        if random and not axes:
            raise UsageError("--random chooses from a grid: add --grid KEY=VALUES")
        self.call = call
        self._project = call.project()
        said = self._project.said
        self._packages = _packages(conda, requirements)
        self._loaded = _loaded(call.path, named, limit, target, self._packages) if named else None
        arguments = tuple(arguments or ())
        if module is not None:
            _check_is_module(module)
            arguments = (*(() if script is None else (script,)), *arguments)
            script = f"-m {module}"
        self._script = script
        self._command = words or line
        self._source = source or call.path
        self._arguments = arguments or _own_arguments(self._loaded)
        self._target = target or said.get("target")
        self._limit = limit
        # A run configuration that is named has variables of its own, which the project's file
        # does not change.
        project = {} if named else said.get("env", {})
        self._variables = {**project, **environment_variables}
        self._settings = _with_rules(settings, said.get("rules", {}))
        if self._settings.get("notify") is None:
            self._settings["notify"] = said.get("notify")
        self._axes = axes
        self._random = random
        self._labels = dict(tags)
        self._name = name
        self._note = note
        self._own_id = own_id
        self._is_dry = dry_run
        self.experiment = call.current_experiment()

    def go(self, detach: bool, quiet: bool = False, tells: bool = False) -> Result | int:
        """Submit it and follow it to its end.

        Args:
            detach: return at once.
            quiet: print the id alone.
            tells: say in a line which run began, before its output.
        """
        if quiet and self.call.wants_result:
            raise UsageError("-q prints the id alone: leave out -o and --query, or -q")
        first = self._config()
        self._settings["interpreter"] = self._interpreter(first)
        first = self._config()
        first.argv()  # nothing is made for a script that is not there
        self._say_what_it_gets(first)
        if self._is_dry:
            return self._previewed(first)
        if self._axes:
            return self._batch(detach, quiet)
        return self._single(first, detach, quiet, tells)

    def _config(self, *more: str) -> ScriptRunConfig:
        from homerun.config.script_run_config import ScriptRunConfig

        loaded = self._loaded
        return ScriptRunConfig(
            self._source,
            self._script,
            [*self._arguments, *more],
            loaded,
            command=self._command,
            compute_target=None if loaded else self._target,
            environment=None if loaded else self._packages,
            max_run_duration_seconds=None if loaded else self._limit,
            environment_variables=self._variables or None,
            **self._settings,
        )

    def _interpreter(self, config: ScriptRunConfig) -> str | None:
        """The Python of the script where no configuration of its own names one."""
        named: str | None = self._settings.get("interpreter")
        if named or self._loaded or self._packages:
            return named
        from homerun.project import defaults

        found = defaults.python(config.source(), self._project)
        return None if found is None else str(found.value)

    def _single(
        self, config: ScriptRunConfig, detach: bool, quiet: bool, tells: bool
    ) -> Result | int:
        from homerun.runs import start

        submit = functools.partial(
            start.submit_to,
            self.call.store(),
            self.experiment.value,
            config,
            self._labels,
            self._own_id,
            display_name=self._name,
            description=self._note,
        )
        if detach:
            return _detached(submit(), quiet, self._saying_what_began(config) if tells else None)
        with Interrupts() as interrupts:
            interrupts.only_in(reading_source())
            try:
                record = submit()
            except Interrupted as interrupted:
                console.inform(f"stopped by {interrupted.by}: no run was submitted")
                return interrupted.exit_code
            from homerun.cli.commands.run import follow  # loaded while the run starts

            if quiet:
                return follow.in_silence(record, self.call, interrupts)
            if tells:
                self._saying_what_began(config)(record)
            return follow.or_cancel(record, self.call, interrupts)

    def _saying_what_began(self, config: ScriptRunConfig) -> Callable[[Record], None]:
        """Says in a line which run began, and how it is named from here."""
        from homerun.cli.commands.run import follow

        is_python = config.script is not None and config.script.endswith(".py")
        python = config.python() if is_python else None
        return lambda record: follow.say_what_began(record, python, self._name_of(record))

    def _name_of(self, record: Record) -> str:
        """How a run is named from here: its number, where this experiment is the current one."""
        number = record.run.get("number")
        if number is None:
            return record.id
        is_current = self.experiment.source != "-e"
        return str(number) if is_current else f"{record.experiment}/{number}"

    def _batch(self, detach: bool, quiet: bool) -> Result | int:
        from homerun.cli.commands.submit import grid
        from homerun.sdk.experiment import Experiment

        rows = self._rows()
        home = Experiment(self.call.workspace(), self.experiment.value)
        about = {"display_name": self._name, "description": self._note}
        request = grid.GridRequest(home, self._config, rows, self._labels, self._own_id, about)
        return grid.submit_and_follow(request, detach, self.call, quiet)

    def _say_what_it_gets(self, config: ScriptRunConfig) -> None:
        """Point out options of homerun that stand behind the script, which does not know them."""
        if self._script is None or not any(word.startswith("-") for word in self._arguments):
            return
        from homerun.cli import command_table
        from homerun.project import script_options

        command = command_table.command(("run", command_table.DIRECT["run"]))
        ours = [name for param in command.params for name in param.names] if command else []
        path = os.path.join(config.source(), _path_of(self._script))
        found = script_options.not_taken(self._arguments, ours, path)
        if found:
            stand, them = ("stands", "it") if len(found) == 1 else ("stand", "them")
            gets = f"{', '.join(found)} {stand} behind the script, which gets {them}"
            console.inform(f"{gets}; homerun's own go before: homerun run {found[0]} … SCRIPT")

    def _rows(self) -> list[Any]:
        """The combinations of the grid that are to run."""
        from homerun.cli.options import grids

        try:
            if self._random is None:
                return grids.combinations(self._axes)
            from random import Random

            return grids.drawn(self._axes, self._random, Random())
        except BadValue as error:
            raise UsageError(str(error)) from None

    def _previewed(self, config: ScriptRunConfig) -> Result:
        from homerun.cli.commands.submit import preview
        from homerun.runs.submit import Request

        rows = self._rows() if self._axes else []
        for _, words in rows:
            self._config(*words).argv()
        request = Request(
            self.call.store(),
            self.experiment.value,
            config,
            tags=self._labels,
            run_id=self._own_id,
            is_one_of_many=bool(rows),
        )
        return preview.dry_run(request, self.experiment.source, rows)


def _with_rules(settings: dict[str, Any], said: Mapping[str, list[str]]) -> dict[str, Any]:
    """Settings with the rules of the project's file before their own."""
    rules = {name: [*texts, *(settings.get(name) or ())] for name, texts in said.items()}
    return {**settings, **rules}


def _path_of(script: str) -> str:
    """The file of a script, or of a module, in its source folder."""
    module = script.partition("-m ")[2]
    return f"{module.replace('.', os.sep)}.py" if module else script


def _check_is_module(word: str) -> None:
    """Check that a word names a module, and no file.

    Raises:
        UsageError: it names a file.
    """
    if word.endswith(".py"):
        raise UsageError(f"-m takes a module, as python -m does: homerun run {word} runs the file")
    if os.sep in word:
        module = word.strip(os.sep).replace(os.sep, ".")
        raise UsageError(f"-m takes a module, as python -m does: homerun run -m {module}")


def _packages(conda: str | None, requirements: str | None) -> Environment | None:
    """An environment with the packages that a file names, called as the file is."""
    file = conda or requirements
    if file is None:
        return None
    from homerun.config.environment import Environment

    name = os.path.splitext(os.path.basename(file))[0]
    if requirements:
        return Environment.from_pip_requirements(name, file)
    return Environment.from_conda_specification(name, file)


def _loaded(
    path: str | None,
    named: str,
    limit: float | None,
    target: str | None,
    packages: Environment | None,
) -> RunConfiguration:
    """A run configuration; time limit, target and packages of the command line override it."""
    from homerun.config.run_configuration import RunConfiguration

    found = RunConfiguration.find(named, path or ".")
    if limit is not None:
        found.max_run_duration_seconds = limit
    if target is not None:
        found.target = target
    if packages is not None:
        found.environment.name = packages.name
        found.environment.python.conda_dependencies = packages.python.conda_dependencies
        found.environment.python.user_managed_dependencies = False
    return found


def _own_arguments(loaded: RunConfiguration | None) -> tuple[str, ...]:
    """Take the arguments out of a run configuration: a grid appends its own."""
    if loaded is None:
        return ()
    taken, loaded.arguments = tuple(map(str, loaded.arguments)), []
    return taken


def _detached(record: Record, quiet: bool, tell: Callable[[Record], None] | None) -> Result:
    from homerun.cli.commands.run import follow
    from homerun.views import details

    def shown() -> list[render.Part]:
        if tell is not None:
            tell(record)
        follow.say_if_it_waits(record)
        return [record.id, record.path]

    if quiet:
        follow.print_id(record.id)
    return Result(details.row_of(record), shown, only_if_asked=quiet)
