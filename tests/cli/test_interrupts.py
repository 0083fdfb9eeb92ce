"""Ctrl-C and SIGTERM: a followed run is cancelled, a watched one goes on."""

from __future__ import annotations

import os
import signal

import pytest

from helpers.wait import DEADLINE_S, wait_until
from homerun.cli.interrupts import Interrupted, Interrupts
from homerun.snapshots import scan, snapshot, work_copy

SUBMIT = ("run", "submit-script", "-e", "digits")


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def endless(script, ready):
    """A script that says when it is up and ends on a signal; the Fifo tells when it is gone."""
    script(
        "endless.py", f"import signal\nup = {ready.opened}\nup.write('up\\n')\nsignal.pause()", "."
    )
    return ready


@pytest.fixture
def stubborn(script, ready):
    """A script that ignores SIGTERM."""
    source = f"""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        up = {ready.opened}
        up.write("up\\n")
        while True:
            signal.pause()
    """
    script("stubborn.py", source, ".")
    return ready


@pytest.mark.usefixtures("store_made")
@pytest.mark.parametrize(
    ("number", "by", "code"), [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143)]
)
def test_a_signal_to_a_following_submit_cancels_the_run(start, cli, endless, number, by, code):
    process = start(*SUBMIT, "endless.py")
    endless.line()

    process.send_signal(number)

    assert process.wait(DEADLINE_S) == code
    endless.eof()
    run = cli("run", "list").json[0]
    assert run["status"] == "Canceled"
    assert process.stderr.read().decode() == f"canceled by {by}: run {run['run_id']}\n"


def test_what_the_script_says_while_it_is_cancelled_is_still_passed_on(start, script, ready):
    source = f"""
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("saved"))
        up = {ready.opened}
        up.write("up\\n")
        signal.pause()
    """
    script("saves.py", source, ".")
    process = start(*SUBMIT, "saves.py")
    ready.line()

    process.send_signal(signal.SIGINT)

    assert process.stdout.read() == b"saved\n"
    assert process.wait(DEADLINE_S) == 130


def test_a_cancelled_run_is_printed_as_json_where_that_is_asked_for(start, endless):
    process = start(*SUBMIT, "-o", "json", "endless.py")
    endless.line()

    process.send_signal(signal.SIGINT)

    assert b'"status": "Canceled"' in process.stdout.read()
    assert process.wait(DEADLINE_S) == 130


def test_ctrl_c_on_a_terminal_cancels_the_run(terminal, endless):
    shown = terminal(*SUBMIT, "endless.py")
    endless.line()

    shown.press(b"\x03")

    assert shown.end() == 130
    endless.eof()
    assert "canceled by Ctrl-C: run digits_" in shown.text


def test_a_second_ctrl_c_stops_waiting_but_not_the_cancel(terminal, cli, stubborn):
    shown = terminal(*SUBMIT, "--grace", "3", "stubborn.py")
    stubborn.line()

    shown.press(b"\x03")
    shown.until(b"Ctrl-C again stops waiting")
    shown.press(b"\x03")

    assert shown.end() == 130
    assert "not waiting any longer: run digits_" in shown.text
    assert cli("run", "cancel", "-r", "digits_").json["status"] == "Canceled"
    stubborn.eof()


@pytest.mark.usefixtures("store_made")
@pytest.mark.parametrize(
    ("place", "step"),
    [(scan._Walk, "everything"), (snapshot, "_take"), (work_copy._Placing, "everything")],
)
def test_ctrl_c_while_the_source_is_read_and_copied_leaves_no_run(
    invoke, script, monkeypatch, place, step
):
    script("train.py", "", ".")
    usual = getattr(place, step)

    def pressed(*given):
        press()
        return usual(*given)

    monkeypatch.setattr(place, step, pressed)
    done = invoke(*SUBMIT, "train.py")

    assert (done.code, done.err) == (130, "stopped by Ctrl-C: no run was submitted\n")
    assert invoke("run", "list").json == []


def test_a_signal_that_the_caller_ignores_is_ignored(cli, start, script, ready, gate):
    wait = gate("wait")
    script("slow.py", f"{ready.opened}.write('up\\n'); {wait.passed}; print('done')", ".")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = start(*SUBMIT, "slow.py")
    finally:
        signal.signal(signal.SIGINT, before)
    ready.line()

    process.send_signal(signal.SIGINT)
    wait.open()

    assert process.stdout.read() == b"done\n"
    assert process.wait(DEADLINE_S) == 0


def test_ctrl_c_while_logs_are_watched_leaves_the_run_going(start, cli, endless):
    run_id = cli(*SUBMIT, "--async", "endless.py").json["run_id"]
    endless.line()
    process = start("run", "monitor-logs", "-r", run_id)
    wait_until(lambda: watches(process.pid), "the run is watched")

    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_S) == 130
    assert f"run {run_id} is still running" in process.stderr.read().decode()
    assert cli("run", "show", "-r", run_id).json["status"] == "Running"
    assert cli("run", "cancel", "-r", run_id).json["status"] == "Canceled"


def watches(pid: int) -> bool:
    """Whether a process has come as far as watching a run's folder."""
    folder = f"/proc/{pid}/fd"
    return any("inotify" in target(f"{folder}/{name}") for name in os.listdir(folder))


def target(path: str) -> str:
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""


# Where a signal may interrupt


def harmless() -> None:
    press()


def harmful() -> None:
    press()


def test_a_signal_interrupts_inside_of_the_given_functions_only():
    with Interrupts() as watch:
        watch.only_in((harmless,))
        harmful()
        with pytest.raises(Interrupted):
            harmless()


def test_a_signal_that_was_kept_interrupts_as_soon_as_that_is_harmless():
    with Interrupts() as watch:
        press()
        with pytest.raises(Interrupted) as caught:
            watch.anywhere()

    assert caught.value.exit_code == 130


def pause() -> None:
    signal.pause()


def test_a_signal_that_was_kept_is_tried_again_without_another_one():
    with Interrupts() as watch:
        press()
        watch.only_in((pause,))
        with pytest.raises(Interrupted):
            pause()


def test_after_an_interrupt_the_next_signal_is_kept():
    with Interrupts() as watch:
        with pytest.raises(Interrupted):
            watch.anywhere() or press()
        press()
        with pytest.raises(Interrupted):
            watch.anywhere()


def test_the_callers_handlers_are_back_afterwards():
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]

    with Interrupts():
        pass

    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    assert after == before
