"""Reconciling: what is published of a run that lost its processes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import process
from helpers.errors import raises
from helpers.fifo import Fifo
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import reconcile, stop_request
from homerun.system import exit_status, linux, process_tree
from homerun.targets import dispatch, registry, requeue, retries
from homerun.targets.engines import judge
from homerun.targets.plan import Plan
from runstore import layout, look, status
from runstore.draft import Draft
from runstore.errors import ReadOnlyStore
from runstore.fs import facts, lock, trust
from runstore.queue import place, placed
from runstore.queue.queue import Queue
from runstore.run import identity
from runstore.run.record import Record
from runstore.store import Store


def test_where_processes_cannot_be_seen_no_outcome_is_published(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("wait.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = Experiment(Workspace.from_config(), "lost").submit(ScriptRunConfig("source", "wait.py"))
    ready.line()
    started = facts.read(run.directory, layout.STARTED) or {}
    pids = [int(started[one]["pid"]) for one in ("supervisor", "script")]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        process.wait_gone(pid)

    unseen = raises(ImportError("no /proc, and no psutil"))
    with monkeypatch.context() as patch:
        patch.setattr(process_tree, "processes_of_run", unseen)
        seen = reconcile.bring_up_to_date(run._record)

    assert seen.status == "Failed"
    assert facts.read(run.directory, layout.ENDED) is None
    assert run.get_status() == "Failed"
    assert facts.read(run.directory, layout.ENDED) is not None


@pytest.mark.parametrize(
    ("kind", "expected"), [(status.CANCEL, "Canceled"), (status.FAIL, "Failed")]
)
def test_a_stop_request_whose_maker_was_killed_is_passed_on_by_the_next_look(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo, kind: str, expected: str
) -> None:
    script("wait.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = Experiment(Workspace.from_config(), "asked").submit(ScriptRunConfig("source", "wait.py"))
    ready.line()

    run._record.publish(layout.STOP, {"kind": kind})  # and then it signals no one
    reconcile.bring_up_to_date(run._record)
    ready.eof()
    process.wait_gone(run.describe()["process"]["supervisor_pid"])

    assert look.at(run._record).status == expected


def test_a_run_that_waits_and_whose_canceler_was_killed_is_ended_by_the_next_look(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    workspace = Workspace.from_config()
    workspace.targets.add("one", slots=1)
    Queue(workspace.store.root, "one").pause()
    config = ScriptRunConfig("source", "train.py", compute_target="one")
    run = Experiment(workspace, "asked").submit(config)

    run._record.publish(layout.STOP, {"kind": status.CANCEL})
    seen = reconcile.bring_up_to_date(run._record)

    assert seen.status == "Canceled"
    assert run.get_status() == "Canceled"


# What is done for a run, by the facts of it; nothing is started here


class Acts:
    """What was done: adopters and queues that were started, and runs that were requeued."""

    places = False

    def __init__(self) -> None:
        self.adopted: list[tuple[bool | None, bool]] = []
        self.woken = 0
        self.requeued: list[str] = []
        self.before_adoption: Callable[[], object] = lambda: None
        self.at_adoption: Callable[[], object] = lambda: None

    def target_of_run(self, _root: str, _run: object) -> Acts:
        self.before_adoption()
        return self

    def adopt(self, _path: str, given: Plan, alive: int, pidfd: int | None) -> None:
        assert given.attempt == 1
        assert given.setting("has_pidfd") is (pidfd is not None)
        os.fstat(alive)
        self.adopted.append((given.script_is_open, pidfd is not None))
        self.at_adoption()

    def wake(self, _store: Store) -> None:
        self.woken += 1

    def requeue(self, record: Record) -> None:
        self.requeued.append(record.id)


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> Acts:
    found = Acts()
    monkeypatch.setattr(registry, "target_of_run", found.target_of_run)
    monkeypatch.setattr(dispatch, "wake", found.wake)
    monkeypatch.setattr(requeue, "after_restart", found.requeue)
    monkeypatch.setattr(linux, "is_going_down", lambda: False)
    leave(monkeypatch, 0)
    return found


def leave(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let so many processes carry the mark of a run."""
    left = [process_tree.Process(7, b"S", 1, 0)] * count
    monkeypatch.setattr(process_tree, "processes_of_run", lambda *_: left)


@pytest.fixture
def store(workspace_dir: Path) -> Store:
    """A store with a queue in which nothing waits."""
    made = Store(f"{workspace_dir}/.runs").for_writing()
    Queue(made.root, "local").add("other", b"").remove()
    return made


@pytest.fixture
def make(store: Store) -> Iterator[Callable[..., Record]]:
    """Make a run: `make(alive=True, below=…, retry_on=…)`."""
    held: list[int] = []

    def made(*, alive: bool = False, below: Record | None = None, **asked: object) -> Record:
        draft = Draft(store, "exp", parent=below)
        descriptor = draft.take_alive()
        record = draft.publish(
            {"kind": status.SUBMITTED, "script": "train.py", "target": "local", **asked}
        )
        held.append(descriptor)
        if not alive:
            lock.release(held.pop())
        return record

    yield made
    for descriptor in held:
        lock.release(descriptor)


@pytest.fixture
def script_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as started:
        yield started
        started.kill()


def start(record: Record, pid: int = 0, **other: object) -> None:
    """Publish that the run has started; without a pid its script is gone."""
    here = {**identity.here(), "store_id": record.store.id, "mark": record.mark}
    here.update(identity.of_folder(record.path, f"{record.path}/{layout.ALIVE}"))
    script = identity.process(pid) if pid else {"pid": 2**22 + 1}
    facts.publish(record.path, layout.STARTED, {**here, "script": script, **other})


def outcome(record: Record) -> tuple[object, object] | None:
    """What was published of its end."""
    ended = facts.read(record.path, layout.ENDED)
    return None if ended is None else (ended["status"], ended["cause"])


def before(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, act: Callable[[], object]
) -> None:
    """Have something happen just before a function of a module begins."""
    original = getattr(module, name)

    def begin(*given: object) -> object:
        act()
        return original(*given)

    monkeypatch.setattr(module, name, begin)


KEPT = {"max_retries": 1, "retry_on": [status.HOST_RESTARTED]}


def keep(record: Record) -> None:
    """Keep what the run was started with, for a start after a restart of the machine."""
    Queue(record.store.root, "local").keep(record.id, b"")


def queue(record: Record) -> None:
    """Put the run into the queue."""
    entry = Queue(record.store.root, "local").add(record.id, b"")
    facts.publish(record.path, layout.QUEUED, {"target": "local", "entry": entry.name})


def test_a_run_that_was_lost_before_it_began_gets_its_outcome_and_its_queue_is_looked_at(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 1)
    record = make()
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, seen.is_over) == ("Failed", True)
    assert outcome(record) == ("Failed", status.NEVER_STARTED)
    assert (acts.woken, acts.adopted) == (1, [])


def test_in_a_store_that_may_not_act_a_look_is_only_a_look(
    acts: Acts, make: Callable[..., Record]
) -> None:
    record = make()
    trust.forget(record.store.root, record.store.id)
    seen = reconcile.bring_up_to_date(record)

    assert seen.status == "Failed"
    assert (outcome(record), acts.woken) == (None, 0)


def test_where_no_run_ever_waited_no_queue_is_looked_at(
    acts: Acts, make: Callable[..., Record], store: Store
) -> None:
    os.rename(f"{store.root}/{layout.QUEUE}", f"{store.root}/.other")
    reconcile.bring_up_to_date(make())

    assert acts.woken == 0


@pytest.mark.parametrize(("asked", "woken"), [({}, 0), ({"batch": 2}, 1)], ids=["run", "batch"])
def test_of_what_goes_on_only_a_batch_has_its_queue_looked_at(
    acts: Acts, make: Callable[..., Record], asked: dict[str, object], woken: int
) -> None:
    record = make(alive=True, **asked)
    seen = reconcile.bring_up_to_date(record)

    assert seen.status == "Preparing"
    assert (outcome(record), acts.woken, acts.adopted) == (None, woken, [])


def test_a_run_that_waits_has_its_queue_looked_at_and_stays_there(
    acts: Acts, make: Callable[..., Record]
) -> None:
    record = make(**KEPT)
    queue(record)
    keep(record)
    seen = reconcile.bring_up_to_date(record)

    assert seen.status == "Queued"
    assert (outcome(record), acts.woken, acts.requeued) == (None, 1, [])


def test_a_stop_request_that_reached_no_process_reaches_the_run(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_it(record: Record, _seen: object) -> bool:
        return record.end(status.never_started(status.CANCEL))

    monkeypatch.setattr(stop_request, "pass_on", end_it)
    record = make(alive=True)
    before = reconcile.bring_up_to_date(record)
    facts.publish(record.path, layout.STOP, {"kind": status.CANCEL})
    after = reconcile.bring_up_to_date(record)

    assert (before.status, after.status) == ("Preparing", "Canceled")


def test_a_stop_request_of_a_run_that_is_lost_is_passed_on_no_more(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_request, "pass_on", raises(AssertionError("it is over")))
    record = make()
    facts.publish(record.path, layout.STOP, {"kind": status.CANCEL})
    reconcile.bring_up_to_date(record)

    assert outcome(record) == ("Failed", status.NEVER_STARTED)


# A run below another one, and a run of an engine


@pytest.fixture
def parent(make: Callable[..., Record]) -> Record:
    """A run that goes on, until it is canceled."""
    return make(alive=True)


ELSEWHERE = {"boot_id": "another", "machine_id": "another", "host": "another"}


def cancel(record: Record) -> None:
    facts.publish(record.path, layout.STOP, {"kind": status.CANCEL})


def test_a_run_below_a_canceled_one_whose_canceler_was_killed_is_canceled_by_the_next_look(
    acts: Acts, make: Callable[..., Record], parent: Record
) -> None:
    record = make(below=parent)
    queue(record)
    before = reconcile.bring_up_to_date(record)
    cancel(parent)
    after = reconcile.bring_up_to_date(record)

    assert (before.status, after.status, after.is_over) == ("Queued", "Canceled", True)
    assert outcome(record) == ("Canceled", status.CANCEL)


def test_a_run_below_a_canceled_one_that_was_over_by_then_has_its_own_outcome(
    acts: Acts, make: Callable[..., Record], parent: Record
) -> None:
    record = make(below=parent)
    cancel(parent)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, outcome(record)) == ("Failed", ("Failed", status.NEVER_STARTED))
    assert facts.read(record.path, layout.STOP) is None


def test_a_run_below_a_canceled_one_that_does_not_respond_is_left_to_its_host(
    acts: Acts, make: Callable[..., Record], parent: Record
) -> None:
    record = make(below=parent)
    start(record, **ELSEWHERE)
    cancel(parent)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, outcome(record)) == ("NotResponding", None)
    assert facts.read(record.path, layout.STOP) is None


def test_a_run_below_one_that_goes_on_is_treated_as_any_other(
    acts: Acts,
    make: Callable[..., Record],
    parent: Record,
    script_process: subprocess.Popen[bytes],
) -> None:
    record = make(below=parent)
    start(record, script_process.pid)
    reconcile.bring_up_to_date(record)

    assert (len(acts.adopted), facts.read(record.path, layout.STOP)) == (1, None)


def test_a_run_that_is_below_none_asks_no_other_whether_that_was_canceled(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_request, "follow_parent", raises(AssertionError("it has none")))

    assert reconcile.bring_up_to_date(make(alive=True)).status == "Preparing"


def give_job(record: Record) -> None:
    """Have an engine know the run as a job of its own."""
    assert placed.note_job(record, {"target": "cluster", "job": "17"})


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["waits", "was begun elsewhere"])
def test_a_run_that_its_engine_has_lost_is_shown_so_by_the_look_that_finds_it(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch, is_elsewhere: bool
) -> None:
    def end_it(record: Record) -> bool:
        return record.end(status.lost_by_engine("NODE_FAIL"))

    record = make()
    queue(record)
    give_job(record)
    if is_elsewhere:
        os.unlink(place.entry(record) or "")
        start(record, **ELSEWHERE)
    monkeypatch.setattr(judge, "end_if_lost", lambda _: False)
    before = reconcile.bring_up_to_date(record)
    monkeypatch.setattr(judge, "end_if_lost", end_it)
    after = reconcile.bring_up_to_date(record)

    assert before.status == ("NotResponding" if is_elsewhere else "Queued")
    assert (after.status, after.is_over) == ("Failed", True)


@pytest.mark.parametrize("has_job", [False, True], ids=["no engine", "its process lives here"])
def test_no_engine_is_asked_of_a_run_that_is_none_of_its_or_lives_here(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch, has_job: bool
) -> None:
    monkeypatch.setattr(judge, "end_if_lost", raises(AssertionError("no engine knows of it")))
    record = make(alive=has_job)
    if has_job:
        give_job(record)
    else:
        queue(record)

    assert reconcile.bring_up_to_date(record).status == ("Preparing" if has_job else "Queued")


# A machine that was, or goes, down; and adoption


@pytest.mark.parametrize("was_queued", [False, True])
def test_a_run_that_went_with_its_machine_is_requeued(
    acts: Acts,
    make: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
    was_queued: bool,
) -> None:
    monkeypatch.setattr(linux, "is_going_down", lambda: True)
    record = make(**KEPT)
    keep(record)
    if was_queued:
        queue(record)
        os.unlink(place.entry(record) or "")
    start(record, boot_id="earlier")
    seen = reconcile.bring_up_to_date(record)

    assert seen.status == "Queued"
    assert (acts.requeued, outcome(record)) == ([record.id], None)


@pytest.mark.parametrize("is_going_down", [True, False])
def test_a_run_that_goes_with_its_machine_is_requeued_once_that_is_not_going_down_any_more(
    acts: Acts,
    make: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
    is_going_down: bool,
) -> None:
    monkeypatch.setattr(linux, "is_going_down", lambda: is_going_down)
    record = make(**KEPT)
    keep(record)
    start(record)
    facts.publish(record.path, layout.EXITED, {"stopped": status.SHUTDOWN, "wait_status": 15})
    seen = reconcile.bring_up_to_date(record)

    assert seen.status == "Queued"
    assert acts.requeued == ([] if is_going_down else [record.id])


def test_a_run_that_a_restart_may_start_again_is_lost_with_its_processes_alone(
    acts: Acts, make: Callable[..., Record]
) -> None:
    record = make(**KEPT)
    keep(record)
    start(record)
    reconcile.bring_up_to_date(record)

    assert outcome(record) == ("Failed", status.LOST_EXIT_STATUS)
    assert acts.requeued == []
    assert not os.path.exists(place.kept_plan(record))


def test_a_run_that_is_neither_queued_nor_kept_any_more_is_not_requeued(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make(**KEPT)
    keep(record)
    start(record, boot_id="earlier")
    monkeypatch.setattr(dispatch, "wake", lambda _: os.unlink(place.kept_plan(record)))
    seen = reconcile.bring_up_to_date(record)

    assert (seen.seen, acts.requeued) == (status.IN_QUEUE, [])


def test_a_script_that_lives_without_a_supervisor_gets_an_adopter(
    acts: Acts, make: Callable[..., Record], script_process: subprocess.Popen[bytes]
) -> None:
    record = make()
    start(record, script_process.pid)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, outcome(record)) == ("Running", None)
    assert (acts.adopted, acts.woken) == ([(True, True)], 1)
    assert not lock.is_held(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)


def test_a_script_that_is_gone_once_it_was_to_be_adopted_is_lost(
    acts: Acts, make: Callable[..., Record], script_process: subprocess.Popen[bytes]
) -> None:
    record = make()
    start(record, script_process.pid)
    acts.at_adoption = lambda: end(script_process)
    seen = reconcile.bring_up_to_date(record)

    assert len(acts.adopted) == 1
    assert (seen.status, outcome(record)) == ("Failed", ("Failed", status.LOST_EXIT_STATUS))


def test_a_script_that_ends_before_its_run_can_be_taken_needs_no_adopter(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = make()
    start(record, script_process.pid)
    before(monkeypatch, identity, "open_same", lambda: end(script_process))
    reconcile.bring_up_to_date(record)

    assert acts.adopted == []
    assert outcome(record) == ("Failed", status.LOST_EXIT_STATUS)


@pytest.mark.parametrize("is_taken", [False, True])
def test_how_a_script_ended_is_known_once_its_run_is_taken(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    is_taken: bool,
) -> None:
    record = make()
    start(record, script_process.pid)
    if is_taken:
        acts.before_adoption = lambda: end(script_process)
    else:
        before(monkeypatch, lock, "take", lambda: end(script_process))
    reconcile.bring_up_to_date(record)

    assert acts.adopted == [(False, True)]


def test_a_run_whose_next_attempt_began_before_it_was_taken_is_left_to_that(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = make()
    start(record, script_process.pid)

    def begin_again() -> None:
        os.unlink(f"{record.path}/{layout.STARTED}")
        start(record, os.getpid())

    before(monkeypatch, lock, "take", begin_again)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, acts.adopted) == ("Running", [])


@pytest.mark.parametrize("is_open", [True, False])
def test_an_adopter_is_told_whether_it_may_ask_how_that_very_script_ends(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    is_open: bool,
) -> None:
    asked: list[int] = []

    def look(pid: int) -> bool:
        asked.append(pid)
        return is_open

    monkeypatch.setattr(exit_status, "is_open", look)
    record = make()
    start(record, script_process.pid)
    reconcile.bring_up_to_date(record)

    assert acts.adopted == [(is_open, True)]
    assert asked == [script_process.pid]


def test_a_pid_that_was_anothers_at_the_look_is_not_open(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end_and_look(_pid: int) -> bool:
        end(script_process)
        return True

    monkeypatch.setattr(exit_status, "is_open", end_and_look)
    record = make()
    start(record, script_process.pid)
    reconcile.bring_up_to_date(record)

    assert acts.adopted == [(False, True)]


def test_a_run_that_another_process_adopts_is_left_to_it(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = make()
    start(record, script_process.pid)
    monkeypatch.setattr(lock, "take", lambda *_: None)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, acts.adopted) == ("Running", [])


def test_a_run_that_ended_before_its_lock_was_taken_is_not_adopted(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = make()
    start(record, script_process.pid)
    before(monkeypatch, lock, "take", lambda: record.end(status.ended(status.COMPLETED)))
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, acts.adopted) == ("Completed", [])


def test_a_script_that_lives_and_cannot_be_told_from_others_is_not_adopted(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave(monkeypatch, 1)
    monkeypatch.setattr(identity, "open_same", lambda _: None)
    record = make()
    start(record, script_process.pid)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, acts.adopted) == ("Running", [])


def test_without_pidfds_a_script_that_lives_is_adopted_by_its_pid_and_its_start(
    acts: Acts,
    make: Callable[..., Record],
    script_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    record = make()
    start(record, script_process.pid)
    seen = reconcile.bring_up_to_date(record)

    assert (seen.status, acts.adopted) == ("Running", [(True, False)])


def test_who_may_only_look_sees_a_lost_run_go_on_until_nothing_of_it_is_left(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 1)
    record = make()
    start(record)
    monkeypatch.setattr(Store, "may_act", False)

    with_processes = reconcile.bring_up_to_date(record)
    leave(monkeypatch, 0)
    without = reconcile.bring_up_to_date(record)

    assert (with_processes.status, with_processes.is_over) == ("Running", False)
    assert with_processes.is_orphan
    assert (without.status, acts.adopted, outcome(record)) == ("Failed", [], None)


def test_what_a_lost_script_left_is_ended_by_an_adopter_before_the_run_ends(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 1)
    record = make()
    start(record)
    reconcile.bring_up_to_date(record)
    before = outcome(record)
    acts.at_adoption = lambda: leave(monkeypatch, 0)
    reconcile.bring_up_to_date(record)

    assert acts.adopted == [(None, False)] * 2
    assert (before, outcome(record)) == (None, ("Failed", status.LOST_EXIT_STATUS))


@pytest.mark.parametrize(
    ("asked", "started", "exited", "cause"),
    [
        pytest.param({"on_exit": "leave"}, {}, None, status.LOST_EXIT_STATUS, id="wanted"),
        pytest.param({}, {"boot_id": "earlier"}, None, status.HOST_RESTARTED, id="restarted"),
        pytest.param({}, {}, {"exit_code": 3, "wait_status": 768}, status.EXIT_CODE, id="swept"),
    ],
)
def test_no_adopter_is_started_for_what_a_run_may_leave(
    acts: Acts,
    make: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, object],
    started: dict[str, object],
    exited: dict[str, object] | None,
    cause: str,
) -> None:
    leave(monkeypatch, 1)
    record = make(**asked)
    start(record, **started)
    if exited is not None:
        facts.publish(record.path, layout.EXITED, exited)
    reconcile.bring_up_to_date(record)

    assert acts.adopted == []
    assert outcome(record) == ("Failed", cause)


def test_an_interactive_run_whose_owner_is_gone_ends_without_an_adopter(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 1)
    record = make(kind=status.INTERACTIVE)
    start(record)
    reconcile.bring_up_to_date(record)

    assert acts.adopted == []
    assert outcome(record) == ("Failed", status.PROCESS_EXITED)


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "no answer"), ReadOnlyStore("run", "it is"), ImportError("psutil")]
)
def test_an_outcome_that_cannot_be_published_now_is_seen_all_the_same(
    acts: Acts, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(retries, "forget_plan", raises(error))

    assert reconcile.bring_up_to_date(make()).status == "Failed"


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
