"""Interactive runs: held open by a process that is asked nothing and can die at any moment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import process, sources
from helpers.fifo import Fifo, Gate
from helpers.probes import Interpreter
from helpers.wait import DEADLINE_S, wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.snapshots import capture
from runstore.errors import InvalidTransition

Notebook = Callable[[str], "subprocess.Popen[str]"]

PREAMBLE = """
import os, signal, sys
from homerun import Experiment, Run, ScriptRunConfig, Workspace
exp = Experiment(Workspace.from_config(), "notebooks")
bare = {"snapshot_directory": None, "outputs": False}
"""


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "notebooks")


@pytest.fixture
def notebook(workspace_dir: Path) -> Iterator[Notebook]:
    """Start a process that runs some code after PREAMBLE, here."""
    started = []

    def start(code: str) -> subprocess.Popen[str]:
        path = workspace_dir / f"notebook{len(started)}.py"
        path.write_text(PREAMBLE + textwrap.dedent(code))
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen([sys.executable, str(path)], stdout=pipe, stderr=pipe, text=True)
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def started(experiment: Experiment, **options: Any) -> Run:
    return experiment.start_logging(**{"snapshot_directory": None, "outputs": False, **options})


def run_of(experiment: Experiment, run_id: str) -> Run:
    return Run(experiment, run_id.strip())


def cause(run: Run) -> str | None:
    found: str | None = run.describe()["outcome"]["cause"]
    return found


def said(notebook: subprocess.Popen[str]) -> list[str]:
    """The lines of a notebook that ended well."""
    output, errors = notebook.communicate(timeout=DEADLINE_S)
    assert (notebook.returncode, errors) == (0, "")
    return output.splitlines()


def owners(experiment: Experiment) -> list[str]:
    return os.listdir(f"{experiment.workspace.directory}/.owners")


def fact(run: Run, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(run.directory, name).read_text())
    return found


# The owner dies


def test_a_killed_notebook_fails_its_runs_at_the_next_look_though_its_workers_live(
    experiment: Experiment,
    script: Callable[..., Path],
    notebook: Notebook,
    ready: Fifo,
    gate: Callable[[str], Gate],
) -> None:
    door = gate("door")
    wait = f"print('up', file={ready.opened}); {door.passed}"
    script("train.py", wait)
    killed = notebook(
        f"""
        import multiprocessing

        def work(run_id):
            Run.get(exp.workspace, run_id).log("worker", os.getpid())
            {wait}

        if __name__ == "__main__":
            run = exp.start_logging(**bare, run_id="top")
            run.log("loss", 0.5)
            run.child_run(run_id="child")
            run.submit_child(ScriptRunConfig("source", "train.py"), tags={{"is": "submitted"}})
            for method in ("fork", "spawn"):
                for _ in range(2):
                    context = multiprocessing.get_context(method)
                    context.Process(target=work, args=(run.id,)).start()
            print("up", file={ready.opened})
            signal.pause()
        """
    )
    for _ in range(6):
        assert ready.line() == "up"
    run, child = run_of(experiment, "top"), run_of(experiment, "child")
    (submitted,) = run.get_children(tags={"is": "submitted"})
    before = [run.get_status(), child.get_status()]

    killed.kill()
    killed.wait()
    after = [run.get_status(), child.get_status(), submitted.get_status()]
    door.open(5)
    submitted.wait_for_completion()

    assert before == ["Running", "Running"]
    assert after == ["Failed", "Failed", "Running"]
    assert cause(run) == cause(child) == "process_exited"
    assert "ended without completing it" in run.get_details()["error"]["error"]["message"]
    assert submitted.get_status() == "Completed"
    assert len(run.get_metrics()["worker"]) == 4
    ready.eof()


def test_a_worker_that_a_library_forked_keeps_no_run_of_a_dead_notebook_alive(
    experiment: Experiment, notebook: Notebook, ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    killed = notebook(
        f"""
        import ctypes
        exp.start_logging(**bare, run_id="top")
        if ctypes.PyDLL(None).fork() == 0:
            print("up", file={ready.opened})
            {door.passed}
            os._exit(0)
        signal.pause()
        """
    )
    assert ready.line() == "up"
    run = run_of(experiment, "top")
    before = run.get_status()

    killed.kill()
    killed.wait()
    after = run.get_status()
    door.open()

    assert (before, after) == ("Running", "Failed")
    assert cause(run) == "process_exited"
    ready.eof()


@pytest.mark.parametrize(
    ("ending", "status", "message"),
    [
        ("", "Completed", None),
        ("sys.exit()", "Completed", None),
        ("sys.exit(3)", "Failed", "the script ended with exit code 3"),
        ("raise SystemExit(4)", "Failed", "the script ended with exit code 4"),
        ("raise SystemExit(run.complete())", "Completed", None),
        ("raise SystemExit(0)", "Completed", None),
        ("sys.exit('no data')", "Failed", "the script ended with exit code 1"),
        ("import argparse; argparse.ArgumentParser().error('no')", "Failed", "the script ended"),
        ("exec('try: sys.exit(3)\\nexcept SystemExit: pass')", "Completed", None),
        (
            "raise ValueError('it diverged')",
            "Failed",
            "User program failed with ValueError: it diverged",
        ),
        ("os.kill(os.getpid(), signal.SIGTERM)", "Failed", "the process that held the run open"),
        ("os._exit(0)", "Failed", "the process that held the run open"),
    ],
)
def test_the_end_of_the_process_ends_what_is_open(
    experiment: Experiment, notebook: Notebook, ending: str, status: str, message: str | None
) -> None:
    process = notebook(
        f"""
        run = exp.start_logging(**bare, run_id="first")
        run.log("loss", 0.5)
        run.child_run(run_id="second")
        exp.start_logging(**bare, run_id="done").complete()
        {ending}
        """
    )
    process.communicate(timeout=DEADLINE_S)

    found = [run_of(experiment, name) for name in ("first", "second", "done")]

    assert [run.get_status() for run in found] == [status, status, "Completed"]
    if message is not None:
        assert found[0].get_details()["error"]["error"]["message"].startswith(message)


def test_where_the_exit_status_decides_outputs_are_collected_and_the_next_look_publishes(
    experiment: Experiment, notebook: Notebook
) -> None:
    process = notebook(
        """
        exp.start_logging(snapshot_directory=None, run_id="kept", outputs="outputs")
        open("outputs/model", "w").write("weights")
        sys.exit(0)
        """
    )
    process.communicate(timeout=DEADLINE_S)
    run = run_of(experiment, "kept")
    before = os.listdir(run.directory)

    seen = run.get_status()

    assert (seen, "ended.json" in before) == ("Completed", False)
    assert fact(run, "ended.json")["exit_code"] == 0
    assert "outputs/model" in run.get_file_names()


def test_every_python_tells_the_status_that_it_exits_with(
    interpreter: Interpreter, experiment: Experiment, workspace_dir: Path
) -> None:
    code = (
        "import sys; from homerun import Experiment, Workspace;"
        "exp = Experiment(Workspace.from_config(), 'notebooks');"
        "exp.start_logging(snapshot_directory=None, outputs=False, run_id=sys.argv[1]);"
        "raise SystemExit(int(sys.argv[1][-1]))"
    )
    env = {**os.environ, "PYTHONPATH": f"{sources.ROOT}/runner:{sources.ROOT}/store"}
    for run_id in ("exit-0", "exit-7"):
        subprocess.run([interpreter.path, "-c", code, run_id], env=env, capture_output=True)

    runs = [run_of(experiment, run_id) for run_id in ("exit-0", "exit-7")]
    outcomes = [run.describe()["outcome"] for run in runs]

    assert [run.get_status() for run in runs] == ["Completed", "Failed"]
    assert [(one["cause"], one["exit_code"]) for one in outcomes] == [(None, 0), ("exit_code", 7)]


def test_without_such_a_c_library_a_system_exit_is_no_success(
    experiment: Experiment, notebook: Notebook
) -> None:
    process = notebook(
        """
        from homerun.system import exit_status
        exit_status.leave_own_in = lambda path: False
        exp.start_logging(**bare, run_id="untold")
        sys.exit(0)
        """
    )
    process.communicate(timeout=DEADLINE_S)

    run = run_of(experiment, "untold")

    assert run.get_status() == "Failed"
    assert "SystemExit" in run.get_details()["error"]["error"]["message"]


def test_an_error_at_a_prompt_ends_nothing(experiment: Experiment) -> None:
    code = PREAMBLE + "exp.start_logging(**bare, run_id='prompt')"
    typed = subprocess.run(
        [sys.executable, "-i", "-c", code], input="1/0\n", capture_output=True, text=True
    )

    assert "ZeroDivisionError" in typed.stderr
    assert run_of(experiment, "prompt").get_status() == "Completed"


@pytest.mark.parametrize("how", ["Completed", "Failed", "Canceled"])
def test_in_a_submitted_script_its_outcome_decides_over_what_is_left_open(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, how: str
) -> None:
    script(
        "train.py",
        f"""
        import os, signal, sys
        from homerun import Experiment, Run
        run = Run.get_context()
        run.child_run(run_id="left-open")
        run.experiment.start_logging(snapshot_directory=None, outputs=False, run_id="beside")
        if os.fork() == 0:
            run.child_run(run_id="of-a-dead-worker")
            os._exit(0)
        os.wait()
        print("up", file={ready.opened})
        if sys.argv[1] == "Canceled":
            signal.pause()
        sys.exit(0 if sys.argv[1] == "Completed" else 3)
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py", [how]))
    ready.line()
    opened = [run_of(experiment, name) for name in ("left-open", "beside", "of-a-dead-worker")]

    if how == "Canceled":
        while_it_ran = [one.get_status() for one in opened]
        run.cancel()
        assert while_it_ran == ["Running"] * 3
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == how
    assert [one.get_status() for one in opened] == [how] * 3
    assert "alive" not in os.listdir(opened[2].directory)


def test_a_forked_child_that_exits_ends_nothing_of_its_parents(
    experiment: Experiment, notebook: Notebook
) -> None:
    lines = said(
        notebook(
            """
            open_run = exp.start_logging(**bare)
            with exp.start_logging(**bare) as run:
                if os.fork() == 0:
                    sys.exit(0)
                os.wait()
                print(open_run.get_status(), run.get_status(), flush=True)
            print(open_run.get_status(), run.get_status())
            """
        )
    )

    assert lines == ["Running Running", "Running Completed"]
    assert [run.get_status() for run in experiment.get_runs()] == ["Completed", "Completed"]


def test_a_signal_handler_that_ends_a_run_may_come_while_another_one_is_started(
    experiment: Experiment, notebook: Notebook
) -> None:
    lines = said(
        notebook(
            """
            from homerun.runs import owner
            from runstore.fs import lock
            opened = []

            def interrupted(*given):
                if not opened:
                    opened.append(0)
                    os.kill(os.getpid(), signal.SIGUSR1)
                return take(*given)

            def handler(*_):
                inner = exp.start_logging(**bare, run_id="inner")
                print(inner.get_status(), flush=True)
                inner.complete()

            signal.signal(signal.SIGUSR1, handler)
            take, owner.lock.take = lock.take, interrupted
            outer = exp.start_logging(**bare, run_id="outer")
            print(outer.get_status())
            outer.complete()
            """
        )
    )

    assert lines == ["Running", "Running"]
    assert [run.get_status() for run in experiment.get_runs()] == ["Completed", "Completed"]
    assert owners(experiment) == []


def test_a_forked_child_is_the_owner_of_what_it_starts(
    experiment: Experiment, notebook: Notebook, ready: Fifo
) -> None:
    parent = notebook(
        f"""
        exp.start_logging(**bare, run_id="of-parent")
        if os.fork() == 0:
            exp.start_logging(**bare, run_id="of-child")
        print(os.getpid(), file={ready.opened})
        signal.pause()
        """
    )
    pids = {int(ready.line()), int(ready.line())}
    runs = [run_of(experiment, name) for name in ("of-parent", "of-child")]
    held_by = {fact(run, "started.json")["owner"] for run in runs}

    parent.kill()
    parent.wait()
    after_parent = [run.get_status() for run in runs]
    (child,) = pids - {parent.pid}
    os.kill(child, signal.SIGKILL)
    process.wait_gone(child)

    assert len(held_by) == 2
    assert after_parent == ["Failed", "Running"]
    assert [run.get_status() for run in runs] == ["Failed", "Failed"]


def test_threads_that_start_and_end_runs_at_once_never_lose_an_owner(
    experiment: Experiment,
) -> None:
    seen: list[str] = []

    def work() -> None:
        for _ in range(5):
            run = started(experiment)
            seen.append(run.get_status())
            run.complete()
            seen.append(run.get_status())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen) == ["Completed"] * 40 + ["Running"] * 40
    assert owners(experiment) == []


# The block


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (ValueError("it diverged"), "Failed", "User program failed with ValueError: it diverged"),
        (KeyboardInterrupt(), "Failed", "User program failed with KeyboardInterrupt"),
        (SystemExit(3), "Failed", "User program failed with SystemExit: 3"),
        (SystemExit("why"), "Failed", "User program failed with SystemExit: why"),
        (SystemExit(0), "Completed", None),
        (SystemExit(), "Completed", None),
    ],
    ids=repr,
)
def test_a_block_that_raises_ends_as_its_error_says_and_the_error_goes_on(
    experiment: Experiment, error: BaseException, status: str, message: str | None
) -> None:
    def block() -> None:
        with run:
            run.log("loss", 0.5)
            raise error

    run = started(experiment)

    with pytest.raises(type(error)) as caught:
        block()

    assert caught.value is error
    error.__traceback__ = None  # it would hold the run beyond the test
    assert run.get_status() == status
    if message is not None:
        assert run.get_details()["error"]["error"]["message"].splitlines()[0] == message


def test_what_nested_blocks_print_is_in_their_logs_and_still_on_the_screen(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = (sys.stdout, sys.stderr)
    with started(experiment) as run:
        print("größe: outer")
        with run.child_run() as child:
            print("inner")
            print("a warning", file=sys.stderr)
        print("outer again")
    print("after")

    logs = [b"".join(one.stream()).decode() for one in (run, child)]
    shown = capsys.readouterr()
    assert logs == ["größe: outer\ninner\na warning\nouter again\n", "inner\na warning\n"]
    assert shown.out == "größe: outer\ninner\nouter again\nafter\n"
    assert shown.err == "a warning\n"
    assert (sys.stdout, sys.stderr) == outside


def test_a_block_that_raises_has_the_traceback_in_its_log(experiment: Experiment) -> None:
    def block() -> None:
        with run:
            print("before")
            _ = 1 / 0

    run = started(experiment)

    with pytest.raises(ZeroDivisionError):
        block()

    log = b"".join(run.stream()).decode()
    assert log.startswith("before\nTraceback")
    assert log.endswith("ZeroDivisionError: division by zero\n")


def test_a_stream_kept_from_a_block_writes_to_no_file_of_anybody_afterwards(
    experiment: Experiment, workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with started(experiment) as run:
        kept = sys.stdout
    paths = [workspace_dir / f"{n}.txt" for n in range(5)]
    opened = [os.open(path, os.O_WRONLY | os.O_CREAT) for path in paths]

    kept.write("late\n")
    for descriptor in opened:
        os.close(descriptor)

    assert [path.read_text() for path in paths] == [""] * 5
    assert b"".join(run.stream()) == b""
    assert capsys.readouterr().out == "late\n"


def test_blocks_that_end_in_the_order_they_began_leave_the_screen_as_it_was(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = started(experiment), started(experiment)
    one.__enter__()
    two.__enter__()

    print("both")
    one.__exit__(None, None, None)
    print("two")
    two.__exit__(None, None, None)
    print("none")

    logs = [b"".join(run.stream()) for run in (one, two)]
    assert logs == [b"both\n", b"both\ntwo\n"]
    assert capsys.readouterr().out == "both\ntwo\nnone\n"


# Ending by a word


def test_ending_twice(experiment: Experiment) -> None:
    completed, failed, canceled = (started(experiment) for _ in range(3))
    completed.complete()
    failed.fail("it diverged", "Diverged")
    canceled.cancel()

    completed.complete()
    completed.cancel()
    failed.fail("again")
    canceled.cancel()
    with pytest.raises(InvalidTransition, match=r"Failed"):
        failed.complete()
    with pytest.raises(InvalidTransition, match=r"Canceled"):
        canceled.complete()

    statuses = [run.get_status() for run in (completed, failed, canceled)]
    assert statuses == ["Completed", "Failed", "Canceled"]
    error = failed.get_details()["error"]["error"]
    assert (error["code"], error["message"]) == ("Diverged", "it diverged")


def test_fail_after_complete_is_a_mark_and_the_outcome_stays(experiment: Experiment) -> None:
    run = started(experiment)
    run.complete()

    run.fail("the data were wrong")

    assert run.get_status() == "Failed"
    assert run.get_details()["error"]["error"]["message"] == "the data were wrong"
    assert fact(run, "ended.json")["status"] == "Completed"
    assert fact(run, "mark.json")["status"] == "Failed"


@pytest.mark.parametrize(("word", "status"), [("cancel", "Canceled"), ("fail", "Failed")])
def test_a_word_from_elsewhere_only_records(
    experiment: Experiment,
    notebook: Notebook,
    ready: Fifo,
    gate: Callable[[str], Gate],
    word: str,
    status: str,
) -> None:
    door = gate("door")
    held = notebook(
        f"""
        with exp.start_logging(**bare, run_id="block") as run:
            exp.start_logging(**bare, run_id="open")
            print("up", file={ready.opened})
            {door.passed}
            run.log("still", "here")
            print(run.get_status())
        """
    )
    ready.line()
    runs = [run_of(experiment, name) for name in ("block", "open")]

    for run in runs:
        getattr(run, word)()
    door.open()

    assert said(held) == [status]
    assert [run.get_status() for run in runs] == [status, status]
    assert runs[0].get_metrics() == {"still": "here"}
    assert owners(experiment) == []


def test_a_run_is_waited_for_from_another_process(
    experiment: Experiment, notebook: Notebook, ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    held = notebook(
        f"""
        run = exp.start_logging(**bare, run_id="waited-for")
        print("up", file={ready.opened})
        {door.passed}
        run.complete()
        """
    )
    ready.line()
    ended: list[str] = []
    run = run_of(experiment, "waited-for")
    waiter = threading.Thread(target=lambda: ended.append(run.wait_for_completion()["status"]))
    waiter.start()

    door.open()
    waiter.join()

    assert ended == ["Completed"]
    assert said(held) == []


# What is kept with a run


def test_outputs_are_made_and_only_what_is_new_is_collected(
    experiment: Experiment, workspace_dir: Path
) -> None:
    outputs = workspace_dir / "outputs"
    outputs.mkdir()
    (outputs / "old.txt").write_text("old")
    _next_tick(outputs / "old.txt")
    run = experiment.start_logging(snapshot_directory=None)
    (outputs / "new.txt").write_text("new")
    (outputs / "deep" / "er").mkdir(parents=True)
    (outputs / "deep" / "er" / "model.bin").write_bytes(b"\0" * 3_000_000)
    (outputs / "link").symlink_to("old.txt")
    (outputs / "dangling").symlink_to("nowhere")

    run.complete()

    assert _files(Path(run.directory, "outputs")) == ["deep/er/model.bin", "new.txt"]
    assert Path(run.directory, "outputs/new.txt").read_text() == "new"
    assert os.stat(f"{run.directory}/outputs/deep/er/model.bin").st_size == 3_000_000


def test_outputs_can_be_another_folder_or_none(experiment: Experiment, workspace_dir: Path) -> None:
    none = experiment.start_logging(snapshot_directory=None, outputs=False)
    before = os.listdir(workspace_dir)
    other = experiment.start_logging(snapshot_directory=None, outputs="results/here")
    plain = experiment.start_logging(snapshot_directory=None)
    (workspace_dir / "results/here/a.txt").write_text("a")
    (workspace_dir / "outputs/b.txt").write_text("b")
    child = other.child_run(outputs=True)
    (workspace_dir / "outputs/c.txt").write_text("c")

    for run in (none, child, other, plain):
        run.complete()

    found = [run.get_file_names() for run in (none, other, plain)]
    assert before == [".runs"]
    assert found == [[], ["results/here/a.txt"], ["outputs/b.txt", "outputs/c.txt"]]
    assert "outputs/c.txt" in child.get_file_names()


def test_outputs_are_named_as_they_are_seen_from_where_the_run_began(
    experiment: Experiment, workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace_dir / "below").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(workspace_dir / "below")
    wanted = ("./x", str(workspace_dir / "below/y/z/"), "../beside", tmp_path / "elsewhere")
    runs = [experiment.start_logging(snapshot_directory=None, outputs=one) for one in wanted]
    monkeypatch.chdir(workspace_dir)
    for folder in ("below/x", "below/y/z", "beside", "../elsewhere"):
        (workspace_dir / folder / "a.txt").write_text("a")

    for run in runs:
        run.complete()

    found = [run.get_file_names() for run in runs]
    assert found == [["x/a.txt"], ["y/z/a.txt"], ["beside/a.txt"], ["elsewhere/a.txt"]]


def test_the_current_folder_as_outputs_does_not_hold_the_store(
    experiment: Experiment, workspace_dir: Path
) -> None:
    run = experiment.start_logging(snapshot_directory=None, outputs=".")
    (workspace_dir / "model.txt").write_text("trained")

    run.complete()

    assert run.get_file_names() == ["model.txt"]


def test_outputs_that_cannot_be_made_make_no_run(
    experiment: Experiment, workspace_dir: Path
) -> None:
    (workspace_dir / "outputs").write_text("a file")

    with pytest.raises(FileExistsError):
        experiment.start_logging(snapshot_directory=None)

    assert list(experiment.get_runs()) == []


def test_a_snapshot_is_the_code_as_it_was(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    path = script("model.py", "layers = 3")
    run = experiment.start_logging(snapshot_directory="source", outputs=False)
    path.write_text("layers = 4")
    none = started(experiment)
    run.complete()
    none.complete()

    taken = fact(run, "run.json")["snapshot"]
    kept = Path(experiment.workspace.directory, ".snapshots", taken, "tree", "model.py")
    assert kept.read_text() == "layers = 3"
    assert fact(none, "run.json")["snapshot"] is None


@pytest.mark.parametrize(("limit", "most"), [("_MOST_ENTRIES", 3), ("_MOST_BYTES", 3_000_000)])
def test_a_folder_too_large_to_be_code_is_a_notice_and_no_error(
    experiment: Experiment,
    script: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    limit: str,
    most: int,
) -> None:
    monkeypatch.setattr(capture, limit, most)
    for number in range(5):
        script(f"data{number}.csv", "1" * 1_000_000)

    run = experiment.start_logging(snapshot_directory="source", outputs=False)
    status = run.get_status()
    run.complete()

    told = capsys.readouterr().err
    assert status == "Running"
    assert told.startswith("homerun: no snapshot: ")
    assert told.count("\n") == 1
    assert ".amlignore" in told
    assert fact(run, "run.json")["snapshot"] is None


def test_a_snapshot_directory_that_is_not_there_is_named(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = experiment.start_logging(snapshot_directory="no-such-folder", outputs=False)
    run.complete()

    assert "no-such-folder" in capsys.readouterr().err


# Not ours to judge


def _copy_of_the_store(run: Run, to: Path) -> Run:
    shutil.copytree(".runs", to / ".runs", symlinks=True)
    return Run.get(Workspace.from_config(str(to)), run.id)


def _copy_of_the_folder(run: Run, to: Path) -> Run:
    to.mkdir()
    (to / ".runs").mkdir()
    other = Experiment(Workspace.from_config(str(to)), run.experiment.name)
    shutil.copytree(run.directory, to / ".runs" / other.name / run.id, symlinks=True)
    return Run.get(other.workspace, run.id)


def _on_another_host(run: Run, to: Path) -> Run:
    path = Path(run.directory, "started.json")
    place = {"machine_id": "0" * 32, "host": "elsewhere", "boot_id": "another"}
    path.write_text(json.dumps({**json.loads(path.read_text()), **place}))
    return Run.get(run.experiment.workspace, run.id)


@pytest.mark.parametrize("make", [_copy_of_the_store, _copy_of_the_folder, _on_another_host])
def test_a_run_that_another_place_holds_is_not_responding_and_cannot_be_ended_from_here(
    experiment: Experiment, tmp_path: Path, make: Callable[[Run, Path], Run]
) -> None:
    run = started(experiment)
    before = Path(run.directory, "started.json").read_bytes()
    foreign = make(run, tmp_path / "elsewhere")

    status = foreign.get_status()
    for word in (foreign.complete, foreign.fail, foreign.cancel):
        with pytest.raises(InvalidTransition, match=r"belongs to"):
            word()
    after = foreign.get_status()

    assert (status, after) == ("NotResponding", "NotResponding")
    assert "ended.json" not in os.listdir(foreign.directory)
    Path(run.directory, "started.json").write_bytes(before)
    assert run.get_status() == "Running"
    run.complete()
    assert run.get_status() == "Completed"


# What is left


def test_the_owners_file_goes_with_the_last_run(experiment: Experiment) -> None:
    one, two = started(experiment), started(experiment)
    child = one.child_run()
    held = owners(experiment)

    one.cancel()
    still_held = owners(experiment)
    two.complete()

    assert len(held) == 1
    assert still_held == held
    assert child.get_status() == "Canceled"
    assert owners(experiment) == []


def test_the_owners_file_goes_with_the_process(experiment: Experiment, notebook: Notebook) -> None:
    said(notebook("exp.start_logging(**bare).child_run()"))

    assert owners(experiment) == []


def test_a_run_that_was_removed_is_missed_by_nobody_at_the_exit(
    experiment: Experiment, notebook: Notebook
) -> None:
    code = """
        import shutil
        shutil.rmtree(exp.start_logging(**bare).directory)
        exp.start_logging(**bare, run_id="kept")
        """

    assert said(notebook(code)) == []
    assert run_of(experiment, "kept").get_status() == "Completed"
    assert owners(experiment) == []


def test_thousands_of_runs_are_held_open_with_few_descriptors(
    experiment: Experiment, notebook: Notebook
) -> None:
    lines = said(
        notebook(
            """
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
            parent = exp.start_logging(**bare)
            rows = parent.create_children(2000)
            for value in (0.5, 0.25):
                for row in rows:
                    row.log("loss", value)
            print(sum(row.dropped for row in rows), rows[1999].get_status(), flush=True)
            os.write(1, b"%d\\n" % (len(os.listdir("/proc/self/fd")) < 300))
            print(rows[0].get_metrics(), rows[1999].get_metrics(), flush=True)
            os._exit(0)
            """
        )
    )

    assert lines == ["0 Running", "1", "{'loss': [0.5, 0.25]} {'loss': [0.5, 0.25]}"]


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _next_tick(path: Path) -> None:
    """Return when the file system's clock has gone on since a file was written."""
    probe = path.with_name(".probe")

    def is_later() -> bool:
        probe.write_text("")
        return probe.stat().st_ctime_ns > path.stat().st_ctime_ns

    wait_until(is_later, "the clock of the file system goes on")
    probe.unlink()


def test_a_store_of_interactive_runs_and_children_is_in_order(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None, tags={"a": "b"}) as run:
        row = run.create_children(2)[0]
        row.log("loss", 1.0)
        row.complete()
        with run.child_run():
            run.tag("c")

    assert experiment.workspace.check() == []
