"""The table of settings (`config/settings.py`): each row is handled everywhere that it says."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from helpers import sources
from helpers.gpus import Machine
from homerun import Experiment, ScriptRunConfig, UserError, Workspace
from homerun.cli import command_table
from homerun.config import settings
from homerun.config.settings import TABLE, Setting
from homerun.targets.plan import Plan, decode

SAID: dict[str, object] = {
    "environment_variables": {"KEY": "1"},
    "in_place": True,
    "copy_limit": 4096,
    "interpreter": "/usr/bin/python3",
    "ignore_conda_packages": True,
    "slots": 2,
    "priority": 7,
    "max_concurrent_runs": 3,
    "gpus": 1,
    "gpu_memory": 1 << 30,
    "max_run_duration_seconds": 90.5,
    "grace_s": 2.5,
    "stop_signals": [("SIGINT", 1.0), ("SIGTERM", 1.5)],
    "on_exit": "leave",
    "max_retries": 4,
    "retry_on": ["exit:75", "signal"],
    "retry_delay_s": 0.25,
    "memory": 1 << 34,
    "cpus": 0.5,
    "nice": 5,
    "pids": 500,
    "keep_last": ["outputs/ckpt-*=3"],
    "stop_if": ["metrics.loss is nan", "no output for 30m"],
    "fail_if": ["disk free < 5GB"],
    "retry_if": ["silent for 1h"],
    "notify_if": ["metrics.acc.max > 0.95 and duration > 10m"],
    "tag_if": ["diverged: metrics.loss > 10"],
    "notify": ["failed", "canceled"],
}
"""A value for each row that is not its default; those of one submit fit each other."""

HAS_NO_OPTION = {"on_exit"}
"""Rows that the command line does not have. It may only shrink."""

OTHER_OPTIONS = {
    *("named", "conda", "detach", "source", "tags", "own_id", "target", "axes", "experiment"),
    *("script", "module", "line", "arguments", "random", "requirements", "name", "note", "dry_run"),
}
"""What `submit-script` takes beside settings: the work, where it goes, labels."""

PARTS = {
    **dict.fromkeys(("mark", "store_id", "user", "shown", "cwd"), ""),
    "argv": [],
    "env": {},
    "ladder": [],
}

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())


def configured(**more: object) -> ScriptRunConfig:
    return ScriptRunConfig("source", "train.py", **{**SAID, **more})  # type: ignore[arg-type]


@pytest.fixture
def experiment(gpus: Machine, workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("train.py", "")
    return Experiment(Workspace.from_config(), "settings")


@rows
def test_a_row_is_a_keyword_an_attribute_and_a_line_of_the_help(row: Setting) -> None:
    parameter = inspect.signature(ScriptRunConfig).parameters[row.name]

    assert parameter.default == (None if row.name == "max_run_duration_seconds" else row.default)
    assert getattr(ScriptRunConfig("."), row.name) == row.default
    assert getattr(configured(), row.name) == SAID[row.name] != row.default
    assert f"        {row.name}: {row.help}\n" in (ScriptRunConfig.__doc__ or "")


def test_the_type_checker_knows_the_same_rows() -> None:
    tree = ast.parse(inspect.getsource(settings))
    options = next(
        node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "Options"
    )
    typed = {ast.unparse(n.target) for n in options.body if isinstance(n, ast.AnnAssign)}

    assert typed | {"max_run_duration_seconds"} == set(TABLE)


@rows
def test_none_says_nothing(row: Setting) -> None:
    config = configured(**{row.name: None})

    assert getattr(config, row.name) == (2.5 if row.name == "grace_s" else row.default)


@rows
def test_a_value_that_has_no_meaning_is_refused_by_name(row: Setting) -> None:
    with pytest.raises(UserError, match=row.name):
        setattr(configured(), row.name, object())


def test_an_unknown_setting_is_no_keyword() -> None:
    with pytest.raises(
        TypeError, match="ScriptRunConfig got an unexpected keyword argument 'nise'"
    ):
        configured(nise=5)


@rows
def test_a_planned_value_reaches_the_supervisor_and_is_read_there(row: Setting) -> None:
    given = settings.planned(configured())
    plan = Plan(**PARTS, settings=given)  # type: ignore[arg-type]
    read = asked_of_plans()

    assert (row.name in given) == (row.name in read) == row.is_planned
    assert decode(plan.encode()).setting(row.name) == given.get(row.name)


@cache
def asked_of_plans() -> set[str]:
    """The names of the settings that code asks a plan for."""
    return {
        ast.literal_eval(call.args[0])
        for module in sources.product()
        if module.within("homerun.targets", "homerun.supervisor")
        for name, call in sources.calls(module)
        if name.endswith(".setting")
    }


@cache
def attributes() -> set[str]:
    """The names of the attributes that code asks anything for, outside of the table."""
    others = ("homerun.config.settings", "homerun.config.run_configuration")
    return {
        node.attr
        for module in sources.product()
        if not module.within(*others)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    }


@rows
def test_something_acts_on_a_row(row: Setting) -> None:
    assert row.name in (asked_of_plans() if row.is_planned else attributes())


def test_a_submit_records_the_recorded_rows_and_a_resubmit_has_them_again(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "1")
    first = experiment.submit(configured(interpreter=None))
    first.wait_for_completion()
    second = first.resubmit()  # type: ignore[attr-defined]
    second.wait_for_completion()
    kept = {row.name for row in TABLE.values() if row.is_recorded}

    then, now = first._record.run, second._record.run
    assert kept <= set(then)
    assert [name for name in TABLE if name in then] == [n for n in TABLE if n in kept]
    assert {name: now[name] for name in kept} == {name: then[name] for name in kept}
    assert then["environment_variables"] == ["KEY"]
    assert then["stop_signals"] == [["SIGINT", 1.0], ["SIGTERM", 1.5]]
    assert [then[n] for n in ("slots", "priority", "on_exit")] == [2, 7, "leave"]


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if not row.may_change])
def test_a_resubmit_cannot_change_what_stays(name: str) -> None:
    with pytest.raises(UserError, match=f"^{name} is as it was in a run that is submitted again"):
        settings.for_resubmit({}, {name: SAID[name]})


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if row.may_change])
def test_a_resubmit_can_change_what_may(name: str) -> None:
    found = settings.for_resubmit({"grace_s": 9.0}, {name: SAID[name]})

    assert found[name] == SAID[name]


def test_a_grace_for_a_resubmit_replaces_the_signals_of_the_record() -> None:
    run = {"grace_s": 9.0, "stop_signals": [["INT", 9.0]]}

    found = settings.for_resubmit(run, {"grace_s": 1.0})

    assert (found["grace_s"], found["stop_signals"]) == (1.0, None)


def test_the_command_line_has_the_settings_and_nothing_beside_them_by_chance() -> None:
    command = command_table.command(["run", "submit-script"])
    assert command is not None
    keys = {param.key for param in command.own} - OTHER_OPTIONS

    limit = {"limit": "max_run_duration_seconds"}
    assert {limit.get(key, key) for key in keys} == set(TABLE) - HAS_NO_OPTION
