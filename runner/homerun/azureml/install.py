"""Installing into the environment of the running Python: one `.pth` file, and nothing else.

Its line puts the folder of our `azureml` in front of the module path, which costs a start nothing
that can be measured; homerun is loaded by the first import of azureml.
"""

from __future__ import annotations

import os
import subprocess
import sys
from sysconfig import get_path

from homerun.base import environ
from homerun.base.errors import UserError

_FILE = "homerun-azureml.pth"
_MARK = "# made by `python -m homerun.azureml --install`"
_RATHER = "use a virtual environment, or `python -m homerun.azureml FILE`"


def install() -> str:
    """Let every `import azureml` of this environment be ours; what was done, in a sentence.

    Raises:
        UserError: the environment cannot be written, or does not find homerun itself.
    """
    path = _path()
    wanted = f"{_MARK}; `--uninstall` removes it\n{_line()}\n".encode()
    before = _read(path)
    if before == wanted:
        return f"azureml is homerun's in this environment already ({path})"
    _check_ours(path, before)
    _write(path, wanted)
    try:
        _try_out()
    except BaseException:
        if before is None:
            os.unlink(path)
        else:  # an installation from elsewhere, which may work
            _write(path, before)
        raise
    return f"azureml is now homerun's in this environment ({path})"


def uninstall() -> str:
    """Remove what `install` put there; what was done, in a sentence.

    Raises:
        UserError: the file is not ours, or cannot be removed.
    """
    path = _path()
    before = _read(path)
    if before is None:
        return f"azureml is not homerun's in this environment; there was nothing to remove ({path})"
    _check_ours(path, before)
    try:
        os.unlink(path)
    except OSError as error:
        raise UserError(f"{path} cannot be removed: {error.strerror}") from error
    return f"azureml is no longer homerun's in this environment ({path} is removed)"


def _path() -> str:
    return f"{get_path('purelib')}/{_FILE}"


def _line() -> str:
    """Run by each start of Python. Other such files may have made an empty `azureml` before."""
    folder = os.path.realpath(environ.drop_in())
    return (
        f"import os, sys; os.environ.get({environ.AZUREML!r}) == {environ.REAL!r} or "
        f"(sys.modules.pop('azureml', None), sys.path.insert(0, {folder!a}))"
    )


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _check_ours(path: str, content: bytes | None) -> None:
    if content is not None and not content.startswith(_MARK.encode()):
        raise UserError(f"{path} was not made by homerun: look at it, and remove it by hand")


def _write(path: str, content: bytes) -> None:
    """Whole or not at all: a start of Python may read it at any time."""
    new = f"{path}.{os.urandom(4).hex()}"  # no name that Python would read
    try:
        with open(new, "xb") as f:
            f.write(content)
        os.replace(new, path)
    except OSError as error:
        if os.path.exists(new):
            os.unlink(new)
        told = f"{os.path.dirname(path)} cannot be written ({error.strerror}): {_RATHER}"
        raise UserError(told) from error


def _try_out() -> None:
    """Ask a Python that is started in any folder, as others will be."""
    changing = ("PYTHONPATH", environ.AZUREML)
    env = {name: value for name, value in os.environ.items() if name not in changing}
    code = "import azureml.core; print(azureml.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd="/", env=env, capture_output=True, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise UserError(
            f"a new {sys.executable} cannot import azureml ({reason}), so nothing was installed: "
            "install homerun there first"
        )
    found = os.path.realpath(done.stdout.strip())
    if not found.startswith(os.path.realpath(environ.drop_in()) + os.sep):
        raise UserError(f"a new {sys.executable} finds azureml in {found}; nothing was installed")
