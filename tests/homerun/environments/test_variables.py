"""The variables of a script: its run's, its submitter's, and nothing that leads back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from homerun.environments import variables

OURS = "/cache/homerun/path/1"


@pytest.fixture(autouse=True)
def _clean(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONUNBUFFERED", "OLDPWD", "PWD", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def source(workspace_dir: Path) -> Path:
    """A project whose copy lies in `copy`: all of it but `only/`, and a link to its environment."""
    for folder in ("source", "copy"):
        (workspace_dir / folder / "lib").mkdir(parents=True)
    (workspace_dir / "source/only").mkdir()
    (workspace_dir / "source/.venv/bin").mkdir(parents=True)
    (workspace_dir / "copy/.venv").symlink_to(workspace_dir / "source/.venv")
    return workspace_dir / "source"


def of_script(source: Path | str = "/source", **extra: str) -> dict[str, str]:
    copy = variables.Copy(str(source), "/s/e/run-1/work", os.path.abspath("copy"))
    return variables.of_script("/s", "run-1", "0f" * 16, "/s/e/run-1", OURS, copy, extra)


def test_a_script_gets_its_run_and_its_store() -> None:
    env = of_script()

    ours = {name: value for name, value in env.items() if name.startswith("HOMERUN_")}
    assert ours == {
        "HOMERUN_STORE": "/s",
        "HOMERUN_RUN_ID": "run-1",
        "HOMERUN_RUN_UUID": "0f" * 16,
        "HOMERUN_RUN_FOLDER": "/s/e/run-1",
        "HOMERUN_SOURCE_DIRECTORY": "/source",
        "HOMERUN_WORK_DIRECTORY": "/s/e/run-1/work",
    }


def test_a_script_gets_the_submitters_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA", "/data")

    assert of_script()["DATA"] == "/data"
    assert of_script(DATA="/other")["DATA"] == "/other"


@pytest.mark.parametrize(
    "name", ["HOMERUN_RUN_ID", "HOMERUN_RUN_UUID", "HOMERUN_RUN_FOLDER", "HOMERUN_STORE"]
)
def test_neither_the_submitter_nor_a_variable_can_change_which_run_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    expected = of_script()[name]
    monkeypatch.setenv(name, "outer")

    assert of_script(**{name: "given"})[name] == expected


def test_a_supervisors_mark_never_reaches_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMERUN_SUPERVISES", "outer")

    assert "HOMERUN_SUPERVISES" not in of_script()
    assert "HOMERUN_SUPERVISES" not in of_script(HOMERUN_SUPERVISES="given")


@pytest.mark.parametrize(
    ("inherited", "expected"), [(None, "homerun"), ("1", "homerun"), ("0", "0"), ("", "")]
)
def test_output_goes_by_lines_unless_the_submitter_wants_a_buffer(
    monkeypatch: pytest.MonkeyPatch, inherited: str | None, expected: str
) -> None:
    if inherited is not None:
        monkeypatch.setenv("PYTHONUNBUFFERED", inherited)

    assert of_script()["PYTHONUNBUFFERED"] == expected
    assert of_script(PYTHONUNBUFFERED="1")["PYTHONUNBUFFERED"] == "1"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", OURS),
        ("/a:/b", f"{OURS}:/a:/b"),
        (":/a:", f"{OURS}::/a:"),  # an empty part is the current folder, by hand too
    ],
)
def test_our_folder_comes_before_the_users_own_path(
    monkeypatch: pytest.MonkeyPatch, own: str, expected: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", own)

    assert of_script()["PYTHONPATH"] == expected
    assert of_script(PYTHONPATH="/given")["PYTHONPATH"] == f"{OURS}:/given"


def test_a_script_finds_its_id_under_the_originals_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_RUN_ID", "the-parent")

    assert of_script()["AZUREML_RUN_ID"] == "run-1"
    assert "AZUREML_RUN_ID" not in of_script(HOMERUN_AZUREML="real")


def test_what_lies_in_the_source_is_named_in_the_copy(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PWD", str(source))
    monkeypatch.setenv("OLDPWD", f"{source}/lib")
    monkeypatch.setenv("PYTHONPATH", f"{source}:{source}/lib:{source}2:lib")

    env = of_script(source, PATH=f"{source}/lib:/usr/bin")

    assert env["PWD"] == "/s/e/run-1/work"
    assert env["OLDPWD"] == "/s/e/run-1/work/lib"
    assert env["PATH"] == "/s/e/run-1/work/lib:/usr/bin"
    assert env["PYTHONPATH"] == (f"{OURS}:/s/e/run-1/work:/s/e/run-1/work/lib:{source}2:lib")


def test_a_source_that_the_shell_names_through_a_link_is_known(
    source: Path, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace_dir / "link").symlink_to(source)
    monkeypatch.setenv("PWD", f"{workspace_dir}/link")
    monkeypatch.setenv("PYTHONPATH", f"{workspace_dir}/link/lib")

    assert of_script(source)["PYTHONPATH"] == f"{OURS}:/s/e/run-1/work/lib"


def test_what_the_copy_does_not_hold_itself_stays_where_it_is(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{source}/only:{source}/.venv/bin"
    monkeypatch.setenv("PATH", path)

    assert of_script(source)["PATH"] == path


def test_a_child_gets_no_place_of_its_parents_copy(
    source: Path, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_RUN_FOLDER", str(workspace_dir))
    monkeypatch.setenv(
        "PYTHONPATH", f"/cache/homerun/path/0:{workspace_dir}/copy:{source}/lib:/data"
    )

    assert of_script(source)["PYTHONPATH"] == f"{OURS}:/s/e/run-1/work/lib:/data"


KERNELS = {
    "CLICOLOR": "1",
    "FORCE_COLOR": "1",
    "GIT_PAGER": "cat",
    "JPY_SESSION_NAME": "a.ipynb",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PAGER": "cat",
    "PYDEVD_USE_FRAME_EVAL": "NO",
    "TERM": "xterm-color",
}


@pytest.mark.parametrize("way", ["a kernel", "a command in a cell"])
def test_a_notebooks_own_variables_do_not_reach_a_script(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for name, value in KERNELS.items():
        monkeypatch.setenv(name, value)
    if way == "a kernel":
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    else:
        monkeypatch.setenv("JPY_PARENT_PID", "1")

    env = of_script(PAGER="cat")

    assert env.keys() & {*KERNELS, "JPY_PARENT_PID"} == {"PAGER"}


def test_what_a_person_sets_at_a_prompt_reaches_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # another test may have used it
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    for name, value in {**KERNELS, "MPLBACKEND": "agg"}.items():
        monkeypatch.setenv(name, value)

    env = of_script()

    assert env.keys() & {*KERNELS} == {*KERNELS}
