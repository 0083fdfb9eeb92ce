"""Secrets: whatever a run is given, no file of the store holds one that is named or placed as such.

Each secret is a canary, a random word; afterwards every file of the store, its name and what its
links lead to is searched for all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers import process
from helpers.wait import wait_until
from homerun import Experiment, ScriptRunConfig, Workspace

Canary = Callable[[], str]


@pytest.fixture
def canaries() -> list[str]:
    return []


@pytest.fixture
def canary(canaries: list[str]) -> Canary:
    """Make a secret that `holders` looks for."""

    def make() -> str:
        canaries.append(f"canary{os.urandom(8).hex()}")
        return canaries[-1]

    return make


def holders(canaries: list[str]) -> Iterator[str]:
    """The files of the store that hold a canary, in their content, name or target."""
    for path in Path(".runs").rglob("*"):
        content = b"" if path.is_symlink() or not path.is_file() else path.read_bytes()
        target = os.readlink(path) if path.is_symlink() else ""
        held = [c for c in canaries if c.encode() in content or c in f"{path.name}\n{target}"]
        if held:
            yield f"{path}: {held}"


COUNT = """
import os, sys
from homerun import Run
words = " ".join([*sys.argv, *os.environ.values()])
Run.get_context().log("canaries", words.count("canary"))
"""


def test_no_secret_argument_reaches_the_store(
    workspace_dir: Path, script: Callable[..., Path], canary: Canary, canaries: list[str]
) -> None:
    script("train.py", COUNT)
    arguments = [
        *("--token", canary(), f"--password={canary()}", f"API_KEY={canary()}"),
        *("--secrets", canary(), canary(), "--lr", "0.1"),
        json.dumps({"db": {"password": canary(), "hosts": ["h"]}, "all": [{"apiKey": canary()}]}),
        f"--config={{'token': '{canary()}'}}",
        json.dumps(["--token", canary()]),
        f"https://ann:{canary()}@example.org/data",
        f"--store=https://{canary()}@example.org/data?sv=1&sig={canary()}",
        f"--db=Host=h;AccountKey={canary()}==",
        *("-H", f"Authorization: Bearer {canary()}"),
        *("--password", "--", canary(), f"see ghp_{canary()} and hf_{canary()}"),
        f"curl -u ann:{canary()} https://example.org; train --session {canary()}",
    ]

    run = Experiment(Workspace.from_config(), "secrets").submit(
        ScriptRunConfig("source", "train.py", arguments)
    )
    run.wait_for_completion()
    process.wait_put_away(run)

    assert run.get_metrics() == {"canaries": len(canaries)}
    assert list(holders(canaries)) == []
    recorded = json.loads(Path(run.directory, "run.json").read_text())["arguments"]
    assert recorded[-8] == "--db=Host=h;AccountKey=*****"
    assert recorded[-9] == "--store=https://*****@example.org/data?sv=1&sig=*****"


def test_no_value_of_an_environment_variable_reaches_the_store(
    workspace_dir: Path,
    script: Callable[..., Path],
    canary: Canary,
    canaries: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script("train.py", COUNT)
    monkeypatch.setenv("INNOCENT", canary())
    monkeypatch.setenv("AZURE_CLIENT_SECRET", canary())
    variables = {"PLAIN": canary(), "MY_TOKEN": canary()}
    config = ScriptRunConfig("source", "train.py", environment_variables=variables)

    run = Experiment(Workspace.from_config(), "secrets").submit(config)
    run.wait_for_completion()
    process.wait_put_away(run)
    with Experiment(Workspace.from_config(), "secrets").start_logging(outputs=False) as logged:
        assert logged.get_secret("azure-client-secret") in canaries

    assert run.get_metrics() == {"canaries": 4}
    assert list(holders(canaries)) == []


def test_no_secret_of_a_git_repository_reaches_the_store(
    workspace_dir: Path, canary: Canary, canaries: list[str]
) -> None:
    config = f"""
    [remote "origin"]
        url = https://ann:{canary()}@example.org/x.git?token={canary()}#{canary()}
        pushurl = https://{canary()}@example.org/x.git
    [url "https://{canary()}@example.org/"]
        insteadOf = https://example.org/
    [http]
        extraHeader = Authorization: Basic {canary()}
    """
    (workspace_dir / "train.py").write_text("")
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *words], check=True)
    with open(".git/config", "a") as file:
        file.write(config)
    (workspace_dir / "train.py").write_text("changed = 1\n")

    run = Experiment(Workspace.from_config(), "secrets").submit(ScriptRunConfig(".", "train.py"))
    run.wait_for_completion()
    process.wait_put_away(run)

    wait_until(lambda: "azureml.git.dirty" in run.properties, "git has answered")
    assert run.properties["azureml.git.repository_uri"] == "https://example.org/x.git"
    assert list(holders(canaries)) == []


def test_no_secret_given_to_the_command_line_reaches_the_store(
    workspace_dir: Path, script: Callable[..., Path], canary: Canary, canaries: list[str]
) -> None:
    script("train.py", "raise SystemExit(3)")
    given = ["train.py", "--token", canary(), f"--url=https://u:{canary()}@h/"]
    submit = ["run", "submit-script", "-e", "secrets", "--source-directory", "source"]

    done = subprocess.run(
        [sys.executable, "-m", "homerun", *submit, *given], capture_output=True, text=True
    )

    assert done.returncode == 1
    (run,) = Workspace.from_config().get_runs("secrets")
    process.wait_put_away(run)
    assert list(holders(canaries)) == []
