"""A notebook: cells that are executed one after the other in a kernel, as Jupyter does it."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from helpers.wait import DEADLINE_S

UNDER_HOMERUN = ("-m", "homerun.azureml")
"""What stands in front of `-m ipykernel_launcher` where Jupyter was started by homerun."""

_VALUE = "value of the last expression: "


class Cell:
    """What a cell has given."""

    def __init__(self) -> None:
        self.text = ""
        self.html: list[str] = []
        self.error = ""

    def add(self, message: dict[str, Any]) -> None:
        """Take one message of the kernel."""
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            self.text += content["text"]
        elif kind in ("execute_result", "display_data", "update_display_data"):
            self.text += content["data"].get("text/plain", "") + "\n"
            self.html += [content["data"]["text/html"]] if "text/html" in content["data"] else []
        elif kind == "error":
            self.error = f"{content['ename']}: {content['evalue']}"


class Notebook:
    """A kernel of its own in a folder, until `close`.

    Args:
        before: arguments of the kernel's Python, before `-m ipykernel_launcher`.
    """

    def __init__(self, folder: Path, *before: str) -> None:
        self._context = zmq.Context()
        self._folder = folder
        self._log = open(folder.parent / "kernel.log", "ab")  # noqa: SIM115 - closed by close
        self._manager = KernelManager(
            context=self._context,
            connection_file=str(folder.parent / "kernel.json"),
        )
        launched = [sys.executable, *before, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._manager.kernel_spec.argv = launched
        self._begin()

    def cell(self, source: str) -> Cell:
        """Execute a cell; it must not fail."""
        done = self.try_cell(source)
        if done.error:
            pytest.fail(f"a cell failed with {done.error}\n{done.text}\n{source}", pytrace=False)
        return done

    def try_cell(self, source: str) -> Cell:
        """Execute a cell that may fail."""
        done = Cell()
        self._client.execute_interactive(
            textwrap.dedent(source), timeout=2 * DEADLINE_S, output_hook=done.add, allow_stdin=False
        )
        return done

    def value(self, expression: str) -> Any:
        """What an expression is in the kernel, by way of JSON."""
        text = self.cell(f"import json; print({_VALUE!r} + json.dumps({expression}))").text
        return json.loads(text.rpartition(_VALUE)[2])

    def restart(self) -> None:
        """Restart the kernel, as the button in Jupyter does: it is asked to end."""
        self._end()
        self._begin()

    def crash(self) -> None:
        """Kill the kernel with SIGKILL, and start another."""
        self._end(now=True)
        self._begin()

    def close(self) -> None:
        """End the kernel."""
        self._end()
        self._manager.cleanup_resources()
        self._context.destroy(linger=0)
        self._log.close()

    def _begin(self) -> None:
        self._manager.start_kernel(cwd=str(self._folder), stderr=self._log)
        self._client: BlockingKernelClient = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=2 * DEADLINE_S)

    def _end(self, now: bool = False) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=now, restart=True)
