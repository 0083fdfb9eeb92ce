"""`homerun studio` as a process: its one line, its socket, its limits, and what it refuses."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import pytest

from helpers.asgi import KEY, Answer
from helpers.wait import DEADLINE_S
from homerun import Experiment, ScriptRunConfig, UserError, Workspace
from homerun.cli import entry
from homerun.project import portal
from homerun.studio import access
from homerun.studio import server as studio_server
from homerun.studio.http import connections, sockets
from homerun.studio.http.auth import Door
from homerun.studio.http.connections import Config, Connection
from homerun.studio.http.middleware import Hosts
from homerun.studio.http.sessions import SessionFile
from homerun.studio.server import Settings, Studio

from .conftest import Shelf

TOKEN = "a-token-of-enough-letters"


class Server:
    """A server in a process of its own."""

    def __init__(self, *words: str, **variables: str) -> None:
        command = [sys.executable, "-m", "homerun", "studio", "--no-browser", "-o", "table", *words]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **variables},
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.address = self.line.partition("Studio: ")[2].strip()
        self.cookie = self.key = ""

    def connect(self) -> socket.socket:
        """A connection to it."""
        place = urlsplit(self.address)
        return socket.create_connection((place.hostname, place.port), DEADLINE_S)

    def get(self, target: str, where: socket.socket | None = None) -> Answer:
        """What it answers, over a connection of its own."""
        host = urlsplit(self.address).netloc
        with where or self.connect() as connection:
            head = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            head += f"Cookie: {self.cookie}\r\n{KEY}: {self.key}\r\n"
            connection.sendall(f"{head}\r\n".encode())
            return answer_of(connection)

    def end(self) -> tuple[str, str]:
        """End it by a signal; what else it printed."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=DEADLINE_S)


def answer_of(connection: socket.socket) -> Answer:
    """Read an answer to the end of its connection."""
    data = b""
    while part := connection.recv(1 << 16):
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    pairs = [tuple(line.split(b": ", 1)) for line in lines]
    return Answer(int(first.split()[1]), pairs, body)  # type: ignore[arg-type]


@pytest.fixture
def server(workspace_dir: Path) -> Iterator[Callable[..., Server]]:
    """Start a server; ended after the test."""
    made: list[Server] = []

    def start(*words: str, **variables: str) -> Server:
        made.append(Server(*words, **variables))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.end()
        for pipe in (one.process.stdout, one.process.stderr):
            if pipe is not None:
                pipe.close()


def test_the_printed_address_lets_one_browser_in(server: Callable[..., Server]) -> None:
    started = server("--port", "0", HOMERUN_STUDIO_TOKEN=TOKEN)
    place = urlsplit(started.address)
    code = place.query.partition("code=")[2]
    assert place.hostname == "127.0.0.1"
    assert len(code) > 20
    came = started.get(f"{place.path}?{place.query}")
    assert came.status == 200
    cookie = came.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    started.cookie = cookie.partition(";")[0]
    assert started.get("/api/info").status == 401
    started.key = came.headers[KEY]
    assert started.get("/api/info").status == 200
    assert started.get(f"{place.path}?{place.query}").status == 403
    command = Path(f"/proc/{started.process.pid}/cmdline").read_bytes().decode()
    out, err = started.end()
    assert code not in command + out + err
    assert TOKEN not in command + started.line + out + err
    missing = access.missing_pages()
    assert err == (f"{missing}\n" if missing else "")


def test_a_slow_or_large_head_is_cut_off(
    server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = server("--port", "0")
    with started.connect() as connection:
        large = b"GET / HTTP/1.1\r\nX: " + b"x" * (studio_server.MOST_HEADERS * 4)
        connection.sendall(large)
        assert answer_of(connection).status == 400
    with started.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert answer_of(connection).status in (400, 421)
    assert started.get("/").status == 200


def test_a_head_that_does_not_come_is_not_waited_for(
    shelf: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:

    import uvicorn

    monkeypatch.setattr(connections, "HEADERS_WAIT_S", 0.01)
    config = Config(shelf().app, log_config=None)
    config.load()

    async def connect() -> bytes:
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        made = await loop.create_server(
            lambda: Connection(config=config, server_state=state, app_state={}),
            "127.0.0.1",
            0,
        )
        async with made:
            reader, writer = await asyncio.open_connection(*made.sockets[0].getsockname())
            writer.write(b"GET / HTTP/1.1\r\n")
            data = await asyncio.wait_for(reader.read(), DEADLINE_S)
            writer.close()
            await writer.wait_closed()
            return data

    assert asyncio.run(connect()) == b""


def test_a_connection_that_is_reset_while_it_is_turned_away_is_no_error() -> None:
    transport, loop = mock.Mock(), mock.Mock()
    transport.write_eof.side_effect = OSError(errno.ENOTCONN, "not connected")
    connections._turn_away(transport, loop)
    transport.abort.assert_called_once_with()
    loop.call_later.assert_not_called()


def test_the_second_part_of_an_answer_does_not_wait_for_the_first_to_be_received() -> None:
    seen: list[int] = []

    async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = writer.get_extra_info("socket")
        seen.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def connect() -> None:
        [*listening] = sockets.tcp("localhost", 0)
        for one in listening:
            async with await asyncio.start_server(look, sock=one):
                reader, writer = await asyncio.open_connection(*one.getsockname()[:2])
                await reader.read()
                writer.close()

    asyncio.run(connect())

    assert seen
    assert all(seen)


def test_a_socket_is_its_users_own(server: Callable[..., Server], tmp_path: Path) -> None:
    path = tmp_path / "studio.sock"
    started = server("--socket", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    place = urlsplit(started.address)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    assert started.get(f"{place.path}?{place.query}", connection).status == 200
    started.process.terminate()
    assert started.process.wait(DEADLINE_S) == 143
    assert not path.exists()


def test_a_token_is_never_handed_on_to_runs(
    shelf: Callable[..., Shelf], script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_STUDIO_TOKEN", TOKEN)
    assert access.token() == TOKEN
    script("train.py", f"import os; print({TOKEN!r} in str(os.environ))")
    run = Experiment(Workspace.from_config(), "e").submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    assert Path(run.directory, "user_logs/std_log.txt").read_text() == "False\n"


WRONG = [
    (["--host", "0.0.0.0"], "give a token"),
    (["--socket", "x", "--port", "1"], "leave --host and --port out"),
    (["--token-file", "open.txt"], "chmod 600"),
    (["--token-file", "missing.txt"], "cannot be read"),
    (["--token-file", "short.txt"], "too short"),
    (["--base-path", "/a/../b"], "not a base path"),
    (["--socket", "missing/x.sock"], "cannot be made"),
    (["--host", "203.0.113.7", "--token-file", "right.txt"], "is not available"),
]


@pytest.mark.parametrize(("words", "reason"), WRONG, ids=lambda one: str(one)[:30])
def test_what_does_not_go_together_is_said_in_one_line(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str], words: list[str], reason: str
) -> None:
    for name, text, mode in (
        ("open.txt", TOKEN, 0o644),
        ("short.txt", "short", 0o600),
        ("right.txt", TOKEN, 0o600),
    ):
        (workspace_dir / name).write_text(text)
        (workspace_dir / name).chmod(mode)
    assert entry.run_command_line(["studio", "--no-browser", *words]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert reason in said


def test_without_its_packages_it_says_what_to_install(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homerun.studio.access._NEEDED", ("a_package_that_is_not_there",))
    assert entry.run_command_line(["studio", "--no-browser"]) == 1
    assert "-m pip install 'starlette>=" in capsys.readouterr().err


def test_a_code_is_used_once_and_not_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(TOKEN)
    code = door.new_code()
    session = door.enter_by_code(code)
    assert door.knows(*session)
    assert door.enter_by_code(code) is None
    late = door.new_code()
    monkeypatch.setattr("time.monotonic", lambda: 1e12)
    assert door.enter_by_code(late) is None
    assert not door.knows(*session)


def test_a_session_goes_on_when_the_server_is_started_again(
    server: Callable[..., Server], workspace_dir: Path
) -> None:
    first = server("--port", "0")
    place = urlsplit(first.address)
    came = first.get(f"{place.path}?{place.query}")
    cookie, key = came.headers["set-cookie"].partition(";")[0], came.headers[KEY]
    first.end()
    again = server("--port", str(place.port))
    assert again.get("/api/info").status == 401
    again.cookie, again.key = cookie, key
    assert again.get("/api/info").status == 200
    again.key = "x"
    assert again.get("/api/info").status == 401


def test_what_is_kept_of_a_session_lets_nobody_in_and_is_ours_alone() -> None:
    file = SessionFile("store", "host", 1)
    door = Door(None, file=file)
    made = door.enter_by_code(door.new_code())
    kept = Path(file.path)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o077 == 0
    text = kept.read_text()
    assert made.cookie not in text
    assert made.key not in text
    assert Door(None, file=SessionFile("store", "host", 1)).knows(*made)
    assert not Door(None, file=SessionFile("store", "host", 2)).knows(*made)
    kept.write_text('{"cookie": "../x", "sessions": [{"cookie": 1}, 7]}')
    assert not Door(None, file=SessionFile("store", "host", 1)).knows(*made)


def test_a_session_that_was_left_or_made_for_another_token_does_not_come_back() -> None:
    def door(token: str | None) -> Door:
        return Door(token, file=SessionFile("store", "host", 3))

    first = door(TOKEN)
    by_token, by_code = first.enter_by_token(TOKEN), first.enter_by_code(first.new_code())
    assert door(TOKEN).knows(*by_token)
    other = door("another-token-of-letters")
    assert not other.knows(*by_token)
    assert other.knows(*by_code)
    other.leave(by_code.cookie)
    assert not door(None).knows(*by_code)


def test_a_token_lets_in_and_leaving_ends_it(shelf: Callable[..., Shelf]) -> None:
    client = shelf(token=TOKEN).client
    assert client.post("/api/login", {"token": "wrong"}).status == 403
    came = client.post("/api/login", {"token": TOKEN})
    assert came.status == 204
    client.take(came)
    assert client.get("/api/info").json["has_token"] is True
    assert client.post("/api/logout").status == 204
    assert client.get("/api/info").status == 401


def test_a_server_without_a_token_takes_none(shelf: Callable[..., Shelf]) -> None:
    assert shelf().client.post("/api/login", {"token": ""}).status == 409


def test_who_looks_at_a_terminal_is_told_a_new_code_when_a_stranger_knocks() -> None:
    said: list[str] = []
    door = Door(None, said.append)
    door.knock()
    assert said == []  # the first address was printed a moment ago
    door._said_at = float("-inf")
    door.knock()
    door.knock()
    assert len(said) == 1
    assert door.enter_by_code(said[0])


def test_behind_a_proxy_it_answers_at_its_base_path_and_names(shelf: Callable[..., Shelf]) -> None:
    made = shelf(base="/user/ada/studio", hosts=["hub.example"], framed="'self'")
    client = made.sign_in()
    host = {"host": "hub.example"}
    assert client.get("/user/ada/studio/api/info", host).status == 200
    assert client.get("/user/ada/studio", host).status == 200
    assert client.get("/api/info", host).status == 404
    assert client.get("/user/ada/studio2/api/info", host).status == 404
    page = client.get("/user/ada/studio/", host)
    assert page.headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert "x-frame-options" not in page.headers
    origin = {**host, "origin": "https://hub.example"}
    answer = client.post("/user/ada/studio/api/runs/cancel", {"ids": ["nobody"]}, origin)
    assert answer.status == 200
    client.cookie = ""
    code = made.desk.door.new_code()
    came = client.get(f"/user/ada/studio/login?code={code}")
    assert "Path=/user/ada/studio/" in came.headers["set-cookie"]


def test_behind_a_forwarded_port_it_answers_as_at_its_own(shelf: Callable[..., Shelf]) -> None:
    client = shelf().sign_in()
    for host in ("localhost:9000", "127.0.0.1", "[::1]:1"):
        assert client.get("/api/info", {"host": host}).status == 200
        origin = {"host": host, "origin": f"http://{host}"}
        assert client.post("/api/runs/cancel", {"ids": ["nobody"]}, origin).status == 200
        other = {"host": host, "origin": "http://localhost:8000"}
        assert client.post("/api/runs/cancel", {"ids": ["nobody"]}, other).status == 403


def test_a_browser_that_comes_by_an_unknown_name_is_shown_how_to_allow_it(
    shelf: Callable[..., Shelf],
) -> None:
    client = shelf().client
    page = client.get("/", {"host": "gpubox:8765", "accept": "text/html,*/*;q=0.8"})
    assert page.status == 421
    assert page.headers["content-type"].startswith("text/html")
    assert b"homerun studio --allow-host gpubox<" in page.body
    assert b"ssh -L" in page.body
    odd = client.get("/", {"host": "$(id).example", "accept": "text/html"})
    assert odd.status == 421
    assert b"$(id)" not in odd.body
    said = client.get("/api/info", {"host": "gpubox:8765", "accept": "*/*"})
    assert (said.status, said.error) == (421, "wrong_host")


def test_the_address_that_is_printed_leads_there_from_where_it_is_read(workspace_dir: Path) -> None:
    said: list[str] = []
    settings = Settings(host="0.0.0.0", port=0, token=TOKEN)
    studio = Studio(Workspace.from_config(), settings, said.append, said.append)
    try:
        assert studio.address == f"http://{socket.gethostname().lower()}:{studio.port}/"
    finally:
        studio.close()


def test_over_ssh_the_command_for_the_other_machine_is_printed(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22")
    warned: list[str] = []
    studio = Studio(Workspace.from_config(), Settings(port=0), warned.append, warned.append)
    try:
        assert len(warned) == 1
        assert f"ssh -L {studio.port}:localhost:{studio.port} " in warned[0]
        assert f"@{socket.gethostname()};" in warned[0]
    finally:
        studio.close()


def test_beyond_this_machine_addresses_are_right_and_other_names_are_not() -> None:
    hosts = Hosts(["hub.example"], is_remote=True, own=["gpubox"])
    assert hosts.allows("gpubox:8765")
    assert hosts.is_own("http://gpubox:8765", "gpubox:8765")
    assert not hosts.is_own("http://gpubox:9000", "gpubox:8765")  # perhaps another user's
    assert hosts.is_own("https://hub.example", "127.0.0.1:8765")
    assert hosts.allows("192.0.2.1")
    assert hosts.allows("192.0.2.1:8765")
    assert hosts.allows("[2001:db8::1]")
    assert not hosts.allows("evil.example")
    assert Settings(host="0.0.0.0", token=TOKEN).is_remote
    with pytest.raises(UserError):
        Settings(host="0.0.0.0")


def test_a_portal_url_leads_to_the_studio_that_shows_the_store(
    workspace_dir: Path, server: Callable[..., Server]
) -> None:
    workspace = Workspace.from_config()
    experiment = Experiment(workspace, "loss_of-A")
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    run.complete()
    shown = (run, experiment, workspace)
    folders = [one.get_portal_url() for one in shown]

    started = server("--port", "0", HOMERUN_STUDIO_TOKEN=TOKEN)
    urls = [one.get_portal_url() for one in shown]
    started.end()

    home = started.address.partition("login?")[0]
    assert [urlsplit(one).scheme for one in folders] == ["file"] * 3
    assert urls == [
        f"{home}#/run/{run.id}",
        f"{home}#/runs?experiment=loss_of-A",
        f"{home}#/experiments",
    ]
    code = started.address.partition("code=")[2]
    assert not any(secret in url for secret in (TOKEN, code) for url in urls)
    assert [one.get_portal_url() for one in shown] == folders


def test_the_note_of_a_server_is_its_users_alone_and_holds_no_way_in(
    workspace_dir: Path, server: Callable[..., Server]
) -> None:
    store = Workspace.from_config().store
    started = server("--port", "0", HOMERUN_STUDIO_TOKEN=TOKEN)
    (note,) = Path(portal._folder(store)).iterdir()

    text = note.read_text()
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (note, note.parent)]

    assert modes == [0o600, 0o700]
    assert TOKEN not in text
    assert started.address.partition("code=")[2] not in text
    assert not store.root.startswith(str(note.parent))
    started.end()
    assert list(note.parent.iterdir()) == []


def test_a_server_that_was_killed_leads_nowhere_and_its_note_is_cleared_away(
    workspace_dir: Path, server: Callable[..., Server]
) -> None:
    workspace = Workspace.from_config()
    killed = server("--port", "0")
    killed.process.kill()
    killed.process.communicate()
    assert len(os.listdir(portal._folder(workspace.store))) == 1
    assert workspace.get_portal_url() == f"file://{workspace.directory}"

    started = server("--port", "0")

    assert workspace.get_portal_url().startswith(started.address.partition("login?")[0])
    assert len(os.listdir(portal._folder(workspace.store))) == 1
    started.end()


def test_of_two_servers_the_one_that_was_started_last_is_led_to(
    workspace_dir: Path, server: Callable[..., Server]
) -> None:
    workspace = Workspace.from_config()
    first, second = (server("--port", "0") for _ in "12")

    assert workspace.get_portal_url().startswith(second.address.partition("login?")[0])
    second.end()
    assert workspace.get_portal_url().startswith(first.address.partition("login?")[0])
    first.end()


def test_the_note_of_a_server_elsewhere_with_the_same_pid_is_left_and_in_no_ones_way(
    workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workspace = Workspace.from_config()
    store = workspace.store
    with portal.announced(store, "http://127.0.0.1:1/"):
        (note,) = Path(portal._folder(store)).iterdir()
        said = json.loads(note.read_text())
    elsewhere = {"boot_id": "of another machine", "machine_id": "x"}
    text = json.dumps({**said, "server": {**said["server"], **elsewhere}})
    others = {note, note.with_name(f"{os.getpid()}.json")}
    for one in others:
        one.write_text(text)
        one.chmod(0o600)

    with portal.announced(store, "http://127.0.0.1:2/"):
        assert workspace.get_portal_url() == "http://127.0.0.1:2/#/experiments"

    assert {one: one.read_text() for one in note.parent.iterdir()} == dict.fromkeys(others, text)


def test_a_note_that_others_could_have_written_or_of_another_store_leads_nowhere(
    workspace_dir: Path, tmp_path: Path
) -> None:
    workspace = Workspace.from_config()
    store, mine = workspace.store, f"file://{workspace.directory}"
    with portal.announced(store, "http://127.0.0.1:1/"):
        (note,) = Path(portal._folder(store)).iterdir()
        said = json.loads(note.read_text())
        assert workspace.get_portal_url() == "http://127.0.0.1:1/#/experiments"
        for mode in (0o620, 0o602):
            note.chmod(mode)
            assert workspace.get_portal_url() == mine
        note.chmod(0o600)
        note.parent.chmod(0o770)
        assert workspace.get_portal_url() == mine
        note.parent.chmod(0o700)
        for wrong in (
            *({"root": "/elsewhere"}, {"address": "javascript:alert(1)"}, {"address": 3}),
            *({"server": None}, {"server": {**said["server"], "start_ticks": 1, "pidfd_inode": 1}}),
            {"server": {**said["server"], "boot_id": "of another machine", "machine_id": "x"}},
        ):
            note.write_text(json.dumps({**said, **wrong}))
            assert workspace.get_portal_url() == mine, wrong
        note.write_text("{")
        assert workspace.get_portal_url() == mine
        note.unlink()
        (tmp_path / "planted").write_text(json.dumps(said))
        note.symlink_to(tmp_path / "planted")
        assert workspace.get_portal_url() == mine
