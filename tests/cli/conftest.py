"""The command as users start it: a process of its own, with pipes or on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers import answers
from helpers.wait import DEADLINE_S, deadline
from homerun import Experiment, Run, Workspace
from homerun.cli import entry

COMMAND = [sys.executable, "-m", "homerun"]
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Done:
    """A command that has ended."""

    def __init__(self, code: int, out: bytes, err: bytes, args: Sequence[str] = ()) -> None:
        self.code = code
        self.out = out
        self.err = err.decode()
        self._args = args

    @property
    def json(self) -> Any:
        """Standard output as strict JSON, which has the schema of its command."""
        value = json.loads(self.out, parse_constant=_refuse)
        answers.check(self._args, value)
        return value

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def last_line(self) -> str:
        """The last line on standard error."""
        return self.err.splitlines()[-1]


class Terminal:
    """The command on a terminal, of 24 lines and 80 columns unless said otherwise."""

    def __init__(
        self,
        *args: str,
        size: tuple[int, int] = (24, 80),
        program: Sequence[str] = COMMAND,
        **variables: str,
    ) -> None:
        self._left = deadline(2 * DEADLINE_S)
        self._master, slave = os.openpty()
        self.resize(*size)
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [*program, *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**kept, "TERM": "xterm-256color", **variables},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - a test has one thread
        )
        os.close(slave)
        self.raw = b""

    @property
    def text(self) -> str:
        """What was shown, without its colours."""
        return _ESCAPE.sub("", self.raw.decode()).replace("\r\n", "\n")

    def until(self, word: bytes, times: int = 1) -> None:
        """Read until a word was shown so often."""
        while self.raw.count(word) < times:
            assert self._read(), f"{word!r} was never shown: {self.raw!r}"

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._master, keys)

    def resize(self, lines: int, columns: int) -> None:
        """Make it another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def mode(self) -> list[object]:
        """How its keys are read now."""
        return termios.tcgetattr(self._master)

    def more(self) -> bytes:
        """Read what is shown next; nothing: that was all."""
        return self._read()

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return self.process.wait(DEADLINE_S)

    def hang_up(self) -> int:
        """Close the window; the exit code, as a shell has it."""
        os.close(self._master)
        self._master = -1
        code = self.process.wait(DEADLINE_S)
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """End what a failed test has left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master >= 0:
            os.close(self._master)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._master], [], [], DEADLINE_S)
        assert ready, f"nothing more was shown: {self.raw!r}"
        # What is drawn again and again would else be waited for without an end.
        assert self._left(), f"it goes on and on: {self.raw[-2000:]!r}"
        try:
            part = os.read(self._master, 65536)
        except OSError:  # the last process has closed the other end
            part = b""
        self.raw += part
        return part


def _take_terminal() -> None:
    """Make standard input the terminal whose Ctrl-C reaches this session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


@pytest.fixture
def cli(workspace_dir: Path) -> Callable[..., Done]:
    """Run a command to its end, with pipes: `cli("run", "list")`."""

    def run(*args: str, **variables: str) -> Done:
        done = subprocess.run(
            [*COMMAND, *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **variables},
            timeout=2 * DEADLINE_S,
        )
        return Done(done.returncode, done.stdout, done.stderr, args)

    return run


@pytest.fixture
def invoke(workspace_dir: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Done]:
    """Run a command in this process, with pipes for its output."""

    def run(*args: str) -> Done:
        capsysbinary.readouterr()
        code = entry.run_command_line(list(args))
        return Done(code, *capsysbinary.readouterr(), args)

    return run


@pytest.fixture
def start(workspace_dir: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a command with pipes, and leave it running."""
    made: list[subprocess.Popen[bytes]] = []

    def begin(*args: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        made.append(
            subprocess.Popen([*COMMAND, *args], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
        )
        return made[-1]

    yield begin
    for process in made:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait()


@pytest.fixture
def terminal(workspace_dir: Path) -> Iterator[Callable[..., Terminal]]:
    """Start a command on a terminal."""
    made: list[Terminal] = []

    def begin(*args: str, **variables: Any) -> Terminal:
        made.append(Terminal(*args, **variables))
        return made[-1]

    yield begin
    for one in made:
        one.close()


@pytest.fixture
def submit(cli: Callable[..., Done]) -> Callable[..., dict[str, Any]]:
    """Submit a script of the current folder, follow it to its end, and give its row."""

    def run(*args: str, experiment: str = "digits") -> dict[str, Any]:
        done = cli("run", "submit-script", "-o", "json", "-e", experiment, *args)
        row: dict[str, Any] = done.json
        return row

    return run


@pytest.fixture
def runs(workspace_dir: Path) -> list[Run]:
    """Two runs that Completed and one that Failed; the first has a child."""
    experiment = Experiment(Workspace.from_config(), "digits")
    made = []
    for number in (1, 2, 3):
        run = experiment.start_logging(
            run_id=f"digits-{number}", snapshot_directory=None, outputs=False
        )
        if number == 1:
            run.child_run(run_id="child").complete()
        run.complete()
        made.append(run)
    made[2].fail("no")
    return made
