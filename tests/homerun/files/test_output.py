"""Following a run's output: all of it, once, as it comes."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable, Iterable, Iterator

import pytest

from helpers.fifo import Fifo, Gate
from homerun import Run, RunFailed


def opening(parts: Iterable[bytes], door: Gate) -> Iterator[bytes]:
    """The parts; each of them lets the script go on."""
    for part in parts:
        yield part
        door.open()


class Terminal(io.StringIO):
    """A standard output that lets the script go on whenever something is written to it."""

    def __init__(self, door: Gate) -> None:
        super().__init__()
        self._door = door

    def write(self, text: str) -> int:
        self._door.open()
        return super().write(text)


def test_everything_comes_exactly_once_while_the_script_floods(
    submit: Callable[[str], Run], gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    run = submit(
        f"""
        import os
        for part in range(4):
            lines = "".join(f"{{part}} {{i}}\\n" for i in range(150_000)).encode()
            while lines:
                lines = lines[os.write(1, lines):]
            {door.passed}
        """
    )

    seen = b"".join(opening(run.stream(), door))

    assert seen == b"".join(b"%d %d\n" % (part, i) for part in range(4) for i in range(150_000))
    assert run.get_status() == "Completed"


def test_output_can_be_followed_from_a_byte_on(submit: Callable[[str], Run]) -> None:
    run = submit("print('0123456789', end='')")
    run.wait_for_completion()

    assert b"".join(run.stream(4)) == b"456789"
    assert b"".join(run.stream(10)) == b""
    assert b"".join(run.stream(99)) == b""


def test_output_of_any_bytes_is_streamed_as_it_is(submit: Callable[[str], Run]) -> None:
    run = submit("import os; os.write(1, bytes(range(256)) * 3)")

    assert b"".join(run.stream()) == bytes(range(256)) * 3


def test_standard_error_and_output_share_one_log_in_order(submit: Callable[[str], Run]) -> None:
    run = submit("import sys\nfor i in range(3): print(i); print(-i, file=sys.stderr)")

    assert b"".join(run.stream()).split() == [b"0", b"0", b"1", b"-1", b"2", b"-2"]


def test_two_follow_one_run_and_both_see_all(submit: Callable[[str], Run]) -> None:
    run = submit("for i in range(1000): print(i)")

    first, second = run.stream(), run.stream()

    expected = "".join(f"{i}\n" for i in range(1000)).encode()
    assert b"".join(first) == b"".join(second) == expected


def test_a_follower_that_leaves_early_leaves_nothing_open(
    submit: Callable[[str], Run], gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    run = submit(f"import os; os.write(1, b'first\\n'); {door.passed}; print('second')")

    stream = run.stream()
    first = next(stream)
    stream.close()  # type: ignore[attr-defined]
    door.open()

    assert first == b"first\n"
    assert b"".join(run.stream(len(first))) == b"second\n"


def test_show_output_prints_the_originals_headings(
    submit: Callable[[str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit("print('hello')")

    run.wait_for_completion(show_output=True)

    assert capsys.readouterr().out == (
        f"RunId: {run.id}\n"
        f"Directory: {run.directory}\n"
        "\n"
        "Streaming user_logs/std_log.txt\n"
        "===============================\n"
        "\n"
        "hello\n"
        "\n"
        "Execution Summary\n"
        "=================\n"
        f"RunId: {run.id}\n"
        f"Directory: {run.directory}\n"
    )


@pytest.mark.usefixtures("store_made")
def test_who_stops_waiting_is_told_that_the_run_goes_on(
    submit: Callable[[str], Run],
    gate: Callable[[str], Gate],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Impatient(io.StringIO):
        def write(self, text: str) -> int:
            if "up" in text:
                signal.raise_signal(signal.SIGINT)
            return super().write(text)

    door = gate("door")
    run = submit(f"print('up', flush=True)\n{door.passed}")

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Impatient())
        with pytest.raises(KeyboardInterrupt):
            run.wait_for_completion(show_output=True)

    assert run.get_status() == "Running"
    assert capsys.readouterr().err == f"homerun: run {run.id} goes on; run.cancel() ends it\n"
    door.open()
    run.wait_for_completion()


def test_show_output_replays_a_run_that_has_ended(
    submit: Callable[[str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit("print('hello')")
    run.wait_for_completion()

    run.wait_for_completion(show_output=True)
    first = capsys.readouterr().out
    run.wait_for_completion(show_output=True)

    assert "\nhello\n" in first
    assert capsys.readouterr().out == first


def test_show_output_shows_a_failing_run_to_its_end_and_then_raises(
    submit: Callable[[str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit("print('hello'); raise SystemExit(3)")

    with pytest.raises(RunFailed, match="exit code 3"):
        run.wait_for_completion(show_output=True)

    assert "\nhello\n\nExecution Summary\n" in capsys.readouterr().out


def test_a_character_split_over_two_reads_is_shown_whole(
    submit: Callable[[str], Run],
    gate: Callable[[str], Gate],
    fifo: Callable[[str], Fifo],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = gate("door")
    run = submit(
        f"""
        import os
        euro = "€".encode()
        os.write(1, b"a" + euro[:2])
        # Two headings let it pass, and then the beginning of the character.
        for _ in range(3): {door.passed}
        os.write(1, euro[2:] + b"z\\n")
        """
    )
    terminal = Terminal(door)
    monkeypatch.setattr(sys, "stdout", terminal)

    run.wait_for_completion(show_output=True)

    assert "\na€z\n" in terminal.getvalue()


def test_output_without_a_newline_at_its_end_is_shown(
    submit: Callable[[str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit("print('no newline', end='')")

    run.wait_for_completion(show_output=True)

    assert "\nno newline\n" in capsys.readouterr().out


def test_a_stump_of_a_character_at_the_end_is_shown_as_such(
    submit: Callable[[str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = submit("import os; os.write(1, b'abc' + '€'.encode()[:2])")

    run.wait_for_completion(show_output=True)

    assert "\nabc\N{REPLACEMENT CHARACTER}\n" in capsys.readouterr().out


def test_a_terminal_that_lacks_a_character_gets_its_escape(
    submit: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit("import os; os.write(1, 'größe\\n'.encode())")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii", write_through=True))

    run.wait_for_completion(show_output=True)

    assert b"\ngr\\xf6\\xdfe\n" in written.getvalue()


@pytest.mark.parametrize(
    "closing",
    [
        "import os; os.close(1); os.close(2)",
        "import sys; sys.stdout.close(); sys.stderr.close()",
        "import os; os.closerange(0, 1000)",
    ],
)
def test_a_script_that_closes_its_output_still_ends_properly(
    submit: Callable[[str], Run], closing: str
) -> None:
    run = submit(f"print('before')\n{closing}\nx = 1\n")

    seen = b"".join(run.stream())

    assert seen == b"before\n"
    assert run.wait_for_completion()["status"] == "Completed"


def test_a_script_that_truncates_its_log_is_followed_to_its_end(
    submit: Callable[[str], Run],
) -> None:
    run = submit("import os; print('before'); os.ftruncate(1, 0); print('after')")
    run.wait_for_completion()

    shown = b"".join(run.stream())
    assert b"after\n" in shown
    assert b"this log was emptied while the script ran" in shown
