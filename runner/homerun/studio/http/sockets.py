"""Sockets that a server of this machine listens on: of addresses, or a file of its user's own."""

from __future__ import annotations

import errno
import os
import socket
from stat import S_ISSOCK

from homerun.base.errors import UserError

USUAL = 8765
LOOPBACK = ("127.0.0.1", "::1")
"""`localhost` may mean either. What is left free there, any other user of this machine can take."""

_TRIES = 20
_BACKLOG = 128
_NO_SUCH = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def tcp(host: str, port: int | None) -> list[socket.socket]:
    """A socket of an address; of this machine alone: one of each of its two addresses.

    Args:
        port: None: the first that is free from the usual one on; 0: any.

    Raises:
        UserError: the address is not available.
    """
    hosts = LOOPBACK if host in (LOOPBACK[0], "localhost") else (host,)
    ports = [*range(USUAL, USUAL + _TRIES), 0] if port is None else [port]
    ports += [0] * _TRIES if ports[-1] == 0 else []  # one free here may be taken there
    for wanted in ports[:-1]:
        try:
            return _all(hosts, wanted)
        except _TakenError as error:
            if error.cause.errno != errno.EADDRINUSE:
                raise error.told() from error.cause
    try:
        return _all(hosts, ports[-1])
    except _TakenError as error:
        raise error.told() from error.cause


class _TakenError(Exception):
    """An address that is not available."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        self.host = host
        self.port = port
        self.cause = cause

    def told(self) -> UserError:
        """The same as the user is told it."""
        reason = self.cause.strerror or str(self.cause)
        place = f"port {self.port} of {self.host}"
        return UserError(f"{place} is not available ({reason}): choose another with --port")


def _all(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """A socket of each of these addresses, all with the same port."""
    made: list[socket.socket] = []
    for host in hosts:
        try:
            made.append(_one(host, port or (made[0].getsockname()[1] if made else 0)))
        except OSError as error:
            if made and error.errno in _NO_SUCH:
                continue  # a machine without IPv6
            for one in made:
                one.close()
            raise _TakenError(host, port, error) from error
    return made


def _one(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named asyncio sets TCP_NODELAY on what it accepts; without that an answer's
    # second part waits for the first to be acknowledged, which takes 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


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
