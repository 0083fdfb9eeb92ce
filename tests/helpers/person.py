"""Other accounts of this machine, and what they do with homerun. Needs root, else it is skipped."""

from __future__ import annotations

import hashlib
import os
import shutil
import site
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.wait import wait_until
from runstore import layout

_ROOT = Path(__file__).parents[2]
_FOLDERS = (_ROOT / "runner", _ROOT / "store", *map(Path, site.getsitepackages()))
PACKAGES = os.pathsep.join(map(str, _FOLDERS))
"""The PYTHONPATH of a person: the packages under test, and what they need."""

_INTERPRETERS = "/usr/bin:/usr/local/bin"  # one below root's home is closed to others


class Person:
    """An account by its number, with a home of its own.

    Args:
        user: the number; 0 is root.
        home: a folder that belongs to it.

    Attributes:
        groups: the numbers of the groups that it is in besides its own.
    """

    def __init__(self, user: int, home: Path) -> None:
        self.user = user
        self.home = home
        self.groups: list[int] = []

    def homerun(
        self, *words: str, at: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line of homerun in a folder, as this person."""
        return self.python("-m", "homerun", *words, at=at, env=env)

    def python(
        self, *words: str, at: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the system's Python, with the packages under test, as this person."""
        with self.start(*words, at=at, env=env) as started:
            try:
                output, errors = started.communicate(timeout=60)
            except BaseException:
                started.kill()
                raise
        return subprocess.CompletedProcess(started.args, started.returncode, output, errors)

    def start(
        self,
        *words: str,
        at: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """The same, without waiting for its end."""
        return subprocess.Popen(
            [_interpreter(), *words],
            cwd=at or self.home,
            env={
                "HOME": str(self.home),
                "XDG_STATE_HOME": f"{self.home}/state",
                "XDG_CACHE_HOME": f"{self.home}/cache",
                "PYTHONPATH": PACKAGES,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PATH": os.defpath,
                **(env or {}),
            },
            user=self.user,
            group=self.user,
            extra_groups=self.groups,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def people(*users: int) -> Iterator[list[Person]]:
    """Persons with homes that all of them can reach; what they left running is ended.

    A user number that the system has no account for is as good as any.
    """
    if os.getuid() != 0:
        pytest.skip("only root can work as another user")
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        found = []
        for user in users:
            home = Path(above, str(user))
            home.mkdir()
            os.chown(home, user, user)
            found.append(Person(user, home))
        if any(one.python("-c", "import homerun, click").returncode for one in found):
            pytest.skip("other users cannot read the packages under test")
        try:
            yield found
        finally:
            for one in found:
                if one.user:
                    end_all_of(one.user)


_SAMPLED = {layout.SAMPLER, layout.SYSTEM}


def digest(folder: Path) -> str:
    """A digest of all below a folder: names, kinds, owners, permissions, contents.

    Without what the sampler of its owner writes while a run goes on.
    """
    lines = []
    owner = folder.lstat().st_uid
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        if found.st_uid == owner and _SAMPLED & {*path.relative_to(folder).parts}:
            continue
        held = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        row = (path, oct(found.st_mode), found.st_uid, found.st_gid, hashlib.sha256(held))
        lines.append(" ".join(map(str, row[:4])) + row[4].hexdigest())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _interpreter() -> str:
    found = shutil.which("python3", path=_INTERPRETERS)
    if found is None:
        pytest.skip("there is no Python that other users can run")
    return found


def end_all_of(user: int) -> None:
    """Kill all processes of a user at once, so that none forks meanwhile; wait for their end."""
    kill = "import os; os.kill(-1, 9)"
    subprocess.run([_interpreter(), "-c", kill], user=user, group=user, check=False)
    wait_until(lambda: not _lives_any_of(user), "no process of the user is left")


def _lives_any_of(user: int) -> bool:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and entry.stat().st_uid == user:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False
