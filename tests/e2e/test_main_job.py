"""The main job: a script is submitted, owned to its end, and its record tells the truth."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from homerun import Experiment, Run, RunFailed, ScriptRunConfig, Workspace


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "explore-runs")


def test_a_script_goes_from_running_to_completed(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    while_it_ran = run.get_status()
    door.open()
    run.wait_for_completion()

    assert while_it_ran == "Running"
    assert run.get_status() == "Completed"
    assert run.describe()["outcome"]["source"] == "supervisor"


def test_the_script_sees_its_arguments_and_its_metrics_come_back(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import sys
        from homerun import Run
        run = Run.get_context()
        for number in sys.argv[1:]:
            run.log("loss", float(number))
        run.log("epochs", len(sys.argv) - 1)
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py", [0.5, "0.25"]))
    run.wait_for_completion()

    assert run.get_metrics() == {"loss": [0.5, 0.25], "epochs": 2}


FAILURES = {
    "exception": ("raise ValueError('no data')", {"exit_code": 1, "cause": "exit_code"}),
    "exit code": ("import sys; print('bye'); sys.exit(3)", {"exit_code": 3, "cause": "exit_code"}),
    "missing import": ("import no_such_module", {"exit_code": 1, "cause": "exit_code"}),
    "missing file": ("open('no/such/file')", {"exit_code": 1, "cause": "exit_code"}),
    "segmentation fault": (
        "import os; os.kill(os.getpid(), 11)",
        {"signal": "SIGSEGV", "cause": "signal"},
    ),
    "kill -9": (
        "import os; os.kill(os.getpid(), 9)",
        {"signal": "SIGKILL", "cause": "signal"},
    ),
}


@pytest.mark.parametrize(("code", "expected"), FAILURES.values(), ids=FAILURES.keys())
def test_a_script_that_fails_leaves_a_failed_run_that_says_how(
    experiment: Experiment, script: Callable[..., Path], code: str, expected: dict[str, object]
) -> None:
    script("train.py", f"for i in range(30): print('line', i)\n{code}\n")

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    with pytest.raises(RunFailed) as raised:
        run.wait_for_completion()

    outcome = run.describe()["outcome"]
    error = run.get_details()["error"]["error"]
    how = str(expected.get("signal", f"exit code {expected.get('exit_code')}"))
    assert run.get_status() == "Failed"
    assert {key: outcome[key] for key in expected} == expected
    assert how in error["message"]
    assert how in str(raised.value)
    assert "line 29" in error["message"]
    assert "line 5\n" not in error["message"]


def test_an_interpreter_that_cannot_start_is_no_exit_code_of_the_script(
    experiment: Experiment, script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("train.py", "")
    broken = workspace_dir / "python"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)

    run = experiment.submit(ScriptRunConfig("source", "train.py", interpreter=str(broken)))
    run.wait_for_completion(raise_on_error=False)

    outcome = run.describe()["outcome"]
    assert (outcome["cause"], outcome["exit_code"]) == ("cannot_start", None)
    assert "No such file" in run.get_details()["error"]["error"]["message"]


def test_the_script_has_a_process_of_its_own(
    experiment: Experiment, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_SUPERVISES", "stale")
    script(
        "train.py",
        """
        import json, os, signal, sys
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        print(json.dumps({
            "blocked": int(status["SigBlk"], 16), "ignored": int(status["SigIgn"], 16) & 0x7FFFFFFF,
            "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:3],
            "count": len(os.listdir("/proc/self/fd")),
            "leads_its_group": os.getpgrp() == os.getpid(),
            "stdin": sys.stdin.read(), "unbuffered": os.environ["PYTHONUNBUFFERED"],
            "marks": [name for name in os.environ if "SUPERVISES" in name],
            "cwd": os.getcwd(),
        }))
        """,
    )
    stray = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(stray, True)

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    os.close(stray)

    seen = json.loads(b"".join(run.stream()))
    python_ignores = (1 << (signal.SIGPIPE - 1)) | (1 << (signal.SIGXFSZ - 1))
    assert seen == {
        "blocked": 0,
        "ignored": python_ignores,
        "descriptors": [0, 1, 2],
        "count": 5,  # and the one that lists the folder, and that of its stacks
        "leads_its_group": True,
        "stdin": "",
        "unbuffered": "homerun",
        "marks": [],
        "cwd": os.path.realpath(f"{run.directory}/work/source"),
    }


def test_two_runs_from_one_folder_never_meet(
    experiment: Experiment, script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("data.txt", "original")
    script(
        "train.py",
        """
        import sys
        open("data.txt", "a").write(sys.argv[1])
        open("new.txt", "w").write(sys.argv[1])
        open("outputs/model.txt", "w").write(sys.argv[1])
        """,
    )

    runs = [experiment.submit(ScriptRunConfig("source", "train.py", [word])) for word in "ab"]
    for run in runs:
        run.wait_for_completion()

    for run, word in zip(runs, "ab"):
        process.wait_put_away(run)
        work = Path(run.directory, "work/source")
        assert (work / "new.txt").read_text() == word
        assert (work / "data.txt").read_text() == f"original{word}"
        assert Path(run.directory, "outputs/model.txt").read_text() == word
        assert not (work / "train.py").exists()
    assert sorted(os.listdir("source")) == ["data.txt", "train.py"]
    assert Path("source/data.txt").read_text() == "original"


def test_the_sources_own_outputs_come_along_and_are_results_only_where_changed(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("outputs/best.ckpt", "best\n")
    script("outputs/last.ckpt", "last\n")
    script("logs/__init__.py", "WORD = 'logged'")
    script(
        "train.py",
        """
        import logs
        print(logs.WORD, open("outputs/best.ckpt").read(), end="")
        open("outputs/last.ckpt", "w").write("mine")
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"logged best\n"
    assert run.get_file_names() == ["outputs/last.ckpt", "user_logs/std_log.txt"]
    assert Path("source/outputs/last.ckpt").read_text() == "last\n"


def test_what_a_script_calls_its_parent_is_not_the_record(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("table.csv", "1,2\n", "data")
    script(
        "train.py",
        """
        import os
        print(open("../data/table.csv").read(), end="")
        os.makedirs("../metrics")
        open("../metrics/s.jsonl", "w").write('\\n{"metric": "loss"}\\n')
        print(os.path.basename(os.getcwd()))
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"1,2\nsource\n"
    assert run.get_metrics() == {}
    assert Path(run.directory, "work/metrics/s.jsonl").exists()


def test_the_store_inside_the_source_folder_is_left_out(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "import os; print(sorted(os.listdir('.')))", folder=".")

    first = experiment.submit(ScriptRunConfig(".", "train.py"))
    first.wait_for_completion()
    second = experiment.submit(ScriptRunConfig(".", "train.py"))
    second.wait_for_completion()

    assert b"".join(second.stream()) == b"['logs', 'outputs', 'train.py']\n"


def test_in_place_runs_in_the_source_folder_itself(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "open('here.txt', 'w').write('x')")

    run = experiment.submit(ScriptRunConfig("source", "train.py", in_place=True))
    run.wait_for_completion()

    assert Path("source/here.txt").exists()
    assert Path("source/train.py").exists()
    assert os.path.realpath(f"{run.directory}/work/source") == os.path.realpath("source")


def test_a_command_runs_in_the_working_copy(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("data.txt", "hello")

    line = experiment.submit(ScriptRunConfig("source", command="cat data.txt && exit 4"))
    words = experiment.submit(ScriptRunConfig("source", command=["cat", "data.txt"]))
    line.wait_for_completion(raise_on_error=False)
    words.wait_for_completion()

    assert line.describe()["outcome"]["exit_code"] == 4
    assert b"".join(words.stream()) == b"hello"


@pytest.mark.parametrize("way", ["relative", "absolute", "on PATH", "on PATH, for the shell"])
def test_a_program_of_the_source_runs_from_the_snapshot(
    experiment: Experiment, script: Callable[..., Path], way: str
) -> None:
    script("train.sh", "#!/bin/sh\necho elsewhere", folder=".").chmod(0o755)
    program = script("train.sh", '#!/bin/sh\n[ "$0" -ef "$PWD/train.sh" ] && echo the snapshot\n')
    program.chmod(0o755)
    command: str | list[str] = {
        "relative": ["./train.sh"],
        "absolute": [str(program)],
        "on PATH": ["train.sh"],
    }.get(way, "train.sh")
    path = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    config = ScriptRunConfig("source", command=command, environment_variables=path)

    run = experiment.submit(config)
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"the snapshot\n"


def test_the_working_copy_is_on_the_import_path(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("helpers.py", "NAME = 'helpers'")
    script("src/package/__init__.py", "NAME = 'package'")
    script("jobs/train.py", "import helpers, package; print(helpers.NAME, package.NAME)")

    run = experiment.submit(ScriptRunConfig("source", "jobs/train.py"))
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"helpers package\n"


def test_no_module_of_the_source_stands_before_the_standard_library(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    for name in ("logging", "stat", "sitecustomize"):
        script(f"src/{name}.py", "raise SystemExit('taken')")
    script("src/helpers.py", "NAME = 'helpers'")
    script("pip/__init__.py", "raise SystemExit('taken')")
    script(
        "tools/train.py",
        "import logging, stat, pip; from src.helpers import NAME; import src; print(NAME)",
    )

    run = experiment.submit(ScriptRunConfig("source", "tools/train.py"))
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"helpers\n"


def test_a_store_whose_path_holds_a_colon_works(
    script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_STORE", os.path.abspath("at 10:30/.runs"))
    monkeypatch.setenv("PYTHONPATH", os.path.abspath("source/lib"))
    script("helpers.py", "NAME = 'helpers'")
    script("lib/inner.py", "NAME = 'inner'")
    script(
        "jobs/train.py",
        """
        import helpers, inner
        from homerun import Run
        Run.get_context().log("loss", 1)
        print(helpers.NAME, inner.NAME, inner.__file__.startswith(helpers.__file__[:-10]))
        """,
    )

    run = Experiment(Workspace.from_config(), "colon").submit(
        ScriptRunConfig("source", "jobs/train.py")
    )
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"helpers inner True\n"
    assert run.get_metrics() == {"loss": 1}


def test_a_child_imports_nothing_of_its_parent(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("child.py", "import helpers", folder="other")
    script("helpers.py", "")
    script("src/helpers.py", "")
    script(
        "train.py",
        f"""
        from homerun import Run, ScriptRunConfig
        child = Run.get_context().submit_child(
            ScriptRunConfig({os.path.abspath("other")!r}, "child.py")
        )
        child.wait_for_completion(raise_on_error=False)
        print(child.get_details()["error"]["error"]["message"].splitlines()[-1])
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"ModuleNotFoundError: No module named 'helpers'\n"


def test_lines_of_several_processes_do_not_mix(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("worker.py", "for i in range(300): print('a', 'b', i, '\\nc', 'd' * 9000)")
    script(
        "train.py",
        """
        import subprocess, sys
        workers = [subprocess.Popen([sys.executable, "worker.py"]) for _ in range(3)]
        for worker in workers:
            worker.wait()
        """,
    )

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    lines = sorted(b"".join(run.stream()).decode().splitlines())
    expected = [f"a b {i} " for i in range(300)] + ["c " + "d" * 9000] * 300
    assert lines == sorted(expected * 3)


def test_the_store_can_be_renamed_while_a_run_goes_on(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    workspace_dir: Path,
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        from homerun import Run
        run = Run.get_context()
        run.log("loss", 1.0)
        print("up", file={ready.opened}); {door.passed}
        run.log("loss", 0.5)
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()

    os.rename(".runs", "moved")
    door.open()
    moved = Run.get(_opened("moved"), run.id)
    moved.wait_for_completion()

    assert moved.get_status() == "Completed"
    assert moved.get_metrics() == {"loss": [1.0, 0.5]}


def _opened(store: str) -> Workspace:
    os.environ["HOMERUN_STORE"] = store
    try:
        return Workspace.from_config()
    finally:
        del os.environ["HOMERUN_STORE"]


def test_the_record_is_private_whatever_the_umask(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "from homerun import Run; Run.get_context().log('loss', 1)")
    before = os.umask(0)
    try:
        experiment = Experiment(Workspace.from_config(), "private")
        run = experiment.submit(ScriptRunConfig("source", "train.py"), tags={"quality": "great"})
        run.wait_for_completion()
    finally:
        os.umask(before)
    process.wait_put_away(run)

    open_to_others = [
        path
        for path in Path(".runs").rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_what_the_interpreter_caches_is_no_output(
    experiment: Experiment, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    script("package/helpers.py", "NAME = 'helpers'")
    script("other.py", "")
    script("train.py", "import other; from package import helpers; open('made.txt', 'w').close()")

    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    process.wait_put_away(run)

    assert sorted(os.listdir(f"{run.directory}/work/source")) == ["made.txt", "outputs"]
