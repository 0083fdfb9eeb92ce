"""Environments that are made: once, whole or not at all, and each run with its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import children, process, wheels
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import (
    CondaDependencies,
    Environment,
    Experiment,
    Run,
    ScriptRunConfig,
    SubmitError,
    Workspace,
)
from homerun.environments import build_lock, builder, recipe, resolve
from homerun.system import caches
from runstore import layout, status
from runstore.run import attempts

SHOW = "import tiny, sys; print(tiny.VERSION, sys.prefix)"

FAKE_CONDA = """#!/bin/sh
echo "$@" >> {log}
{before}
mkdir -p "$5/bin"
ln -s {python} "$5/bin/python"
"""


@pytest.fixture
def tiny(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Environment]:
    """Make an environment with a version of the package `tiny`; a cache of its own, no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = workspace_dir / "wheels"
    for version in ("1.0", "2.0"):
        wheels.make(folder, "tiny", version, "def main():\n    print('tool', VERSION)\n")

    def make(version: str, *more: str) -> Environment:
        made = Environment("tiny")
        lines = [f"tiny=={version}", "azureml-defaults", *more]
        made.python.conda_dependencies = CondaDependencies.create(pip_packages=lines)
        made.python.conda_dependencies.set_pip_option(f"--find-links {folder}")
        return made

    return make


@pytest.fixture
def conda(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a conda on PATH that makes an environment in a moment, and writes down how it was
    called; `before` is what it does first.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    log = workspace_dir / "conda.log"

    def make(before: str = "") -> Path:
        tool = workspace_dir / "bin" / "conda"
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(FAKE_CONDA.format(log=log, before=before, python=sys.executable))
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
        return log

    return make


def of_conda(*lines: str) -> Environment:
    made = Environment("by conda")
    made.python.conda_dependencies = CondaDependencies.create(conda_packages=lines)
    return made


def by_name(environment: Environment) -> tuple[str | None, CondaDependencies]:
    """As a recipe is asked for."""
    return environment.name, environment.python.conda_dependencies


def submit(environment: Environment, **fields: object) -> Run:
    given = {"script": "train.py", **fields}
    config = ScriptRunConfig("source", environment=environment, **given)  # type: ignore[arg-type]
    return Experiment(Workspace.from_config(), "environments").submit(config)


def output(run: Run) -> str:
    return b"".join(run.stream()).decode()


def made() -> list[str]:
    """What lies in the cache, without the locks."""
    try:
        return sorted(name for name in os.listdir(recipe.home()) if not name.endswith(".lock"))
    except FileNotFoundError:
        return []


def test_two_versions_of_a_package_run_at_the_same_time_each_with_its_own(
    tiny: Callable[..., Environment],
    script: Callable[..., Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    script("train.py", SHOW)

    runs = [submit(tiny("1.0")), submit(tiny("2.0")), submit(tiny("2.0"), script=None,
        command=["tiny-tool"])]  # fmt: skip
    for run in runs:
        run.wait_for_completion()

    last = [output(run).splitlines()[-1] for run in runs]
    assert [line.split()[0] for line in last] == ["1.0", "2.0", "tool"]
    assert len(made()) == 4  # two links, and where they lead
    told = capfd.readouterr().err
    assert "azureml-defaults: not installed, homerun stands in for the SDK" in told
    assert "building the environment 'tiny'" in output(runs[0])
    asked = runs[0]._record.run["environment"]
    assert (asked["name"], asked["packages"][-1]) == ("tiny", "tiny==1.0")
    again = submit(tiny("1.0"))
    again.wait_for_completion()
    assert output(again) == last[0] + "\n"
    wait_until(again.get_interpreter, "the packages of a run are on record")
    assert "tiny==1.0" in (again.get_interpreter() or {})["packages"]
    assert recipe.about(f"{recipe.home()}/{asked['key']}")["packages"].count("tiny==1.0") == 1


def test_a_package_that_is_not_there_fails_the_run_with_the_resolvers_words(
    tiny: Callable[..., Environment], script: Callable[..., Path]
) -> None:
    script("train.py", "open('ran', 'w')")

    run = submit(tiny("3.0"))
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == status.FAILED
    assert run.describe()["outcome"]["cause"] == status.ENVIRONMENT
    message = run.get_details()["error"]["error"]["message"]
    assert message.startswith("its environment could not be built: ERROR: Could not find")
    assert "user_logs/environment_log.txt" in run.get_file_names()
    assert not os.path.exists(f"{run.directory}/work/source/ran")
    assert made() == []


def test_twenty_runs_that_ask_for_a_new_environment_at_once_have_it_built_once(
    conda: Callable[..., Path], script: Callable[..., Path]
) -> None:
    script("train.py", "import os; print(os.environ['VIRTUAL_ENV'])")
    log = conda()

    runs = [submit(of_conda("cudatoolkit=11")) for _ in range(20)]
    for run in runs:
        run.wait_for_completion()

    assert len(log.read_text().splitlines()) == 1
    homes = {output(run).splitlines()[-1] for run in runs}
    assert homes == {f"{recipe.home()}/{runs[0]._record.run['environment']['key']}"}


def test_runs_of_a_queue_hold_one_environment_each_and_no_more(
    conda: Callable[..., Path], script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = "os.readlink(f'/proc/{os.getppid()}/fd/{fd}')"
    script("train.py", f"""
        import os
        fds = os.listdir(f'/proc/{{os.getppid()}}/fd')
        print(sum({held}.endswith('in-use.lock') for fd in fds))
    """)  # fmt: skip
    conda()
    monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", "1")

    runs = [submit(of_conda("cudatoolkit=11")) for _ in range(4)]
    for run in runs:
        run.wait_for_completion()

    assert [output(run).splitlines()[-1] for run in runs] == ["1"] * 4


def test_conda_is_called_with_a_file_of_all_packages(
    conda: Callable[..., Path], script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("train.py", "")
    log = conda(f'cp "$7" {workspace_dir}/given.yml')
    environment = of_conda("python=3.9", "cudatoolkit=11")
    environment.python.conda_dependencies.add_channel("conda-forge")
    environment.python.conda_dependencies.add_pip_package("azureml-core")
    environment.python.conda_dependencies.add_pip_package("rich")

    submit(environment).wait_for_completion()

    words = log.read_text().split()
    assert words[:4] == ["env", "create", "--yes", "--prefix"]
    assert words[5] == "--file"
    given = CondaDependencies(workspace_dir / "given.yml")
    assert given.conda_packages == ["python=3.9", "cudatoolkit=11"]
    assert given.pip_packages == ["rich"]
    assert given.conda_channels == ["conda-forge"]


def test_secrets_in_what_the_installer_says_stay_out_of_the_store(
    conda: Callable[..., Path], script: Callable[..., Path], tmp_path: Path
) -> None:
    script("train.py", "")
    conda(f'cp "$7" {tmp_path}/given; cat "$7"; echo "fatal: X9canary9 is wrong" >&2; exit 3')
    environment = of_conda("numpy")
    packages = environment.python.conda_dependencies
    packages.set_pip_option("--extra-index-url https://ann:X9canary9@example.org/simple")
    packages.add_pip_package("tiny @ git+https://Y9canary9@example.org/tiny")

    run = submit(environment)
    run.wait_for_completion(raise_on_error=False)

    assert (tmp_path / "given").read_text().count("canary") == 2
    assert (
        "https://*****@example.org/simple"
        in Path(run.directory, layout.ENVIRONMENT_LOG).read_text()
    )
    found = subprocess.run(["grep", "-rls", "canary", run.directory], capture_output=True)
    assert found.stdout == b""  # what is tidied away meanwhile is none


def test_a_process_that_an_installer_leaves_behind_keeps_no_build_from_its_end(
    conda: Callable[..., Path], script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", "")
    conda(f"(exec 9> {ready.path}; sleep 1000) &")

    run = submit(of_conda("cudatoolkit=11"))
    run.wait_for_completion()

    ready.eof()
    assert run.get_status() == status.COMPLETED


def test_a_run_whose_environment_is_built_is_preparing_and_can_be_canceled(
    conda: Callable[..., Path], script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", "open('ran', 'w')")
    conda(f"exec 9> {ready.path}; echo building >&9; sleep 1000")

    run = submit(of_conda("cudatoolkit=11"))
    ready.line()
    seen = run.get_status()
    run.cancel()

    ready.eof()
    assert (seen, run.get_status()) == (status.PREPARING, status.CANCELED)
    assert not os.path.exists(f"{run.directory}/work/source/ran")


def test_a_builder_that_is_killed_fails_its_run_and_the_next_one_builds(
    conda: Callable[..., Path], script: Callable[..., Path], ready: Fifo, gate: Callable[..., Gate]
) -> None:
    script("train.py", "print('ran')")
    door = gate("door")
    conda(f"mkdir -p $5/bin; echo $PPID > {ready.path}; read x < {door.path}; rmdir $5/bin $5")
    run = submit(of_conda("cudatoolkit=11"))
    waiting = submit(of_conda("cudatoolkit=11"))

    first = int(ready.line())
    found = process.look(first)
    assert found is not None
    process.kill([found])
    door.open(2)
    ready.line()
    run.wait_for_completion(raise_on_error=False)
    waiting.wait_for_completion(raise_on_error=False)

    ended = sorted([run.get_status(), waiting.get_status()])
    assert ended == [status.COMPLETED, status.FAILED]
    failed = next(one for one in (run, waiting) if one.get_status() == status.FAILED)
    assert failed.describe()["outcome"]["cause"] == status.ENVIRONMENT
    (link,) = (name for name in made() if os.path.islink(f"{recipe.home()}/{name}"))
    assert recipe.is_ready(f"{recipe.home()}/{link}")


HOLD = """
import os, sys
from homerun.environments import build_lock
held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
build_lock.wait(held, print)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("limit", "is_stopped", "why"),
    [
        ("LONGEST_STOPPED_S", True, "which builds this environment, is stopped: it is built here"),
        ("LONGEST_S", False, "has built this environment for too long: it is built here"),
    ],
    ids=["stopped", "going on for an hour"],
)
def test_a_builder_that_holds_the_lock_for_too_long_is_named_and_keeps_no_other_from_building(
    limit: str,
    is_stopped: bool,
    why: str,
    conda: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    conda()
    monkeypatch.setattr(build_lock, limit, 0.0)
    wanted, _ = resolve.recipe(*by_name(of_conda("cudatoolkit=11")), None, False)
    assert wanted is not None
    caches.make_cache(recipe.home())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, f"{wanted.folder}.lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            if is_stopped:
                holder.send_signal(signal.SIGSTOP)
                os.waitpid(holder.pid, os.WUNTRACED)

            builder.make(wanted)
        finally:
            holder.send_signal(signal.SIGCONT)
            holder.communicate(b"")

    told = capsys.readouterr().err
    assert f"waiting for process {holder.pid}, which builds this environment\n" in told
    assert f"process {holder.pid}" in told
    assert why in told
    assert recipe.is_ready(wanted.folder)


def test_of_two_builders_the_first_that_is_done_counts(conda: Callable[..., Path]) -> None:
    conda()
    wanted, _ = resolve.recipe(*by_name(of_conda("cudatoolkit=11")), None, False)
    assert wanted is not None
    builder.make(wanted)
    first = os.readlink(wanted.folder)
    builder._build(wanted, f"{wanted.folder}-second")

    builder._publish(wanted.folder, f"{wanted.folder}-second")

    assert os.readlink(wanted.folder) == first
    assert made() == [os.path.basename(wanted.folder), first]


def test_an_environment_that_a_run_uses_is_not_taken_for_unfinished(
    conda: Callable[..., Path],
) -> None:
    conda()
    wanted, _ = resolve.recipe(*by_name(of_conda("cudatoolkit=11")), None, False)
    assert wanted is not None
    builder.make(wanted)
    held = recipe.use(wanted.folder)
    os.unlink(wanted.folder)
    assert held is not None

    builder.remove_unfinished(wanted.folder)
    during = made()
    os.close(held)
    builder.remove_unfinished(wanted.folder)

    assert (len(during), made()) == (1, [])


def test_killed_at_any_call_a_builder_leaves_nothing_or_all_of_it(
    conda: Callable[..., Path],
) -> None:
    conda()
    wanted, _ = resolve.recipe(*by_name(of_conda("cudatoolkit=11")), None, False)
    assert wanted is not None
    count = 1

    while children.dies_at(count, lambda: builder.make(wanted)):
        if os.path.lexists(wanted.folder):
            assert recipe.is_ready(wanted.folder)
            assert os.access(wanted.python, os.X_OK)
            shutil.rmtree(os.path.realpath(wanted.folder))
            os.unlink(wanted.folder)
        count += 1

    assert count > 5
    assert len(made()) == 2
    held = recipe.use(wanted.folder)
    assert held is not None
    os.close(held)


def test_without_packages_the_submitting_interpreter_is_used(
    workspace_dir: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    script("train.py", "")
    only_ours = CondaDependencies.create(pip_packages=["azureml-defaults", "AzureML_core==1.1"])
    managed = CondaDependencies.create(pip_packages=["numpy==0.0.1"])

    for dependencies, is_managed in ((only_ours, False), (managed, True)):
        environment = Environment("plain")
        environment.python.conda_dependencies = dependencies
        environment.python.user_managed_dependencies = is_managed
        run = submit(environment)
        run.wait_for_completion()
        assert run._record.run["command"][0] == sys.executable
    assert made() == []


def test_packages_of_conda_become_those_of_pip_where_the_name_is_the_same(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workspace_dir))
    wanted = of_conda("numpy=1.20", "conda-forge::scipy==1.7.1", "pandas>=1,<2", "pip=20",
        "tqdm", "joblib=1.0.1=py38_0", "pyyaml 6.0")  # fmt: skip

    found, told = resolve.recipe(*by_name(wanted), None, False)

    assert found is not None
    assert (found.lines, told) == (
        ["numpy==1.20.*", "scipy==1.7.1", "pandas>=1,<2", "tqdm", "joblib==1.0.1", "pyyaml==6.0"],
        [],
    )


def test_packages_of_conda_that_pip_has_not_need_leave_to_go_on(
    workspace_dir: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workspace_dir))
    script("train.py", "")

    with pytest.raises(SubmitError, match=r"cudatoolkit=11, nccl; .*ignore_conda_packages=True"):
        submit(of_conda("numpy", "cudatoolkit=11", "nccl"))
    found, told = resolve.recipe(*by_name(of_conda("numpy", "nccl")), None, True)

    assert found is not None
    assert (found.lines, told) == (["numpy"], ["left out, there is no conda here: nccl"])


def test_a_python_that_is_not_here_is_said(workspace_dir: Path) -> None:
    own = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    for pin in ("3.8.13", "2.7", "3.99"):
        wanted = CondaDependencies.create(pip_packages=["numpy"], python_version=pin)
        for lines in (wanted, CondaDependencies.create(python_version=pin)):
            environment = Environment("pinned")
            environment.python.conda_dependencies = lines
            _, told = resolve.recipe(*by_name(environment), None, False)
            assert told == [f"python={pin} is asked for; the script runs with {own}"]


def test_a_python_that_is_here_makes_the_environment(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minor = "3.10" if sys.version_info[:2] != (3, 10) else "3.11"
    other = workspace_dir / f"python{minor}"
    shutil.copy(os.path.realpath(sys.executable), other)
    monkeypatch.setenv("PATH", str(workspace_dir))
    environment = Environment("pinned")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["numpy"], python_version=f"{minor}.2"
    )

    found, told = resolve.recipe(*by_name(environment), None, False)

    assert found is not None
    assert (found.interpreter, told) == (str(other), [])


def test_another_content_of_a_wheel_is_another_environment(workspace_dir: Path) -> None:
    wheel = wheels.make(workspace_dir, "tiny", "1.0")
    before = recipe.Recipe("one", sys.executable, [str(wheel)])

    wheels.make(workspace_dir, "tiny", "1.0", "# more\n")

    assert recipe.Recipe("two", sys.executable, [str(wheel)]).key != before.key
    assert recipe.Recipe("one", "/bin/sh", ["numpy"]).key != (
        recipe.Recipe("one", sys.executable, ["numpy"]).key
    )


def test_a_script_that_is_retried_finds_its_environment_again(
    conda: Callable[..., Path], script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        "import os; print(os.environ['VIRTUAL_ENV'])\n"
        "os._exit('HOMERUN_ATTEMPT' not in os.environ)\n",
    )
    log = conda()

    run = submit(of_conda("nccl"), max_retries=1)
    run.wait_for_completion()

    folder = f"{recipe.home()}/{run._record.run['environment']['key']}"
    assert Path(run.directory, attempts.std_log(2)).read_text() == f"{folder}\n"
    assert len(log.read_text().splitlines()) == 1


def test_a_run_is_submitted_again_in_its_environment_or_not_at_all(
    conda: Callable[..., Path], workspace_dir: Path
) -> None:
    (workspace_dir / "source").mkdir()
    conda()
    run = submit(of_conda("nccl"), script=None, command="echo $VIRTUAL_ENV; command -v python")
    run.wait_for_completion()
    again = run.resubmit()  # type: ignore[attr-defined]
    again.wait_for_completion()

    folder = f"{recipe.home()}/{run._record.run['environment']['key']}"
    assert output(run).splitlines()[1:] == [folder, f"{folder}/bin/python"]
    assert output(again).splitlines() == [folder, f"{folder}/bin/python"]
    os.unlink(folder)
    with pytest.raises(SubmitError, match="is not there any more: submit it again"):
        run.resubmit()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "left"), [("ext4", []), ("nfs4", ["key-new"])])
def test_where_hosts_share_a_folder_what_another_may_be_building_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, left: list[str]
) -> None:
    monkeypatch.setattr("runstore.fs.mounts.kind", lambda _: kind)
    (tmp_path / "key.lock").touch()
    for name in ("key-new", "key-old"):
        (tmp_path / name).mkdir()
    now = (tmp_path / "key.lock").stat().st_mtime
    then = now - build_lock.LONGEST_S - 60
    os.utime(tmp_path / "key-old", (then, then))

    builder.remove_unfinished(f"{tmp_path}/key")

    assert [path.name for path in tmp_path.glob("key-*")] == left


@pytest.mark.parametrize(("kind", "lies_in"), [("ext4", "store"), ("nfs4", "home")])
def test_for_other_hosts_environments_lie_where_they_see_them(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch, kind: str, lies_in: str
) -> None:
    monkeypatch.setattr("runstore.fs.mounts.kind", lambda _: kind)
    root = f"{workspace_dir}/.runs"

    found = recipe.shared_home(root)

    assert found == (recipe.home() if lies_in == "home" else recipe.home_within(root))
    assert found.startswith(root) == (lies_in == "store")
