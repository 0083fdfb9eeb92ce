"""`run logs` of a batch, and of all that runs: each line with the name of its run in front."""

from __future__ import annotations

import signal

import pytest

from helpers.wait import DEADLINE_S
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.cli.output.named_lines import NamedLines

SAYS = "import sys\nprint('begin')\nprint(*sys.argv[1:], end='')"


@pytest.fixture
def experiment(workspace_dir):
    return Experiment(Workspace.from_config(), "logs")


def of(name, *arguments, **options):
    return ScriptRunConfig("source", name, list(arguments), **options)


def lines(stream, count):
    return sorted(stream.readline() for _ in range(count))


def test_the_logs_of_a_batch_are_those_of_its_runs_with_their_names_in_front(
    invoke, experiment, script
):
    script("says.py", SAYS)
    rates = ["0.1", "0.25"]
    batch = experiment.submit_many([of("says.py", "--lr", rate) for rate in rates])
    batch.wait_for_completion()

    shown = invoke("run", "logs", batch.parent.id)

    assert shown.out.decode() == (
        "#2 lr=0.1  | begin\n#2 lr=0.1  | --lr 0.1\n#3 lr=0.25 | begin\n#3 lr=0.25 | --lr 0.25\n"
    )
    assert invoke("run", "logs", "--grep", "5$").out == b"#3 lr=0.25 | --lr 0.25\n"
    assert invoke("run", "logs", "--tail", "1", "-f").out.count(b"begin") == 0
    assert invoke("run", "logs", "--file", "supervisor.log", "--tail", "1").out.count(b" | ") == 2


def test_a_followed_batch_shows_the_runs_that_begin_later_and_how_each_ended(
    start, experiment, script, gate
):
    door = gate("door")
    script(
        "waits.py", f"import sys; print(sys.argv[1]); {door.passed}; sys.exit(sys.argv[1] == 'b')"
    )
    batch = experiment.submit_many([of("waits.py", n, max_concurrent_runs=1) for n in "ab"])
    process = start("run", "logs", batch.parent.id, "-f")
    assert process.stdout.readline() == b"#2 | a\n"

    door.open()

    assert process.stdout.readline() == b"#3 | b\n"
    door.open()
    assert process.stdout.read() == b""
    assert process.wait(DEADLINE_S) == 1
    said = process.stderr.read().decode()
    assert "#2  Completed in" in said
    assert "#3  Failed in" in said
    assert said.endswith("Failed: 1 Completed, 1 Failed; homerun why logs/1\n")


def test_a_batch_that_is_canceled_ends_its_logs(start, experiment, script, ready):
    script("hangs.py", f"import signal; {ready.opened}.write('up\\n'); signal.pause()")
    batch = experiment.submit_many([of("hangs.py")])
    ready.line()
    process = start("run", "logs", batch.parent.id, "-f")

    batch.cancel()

    assert process.wait(DEADLINE_S) == 1
    assert b"Canceled" in process.stderr.read()


def test_all_that_runs_is_followed_and_what_begins_meanwhile(start, experiment, script, gate):
    door = gate("door")
    script("waits.py", f"import sys; print(sys.argv[1], flush=True); {door.passed}; print('end')")
    first = experiment.submit(of("waits.py", "first"))
    process = start("run", "logs", "--all", "-e", "logs")
    assert process.stdout.readline() == b"#1 | first\n"

    second = experiment.submit(of("waits.py", "second"))

    assert process.stdout.readline().endswith(b" | second\n")
    door.open(2)
    assert sorted(line[:2] for line in process.stdout.readlines()) == [b"#1", b"#2"]
    assert process.wait(DEADLINE_S) == 0
    assert {first.get_status(), second.get_status()} == {"Completed"}


def test_where_nothing_runs_a_line_says_so(invoke, experiment, script):
    script("says.py", SAYS)
    experiment.submit(of("says.py")).wait_for_completion()

    shown = invoke("run", "logs", "--all", "-e", "logs")

    assert (shown.code, shown.out, shown.err) == (0, b"", "no run of logs goes on\n")


@pytest.mark.parametrize("words", [("--all", "1"), ("--all", "--raw", "-e", "logs")])
def test_what_makes_no_sense_of_several_runs_is_told_in_a_line(invoke, experiment, script, words):
    script("says.py", SAYS)
    experiment.submit(of("says.py")).wait_for_completion()

    shown = invoke("run", "logs", *words)

    assert (shown.code, shown.out, shown.err.count("\n")) == (2, b"", 1)


def test_ctrl_c_ends_the_watching_of_a_batch_quietly_and_no_run(start, experiment, script):
    script("endless.py", "import signal\nprint('up', flush=True)\nsignal.pause()")
    batch = experiment.submit_many([of("endless.py"), of("endless.py")])
    process = start("run", "logs", batch.parent.id, "-f")
    assert lines(process.stdout, 2) == [b"#2 | up\n", b"#3 | up\n"]

    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_S) == 130
    assert process.stderr.read() == b""
    assert {run.get_status() for run in batch} == {"Running"}
    batch.cancel()
    batch.wait_for_completion(raise_on_error=False)


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_named_lines_are_the_same_in_whatever_pieces_they_come(experiment, script, size):
    script("says.py", SAYS)
    run = experiment.submit(of("says.py"))
    run.wait_for_completion()
    data = b"\r 10%\r100%\none\n\ntwo\xff\nlast"
    lines = NamedLines(None, folds=True, is_coloured=False)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    shown = b"".join(lines.pass_on(run._record, piece) for piece in pieces)

    assert shown + lines.end(run._record) == (
        b"#1 | 100%\n#1 | one\n#1 | \n#1 | two\xff\n#1 | last\n"
    )


def test_a_colour_that_a_line_leaves_on_ends_with_it(experiment, script):
    script("says.py", SAYS)
    run = experiment.submit(of("says.py"))
    run.wait_for_completion()
    lines = NamedLines(None, folds=True, is_coloured=True)

    assert lines.pass_on(run._record, b"\x1b[31mred\n").endswith(b"\x1b[31mred\x1b[0m\n")
