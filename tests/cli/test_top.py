"""`homerun top` in a real pseudo-terminal; what it shows is read off a terminal's screen."""

from __future__ import annotations

import re
import signal
import sys

import pyte
import pytest

from homerun import Experiment, ScriptRunConfig, Workspace

LEFT = b"\x1b[?1049l"
"""What gives the terminal back as it was."""

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
        # pyte does not know the sequences that begin with CSI and `>`, `<` or `=`, and prints them.
        new = re.sub(rb"\x1b\[[><=][0-9;]*[a-z]", b"", self.shown.raw[self._seen :])
        self._stream.feed(re.sub(rb"\x1b\[\?[0-9;]*\$p", b"", new))
        self._seen = len(self.shown.raw)
        return [line.rstrip() for line in self._screen.display]

    def until(self, pattern):
        """Read until a line is like a pattern; the line."""
        while True:
            found = [line for line in self.lines if re.search(pattern, line)]
            if found:
                return found[0]
            assert self.shown.more(), f"{pattern!r} was never shown: {self.lines}"

    def until_all(self, *patterns):
        """Read until there is a line like each of these."""
        for pattern in patterns:
            self.until(pattern)

    def until_place(self, at, start):
        """Read until a line begins like this."""
        while not self.lines[at].startswith(start):
            assert self.shown.more(), f"{start!r} never stood in line {at}: {self.lines}"

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

    def quit(self):
        """Press q; the exit code."""
        self.press(b"q")
        code = self.shown.end()
        assert LEFT in self.shown.raw
        return code


@pytest.fixture
def top(terminal):
    """Show runs on a terminal of a size: `top(words…)`."""

    def begin(*words, command=("top",), wide=80, high=24, **variables):
        shown = terminal(*command, *words, size=(high, wide), **variables)
        return Screen(shown, wide, high)

    return begin


@pytest.fixture
def live(workspace_dir, script, ready):
    """A run that goes on, and one that is over."""
    source = f"""
        import signal
        from homerun import Run
        run = Run.get_context()
        run.log("loss", 0.75, step=6)
        run.log("loss", 0.25, step=7)
        print("first line")
        print("10%\\r20%\\r30%")
        print("a \\x1b[2J bell \\x07, \\x1b[31mred\\x1b[0m, [bold]plain[/bold]")
        {ready.opened}.write("up\\n")
        signal.pause()
    """
    script("endless.py", source)
    workspace = Workspace.from_config()
    with Experiment(workspace, "old").start_logging("done", snapshot_directory=None) as done:
        done.log("accuracy", 0.9)
    config = ScriptRunConfig("source", "endless.py", ["--rate", "0.1"])
    run = Experiment(workspace, "digits").submit(config, tags={"lr": "0.1"}, run_id="live")
    ready.line()
    yield run
    run.cancel()
    run.wait_for_completion()


@pytest.mark.parametrize("command", [("top",), ("run", "watch")])
def test_what_runs_stands_first_with_its_parameters_and_its_metric(top, live, command):
    screen = top(command=command)

    screen.until_all(
        r"^ homerun top +1 Running · 1 ended$",
        r"^ exp. +# name +status +parameters ",
        r"digits +1 endless.py ▶ Running +rate=0.1 +0.25 █▁ +\d+ s",
        r"^ old +1 done +✓ Completed +accuracy 0.9",
        r"^ s stop  r rerun  t tag  / filter .*\? help  q quit$",
    )
    order = [line.split()[0] for line in screen.lines[1:4]]
    assert order == ["exp.", "digits", "old"]
    assert screen.quit() == 0


def test_the_goal_of_the_project_is_the_metric_that_is_looked_at(top, live, workspace_dir):
    (workspace_dir / "homerun.toml").write_text('maximize = ["accuracy"]\n')
    screen = top()

    screen.until_all("parameters +accuracy +time", "done +✓ Completed +0.9 ")
    assert not any("0.25" in line for line in screen.lines[:4])
    screen.press(b"o")
    screen.until("^ by accuracy, the largest first")

    assert screen.quit() == 0


def test_the_pane_follows_the_log_of_the_selected_run_and_obeys_nothing_in_it(top, live):
    screen = top(wide=140)

    hostile = r"│ a \\x1b\[2J bell \\x07, red, \[bold\]plain\[/bold\]$"
    screen.until_all("│ first line$", "│ 30%$", hostile)
    with open(f"{live.directory}/user_logs/std_log.txt", "a") as log:
        log.write("one more\n")
    screen.until("│ one more$")
    assert screen.quit() == 0


def test_keys_tag_and_stop_the_selected_run(top, live):
    screen = top()
    screen.until("Running")

    screen.press(b"t")
    screen.until("^ tag of digits #1: key=value")
    screen.press("größe=gut\r".encode())
    screen.until("digits #1 has the tag größe=gut")
    screen.press(b"s")
    screen.until(r"^ stop digits #1\? y/n")
    screen.press(b"y")
    screen.until("◼ Canceled")

    assert screen.quit() == 0
    assert live.get_tags() == {"lr": "0.1", "größe": "gut"}
    assert live.get_status() == "Canceled"


def test_a_run_is_submitted_again_by_a_key(top, workspace_dir, script):
    script("quick.py", "print('hello')")
    experiment = Experiment(Workspace.from_config(), "digits")
    run = experiment.submit(ScriptRunConfig("source", "quick.py"))
    run.wait_for_completion()
    screen = top()
    screen.until("Completed")

    screen.press(b"r")
    screen.until(r"^ submit digits #1 again\? y/n")
    screen.press(b"y")
    screen.until("^ digits #1 was submitted again: digits_")
    screen.until("2 quick.py ✓ Completed")

    assert screen.quit() == 0
    assert len(list(experiment.get_runs())) == 2


def test_words_and_conditions_filter(top, live):
    screen = top()
    screen.until("accuracy")

    screen.press(b"/LR=0.1\r")
    screen.until("^ homerun top +1 Running · 0 ended · /LR=0.1$")
    screen.until_gone("accuracy")
    screen.press(b"\x1b")
    screen.until("accuracy")
    screen.press(b"/metrics.accuracy > 0.5 and old\r")
    screen.until_gone("endless.py")
    screen.until("accuracy")
    screen.press(b"\x1b")
    screen.until("endless.py")
    screen.press(b"/speed < 3\r")
    screen.until("^ there is no field 'speed'")

    assert screen.quit() == 0


def test_a_new_run_and_its_end_appear_by_themselves(top, workspace_dir):
    experiment = Experiment(Workspace.from_config(), "digits")
    screen = top()
    screen.until("^ no runs")

    run = experiment.start_logging("new", snapshot_directory=None)
    screen.until("1 new +▶ Running")
    run.complete()
    screen.until("1 new +✓ Completed")

    assert screen.quit() == 0


def test_a_window_of_another_size_is_filled_again(top, live):
    screen = top()
    screen.until("Running")

    screen.resize(130, 30)
    screen.until("│ first line$")
    screen.until_place(29, " s stop")
    screen.resize(40, 8)
    screen.until_place(0, " homerun top")
    screen.until_place(7, " s stop  r rerun  t tag  / filter")

    assert screen.quit() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_the_terminal_back_and_ends_no_run(top, live, number, code):
    screen = top()
    before = screen.shown.mode()
    screen.until("Running")
    assert screen.shown.mode() != before

    screen.shown.process.send_signal(number)

    assert screen.shown.end() == code
    assert LEFT in screen.shown.raw
    assert live.get_status() == "Running"


def test_it_ends_with_its_window(top, live):
    screen = top()
    screen.until("Running")

    assert screen.shown.hang_up() == 128 + signal.SIGHUP
    assert live.get_status() == "Running"


def test_ctrl_c_quits_also_while_something_is_typed(top, live):
    screen = top()
    screen.until("Running")

    screen.press(b"/some\x03")

    assert screen.shown.end() == 130
    assert live.get_status() == "Running"


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(top, live):
    screen = top(program=[sys.executable, "-c", SHELL])
    screen.until("Running")

    screen.press(b"\x1a")
    screen.shown.until(b"stopped\r\n")
    assert screen.shown.raw.rindex(LEFT) < screen.shown.raw.index(b"stopped")
    assert screen.quit() == 0


def test_one_run_is_shown_with_all_below_it(top, workspace_dir):
    experiment = Experiment(Workspace.from_config(), "digits")
    experiment.start_logging("other", snapshot_directory=None).complete()
    with experiment.start_logging("parent", snapshot_directory=None, run_id="parent") as parent:
        parent.child_run("child").complete()
    screen = top("parent")

    screen.until("child +✓ Completed")

    assert not any("other" in line for line in screen.lines)
    assert screen.quit() == 0


def test_without_colours_there_are_none(top, live):
    screen = top(NO_COLOR="1")

    screen.until("▶ Running")

    assert screen.quit() == 0
    assert not re.search(rb"\x1b\[[0-9;]*\b(3[0-7]|4[0-7]|[34]8;)", screen.shown.raw)


@pytest.mark.parametrize("command", ["top", "run watch"])
def test_without_a_terminal_it_says_what_to_do_instead(invoke, command):
    done = invoke(*command.split())

    assert done.code == 1
    assert done.err == (
        f"homerun: {command} needs a terminal; homerun run list shows the runs once\n"
    )


NEEDS = (
    "homerun: homerun top needs textual, which is not installed: "
    f"{sys.executable} -m pip install textual\r\n"
).encode()
UNTIL_READ = """
import sys
sys.modules["textual"] = None
from homerun.cli import main
from homerun.cli.commands.run import watch
watch._PATIENCE_S = 60
main()
"""


def test_without_textual_it_shows_the_runs_gives_the_terminal_back_and_says_what_to_install(
    top, live
):
    screen = top(program=[sys.executable, "-c", UNTIL_READ])
    before = screen.shown.mode()

    assert screen.shown.end() == 1
    first, _, after = screen.shown.raw.partition(LEFT)
    assert "▶ Running".encode() in first
    assert after == NEEDS
    assert screen.shown.mode() == before
