"""What to run: a script (or a command), its arguments, and the folder that it lives in."""

from __future__ import annotations

import os
import sys

from homerun.base.errors import SubmitError, UserError
from homerun.system import which

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homerun.config.distributed import Processes
    from homerun.config.environment import Environment
    from homerun.config.run_configuration import RunConfiguration
    from homerun.config.sections import HistoryConfiguration
    from homerun.environments.recipe import Recipe

DEFAULT_GRACE_S = 10.0
SWEEP = "sweep"
LEAVE = "leave"


class ScriptRunConfig:
    """A script and how to run it, in the original's words and a few of our own.

    Args:
        source_directory: the folder with the code; each run works in a copy of it.
        script: the script's path inside that folder.
        arguments: a list; numbers become text.
        run_config: the rest of the configuration, kept by reference; the target, the environment
            and the time limit are then those that it has, and what is given here for them is not
            used. Script, arguments and command given here win over its own.
        compute_target: a target's name; None: the workspace's default one, mostly `local`.
        environment: the interpreter, packages and variables to run with.
        distributed_job_config: how many processes to start, by torch's launcher or by an MPI.
        resume_from: not possible.
        max_run_duration_seconds: the run is stopped after that time; None: never.
        command: instead of a script: a list of words, or a line for the shell.
        docker_runtime_config: accepted; nothing runs in a container.
        environment_variables: set for the script, over the submitter's own.
        in_place: run in the source folder itself instead of a copy.
        grace_s: seconds that a stopped run has between TERM and KILL.
        stop_signals: other signals before KILL than TERM for the grace, each with its seconds:
            `[("INT", 5), ("TERM", 10)]` for a script that saves a checkpoint on Ctrl-C.
        on_exit: `sweep` ends the processes that the script left behind, `leave` does not.
        interpreter: the Python to run the script with; None: the one that submits.
        ignore_conda_packages: go on without packages of conda that pip has not, where no conda is.
        slots: how many slots of its target the run takes, where it takes any.
        priority: 0 to 9999; of the runs that wait the highest go first.
        max_concurrent_runs: the run waits while so many go on at its target, whatever is set for
            that otherwise.
        max_retries: how often a script that failed is started again.
        retry_on: after which failures: `exit_code`, `signal`, `out_of_memory`, `host_restarted`, or
            a certain exit code, as a number or `exit:75`. None: the first three.
        retry_delay_s: seconds before the first retry; before each further one twice as many.

    Raises:
        UserError: an argument of a wrong type, or without a meaning here.
    """

    def __init__(
        self,
        source_directory: str | os.PathLike[str] | None,
        script: str | None = None,
        arguments: Sequence[object] | None = None,
        run_config: RunConfiguration | None = None,
        compute_target: object = None,
        environment: Environment | None = None,
        distributed_job_config: object = None,
        resume_from: None = None,
        max_run_duration_seconds: float | None = None,
        command: str | Sequence[object] | None = None,
        docker_runtime_config: object = None,
        *,
        environment_variables: Mapping[str, object] | None = None,
        in_place: bool = False,
        grace_s: float = DEFAULT_GRACE_S,
        stop_signals: Sequence[tuple[str, float]] | None = None,
        on_exit: str = SWEEP,
        interpreter: str | None = None,
        ignore_conda_packages: bool = False,
        slots: int = 1,
        priority: int = 0,
        max_concurrent_runs: int | None = None,
        max_retries: int = 0,
        retry_on: Sequence[str | int] | None = None,
        retry_delay_s: float = 0.0,
    ) -> None:
        if resume_from is not None:
            raise UserError("resume_from is of the cloud; give the script the path as an argument")
        self.source_directory = _path("source_directory", source_directory or ".")
        self.script = None if script is None else _path("script", script)
        self.arguments = _words("arguments", arguments or [])
        self.command = (
            _word("command", command)
            if isinstance(command, str)
            else _words("command", command or [])
        )
        self.target = None if compute_target is None else _target(compute_target)
        self.slots = _count("slots", slots, 1, 999)
        self.priority = _count("priority", priority, 0, 9999)
        self.max_concurrent_runs = (
            None
            if max_concurrent_runs is None
            else _count("max_concurrent_runs", max_concurrent_runs, 1, 999)
        )
        self.max_retries = _count("max_retries", max_retries, 0, 999)
        self.retry_on = _causes(retry_on)
        self.retry_delay_s = _seconds("retry_delay_s", retry_delay_s) or 0.0
        self.max_run_duration_seconds = _seconds(
            "max_run_duration_seconds", max_run_duration_seconds
        )
        self.environment_variables = _variables(environment_variables or {})
        self.in_place = bool(in_place)
        self.grace_s = _seconds("grace_s", grace_s) or 0.0
        self.stop_signals = _rungs(stop_signals)
        if self.stop_signals is not None:
            self.grace_s = sum(seconds for _, seconds in self.stop_signals)
        self.on_exit = on_exit
        self.interpreter = None if interpreter is None else _path("interpreter", interpreter)
        if on_exit not in (SWEEP, LEAVE):
            raise UserError(f"on_exit is {SWEEP!r} or {LEAVE!r}, not {on_exit!r}")
        self.ignore_conda_packages = bool(ignore_conda_packages)
        self.history: HistoryConfiguration | None = None
        self.recipe: Recipe | None = None
        self.processes: Processes | None = None
        self.environment: dict[str, object] | None = None
        self._given: RunConfiguration | None = None
        self._own: RunConfiguration | None = None
        self._unused: list[str] = []
        named = {
            "compute_target": compute_target,
            "environment": environment,
            "distributed_job_config": distributed_job_config,
            "docker_runtime_config": docker_runtime_config,
            "max_run_duration_seconds": max_run_duration_seconds,
        }
        if run_config is not None:
            self._take(run_config)
            self._unused = [name for name, value in named.items() if value is not None]
        elif not (environment is distributed_job_config is docker_runtime_config is None):
            self._own = self._configuration(
                environment=environment,
                distributed_job_config=distributed_job_config,
                docker_runtime_config=docker_runtime_config,
            )

    def _take(self, given: RunConfiguration) -> None:
        """Keep a configuration, and what only it says of the script."""
        from homerun.config.run_configuration import RunConfiguration

        if not isinstance(given, RunConfiguration):
            raise UserError(f"run_config is a RunConfiguration, not {type(given).__name__}")
        self._given = given
        if self.script is None and not self.command:
            theirs = ScriptRunConfig(".", given.script, command=given.command or None)
            self.script, self.command = theirs.script, theirs.command
        if not self.arguments:
            self.arguments = _words("arguments", given.arguments)

    @property
    def run_config(self) -> RunConfiguration:
        """The one that was given; else one of its own, with the fields that this object has."""
        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = self._configuration()
        return self._own

    def _configuration(self, **parts: object) -> RunConfiguration:
        """A run configuration that says what this object does."""
        from homerun.config.run_configuration import LOCAL, RunConfiguration

        return RunConfiguration.of(
            script=self.script,
            arguments=self.arguments,
            command=self.command,
            target=self.target or LOCAL,
            max_run_duration_seconds=self.max_run_duration_seconds,
            environment_variables=self.environment_variables,
            **parts,
        )

    @property
    def is_settled(self) -> bool:
        """Whether no run configuration has anything to add; see `merge.settle`."""
        return self._given is None and self._own is None

    def source(self) -> str:
        """The source folder, absolute and with its links followed.

        Raises:
            SubmitError: it is no folder.
        """
        path = os.path.realpath(os.path.expanduser(self.source_directory))
        if not os.path.isdir(path):
            raise SubmitError(f"the source directory {self.source_directory} is no folder")
        return path

    def script_path(self) -> str | None:
        """The script's path relative to the source folder; None where a command is run.

        Raises:
            SubmitError: it is missing, outside of the folder, or none was given.
        """
        if self.script is None:
            if not self.command:
                raise SubmitError("there is nothing to run: give a script or a command")
            return None
        if self.command:
            raise SubmitError("give a script or a command, not both")
        source = self.source()
        full = os.path.normpath(os.path.join(source, os.path.expanduser(self.script)))
        inside = os.path.relpath(full, source)
        if inside.split(os.sep)[0] == os.pardir:
            # A path through a link can be inside all the same.
            inside = os.path.relpath(os.path.realpath(full), source)
        if inside.split(os.sep)[0] == os.pardir:
            raise SubmitError(
                f"the script {self.script} is outside of the source directory {source}; "
                "move it there, or name a folder above both"
            )
        if not os.path.isfile(os.path.join(source, inside)):
            raise SubmitError(f"there is no script {inside} in the source directory {source}")
        return inside

    def argv(self) -> list[str]:
        """The command line, its first word a path: absolute, or from the script's folder.

        Raises:
            SubmitError: script or interpreter cannot be found, or what starts several processes.
        """
        argv = self._one_process()
        if self.processes is None:
            return argv
        return self.processes.wrap(
            argv,
            self.python(),
            is_script=bool(self.script),
            may_come=self.recipe is not None,
        )

    def _one_process(self) -> list[str]:
        script = self.script_path()
        if script is not None:
            # A leading dash would make it an option of the interpreter.
            named = f"./{script}" if script.startswith("-") else script
            return [self.python(), named, *self.arguments]
        if isinstance(self.command, str):
            return ["/bin/sh", "-c", self.command, *self.arguments]
        words = [*self.command, *self.arguments]
        if words[0] in ("python", "python3"):
            return [self.python(), *words[1:]]
        if self.recipe is not None and os.sep not in words[0]:
            return ["/usr/bin/env", *words]  # a program of packages that are still to be installed
        return [self._program(words[0]), *words[1:]]

    def _program(self, name: str) -> str:
        """The program of a command, looked for as a shell in the script's folder would look."""
        source = self.source()
        path = self.environment_variables.get("PATH", os.environ.get("PATH"))
        found = which.word_within(source, name, path or os.defpath)
        if found is not None:
            return found
        if os.path.isfile(os.path.join(source, os.path.expanduser(name))) and os.sep in name:
            raise SubmitError(f"the program {name!r} may not be executed: `chmod +x` it")
        where = f" in {source}" if os.sep in name and not os.path.isabs(name) else ""
        raise SubmitError(f"there is no program {name!r}{where}")

    def python(self) -> str:
        """The interpreter, which runs the script and whatever the command calls python.

        Raises:
            SubmitError: it cannot be found.
        """
        if self.recipe is not None:
            return self.recipe.python
        if self.interpreter is None:
            return sys.executable
        found = which.find(self.interpreter)
        if found is None:
            raise SubmitError(f"there is no program {self.interpreter!r}")
        return found


def _path(field: str, given: object) -> str:
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    if not isinstance(given, str):
        raise UserError(f"{field} is a path, not {type(given).__name__} {given!r}")
    return _word(field, given)


def _target(given: object) -> str:
    """A target's name, or that of the object which stands for one."""
    name = given if isinstance(given, str) else getattr(given, "name", given)
    return _word("compute_target", name)


def _words(field: str, given: Sequence[object]) -> list[str]:
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise UserError(f"{field} is a list of texts and numbers, not {type(given).__name__}")
    return [_word(field, item) for item in given]


def _word(field: str, item: object) -> str:
    if isinstance(item, os.PathLike):
        item = os.fspath(item)
    if isinstance(item, (str, int, float)):
        word = str(item)
        if "\0" in word:
            raise UserError(f"{field} holds a NUL character, which no program can get")
        try:
            os.fsencode(word)
        except UnicodeEncodeError:
            wrong = f"{field} holds half of a surrogate pair, which no program can get"
            raise UserError(wrong) from None
        return word
    raise UserError(f"{field} holds {type(item).__name__} {item!r}; use texts and numbers")


def _count(field: str, given: object, least: int, most: int) -> int:
    if type(given) is not int or not least <= given <= most:
        raise UserError(f"{field} is a whole number from {least} to {most}, not {given!r}")
    return given


def _causes(given: Sequence[str | int] | None) -> list[str]:
    """The failures that are retried, an exit code as `exit:75`."""
    from homerun.targets import retries

    if given is None:
        return list(retries.USUAL)
    found = []
    for one in [given] if isinstance(given, (str, int)) else given:
        cause = f"{retries.EXIT}{one}" if isinstance(one, int) else str(one)
        code = cause[len(retries.EXIT) :] if cause.startswith(retries.EXIT) else ""
        if cause not in retries.CAUSES and not (code.isdecimal() and 0 < int(code) < 256):
            known = f"{', '.join(retries.CAUSES)}, or {retries.EXIT}N"
            raise UserError(f"retry_on holds {one!r}; a run is retried after {known}")
        found.append(cause if cause in retries.CAUSES else f"{retries.EXIT}{int(code)}")
    return found


def _seconds(field: str, given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 1e15:
        raise UserError(f"{field} is a number of seconds, not {given!r}")
    return given


def _rungs(given: Sequence[tuple[str, float]] | None) -> list[tuple[str, float]] | None:
    """The signals of a stop by name, each with its seconds."""
    if given is None:
        return None
    from homerun.system import signals

    try:
        found = [(signals.name(signals.number(name)), float(s)) for name, s in given]
    except (TypeError, ValueError) as error:
        wish = "stop_signals are pairs of a signal and seconds, as [('INT', 5), ('TERM', 10)]"
        raise UserError(f"{wish}: {error}") from error
    if not found or any(seconds < 0 or seconds >= 1e15 for _, seconds in found):
        raise UserError("stop_signals needs a signal, each with a number of seconds from 0 on")
    return found


def _variables(given: Mapping[str, object]) -> dict[str, str]:
    if not hasattr(given, "items"):
        raise UserError(f"environment_variables is a dict, not {type(given).__name__}")
    names: list[object] = list(given)
    for name in names:
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            raise UserError(f"{name!r} is no name of an environment variable")
    return {name: _word("environment_variables", value) for name, value in given.items()}
