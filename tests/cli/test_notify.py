"""`homerun notify test`: each channel is tried, and each result is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import servers
from homerun.notify import settings


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def act(*channels: dict[str, Any]) -> None:
        path = tmp_path / "config" / settings.PLACE
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"channels": list(channels)}))
        path.chmod(0o600)

    return act


def test_each_channel_is_tried_and_one_that_fails_is_the_exit_code(configure, invoke):
    port = servers.closed_port()
    with servers.serving(servers.web()) as server:
        good = {"type": "webhook", "url": f"http://127.0.0.1:{server.port}/secret"}
        configure(good, {"type": "slack", "url": f"http://127.0.0.1:{port}/secret"})
        done = invoke("notify", "test", "-o", "json")

    first, second = done.json
    assert done.code == 1
    assert first == {"channel": f"webhook (127.0.0.1:{server.port})", "sent": True, "error": None}
    assert second["channel"] == f"slack (127.0.0.1:{port})"
    assert "Connection refused" in second["error"]
    assert "secret" not in done.text


def test_without_a_channel_it_says_what_to_write(configure, invoke, tmp_path):
    done = invoke("notify", "test")

    assert done.code == 1
    assert f"no channel is named in {tmp_path}/config/homerun/notify.json: write {{" in done.err
