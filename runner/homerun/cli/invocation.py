"""The values of the options that all commands share: which workspace and run, how to print."""

from __future__ import annotations

import os
import sys

from homerun.cli.errors import UsageError
from homerun.cli.output import console, formats
from runstore.errors import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.project.defaults import Default
    from homerun.project.file import ProjectFile
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace
    from runstore.run.record import Record
    from runstore.store import Store


class Call:
    """The values of the shared options.

    Attributes:
        path: the folder to find the workspace from; None: the current one.
        experiment: the experiment, if one was named.
        run_id: the run as the user named it.
        workspace_name, resource_group, subscription: what the workspace must match.
        output: the output format; None: not given.
        query: the JMESPath expression that shapes the result.
        copy: the file that the result is also written to.
        pages: whether a long list may go to a pager.
    """

    def __init__(
        self,
        path: str | None = None,
        experiment: str | None = None,
        run_id: str | None = None,
        output: str | None = None,
        copy: str | None = None,
        **rest: Any,
    ) -> None:
        self.path = path
        self.experiment = experiment
        self.run_id = run_id
        self.output = output
        self.query: str | None = None
        self.copy = copy
        self.workspace_name: str | None = rest.get("workspace_name")
        self.resource_group: str | None = rest.get("resource_group")
        self.subscription: str | None = rest.get("subscription")
        self.pages = not rest.get("no_pager")
        self._project: ProjectFile | None = None
        self._verbose = bool(rest.get("verbose") or rest.get("debug"))

    @classmethod
    def taken_from(cls, params: dict[str, Any]) -> Call:
        """Take the shared options out of the parameters of a command, and check them.

        Raises:
            UsageError: they are not valid, alone or together.
            UserError: the file that the result is to be copied to exists.
        """
        given = {name: params.pop(name) for name in _TAKEN if name in params}
        console.manners(given["only_errors"], given["no_color"], given["debug"])
        if "run_word" in given:
            given["run_id"] = _one_word(given["run_id"], given["run_word"])
        query = given.pop("query")
        call = cls(**given)
        call.take_query(() if query is None else (query,))
        if call.copy is not None:
            from homerun.cli.output import copy_file

            copy_file.check_path(call.copy)
        return call

    @property
    def folder(self) -> str:
        """The folder to work in, as an absolute path."""
        return os.path.abspath(os.path.expanduser(self.path or "."))

    @property
    def is_for_people(self) -> bool:
        """Whether the result is printed for people, as tables and sentences, or for a program."""
        if self.output is None:
            return console.is_terminal(sys.stdout)
        return self.output == formats.TABLE

    @property
    def wants_result(self) -> bool:
        """Whether standard output is to hold the result only, and no output of a script."""
        return self.query is not None or self.output not in (None, formats.TABLE)

    def take_query(self, expressions: tuple[str, ...]) -> None:
        """Shape the result by the JMESPath expression among these words, if there is one.

        Raises:
            UsageError: it is not valid, or there are several.
        """
        if not expressions:
            return
        from homerun.cli.output import query as output_query

        if self.query is not None:
            raise UsageError("the query is given twice, as --query and as an argument")
        output_query.check_expression(expressions)
        self.query = expressions[0]

    def workspace(self, wakes: bool = True) -> Workspace:
        """The workspace to work in.

        Args:
            wakes: start runs that wait there for a free slot. The process that should have done
                that may have been killed; so any command sets a queue going again.

        Raises:
            UserError: there is none, or it has another name or other labels.
        """
        from homerun.sdk.workspace import Workspace

        return Workspace.of(*self._found(wakes, says=True))

    def store(self) -> Store:
        """The store of the workspace, to submit to; its queues are woken, as by `workspace`.

        Raises:
            UserError: as for `workspace`.
        """
        return self._found(wakes=True, says=False)[0]

    def _found(self, wakes: bool, says: bool) -> tuple[Store, Mapping[str, object]]:
        from homerun.config import workspace_config, workspaces
        from homerun.runs import placement  # the help page does without all of these

        store, labels = workspaces.from_path(self.path)
        wanted = self.workspace_name, self.subscription, self.resource_group
        if any(wanted):
            labels = workspace_config.labels_as(store, *wanted)
        if self._verbose:
            name = workspaces.WorkspaceLabels(store, labels).name
            console.inform(f"workspace {name} in {store.root}")
        if says and (objection := store.objection()):
            console.inform(words(objection))
        if wakes:
            placement.wake_queues(store)
        return store, labels

    def check_experiment(self, workspace: Workspace) -> None:
        """Check that the workspace has the experiment that was named.

        Raises:
            UserError: it does not; the message names similar ones.
        """
        if self.experiment is not None:
            from homerun.project import run_names

            run_names.require_experiment(workspace.store, self.experiment)

    def project(self) -> ProjectFile:
        """What the project of the folder says of itself.

        Raises:
            UserError: its file cannot be read.
        """
        if self._project is None:
            from homerun.project import file

            self._project = file.nearest(self.folder)
        return self._project

    def current_experiment(self) -> Default:
        """The experiment that is meant where none is named, and why it is this one.

        Raises:
            UserError: the variable or the file that names it holds no valid name.
        """
        from homerun.project import defaults

        if self.experiment is not None:
            return defaults.Default(self.experiment, "-e")
        return defaults.current_experiment(self.folder, self.project())

    def run(self) -> Run:
        """The run that was named.

        Raises:
            UsageError: none was named.
            UserError: no run has this name, or several have.
        """
        return self.find(self.run_id)

    def find(self, word: str | None) -> Run:
        """The run that a word names; see `homerun.project.run_names`.

        Raises:
            UsageError: there is no word.
            UserError: no run has this name, or several have.
        """
        from homerun.sdk.workspace import Workspace

        found = self._found(wakes=True, says=True)
        return Workspace.of(*found).run_of(self._named(found[0], word))

    def name_of(self, record: Record) -> str:
        """The shortest word that names a run from here."""
        number = record.run.get("number")
        if number is None:
            return record.id
        from homerun.project import defaults

        # What is typed next names the experiment by -e no more than it is named here.
        is_near = (
            record.experiment == defaults.current_experiment(self.folder, self.project()).value
        )
        return str(number) if is_near else f"{record.experiment}/{number}"

    def record(self, word: str | None) -> Record:
        """The record of the run that a word names.

        Raises:
            UsageError, UserError: as for `find`.
        """
        return self._named(self._found(wakes=True, says=True)[0], word)

    def _named(self, store: Store, word: str | None) -> Record:
        if word is None:
            raise UsageError("say which run: its number or id, or @last; homerun ls shows them")
        if not word:  # an empty prefix would match any run; mostly a shell variable that is not set
            raise UsageError("the run's id is empty; homerun ls shows the ids")
        from homerun.project import run_names

        try:
            return run_names.RunNames(store, self.folder, self.experiment).find(word)
        except run_names.WrongName as error:
            raise UsageError(error.message) from None


_TAKEN = (
    *("path", "output", "query", "copy", "no_pager", "no_color", "only_errors", "verbose"),
    *("debug", "experiment", "run_id", "run_word"),
    *("workspace_name", "resource_group", "subscription"),
)


def _one_word(option: str | None, word: str | None) -> str | None:
    if option is not None and word is not None:
        raise UsageError(f"the run is named twice: -r {option} and {word}; name it once")
    return word if option is None else option
