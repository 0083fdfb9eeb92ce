"""What git knows of a source folder, read straight from its files.

No program is started, so it costs a submit well under a millisecond, and nothing that the
settings of a repository name can run. Every file is read with a limit, and is taken for absent if
it is no plain file. What only the git program can tell (is the tree dirty, and how) is left to
`git_diff`.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISREG

from homerun.base.secret_signs import without_tokens
from runstore import layout
from runstore.run import properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_RUNS_A_PROGRAM = "ext"

_MOST_CHARACTERS = 2000


URLS = ("azureml.git.repository_uri", "mlflow.source.git.repoURL")
BRANCHES = ("azureml.git.branch", "mlflow.source.git.branch")
COMMITS = ("azureml.git.commit", "mlflow.source.git.commit")
DIRTY = "azureml.git.dirty"

_MOST = 1 << 20
_MOST_PACKED = 64 << 20
_MOST_LINKS = 5
_HEADS = "refs/heads/"
_HEX = frozenset("0123456789abcdef")


class Code:
    """Where a folder's code comes from.

    `properties` are those of its run; `top` is the working tree and `commit` what it was checked
    out from, each "" where there is none.
    """

    __slots__ = ("commit", "common", "folder", "properties", "top")

    def __init__(self, top: str = "", folder: str = "", common: str = "") -> None:
        self.top = top
        self.folder = folder
        self.common = common
        self.commit = ""
        self.properties: dict[str, str] = {}


def look(folder: str) -> Code:
    """What git knows of a folder; nothing where it lies in no repository.

    The working copy of a run is in none: its code is that of the run, whatever the folder above
    the store is.
    """
    at = os.path.realpath(folder)
    while True:
        code = repository(at)
        if code is not None:
            return _described(code)
        above, name = os.path.split(at)
        if name == layout.WORK and os.path.exists(f"{above}/{layout.RUN}"):
            return _inherited(above)
        if above == at:
            return Code()
        at = above


def repository(top: str) -> Code | None:
    """The repository whose working tree this folder is, not yet looked into."""
    path = f"{top}/.git"
    try:
        found = os.stat(path)
        if S_ISREG(found.st_mode) and _is_trusted(found):
            # A submodule's, or that of another working tree of the same repository.
            line = read(path) or b""
            if not line.startswith(b"gitdir:"):
                return None
            path = os.path.join(top, os.fsdecode(line[7:].strip()))
            found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not S_ISDIR(found.st_mode) or not _is_trusted(found) or read(f"{path}/HEAD") is None:
        return None
    common = read(f"{path}/commondir")
    shared = path if common is None else os.path.join(path, os.fsdecode(common.strip()))
    return Code(top, path, shared)


def settings(path: str) -> Iterator[tuple[str, str]]:
    """The settings of one configuration file, each (`section.subsection.key`, value).

    What a file includes is not read.
    """
    section = ""
    text = (read(path) or b"").decode(errors="replace").replace("\\\n", "")
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section, line = _section(line)
        key, equals, value = line.partition("=")
        key = key.strip().lower()
        if section and key and key[0] not in "#;":
            yield f"{section}.{key}", _value(value) if equals else "true"


def read(path: str, most: int = _MOST) -> bytes | None:
    """A plain file's content; None where there is none, or one of more bytes than that."""
    try:
        # O_NONBLOCK: a pipe of that name would wait for a writer for ever.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(descriptor)
        if not S_ISREG(found.st_mode) or found.st_size > most:
            return None
        return os.read(descriptor, most)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_trusted(found: os.stat_result) -> bool:
    """Whether a repository is this user's own: git itself looks into no other either.

    Root, who works in containers on other people's folders, may look: reading runs nothing.
    """
    user = os.geteuid()
    return user == 0 or found.st_uid in (user, 0)


def _inherited(run_folder: str) -> Code:
    code = Code()
    kept = {*URLS, *BRANCHES, *COMMITS}
    run = layout.RUN
    from runstore.fs import facts

    found = properties.read(run_folder, facts.read(run_folder, run))
    code.properties = {key: value for key, value in found.items() if key in kept}
    return code


def _described(code: Code) -> Code:
    branch, code.commit = _head(code)
    wanted = ((URLS, _remote(code.common, branch)), (BRANCHES, branch), (COMMITS, code.commit))
    code.properties = {key: value for keys, value in wanted if value for key in keys}
    return code


def _head(code: Code) -> tuple[str, str]:
    """The branch (none where HEAD is detached) and the commit (none where it is the first)."""
    branch = ""
    content = read(f"{code.folder}/HEAD")
    for _ in range(_MOST_LINKS):
        text = (content or b"").decode(errors="replace").strip()
        if not text.startswith("ref:"):
            return branch, text if _is_commit(text) else ""
        ref = text[4:].strip()
        if not _is_ref(ref):
            return branch, ""
        if not branch and ref.startswith(_HEADS):
            branch = ref[len(_HEADS) :]
        content = read(f"{code.common}/{ref}") or _packed(code.common, ref)
    return branch, ""


def _packed(common: str, ref: str) -> bytes:
    """The commit of a branch that has no file of its own."""
    data = read(f"{common}/packed-refs", _MOST_PACKED) or b""
    end = data.find(f" {ref}\n".encode())
    return data[data.rfind(b"\n", 0, end) + 1 : end] if end > 0 else b""


def _remote(common: str, branch: str) -> str:
    """The address that the branch is pulled from, without credentials; else origin's, or any."""
    urls: dict[str, str] = {}
    upstream = ""
    for key, value in settings(f"{common}/config"):
        if key.startswith("remote.") and key.endswith(".url"):
            urls.setdefault(key[len("remote.") : -len(".url")], value)
        elif branch and key == f"branch.{branch}.remote":
            upstream = value
    chosen = urls.get(upstream) or urls.get("origin") or next(iter(urls.values()), "")
    return public(chosen)


def _section(line: str) -> tuple[str, str]:
    """The name in `[name]` or `[name "sub"]`, and what follows on the same line."""
    name, quote, rest = line[1:].partition('"')
    if not quote or "]" in name:
        name, _, rest = line[1:].partition("]")
        return name.strip().lower(), rest.strip()
    sub, rest = _quoted(rest)
    return f"{name.strip().lower()}.{sub}", rest.partition("]")[2].strip()


def _quoted(text: str) -> tuple[str, str]:
    """The text up to the closing quote, and the rest behind it."""
    found, at = "", 0
    while at < len(text) and text[at] != '"':
        at += text[at] == "\\"
        found += text[at : at + 1]
        at += 1
    return found, text[at + 1 :]


def _value(text: str) -> str:
    """A value without quotes, escapes and comments."""
    found, at, is_quoted = "", 0, False
    text = text.strip()
    while at < len(text):
        c = text[at]
        if c == '"':
            is_quoted = not is_quoted
        elif c == "\\":
            at += 1
            found += text[at : at + 1]
        elif c in "#;" and not is_quoted:
            break
        else:
            found += c
        at += 1
    return found.strip()


def _is_commit(text: str) -> bool:
    return len(text) in (40, 64) and _HEX.issuperset(text)


def _is_ref(ref: str) -> bool:
    """Whether it names a ref: what leads out of the repository does not."""
    parts = ref.split("/")
    return (
        parts[0] == "refs"
        and all(part and part[0] != "." for part in parts)
        and ref.isprintable()
        and len(ref) < 1000
    )


def public(url: str) -> str:
    """An address without user, password, query and fragment; "" for one that is a command.

    That goes for `https://user:token@host/x`, for `user@host:x`, and for either behind the name
    of a helper, as in `helper::address`. A path on this machine stays as it is. Tokens of
    well-known services are masked wherever they stand.
    """
    return without_tokens(_public(url))


def _public(url: str) -> str:
    url = "".join(c for c in url if c.isprintable()).strip()
    if len(url) > _MOST_CHARACTERS:
        return ""
    helper, colons, rest = url.partition("::")
    if colons and helper.replace("-", "").replace("_", "").isalnum():
        return "" if helper == _RUNS_A_PROGRAM else f"{helper}::{_public(rest)}"
    scheme, separator, rest = url.partition("://")
    if separator and "/" not in scheme:
        return f"{scheme}://{_without_user(_without_query(rest))}"
    return _of_host_and_path(url)


def _without_query(rest: str) -> str:
    return rest.partition("?")[0].partition("#")[0]


def _without_user(rest: str) -> str:
    """What follows the credentials; a password may hold a slash or an @ that is not encoded."""
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        return authority.rpartition("@")[2] + slash + path
    _, colon, port = authority.rpartition(":")
    if colon and "]" not in port and not port.isdecimal() and "@" in path:
        return path.rpartition("@")[2]
    return rest


def _of_host_and_path(url: str) -> str:
    """`user@host:path`, the short form that ssh knows; what has no host is a path."""
    host, colon, path = url.partition(":")
    if not colon or "/" in host:
        return url
    behind = "" if "@" in host else _behind_password(path)
    if behind:
        host, colon, path = behind.partition(":")  # user:password@host:path
    return f"{host.rpartition('@')[2]}{colon}{_without_query(path)}"


def _behind_password(path: str) -> str:
    """The host in what follows the first colon, if that is a password; "": it is a path."""
    first, slash, more = path.partition("/")
    if "@" in first[1:]:
        return first.rpartition("@")[2] + slash + more
    host = path.rpartition("@")[2]
    return host if ":" in host.partition("/")[0] and host != path else ""
