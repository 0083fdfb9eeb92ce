"""Facts: whole or not at all, and one winner."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from helpers import children
from helpers.errors import fails
from runstore.errors import ReadOnlyStore
from runstore.fs import atomic, clock, facts


def test_fifty_racing_writers_have_one_winner_each_round(folder: str) -> None:
    def publish_twenty(number: int) -> list[bool]:
        return [facts.publish(folder, f"{n}.json", {"by": number}) for n in range(20)]

    won = children.race(50, publish_twenty)

    assert [sum(column) for column in zip(*won)] == [1] * 20
    winners = [facts.read(folder, f"{n}.json") for n in range(20)]
    assert [won[fact["by"]][n] for n, fact in enumerate(winners) if fact] == [True] * 20
    assert len(os.listdir(folder)) == 20


def test_a_writer_killed_between_any_two_calls_leaves_no_fact_or_a_whole_one(folder: str) -> None:
    seen = set()
    count = 1
    while children.dies_at(count, lambda: facts.publish(folder, "a.json", {"x": 1}, sync=True)):
        fact = facts.read(folder, "a.json")
        assert (fact is None) == (not os.path.exists(f"{folder}/a.json"))
        seen.add(None if fact is None else fact["x"])
        if fact is not None:
            os.unlink(f"{folder}/a.json")
        count += 1

    assert count > 5
    assert seen == {None, 1}


def test_a_write_torn_by_death_shows_no_fact(folder: str) -> None:
    assert children.dies_at(2, lambda: facts.publish(folder, "a.json", {"x": 1}), torn=True)

    left = os.listdir(folder)
    assert facts.read(folder, "a.json") is None
    assert len(left) == 1
    assert os.path.getsize(f"{folder}/{left[0]}") > 0


def test_a_fact_is_synced_with_its_folder_where_that_is_wanted(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda of: synced.append(os.readlink(f"/proc/self/fd/{of}")))
    facts.publish(folder, "a.json", {})
    assert synced == []
    facts.publish(folder, "b.json", {}, sync=True)

    assert [os.path.dirname(path) for path in synced] == [folder, os.path.dirname(folder)]


def test_a_short_write_is_continued(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))

    facts.publish(folder, "a.json", {"x": 1})

    assert facts.read(folder, "a.json") == {"x": 1}


def test_a_disk_that_fills_up_within_a_write_leaves_nothing(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = iter([3])

    def fill_up(_descriptor: int, _data: object) -> int:
        for count in written:
            return count
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fill_up)

    with pytest.raises(OSError, match="No space") as raised:
        facts.publish(folder, "a.json", {"x": 1})

    assert raised.value.errno == errno.ENOSPC
    assert os.listdir(folder) == []


def test_a_full_disk_leaves_nothing_and_the_next_fact_goes_through(
    folder: str, needs_user_mount: None
) -> None:
    code = """
import errno, os, sys
from runstore.fs import facts
os.chdir(sys.argv[1])
try:
    facts.publish(".", "big.json", {"x": "y" * 200_000})
except OSError as error:
    assert error.errno == errno.ENOSPC, error
else:
    raise SystemExit("it fitted")
assert os.listdir(".") == [], os.listdir(".")
assert facts.publish(".", "small.json", {"x": 1})
"""
    mount = 'mount -t tmpfs -o size=64k none "$1" && exec "$2" -c "$3" "$1"'
    subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", folder, sys.executable, code], check=True
    )


@pytest.mark.parametrize("number", atomic.NO_LINKS)
def test_a_file_system_without_links_makes_the_store_read_only(
    folder: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", fails(number))

    with pytest.raises(ReadOnlyStore, match="hard links"):
        facts.publish(folder, "a.json", {"x": 1})

    assert os.listdir(folder) == []


def test_the_kernel_refusing_links_makes_the_store_read_only(
    folder: str, needs_strace: None
) -> None:
    code = "import sys; from runstore.fs import facts; facts.publish(sys.argv[1], 'a.json', {})"
    inject = ["-e", "trace=link,linkat", "-e", "inject=link,linkat:error=EPERM"]
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", *inject]
    done = subprocess.run(
        [*strace, sys.executable, "-c", code, folder], capture_output=True, text=True
    )

    assert "ReadOnlyStore" in done.stderr
    assert os.listdir(folder) == []


def test_a_read_only_mount_is_named(folder: str, needs_user_mount: None) -> None:
    facts.publish(folder, "there.json", {"x": 1})
    code = """
import sys
from runstore.fs import facts
from runstore.errors import ReadOnlyStore
assert facts.read(sys.argv[1], "there.json")["x"] == 1
try:
    facts.publish(sys.argv[1], "a.json", {"x": 1})
except ReadOnlyStore as error:
    assert "read-only" in str(error), error
else:
    raise SystemExit("it was written")
"""
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -c "$3" "$1"'
    subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", folder, sys.executable, code], check=True
    )


def test_a_lost_reply_to_a_link_that_was_made_counts_as_won(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_twice(source: str, target: str) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", link_twice)

    assert facts.publish(folder, "a.json", {"x": 1})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0\0",
        b"[1]",
        b'"text"',
        b"1",
        b"{",
        b'{"a":1',
        b'{"a":1}x',
        b"\xff{}",
        b"[" * 99999,
    ],
    ids=lambda content: repr(content[:8]),
)
def test_a_damaged_fact_is_absent_and_never_overwritten(folder: str, content: bytes) -> None:
    with open(f"{folder}/a.json", "wb") as file:
        file.write(content)

    assert facts.read(folder, "a.json") is None
    assert facts.publish(folder, "a.json", {"x": 1}) is False
    with open(f"{folder}/a.json", "rb") as file:
        assert file.read() == content


def test_what_is_no_file_at_all_is_no_fact(folder: str) -> None:
    os.mkdir(f"{folder}/folder.json")
    os.symlink("loop.json", f"{folder}/loop.json")
    os.symlink("nowhere", f"{folder}/dangling.json")
    os.mkfifo(f"{folder}/pipe.json")

    assert [facts.read(folder, name) for name in sorted(os.listdir(folder))] == [None] * 4
    assert facts.read(f"{folder}/pipe.json", "a.json") is None


def test_running_out_of_descriptors_is_no_absent_fact(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts.publish(folder, "a.json", {"x": 1})
    monkeypatch.setattr(os, "open", fails(errno.EMFILE))

    with pytest.raises(OSError, match="Too many open files"):
        facts.read(folder, "a.json")


def test_a_fact_that_may_not_be_read_is_none_of_ours(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts.publish(folder, "a.json", {"x": 1})
    monkeypatch.setattr(os, "open", fails(errno.EACCES))

    assert facts.read(folder, "a.json") is None
    with pytest.raises(PermissionError):
        facts.read_own(folder, "a.json")


def test_a_fact_of_more_bytes_than_a_reader_takes_is_damaged(folder: str) -> None:
    facts.publish(folder, "a.json", {"x": "y" * 300_000})

    assert facts.read(folder, "a.json", most=200_000) is None
    assert facts.read_own(folder, "a.json", most=200_000) is None
    assert facts.read(folder, "a.json", most=400_000) == {"x": "y" * 300_000}


def test_a_file_outside_of_a_store_is_read_through_a_link(folder: str) -> None:
    facts.publish(folder, "a.json", {"x": 1})
    os.symlink("a.json", f"{folder}/link.json")
    os.symlink("nowhere", f"{folder}/dangling.json")
    os.mkfifo(f"{folder}/pipe.json")

    assert facts.read(folder, "link.json") is None
    assert facts.read_elsewhere(f"{folder}/link.json") == {"x": 1}
    for name in ("dangling.json", "pipe.json", "a.json/b.json", "none.json"):
        assert facts.read_elsewhere(f"{folder}/{name}") is None


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_file_outside_of_a_store_that_may_not_be_read_is_absent(
    folder: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "open", fails(number))

    assert facts.read_elsewhere(f"{folder}/a.json") is None


def test_a_file_outside_of_a_store_that_cannot_be_read_just_now_is_not_absent(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", fails(errno.EMFILE))

    with pytest.raises(OSError, match="Too many open files"):
        facts.read_elsewhere(f"{folder}/a.json")


def test_a_large_fact_is_read_whole(folder: str) -> None:
    facts.publish(folder, "a.json", {"x": "y" * 300_000})

    fact = facts.read(folder, "a.json")

    assert fact is not None
    assert len(fact["x"]) == 300_000


def test_a_fact_is_private_whatever_the_umask(folder: str) -> None:
    before = os.umask(0)
    try:
        facts.publish(folder, "a.json", {"x": 1})
    finally:
        os.umask(before)

    assert os.stat(f"{folder}/a.json").st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000000+00:00"),
        (1.5, "1970-01-01T00:00:01.500000+00:00"),
        (-0.25, "1969-12-31T23:59:59.750000+00:00"),
        (1732147200.999999, "2024-11-21T00:00:00.999999+00:00"),
    ],
)
def test_a_time_is_utc_with_an_offset(seconds: float, text: str) -> None:
    assert clock.stamp(seconds) == text


def test_a_signed_record_says_who_and_when() -> None:
    assert list(facts.signed({"x": 1})) == ["x", "time", "user", "host", "pid"]
    assert facts.signed({"x": 1})["user"] == facts.user_name()


def test_a_signed_record_keeps_its_own_time_and_takes_the_user_that_is_named() -> None:
    signed = facts.signed({"time": "then"}, "alice")

    assert (signed["time"], signed["user"]) == ("then", "alice")


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_111_222_333)

    assert facts.user_name() == "4111222333"
