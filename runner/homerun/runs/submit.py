"""Submitting: from what is asked for to a run that a supervisor answers for.

The lock `alive` is taken before the run can be seen and is handed to the supervisor, so it is
never free between the ask and the outcome. Whatever happens to this process, at any point, there
is either no run, or a run that ends as its script does, or one that reads as Failed.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ, masking, sizes
from homerun.base.errors import SubmitError, UserError
from homerun.config import settings
from homerun.config.settings import LIMITS
from homerun.environments import interpreter, variables
from homerun.environments import python_path as environment_python_path
from homerun.notify import settings as notify
from homerun.runs.placement import Place, free_slots_of
from homerun.snapshots import git, git_diff, scan, snapshot, work_copy
from homerun.system import caches
from homerun.system.gpus import visible
from homerun.targets import launch, registry, retries
from homerun.targets.plan import Plan, ladder
from runstore import layout, look, names, status
from runstore.draft import Draft, check_free
from runstore.fs import atomic, facts, lock, mounts
from runstore.run import identity, params, work
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.assets.bindings import BoundData
    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.snapshots.originals import Originals
    from homerun.snapshots.snapshot import Snapshot
    from runstore.run.record import Record
    from runstore.store import Store

_MOUNT = "mount it (mount -t proc proc /proc; bwrap --proc /proc; a container without -v /proc)"
SCRIPT_RUN = "azureml.scriptrun"

RESUBMITTED_FROM = "homerun.resubmitted_from"
"""The property that names the run that a run was made from."""


class Sources:
    """Source folders, each looked at once: for all the runs of a batch, or for a single one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], tuple[Snapshot | None, git.Code]] = {}
        self._former: dict[str, Snapshot | None] = {}
        self._injected: dict[bool, str] = {}
        self.is_room_told = False

    def look(self, store: Store, config: ScriptRunConfig) -> tuple[Snapshot | None, git.Code]:
        """The snapshot that a run works on, and what git knows of its source.

        Raises:
            SubmitError: the source cannot be read, or copied.
        """
        key = config.source(), config.in_place
        if key not in self._known:
            taken = None if config.in_place else _snapshot(store, config.source())
            self._known[key] = taken, git.look(config.source())
        return self._known[key]

    def injected(self, azureml: bool) -> str:
        """The folder of our packages for the scripts; see `_injected`."""
        if azureml not in self._injected:
            self._injected[azureml] = _injected(azureml)
        return self._injected[azureml]

    def again(self, store: Store, name: str) -> Snapshot | None:
        """The snapshot of this name, which a former run has; None: it is gone."""
        if name not in self._former:
            self._former[name] = _claimed(store, name)
        return self._former[name]

    def let_go(self) -> None:
        """Claim the snapshots no longer: the runs that name them can be seen."""
        for taken in (*(taken for taken, _ in self._known.values()), *self._former.values()):
            if taken is not None:
                taken.let_go()


class Request:
    """One run to be submitted: where to, what, and with which labels.

    Args:
        is_one_of_many: it waits for a slot also where the target is not limited; so does any
            run that has a parent.
        former: a run that is submitted again; its snapshot is the code.
        is_code_new: the code is not that, but what the source folder holds now.
        sources: what is known of source folders already: it is one of many that share them. What
            is enough once for all is then left to the caller: to ask the git program, and to let
            the runs survive a power cut.
    """

    __slots__ = (
        "config",
        "description",
        "display_name",
        "experiment",
        "former",
        "is_code_new",
        "is_one_of_many",
        "parent",
        "run_id",
        "sources",
        "store",
        "tags",
    )

    def __init__(
        self,
        store: Store,
        experiment: str,
        config: ScriptRunConfig,
        *,
        tags: Mapping[str, str | None] | None = None,
        display_name: str | None = None,
        description: str | None = None,
        run_id: str | None = None,
        parent: Record | None = None,
        is_one_of_many: bool = False,
        former: Record | None = None,
        is_code_new: bool = False,
        sources: Sources | None = None,
    ) -> None:
        self.store = store
        self.experiment = experiment
        self.config = config
        self.tags = tags or {}
        self.display_name = display_name
        self.description = description
        self.run_id = run_id
        self.parent = parent
        self.former = former
        self.is_code_new = is_code_new
        self.is_one_of_many = is_one_of_many or parent is not None
        self.sources = sources


class _Job:
    """What is known of a run before it is made."""

    __slots__ = (
        *("argv", "bound", "code", "inside", "originals", "ours", "place", "shown", "source"),
        "taken",
    )

    def __init__(
        self,
        config: ScriptRunConfig,
        argv: list[str],
        ours: str,
        place: Place,
        taken: Snapshot | None,
        code: git.Code,
    ) -> None:
        self.source = config.source()
        self.inside = work.folder_for(self.source)
        self.argv = argv
        self.shown = masking.arguments(argv)
        self.ours = ours
        self.place = place
        self.taken = taken
        self.code = code
        self.bound: BoundData | None = None
        """What its script reads and writes, once the run has a folder; None: nothing by name."""
        self.originals: Originals | None = None
        """What became of what is in no snapshot, once the working copy is made."""

    def notices(self) -> list[str]:
        """What to say once of the source."""
        taken = self.taken.notices if self.taken else []
        return [*taken, *(self.originals.tell() if self.originals else [])]


def submit(request: Request) -> tuple[Record, list[str]]:
    """Make the run, and start its supervisor or let it wait for a slot.

    Returns:
        The run, and notices: lines to say once to the submitter.

    Raises:
        SubmitError, StoreError: nothing was started. No run is left behind, or, where only the
            last step failed, one that is Failed.
    """
    argv, place, told = prepare(request)
    injected = _injected if request.sources is None else request.sources.injected
    ours = injected(environ.azureml_is_ours(request.config.environment_variables))
    told += caches.notices()
    taken = None
    early = launch.claim_early(is_wanted=place.never_waits and request.sources is None)
    try:
        store = request.store.for_acting()
        if request.run_id is not None:  # before anything is copied
            check_free(store, names.check_run_id(request.run_id))
        taken, code = source(store, request)
        job = _Job(request.config, argv, ours, place, taken, code)
        record, alive, plan = _make(request, job, early)
    except BaseException as error:
        launch.dismiss_early(early)
        if isinstance(error, OSError):
            raise _unwritten(request.store.root, error) from error
        raise
    finally:
        if taken is not None and request.sources is None:
            taken.let_go()
    # Once it can be seen, and before it starts: a cancel from above that has not seen it is seen
    # here, and where this process is killed in between nothing of the run has begun.
    if request.parent is not None and look.is_below_canceled(record):
        _end_unstarted(record, alive, place)
    elif place.waits:
        lock.release(alive)
        if request.sources is None or not place.target.places:
            told += place.start_waiting()  # an engine gets the runs of a batch in one call
    else:
        _start(record, plan, alive, place)
    if request.sources is None:
        git_diff.start(record.path, plan.mark, git_diff.wanted(job.code), os.environ)
    return record, [*told, *job.notices()]


def prepare(request: Request) -> tuple[list[str], Place, list[str]]:
    """Settle what is asked for, and find out whether it can be; nothing is made.

    Returns:
        The program and its arguments, the run's place, and notices.

    Raises:
        SubmitError, StoreError: it cannot.
    """
    told: list[str] = []
    flaw = identity.proc_flaw()
    if flaw:
        raise SubmitError(f"{flaw}, so a run's processes could not be told from others: {_MOUNT}")
    if request.parent is not None:
        _check_goes_on(request.parent)
    if not request.config.is_settled:
        from homerun.config import merge

        request.config, told = merge.settle(request.config, request.store.root)
    told += _settle_target(request)
    settings.check_together(request.config)
    told += _settle_notify(request)
    argv = request.config.argv()
    place = Place(request.store, request.config, request.is_one_of_many, request.parent)
    return argv, place, [*told, *_unkept_limits(request.config), *_little_room(request)]


def _little_room(request: Request) -> list[str]:
    """That the disk of the store is nearly full; of a batch once."""
    if request.sources is not None:
        if request.sources.is_room_told:
            return []
        request.sources.is_room_told = True
    try:
        free, size = mounts.room(request.store.root)
    except OSError:
        return []  # the store is not made yet, or its disk does not tell
    if not mounts.is_nearly_full(free, size):
        return []
    left = f"only {sizes.shown(free)} of {sizes.shown(size)} are free on the disk of the store"
    return [f"{left}: homerun du says what takes the room, homerun store gc removes garbage"]


def _unkept_limits(config: ScriptRunConfig) -> list[str]:
    """What of its limits will not be kept here as they are asked for, a line each."""
    asked = {name: getattr(config, name) for name in LIMITS}
    if all(value is None for value in asked.values()):
        return []
    from homerun.system.limits import in_force  # few runs have any

    return in_force.put_in_force(asked, "", 1, "", is_dry=True).flaws


def _settle_target(request: Request) -> list[str]:
    """Let a target that is not defined be this machine, as a script written for a cloud expects."""
    name = request.config.target
    if name is None or registry.is_defined(request.store.root, name):
        return []
    import copy  # few configurations name a target that there is none of

    request.config = copy.copy(request.config)
    request.config.target = None
    return [registry.here_instead(name)]


def _settle_notify(request: Request) -> list[str]:
    """Let the user's own file say which ends are told, where nothing else does; notices."""
    config = request.config
    on = config.notify
    is_asked = bool(config.notify_if) or (on is not None and notify.NEVER not in on)
    try:
        usual = notify.read(with_values=False)
    except UserError as error:
        return [f"no notification is sent: {error.message}"]
    if is_asked and not usual.channels:
        told = f"no notification will be sent: {usual.path} names no channel"
        return [f"{told} (docs/resources.md shows how)"]
    if on is None and usual.on and usual.channels:
        import copy  # which loads weakref, and looks for Java's own: few users name ends

        request.config = copy.copy(config)
        request.config.notify = usual.on
    return []


def _check_goes_on(parent: Record) -> None:
    """Check that a run can get children: its end, or its cancel, has not been asked for."""
    ended = parent.fact(layout.ENDED)
    if ended is not None:
        said = f"run {parent.id} is over ({ended.get('status')})"
        raise SubmitError(f"{said}: no run can be submitted below it; submit it by itself")
    if look.is_canceled(parent):
        raise SubmitError(f"run {parent.id} is being canceled: no run is submitted below it")


def _injected(azureml: bool) -> str:
    """The folder of our packages for the script; asked for before anything is made.

    Raises:
        SubmitError: it cannot be made, or cannot stand in PYTHONPATH.
    """
    if not sys.executable:
        raise SubmitError("this Python does not know its own path; submit from another one")
    try:
        ours = environment_python_path.folder(azureml)
    except OSError as error:
        raise SubmitError(f"no folder for homerun's packages can be made: {error}") from error
    if os.pathsep in ours:
        raise SubmitError(f"PYTHONPATH cannot hold {ours}: set TMPDIR to a path without a ':'")
    return ours


def _make(request: Request, job: _Job, early: str | None) -> tuple[Record, int, Plan]:
    """Build the run's folder and let it appear; the run, its lock, and what to start it with.

    Args:
        early: the uuid that a supervisor waits for already.
    """
    draft = Draft(
        request.store, request.experiment, request.run_id, parent=request.parent, uuid=early
    )
    try:
        alive = draft.take_alive()
        job.originals = _furnish(draft.path, request.config, job)
        job.bound = _bound(draft, request.config)
        plan = _plan(draft, request, job)
        job.place.take()
        is_alone = request.sources is None
        job.place.enter(draft, plan, sync=is_alone)
        if request.parent is not None:
            free_slots_of(request.parent)
        return draft.publish(_asked(request, job), sync=is_alone), alive, plan
    except BaseException:
        job.place.leave()
        draft.discard()
        raise


def _bound(draft: Draft, config: ScriptRunConfig) -> BoundData | None:
    """Prepare the data that the run names.

    Raises:
        SubmitError: some of it is not there.
    """
    if not config._bindings:
        return None
    from homerun.assets import bindings  # few runs name data

    record = draft.record
    store = store_of(record)
    return bindings.settle(store, config._bindings, record.id, draft.path, record.path)


def _unwritten(root: str, error: OSError) -> Exception:
    known = atomic.unwritable(root, error)
    if known is not error:
        return known
    return SubmitError(
        f"the run cannot be written to {root} ({error.strerror or error}); nothing was submitted: "
        "make room there, or use another store (HOMERUN_STORE)"
    )


def source(store: Store, request: Request) -> tuple[Snapshot | None, git.Code]:
    """The code of the run, new or that of a former run, and what git knows of it."""
    former = request.former
    if former is None or request.is_code_new:
        taken, code = (request.sources or Sources()).look(store, request.config)
        if former is not None:
            code.properties = {**code.properties, RESUBMITTED_FROM: former.id}
        return taken, code
    name = former.run.get("snapshot")
    is_name = names.is_run_id(name)  # the characters of a file's name, and no others
    found = (request.sources or Sources()).again(store, str(name)) if is_name else None
    if found is None and not request.config.in_place:
        why = "is gone" if name else "was not kept"
        raise SubmitError(f"the snapshot of run {former.id} {why}: submit its script again")
    code = git.look(f"{former.path}/{work.folder_of(former.run)}")
    code.properties = {**code.properties, RESUBMITTED_FROM: former.id}
    return None if request.config.in_place else found, code


def _claimed(store: Store, name: str) -> Snapshot | None:
    """A snapshot that is there, claimed for a run that is about to name it; None: it is gone."""
    found = snapshot.load(f"{store.root}/{layout.SNAPSHOTS}/{name}")
    if found is not None:
        try:
            found.claim()
        except FileNotFoundError:
            return None
    return found


def _snapshot(store: Store, folder: str) -> Snapshot:
    tree = scan.scan(folder, store=store.root)
    return snapshot.take(tree, f"{store.root}/{layout.SNAPSHOTS}")


def _furnish(folder: str, config: ScriptRunConfig, job: _Job) -> Originals | None:
    """Fill the run's folder: the log's place, the script's folder, and the short ways to it."""
    placed = None
    atomic.make_new_folder(f"{folder}/{layout.USER_LOGS}")
    atomic.make_new_folder(f"{folder}/{layout.WORK}")
    if job.taken is None:
        os.symlink(job.source, f"{folder}/{job.inside}")
        for name in (layout.OUTPUTS, layout.LOGS):
            os.makedirs(f"{job.source}/{name}", exist_ok=True)
    else:
        placed = work_copy.build(job.taken, folder, job.source, config.copy_limit)
    if config.history is not None and not config.history.output_collection:
        return placed
    for name in (layout.OUTPUTS, layout.LOGS):
        os.symlink(f"{job.inside}/{name}", f"{folder}/{name}")
    return placed


def _asked(request: Request, job: _Job) -> dict[str, object]:
    """What run.json says of the request; secrets are masked, environment values left out."""
    config = request.config
    return {
        "kind": status.SUBMITTED,
        "type": SCRIPT_RUN,
        "display_name": request.display_name,
        "description": request.description,
        "tags": dict(request.tags),
        "properties": job.code.properties,
        "script": config.script_path(),
        "arguments": masking.arguments(config.arguments),
        "params": params.parse(masking.arguments(_words(config))),
        "command": job.shown,
        "environment": config.environment,
        "processes": config.processes and config.processes.describe(),
        "source_directory": job.source,
        "work": job.inside,
        "snapshot": job.taken.id if job.taken and _keeps_snapshot(config) else None,
        "linked": (job.originals and [one.describe() for one in job.originals.linked]) or None,
        "directories_to_watch": list(config.history.directories_to_watch)
        if config.history
        else None,
        "inputs": (job.bound and job.bound.inputs) or None,
        "outputs": (job.bound and job.bound.outputs) or None,
        "target": job.place.target.name,
        **settings.recorded(config),
    }


def _words(config: ScriptRunConfig) -> list[str]:
    """The words that hold parameters: behind the script, or behind a command's program."""
    of_command = [] if isinstance(config.command, str) else config.command[1:]
    return [*of_command, *config.arguments]


def _keeps_snapshot(config: ScriptRunConfig) -> bool:
    return config.history is None or config.history.snapshot_project


def _start(record: Record, plan: Plan, alive: int, place: Place) -> None:
    """Hand the locks to a supervisor; where none can be started the run is Failed."""
    try:
        place.target.start(record.path, plan, alive, place.slots)
    except BaseException as error:
        record.end(status.outcome({}))
        retries.forget_plan(record)
        if isinstance(error, (OSError, ValueError)):
            told = f"no supervisor could be started for {record.id}: {error}"
            raise SubmitError(told) from error
        raise
    finally:
        launch.dismiss_early(record.uuid)
        lock.release(alive)
        place.release()


def _end_unstarted(record: Record, alive: int, place: Place) -> None:
    """End a run that has appeared below a run that was canceled meanwhile."""
    from homerun.targets import dispatch  # few runs need it

    try:
        dispatch.cancel_unstarted(record)
    except OSError:
        pass  # a full disk: nothing of it was started, and the next look ends it
    finally:
        lock.release(alive)
        place.release()


def _plan(draft: Draft, request: Request, job: _Job) -> Plan:
    config, record = request.config, draft.record
    copy = _copy(draft, job)
    argv = job.argv if config.script else [copy.program(job.argv[0]), *job.argv[1:]]
    env = variables.of_script(
        record.store.root,
        record.id,
        draft.uuid,
        record.path,
        job.ours,
        copy,
        config.environment_variables,
    )
    env.update(environ.for_mlflow(env, record.store.root, record.id, request.experiment))
    if config.gpus or config.gpu_memory:
        visible.forget_given(env)
    if config.recipe is not None:
        config.recipe.enter(env)
    processes = config.processes
    if processes is not None:
        processes.enter(env, record.path, config.environment_variables)
    if job.bound is not None:
        argv = job.bound.filled(argv)
        job.bound.enter(env)
    return Plan(
        mark=draft.uuid,
        store_id=record.store.id,
        user=facts.user_name(),
        shown=" ".join(job.shown),
        cwd=job.inside,
        argv=argv,
        env=env,
        ladder=ladder(config.stop_signals, config.grace_s),
        settings={**settings.planned(config), **(processes.planned() if processes else {})},
        recipe=config.recipe.encode() if config.recipe else "",
        python=_interpreter(config, argv, env),
    )


def _copy(draft: Draft, job: _Job) -> variables.Copy:
    """The source, and where the script finds its copy; the folder is hidden until it is whole."""
    if job.taken is None:
        return variables.Copy(job.source, job.source, job.source)
    final, now = draft.record.path, draft.path
    return variables.Copy(job.source, f"{final}/{job.inside}", f"{now}/{job.inside}")


def _interpreter(config: ScriptRunConfig, argv: list[str], env: dict[str, str]) -> str:
    """The interpreter whose packages are to be recorded; "": none."""
    if config.recipe is not None:
        return config.recipe.python
    processes = config.processes
    used = interpreter.used(
        argv,
        env,
        python=config.python(),
        is_behind_mpi=processes is not None and processes.is_mpi and processes.nodes == 1,
    )
    return used and os.path.join(env[environ.WORK_DIRECTORY], used)  # it may be relative
