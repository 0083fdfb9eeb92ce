"""The ways in which `import azureml` becomes ours, also where the retired package is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.sources import DROP_IN, ROOT, SOURCE_ROOTS
from homerun import Experiment, Run, ScriptRunConfig, Workspace

ASK = "import azureml.core; print(azureml.core.Run)"
OURS = "<class 'homerun.sdk.run.Run'>\n"
RETIRED = "the retired one\n"


class Environment:
    """A virtual environment that has homerun, and no pip."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        self.executable = str(folder / "bin/python")
        (self.packages,) = folder.glob("lib/python*/site-packages")
        roots = [str(root) for root in SOURCE_ROOTS if root != DROP_IN]
        (self.packages / "roots.pth").write_text("\n".join(roots))

    def add_retired(self) -> None:
        """Install something in the place of azureml-core."""
        core = self.packages / "azureml/core"
        core.mkdir(parents=True)
        (self.packages / "azureml/__init__.py").write_text("")
        (core / "__init__.py").write_text("Run = 'the retired one'\n")

    def forget_homerun(self) -> str:
        """Take homerun out of it; the path by which it can still be found."""
        roots = self.packages / "roots.pth"
        path = os.pathsep.join(roots.read_text().splitlines())
        roots.unlink()
        return path

    def python(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run its Python in a folder where nothing of ours is."""
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return subprocess.run(
            [self.executable, *words],
            cwd="/",
            env={**kept, **env},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def own(self, *words: str, **env: str) -> tuple[int, str]:
        """Run `python -m homerun.azureml`; exit code, and all that was said."""
        done = self.python("-m", "homerun.azureml", *words, **env)
        return done.returncode, done.stdout + done.stderr

    def finds(self, *, above: str = "", **env: str) -> str:
        """What `azureml.core.Run` is there."""
        done = self.python("-c", f"{above}\n{ASK}", **env)
        return done.stdout or done.stderr.splitlines()[-1]

    def files(self) -> set[str]:
        """What lies in its site-packages."""
        return {path.name for path in self.packages.iterdir()}


@pytest.fixture
def environment(workspace_dir: Path, tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


# import homerun.azureml


def test_an_import_of_homerun_azureml_makes_it_ours(environment: Environment) -> None:
    above = "import homerun.azureml"

    assert "No module named 'azureml'" in environment.finds()
    assert environment.finds(above=above) == OURS
    environment.add_retired()
    assert environment.finds() == RETIRED
    assert environment.finds(above=above) == OURS
    assert environment.finds(above=f"import azureml\n{above}\nimport azureml") == OURS


def test_it_is_refused_when_parts_of_the_retired_package_are_loaded(
    environment: Environment,
) -> None:
    environment.add_retired()

    said = environment.finds(above="import azureml.core\nimport homerun.azureml")

    assert said.startswith("homerun.base.errors.UserError: azureml.core is loaded already, from ")
    assert str(environment.packages) in said
    assert "write `import homerun.azureml` above the first import of azureml" in said


def test_the_package_is_never_loaded_under_two_names(environment: Environment) -> None:
    done = environment.python(
        "-c",
        "import homerun.azureml, azureml.core.run, azureml.exceptions, sys\n"
        "files = [getattr(m, '__file__', None) for m in sys.modules.values()]\n"
        "found = [f for f in files if f and 'drop-in' in f]\n"
        "print(len(found), len(found) - len(set(found)))",
    )

    assert done.stdout == "4 0\n"


# python -m homerun.azureml FILE

LOOK = """
import os, sys
import azureml.core
print(sys.argv, sys.path[0], __name__, azureml.core.Run)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "beside.py").write_text("")
    (folder / "look.py").write_text(LOOK)
    return folder / "look.py"


def test_a_file_runs_as_under_python_itself_and_azureml_is_ours(
    environment: Environment, file: Path
) -> None:
    environment.add_retired()

    code, said = environment.own(str(file), "--install", "a b")

    assert code == 0
    assert said == f"{[str(file), '--install', 'a b']} {file.parent} __main__ {OURS}"


def test_a_module_runs_as_under_python_itself(environment: Environment, file: Path) -> None:
    code, said = environment.own("-m", "look", "-m", PYTHONPATH=str(file.parent))

    assert code == 0
    assert said == f"{[str(file), '-m']} / __main__ {OURS}"


@pytest.mark.parametrize(
    "options", [["-um", "homerun.azureml"], ["-W", "error", "-u", "-mhomerun.azureml"]]
)
def test_options_of_python_stay(environment: Environment, file: Path, options: list[str]) -> None:
    file.write_text("import sys; print(sys.stdout.write_through, sys.warnoptions, sys.orig_argv)")

    done = environment.python(*options, str(file), "-x")

    kept = {"-um": ["-u"], "-W": ["-W", "error", "-u"]}[options[0]]
    given = [environment.executable, *kept, str(file), "-x"]
    assert done.stdout == f"True {kept[1:2]} {given}\n", done.stderr


def test_a_traceback_and_an_exit_code_are_the_scripts_own(
    environment: Environment, file: Path
) -> None:
    file.write_text("import azureml.core\n1 / 0\n")
    code, said = environment.own(str(file))
    assert code == 1
    assert said.splitlines()[:2] == [
        *("Traceback (most recent call last):", f'  File "{file}", line 2, in <module>')
    ]

    file.write_text("raise SystemExit(7)")
    assert environment.own(str(file)) == (7, "")


def test_processes_that_the_script_starts_find_azureml_too(
    environment: Environment, file: Path
) -> None:
    file.write_text(
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {ASK!r}], check=True)\n"
    )
    environment.add_retired()

    assert environment.own(str(file)) == (0, OURS)


def test_wrong_usage_is_said_with_exit_code_2(environment: Environment) -> None:
    for words in ([], ["-m"], ["--instal"], ["--install", "more"], ["-c", "pass"]):
        code, said = environment.own(*words)
        assert code == 2
        assert said.startswith("usage: python -m homerun.azureml FILE")
    assert environment.own("--help")[0] == 0


def test_a_python_that_ignores_its_environment_is_refused(
    environment: Environment, file: Path
) -> None:
    done = environment.python("-E", "-m", "homerun.azureml", str(file))

    assert done.returncode == 1
    assert done.stderr == "homerun: Python ignores PYTHONPATH under -E and -I; leave that out\n"


# python -m homerun.azureml --install


def test_an_environment_is_made_ours_and_given_back(environment: Environment) -> None:
    environment.add_retired()
    before = environment.files()

    code, said = environment.own("--install")

    pth = environment.packages / "homerun-azureml.pth"
    assert (code, said) == (0, f"homerun: azureml is now homerun's in this environment ({pth})\n")
    assert environment.finds() == OURS
    assert environment.files() - before == {pth.name}

    code, said = environment.own("--install")
    assert (code, said.count("\n")) == (0, 1)
    assert "already" in said

    code, said = environment.own("--uninstall")
    assert (code, said.count("\n")) == (0, 1)
    assert environment.finds() == RETIRED
    assert environment.files() == before

    code, said = environment.own("--uninstall")
    assert (code, said.count("\n")) == (0, 1)
    assert "nothing to remove" in said


def test_a_start_loads_nothing_of_ours_until_azureml_is_imported(
    environment: Environment,
) -> None:
    environment.own("--install")

    done = environment.python(
        "-c", "import sys; print([m for m in sys.modules if m.startswith(('homer', 'runs', 'az'))])"
    )

    assert done.stdout == "[]\n"


def test_a_retired_package_of_the_older_kind_does_not_come_back(environment: Environment) -> None:
    environment.add_retired()
    path = str(environment.packages / "azureml")
    (environment.packages / "azureml_core-nspkg.pth").write_text(
        "import sys, types; m = sys.modules.setdefault('azureml', types.ModuleType('azureml')); "
        f"m.__path__ = [{path!r}]\n"
    )
    assert environment.finds() == RETIRED

    environment.own("--install")

    assert environment.finds() == OURS
    assert environment.finds(HOMERUN_AZUREML="real") == RETIRED


def test_an_environment_that_cannot_be_written_is_refused_in_a_line(
    environment: Environment, needs_user_mount: None
) -> None:
    packages = environment.packages
    mounts = f"mount --bind {packages} {packages} && mount -o remount,bind,ro {packages}"
    before = environment.files()

    done = subprocess.run(
        [
            *("unshare", "-rm", "sh", "-c"),
            f"{mounts} && {environment.executable} -m homerun.azureml --install",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"homerun: {packages} cannot be written (Read-only file system): use a virtual "
        "environment, or `python -m homerun.azureml FILE`\n"
    )
    assert environment.files() == before


def test_an_environment_without_homerun_is_refused_and_left_as_it_was(
    environment: Environment,
) -> None:
    path = environment.forget_homerun()
    before = environment.files()

    code, said = environment.own("--install", PYTHONPATH=path)

    assert (code, said.count("\n")) == (1, 1)
    assert "No module named 'homerun'" in said
    assert "install homerun there first" in said
    assert environment.files() == before


def test_an_earlier_installation_stays_where_a_new_one_does_not_work(
    environment: Environment,
) -> None:
    path = environment.forget_homerun()
    earlier = "# made by `python -m homerun.azureml --install`; an earlier one\n"
    pth = environment.packages / "homerun-azureml.pth"
    pth.write_text(earlier)

    code, _ = environment.own("--install", PYTHONPATH=path)

    assert code == 1
    assert pth.read_text() == earlier


def test_a_file_that_is_not_ours_is_left_alone(environment: Environment) -> None:
    pth = environment.packages / "homerun-azureml.pth"
    pth.write_text("# somebody else's\n")

    for word in ("--install", "--uninstall"):
        code, said = environment.own(word)
        assert (code, said.count("\n")) == (1, 1)
        assert "was not made by homerun" in said
    assert pth.read_text() == "# somebody else's\n"


# HOMERUN_AZUREML=real


def test_a_person_can_have_the_retired_package_everywhere(
    environment: Environment, file: Path
) -> None:
    environment.add_retired()
    environment.own("--install")
    real = {"HOMERUN_AZUREML": "real"}

    assert environment.finds(**real) == RETIRED
    assert environment.finds(above="import homerun.azureml", **real) == RETIRED
    assert environment.finds(PYTHONPATH=str(DROP_IN), **real) == RETIRED
    assert RETIRED in environment.own(str(file), **real)[1]


def test_where_there_is_no_retired_package_to_be_had_it_says_so(environment: Environment) -> None:
    said = environment.finds(PYTHONPATH=str(DROP_IN), HOMERUN_AZUREML="real")

    assert said == (
        "ModuleNotFoundError: HOMERUN_AZUREML=real asks for the retired package azureml-core, "
        "which is not installed here"
    )


# Submitted scripts


@pytest.fixture
def printed_by(environment: Environment, script: Callable[..., Path]) -> Callable[..., str]:
    """Submit a script to that environment's Python; what it printed."""

    def run(source: str, **fields: Any) -> str:
        script("train.py", source)
        config = ScriptRunConfig("source", "train.py", interpreter=environment.executable, **fields)
        submitted: Run = Experiment(Workspace.from_config(), "start").submit(config)
        submitted.wait_for_completion()
        return b"".join(submitted.stream()).decode()

    return run


def test_in_a_submitted_script_it_is_ours(
    environment: Environment, printed_by: Callable[..., str]
) -> None:
    environment.add_retired()

    assert printed_by(ASK) == OURS


def test_in_an_environment_with_a_homerun_of_its_own_both_packages_are_the_submitters(
    environment: Environment, printed_by: Callable[..., str]
) -> None:
    for package in ("runner/homerun", "store/runstore"):
        shutil.copytree(ROOT / package, environment.packages / os.path.basename(package))
    (environment.packages / "roots.pth").unlink()
    environment.own("--install")
    ask = "import azureml, homerun.azureml; print(azureml.__file__, homerun.__file__)"
    alone = environment.python("-c", ask).stdout
    assert alone.count(str(environment.packages)) == 2

    submitted = printed_by(f"{ask}; {ASK}")

    assert str(environment.packages) not in submitted
    assert submitted.endswith(OURS)


@pytest.mark.parametrize("given", ["to the submitter", "to the script"])
def test_a_submitted_script_can_have_the_retired_package(
    environment: Environment,
    printed_by: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    given: str,
) -> None:
    environment.add_retired()
    real = {"HOMERUN_AZUREML": "real"}
    if given == "to the submitter":
        monkeypatch.setenv("HOMERUN_AZUREML", "real")

    fields = {"environment_variables": real} if given == "to the script" else {}

    assert printed_by(f"import homerun; {ASK}", **fields) == RETIRED


def test_a_script_of_such_a_kind_within_a_script_that_is_not_finds_it_too(
    environment: Environment, printed_by: Callable[..., str]
) -> None:
    """The folder of the outer script's packages is still on its path."""
    environment.add_retired()

    printed = printed_by(
        f"""
        import os, subprocess, sys
        os.environ["HOMERUN_AZUREML"] = "real"
        subprocess.run([sys.executable, "-c", {ASK!r}], check=True)
        """
    )

    assert printed == RETIRED
