"""Interactive runs: begin and end runs that a process of the user holds open.

Their owner is named in started.json, and no process is signalled for them: a cancel from another
process only publishes the end. A row of `create_children` begins when it is first used, and is
owned by the process that uses it.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from homerun.base import environ
from homerun.base.messages import say
from homerun.runs import owner, reconcile, stop_request
from runstore import layout, look, status
from runstore.draft import Draft
from runstore.errors import InvalidTransition, StoreError
from runstore.fs import facts
from runstore.run import change_marks, files, identity
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record
    from runstore.store import Store

    Outputs = tuple[str, str]
    """An outputs folder of this process, and what the run's names for its files begin with."""


def start(
    store: Store,
    experiment: str,
    asked: dict[str, object],
    *,
    run_id: str | None = None,
    parent: Record | None = None,
) -> Record:
    """Make a run that has begun, and that this process owns.

    Raises:
        RunExists, InvalidName, FormatTooNew, ReadOnlyStore: nothing was made.
    """
    draft = Draft(store.for_writing(), experiment, run_id, parent=parent)
    folder = draft.record.path
    try:
        started = _started(store, folder, draft.path)
        facts.publish(draft.path, layout.STARTED, facts.signed(started))
        return draft.publish({"kind": status.INTERACTIVE, **asked})
    except BaseException:
        owner.closed(folder)
        draft.discard()
        raise


def outputs_folder(wanted: bool | str | os.PathLike[str] | None) -> Outputs | None:
    """The folder whose new files belong to the run, made if it is not there, and their prefix.

    That is the folder's path as seen from the current folder; for one elsewhere, its last part.

    Args:
        wanted: a path; None or True: `./outputs`; False: none.
    """
    if wanted is False:
        return None
    path = layout.OUTPUTS if wanted is None or wanted is True else wanted
    folder = os.path.abspath(path)
    os.makedirs(folder, exist_ok=True)
    seen = os.path.relpath(folder)
    if seen.split(os.sep)[0] == os.pardir:
        seen = os.path.basename(folder)
    return folder, "" if seen == os.curdir else f"{seen}/"


def begin(record: Record) -> bool:
    """Let a row begin, owned by this process. False: it is no row, or it has begun or ended."""
    if not record.is_interactive or record.fact(layout.STARTED) is not None:
        return False
    if reconcile.bring_up_to_date(record).is_over:
        return False
    wanted = _started(store_of(record), record.path, record.path)
    try:
        return record.publish(layout.STARTED, wanted)
    finally:
        begun = record.fact(layout.STARTED) or {}
        if begun.get("owner") != wanted["owner"]:  # another process was first, or the disk is full
            owner.closed(record.path)


def end(record: Record, how: str, said: dict[str, object] | None = None) -> None:
    """Publish the end of an interactive run.

    Ending it again in the same way is fine.

    Raises:
        InvalidTransition: it has ended in another way.
    """
    begin(record)
    record.sync_metrics()
    outcome = {**status.ended(how), **(said or {})}
    won = record.end(outcome)
    if change_marks.mark_end(record.store.root, record.id):
        from homerun.runs import index_work  # one run in a thousand needs it
        from homerun.system import children

        started = index_work.start_feeding(record.store.root, record.mark)
        if started:
            children.started(started)
    owner.closed(record.path)
    now = look.at(record).status
    if not won and now != how:
        raise InvalidTransition(record.id, now, f"become {how}")
    if how == status.CANCELED:
        try:
            stop_request.cancel_children(record.path)
        finally:
            owner.forget_ended()


def _started(store: Store, run_folder: str, built: str) -> dict[str, object]:
    """Who holds the run open, and where; `within` is the submitted run whose script that is.

    Args:
        built: the run's folder under the name that it has for now.
    """
    holder = owner.hold(store, run_folder)
    return {
        "attempt": 1,
        "owner": holder,
        "process": identity.process(os.getpid()),
        **_script_around(store),
        **identity.here(),
        "store_id": store.id,
        **identity.of_folder(built, f"{store.root}/{layout.OWNERS}/{holder}", identity.OWNER),
    }


def _script_around(store: Store) -> dict[str, object]:
    """The submitted run in whose script this process is, where it is one of the same store."""
    run_id = environ.run_id()
    around = store.get(run_id) if run_id else None
    if around is None or not environ.is_inside(around):
        return {"within": None}
    return {"within": around.id, "within_uuid": around.uuid}


def collect_outputs(folder: str, prefix: str, run_folder: str, since_ns: int) -> list[str]:
    """Add files made or changed since the start to the run; their names.

    Links are not followed, the store itself is left out, and so is a file that cannot be read: the
    outcome of a training does not hang on it. What was uploaded under the same name stays.

    Args:
        folder: where the process writes its outputs.
        prefix: what the run's names for them begin with, such as `outputs/`.
        since_ns: the ctime from which on a file counts, in ns.
    """
    found: list[str] = []
    refused: list[str] = []
    root = os.path.realpath(folder)
    store = os.path.realpath(os.path.dirname(os.path.dirname(run_folder)))
    for at, folders, names in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(at, name) != store]
        for name in sorted(names):
            path = os.path.join(at, name)
            wanted = prefix + os.path.relpath(path, root)
            try:
                if _is_new(path, since_ns) and _add(path, run_folder, wanted):
                    found.append(wanted)
            except StoreError as error:
                refused.append(str(error))
    if refused:
        count = "a file" if len(refused) == 1 else f"{len(refused)} files, the first"
        say(f"not collected from {root}: {count}: {refused[0]}")
    return found


def _is_new(path: str, since_ns: int) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return S_ISREG(found.st_mode) and found.st_ctime_ns >= since_ns


def _add(path: str, run_folder: str, name: str) -> bool:
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        files.add(run_folder, name, source, sync=False)
    except OSError:
        return False
    finally:
        os.close(source)
    return True
