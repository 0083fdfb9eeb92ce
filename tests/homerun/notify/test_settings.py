"""The file in which a user says how to be told: what it can say, and who may read it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homerun.base.errors import UserError
from homerun.notify import settings

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the file, from JSON or a text."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def act(said: Any, mode: int = 0o600) -> Path:
        path = tmp_path / settings.PLACE
        path.parent.mkdir(exist_ok=True)
        path.write_text(said if isinstance(said, str) else json.dumps(said))
        path.chmod(mode)
        return path

    return act


def one(**said: Any) -> dict[str, Any]:
    return {"channels": [said]}


def refusal() -> str:
    with pytest.raises(UserError) as caught:
        settings.read()
    return caught.value.message


def test_without_a_file_nothing_is_said(write: Write, tmp_path: Path) -> None:
    found = settings.read()

    assert (found.on, found.channels) == ([], [])
    assert found.path == str(tmp_path / "homerun/notify.json")


def test_each_type_of_channel_is_read(write: Write) -> None:
    write(
        {
            "on": ["failed", "canceled"],
            "channels": [
                {"type": "desktop"},
                {"type": "mail", "to": "ann@example.com", "host": "mx.example.com", "port": 25},
                {"type": "slack", "url": "https://hooks.example.com/services/T0/B0/secret"},
                {"type": "discord", "url": "https://user:word@discord.example.com/api/1"},
                {"type": "ntfy", "url": "https://ntfy.sh/topic", "token": "tk_1"},
                {"type": "webhook", "url": "http://127.0.0.1:9/x?key=1"},
                {"type": "command", "command": ["/usr/bin/say", "a run"]},
                {"type": "command", "command": "say a run"},
            ],
        }
    )
    found = settings.read()

    assert found.on == ["failed", "canceled"]
    assert [channel.name for channel in found.channels] == [
        "desktop",
        "mail (mx.example.com)",
        "slack (hooks.example.com)",
        "discord (discord.example.com)",
        "ntfy (ntfy.sh)",
        "webhook (127.0.0.1:9)",
        "command (say)",
        "command (sh)",
    ]
    assert found.channels[1].said["to"] == ["ann@example.com"]


def test_a_value_can_be_that_of_a_variable(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(one(type="slack", url="$SLACK_URL"))
    monkeypatch.setenv("SLACK_URL", "https://hooks.example.com/x")
    assert settings.read().channels[0].said["url"] == "https://hooks.example.com/x"

    monkeypatch.delenv("SLACK_URL")
    assert refusal().endswith("the environment variable SLACK_URL is not set here")
    assert len(settings.read(with_values=False).channels) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o622])
def test_a_file_that_others_may_read_or_write_is_refused(write: Write, mode: int) -> None:
    path = write(one(type="desktop"), mode)

    assert refusal() == f"{path} holds secrets, and others may read it: chmod 600 {path}"


def test_what_is_no_file_hangs_nothing(write: Write) -> None:
    path = write({})
    path.unlink()
    os.mkfifo(path)

    assert refusal() == f"{path} is not a file"


REFUSED = {
    "no JSON": ("channels:", "is not valid JSON"),
    "a word that is none": ({"chanels": []}, "says 'chanels'; it can say on, channels"),
    "no list": ({"channels": {}}, 'channels is a list such as [{"type": "ntfy"'),
    "no type": ({"channels": [{"url": "x"}]}, "the types are desktop, mail, slack"),
    "another type": (one(type="pager"), "the types are desktop, mail, slack"),
    "no address": (one(type="slack"), "a channel slack needs url"),
    "no host": (one(type="mail", to="a"), "a channel mail needs to and host"),
    "a key too many": (one(type="desktop", url="x"), "a channel desktop says 'url'"),
    "another scheme": (one(type="slack", url="file:///etc/passwd"), "begins with https://"),
    "no scheme": (one(type="slack", url="hooks.example.com"), "begins with https://"),
    "a port": (one(type="mail", to="a", host="b", port="x"), "is a number from 1 to 65535"),
    "no text": (one(type="slack", url=3), "url of a channel slack is a text"),
    "no words": (one(type="command", command=[]), "is a text or a list of texts"),
    "an end": ({"on": ["done"]}, "on is one of completed, failed, canceled, ended, never"),
    "no end": ({"on": 3}, "on is one of completed"),
}


@pytest.mark.parametrize(("said", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_said_is_refused_with_the_file(write: Write, said: Any, told: str) -> None:
    path = write(said)

    assert refusal().startswith(str(path))
    assert told in refusal()
