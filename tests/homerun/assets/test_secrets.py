"""Secrets: of variables, of a keyring, of a file that is this user's alone; never in a store."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from homerun import Experiment, Keyvault, Run, ScriptRunConfig, UserError, Workspace
from homerun.environments.python_path import folder

SNIPPETS = """
import os
from {package} import Keyvault, Workspace

ws = Workspace.from_config()
keyvault = ws.get_default_keyvault()
keyvault.set_secret(name="mysecret", value="s3cret")
print(keyvault.get_secret(name="mysecret"), keyvault.list_secrets())
print(keyvault.get_secrets(secrets=["mysecret", "other"]))
keyvault.delete_secret(name="mysecret")
print(keyvault.get_secret("mysecret"), keyvault.list_secrets(), isinstance(keyvault, Keyvault))
"""


@pytest.fixture
def vault(workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyvault:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setitem(sys.modules, "keyring", None)
    return Workspace.from_config().get_default_keyvault()


class Ring:
    """A keyring in memory."""

    def __init__(self, priority: float = 5.0) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.get_keyring = lambda: SimpleNamespace(priority=priority)

    def set_password(self, service: str, name: str, value: str) -> None:
        self.kept[service, name] = value

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "state").rglob("*.json") if "secrets" in str(path)]


@pytest.mark.parametrize("package", ["azureml.core", "homerun"])
def test_the_snippets_of_the_documentation_run(
    vault: Keyvault, tmp_path: Path, package: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS.format(package=package)],
        env={**os.environ, "PYTHONPATH": folder(), "PYTHON_KEYRING_BACKEND": "none"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "s3cret [{'name': 'mysecret'}]",
        "{'mysecret': 's3cret', 'other': None}",
        "None [] True",
    ]


def test_a_secret_is_in_a_file_of_its_own_and_in_no_store(vault: Keyvault, tmp_path: Path) -> None:
    vault.set_secret("db-password", "s3cretvalue")

    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store = vault.workspace.directory
    assert all(
        b"s3cretvalue" not in one.read_bytes() for one in Path(store).rglob("*") if one.is_file()
    )


def test_a_variable_comes_first(vault: Keyvault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.set_secret("db-password", "kept")
    monkeypatch.setenv("DB_PASSWORD", "set")

    assert vault.get_secret("db-password") == "set"


def test_the_keyring_comes_before_the_file(
    vault: Keyvault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring()
    monkeypatch.setitem(sys.modules, "keyring", ring)  # type: ignore[arg-type]
    vault.set_secret("a", "ringed")

    assert list(ring.kept.values()) == ["ringed"]
    assert b"ringed" not in files(tmp_path)[0].read_bytes()
    assert (vault.get_secret("a"), vault.list_secrets()) == ("ringed", [{"name": "a"}])
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UserError, match=r"pip install .*keyring"):
        vault.get_secret("a")
    monkeypatch.setitem(sys.modules, "keyring", ring)  # type: ignore[arg-type]
    vault.delete_secret("a")
    assert (ring.kept, vault.list_secrets()) == ({}, [])


def test_a_keyring_that_keeps_nothing_is_none(
    vault: Keyvault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", Ring(priority=0))  # type: ignore[arg-type]

    vault.set_secret("a", "filed")

    assert b"filed" in files(tmp_path)[0].read_bytes()


def test_a_script_has_the_secrets_of_its_workspace(
    vault: Keyvault, script: Callable[..., Path]
) -> None:
    vault.set_secret("db-password", "s3cret")
    script(
        "train.py",
        """
        from homerun import Run
        print(len(Run.get_context().get_secret("db-password")))
        """,
    )

    run = Experiment(vault.workspace, "e").submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    printed = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert printed == "6\n"


def test_an_offline_run_has_variables_only(
    vault: Keyvault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.set_secret("a-b", "kept")
    run = Run.get_context()

    with pytest.raises(UserError, match="set the environment variable A_B"):
        run.get_secret("a-b")
    monkeypatch.setenv("A_B", "set")
    assert run.get_secret("a-b") == "set"


def test_a_file_that_others_may_read_is_refused(vault: Keyvault, tmp_path: Path) -> None:
    vault.set_secret("a", "s")
    (path,) = files(tmp_path)
    path.chmod(0o644)

    with pytest.raises(UserError, match="can be read by others: `chmod go="):
        vault.get_secret("a")


def test_a_link_in_the_place_of_the_file_or_its_folder_is_refused(
    vault: Keyvault, tmp_path: Path
) -> None:
    vault.set_secret("a", "s")
    (path,) = files(tmp_path)
    for one in (path, path.parent):
        os.rename(one, f"{one}-moved")
        os.symlink(f"{one}-moved", one)
        with pytest.raises(UserError, match="is a link or another user's"):
            vault.get_secret("a")
        os.unlink(one)
        os.rename(f"{one}-moved", one)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "é", "a\0", "x" * 128, None], ids=ascii)
def test_a_name_that_no_secret_has_is_refused(vault: Keyvault, name: Any) -> None:
    with pytest.raises(UserError, match="is not a valid name for a secret"):
        vault.set_secret(name, "s")
    with pytest.raises(UserError, match="a secret is text"):
        vault.set_secret("a", 5)  # type: ignore[arg-type]
