"""Submitting a run again: the code of its snapshot, its command, tags and target.

What the record does not hold has to be said again: what stands behind each `*****`, and the values
of the environment variables that the run was given.
"""

from __future__ import annotations

import os

from homerun.base import messages
from homerun.base.errors import SubmitError, UserError
from homerun.base.secret_signs import MASK
from homerun.config import distributed, settings
from homerun.config.script_run_config import ScriptRunConfig
from homerun.environments import recipe
from homerun.runs import children
from homerun.runs.submit import RESUBMITTED_FROM, Request, submit
from homerun.snapshots import snapshot
from runstore import layout, look, names, status
from runstore.run import params
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from homerun.environments.recipe import Recipe
    from runstore.run.record import Record


SNAPSHOT, NOW = "snapshot", "now"
"""Which code a run that is submitted again gets: that of its snapshot, or the source's now."""


class Former(ScriptRunConfig):
    """What a run of the store was made with.

    Args:
        secrets: what stands behind each `*****` of its command, in this order.
        variables: environment variables; those of the run that are not among them are this
            process's own.
        changes: settings that are to be other ones.
        arguments: options that win over those of the run, or are added; see `with_options`.
        is_now: the code is that of the source folder now.

    Raises:
        UserError: there are more or fewer secrets, a variable has no value, or a setting stays as
            it was.
        SubmitError: the run was no submitted one.
    """

    def __init__(
        self,
        record: Record,
        secrets: Sequence[str],
        variables: Mapping[str, object],
        changes: Mapping[str, Any],
        arguments: Sequence[str] = (),
        is_now: bool = False,
    ) -> None:
        run = record.run
        if not is_possible(record):
            raise SubmitError(f"run {record.id} was not submitted: only scripts can be run again")
        self._is_now = is_now
        said = command(record, arguments)
        self._argv = _filled(record.id, said, secrets)
        count = len(said) - len(run["command"]) + len(run.get("arguments") or ())
        super().__init__(
            str(run.get("source_directory")),
            run.get("script"),
            self._argv[len(self._argv) - count :],
            compute_target=run.get("target"),
            environment_variables={**_own(record, variables), **variables},
            **settings.for_resubmit(run, changes),
        )
        _bind(self, record)
        self.environment = run.get("environment")
        self.recipe = _made(record.id, self.environment or {})

    def source(self) -> str:
        """The folder that the code came from; it need not be there any more, except in place."""
        return super().source() if self.in_place or self._is_now else self.source_directory

    def script_path(self) -> str | None:
        """The script's path inside of the snapshot, or of the source folder."""
        return super().script_path() if self._is_now and self.script else self.script

    def argv(self) -> list[str]:
        """The same command line as before.

        Raises:
            SubmitError: its program is not there any more.
        """
        if os.path.isabs(self._argv[0]) and not os.access(self._argv[0], os.X_OK):
            raise SubmitError(f"there is no program {self._argv[0]!r} any more")
        return list(self._argv)


class Edited(ScriptRunConfig):
    """What a run of the store was made with, where a person has changed its work.

    What is not given stays as it was: settings, data, processes, variables.

    Args:
        work: the keywords of ScriptRunConfig that say what is run, where and with which Python.
        variables: as for `Former`.
        changes: settings that are to be other ones.
        keeps_environment: it has the run's Python, and the packages of its environment.
        is_now: the code is that of the source folder now, else that of the run's snapshot.

    Raises:
        UserError: an argument still hides a secret, a variable has no value, or a setting stays as
            it was.
        SubmitError: the run was no submitted script, or its code or environment is gone.
    """

    def __init__(
        self,
        record: Record,
        work: Mapping[str, Any],
        variables: Mapping[str, object],
        changes: Mapping[str, Any],
        keeps_environment: bool,
        is_now: bool,
    ) -> None:
        run = record.run
        if not can_be_edited(record):
            raise SubmitError(f"run {record.id} has no script: only scripts can be edited")
        said = settings.for_resubmit(run, changes)
        if not said["max_retries"]:
            said["retry_if"] = None  # it would never hold
        environment_variables = {**_own(record, variables), **variables}
        super().__init__(**work, environment_variables=environment_variables, **said)
        lost = [word for word in self.arguments if MASK in word]
        if lost:
            raise UserError(
                f"the value behind {MASK} is in no record: enter it again, in its place"
            )
        _bind(self, record)
        self._tree = None if is_now or self.in_place else _tree(record)
        if self._tree is not None:  # whatever was said: the code is from there
            self.source_directory = str(run.get("source_directory"))
        if keeps_environment:
            self.environment = run.get("environment")
            self.recipe = _made(record.id, self.environment or {})
            if self.recipe is None:
                self.interpreter = python_of(record)

    def source(self) -> str:
        """The folder that the code came from; it need not be there any more, except in place."""
        return super().source() if self._tree is None else self.source_directory

    def code(self) -> str:
        """The run's snapshot, or the source folder as it is now."""
        return super().code() if self._tree is None else self._tree

    def script_path(self) -> str | None:
        """The script's path inside of the snapshot, or of the source folder.

        Raises:
            SubmitError: it is not there.
        """
        if self._tree is None or str(self.script).startswith("-m "):
            return super().script_path()
        inside = os.path.normpath(str(self.script))
        is_outside = os.path.isabs(inside) or inside.split(os.sep)[0] == os.pardir
        if is_outside or not os.path.isfile(f"{self._tree}/{inside}"):
            raise SubmitError(
                f"there is no script {inside} in the snapshot: name one that is in it, or "
                "take the code as it is now"
            )
        return inside


def _bind(config: ScriptRunConfig, record: Record) -> None:
    """Let a configuration have the data and the processes of a run."""
    run = record.run
    if run.get("inputs") or run.get("outputs"):
        from homerun.assets import bindings  # few runs name data

        config._bindings = bindings.bindings_of(store_of(record), run)
    config.processes = distributed.recorded(run.get("processes"))


def _tree(record: Record) -> str:
    """The folder with the files of a run's snapshot.

    Raises:
        SubmitError: there is none.
    """
    name = record.run.get("snapshot")
    folder = f"{record.store.root}/{layout.SNAPSHOTS}/{name}/{snapshot.TREE}"
    if not names.is_run_id(name) or not os.path.isdir(folder):
        raise SubmitError(f"the snapshot of run {record.id} is gone: take the code as it is now")
    return folder


def can_be_edited(record: Record) -> bool:
    """Whether a run can be run again with another command: it was submitted, with a script."""
    return is_possible(record) and bool(record.run.get("script"))


def has_snapshot(record: Record) -> bool:
    """Whether the code of a run is there as it was."""
    try:
        return bool(_tree(record))
    except SubmitError:
        return False


def python_of(record: Record) -> str | None:
    """The Python that a run was started with, by its path; None: its command names none."""
    words = command(record)
    is_python = bool(words) and os.path.basename(words[0]).startswith("python")
    return words[0] if is_python and os.path.isabs(words[0]) else None


def _made(run_id: str, environment: Mapping[str, object]) -> Recipe | None:
    """The environment of a run with packages: what it was made of is not wholly on record."""
    if not environment.get("key"):
        return None
    folder = f"{recipe.home()}/{environment['key']}"
    if not recipe.is_ready(folder):
        raise SubmitError(f"the environment of run {run_id} is not there any more: submit it again")
    return recipe.Recipe(str(environment.get("name")), "", [], folder=folder)


def is_possible(record: Record) -> bool:
    """Whether a run can be run again: it was submitted, with a command."""
    return record.is_submitted and bool(record.run.get("command"))


def again(
    record: Record,
    secrets: Sequence[str] = (),
    variables: Mapping[str, object] | None = None,
    *,
    arguments: Sequence[str] = (),
    code: str = SNAPSHOT,
    **changes: Any,
) -> Record:
    """Submit a run again; see `ScriptRun.resubmit`."""
    made, told = submit(asked_again(record, secrets, variables, arguments, code, changes))
    messages.tell(told)
    return made


def asked_again(
    record: Record,
    secrets: Sequence[str],
    variables: Mapping[str, object] | None,
    arguments: Sequence[str],
    code: str,
    changes: Mapping[str, Any],
) -> Request:
    """What is asked for where a run is submitted again.

    Raises:
        UserError, SubmitError: it cannot be.
    """
    if code not in (SNAPSHOT, NOW):
        raise UserError(f"code is {SNAPSHOT!r} or {NOW!r}, not {code!r}")
    labels = record.labels()
    return Request(
        store_of(record),
        record.experiment,
        Former(record, secrets, variables or {}, changes, arguments, code == NOW),
        tags=_tags(record, arguments),
        display_name=labels.display_name,
        description=labels.description,
        former=record,
        is_code_new=code == NOW,
    )


def command(record: Record, arguments: Sequence[str] = ()) -> list[str]:
    """The command of a run, with other options; its secrets are hidden.

    Raises:
        UserError: what is to be changed is no option.
    """
    words = [str(word) for word in record.run.get("command") or ()]
    count = len(record.run.get("arguments") or ())
    if not arguments:
        return words
    return [*words[: len(words) - count], *with_options(words[len(words) - count :], arguments)]


def with_options(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """Arguments with the values of some options changed, and others added at the end.

    `--lr 0.2`, `--lr=0.2` and `lr=0.2` each replace what was given under the same name, as
    `runstore.run.params` reads it; so does `--fast` a `--no-fast`.

    Raises:
        UserError: it is not clear what one of the others replaces.
    """
    found = [*params.pieces(list(words))]
    for name, said in params.pieces(list(others)):
        if not name:
            raise UserError(
                f"{said[0]!r} is not an option: write what changes as --NAME VALUE or NAME=VALUE"
            )
        same = [at for at, (known, _) in enumerate(found) if known == name]
        lost = next((found[at][1] for at in same if len(found[at][1]) > len(said)), None)
        if lost is not None and len(said) == 1 and "=" not in said[0]:
            raise UserError(
                f"is {' '.join(lost[1:])!r} the value of {lost[0]}, or an argument of its own? "
                f"write {said[0]}=VALUE, or submit the whole command"
            )
        if same:
            found[same[0]] = name, said
            found = [one for at, one in enumerate(found) if at not in same[1:]]
        else:
            found.append((name, said))
    return [word for _, said in found for word in said]


def _tags(record: Record, others: Sequence[str]) -> dict[str, str | None]:
    """The run's tags; one that tells an option's value, as a grid's do, tells the new one."""
    tags = dict(record.labels().tags)
    was = params.parse(record.run.get("arguments") or ())
    for name, value in params.parse(others).items():
        if name in tags and tags[name] == params.spelled(was.get(name)):
            tags[name] = params.spelled(value)
    return tags


def hidden(record: Record, arguments: Sequence[str] = ()) -> list[str]:
    """The words of a run's command that hold a `*****`, once for each, the option in front.

    Those of a batch are those of each of its runs.

    Args:
        arguments: what is to be changed in it.

    Raises:
        UserError: the runs of a batch hide different ones.
    """
    if record.is_batch:
        each = [hidden(one, arguments) for one in children.of_batch(record)]
        if any(one != each[0] for one in each):
            raise UserError(
                f"the runs of batch {record.id} hide different values: rerun each alone"
            )
        return each[0] if each else []
    found, before = [], ""
    for word in command(record, arguments):
        shown = f"{before} {word}" if word == MASK and before.startswith("-") else word
        found += [shown] * word.count(MASK)
        before = word
    return found


def unset(record: Record) -> list[str]:
    """The environment variables that a run was given and that this process has not."""
    return [name for name in variables_of(record) if name not in os.environ]


def variables_of(record: Record) -> list[str]:
    """The names of the environment variables that a run, or any run of a batch, was given."""
    runs = children.of_batch(record) if record.is_batch else [record]
    names = [name for one in runs for name in one.run.get("environment_variables") or ()]
    return list(dict.fromkeys(names))


class Failures:
    """The runs of an experiment that Failed, and what became of their copies.

    Args:
        records: all runs of the experiment that may be submitted again, the newest first.
        parent: only those below this run are meant, and their copies; None: all.

    Attributes:
        left: those to be submitted again, the oldest first.
        skipped: those of which a copy goes on, or is Completed: each with that copy's id.
    """

    def __init__(self, records: Sequence[Record], parent: str | None = None) -> None:
        self._known = {record.id: record for record in records}
        self._copies: dict[str, list[Record]] = {}
        self._status: dict[str, str] = {}
        meant: set[object] = set()
        for record in reversed(records):
            former = record.properties().get(RESUBMITTED_FROM)
            if parent in (None, record.run.get("parent")) or former in meant:
                meant.add(record.id)
            if former is not None:
                self._copies.setdefault(former, []).append(record)
        self.left: list[Record] = []
        self.skipped: list[tuple[Record, Record]] = []
        for record in reversed(records):
            if record.id not in meant or self.status(record) != status.FAILED:
                continue
            copies = self._copies_of(record)
            good = [one for one in copies if self.status(one) not in _IN_VAIN]
            if good:
                self.skipped.append((record, good[-1]))
            elif not any(self.status(one) == status.FAILED for one in copies):
                self.left.append(record)  # else it is a copy that is tried again

    def status(self, record: Record) -> str:
        """The status of one of the runs."""
        if record.id not in self._status:
            self._status[record.id] = look.at(record).status
        return self._status[record.id]

    def _copies_of(self, record: Record) -> list[Record]:
        """The copies of a run, and theirs."""
        found, left = {record.id: record}, [record]
        while left:
            for copy in self._copies.get(left.pop().id, ()):
                if copy.id not in found:
                    found[copy.id] = copy
                    left.append(copy)
        return [*found.values()][1:]


_IN_VAIN = (status.FAILED, status.CANCELED)
"""A copy that ended so is as if there were none."""


def _filled(run_id: str, command: Sequence[str], secrets: Sequence[str]) -> list[str]:
    """A command with its secrets in place."""
    words: list[Any] = list(command)
    wanted = sum(word.count(MASK) for word in words)
    if isinstance(secrets, str) or wanted != len(secrets):
        raise UserError(
            f"the command of run {run_id} hides {wanted} values behind {MASK}: give `secrets`, "
            "a list of them in their order"
        )
    rest = iter(secrets)
    for place, word in enumerate(words):
        first, *others = word.split(MASK)
        words[place] = first + "".join(f"{next(rest)}{other}" for other in others)
    return words


def _own(record: Record, given: Mapping[str, object]) -> dict[str, str]:
    """This process's values of the variables that the run was given."""
    names = [name for name in record.run.get("environment_variables") or () if name not in given]
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise UserError(
            f"run {record.id} was given {', '.join(missing)}, whose values are in no record: set "
            "them, or give `environment_variables`"
        )
    return {name: os.environ[name] for name in names}
