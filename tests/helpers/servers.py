"""Servers on loopback that a notification reaches: of mail, of the web, and of nonsense."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_ENDED = b"\r\n.\r\n"


class Server:
    """Serves each connection by a function, until it is closed.

    Attributes:
        port: on 127.0.0.1.
        got: what was received, in order.
    """

    def __init__(self, serve: Callable[[Server, socket.socket], None]) -> None:
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.got: list[Any] = []
        self.arrived = threading.Semaphore(0)
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def note(self, what: object) -> None:
        """Keep what was received."""
        self.got.append(what)
        self.arrived.release()

    def wait(self) -> Any:
        """The next thing that is received; it fails after a while."""
        assert self.arrived.acquire(timeout=30), "nothing was received in time"
        return self.got[-1]

    def until_closed(self) -> None:
        """Hold a connection, and say nothing."""
        self._closing.wait()

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    def pause(self) -> bool:
        """Wait a moment, unless it is closed. True: it is."""
        return self._closing.wait(0.05)

    def _accept(self) -> None:
        while True:
            try:
                found, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(found)
            self._threads.append(threading.Thread(target=self._one, args=(found,), daemon=True))
            self._threads[-1].start()

    def _one(self, found: socket.socket) -> None:
        try:
            self._serve(self, found)
        except OSError:
            return
        finally:
            found.close()

    def close(self) -> None:
        self._closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(30)


@contextmanager
def serving(serve: Callable[[Server, socket.socket], None]) -> Iterator[Server]:
    """A server while the block goes on."""
    made = Server(serve)
    try:
        yield made
    finally:
        made.close()


def web(status: str = "200 OK", headers: str = "") -> Callable[[Server, socket.socket], None]:
    """Takes a request, keeps (path, headers, JSON), and answers with a status."""

    def serve(server: Server, found: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += found.recv(65536) or _gone()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        said = {
            name.lower(): value for name, _, value in (one.partition(": ") for one in lines[1:])
        }
        while len(body) < int(said["content-length"]):
            body += found.recv(65536) or _gone()
        found.sendall(f"HTTP/1.1 {status}\r\n{headers}Content-Length: 2\r\n\r\nok".encode())
        server.note((lines[0].split()[1], said, json.loads(body)))

    return serve


def mail(refuses: str = "") -> Callable[[Server, socket.socket], None]:
    """Speaks SMTP without encryption, keeps (sender, receivers, text, credentials).

    Args:
        refuses: a command that is answered with an error.
    """

    def serve(server: Server, found: socket.socket) -> None:
        with found.makefile("rwb") as stream:

            def say(line: str) -> None:
                stream.write(f"{line}\r\n".encode())
                stream.flush()

            sender, receivers, login = "", [], ""
            say("220 test ESMTP")
            while line := stream.readline():
                word, _, rest = line.decode().strip().partition(" ")
                if refuses and word.upper() == refuses:
                    say("554 not here")
                elif word.upper() == "EHLO":
                    say("250-test")
                    say("250 AUTH PLAIN")
                elif word.upper() == "AUTH":
                    login = rest.partition(" ")[2]
                    say("235 welcome")
                elif word.upper() == "MAIL":
                    sender = rest
                    say("250 ok")
                elif word.upper() == "RCPT":
                    receivers.append(rest)
                    say("250 ok")
                elif word.upper() == "DATA":
                    say("354 go on")
                    text = b""
                    while not text.endswith(_ENDED):
                        text += stream.readline() or _gone()
                    say("250 taken")
                    server.note((sender, receivers, text.decode(), login))
                elif word.upper() == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")

    return serve


def silent(server: Server, found: socket.socket) -> None:
    """Takes a connection, and never says anything."""
    server.note("connected")
    server.until_closed()


def dripping(server: Server, found: socket.socket) -> None:
    """Answers a byte at a time, and never comes to an end."""
    server.note("connected")
    found.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not server.pause():
        found.sendall(b"x")


def babbling(server: Server, found: socket.socket) -> None:
    """Answers nonsense."""
    found.sendall(b"\x00\xff what? \r\n\r\n" * 100)
    server.note("connected")


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _gone() -> bytes:
    raise OSError("the other side is gone")
