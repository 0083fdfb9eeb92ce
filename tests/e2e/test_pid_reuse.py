"""A pid is not a process: what gets the pid of a run's process is never taken for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.pids import TESTS, run_apart

pytestmark = pytest.mark.usefixtures("needs_pid_namespace")

SUBMIT = """
from homerun import Experiment, ScriptRunConfig, Workspace
config = ScriptRunConfig("source", "train.py", {more})
run = Experiment(Workspace.from_config(), "pids").submit(config)
run.wait_for_completion(raise_on_error=False)
print(run.get_status(), run.describe()["outcome"]["exit_code"])
"""


def test_an_orphan_with_the_pid_of_the_script_does_not_change_its_outcome(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        f"""
        import os, signal, sys
        sys.path.append({TESTS!r})
        from helpers.pids import fork_as

        own = os.getpid()
        if os.fork():
            os._exit(3)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()  # a pid that names a group is not given again
        while os.path.exists(f"/proc/{{own}}"):
            os.sched_yield()
        fork_as(own)
        os._exit(0)
        """,
    )

    assert run_apart(SUBMIT.format(more="")) == "Failed 3\n"


def test_an_attempt_with_the_pid_of_a_former_helper_is_seen_to_its_end(
    workspace_dir: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))  # no interpreter is known
    script(
        "train.py",
        f"""
        import os, sys
        sys.path.append({TESTS!r})
        from helpers.pids import choose

        def asks(pid):
            try:
                with open(f"/proc/{{pid}}/cmdline") as file:
                    return "environments.inspector" in file.read()
            except OSError:
                return False

        if os.environ.get("HOMERUN_ATTEMPT"):
            kept = open("helper").read()
            print(kept == str(os.getpid()))
            os._exit(4)
        found = []
        while not found:
            found = [pid for pid in os.listdir("/proc") if pid.isdigit() and asks(pid)]
        while os.path.exists(f"/proc/{{found[0]}}"):
            os.sched_yield()
        open("helper", "w").write(found[0])
        choose(int(found[0]))
        os._exit(1)
        """,
    )

    said = run_apart(SUBMIT.format(more="max_retries=1") + "print(b''.join(run.stream()).decode())")

    assert said.split() == ["Failed", "4", "True"]
