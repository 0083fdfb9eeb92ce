"""What becomes of the links in a source folder, and which parts of it are left out.

A link that leads outside becomes one to the final original; one that leads to a part of the
source that is taken stays inside, as a relative link; what leads nowhere stays if it is relative
and inside. Links to stores, keys and credentials, sockets, pipes and devices are left out.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISREG

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Entry = tuple[str, str, int, int, int, int, bool, str]

FILE = "file"
"""A copied file."""
FOLDER = "folder"
"""A real folder."""
LINK = "link"
"""A link that stays inside; its target is relative."""
LINKED = "linked"
"""An original file that is in no snapshot, of which size and time are kept: a run gets a copy of it
or, where that takes too much room, a link to it (`originals`)."""
LINKED_FOLDER = "linked folder"
"""A link to an original folder, of which nothing more is known."""

CREDENTIALS = frozenset(
    (
        *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".password-store"),
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"),
        *(".netrc", "_netrc", ".pypirc", ".git-credentials", ".pgpass", ".s3cfg", ".boto"),
    )
)
"""Names of folders and files that hold keys and passwords, wherever they lie."""

_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
"""What a virtual environment of venv, or one of conda, has in its folder."""

KEY_ENDS = (".pem", ".key")
"""The last four characters of what may be a private key."""
_KEY = b"PRIVATE KEY-----"
_HEAD = 4096


def is_private_key(name: str, descriptor: int) -> bool:
    """Whether a file of an open folder is a private key by its first lines."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    except OSError:
        return False
    try:
        return _KEY in os.read(file, _HEAD)
    except OSError:
        return False
    finally:
        os.close(file)


def is_environment(path: str, inside: int | None = None) -> bool:
    """Whether a folder is a virtual environment, of venv or of conda.

    Args:
        inside: an open folder that the path is relative to.
    """
    return any(os.access(os.path.join(path, name), os.F_OK, dir_fd=inside) for name in _ENVIRONMENT)


def join(folder: str, name: str) -> str:
    """A path of a source folder; "" is the source folder itself."""
    return f"{folder}/{name}" if folder else name


class Links:
    """The links of one source folder, gathered first and settled when everything is known."""

    def __init__(self, source: str, store: str | None) -> None:
        self.source = source
        self.real_store = os.path.realpath(store) if store else None
        self.store = self._inside(self.real_store) if self.real_store else None
        """The store's path in the source; None where it lies elsewhere."""
        self._left_out: set[str] = set()
        self._folders: dict[str, list[str]] = {}
        self._real: dict[str, str] = {}

    def leave_out(self, path: str) -> None:
        """Note a part of the source that is not taken: links into it lead to the original."""
        self._left_out.add(path)

    def is_store(self, path: str, name: str) -> bool:
        """Whether a folder of the source is a store."""
        return path == self.store or (
            name == layout.STORE_FOLDER and os.path.exists(f"{self.source}/{path}/{layout.STORE}")
        )

    def holds_store(self, folder: str) -> bool:
        """Whether the store lies somewhere in this folder of the source."""
        return self.store is not None and self.store.startswith(folder + "/")

    def add(self, folder: str, name: str, descriptor: int, entries: dict[str, Entry]) -> None:
        """Keep a link as it stands, to be settled later."""
        try:
            target = os.readlink(name, dir_fd=descriptor)
        except OSError:
            return
        entries[name] = (name, LINK, 0, 0, 0, 0, False, target)
        self._folders.setdefault(folder, []).append(name)

    def settle(self, found: dict[str, dict[str, Entry]], notices: list[str]) -> None:
        """Decide on every link in `found`."""
        for folder, names in self._folders.items():
            entries = found.get(folder, {})
            for name in names:
                entry = entries.pop(name, None)
                settled = entry and self._settled(folder, name, entry[7], notices)
                if settled:
                    entries[name] = settled

    def _settled(self, folder: str, name: str, target: str, notices: list[str]) -> Entry | None:
        here = join(self.source, folder) if folder else self.source
        final = self._final(os.path.join(here, target))
        try:
            seen = os.stat(final)
        except OSError:
            if _stays(folder, target):
                return (name, LINK, 0, 0, 0, 0, False, target)
            notices.append(f"the link {join(folder, name)} leads nowhere: it is left out")
            return None
        inside = self._inside(final)
        if inside is not None and self._is_taken(inside):
            kept = target if self._is_plain(folder, here, target) else os.path.relpath(final, here)
            return (name, LINK, 0, 0, 0, 0, False, kept)
        if leads_to_credentials(final):
            notices.append(f"the link {join(folder, name)} leads to credentials: it is left out")
            return None
        if S_ISREG(seen.st_mode):
            return (name, LINKED, seen.st_size, seen.st_mtime_ns, 0, 0, False, final)
        if S_ISDIR(seen.st_mode) and not self._is_never(final):
            return (name, LINKED_FOLDER, 0, 0, 0, 0, False, final)
        return None

    def _final(self, path: str) -> str:
        """`realpath` that looks at each folder once, for a thousand links into one data set."""
        head, tail = os.path.split(path)
        if tail in ("", ".", ".."):
            return os.path.realpath(path)
        real = os.path.join(self._real_folder(head), tail)
        return os.path.realpath(real) if os.path.islink(real) else real

    def _real_folder(self, path: str) -> str:
        real = self._real.get(path)
        if real is None:
            real = self._real[path] = os.path.realpath(path)
        return real

    def _inside(self, final: str) -> str | None:
        """The path in the source of a real path; None where it lies outside."""
        if final == self.source:
            return ""
        top = self.source.rstrip("/") + "/"
        return final[len(top) :] if final.startswith(top) else None

    def _is_taken(self, path: str) -> bool:
        while path and self._left_out:
            if path in self._left_out:
                return False
            path = path.rpartition("/")[0]
        return True

    def _is_plain(self, folder: str, here: str, target: str) -> bool:
        """Whether the target can stay as it is: it passes through no link and stays inside."""
        head = os.path.join(here, os.path.dirname(target))
        return _stays(folder, target) and self._real_folder(head) == os.path.normpath(head)

    def _is_never(self, final: str) -> bool:
        """Whether a folder outside is one that is never taken."""
        return final == self.real_store or (
            os.path.basename(final) == layout.STORE_FOLDER
            and os.path.exists(f"{final}/{layout.STORE}")
        )


def _stays(folder: str, target: str) -> bool:
    """Whether a target, read from this folder of the source, never leaves the source."""
    if target.startswith("/"):
        return False
    depth = folder.count("/") + 1 if folder else 0
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return False
    return True


def is_entry(item: Mapping[str, object]) -> bool:
    """Whether what a manifest says is an entry that a scan can have made: its path lies in the
    snapshot, and a link stays in it.
    """
    path, kind, target = item.get("path"), item.get("kind"), item.get("target", "")
    if not isinstance(path, str) or not isinstance(target, str) or "\0" in path + target:
        return False
    if any(part in ("", ".", "..") for part in path.split("/")):
        return False
    if kind == LINK:
        leads_to = os.path.normpath(os.path.join(os.path.dirname(path), target))
        return leads_to[:1] != "/" and leads_to.split("/")[0] != ".."
    if kind in (LINKED, LINKED_FOLDER):
        return target.startswith("/")
    return kind in (FILE, FOLDER)


def leads_to_credentials(path: str) -> bool:
    """Whether keys or passwords lie at a path, by its names."""
    return not CREDENTIALS.isdisjoint(path.split("/"))
