"""What the suite has found, each once more by itself and without chance."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import reconcile
from homerun.supervisor.gate import Gate as StartGate
from homerun.system import children, exit_status, process_tree
from homerun.system.signals import Wakeups
from runstore import layout, names, status
from runstore.errors import StoreError
from runstore.fs import atomic, facts, lock
from runstore.run import identity
from runstore.run.record import Record

MARK = names.new_uuid()
LEAVES_A_CHILD = """
import os, signal
fifo = {}
if os.fork() == 0:
    os.setsid()
    print("up", file=fifo)
while True: signal.pause()
"""


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    process.wait_gone(pid)


def _submit(name: str, **options: object) -> Run:
    experiment = Experiment(Workspace.from_config(), "found")
    return experiment.submit(ScriptRunConfig("source", name, grace_s=0.2), **options)


def _kill_supervisor_and_script(run: Run) -> None:
    processes = run.describe()["process"]
    _kill(processes["supervisor_pid"])
    _kill(processes["pid"])


def test_what_lives_on_after_supervisor_and_script_is_ended_at_the_next_look(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", LEAVES_A_CHILD.format(ready.opened))
    run = _submit("train.py")
    ready.line()
    _kill_supervisor_and_script(run)

    run.wait_for_completion(raise_on_error=False)

    assert run.describe()["outcome"]["cause"] == status.LOST_EXIT_STATUS
    ready.eof()


def test_an_adopter_leaves_a_run_of_that_id_in_another_store_alone(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = gate("door")
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")
    runs = []
    for name in ("first", "second"):
        monkeypatch.setenv("HOMERUN_STORE", str(workspace_dir / name))
        runs.append(_submit("train.py", run_id="mine"))
        ready.line()
    spared, canceled = runs
    _kill(canceled.describe()["process"]["supervisor_pid"])

    canceled.cancel()
    while_it_ran = spared.get_status()
    door.open()
    spared.wait_for_completion()

    assert (canceled.get_status(), while_it_ran) == ("Canceled", "Running")
    assert spared.get_status() == "Completed"


def test_an_adopter_ends_a_child_that_cleaned_its_environment_with_its_parent(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo
) -> None:
    child = f"import signal; fifo = {ready.opened}; print('up', file=fifo); signal.pause()"
    script(
        "train.py",
        f"""
        import os, signal, sys
        if os.fork() == 0:
            os.execve(sys.executable, [sys.executable, "-c", {child!r}], {{}})
        signal.pause()
        """,
    )
    run = _submit("train.py")
    ready.line()
    _kill(run.describe()["process"]["supervisor_pid"])

    run.cancel()

    assert run.get_status() == status.CANCELED
    ready.eof()


@pytest.mark.parametrize("has_inode", [True, False], ids=["this kernel", "an older kernel"])
def test_a_process_whose_first_thread_has_ended_lives(
    monkeypatch: pytest.MonkeyPatch, has_inode: bool
) -> None:
    code = (
        "import ctypes, os, threading\n"
        "def rest():\n"
        "    while b') Z ' not in open('/proc/self/stat', 'rb').read(): os.sched_yield()\n"
        "    os.write(1, b'x')\n    os.read(0, 1)\n    os._exit(0)\n"
        "threading.Thread(target=rest).start()\n"
        "ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)"
    )
    if not has_inode:
        monkeypatch.setattr(identity, "_inode", lambda descriptor: 0)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as one:
        assert one.stdout is not None
        assert one.stdout.read(1) == b"x"
        recorded = identity.process(one.pid)
        lived = identity.lives(recorded)
        seen = [found.pid for found in process_tree.below(os.getpid(), "run")]
        one.communicate(b"x")

    assert (lived, identity.lives(recorded)) == (True, False)
    assert one.pid in seen


def test_a_script_whose_gate_never_opened_does_not_exit_0(tmp_path: Path) -> None:
    told, tell = os.pipe()
    holder = os.fork()
    if not holder:
        made = StartGate(["/bin/true"], {}, "/", str(tmp_path / "log"), Wakeups(()))
        os.write(tell, str(made.pid).encode())
        signal.pause()
    os.close(tell)
    pid = int(os.read(told, 20))
    os.close(told)
    pidfd = os.pidfd_open(pid)
    try:
        from homerun.system.exit_status import Stranger

        stranger = Stranger(pid, pidfd, is_open=True)
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(30_000)
        found = stranger.status()
    finally:
        os.close(pidfd)

    assert found is None or found[0] != 0


def test_an_observer_who_was_slow_does_not_call_an_adopted_run_lost(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = _submit("train.py")
    ready.line()
    _kill_supervisor_and_script(run)
    record = Record(Workspace.from_config().store, "found", run.id)
    held: list[int | None] = []

    def somebody_adopts_meanwhile(_: object) -> bool:
        if not held:
            held.append(lock.take(f"{record.path}/alive", record.store.lock_kind))
        return False

    monkeypatch.setattr(identity, "lives", somebody_adopts_meanwhile)
    monkeypatch.setattr(process_tree, "processes_of_run", lambda *_: [])
    seen = reconcile.bring_up_to_date(record).status
    assert held[0] is not None
    lock.release(held[0])

    assert seen == status.RUNNING
    assert reconcile.bring_up_to_date(record).status == status.FAILED
    children.reap()


@pytest.fixture
def in_exec(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A process that has the mark of a run, and looks as in an exec at first."""
    env = {"HOMERUN_RUN_UUID": MARK}
    pid = os.posix_spawn("/bin/sleep", ["sleep", "1000"], env)
    read = atomic.read_bytes
    looks: list[str] = []

    def in_exec_at_first(path: str, *most: int, **how: bool) -> bytes | None:
        data = read(path, *most, **how)
        if path.startswith(f"/proc/{pid}/") and len(looks) < 4:
            looks.append(path)
            head, _, rest = (data or b"").rpartition(b") ")
            fields = rest.split()
            is_stat = path.endswith("/stat")
            return head + b") " + b" ".join([*fields[:48], b"0", *fields[49:]]) if is_stat else b""
        return data

    monkeypatch.setattr(atomic, "read_bytes", in_exec_at_first)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_process_in_the_middle_of_an_exec_is_found_by_its_mark(in_exec: int) -> None:
    assert [one.pid for one in process_tree.processes_of_run(MARK, None)] == [in_exec]


def test_a_script_adopted_in_the_middle_of_its_exec_is_open_to_its_adopter(in_exec: int) -> None:
    assert exit_status.is_open(in_exec)


def test_what_lives_on_is_ended_also_where_its_adopter_was_killed_before_it_began(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("train.py", LEAVES_A_CHILD.format(ready.opened))
    run = _submit("train.py")
    ready.line()
    _kill_supervisor_and_script(run)
    with monkeypatch.context() as patch:
        # Another who looks holds `alive`, and its adopter is gone by the time of our second look.
        patch.setattr(reconcile, "_adopt", lambda record: None)
        run.get_status()
        ended = facts.read(run.directory, layout.ENDED)

    run.wait_for_completion(raise_on_error=False)

    assert ended is None
    ready.eof()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["open", "stat"])
def test_an_observer_who_cannot_tell_where_he_is_calls_no_living_run_lost(
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    call: str,
) -> None:
    door = gate("door")
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")
    run = _submit("train.py")
    ready.line()
    held = Experiment(Workspace.from_config(), "held").start_logging(
        outputs=False, snapshot_directory=None
    )
    real = getattr(os, call)

    def fail(path: object, *args: object, **named: object) -> object:
        if str(path).startswith(("/proc/sys/kernel", "/proc/self/ns", "/etc/machine-id")):
            raise OSError(number, os.strerror(number), path)
        return real(path, *args, **named)

    monkeypatch.setattr(os, call, fail)
    seen = [_status_or_error(run), _status_or_error(held)]
    monkeypatch.undo()
    held.complete()
    door.open()
    run.wait_for_completion()

    assert set(seen) <= {status.RUNNING, status.NOT_RESPONDING, "OSError"}
    assert (run.get_status(), held.get_status()) == (status.COMPLETED, status.COMPLETED)


def _status_or_error(run: Run) -> str:
    try:
        return run.get_status()
    except OSError:
        return "OSError"


# What the k-th-call sweep has found


def _refuse(monkeypatch: pytest.MonkeyPatch, call: str, end: str, number: int = errno.EIO) -> None:
    """Let a call of `os` fail for paths with this end."""
    real = getattr(os, call)

    def fail(path: object, *args: object, **named: object) -> object:
        if str(path).endswith(end):
            raise OSError(number, os.strerror(number), path)
        return real(path, *args, **named)

    monkeypatch.setattr(os, call, fail)


def _two_ended() -> list[Run]:
    experiment = Experiment(Workspace.from_config(), "found")
    runs = []
    for name in ("good", "bad"):
        with experiment.start_logging(
            run_id=name, outputs=False, snapshot_directory=None, tags={"a": "b"}
        ) as run:
            runs.append(run)
    return runs


@pytest.mark.parametrize("name", ["run.json", "started.json", "ended.json"])
def test_a_fact_that_may_not_be_read_is_not_taken_for_absent(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bad = _two_ended()[1]

    _refuse(monkeypatch, "open", f"bad/{name}", errno.EACCES)
    seen = Workspace.from_config().get_run(bad.id).get_status()

    assert seen == (status.NOT_RESPONDING if name == "ended.json" else status.COMPLETED)


@pytest.mark.parametrize(("call", "end"), [("lstat", "/bad"), ("open", "bad/run.json")])
def test_a_run_on_a_bad_spot_of_the_disk_takes_no_list_down(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch, call: str, end: str
) -> None:
    _two_ended()
    workspace = Workspace.from_config()

    _refuse(monkeypatch, call, end)
    listed = {run.id for run in workspace.get_runs()}
    filtered = [run.id for run in workspace.get_runs(tags={"a": "b"}, status=status.COMPLETED)]

    assert listed == {"good", "bad"}
    assert filtered == ["good"]


def test_children_that_cannot_be_listed_are_not_none(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(Workspace.from_config(), "found")
    with experiment.start_logging(outputs=False, snapshot_directory=None) as parent:
        parent.child_run().complete()

    _refuse(monkeypatch, "open", "/children")

    with pytest.raises(OSError, match="Input/output error"):
        list(parent.get_children())


def test_a_script_logs_to_a_row_that_was_removed_and_goes_on(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = Experiment(Workspace.from_config(), "found")
    with experiment.start_logging(outputs=False, snapshot_directory=None) as parent:
        (row,) = parent.create_children(1)
        os.rename(row.directory, "removed")
        capsys.readouterr()
        row.log("loss", 1.0)
        row.log("loss", 2.0)

    assert row.dropped == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_script_tags_where_the_store_cannot_be_read_and_goes_on(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _two_ended()[0]
    monkeypatch.setenv("HOMERUN_RUN_ID", run.id)
    monkeypatch.setenv("HOMERUN_RUN_FOLDER", run.directory)

    _refuse(monkeypatch, "open", "store.json")
    inside = Run.in_folder(run.directory, run.id)
    inside.tag("c", "d")
    inside.add_properties({"k": "v"})

    assert "tags, parameters and properties cannot be stored" in capsys.readouterr().err


def test_a_run_that_cannot_be_read_is_not_canceled_in_silence(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo, monkeypatch: pytest.MonkeyPatch
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = _submit("train.py")
    ready.line()
    with monkeypatch.context() as refusing:
        _refuse(refusing, "open", "started.json", errno.EACCES)
        with pytest.raises(StoreError, match="NotResponding"):
            run.cancel()

    run.cancel()

    assert run.get_status() == status.CANCELED
