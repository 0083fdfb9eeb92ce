"""Sockets that a server of this machine listens on: of one address, or a file of its user's own."""

from __future__ import annotations

import errno
import os
import socket
from stat import S_ISSOCK

from homerun.base.errors import UserError

_FIRST = 8765
_TRIES = 20
_BACKLOG = 128


def tcp(host: str, port: int | None) -> socket.socket:
    """A socket of an address; port None: the first free one from 8765 on.

    Raises:
        UserError: the address cannot be had.
    """
    ports = [*range(_FIRST, _FIRST + _TRIES), 0] if port is None else [port]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in ports:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, wanted))
            made.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            made.close()
            if wanted == ports[-1] or getattr(error, "errno", None) != errno.EADDRINUSE:
                reason = getattr(error, "strerror", None) or str(error)
                raise UserError(
                    f"port {wanted} of {host} cannot be had ({reason}): give another with --port"
                ) from error
        else:
            return made
    raise AssertionError


def unix(path: str) -> socket.socket:
    """A socket that is a file which only its user can connect to.

    Raises:
        UserError: it cannot be made, or something else lies there.
    """
    path = os.path.abspath(os.path.expanduser(path))
    try:
        if S_ISSOCK(os.lstat(path).st_mode):
            if _is_alive(path):
                raise UserError(f"another server listens at {path}: end it, or give another path")
            os.unlink(path)
    except FileNotFoundError:
        pass
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(path)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        reason = error.strerror or str(error)
        raise UserError(f"the socket {path} cannot be made ({reason})") from error
    finally:
        os.umask(before)
    return made


def forget(path: str) -> None:
    """Remove the file of a socket."""
    try:
        os.unlink(os.path.abspath(os.path.expanduser(path)))
    except OSError:
        return


def _is_alive(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True
