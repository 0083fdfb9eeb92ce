"""A run submitted again is the same again: its code, command, tags and target."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, SubmitError, UserError, Workspace
from homerun.runs import resubmit
from homerun.sdk.run import ScriptRun
from runstore import layout

SHOW = """
import os, sys
print(sys.argv[1:], os.environ.get("KEY"))
"""


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("show.py", SHOW)
    return Experiment(Workspace.from_config(), "again")


def run_of(experiment: Experiment, config: ScriptRunConfig, **named: object) -> ScriptRun:
    run = experiment.submit(config, **named)  # type: ignore[arg-type]
    assert isinstance(run, ScriptRun)
    run.wait_for_completion(raise_on_error=False)
    return run


def said(run: ScriptRun) -> str:
    run.wait_for_completion()
    return Path(run.directory, layout.STD_LOG).read_text().strip()


def test_it_runs_the_code_of_its_snapshot_though_the_source_is_gone(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    config = ScriptRunConfig("source", "show.py", ["--lr", 0.1])
    first = run_of(experiment, config, tags={"a": "b", "c": None})
    shutil.rmtree("source")

    second = first.resubmit()

    assert isinstance(second, ScriptRun)
    assert said(second) == said(first) == "['--lr', '0.1'] None"
    assert second.get_tags() == {"a": "b", "c": None}
    assert second.get_properties()["homerun.resubmitted_from"] == first.id
    kept = ("script", "arguments", "command", "snapshot", "target", "source_directory")
    then, now = first._record.run, second._record.run
    assert [now[key] for key in kept] == [then[key] for key in kept]


def test_a_secret_is_asked_for_and_is_in_no_record_again(experiment: Experiment) -> None:
    arguments = ["--token", "canary-1", "--url=https://me:canary-2@host/", "last"]
    first = run_of(experiment, ScriptRunConfig("source", "show.py", arguments))

    assert resubmit.hidden(first._record) == ["--token *****", "--url=https://*****@host/"]
    with pytest.raises(UserError, match="hides 2 values"):
        first.resubmit()
    second = first.resubmit(["canary-3", "me:canary-4"])

    assert isinstance(second, ScriptRun)
    assert "['--token', 'canary-3', '--url=https://me:canary-4@host/', 'last']" in said(second)
    assert "canary" not in Path(second.directory, layout.RUN).read_text()
    assert second._record.run["arguments"] == first._record.run["arguments"]


def test_variables_are_given_or_taken_from_here(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ScriptRunConfig("source", "show.py", environment_variables={"KEY": "1"})
    first = run_of(experiment, config)

    assert resubmit.unset(first._record) == ["KEY"]
    with pytest.raises(UserError, match="was given KEY"):
        first.resubmit()
    given = first.resubmit(environment_variables={"KEY": "2"})
    monkeypatch.setenv("KEY", "3")
    own = first.resubmit()

    assert isinstance(given, ScriptRun)
    assert isinstance(own, ScriptRun)
    assert [said(given), said(own)] == ["[] 2", "[] 3"]


def test_in_place_it_runs_in_the_source_folder_as_it_is_now(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    first = run_of(experiment, ScriptRunConfig("source", "show.py", in_place=True))
    script("show.py", "print('new')")

    second = first.resubmit()

    assert isinstance(second, ScriptRun)
    assert said(second) == "new"


def test_a_snapshot_that_is_gone_is_one_clear_error_and_no_run(experiment: Experiment) -> None:
    first = run_of(experiment, ScriptRunConfig("source", "show.py"))
    shutil.rmtree(f"{experiment.workspace.directory}/{layout.SNAPSHOTS}")

    with pytest.raises(SubmitError, match="is gone: submit its script again"):
        first.resubmit()

    assert [run.id for run in experiment.get_runs()] == [first.id]


def test_an_interactive_run_cannot_be_submitted_again(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()

    with pytest.raises(SubmitError, match="was not submitted"):
        resubmit.again(run._record)


def test_what_failed_is_submitted_once(experiment: Experiment, script: Callable[..., Path]) -> None:
    script("maybe.py", f"import os; raise SystemExit(not os.path.exists({os.getcwd() + '/go'!r}))")
    failed = [run_of(experiment, ScriptRunConfig("source", "maybe.py")) for _ in range(2)]
    run_of(experiment, ScriptRunConfig("source", "show.py"))

    def left() -> list[str]:
        return [
            one.id for one in resubmit.Failures([run._record for run in experiment.get_runs()]).left
        ]

    assert left() == [run.id for run in failed]
    again = failed[0].resubmit()
    again.wait_for_completion(raise_on_error=False)
    assert left() == [failed[1].id, again.id]

    Path("go").touch()
    for run_id in left():
        again = ScriptRun(experiment, run_id).resubmit()
        again.wait_for_completion()
    assert left() == []
