"""What holds in a folder without a word on the command line, in which order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from homerun.base.errors import UserError
from homerun.project import defaults, file
from homerun.project.file import ProjectFile


def environment(folder: Path) -> Path:
    """A folder that looks like an environment of Python."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def experiment_here() -> tuple[str, str]:
    found = defaults.current_experiment(".", file.nearest("."))
    return str(found.value), found.source


def python_here() -> str | None:
    found = defaults.python(str(Path.cwd()), file.nearest("."))
    return None if found is None else str(found.value)


def test_the_variable_comes_before_the_file_and_the_file_before_the_folder(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert experiment_here() == ("workspace", f"the name of {workspace_dir}")

    Path("homerun.toml").write_text('experiment = "said"\n')
    assert experiment_here() == ("said", f"{workspace_dir}/homerun.toml")

    monkeypatch.setenv("HOMERUN_EXPERIMENT", "set")
    assert experiment_here() == ("set", "HOMERUN_EXPERIMENT")


def test_the_folder_that_counts_is_the_top_of_its_repository(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = workspace_dir / "my project (2)"
    (top / ".git").mkdir(parents=True)
    (top / "src").mkdir()
    monkeypatch.chdir(top / "src")

    assert experiment_here()[0] == "my-project--2"


def test_an_experiment_that_no_run_can_have_is_refused_with_its_place(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_EXPERIMENT", "a b")

    with pytest.raises(UserError, match="HOMERUN_EXPERIMENT: 'a b' is not a valid experiment"):
        experiment_here()


def test_python_is_the_files_then_the_activated_one_then_that_of_the_source(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert python_here() is None
    environment(workspace_dir / ".venv")
    assert python_here() == f"{workspace_dir}/.venv/bin/python"

    activated = environment(workspace_dir / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(activated))
    assert python_here() == f"{activated}/bin/python"

    named = environment(workspace_dir / "named")
    Path("homerun.toml").write_text('python = "named/bin/python"\n')
    assert python_here() == f"{named}/bin/python"


def test_the_base_environment_of_conda_comes_after_that_of_the_source(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = environment(workspace_dir / "conda")
    monkeypatch.setenv("CONDA_PREFIX", str(base))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "base")
    assert python_here() == f"{base}/bin/python"

    environment(workspace_dir / ".venv")
    assert python_here() == f"{workspace_dir}/.venv/bin/python"

    monkeypatch.setenv("CONDA_DEFAULT_ENV", "training")
    assert python_here() == f"{base}/bin/python"


def test_an_environment_that_another_user_put_beside_the_source_is_passed_by(
    workspace_dir: Path,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    environment(workspace_dir / ".venv")
    os.lchown(workspace_dir / ".venv" / "bin" / "python", 12345, 12345)

    assert python_here() is None


def test_an_environment_that_is_gone_is_passed_by(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(workspace_dir / "gone"))

    assert python_here() is None


def test_where_it_is_homeruns_own_nothing_is_chosen(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)

    assert python_here() is None


def test_a_program_of_the_file_that_is_not_there_is_an_error(workspace_dir: Path) -> None:
    said = ProjectFile(f"{workspace_dir}/homerun.toml", {"python": ".venv/bin/python"})

    with pytest.raises(UserError, match=r"there is no program .*/\.venv/bin/python; correct"):
        defaults.python(str(workspace_dir), said)
