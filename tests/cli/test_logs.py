"""`run logs` and `run metrics --csv`: whole, exact, folded for people, to the end of the run."""

from __future__ import annotations

import csv
import io
import signal
from pathlib import Path

import pytest

from helpers.wait import DEADLINE_S
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.cli.output import log_filter

BINARY = bytes(range(256)) + b"\xff\xfe broken \xe2\x82\n"
BAR = b"\r 10%\r 50%\r100%\nepoch 1 loss 0.5\nepoch 2 loss 0.25\n"
REST = "last line without an end, größe".encode()


@pytest.fixture
def done(workspace_dir, script):
    """A run that has printed a bar, lines, what is no text, and an unfinished line."""
    script("prints.py", f"import os\nos.write(1, {BAR + BINARY + REST!r})")
    run = submit("prints.py")
    run.wait_for_completion()
    return run


def submit(name, **options):
    config = ScriptRunConfig("source", name, **options)
    return Experiment(Workspace.from_config(), "logs").submit(config)


def test_a_bar_is_folded_and_what_is_no_text_stays_as_it_is(invoke, done):
    assert invoke("run", "logs", done.id).out == BAR.replace(b"\r 10%\r 50%\r", b"") + BINARY + REST
    assert invoke("run", "logs", done.id, "--raw").out == BAR + BINARY + REST
    assert invoke("run", "logs", done.id, "--no-fold").out == BAR + BINARY + REST


def test_the_newest_run_is_meant_where_none_is_named(invoke, done):
    shown = invoke("run", "logs", "--tail", "1")

    assert (shown.out, shown.err) == (REST, f"logs of run {done.id}\n")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--tail", "0"), b""),
        (("--tail", "99", "--grep", "loss"), b"epoch 1 loss 0.5\nepoch 2 loss 0.25\n"),
        (("--tail", "1", "--grep", "loss"), b"epoch 2 loss 0.25\n"),
        (("--grep", "größe$"), REST),
        (("--grep", "^100%$"), b"100%\n"),
        (("--grep", "never there"), b""),
        (("--grep", "(.*.*)*never there"), b""),
        (("--file", "std_log.txt", "--tail", "1"), REST),
    ],
)
def test_some_lines_are_shown(invoke, done, words, shown):
    assert invoke("run", "logs", done.id, *words).out == shown


def test_followed_to_the_end_its_code_tells_how_the_run_went(invoke, done, script):
    followed = invoke("run", "logs", done.id, "-f", "--grep", "loss")
    script("fails.py", "print('before')\nraise SystemExit(3)")
    failed = submit("fails.py")

    assert (followed.code, followed.out.count(b"loss")) == (0, 2)
    assert followed.err.startswith("Completed in ")
    failed = invoke("run", "logs", failed.id, "-f")
    assert (failed.code, failed.out) == (1, b"before\n")
    assert "exit code 3" in failed.last_line


def test_asked_for_a_result_standard_output_holds_that_alone(invoke, done):
    shown = invoke("run", "logs", done.id, "--tail", "1", "-o", "json", "--query", "status")

    assert shown.json == "Completed"
    assert shown.err.endswith(REST.decode())


def test_a_log_that_is_not_there_is_told_with_those_that_are(invoke, done):
    shown = invoke("run", "logs", done.id, "--file", "train.log")

    assert shown.code == 1
    assert shown.err == (
        f"homerun: run {done.id} has no log 'train.log'; "
        "its logs: user_logs/std_log.txt, supervisor.log\n"
    )


@pytest.mark.parametrize(
    "words", [("--grep", "lo("), ("--raw", "--fold"), ("--raw", "--grep", "x"), ("--tail", "-1")]
)
def test_what_makes_no_sense_is_told_in_a_line(invoke, done, words):
    shown = invoke("run", "logs", done.id, *words)

    assert (shown.code, shown.out, shown.err.count("\n")) == (2, b"", 1)


def test_ctrl_c_ends_the_watching_quietly_and_no_run(start, script, ready):
    script(
        "endless.py", f"import signal\nprint('up')\n{ready.opened}.write('up\\n')\nsignal.pause()"
    )
    run = submit("endless.py")
    ready.line()
    process = start("run", "logs", run.id, "-f")
    assert process.stdout.read1(99) == b"up\n"

    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_S) == 130
    assert process.stderr.read() == b""
    assert run.get_status() == "Running"
    run.cancel()


def test_all_attempts_are_shown_one_after_another(invoke, script):
    source = """
        from homerun import Run
        attempt = Run.get_context().attempt
        print(f"attempt {attempt}", flush=True)
        raise SystemExit(attempt < 2)
    """
    script("second.py", source)
    run = submit("second.py", max_retries=1, retry_delay_s=0)

    followed = invoke("run", "logs", run.id, "-f")

    assert (followed.code, followed.out) == (0, b"attempt 1\nattempt 2\n")
    assert invoke("run", "logs", run.id, "--tail", "1").out == b"attempt 2\n"
    assert invoke("run", "logs", run.id, "--tail", "2").out == b"attempt 1\nattempt 2\n"


def test_an_attempt_of_a_high_number_is_one_more_and_not_counted_up_to(invoke, script):
    script("printing.py", "print('all of it')")
    run = submit("printing.py")
    run.wait_for_completion()
    planted = Path(run._record.path, "attempts", "999999999")
    planted.mkdir(parents=True)
    (planted / "started.json").write_text("{}")

    for more in ([], ["-f"], ["--tail", "1"], ["--tail", "1", "--grep", "all"]):
        assert invoke("run", "logs", run.id, *more).out == b"all of it\n"


# Lines in pieces


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_lines_are_the_same_in_whatever_pieces_they_come(size):
    data = BAR + BINARY + b"a\r\nb\rc\r\n" + REST
    sieve = log_filter.Sieve(None, folds=True)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    passed = b"".join(map(sieve.pass_on, pieces)) + sieve.rest()

    assert passed == BAR.replace(b"\r 10%\r 50%\r", b"") + BINARY + b"a\r\nc\r\n" + REST


def test_a_line_without_an_end_is_not_kept_for_ever():
    sieve = log_filter.Sieve(None, folds=True)

    assert sieve.pass_on(b"x" * 3_000_000) == b"x" * 3_000_000
    assert sieve.rest() == b""


# Metrics


def test_every_value_that_was_logged_is_a_line_of_csv(invoke, workspace_dir):
    with Experiment(Workspace.from_config(), "m").start_logging(snapshot_directory=None) as run:
        run.log("loss", 0.1 + 0.2, step=7)
        run.log("loss", float("inf"))
        run.log("note", 'a "b",\nc')
        run.log_list("list", [1, 2.5])
        run.log_row("row", x=1)

    shown = invoke("run", "metrics", run.id, "--csv").out.decode()

    head, *rows = csv.reader(io.StringIO(shown))
    assert head == ["name", "index", "step", "time", "value"]
    assert [(name, index, step, value) for name, index, step, _, value in rows] == [
        ("loss", "1", "7", "0.30000000000000004"),
        ("loss", "2", "", "Infinity"),
        ("note", "1", "", 'a "b",\nc'),
        ("list", "1", "", "1"),
        ("list", "2", "", "2.5"),
        ("row.x", "1", "", "1"),
    ]
    only = invoke("run", "metrics", run.id, "--csv", "--name", "row").text
    assert len(only.splitlines()) == 2
    assert invoke("run", "metrics", run.id, "--name", "loss").json == {
        "loss": [0.1 + 0.2, "Infinity"]
    }
    assert invoke("run", "metrics", run.id, "--name", "lss").code == 2
