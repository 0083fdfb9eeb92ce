"""Studio on a machine that several users share: what they see and reach is worth nothing."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from helpers.asgi import KEY
from helpers.wait import DEADLINE_S
from homerun import Run, UserError
from homerun.studio import access, routes
from homerun.studio.http import sockets
from homerun.studio.http.auth import Door
from homerun.studio.server import Settings

from .conftest import Shelf
from .test_serving import Server, server

__all__ = ["server"]

STRANGER = 54_321
OTHER = 54_322
ASK = """
import os, socket, sys
uid, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.setgid(uid)
os.setuid(uid)
made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
made.connect((host, port))
made.sendall(b"GET / HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\nConnection: close\\r\\n\\r\\n" % port)
found = b""
while part := made.recv(65536):
    found += part
print(found.decode())
"""


def ask_as(uid: int, started: Server, host: str = "127.0.0.1") -> str:
    """What a server answers to a process of another user."""
    port = urlsplit(started.address).port
    command = [sys.executable, "-c", ASK, str(uid), host, str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def as_root() -> None:
    """Only root can be another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can connect as another user")


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_connection_of_another_user_is_turned_away(
    server: Callable[..., Server], host: str
) -> None:
    started = server("--port", "0")
    said = ask_as(STRANGER, started, host)
    assert said.startswith("HTTP/1.1 403")
    assert "belongs to another user" in said
    assert "--allow-user" in said
    assert started.get("/").status == 200
    assert ask_as(0, started, host).startswith("HTTP/1.1 200")


@pytest.mark.usefixtures("as_root")
def test_a_proxy_of_another_user_is_let_through_by_name(server: Callable[..., Server]) -> None:
    started = server("--port", "0", "--allow-user", str(STRANGER))
    assert ask_as(STRANGER, started).startswith("HTTP/1.1 200")
    assert ask_as(OTHER, started).startswith("HTTP/1.1 403")


def test_a_user_who_is_not_there_is_not_let_through() -> None:
    with pytest.raises(UserError, match="this machine has no user 'no-such-user'"):
        Settings(users=["no-such-user"])


def test_the_cookie_alone_opens_nothing(shelf: Callable[..., Shelf], trained: Run) -> None:
    made = shelf()
    client = made.sign_in()
    other = made.desk.door.enter_by_code(made.desk.door.new_code())
    for route in routes.every():
        if route.path == "login":
            continue
        target = f"/api/{route.path.replace('{id}', trained.id)}"
        for key in (None, "", "x", other.key, client.cookie.partition("=")[2]):
            ask = client.get if route.method == "GET" else client.post
            answer = ask(target, headers={KEY: key})
            assert (answer.status, answer.error) == (401, "signed_out"), (route.path, key)
    assert client.get("/api/info").status == 200


def test_the_key_alone_opens_nothing(shelf: Callable[..., Shelf]) -> None:
    client = shelf().sign_in()
    assert client.get("/api/info", {"cookie": ""}).status == 401


def test_the_key_is_given_behind_the_hash_where_no_server_sees_it(
    shelf: Callable[..., Shelf],
) -> None:
    made = shelf()
    came = made.client.get(f"/login?code={made.desk.door.new_code()}")
    assert re.search(r'content="0;url=\./#key=([\w-]+)"', came.text).group(1) == came.headers[KEY]
    assert came.headers["cache-control"] == "no-store"


def ticket(client: Any, address: str) -> str:
    return client.post("/api/ticket", {"address": address}).json["ticket"]


def test_a_ticket_stands_for_the_key_once_and_for_one_address(
    shelf: Callable[..., Shelf], trained: Run
) -> None:
    client = shelf().sign_in()
    file = f"api/runs/{trained.id}/file?file=outputs%2Ftable.csv"
    bare = {KEY: None}
    first = ticket(client, file)
    answer = client.get(f"/{file}&ticket={first}", bare)
    assert (answer.status, answer.body) == (200, b"a,b\n1,2\n")
    assert client.get(f"/{file}&ticket={first}", bare).status == 401
    second = ticket(client, file)
    assert (
        client.get(f"/{file.replace('table.csv', 'page.html')}&ticket={second}", bare).status == 401
    )
    assert client.get(f"/{file}&ticket={second}", bare).status == 401
    third = ticket(client, "api/info")
    assert client.get(f"/api/info?ticket={third}", {**bare, "cookie": ""}).status == 401
    assert client.post(f"/api/logout?ticket={ticket(client, 'api/logout')}", {}, bare).status == 401


def test_a_ticket_is_good_where_studio_may_only_read(shelf: Callable[..., Shelf]) -> None:
    client = shelf(read_only=True).sign_in()
    assert client.get(f"/api/info?ticket={ticket(client, 'api/info')}", {KEY: None}).status == 200


def test_a_ticket_is_not_good_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door()
    cookie, _ = door.enter_by_code(door.new_code())
    wanted = ("/api/info", frozenset())
    made = door.new_ticket(cookie, wanted)
    monkeypatch.setattr("time.monotonic", lambda: 1e12)
    assert not door.takes(cookie, made, wanted)


def test_the_addresses_that_localhost_may_mean_are_both_taken(
    server: Callable[..., Server],
) -> None:
    started = server("--port", "0")
    port = urlsplit(started.address).port
    with socket.create_connection(("::1", port), DEADLINE_S) as connection:
        assert started.get("/", connection).status == 200
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("::1", port), family=socket.AF_INET6)


def test_a_port_of_which_another_has_one_address_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as squatter:
        taken = squatter.getsockname()[1]
        with pytest.raises(UserError, match=f"port {taken} of ::1 is not available"):
            sockets.tcp("127.0.0.1", taken)
        monkeypatch.setattr(sockets, "USUAL", taken)
        with ExitStack() as stack:
            made = [stack.enter_context(one) for one in sockets.tcp("127.0.0.1", None)]
            assert [one.getsockname()[0] for one in made] == ["127.0.0.1", "::1"]
            (port,) = {one.getsockname()[1] for one in made}
            assert port != taken


def test_it_says_so_when_another_has_the_usual_port(
    server: Callable[..., Server], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        try:
            stack.enter_context(socket.create_server(("127.0.0.1", sockets.USUAL)))
        except OSError:
            pass  # another program of this machine has it already
        started = server()
        assert urlsplit(started.address).port != sockets.USUAL
        _, err = started.end()
    assert err.count("\n") == (2 if access.missing_pages() else 1)
    assert "port 8765 is in use by another program, perhaps another user's" in err


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_connections_that_say_nothing_keep_no_one_out(
    server: Callable[..., Server], crowd: ExitStack
) -> None:
    started = server("--port", "0")
    place = urlsplit(started.address)
    came = started.get(f"{place.path}?{place.query}")
    started.cookie, started.key = came.headers["set-cookie"].partition(";")[0], came.headers[KEY]
    for _ in range(300):
        crowd.enter_context(started.connect())
    assert started.get("/api/info").status == 200


def test_knocks_do_not_use_up_the_code_that_was_printed_first() -> None:
    said: list[str] = []
    door = Door(None, said.append)
    first = door.new_code()
    for _ in range(20):
        door._said_at = float("-inf")
        door.knock()
    assert len(said) == 20
    assert door.enter_by_code(first)
