"""Runs that tell of themselves: when they end, and when a rule of theirs has fired."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import servers
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.notify import settings

Submit = Callable[..., Run]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the user's notify.json."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def act(*channels: dict[str, Any], on: tuple[str, ...] = ()) -> None:
        path = tmp_path / "config" / settings.PLACE
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"channels": list(channels), "on": list(on)}))
        path.chmod(0o600)

    return act


@pytest.fixture
def run(workspace_dir: Path, script: Callable[..., Path]) -> Submit:
    """Submit a script and wait for its end."""
    workspace = Workspace.from_config()
    (Path(workspace.store.for_writing().root) / "settings.json").write_text('{"sample_s": 0.5}')

    def act(source: str, **said: Any) -> Run:
        script("train.py", source)
        made = Experiment(workspace, "digits").submit(ScriptRunConfig("source", "train.py", **said))
        made.wait_for_completion(raise_on_error=False)
        return made

    return act


def log_of(run: Run) -> str:
    return Path(run.directory, "supervisor.log").read_text()


def hook(server: servers.Server) -> dict[str, str]:
    return {"type": "webhook", "url": f"http://127.0.0.1:{server.port}/secret-path"}


def test_an_end_that_is_asked_for_is_told(configure: Callable[..., None], run: Submit) -> None:
    with servers.serving(servers.web()) as server:
        configure(hook(server))
        made = run("raise ValueError('no data')", notify="failed,canceled")
        _, _, body = server.wait()

    assert body["event"] == "ended"
    assert body["status"] == "Failed"
    assert body["title"] == "digits/1 Failed"
    assert body["text"].startswith("ValueError: no data\n")
    assert (body["run_id"], body["cause"]) == (made.id, "exit_code")


def test_an_end_that_is_not_asked_for_is_not_told(
    configure: Callable[..., None], run: Submit
) -> None:
    with servers.serving(servers.web()) as server:
        configure(hook(server), on=("ended",))
        run("print(1)", notify="failed")
        run("print(1)", notify="never")
        run("print(1)")
        _, _, body = server.wait()

        assert body["title"] == "digits/3 Completed"
        assert len(server.got) == 1


def test_a_rule_tells_what_it_saw_while_the_run_goes_on(
    configure: Callable[..., None], run: Submit, gate: Callable[[str], Any]
) -> None:
    door = gate("told")
    with servers.serving(servers.web()) as server:
        configure(hook(server))

        source = f"""
        from azureml.core import Run
        Run.get_context().log("acc", 0.97)
        open({str(door.path)!r}).read(1)
        """
        import threading

        made: list[Run] = []
        thread = threading.Thread(
            target=lambda: made.append(run(source, notify_if="metrics.acc > 0.95"))
        )
        thread.start()
        _, _, body = server.wait()
        door.open()
        thread.join()

    assert body["event"] == "rule"
    assert body["title"] == "digits/1: metrics.acc was 0.97"
    assert body["rule"] == "metrics.acc > 0.95"
    assert made[0].get_status() == "Completed"
    assert "rule 1 (notify): metrics.acc was 0.97" in log_of(made[0])


def test_a_secret_can_come_from_the_environment_and_is_in_no_record(
    configure: Callable[..., None], run: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with servers.serving(servers.web()) as server:
        monkeypatch.setenv("MY_HOOK", f"http://127.0.0.1:{server.port}/hidden-place")
        configure({"type": "webhook", "url": "$MY_HOOK"})
        made = run("print(1)", notify="ended")
        path, _, _ = server.wait()

    assert path == "/hidden-place"
    for file in Path(made.directory).parents[1].rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert b"hidden-place" not in file.read_bytes(), file


def test_a_dead_address_delays_no_end_and_is_told_once(
    configure: Callable[..., None], run: Submit
) -> None:
    port = servers.closed_port()
    configure({"type": "slack", "url": f"http://127.0.0.1:{port}/T0/secret"})
    source = """
    from azureml.core import Run
    Run.get_context().log("acc", 0.97)
    """
    made = run(source, notify="ended", notify_if=["metrics.acc > 0.95", "metrics.acc > 0.9"])
    wait_until(lambda: "notify: slack" in log_of(made), "it is told")

    assert made.get_status() == "Completed"
    (line,) = [one for one in log_of(made).splitlines() if "notify: " in one]
    assert f"notify: slack (127.0.0.1:{port}): Connection refused" in line
    assert "secret" not in log_of(made)


def test_where_no_channel_is_named_that_is_said_at_the_submit(
    configure: Callable[..., None], run: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    made = run("print(1)", notify="ended")

    assert "no notification will be sent: " in capsys.readouterr().err
    wait_until(lambda: "names no channel" in log_of(made), "it is told")
    assert made.get_status() == "Completed"


def test_a_file_that_others_may_read_stops_no_submit(
    configure: Callable[..., None], run: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    (tmp_path / "config" / settings.PLACE).chmod(0o644)
    made = run("print(1)")

    assert made.get_status() == "Completed"
    assert "no notification is sent: " in capsys.readouterr().err
