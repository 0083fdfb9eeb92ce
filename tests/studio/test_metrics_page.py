"""`/metrics`: what Prometheus reads, in its text format, and for a program that has the token."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.asgi import Client
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.system.gpus.devices import Device, GpuReading
from homerun.views.live import scrape

from .conftest import Shelf

TOKEN = "a-token-of-this-test"
LINE = re.compile(r'[a-z_]+\{([a-z]+="(\\.|[^"\\])*",?)+\} -?[0-9.e+]+')


def ask(client: Client, **headers: str) -> Any:
    return client.get(f"{client.base}/metrics", headers=headers)


def numbers(text: str) -> dict[str, float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


@pytest.fixture
def runs(script: Callable[..., Path]) -> list[Run]:
    """One that completed, one that failed, one that was declared failed, one that waits."""
    script("train.py", "import sys; sys.exit(int(sys.argv[1]))")
    workspace = Workspace.from_config()
    workspace.targets.add("big", slots=2)
    workspace.queue("big").pause()
    experiment = Experiment(workspace, "digits")
    made = []
    for code in ("0", "3", "0"):
        made.append(experiment.submit(ScriptRunConfig("source", "train.py", [code])))
        made[-1].wait_for_completion(raise_on_error=False)
    made[2].fail("looks wrong")
    waits = ScriptRunConfig("source", "train.py", ["0"], compute_target="big")
    made.append(experiment.submit(waits))
    return made


def test_runs_failures_queues_and_slots_are_counted(
    shelf: Callable[..., Shelf], runs: list[Run]
) -> None:
    answer = ask(shelf(token=TOKEN).client, authorization=f"Bearer {TOKEN}")
    found = numbers(answer.text)
    runs[3].cancel()

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert found['homerun_runs{status="Completed",target="local"}'] == 1
    assert found['homerun_runs{status="Failed",target="local"}'] == 2
    assert found['homerun_runs{status="Queued",target="big"}'] == 1
    assert found['homerun_failures{cause="exit_code"}'] == 1
    assert found['homerun_failures{cause="declared"}'] == 1
    assert found['homerun_queue_length{target="big"}'] == 1
    assert found['homerun_queue_length{target="local"}'] == 0
    assert found['homerun_queue_longest_wait_seconds{target="big"}'] >= 0
    assert found['homerun_slots{target="big"}'] == 2
    assert found['homerun_slots_busy{target="big"}'] == 0
    for line in answer.text.splitlines():
        assert line.startswith(("# HELP homerun_", "# TYPE homerun_")) or LINE.fullmatch(line)


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN} more"]
)
def test_without_the_token_nothing_is_told(shelf: Callable[..., Shelf], said: str) -> None:
    client = shelf(token=TOKEN).client
    answer = ask(client, **({"authorization": said} if said else {}))

    assert answer.status == 401
    assert json.loads(answer.text)["error"]["code"] == "signed_out"
    assert "homerun_runs" not in answer.text


def test_where_there_is_no_token_no_one_is_let_in(shelf: Callable[..., Shelf]) -> None:
    answer = ask(shelf().client, authorization="Bearer ")

    assert answer.status == 401
    assert "HOMERUN_STUDIO_TOKEN" in json.loads(answer.text)["error"]["message"]


def test_gpus_are_told_where_there_are_any(
    shelf: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = GpuReading(Device("0", "GPU-1", "H100 PCIe", 80 << 30, "CUDA_VISIBLE_DEVICES"))
    one.percent, one.used = 42.0, 31 << 30
    monkeypatch.setattr("homerun.system.gpus.table.readings", lambda: [one])
    monkeypatch.setattr("homerun.system.gpus.shares.holders", lambda device: [object()])
    found = numbers(ask(shelf(token=TOKEN).client, authorization=f"Bearer {TOKEN}").text)

    labels = '{gpu="0",name="H100 PCIe"}'
    assert found[f"homerun_gpu_busy_percent{labels}"] == 42
    assert found[f"homerun_gpu_memory_used_bytes{labels}"] == pytest.approx(31 << 30)
    assert found[f"homerun_gpu_runs{labels}"] == 1


def test_a_label_can_hold_any_text() -> None:
    text = scrape.family("a", 'a \\ "b"\nc', [({"k": 'a"b\\c\nd'}, 1.5), ({"k": "ü"}, 1e15)])

    assert text == (
        '# HELP a a \\\\ "b"\\nc\n# TYPE a gauge\na{k="a\\"b\\\\c\\nd"} 1.5\na{k="ü"} 1e+15\n'
    )
