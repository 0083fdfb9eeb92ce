"""What a supervisor does beside the main job: ladders, hooks, out of memory, its replacement."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.trusted import trusted
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.system import exit_status


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "supervision")


def test_signals_of_a_ladder_come_in_their_order(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"""
        import signal
        fifo = {ready.opened}
        awaited = {{signal.SIGINT, signal.SIGTERM}}
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        print("up", file=fifo)
        while True: print(signal.Signals(signal.sigwait(awaited)).name, file=fifo)
        """,
    )
    ladder = [("INT", 0.2), ("SIGTERM", 0.2)]
    run = experiment.submit(ScriptRunConfig("source", "train.py", stop_signals=ladder))
    ready.line()

    run.cancel()

    assert [ready.line(), ready.line()] == ["SIGINT", "SIGTERM"]
    assert run.describe()["outcome"]["signal"] == "SIGKILL"


def test_a_script_can_end_on_the_first_signal_of_its_ladder(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"""
        import time
        fifo = {ready.opened}
        try:
            print("up", file=fifo)
            time.sleep(1000)
        except KeyboardInterrupt:
            open("outputs/checkpoint", "w").write("saved")
        """,
    )
    ladder = [("INT", 20), ("TERM", 20)]
    run = experiment.submit(ScriptRunConfig("source", "train.py", stop_signals=ladder))
    ready.line()

    run.cancel()

    assert Path(run.directory, "outputs/checkpoint").read_text() == "saved"
    assert run.get_status() == "Canceled"
    assert run.describe()["outcome"]["exit_code"] == 0


@pytest.mark.parametrize("given", ["INT", [("NOPE", 1)], [("INT",)], [], [("INT", -1)], 3])
def test_a_ladder_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(UserError, match="stop_signals"):
        ScriptRunConfig(".", "train.py", stop_signals=given)  # type: ignore[arg-type]


def test_commands_of_the_settings_start_when_a_fitting_run_has_ended(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, workspace_dir: Path
) -> None:
    says = f"echo $HOMERUN_ENDED_STATUS $HOMERUN_ENDED_RUN $MARK > {ready.path}"
    hooks = [
        {"command": says, "status": ["Failed"], "experiment": "supervision"},
        {"command": ["no-such-program"], "status": "Failed"},
        {"command": f"echo wrong > {ready.path}", "experiment": ["another"]},
    ]
    Path(".runs/settings.json").write_text(json.dumps({"on_end": hooks}))
    trusted(".runs")
    script("good.py", "")
    script("bad.py", "raise SystemExit(3)")

    good = experiment.submit(ScriptRunConfig("source", "good.py"))
    good.wait_for_completion()
    bad = experiment.submit(
        ScriptRunConfig("source", "bad.py", environment_variables={"MARK": "mine"})
    )
    bad.wait_for_completion(raise_on_error=False)

    assert ready.line() == f"Failed {bad.id} mine"
    log = Path(bad.directory, "supervisor.log")
    wait_until(lambda: "no-such-program" in log.read_text(), "the missing program is named")


def test_a_run_whose_supervisor_was_killed_starts_no_commands_and_says_so(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")
    Path(".runs/settings.json").write_text(json.dumps({"on_end": [{"command": "touch started"}]}))
    trusted(".runs")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)
    assert run.get_status() == "Running"

    door.open()
    run.wait_for_completion()

    log = Path(run.directory, "supervisor.log")
    wait_until(lambda: "on_end: nothing is started" in log.read_text(), "it says so")
    assert not list(Path(run.directory).rglob("started"))


def test_a_settings_file_that_is_damaged_disturbs_no_run_that_goes_on(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import os
        with open(os.environ["HOMERUN_STORE"] + "/settings.json", "w") as file:
            file.write('{"on_end": [3, {"command": 4}, {}]')
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    assert run.get_status() == "Completed"


@pytest.fixture
def small_group() -> Iterator[str]:
    """A control group of 40 MB that processes can be moved into, of either version."""
    limits = {"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"}
    home = next(folder for folder in limits if os.path.isdir(folder))
    path = f"{home}/homerun-test-{os.getpid()}"
    try:
        os.mkdir(path)
        Path(path, limits[home]).write_text(str(40 << 20))
    except OSError as error:
        pytest.skip(f"no control group that limits memory can be made here: {error}")
    yield path
    wait_until(lambda: not Path(path, "cgroup.procs").read_text(), "the group is empty")
    os.rmdir(path)


def test_a_kill_for_want_of_memory_is_named_as_that(
    experiment: Experiment, script: Callable[..., Path], small_group: str
) -> None:
    script("train.py", "kept = bytearray(400 << 20)\nkept[::4096] = b'x' * len(kept[::4096])")
    submit = f"""if True:
        import os
        open("{small_group}/cgroup.procs", "w").write(str(os.getpid()))
        from homerun import *
        config = ScriptRunConfig("source", "train.py")
        print(Experiment(Workspace.from_config(), "supervision").submit(config).id)
        """
    done = subprocess.run([sys.executable, "-c", submit], capture_output=True, text=True)
    run = Run(experiment, done.stdout.strip())

    run.wait_for_completion(raise_on_error=False)

    outcome = run.describe()["outcome"]
    assert (outcome["cause"], outcome["signal"]) == ("out_of_memory", "SIGKILL")
    assert "out of memory" in run.get_details()["error"]["error"]["message"]


def test_kill_9_without_a_group_that_counts_is_no_want_of_memory(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "import os; os.kill(os.getpid(), 9)")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))

    run.wait_for_completion(raise_on_error=False)

    assert run.describe()["outcome"]["cause"] == "signal"


def test_a_limit_of_thirty_days_is_waited_for(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    config = ScriptRunConfig("source", "train.py", max_run_duration_seconds=2592000)
    run = experiment.submit(config)

    run.wait_for_completion()

    assert run.get_status() == "Completed"


@pytest.mark.parametrize(("code", "expected"), [(0, "Completed"), (3, "Failed")])
def test_a_script_whose_supervisor_was_killed_sees_to_its_own_adoption(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    code: int,
    expected: str,
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        import sys
        from homerun import Run
        run = Run.get_context()
        print("up", file={ready.opened}); {door.passed}
        sys.exit({code})
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    processes = run.describe()["process"]
    os.kill(processes["supervisor_pid"], signal.SIGKILL)
    process.wait_gone(processes["supervisor_pid"])

    door.open()
    process.wait_gone(processes["pid"])  # nobody has looked at the run meanwhile
    run.wait_for_completion(raise_on_error=False)

    outcome = run.describe()["outcome"]
    assert (run.get_status(), outcome["exit_code"]) == (expected, code)
    assert outcome["source"] in ("exit_record", "zombie")


def test_the_exit_record_tells_the_status_of_a_process_that_is_not_ours() -> None:
    for code, raw in ((0, 0), (42, 42 << 8)):
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", f"exit {code}"], {})
        stranger = exit_status.Stranger(pid, os.pidfd_open(pid), is_open=True)
        assert os.waitid(os.P_PID, pid, os.WEXITED) is not None
        found = stranger.status()
        os.close(stranger.pidfd)
        if found is None:
            pytest.skip("this kernel keeps no exit record (Linux 6.15 does)")
        assert found == (raw, exit_status.EXIT_RECORD)


def test_without_an_exit_record_a_zombie_tells_and_then_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exit_status, "_GET_INFO", 200)
    monkeypatch.setattr(exit_status, "_REAP_WAIT_MS", 0)
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 7"], {})
    stranger = exit_status.Stranger(pid, os.pidfd_open(pid), is_open=True)
    process.wait_gone(pid)

    as_zombie = stranger.status()
    os.waitpid(pid, 0)
    after_the_reap = stranger.status()
    os.close(stranger.pidfd)

    assert as_zombie == (7 << 8, exit_status.ZOMBIE)
    assert after_the_reap is None


def test_another_hosts_run_is_refused_any_action(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from runstore import InvalidTransition
    from runstore.run import identity

    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(identity, "machine_id", lambda: "another")
        elsewhere.setattr(identity, "boot_id", lambda: "another")
        there = Run(experiment, run.id)
        seen = there.get_status()
        for action in (there.cancel, there.fail):
            with pytest.raises(InvalidTransition, match="NotResponding"):
                action()
    run.cancel()

    assert seen == "NotResponding"
    assert run.get_status() == "Canceled"


def test_a_copied_store_shows_its_live_runs_as_not_responding(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, workspace_dir: Path
) -> None:
    import shutil

    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    shutil.copytree(".runs", "copy/.runs", symlinks=True)

    copied = Workspace.from_config("copy").get_run(run.id)
    seen = copied.get_status()
    run.cancel()

    assert seen == copied.get_status() == "NotResponding"
    assert run.get_status() == "Canceled"


def test_a_run_goes_on_in_a_store_that_is_renamed_and_can_be_canceled_there(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
    workspace_dir: Path,
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()

    os.rename(".runs", "moved")
    monkeypatch.setenv("HOMERUN_STORE", str(workspace_dir / "moved"))
    moved = Workspace.from_config().get_run(run.id)
    seen = moved.get_status()
    moved.cancel()

    assert (seen, moved.get_status()) == ("Running", "Canceled")
    ready.eof()


def test_after_a_restart_of_the_host_a_run_is_failed_without_a_look_at_pids(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from runstore.run import identity

    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    processes = run.describe()["process"]
    for pid in (processes["supervisor_pid"], processes["pid"]):
        os.kill(pid, signal.SIGKILL)
        process.wait_gone(pid)

    monkeypatch.setattr(identity, "boot_id", lambda: "later")

    assert run.get_status() == "Failed"
    assert run.describe()["outcome"]["cause"] == "host_restarted"


def test_a_fork_beside_a_submit_keeps_no_lock_alive(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    code = """if True:
        import os, signal, sys, threading
        from homerun import *
        sys.setswitchinterval(1e-5)
        strays, over = [], threading.Event()
        def fork():
            while not over.is_set() and len(strays) < 200:
                pid = os.fork()
                if not pid:
                    signal.pause()
                strays.append(pid)
        forking = threading.Thread(target=fork)
        forking.start()
        e = Experiment(Workspace.from_config(), "supervision")
        for _ in range(6):
            print(e.submit(ScriptRunConfig("source", "train.py")).id, flush=True)
        over.set()
        forking.join()
        print("done", flush=True)
        sys.stdin.read()
        for pid in strays:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], **pipes) as submitter:
        assert submitter.stdout is not None
        ids = list(iter(submitter.stdout.readline, "done\n"))
        runs = [Run(experiment, run_id.strip()) for run_id in ids]
        assert [ready.line() for _ in runs] == ["up"] * 6
        for run in runs:
            processes = run.describe()["process"]
            for pid in (processes["supervisor_pid"], processes["pid"]):
                os.kill(pid, signal.SIGKILL)
                process.wait_gone(pid)

        while_strays_live = [run.get_status() for run in runs]
        submitter.communicate("")

    assert while_strays_live == ["Failed"] * 6


def test_the_script_of_a_child_run_without_a_supervisor_is_not_swept(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door, leave = gate("door"), gate("leave")
    script("inner.py", f"print('inner', file={ready.opened}); {door.passed}")
    script(
        "outer.py",
        f"""
        from homerun import Run, ScriptRunConfig
        child = Run.get_context().submit_child(ScriptRunConfig(".", "inner.py"))
        {leave.passed}
        """,
    )
    outer = experiment.submit(ScriptRunConfig("source", "outer.py"))
    ready.line()
    (inner,) = outer.get_children()
    supervisor = inner.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)

    leave.open()
    outer.wait_for_completion()
    while_alone = inner.get_status()
    door.open()
    inner.wait_for_completion()

    assert (outer.get_status(), while_alone, inner.get_status()) == (
        "Completed",
        "Running",
        "Completed",
    )


def test_an_adopter_keeps_to_the_time_limit(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    config = ScriptRunConfig("source", "train.py", max_run_duration_seconds=1)
    run = experiment.submit(config)
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)

    run.wait_for_completion(raise_on_error=False)

    assert (run.get_status(), run.describe()["outcome"]["cause"]) == ("Failed", "timeout")


def test_a_run_that_was_removed_is_not_found_by_who_holds_it(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    import shutil

    from runstore import RunNotFound

    script("train.py", "")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    process.wait_gone(run.describe()["process"]["supervisor_pid"])

    shutil.rmtree(run.directory)

    with pytest.raises(RunNotFound):
        run.get_status()


def test_a_script_that_fills_the_disk_can_be_stopped(
    workspace_dir: Path, needs_user_mount: None
) -> None:
    inside = """if True:
        import os
        from homerun import *
        os.mkdir("source")
        open("source/fill.py", "w").write(
            "import signal\\n"
            "try:\\n"
            "    with open('outputs/all', 'wb', 0) as f:\\n"
            "        while f.write(b'x' * 65536): pass\\n"
            "except OSError: pass\\n"
            "print('full', file=open('full', 'w'))\\n"
            "signal.pause()\\n"
        )
        os.environ["HOMERUN_STORE"] = "small/.runs"
        run = Experiment(Workspace.from_config(), "disk").submit(
            ScriptRunConfig("source", "fill.py", max_run_duration_seconds=1, grace_s=1)
        )
        started = run.describe()["process"] if run.get_status() == "Running" else None
        while started is None:
            started = run.describe().get("process")
        fd = os.pidfd_open(started["pid"])
        import select
        poll = select.poll(); poll.register(fd, select.POLLIN); poll.poll(30_000)
        os.unlink(f"{run.directory}/work/source/outputs/all")
        run.wait_for_completion(raise_on_error=False)
        print(run.get_status(), run.describe()["outcome"]["cause"])
        """
    mount = 'mkdir small && mount -t tmpfs -o size=512k none small && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", sys.executable, "-c", inside]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.stdout == "Failed timeout\n", done.stderr
