"""What a Python of a run begins with: whole lines, a path as by hand, and nothing of the source."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import venv
from pathlib import Path

import pytest

from helpers.probes import Interpreter
from helpers.sources import START_UP, product, strings
from homerun.base import environ
from homerun.metrics.usage import stacks

NAMES = {environ.SOURCE_DIRECTORY, environ.WORK_DIRECTORY, environ.UNBUFFERED, environ.BY_LINES}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The copy of a source folder: both hold a package and `src/`."""
    for top in ("source", "work"):
        write(tmp_path / top / "package/__init__.py", f"WHERE = {top!r}")
        write(tmp_path / top / "src/inner.py", f"WHERE = {top!r}")
    return tmp_path / "work"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def in_a_run(work: Path, *path: str, **more: str) -> dict[str, str]:
    return {
        environ.WORK_DIRECTORY: str(work),
        environ.SOURCE_DIRECTORY: str(work.parent / "source"),
        environ.UNBUFFERED: environ.BY_LINES,
        "PYTHONPATH": os.pathsep.join([str(START_UP), *path]),
        **more,
    }


def says(python: str, code: str, env: dict[str, str], *options: str) -> str:
    done = subprocess.run(
        [python, *options, "-c", code], env=env, capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).rstrip("\n")


def writes(python: str, code: str, env: dict[str, str], *options: str) -> list[bytes]:
    """What a program writes to its output and its errors, write by write."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        subprocess.run([python, *options, "-c", code], env=env, stdout=theirs, stderr=theirs)
        theirs.close()
        return list(iter(lambda: ours.recv(1 << 20), b""))


def test_the_start_spells_the_variables_as_environ_does() -> None:
    (start,) = (module for module in product() if module.name == "sitecustomize")

    spelled = {
        ast.literal_eval(call.args[0])
        for call in ast.walk(start.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "os.environ.get"
    }
    assert spelled == NAMES - {environ.BY_LINES}
    assert environ.BY_LINES in {text for text, _ in strings(start)}


def test_a_printed_line_is_one_write(work: Path, interpreter: Interpreter) -> None:
    code = "print('a', 1, 'b'); print('x' * 50000); print('two\\nlines', 2); print(end='last')"

    found = writes(interpreter.path, code, in_a_run(work))

    assert found == [b"a 1 b\n", b"x" * 50000 + b"\n", b"two\n", b"lines 2\n", b"last"]


def test_a_line_of_an_error_is_one_write(work: Path, interpreter: Interpreter) -> None:
    code = "import sys; print('a', 1, file=sys.stderr); sys.exit('bye')"

    assert writes(interpreter.path, code, in_a_run(work)) == [b"a 1\n", b"bye\n"]


def test_output_has_the_types_of_output_by_hand(work: Path, interpreter: Interpreter) -> None:
    code = (
        "import sys\n"
        "for s in (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__):\n"
        "    print(s.name, type(s.buffer), s.mode, s.encoding, s.errors, s.newlines, s.fileno())"
    )

    by_hand = says(interpreter.path, code, {})

    assert says(interpreter.path, code, in_a_run(work)) == by_hand


@pytest.mark.parametrize(
    ("options", "more"),
    [(["-u"], {}), (["-W", "error", "-Bu"], {}), ([], {"PYTHONUNBUFFERED": "1"})],
)
def test_a_script_that_wants_no_buffer_has_none(
    work: Path, interpreter: Interpreter, options: list[str], more: dict[str, str]
) -> None:
    if options and interpreter.version < (3, 10):
        pytest.skip("an older Python does not tell its options")

    found = writes(
        interpreter.path, "print(end='a'); print(end='b')", in_a_run(work, **more), *options
    )

    assert found == [b"a", b"b"]


def test_a_stream_is_pickled_by_its_name(work: Path, interpreter: Interpreter) -> None:
    code = (
        "import copy, pickle, sys\n"
        "for stream in (sys.stdout, sys.stderr): assert copy.deepcopy([stream])[0] is stream\n"
        "former, sys.stdout = sys.stdout, sys.stderr\n"
        "assert pickle.loads(pickle.dumps(former)) is former is sys.__stdout__\n"
        "print('ok', file=former)"
    )

    assert says(interpreter.path, code, in_a_run(work)) == "ok"


def test_an_option_of_the_program_is_none_of_python(work: Path, interpreter: Interpreter) -> None:
    write(work / "train.py", "print(end='a'); print(end='b')")
    env = in_a_run(work, str(work))

    by_name = writes(interpreter.path, "-u", env, "-m", "train", "-u")
    by_path = writes(interpreter.path, "-u", env, str(work / "train.py"), "-u")

    assert by_name == by_path == [b"ab"]


def test_a_script_that_wants_pythons_own_buffer_has_it(
    work: Path, interpreter: Interpreter
) -> None:
    env = in_a_run(work, PYTHONUNBUFFERED="")

    assert writes(interpreter.path, "print('a'); print('b')", env) == [b"a\nb\n"]


def test_a_python_without_output_starts(work: Path, interpreter: Interpreter) -> None:
    code = 'exec "$0" -c "import os; os.mkdir(\'$1\')" >&- 2>&-'
    made = work / "made"

    subprocess.run(["/bin/sh", "-c", code, interpreter.path, made], env=in_a_run(work), check=True)

    assert made.is_dir()


def test_the_start_loads_no_module_but_the_one_for_stacks(
    work: Path, interpreter: Interpreter
) -> None:
    code = "import sys; print(*sorted(sys.modules))"

    by_hand = set(says(interpreter.path, code, {}).split())

    assert set(says(interpreter.path, code, in_a_run(work)).split()) - by_hand == {"faulthandler"}


def test_the_copy_stands_at_the_end_of_the_path(work: Path, interpreter: Interpreter) -> None:
    code = "import sys; print(sys.path)"

    by_hand = ast.literal_eval(says(interpreter.path, code, {}))
    found = ast.literal_eval(says(interpreter.path, code, in_a_run(work)))

    assert found == [by_hand[0], str(START_UP), *by_hand[1:], str(work), f"{work}/src"]


def test_outside_of_a_run_nothing_is_done(work: Path, interpreter: Interpreter) -> None:
    env = {"PYTHONPATH": str(START_UP), "PYTHONUNBUFFERED": environ.BY_LINES}

    path = says(interpreter.path, "import sys; print(sys.path[-1])", env)

    assert path != f"{work}/src"
    assert writes(interpreter.path, "print(end='a'); print(end='b')", env) == [b"a", b"b"]


def test_the_users_own_sitecustomize_is_loaded_in_its_place(
    work: Path, tmp_path: Path, interpreter: Interpreter
) -> None:
    write(tmp_path / "own/sitecustomize.py", "import sys; sys.mine = __name__, __file__")
    code = "import sys, sitecustomize as s; print(sys.mine == (s.__name__, s.__file__), s.__file__)"

    found = says(interpreter.path, code, in_a_run(work, str(tmp_path / "own")))

    assert found == f"True {tmp_path}/own/sitecustomize.py"


def test_a_sitecustomize_of_the_copy_is_no_business_of_a_start(
    work: Path, interpreter: Interpreter
) -> None:
    write(work / "src/sitecustomize.py", "raise SystemExit('taken')")
    write(work / "sitecustomize.py", "raise SystemExit('taken')")

    assert says(interpreter.path, "print('ok')", in_a_run(work)) == "ok"


def test_a_script_can_have_a_module_of_that_name(work: Path, interpreter: Interpreter) -> None:
    write(work / "tools/sitecustomize.py", "WHERE = 'beside the script'")
    write(work / "tools/train.py", "import sitecustomize; print(sitecustomize.WHERE)")

    done = subprocess.run(
        [interpreter.path, work / "tools/train.py"], env=in_a_run(work), capture_output=True
    )

    assert (done.stdout, done.stderr) == (b"beside the script\n", b"")


def test_an_error_in_the_users_own_sitecustomize_is_said_as_by_hand(
    work: Path, tmp_path: Path, interpreter: Interpreter
) -> None:
    own = tmp_path / "own"
    write(own / "sitecustomize.py", "1 / 0")

    by_hand = says(interpreter.path, "print('ok')", {"PYTHONPATH": str(own)})

    assert "ZeroDivisionError" in by_hand
    assert says(interpreter.path, "print('ok')", in_a_run(work, str(own))) == by_hand


def test_a_module_of_the_copy_stands_before_none_of_the_library(
    work: Path, interpreter: Interpreter
) -> None:
    for name in ("stat", "logging", "io", "encodings"):
        write(work / f"src/{name}.py", "raise SystemExit('taken')")
    code = "import stat, logging, io; from src import inner; print(inner.WHERE, 'ok')"

    assert says(interpreter.path, code, in_a_run(work)) == "work ok"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment; its folder of packages."""
    venv.create(tmp_path / "venv", with_pip=False)
    (packages,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    return packages


SETUPTOOLS = """
import sys
from importlib.util import spec_from_file_location
MAPPING = {mapping!r}
class _EditableFinder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            return spec_from_file_location(name, MAPPING[name] + "/__init__.py")
def install():
    sys.meta_path.append(_EditableFinder)
"""

EDITABLES = """
import sys
from importlib.util import spec_from_file_location
class RedirectingFinder:
    _redirections = {{}}
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls._redirections:
            return spec_from_file_location(name, cls._redirections[name])
def install():
    RedirectingFinder._redirections["package"] = {mapping[package]!r} + "/__init__.py"
    sys.meta_path.append(RedirectingFinder)
"""

SCIKIT_BUILD = """
import sys
from importlib.util import spec_from_file_location
class ScikitBuildRedirectingFinder:
    def __init__(self, files, folders):
        self.known_source_files, self.submodule_search_locations = files, folders
    def find_spec(self, name, path=None, target=None):
        if name in self.known_source_files:
            places = list(self.submodule_search_locations[name])
            file = self.known_source_files[name]
            return spec_from_file_location(name, file, submodule_search_locations=places)
def install():
    place = {mapping[package]!r}
    files, folders = {{"package": place + "/__init__.py"}}, {{"package": {{place}}}}
    sys.meta_path.insert(0, ScikitBuildRedirectingFinder(files, folders))
"""


@pytest.mark.parametrize("template", [SETUPTOOLS, EDITABLES, SCIKIT_BUILD])
def test_the_finder_of_an_editable_install_leads_into_the_copy(
    work: Path, environment: Path, template: str
) -> None:
    mapping = {"package": f"{work.parent}/source/package"}
    write(environment / "_finder.py", template.format(mapping=mapping))
    write(environment / "_package.pth", "import _finder; _finder.install()")
    python = f"{work.parent}/venv/bin/python"
    code = "import package; print(package.WHERE, *package.__path__)"

    assert says(python, code, {}) == f"source {work.parent}/source/package"
    assert says(python, code, in_a_run(work)) == f"work {work}/package"


def test_the_path_of_an_editable_install_leads_into_the_copy(
    work: Path, environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(work.parent / "source")
    write(environment / "_package.pth", f"{tmp_path}/link/src\n{work.parent}/source/gone\n{work}2")
    python = f"{tmp_path}/venv/bin/python"

    assert says(python, "import inner; print(inner.WHERE)", {}) == "source"
    assert says(python, "import inner; print(inner.WHERE)", in_a_run(work)) == "work"


def test_an_environment_in_the_source_is_used_where_it_is(work: Path) -> None:
    source = work.parent / "source"
    venv.create(source / "env", with_pip=False)
    write(source / "env/pyvenv.cfg", (source / "env/pyvenv.cfg").read_text())
    write(work / "env/lib/python", "a copy, which homerun does not make")
    code = "import sys; print([p for p in sys.path if 'site-packages' in p])"
    python = f"{source}/env/bin/python"

    assert says(python, code, in_a_run(work)) == says(python, code, {})


def test_a_place_on_pythonpath_that_the_variable_cannot_lead_is_led(
    work: Path, interpreter: Interpreter
) -> None:
    inner = str(work.parent / "source/src")
    code = "import inner; print(inner.WHERE)"

    assert says(interpreter.path, code, in_a_run(work, inner)) == "work"


STACKS = """
import os, signal
def asks():
    os.kill(os.getpid(), {number})
handler = signal.getsignal({number})
folder = "/proc/self/fd"
files = [n for n in os.listdir(folder) if os.path.lexists(f"{{folder}}/{{n}}")]
named = [n for n in files if {file!r} in os.readlink(f"/proc/self/fd/{{n}}")]
if named:
    asks()
    print("in asks" in os.pread(int(named[0]), 4096, 0).decode(), end=" ")
print(len(named), *[int(n) > 100 for n in named])
"""


def test_a_python_of_a_run_tells_its_stacks_by_a_signal_and_goes_on(
    work: Path, interpreter: Interpreter
) -> None:
    code = STACKS.format(number=stacks.SIGNAL, file=stacks.FILE)

    assert says(interpreter.path, code, in_a_run(work)) == "True 1 True"
    assert says(interpreter.path, code, {"PYTHONPATH": str(START_UP)}) == "0"


def test_a_signal_that_is_ignored_stays_so(work: Path, interpreter: Interpreter) -> None:
    code = STACKS.format(number=stacks.SIGNAL, file=stacks.FILE)
    ignoring = (
        "import os, signal, sys; signal.signal({0}, signal.SIG_IGN); "
        "os.execv(sys.executable, [sys.executable, '-c', {1!r}])"
    )

    env = in_a_run(work)
    assert says(interpreter.path, ignoring.format(stacks.SIGNAL, code), env) == "0"


def test_a_program_that_is_started_has_none_of_it(work: Path, interpreter: Interpreter) -> None:
    listing = "ls -l /proc/self/fd"
    code = f"import subprocess; print(subprocess.getoutput({listing!r}).count({stacks.FILE!r}))"

    assert says(interpreter.path, code, in_a_run(work)) == "0"
