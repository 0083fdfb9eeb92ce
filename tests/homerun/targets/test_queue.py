"""Many runs on few slots: each waits its turn, none is lost, none is run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.trusted import trusted
from helpers.wait import holds_within
from homerun import Experiment, Run, ScriptRunConfig, SubmitError, UserError, Workspace
from homerun.runs import submit as submitting
from homerun.runs.submit import Request
from homerun.targets import dispatch
from homerun.targets.queue import TargetQueue
from runstore import layout, status
from runstore import look as looks
from runstore.fs import atomic, facts, lock
from runstore.index.live import Live
from runstore.look import Look
from runstore.queue import queue
from runstore.queue.queue import Queue
from runstore.run import identity
from runstore.run.record import Record

NOOP = "print('done')"


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("noop.py", NOOP)
    return Experiment(Workspace.from_config(), "queue")


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Limit the target `local`."""
    return lambda count: monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", str(count))


class Waiting:
    """Scripts that say that they are there, and wait to be let go."""

    def __init__(self, fifo: Callable[[str], Fifo], gate: Callable[[str], Gate]) -> None:
        self.ready, self.door = fifo("ready"), gate("door")

    def source(self, then: str = "") -> str:
        return f"""
        import os, sys
        ready = {self.ready.opened}
        print(os.environ["HOMERUN_RUN_ID"], file=ready)
        {self.door.passed}
        {then}
        """


@pytest.fixture
def waiting(
    fifo: Callable[[str], Fifo], gate: Callable[[str], Gate], script: Callable[..., Path]
) -> Waiting:
    made = Waiting(fifo, gate)
    script("wait.py", made.source())
    return made


def submit(experiment: Experiment, name: str = "noop.py", **options: Any) -> Run:
    return experiment.submit(ScriptRunConfig("source", name, **options))


@pytest.fixture
def first(experiment: Experiment, slots: Callable[[int], None], waiting: Waiting) -> Run:
    """A run that holds the only slot until the door is opened."""
    slots(1)
    run = submit(experiment, "wait.py")
    waiting.ready.line()
    return run


def finish(runs: list[Run]) -> list[str]:
    for run in runs:
        run.wait_for_completion(raise_on_error=False)
    return [run.get_status() for run in runs]


def spans(runs: list[Run]) -> list[tuple[float, float, Run]]:
    """From when to when each run's script was there, by the recorded facts, in order of start."""
    found = []
    for run in runs:
        started = facts.read(run.directory, layout.STARTED) or {}
        exited = facts.read(run.directory, layout.EXITED) or {}
        found.append((started["clock_s"], started["clock_s"] + exited["elapsed_s"], run))
    return sorted(found, key=lambda span: span[0])


def most_at_once(runs: list[Run]) -> int:
    edges = [(begin, 1) for begin, _, _ in spans(runs)] + [(end, -1) for _, end, _ in spans(runs)]
    now = most = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most


def entries(experiment: Experiment, target: str = "local") -> list[str]:
    found = Queue(experiment.workspace.directory, target).entries()
    return [entry.run_id for entry in found]


def test_runs_wait_their_turn_and_no_more_than_two_go_on_at_once(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(2)

    runs = [submit(experiment) for _ in range(24)]

    assert finish(runs) == ["Completed"] * 24
    assert most_at_once(runs) <= 2
    # Two that are started at once may get to their scripts in either order, and no others.
    order = [run.number for _, _, run in spans(runs)]
    assert all(abs(number - place) <= 2 for place, number in enumerate(order, 1) if number)
    assert entries(experiment) == []


def test_a_run_that_waited_has_what_its_submitter_had(
    experiment: Experiment, script: Callable[..., Path], first: Run, waiting: Waiting
) -> None:
    script(
        "show.py",
        """
        import os, resource
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        print(os.umask(0), os.nice(0), os.sched_getaffinity(0), limit)
        """,
    )
    processor = min(os.sched_getaffinity(0))
    had = (
        "import os, resource; os.umask(0o27); os.nice(2);"
        f"os.sched_setaffinity(0, [{processor}]);"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456));"
        "from homerun import Experiment, ScriptRunConfig, Workspace;"
        "run = Experiment(Workspace.from_config(), 'queue').submit("
        "ScriptRunConfig('source', 'show.py')); print(run.id)"
    )
    done = subprocess.run([sys.executable, "-c", had], capture_output=True, text=True, check=True)

    second = Run.get(experiment.workspace, done.stdout.strip())
    queued = second.get_status()
    waiting.door.open()
    second.wait_for_completion()

    assert queued == "Queued"
    text = f"{0o27} {os.nice(0) + 2} {{{processor}}} (123, 456)\n"
    assert b"".join(second.stream()).decode() == text


def test_a_single_run_starts_at_once_where_nobody_has_set_a_limit(
    experiment: Experiment, waiting: Waiting
) -> None:
    runs = [submit(experiment, "wait.py") for _ in range(5)]

    assert {waiting.ready.line() for _ in runs} == {run.id for run in runs}

    waiting.door.open(5)
    assert finish(runs) == ["Completed"] * 5
    waiting.ready.eof()


def test_a_run_that_waits_is_queued_and_costs_no_process(
    experiment: Experiment, first: Run, waiting: Waiting
) -> None:
    second, third = submit(experiment), submit(experiment)

    assert [run.get_status() for run in (first, second, third)] == ["Running", "Queued", "Queued"]
    assert entries(experiment) == [second.id, third.id]
    assert facts.read(second.directory, layout.STARTED) is None
    waiting.door.open()
    assert finish([first, second, third]) == ["Completed"] * 3
    waiting.ready.eof()


def test_a_queued_run_that_is_canceled_never_starts(
    experiment: Experiment, first: Run, waiting: Waiting
) -> None:
    second, third = submit(experiment), submit(experiment)

    second.cancel()

    assert second.get_status() == "Canceled"
    assert second.get_details()["status"] == "Canceled"
    assert entries(experiment) == [third.id]
    waiting.door.open()
    assert finish([first, third]) == ["Completed"] * 2
    assert facts.read(second.directory, layout.STARTED) is None
    waiting.ready.eof()


def test_a_queued_run_that_is_failed_is_failed(
    experiment: Experiment, first: Run, waiting: Waiting
) -> None:
    second = submit(experiment)

    second.fail("no need")

    assert second.get_status() == "Failed"
    assert second.get_details()["error"]["error"]["message"].startswith("no need")
    first.cancel()
    waiting.ready.eof()


def test_the_highest_priority_goes_first(
    experiment: Experiment, first: Run, waiting: Waiting
) -> None:
    low, high, same = (submit(experiment, priority=n) for n in (0, 5, 5))

    assert entries(experiment) == [high.id, same.id, low.id]
    waiting.door.open()
    assert finish([first, low, high, same]) == ["Completed"] * 4
    waiting.ready.eof()


def test_a_run_of_two_slots_waits_for_both_and_nobody_overtakes_it(
    experiment: Experiment, slots: Callable[[int], None], waiting: Waiting
) -> None:
    slots(2)
    one, other = submit(experiment, "wait.py"), submit(experiment, "wait.py")
    assert {waiting.ready.line(), waiting.ready.line()} == {one.id, other.id}

    big, small = submit(experiment, slots=2), submit(experiment)
    waiting.door.open()
    assert holds_within(
        lambda: (
            "Running" not in (one.get_status(), other.get_status())
            or ([one.get_status(), other.get_status()].count("Completed") == 1)
        ),
        10.0,
    )

    assert (big.get_status(), small.get_status()) == ("Queued", "Queued")
    waiting.door.open()
    assert finish([one, other, big, small]) == ["Completed"] * 4
    assert spans([big, small])[0][2] == big
    assert most_at_once([big, small]) == 1
    waiting.ready.eof()


def test_a_paused_queue_starts_nothing_until_it_is_resumed(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    waiting = Queue(experiment.workspace.store.for_writing().root, "local")
    waiting.pause()
    run = submit(experiment)
    dispatch.start(experiment.workspace.store, "local")
    assert run.get_status() == "Queued"

    waiting.resume()
    dispatch.start(experiment.workspace.store, "local")

    assert finish([run]) == ["Completed"]


def test_the_environment_of_a_queued_run_is_in_one_private_file_until_it_starts(
    experiment: Experiment, first: Run, waiting: Waiting
) -> None:
    config = ScriptRunConfig(
        "source", "noop.py", ["--token", "canary-1"], environment_variables={"KEY": "canary-2"}
    )
    second = experiment.submit(config)

    root = experiment.workspace.directory
    holders = found_in(root, b"canary")
    assert [os.path.dirname(path) for path in holders] == [f"{root}/{layout.QUEUE}/local"]
    assert os.stat(holders[0]).st_mode & 0o777 == 0o600
    waiting.door.open()
    assert finish([first, second]) == ["Completed"] * 2
    assert found_in(root, b"canary") == []
    waiting.ready.eof()


def found_in(root: str, canary: bytes) -> list[str]:
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    return [path for path in paths if os.path.isfile(path) and canary in Path(path).read_bytes()]


def test_a_store_that_is_moved_while_runs_wait_goes_on_where_it_is(
    experiment: Experiment, slots: Callable[[int], None], waiting: Waiting, tmp_path: Path
) -> None:
    slots(1)
    submit(experiment, "wait.py")
    waiting.ready.line()
    second = submit(experiment)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    os.rename(experiment.workspace.directory, moved / ".runs")

    waiting.door.open()

    again = Workspace.from_config(str(moved)).get_run(second.id)
    again.wait_for_completion()
    assert again.get_status() == "Completed"
    assert str(moved) in Path(again.directory, "user_logs", "std_log.txt").parent.as_posix()
    waiting.ready.eof()


def test_a_parent_on_the_only_slot_gives_it_to_its_children(
    experiment: Experiment, slots: Callable[[int], None], script: Callable[..., Path]
) -> None:
    slots(1)
    script(
        "parent.py",
        """
        from homerun import Run, ScriptRunConfig
        run = Run.get_context()
        children = [run.submit_child(ScriptRunConfig(".", "noop.py")) for _ in range(12)]
        for child in children:
            child.wait_for_completion()
        run.log("completed", sum(child.get_status() == "Completed" for child in children))
        """,
    )

    parent = submit(experiment, "parent.py")

    assert finish([parent]) == ["Completed"]
    assert parent.get_metrics() == {"completed": 12}
    assert most_at_once(list(parent.get_children())) == 1


def test_a_tree_three_levels_deep_whose_parents_poll_does_not_deadlock(
    experiment: Experiment, slots: Callable[[int], None], script: Callable[..., Path]
) -> None:
    slots(1)
    script(
        "deep.py",
        """
        import select, sys
        from homerun import Run, ScriptRunConfig
        run, level = Run.get_context(), int(sys.argv[1])
        if level:
            config = ScriptRunConfig(".", "deep.py", [level - 1])
            children = [run.submit_child(config) for _ in range(2)]
            while any(child.get_status() not in ("Completed", "Failed") for child in children):
                select.select([], [], [], 0.05)
        """,
    )

    top = experiment.submit(ScriptRunConfig("source", "deep.py", [2]))

    assert finish([top]) == ["Completed"]
    assert [run.get_status() for run in top.get_children(recursive=True)] == ["Completed"] * 6


def test_when_all_is_killed_the_next_look_starts_the_queue_again(
    experiment: Experiment, slots: Callable[[int], None], waiting: Waiting
) -> None:
    slots(2)
    running = [submit(experiment, "wait.py") for _ in range(2)]
    for _ in running:
        waiting.ready.line()
    queued = [submit(experiment) for _ in range(4)]
    for run in running:
        kill_all_of(run)
    waiting.ready.eof()

    dispatch._last_wake = float("-inf")

    assert finish(queued) == ["Completed"] * 4
    assert finish(running) == ["Failed"] * 2


def kill_all_of(run: Run, whom: tuple[str, ...] = ("supervisor", "script")) -> None:
    started = facts.read(run.directory, layout.STARTED) or {}
    for who in whom:
        found = process.look(int(started[who]["pid"]))
        assert found is not None
        process.send(found, signal.SIGKILL)
        assert holds_within(lambda who=who: not identity.lives(started[who]), 10.0)  # type: ignore[misc]


def test_a_run_whose_supervisor_was_killed_before_it_was_on_record_is_queued_again(
    experiment: Experiment, slots: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from homerun.targets import launch

    slots(1)
    waiting = Queue(experiment.workspace.store.for_writing().root, "local")
    waiting.pause()
    run = submit(experiment)
    waiting.resume()

    def killed(*given: Any, **named: Any) -> int:
        raise OSError("no process can be started")

    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervisor", killed)
        with pytest.raises(OSError, match="no process"):
            dispatch.start(experiment.workspace.store, "local")

    assert run.get_status() == "Queued"
    dispatch.start(experiment.workspace.store, "local")
    assert finish([run]) == ["Completed"]


def test_an_entry_that_a_killed_supervisor_left_is_removed_and_starts_nothing(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    run = submit(experiment)
    finish([run])
    waiting = Queue(experiment.workspace.directory, "local")
    waiting.add(run.id, b"left over")

    def is_empty() -> bool:
        dispatch.start(experiment.workspace.store, "local")
        return waiting.is_empty()

    assert holds_within(is_empty, 10.0)
    assert finish([run]) == ["Completed"]


def test_many_that_are_submitted_at_once_use_as_many_slots_as_there_are_cores(
    experiment: Experiment, waiting: Waiting
) -> None:
    from homerun.targets.local import cores

    config = ScriptRunConfig("source", "wait.py")
    store = experiment.workspace.store
    made = [
        submitting.submit(Request(store, "queue", config, is_one_of_many=True))[0]
        for _ in range(cores() + 1)
    ]
    for _ in range(cores()):
        waiting.ready.line()

    runs = [experiment.workspace.get_run(record.id) for record in made]
    assert [run.get_status() for run in runs].count("Queued") == 1

    waiting.door.open(len(runs))
    assert finish(runs) == ["Completed"] * len(runs)
    waiting.ready.eof()


def test_a_target_of_its_own_has_its_own_slots(experiment: Experiment, waiting: Waiting) -> None:
    root = experiment.workspace.store.for_writing().root
    Path(root, layout.SETTINGS).write_text('{"targets": {"small": {"type": "local", "slots": 1}}}')

    first = submit(experiment, "wait.py", compute_target="small")
    waiting.ready.line()
    second = submit(experiment, compute_target="small")
    other = submit(experiment)

    assert finish([other]) == ["Completed"]
    assert second.get_status() == "Queued"
    assert entries(experiment, "small") == [second.id]
    waiting.door.open()
    assert finish([first, second]) == ["Completed"] * 2
    waiting.ready.eof()


def test_a_target_that_there_is_none_of_is_this_machine_and_that_is_said_once(
    experiment: Experiment, capfd: pytest.CaptureFixture[str]
) -> None:
    run = submit(experiment, compute_target="cluster")

    assert finish([run]) == ["Completed"]
    assert run._record.run["target"] == "local"
    assert capfd.readouterr().err.count("there is no target 'cluster' here") == 1


def test_a_target_of_an_unknown_type_is_one_clear_error(experiment: Experiment) -> None:
    root = experiment.workspace.store.for_writing().root
    Path(root, layout.SETTINGS).write_text('{"targets": {"odd": {"type": "cloud"}}}')

    with pytest.raises(SubmitError, match="the target 'odd' is of the type 'cloud'"):
        submit(experiment, compute_target="odd")


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"slots": "two"}, {"priority": -1}])
def test_numbers_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        ScriptRunConfig("source", "noop.py", **wrong)


def test_a_copied_store_does_not_start_what_waits_in_the_original(
    experiment: Experiment, slots: Callable[[int], None], tmp_path: Path
) -> None:
    import shutil

    slots(1)
    store = experiment.workspace.store.for_writing()
    Queue(store.root, "local").pause()
    run = submit(experiment)
    copy = tmp_path / "copy"
    shutil.copytree(store.root, copy / ".runs", symlinks=True)
    (copy / ".runs" / ".queue" / "local" / ".paused").unlink()

    trusted(copy / ".runs")
    there = Workspace.from_config(str(copy))
    assert dispatch.start(there.store, "local") == 0

    assert there.get_run(run.id).get_status() == status.NOT_RESPONDING
    assert run.get_status() == "Queued"
    run.cancel()
    assert queue.names(store.root) == ["local"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_an_entry_that_is_another_users_is_not_started(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    waiting = Queue(experiment.workspace.store.for_writing().root, "local")
    waiting.pause()
    run = submit(experiment)
    (entry,) = waiting.entries()
    os.chown(entry.path, 64_101, 64_101)

    waiting.resume()
    assert dispatch.start(experiment.workspace.store, "local") == 0
    [shown] = TargetQueue(experiment.workspace.store, "local")
    assert shown.reason == "another user has changed it, so it is not started; submit it again"
    os.chown(entry.path, 0, 0)

    assert dispatch.start(experiment.workspace.store, "local") == 1
    assert finish([run]) == ["Completed"]


def test_a_run_that_waits_for_a_container_that_is_gone_says_so_and_can_be_canceled(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    store = experiment.workspace.store.for_writing()
    Queue(store.root, "local").pause()
    run = submit(experiment)
    path = Path(run.directory, layout.RUN)
    asked = json.loads(path.read_text())
    asked["submitted_from"]["root"] = "1:2"
    path.write_text(json.dumps(asked))
    Queue(store.root, "local").resume()

    assert dispatch.start(store, "local") == 0
    [shown] = TargetQueue(store, "local")
    run.cancel()

    assert shown.reason.startswith("it starts only in the container, on the host and in the store")
    assert shown.reason.endswith(f"from here: homerun run resubmit -r {run.id}")
    assert run.get_status() == "Canceled"


def test_two_small_runs_follow_one_that_had_both_slots(
    experiment: Experiment, slots: Callable[[int], None], waiting: Waiting
) -> None:
    slots(2)
    big = submit(experiment, "wait.py", slots=2)
    assert waiting.ready.line() == big.id
    small = [submit(experiment, "wait.py") for _ in range(2)]

    waiting.door.open()

    assert {waiting.ready.line() for _ in small} == {run.id for run in small}
    waiting.door.open(2)
    assert finish([big, *small]) == ["Completed"] * 3
    waiting.ready.eof()


def test_runs_of_all_slots_follow_each_other_though_nobody_looks(
    experiment: Experiment, slots: Callable[[int], None], waiting: Waiting
) -> None:
    slots(2)
    runs = [submit(experiment, "wait.py") for _ in range(2)]
    assert {waiting.ready.line() for _ in runs} == {run.id for run in runs}
    big = [submit(experiment, "wait.py", slots=2) for _ in range(3)]

    waiting.door.open(2)  # both end at the same time, and each lacks the other's slot

    for run in big:
        assert waiting.ready.line() == run.id
        waiting.door.open()
    assert finish([*runs, *big]) == ["Completed"] * 5
    waiting.ready.eof()


def test_who_lacked_a_slot_that_another_held_for_an_instant_tries_again(
    experiment: Experiment, slots: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    slots(2)
    store = experiment.workspace.store.for_writing()
    Queue(store.root, "local").pause()
    run = submit(experiment, slots=2)
    Queue(store.root, "local").resume()
    real, calls = Queue.take_slots, []

    def take(*given: Any) -> list[int] | None:
        calls.append(given)
        return None if len(calls) == 1 else real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Queue, "take_slots", take)
        assert dispatch.start(store, "local") == 1

    assert finish([run]) == ["Completed"]


def test_a_damaged_entry_fails_its_run_and_keeps_no_other_from_being_started(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    store = experiment.workspace.store.for_writing()
    waiting = Queue(store.root, "local")
    waiting.pause()
    damaged, empty, whole = (submit(experiment) for _ in range(3))
    Path(waiting.entries()[0].path).write_bytes(b"run\0x\0")
    Path(waiting.entries()[1].path).write_bytes(b"")
    waiting.resume()

    dispatch.start(store, "local")

    assert finish([damaged, empty, whole]) == ["Failed", "Failed", "Completed"]
    assert (facts.read(damaged.directory, layout.ENDED) or {})["cause"] == status.NEVER_STARTED
    assert waiting.is_empty()


def test_a_run_that_cannot_be_read_now_keeps_no_other_from_being_started(
    experiment: Experiment, slots: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    slots(1)
    store = experiment.workspace.store.for_writing()
    waiting = Queue(store.root, "local")
    waiting.pause()
    unreadable, other = submit(experiment), submit(experiment)
    waiting.resume()
    real = atomic.read_bytes

    def refuse(path: str, *most: int, **how: bool) -> bytes | None:
        if path.startswith(unreadable.directory):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *most, **how)

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "read_bytes", refuse)
        assert dispatch.start(store, "local") == 1

    assert finish([other, unreadable]) == ["Completed"] * 2


def test_a_run_that_waits_on_another_host_is_not_started_here(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    store = experiment.workspace.store.for_writing()
    waiting = Queue(store.root, "local")
    waiting.pause()
    run = submit(experiment)
    waiting.resume()
    path = Path(run.directory, layout.RUN)
    asked = facts.read(run.directory, layout.RUN) or {}
    asked["submitted_from"].update(host="another", machine_id="another", boot_id="another")
    path.unlink()
    facts.publish(run.directory, layout.RUN, asked)

    assert dispatch.start(store, "local") == 0

    assert run.get_status() == "Queued"
    run.cancel()
    assert run.get_status() == "Canceled"


@pytest.mark.parametrize("who", ["supervisor", "both"])
def test_a_look_at_a_run_that_lost_its_slot_starts_the_next(
    experiment: Experiment, first: Run, waiting: Waiting, who: str
) -> None:
    second = submit(experiment, "wait.py")
    if who == "both":
        kill_all_of(first)
    else:
        kill_all_of(first, ("supervisor",))
    dispatch._last_wake = float("-inf")

    first.get_status()

    assert waiting.ready.line() == second.id
    waiting.door.open(2)
    assert finish([second]) == ["Completed"]
    assert finish([first]) == ["Failed" if who == "both" else "Completed"]
    waiting.ready.eof()


def test_slots_that_a_submit_held_in_vain_go_to_who_waits(
    experiment: Experiment,
    slots: Callable[[int], None],
    waiting: Waiting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from homerun.targets import launch

    slots(1)
    later: list[Run] = []

    def fail(*given: Any, **named: Any) -> int:
        patch.undo()
        later.append(submit(experiment, "wait.py"))
        raise OSError("no process can be started")

    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervisor", fail)
        with pytest.raises(SubmitError, match="no process"):
            submit(experiment)

    assert waiting.ready.line() == later[0].id
    waiting.door.open()
    assert finish(later) == ["Completed"]
    waiting.ready.eof()


def test_a_script_and_what_is_beside_it_inherit_no_slot(
    experiment: Experiment, slots: Callable[[int], None], script: Callable[..., Path]
) -> None:
    slots(2)
    script(
        "look.py",
        """
        import os
        for name in os.listdir("/proc/self/fd"):
            try:
                print(os.readlink(f"/proc/self/fd/{name}"))
            except OSError:
                pass
        """,
    )

    runs = [submit(experiment, "look.py", slots=1 + number % 2) for number in range(8)]

    assert finish(runs) == ["Completed"] * 8
    for run in runs:
        said = Path(run.directory, layout.STD_LOG).read_text()
        assert ".slots" not in said
        assert layout.ALIVE not in said
        assert "pipe" not in said


def test_a_run_that_is_started_after_a_restart_of_the_machine_is_preparing_and_not_lost(
    experiment: Experiment, slots: Callable[[int], None]
) -> None:
    slots(1)
    store = experiment.workspace.store.for_writing()
    waiting = Queue(store.root, "local")
    waiting.pause()
    run = submit(experiment)
    asked = facts.read(run.directory, layout.RUN) or {}
    asked["submitted_from"]["boot_id"] = "earlier"
    Path(run.directory, layout.RUN).unlink()
    facts.publish(run.directory, layout.RUN, asked)
    assert run.get_status() == "Queued"

    alive = lock.take(f"{run.directory}/{layout.ALIVE}", store.lock_kind)
    assert alive is not None
    assert experiment.workspace.get_run(run.id).get_status() == "Preparing"
    lock.release(alive)

    waiting.resume()
    dispatch.start(store, "local")
    assert finish([run]) == ["Completed"]


def test_the_index_looks_at_one_of_those_that_wait_and_at_what_changed(
    experiment: Experiment, first: Run
) -> None:
    queued = [submit(experiment) for _ in range(4)]
    looked: list[str] = []

    def look(record: Record) -> Look:
        looked.append(record.id)
        return looks.at(record)

    def freshened() -> list[str]:
        looked.clear()
        live.freshen()
        return [run_id for run_id in looked if run_id != first.id]

    live = Live(experiment.workspace.store, look)
    assert {*freshened()} == {run.id for run in queued}
    (kept,) = freshened()
    tagged, canceled = [run for run in queued if run.id != kept][:2]
    tagged.tag("fruit", "apple")
    canceled.cancel()

    assert {*freshened()} == {kept, tagged.id, canceled.id}
    with live.open() as cache:
        found = {run_id: was for _, run_id, _, _, was, _ in cache.rows("1")}
    assert found[canceled.id] == "Canceled"
    assert [found[run.id] for run in queued if run is not canceled] == ["Queued"] * 3
    live.close()


def test_a_run_that_is_being_started_is_looked_at_though_nothing_was_written(
    experiment: Experiment, first: Run
) -> None:
    queued = submit(experiment)
    record = queued._record
    assert looks.still_queued(record)

    held = lock.take(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)

    assert held is not None
    assert not looks.still_queued(record)
    lock.release(held)
    assert looks.still_queued(record)
    queued.cancel()
    assert not looks.still_queued(record)
