"""What an environment is made of, and where it lies when it is made.

In the user's cache folder, below `homerun/environments/`:

    <key>           a link to the folder that is whole; made last, by a rename
    <key>-<hex>/    that folder: a virtual environment, in the place where it was built
    <key>.lock      held by the process that builds it

For runs that are placed on other hosts, which may not share that folder, the same lies in the
store, in a folder for the place that the store has: `.environments/.made/<place>/`.

The key is that of the content and the interpreter. Scripts of a virtual environment hold its path,
so it is never moved; what no link leads to was never finished, and is not used.
"""

from __future__ import annotations

import os

from homerun.system import caches, sha256
from runstore import layout
from runstore.fs import json_write, mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OWN_PYTHON = "python"
"""The interpreter path that means no certain one."""


IN_USE = "homerun-in-use.lock"
"""Within the folder: shared by the runs that use it, so that no process removes it under them."""

ABOUT = "homerun-environment.json"
"""Within the folder: what it was made of, and what it holds."""


class Recipe:
    """An environment to be made.

    Attributes:
        folder: the link that leads to it once it is whole.
        name: the environment's name, for people.
        interpreter: the Python that it is made with.
        lines: a requirements file's lines.
        conda: the conda or mamba that makes it; "" where pip or uv does.
        specification: for conda: the environment file.
    """

    __slots__ = ("conda", "folder", "interpreter", "lines", "name", "specification")

    def __init__(
        self,
        name: str,
        interpreter: str,
        lines: list[str],
        conda: str = "",
        specification: str = "",
        folder: str = "",
    ) -> None:
        self.name = name
        self.interpreter = interpreter
        self.lines = lines
        self.conda = conda
        self.specification = specification
        self.folder = folder or f"{home()}/{self._key()}"

    @property
    def key(self) -> str:
        """The name of its folder."""
        return os.path.basename(self.folder)

    @property
    def python(self) -> str:
        """Its interpreter, once it is whole."""
        return f"{self.folder}/bin/python"

    def lie_in(self, folder: str) -> None:
        """Have it made in another folder of environments."""
        self.folder = f"{folder}/{self.key}"

    def enter(self, env: dict[str, str]) -> None:
        """Let a script's environment be within: its programs are found first."""
        env["PATH"] = f"{self.folder}/bin{os.pathsep}{env.get('PATH') or os.defpath}"
        env["VIRTUAL_ENV"] = self.folder

    def encode(self) -> str:
        """As text; the first two lines are the folder and the name."""
        name = " ".join(self.name.split())
        rest = [self.interpreter, self.lines, self.conda, self.specification]
        return f"{self.folder}\n{name}\n{json_write.dumps(rest)}"

    def _key(self) -> str:
        parts = [self.conda, self.specification, *(_with_stamp(line) for line in self.lines)]
        if not self.conda:
            parts.append(_with_stamp(os.path.realpath(self.interpreter)))
        text = "\0".join(parts).encode("utf-8", "surrogateescape")
        key: str = sha256.plain_sha256()(text).hexdigest()
        return key[:20]


def decode(text: str) -> Recipe:
    """The recipe that `Recipe.encode` made."""
    import json

    folder, name, rest = text.split("\n", 2)
    interpreter, lines, conda, specification = json.loads(rest)
    return Recipe(name, interpreter, lines, conda, specification, folder)


def home() -> str:
    """The folder of all environments."""
    return f"{caches.home()}/homerun/environments"


def home_within(root: str) -> str:
    """The folder of those that lie in a store; of a store that was moved it is another."""
    place = sha256.plain_sha256()(os.path.realpath(root).encode("utf-8", "surrogateescape"))
    return f"{root}/{layout.ENVIRONMENTS}/{layout.MADE}/{place.hexdigest()[:12]}"


def shared_home(root: str) -> str:
    """The folder of all environments for runs on hosts that share a store: that of the user, if
    hosts may share it too, or that in the store, unless other accounts may write there.
    """
    own, within = home(), home_within(root)
    return own if mounts.is_network(_existing(own)) or caches.flaw(within) else within


def _existing(path: str) -> str:
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def is_ready(folder: str) -> bool:
    """Whether an environment is whole."""
    return os.path.exists(f"{folder}/{ABOUT}")


def use(folder: str) -> int | None:
    """Hold an environment so that no process removes it, and note that it was used.

    Returns:
        The descriptor that holds it, as long as it is open; None: it is not there.
    """
    import fcntl

    path = f"{folder}/{IN_USE}"
    try:
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        if os.path.samestat(os.fstat(held), os.stat(path)):
            try:
                os.utime(path)
            except OSError:
                pass  # another user's, or read-only: it is not for us to remove
            return held
    except OSError:
        pass  # it was removed just then
    os.close(held)
    return None


def about(folder: str) -> dict[str, Any]:
    """What is on record of an environment; {}: nothing."""
    import json

    try:
        with open(f"{folder}/{ABOUT}", encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _with_stamp(line: str) -> str:
    """A line; of a file or a folder that it names also a stamp: another content is another."""
    if os.sep not in line:
        return line
    from homerun.environments import requirements

    return f"{line} {requirements.stamp(line)}".rstrip()
