"""What to run: a script (or a command), its arguments, and the folder that it lives in."""

from __future__ import annotations

import os
import sys

from homerun.base import checks, places
from homerun.base.errors import SubmitError, UserError
from homerun.config.settings import Configurable, apply, says, taken_as_keywords
from homerun.system import which

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from homerun.assets.bindings import Binding
    from homerun.config.distributed import Processes
    from homerun.config.environment import Environment
    from homerun.config.run_configuration import RunConfiguration
    from homerun.config.sections import HistoryConfiguration
    from homerun.config.settings import Options
    from homerun.environments.recipe import Recipe


@taken_as_keywords
class ScriptRunConfig(Configurable):
    """A script and how to run it, in the original's words and a few of our own.

    Args:
        source_directory: the folder with the code; each run works in a copy of it. None: the
            current one, or the project (the git repository, else the folder) of a script outside.
        script: the script's path inside that folder: a Python file, a notebook, a shell or R
            script, or a program; or `-m package.module`.
        arguments: a list; numbers become text, and data (`dataset.as_named_input(…)`,
            OutputFileDatasetConfig, DataReference) the path that the run has of it.
        run_config: the rest of the configuration, kept by reference; the target, the environment
            and the time limit are then those that it has, and what is given here for them is not
            used. Script, arguments and command given here win over its own.
        compute_target: a target's name; None: the workspace's default one, mostly `local`.
        environment: the interpreter, packages and variables to run with.
        distributed_job_config: how many processes to start, by torch's launcher, by an MPI, or on
            several nodes of a cluster.
        resume_from: not possible.
        command: instead of a script: a list of words, or a line for the shell.
        docker_runtime_config: accepted; nothing runs in a container.
        **settings: those of `Configurable`.

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
        **settings: Unpack[Options],
    ) -> None:
        if resume_from is not None:
            raise UserError("resume_from is of the cloud; give the script the path as an argument")
        self.source_directory = checks.path("source_directory", source_directory or ".")
        self._may_be_elsewhere = not source_directory
        self._fit = ""
        self.script = None if script is None else checks.path("script", script)
        self._bindings: list[Binding] = []
        if isinstance(arguments, (list, tuple)) and any(hasattr(one, "bound") for one in arguments):
            from homerun.assets import bindings  # few runs name data

            arguments, self._bindings = bindings.taken(arguments)
        self.arguments = checks.words("arguments", () if arguments is None else arguments)
        self.command = (
            checks.word("command", command)
            if isinstance(command, str)
            else checks.words("command", () if command is None else command)
        )
        self.target = None if compute_target is None else _target(compute_target)
        self.max_run_duration_seconds = max_run_duration_seconds
        apply(self, settings)
        if not says(self, "environment_variables"):
            self.environment_variables = {}
        if self.stop_signals is not None:
            self.grace_s = sum(seconds for _, seconds in self.stop_signals)
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
            self.arguments = checks.words("arguments", given.arguments)

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

        Where none was named it is the current one, or the project of a script that lies outside.

        Raises:
            SubmitError: it is not a folder; or not one that a run takes a copy of, unless its full
                path is given.
        """
        named = os.path.expanduser(self.source_directory)
        path = os.path.realpath(named)
        if self._may_be_elsewhere and self.script is not None:
            path = self._project(path)
        if not os.path.isdir(path):
            raise SubmitError(f"the source directory {self.source_directory} is not a folder")
        is_fit = self.in_place or os.path.isabs(named) or path == self._fit
        why = "" if is_fit else places.unfit(path)
        if why:
            raise SubmitError(
                f"a run takes no copy of {path}, {why}: go to the script's own folder, or name "
                f"this one by its full path (--source-directory {path})"
            )
        self._fit = path  # a submit asks several times
        return path

    def code(self) -> str:
        """The folder in which the files of the script can be read now.

        Raises:
            SubmitError: as `source`.
        """
        return self.source()

    def _project(self, here: str) -> str:
        """The current folder, or the project of a script that lies elsewhere."""
        script = self._full_script(here)
        is_inside = script.startswith(f"{here}/") or os.path.realpath(script).startswith(f"{here}/")
        if is_inside and not (os.path.isabs(self.script or "") and places.unfit(here)):
            return here
        return places.project_of(os.path.realpath(os.path.dirname(script)))

    def _full_script(self, folder: str) -> str:
        return os.path.normpath(os.path.join(folder, os.path.expanduser(self.script or "")))

    def script_path(self) -> str | None:
        """The script's path relative to the source folder, or `-m` and a module.

        None where a command is run.

        Raises:
            SubmitError: it is missing, outside of the folder, or none was given.
        """
        if self.script is None:
            if not self.command:
                raise SubmitError("there is nothing to run: give a script or a command")
            return None
        if self.command:
            raise SubmitError("give a script or a command, not both")
        if self.script.startswith("-m "):
            from homerun.config import script_kinds

            return f"-m {script_kinds.module(self.script)}"
        source = self.source()
        full = self._full_script(os.path.realpath(os.path.expanduser(self.source_directory)))
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
        if self.script and self.script.endswith(".ipynb"):
            raise SubmitError("a notebook is one process: leave out distributed_job_config")
        return self.processes.wrap(
            argv,
            self.python(),
            is_script=bool(self.script) and argv[0] == self.python(),
            may_come=self.recipe is not None,
        )

    def _one_process(self) -> list[str]:
        script = self.script_path()
        if script is not None:
            if script.endswith(".py"):
                # A leading dash would make it an option of the interpreter.
                named = f"./{script}" if script.startswith("-") else script
                return [self.python(), named, *self.arguments]
            from homerun.config import script_kinds  # most scripts are plain Python files

            folder, path = self.code(), self._path()
            return script_kinds.command(folder, script, self.arguments, self.python(), path)
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
        found = which.word_within(source, name, self._path())
        if found is not None:
            return found
        if os.path.isfile(os.path.join(source, os.path.expanduser(name))) and os.sep in name:
            raise SubmitError(f"the program {name!r} may not be executed: `chmod +x` it")
        where = f" in {source}" if os.sep in name and not os.path.isabs(name) else ""
        raise SubmitError(f"there is no program {name!r}{where}")

    def _path(self) -> str:
        """Where the run's programs are looked for."""
        return self.environment_variables.get("PATH", os.environ.get("PATH")) or os.defpath

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
            raise SubmitError(
                f"there is no program {self.interpreter!r} to run it; {which.ANOTHER_PYTHON}"
            )
        return found


def _target(given: object) -> str:
    """A target's name, or that of the object which stands for one."""
    name = given if isinstance(given, str) else getattr(given, "name", given)
    return checks.word("compute_target", name)
