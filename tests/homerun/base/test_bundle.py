"""The code of modules in one file: it is used as long as it is that of their sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import homerun
import runstore
from helpers.wait import wait_until

PROGRAM = """
import sys
from homerun.base import bundle
bundle.load_from("tried")
exec(sys.argv[1])
from homerun.base import sizes
print(type(sizes.__loader__).__name__, sizes.__file__, getattr(sizes, "CHANGED", None))
assert sizes.shown(2048) == "2.0 KiB"
bundle.keep_code()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of both packages, with no bytecode."""
    for package in (homerun, runstore):
        folder = Path(str(package.__file__)).parent
        target = tmp_path / "source" / folder.name
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns("web", "__pycache__"))
    return tmp_path / "source"


def run(source: Path, *options: str, first: str = "", **variables: str) -> list[str]:
    """Run the program with the packages of a folder: what it says of the module.

    Args:
        first: code that it runs before it loads the module.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, *options, "-c", PROGRAM, first]
    done = subprocess.run(
        command,
        env={**env, "PYTHONPATH": str(source), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    loader, *others = done.stdout.split()
    return ["bundle" if loader == "_Loader" else "source", *others]


def bundles(source: Path) -> list[Path]:
    return sorted((source / "homerun/__pycache__").glob("*.bundle*"))


def module(source: Path) -> Path:
    return source / "homerun/base/sizes.py"


def test_the_second_start_loads_from_the_bundle_of_the_first(source: Path) -> None:
    path = str(module(source))

    assert run(source) == ["source", path, "None"]
    assert run(source) == ["bundle", path, "None"]
    assert len(bundles(source)) == 1


def test_what_is_loaded_after_the_code_was_dropped_comes_from_its_source(source: Path) -> None:
    run(source)

    assert run(source, first="bundle.drop_code()") == ["source", str(module(source)), "None"]
    assert run(source) == ["bundle", str(module(source)), "None"]


def test_what_is_new_after_the_code_was_dropped_is_added_to_the_bundle(source: Path) -> None:
    run(source)
    before = bundles(source)[0].stat().st_size

    run(source, first="bundle.drop_code(); import homerun.base.times")

    assert bundles(source)[0].stat().st_size > before
    assert run(source) == ["bundle", str(module(source)), "None"]


def test_a_changed_source_is_loaded_and_stands_in_the_bundle_from_then_on(source: Path) -> None:
    run(source)
    with module(source).open("a") as file:
        file.write("\nCHANGED = True\n")

    assert run(source)[::2] == ["source", "True"]
    assert run(source)[::2] == ["bundle", "True"]


def test_a_source_that_is_gone_is_not_loaded_from_the_bundle(source: Path) -> None:
    run(source)
    module(source).unlink()

    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(source)
    assert "cannot import name 'sizes'" in failed.value.stderr


def test_a_copy_of_the_packages_loads_its_own_code(source: Path, tmp_path: Path) -> None:
    run(source)
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    with module(source).open("a") as file:
        file.write("\nCHANGED = True\n")

    assert run(copy) == ["bundle", str(module(copy)), "None"]


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"cut", b"turned"])
def test_a_damaged_bundle_is_left_aside(source: Path, damage: bytes) -> None:
    run(source)
    (path,) = bundles(source)
    whole = path.read_bytes()
    if damage == b"cut":
        damage = whole[:-100]
    elif damage == b"turned":
        damage = whole[:-2000] + b"\0" * 2000
    path.write_bytes(damage)

    assert run(source)[2] == "None"


def test_another_python_does_not_use_it(source: Path) -> None:
    run(source)
    run(source, "-O")

    assert [path.name.split(".")[2] for path in bundles(source)] == ["opt-0", "opt-1"]


@pytest.mark.parametrize(
    ("options", "variables"),
    [(["-B"], {}), ([], {"PYTHONDONTWRITEBYTECODE": "1"}), ([], {"PYTHONPYCACHEPREFIX": "away"})],
)
def test_where_python_is_to_leave_no_bytecode_there_is_no_bundle(
    source: Path, tmp_path: Path, options: list[str], variables: dict[str, str]
) -> None:
    (source / "homerun/__pycache__").mkdir()
    away = {name: str(tmp_path / value) for name, value in variables.items()}

    assert run(source, *options, **away)[0] == "source"
    assert bundles(source) == []


def test_a_folder_in_which_nothing_can_be_written_is_left_as_it_is(source: Path) -> None:
    run(source)
    (path,) = bundles(source)
    path.unlink()
    path.mkdir()  # root may write everywhere, but not over a folder

    assert run(source)[0] == "source"
    assert bundles(source) == [path]


def test_what_a_supervisor_and_a_command_load_is_in_bundles_afterwards(
    source: Path, tmp_path: Path
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env |= {"PYTHONPATH": str(source), "HOME": str(tmp_path)}
    script = tmp_path / "here" / "quick.py"
    script.parent.mkdir()
    script.write_text("print('hello')\n")
    command = [sys.executable, "-m", "homerun", "run", "-e", "tried", "quick.py"]

    def listed() -> list[str]:
        return [path.name.split(".cpython")[0] for path in bundles(source)]

    subprocess.run(command, cwd=script.parent, env=env, check=True, capture_output=True)

    wait_until(lambda: listed() == ["command", "supervisor.main"], "both have been written")
