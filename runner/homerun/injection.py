"""The one folder that a script's PYTHONPATH gets: our packages, and nothing else.

A site-packages there would bring the submitter's numpy into another interpreter. So the packages
are linked into a folder of their own, in the user's cache, under a hash of version and location.
"""

from __future__ import annotations

import os


def folder() -> str:
    """The folder of links, made at the first call and whole at any time."""
    packages = _packages()
    key = _key(packages)
    for parent in (_cache(), None):
        try:
            return _make(parent or _temporary(), key, packages)
        except OSError:
            if parent is None:
                raise
    raise AssertionError("the second place either serves or raises")


def _packages() -> dict[str, str]:
    import runstore

    homes = {"homerun": os.path.dirname(__file__), "runstore": os.path.dirname(runstore.__file__)}
    return {name: os.path.realpath(home) for name, home in homes.items()}


def _key(packages: dict[str, str]) -> str:
    from zlib import crc32

    from homerun import __version__

    text = "\0".join((__version__, *packages, *packages.values()))
    return f"{__version__}-{crc32(os.fsencode(text)):08x}"


def _cache() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return f"{home}/homerun/path"


def _temporary() -> str:
    import tempfile

    return f"{tempfile.gettempdir()}/homerun-{os.getuid()}"


def _make(parent: str, key: str, packages: dict[str, str]) -> str:
    final = f"{parent}/{key}"
    if _is_whole(final, packages):
        return final
    os.makedirs(parent, mode=0o700, exist_ok=True)
    if os.stat(parent).st_uid != os.getuid():
        raise PermissionError(f"{parent} belongs to somebody else")
    building = f"{parent}/.new-{os.urandom(8).hex()}"
    os.mkdir(building, 0o700)
    for name, home in packages.items():
        os.symlink(home, f"{building}/{name}")
    try:
        os.rename(building, final)  # fails where another made it first: it is not empty
    except OSError:
        for name in packages:
            os.unlink(f"{building}/{name}")
        os.rmdir(building)
        if not _is_whole(final, packages):
            # A broken one is in the way and may be in use: leave it, and go beside it.
            return _make(parent, f"{key}-{os.urandom(2).hex()}", packages)
    return final


def _is_whole(folder: str, packages: dict[str, str]) -> bool:
    """Whether every link is there and leads to our package; a dangling one is simply not found."""
    return all(os.path.realpath(f"{folder}/{name}") == home for name, home in packages.items())
