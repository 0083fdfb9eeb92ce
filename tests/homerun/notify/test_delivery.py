"""Messages through real servers on loopback: that take them, are dead, silent, or babble."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from helpers import servers
from homerun.notify import deliver, message
from homerun.notify.settings import Channel

HOOK = "/services/T000/B000/sEcReTtOkEn"


def told(*every: Channel, deadline_s: float = 20.0) -> list[str | None]:
    return deliver.deliver(every, message.test(), deadline_s)


def url(server: servers.Server, path: str = HOOK) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


BODIES: dict[str, dict[str, Any]] = {
    "slack": {
        "text": "*homerun: a test*\nThis is what homerun sends when a run needs a look.",
    },
    "discord": {
        "content": "**homerun: a test**\nThis is what homerun sends when a run needs a look.",
        "allowed_mentions": {"parse": []},
    },
}


@pytest.mark.parametrize("type", BODIES)
def test_a_web_address_gets_the_shape_that_it_takes(type: str) -> None:
    with servers.serving(servers.web()) as server:
        assert told(Channel(type, {"url": url(server)})) == [None]
        path, _, body = server.wait()

    assert path == HOOK
    assert body == BODIES[type]


def test_ntfy_gets_its_topic_and_the_token() -> None:
    with servers.serving(servers.web()) as server:
        channel = Channel("ntfy", {"url": url(server, "/my-topic"), "token": "tk_1"})
        assert told(channel) == [None]
        path, headers, body = server.wait()

    assert (path, headers["authorization"]) == ("/", "Bearer tk_1")
    assert body["topic"] == "my-topic"
    assert body["title"] == "homerun: a test"


def test_a_webhook_gets_all_that_is_known() -> None:
    with servers.serving(servers.web()) as server:
        assert told(Channel("webhook", {"url": url(server)})) == [None]
        _, headers, body = server.wait()

    assert headers["content-type"] == "application/json"
    assert {"event", "title", "text", "host"} == set(body)


def test_a_mail_server_gets_a_mail_and_the_credentials() -> None:
    with servers.serving(servers.mail()) as server:
        said = {
            "to": ["ann@example.com", "bob@example.com"],
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "user": "ann",
            "password": "sesame",
        }
        assert told(Channel("mail", said)) == [None]
        sender, receivers, text, login = server.wait()

    assert "ann" in sender
    assert len(receivers) == 2
    assert "Subject: homerun: a test" in text
    assert "This is what homerun sends" in text
    assert base64.b64decode(login) == b"\0ann\0sesame"


def test_a_command_gets_the_text_and_the_variables(tmp_path: Path) -> None:
    line = f"cat > {tmp_path}/told; echo $HOMERUN_NOTIFY_EVENT >> {tmp_path}/told"
    assert told(Channel("command", {"command": ["/bin/sh", "-c", line]})) == [None]

    assert (tmp_path / "told").read_text() == (
        "homerun: a test\nThis is what homerun sends when a run needs a look.\ntest\n"
    )


def test_a_command_that_fails_is_told_with_its_last_line() -> None:
    command = ["/bin/sh", "-c", "echo first >&2; echo no such sound >&2; exit 3"]

    assert told(Channel("command", {"command": command})) == ["it ended with 3: no such sound"]
    missing = Channel("command", {"command": ["/nonexistent/say"]})
    assert told(missing) == ["No such file or directory"]


@pytest.mark.parametrize("type", ["slack", "discord", "webhook"])
def test_an_address_that_refuses_is_told_without_its_secret(type: str) -> None:
    with servers.serving(servers.web("403 Forbidden: sEcReTtOkEn")) as server:
        (failed,) = told(Channel(type, {"url": url(server)}))

    assert failed is not None
    assert failed.startswith("it answered 403 Forbidden")
    assert "sEcReT" not in failed or failed.count("sEcReT") == 1  # what the server itself says


def test_an_answer_that_leads_elsewhere_is_not_followed() -> None:
    with servers.serving(servers.web()) as other:
        leads = servers.web("302 Found", f"Location: {url(other)}\r\n")
        with servers.serving(leads) as server:
            (failed,) = told(Channel("slack", {"url": url(server)}))

        assert failed == "it answered 302 Found"
        assert other.got == []


def test_a_dead_address_is_told_and_the_others_get_the_message() -> None:
    dead = Channel("slack", {"url": f"http://127.0.0.1:{servers.closed_port()}{HOOK}"})
    no_mail = Channel("mail", {"to": ["a"], "host": "127.0.0.1", "port": servers.closed_port()})
    with servers.serving(servers.web()) as server:
        found = told(dead, no_mail, Channel("webhook", {"url": url(server)}))

    assert found[0] is not None
    assert "Connection refused" in found[0]
    assert found[1] is not None
    assert "Connection refused" in found[1]
    assert found[2] is None


@pytest.mark.parametrize(
    ("type", "answer"),
    [("slack", servers.silent), ("mail", servers.silent), ("slack", servers.dripping)],
)
def test_a_server_that_comes_to_no_end_is_given_up(type: str, answer: Any) -> None:
    with servers.serving(answer) as server:
        said = {
            "slack": {"url": url(server)},
            "mail": {"to": ["a"], "host": "127.0.0.1", "port": server.port},
        }[type]
        assert told(Channel(type, said), deadline_s=0.5) == ["no answer within 0.5 s"]
        server.wait()


@pytest.mark.parametrize("type", ["slack", "mail"])
def test_nonsense_is_told_in_one_line(type: str) -> None:
    with servers.serving(servers.babbling) as server:
        said = {
            "slack": {"url": url(server)},
            "mail": {"to": ["a"], "host": "127.0.0.1", "port": server.port},
        }[type]
        (failed,) = told(Channel(type, said))

    assert failed is not None
    assert "\n" not in failed
    assert len(failed) <= 200
    assert "sEcReT" not in failed


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "AUTH"])
def test_a_mail_that_is_refused_is_told(command: str) -> None:
    with servers.serving(servers.mail(command)) as server:
        said = {
            "to": ["ann@example.com"],
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "user": "ann",
            "password": "sesame",
        }
        (failed,) = told(Channel("mail", said))

    assert failed is not None
    assert "554" in failed
    assert "sesame" not in failed


def test_a_password_is_sent_unencrypted_to_this_machine_only() -> None:
    said = {"to": ["a"], "host": "mx.invalid", "security": "none", "password": "sesame"}
    assert told(Channel("mail", said)) == [
        "the password would go unencrypted: set security to starttls or tls"
    ]
    said = {"to": ["a"], "host": "mx.invalid", "security": "later"}
    assert told(Channel("mail", said)) == ["security is one of starttls, tls, none, not 'later'"]


def test_a_server_without_encryption_gets_no_password() -> None:
    with servers.serving(servers.mail()) as server:
        said = {
            "to": ["a"],
            "host": "127.0.0.1",
            "port": server.port,
            "user": "ann",
            "password": "sesame",
        }
        (failed,) = told(Channel("mail", said))

        assert failed is not None
        assert "STARTTLS" in failed
        assert server.got == []
