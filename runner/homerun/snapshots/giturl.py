"""The address of a repository as it may stand in a record: without anybody's credentials."""

from __future__ import annotations

_RUNS_A_PROGRAM = "ext"
_MOST_CHARACTERS = 2000


def public(url: str) -> str:
    """An address without user, password, query and fragment; "" for one that is a command.

    That goes for `https://user:token@host/x`, for `user@host:x`, and for either behind the name
    of a helper, as in `helper::address`. A path on this machine stays as it is.
    """
    url = "".join(c for c in url if c.isprintable()).strip()
    if len(url) > _MOST_CHARACTERS:
        return ""
    helper, colons, rest = url.partition("::")
    if colons and helper.isalnum():
        return "" if helper == _RUNS_A_PROGRAM else f"{helper}::{public(rest)}"
    scheme, separator, rest = url.partition("://")
    if separator and scheme.replace("+", "").isalnum():
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
    if "@" not in host and "@" in path.partition("/")[0]:
        host, _, path = path.rpartition("@")[2].partition(":")  # user:password@host:path
    return f"{host.rpartition('@')[2]}:{_without_query(path)}"
