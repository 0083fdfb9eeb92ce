"""The user's cache folder, where it is safe: what lies in it is run by scripts.

It is used only if every folder on the way to it is this user's or root's, and no other account may
write there; in a sticky folder others may, since they cannot replace what is ours. A link counts,
and so does what it leads to. Otherwise a private folder for temporary files stands in, which is
said once.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISLNK, S_ISVTX, S_IWGRP, S_IWOTH

from homerun.base import environ
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = "homerun"
_MOST_LINKS = 40

_stand_ins: dict[str, tuple[str, bool]] = {}
"""What is wrong with a cache folder, and whether that was said."""
_made: list[str] = []
"""The folder of this process alone, where no other one is safe."""


def home(env: Mapping[str, str] | None = None) -> str:
    """The folder of caches: the user's own, or the one that stands in for it.

    Args:
        env: where the user's folders are known; None: this process's own variables.
    """
    wanted = environ.cache_home(env)
    wrong = flaw(f"{wanted}/{_OURS}")
    return use_instead(wanted, wrong) if wrong else wanted


def use_instead(wanted: str, wrong: str) -> str:
    """Use the private folder in place of a cache folder; `notices` says why."""
    _stand_ins.setdefault(wanted, (wrong, False))
    return private()


def private() -> str:
    """The folder that stands in: this user's in the one for temporary files."""
    if _made:
        return _made[0]
    import tempfile

    folder = f"{tempfile.gettempdir()}/homerun-{os.geteuid()}"
    try:
        make_cache(folder)
    except OSError:
        _made.append(tempfile.mkdtemp(prefix="homerun-"))
        return _made[0]
    return folder


def make_cache(folder: str) -> None:
    """Make a folder of caches, and those above it, for this user alone.

    Raises:
        PermissionError: another account may write there.
        OSError: it cannot be made.
    """
    atomic.make_private_folders(folder)
    wrong = flaw(folder)
    if wrong:
        raise PermissionError(wrong)


def notices() -> list[str]:
    """What to say to the submitter of cache folders that are not used; each is said once."""
    told = []
    for wanted, (wrong, is_said) in _stand_ins.items():
        if not is_said:
            told.append(f"the cache {wanted} is not used, since {wrong}; {private()} stands in")
            _stand_ins[wanted] = (wrong, True)
    return told


def flaw(folder: str) -> str:
    """What lets another account say what lies in a folder; "": nothing. It may not be there yet."""
    return _flaw(folder, folder, _MOST_LINKS)


def is_ours(folder: str) -> bool:
    """Whether a folder in a safe one is this user's, and no other account may write there."""
    return not _flaw_of(folder, os.lstat(folder), is_own=True)


def _flaw(path: str, own: str, links: int) -> str:
    """The flaw on the way to a path; `own` is the part of it that has to be this user's."""
    at = path
    while True:
        try:
            found = os.lstat(at)
        except (FileNotFoundError, NotADirectoryError):
            found = None
        except OSError as error:
            return f"{at} cannot be looked at ({error.strerror})"
        if found is not None:
            wrong = _flaw_of(at, found, is_own=at == own)
            if not wrong and S_ISLNK(found.st_mode):
                target = os.path.join(os.path.dirname(at), os.readlink(at))
                own_target = target if at == own else ""
                wrong = _flaw(target, own_target, links - 1) if links else f"{at} leads in a circle"
            if wrong:
                return wrong
        above = os.path.dirname(at)
        if above == at:
            return ""
        at = above


def _flaw_of(at: str, found: os.stat_result, *, is_own: bool) -> str:
    is_link = S_ISLNK(found.st_mode)
    if found.st_uid not in ((os.geteuid(),) if is_own and not is_link else (os.geteuid(), 0)):
        return f"{at} belongs to another user"
    if is_link:
        return ""
    if not S_ISDIR(found.st_mode):
        return f"{at} is not a folder"
    is_sticky = found.st_mode & S_ISVTX and not is_own
    is_open = found.st_mode & S_IWOTH or (found.st_mode & S_IWGRP and not _is_alone(found.st_gid))
    return f"others may write in {at}" if is_open and not is_sticky else ""


def _is_alone(group: int) -> bool:
    """Whether a group is this user's own, as some systems give each user one."""
    import grp
    import pwd

    try:
        found, name = grp.getgrgid(group), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return found.gr_name == name and set(found.gr_mem) <= {name}
