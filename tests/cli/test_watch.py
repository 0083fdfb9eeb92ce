"""`run watch` in a real pseudo-terminal; what it shows is read off a terminal's screen."""

from __future__ import annotations

import re
import signal
import sys

import pyte
import pytest

from homerun import Experiment, ScriptRunConfig, Workspace

SHELL = """
import os, signal, subprocess, sys
def take_terminal():
    os.setpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
job = subprocess.Popen([sys.executable, "-m", "homerun", *sys.argv[1:]], preexec_fn=take_terminal)
if os.WIFSTOPPED(os.waitpid(job.pid, os.WUNTRACED)[1]):
    os.write(1, b"stopped\\n")
    os.kill(job.pid, signal.SIGCONT)
sys.exit(job.wait())
"""
"""What a shell does with Ctrl-Z and `fg`."""


class Screen:
    """The screen of a command on a terminal."""

    def __init__(self, shown, wide=80, high=24):
        self.shown = shown
        self._screen = pyte.Screen(wide, high)
        self._stream = pyte.ByteStream(self._screen)
        self._seen = 0

    @property
    def lines(self):
        """The lines as they stand there."""
        self._stream.feed(self.shown.raw[self._seen :])
        self._seen = len(self.shown.raw)
        return [line.rstrip() for line in self._screen.display]

    def until(self, pattern):
        """Read until a line is like a pattern; the line."""
        while True:
            found = [line for line in self.lines if re.search(pattern, line)]
            if found:
                return found[0]
            assert self.shown.more(), f"{pattern!r} was never shown: {self.lines}"

    def until_gone(self, pattern):
        """Read until no line is like a pattern."""
        while any(re.search(pattern, line) for line in self.lines):
            assert self.shown.more(), f"{pattern!r} stayed: {self.lines}"

    def press(self, keys):
        """Type something."""
        self.shown.press(keys)

    def resize(self, wide, high):
        """Make the window another size."""
        self.shown.resize(high, wide)
        self._screen.resize(high, wide)


@pytest.fixture
def watch(terminal):
    """Watch runs on a terminal of a size: `watch(words…)`."""

    def begin(*words, wide=80, high=24, **variables):
        shown = terminal("run", "watch", *words, size=(high, wide), **variables)
        return Screen(shown, wide, high)

    return begin


@pytest.fixture
def live(workspace_dir, script, ready):
    """A run that goes on, and one that is over."""
    source = f"""
        import signal
        from homerun import Run
        run = Run.get_context()
        run.log("loss", 0.25, step=7)
        print("first line")
        print("10%\\r20%\\r30%")
        print("a \\x1b[2J bell \\x07")
        {ready.opened}.write("up\\n")
        signal.pause()
    """
    script("endless.py", source)
    workspace = Workspace.from_config()
    with Experiment(workspace, "old").start_logging("done", snapshot_directory=None) as done:
        done.log("accuracy", 0.9)
    config = ScriptRunConfig("source", "endless.py")
    run = Experiment(workspace, "digits").submit(config, tags={"lr": "0.1"}, run_id="live")
    ready.line()
    yield run
    run.cancel()
    run.wait_for_completion()


def test_what_goes_on_stands_first_with_its_metrics(watch, live):
    screen = watch()

    screen.until(r"^live +Running +\d+ s .*loss 0.25  step 7$")
    assert screen.lines[0] == "runs: 1 Running, 1 over"
    assert screen.lines[1].split() == ["run", "status", "elapsed", "experiment", "#", "metrics"]
    assert screen.lines[3].endswith("accuracy 0.9")
    assert screen.lines[23].startswith("↑↓ select  l log  c cancel")
    screen.press(b"q")
    assert screen.shown.end() == 0
    assert screen.shown.raw.endswith(b"\x1b[?25h\x1b[?1049l")


def test_a_wide_terminal_shows_all_columns(watch, live):
    screen = watch("-e", "digits", wide=200)

    screen.until(r"^live  +Running .* digits +1 +endless.py +lr=0.1 +loss 0.25  step 7$")
    assert len([line for line in screen.lines if line]) == 4
    screen.press(b"q")
    assert screen.shown.end() == 0


def test_keys_follow_a_log_tag_find_the_folder_and_cancel(watch, live):
    screen = watch()
    screen.until("^live")

    screen.press(b"\r")
    screen.until("^log of live: Running$")
    assert screen.lines[1:4] == ["first line", "30%", r"a \x1b[2J bell \x07"]
    screen.press(b"q")
    screen.until("^live")
    screen.press(b"t")
    screen.until("^tag")
    screen.press("größe=gut\r".encode())
    screen.until("run live has the tag größe=gut")
    screen.press(b"o")
    screen.until(f"^{re.escape(live.directory[:70])}")
    screen.press(b"c")
    screen.until(r"^cancel live\? y/n")
    screen.press(b"y")
    screen.until("^live +Canceled")

    screen.press(b"q")
    assert screen.shown.end() == 0
    assert live.get_tags() == {"lr": "0.1", "größe": "gut"}
    assert live.get_status() == "Canceled"


def test_what_is_typed_filters_and_help_lies_over_the_table(watch, live):
    screen = watch()
    screen.until("^live")

    screen.press(b"/Lr\r")
    screen.until("^runs: 1 Running, 0 over; 1 of 2 with 'Lr'$")
    screen.until_gone("accuracy")
    screen.press(b"?")
    screen.until("^c +cancel it, after a question")
    screen.press(b"?\x1b")
    screen.until("accuracy")
    screen.press(b"q")
    assert screen.shown.end() == 0


def test_a_new_run_and_its_end_appear_by_themselves(watch, workspace_dir):
    experiment = Experiment(Workspace.from_config(), "digits")
    screen = watch()
    screen.until("^runs: no runs")

    run = experiment.start_logging(snapshot_directory=None, run_id="new")
    screen.until("^new +Running")
    run.complete()
    screen.until("^new +Completed")

    screen.press(b"q")
    assert screen.shown.end() == 0


def test_a_window_of_another_size_is_filled_anew(watch, live):
    screen = watch()
    screen.until("^live")

    screen.resize(120, 10)
    screen.until(r"lr=0.1 +loss")

    assert screen.lines[9].startswith("↑↓ select")
    screen.resize(30, 5)
    screen.until("^↑↓ select  l log  c cancel  …$")
    assert re.match("old_.*…$", screen.lines[3])
    screen.press(b"q")
    assert screen.shown.end() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_the_terminal_back_and_ends_no_run(watch, live, number, code):
    screen = watch()
    before = screen.shown.mode()
    screen.until("^live")
    assert screen.shown.mode() != before

    screen.shown.process.send_signal(number)

    assert screen.shown.end() == code
    assert screen.shown.raw.endswith(b"\x1b[?25h\x1b[?1049l")
    assert live.get_status() == "Running"


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(watch, live):
    screen = watch(program=[sys.executable, "-c", SHELL])
    screen.until("^live")

    screen.press(b"\x1a")
    screen.shown.until(b"\x1b[?25h\x1b[?1049lstopped\r\n")
    screen.press(b"q")
    assert screen.shown.end() == 0


def test_one_run_is_watched_with_all_below_it(watch, workspace_dir):
    experiment = Experiment(Workspace.from_config(), "digits")
    experiment.start_logging(snapshot_directory=None, run_id="other").complete()
    with experiment.start_logging(snapshot_directory=None, run_id="parent") as parent:
        parent.child_run("one", run_id="child").complete()
    screen = watch("parent")

    screen.until("^child")

    assert not any(line.startswith("other") for line in screen.lines)
    screen.press(b"q")
    assert screen.shown.end() == 0


def test_without_a_terminal_it_says_what_to_do_instead(invoke):
    done = invoke("run", "watch")

    assert done.code == 1
    assert done.err == (
        "homerun: run watch needs a terminal; homerun run list shows the runs once\n"
    )
