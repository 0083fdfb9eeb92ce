"""Studio's server in this process, over a real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.asgi import Client
from helpers.schema import CheckedClient
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.studio import app
from homerun.studio.assets import Asset
from homerun.studio.http.auth import Door
from homerun.studio.http.middleware import Hosts
from homerun.studio.state import Desk

TRAIN = """
    import sys
    from homerun import Run

    run = Run.get_context()
    for step in range(20):
        run.log("loss", 1 / (step + 1), step=step)
    run.log("acc", float("nan"))
    run.log_list("many", [1, 2, 3])
    run.log_row("rows", a=1, b="two")
    run.log("note", "a text")
    with open("outputs/table.csv", "w") as file:
        file.write("a,b\\n1,2\\n")
    with open("outputs/page.html", "w") as file:
        file.write("<script>alert(1)</script>")
    print("first line")
    print("an Error: of no meaning", sys.argv[1:])
    print("last line")
"""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

INDEX = Asset("index.html", b"<!doctype html><script src=assets/app-1.js></script>")
SCRIPT = Asset("assets/app-1.js", b"x();" * 500)


class Shelf:
    """A workspace with runs, and a server over it."""

    def __init__(self, workspace: Workspace, **options: Any) -> None:
        self.workspace = workspace
        self.desk = Desk(
            workspace, Door(options.pop("token", None)), options.pop("read_only", False)
        )
        hosts = Hosts(options.pop("hosts", ()), options.pop("is_remote", False))
        options.setdefault("static", {asset.path: asset for asset in (INDEX, SCRIPT)})
        self.app = app.made(self.desk, hosts, **options)
        self.client = CheckedClient(self.app)

    def sign_in(self) -> Client:
        """The client with a session."""
        code = self.desk.door.new_code()
        answer = self.client.get(f"{self.client.base}/login?code={code}")
        self.client.take(answer)
        return self.client

    def close(self) -> None:
        """End it."""
        self.desk.close()
        self.client.__exit__(None, None, None)


@pytest.fixture
def shelf(workspace_dir: Path) -> Iterator[Callable[..., Shelf]]:
    """Make a server over the workspace of this folder; ended after the test."""
    made: list[Shelf] = []

    def make(**options: Any) -> Shelf:
        base = options.get("base", "")
        made.append(Shelf(Workspace.from_config(), **options))
        made[-1].client.base = base
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def client(shelf: Callable[..., Shelf]) -> Client:
    """A client that is signed in, over an empty store."""
    return shelf().sign_in()


@pytest.fixture
def trained(script: Callable[..., Path]) -> Run:
    """A run of a script that has logged, printed and written something."""
    return train(script, ["--lr", "0.1"], lr="0.1")


def train(script: Callable[..., Path], arguments: list[str], **tags: str) -> Run:
    """Run the script to its end."""
    script("train.py", TRAIN)
    config = ScriptRunConfig("source", "train.py", arguments)
    run = Experiment(Workspace.from_config(), "digits").submit(config, tags)
    run.wait_for_completion()
    return run
