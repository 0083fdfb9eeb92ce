"""Who has which GPU: never more than there is, whoever asks, and whatever lies in the folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.gpus import Machine
from helpers.sources import ROOT
from homerun.base import accounts
from homerun.system.gpus import shares
from homerun.system.gpus.devices import Device
from homerun.system.gpus.shares import Share, SharesFlaw

CARD = Device("0", "GPU-a", "Fake", 100 << 20, "CUDA_VISIBLE_DEVICES")
RUN = {"run": "digits/12", "id": "digits_1", "store": "s"}


@pytest.fixture(autouse=True)
def place(gpus: Machine) -> Path:
    return gpus.locks


@pytest.fixture
def taken() -> Iterator[list[Share]]:
    found: list[Share] = []
    yield found
    for one in found:
        one.close()


def take(taken: list[Share], mib: int | None = None) -> bool:
    found = shares.take(CARD, mib, RUN)
    if found is not None:
        taken.append(found)
    return found is not None


def test_a_whole_device_is_had_by_one_and_its_note_says_by_whom(taken: list[Share]) -> None:
    assert take(taken)
    assert not take(taken)
    assert not take(taken, 1)

    (holder,) = shares.holders(CARD)
    assert (holder.run, holder.id, holder.mib) == ("digits/12", "digits_1", 100)
    assert (holder.uid, holder.user) == (os.geteuid(), accounts.login_of(os.geteuid()))
    taken.pop().close()
    assert shares.holders(CARD) == []
    assert take(taken)


def test_the_parts_of_a_device_never_come_to_more_than_it_has(taken: list[Share]) -> None:
    assert take(taken, 40)
    assert take(taken, 40)
    assert not take(taken, 40)
    assert not take(taken)
    assert take(taken, 20)
    assert sorted(one.mib for one in shares.holders(CARD)) == [20, 40, 40]


def test_a_part_may_lie_in_several_places(taken: list[Share]) -> None:
    for mib in (30, 40, 30):
        assert take(taken, mib)
    taken.pop(2).close()
    taken.pop(0).close()

    assert not take(taken, 61)
    assert take(taken, 60)
    assert sorted(one.mib for one in shares.holders(CARD)) == [40, 60]
    assert not take(taken, 1)


def test_the_note_of_a_run_that_is_over_tells_nothing(taken: list[Share], place: Path) -> None:
    take(taken, 40)
    taken.pop().close()
    assert list(place.glob("*.0.*"))
    take(taken, 30)

    assert [one.mib for one in shares.holders(CARD)] == [30]


def test_all_may_lock_the_file_whatever_the_umask(taken: list[Share], place: Path) -> None:
    former = os.umask(0o077)
    try:
        take(taken)
    finally:
        os.umask(former)

    assert (place / "homerun-gpu-GPU-a").stat().st_mode & 0o777 == 0o666


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_what_someone_has_planted_is_not_opened_and_is_named(what: str, place: Path) -> None:
    path, target = place / "homerun-gpu-GPU-a", place / "target"
    {
        "link": lambda: path.symlink_to(target),
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
    }[what]()

    with pytest.raises(SharesFlaw, match=r"homerun-gpu-GPU-a, which all users lock, is .*'s and"):
        shares.take(CARD, None, RUN)
    assert not target.exists()


def test_a_note_that_another_has_forged_is_not_believed(taken: list[Share], place: Path) -> None:
    take(taken)
    note = place / f"homerun-gpu-GPU-a.0.{os.geteuid() + 1}"
    note.write_text('{"run": "forged/1", "parts": [[0, 100]]}')

    assert [one.run for one in shares.holders(CARD)] == ["digits/12"]


def test_a_note_that_is_a_link_or_nonsense_is_not_read(taken: list[Share], place: Path) -> None:
    take(taken)
    own = place / f"homerun-gpu-GPU-a.0.{os.geteuid()}"
    other = place / "other"
    own.rename(other)
    own.symlink_to(other)
    assert [(one.run, one.uid) for one in shares.holders(CARD)] == [("", -1)]
    own.unlink()
    own.write_text('{"parts": [["x", []]]}')
    assert [(one.run, one.uid) for one in shares.holders(CARD)] == [("", -1)]


def test_a_folder_in_which_others_can_replace_files_is_refused(place: Path) -> None:
    place.chmod(0o777)

    with pytest.raises(SharesFlaw, match="with the sticky bit"):
        shares.take(CARD, None, RUN)


def test_what_a_process_had_is_free_as_soon_as_it_is_killed(taken: list[Share]) -> None:
    code = (
        "import sys; sys.path += sys.argv[1:]\n"
        "from homerun.system.gpus import shares\n"
        "from homerun.system.gpus.devices import Device\n"
        f"kept = shares.take({CARD!r}, None, {RUN!r})\n"
        "print('has it', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", code, str(ROOT / "store"), str(ROOT / "runner")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"has it\n"
        assert not take(taken)
        other.kill()
        other.wait()
        assert take(taken)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_takes_what_is_free_and_not_what_is_had(
    gpus_of_all: Machine, taken: list[Share]
) -> None:
    take(taken, 60)
    code = (
        "import sys; sys.path += sys.argv[1:]\n"
        "from homerun.system.gpus import shares\n"
        "from homerun.system.gpus.devices import Device\n"
        f"card = {CARD!r}\n"
        f"print(shares.take(card, None, {{}}), shares.take(card, 41, {{}}))\n"
        f"kept = shares.take(card, 40, {{'run': 'theirs/1'}})\n"
        "print(sorted(one.run for one in shares.holders(card)), flush=True); sys.stdin.read()"
    )
    argv = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", code]
    argv += [str(ROOT / "store"), str(ROOT / "runner")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"None None\n"
        assert other.stdout.readline() == b"['digits/12', 'theirs/1']\n"
        assert sorted(one.uid for one in shares.holders(CARD)) == [0, 65534]
        assert not take(taken, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_lock_that_another_user_keeps_for_himself_is_named_with_its_owner(
    gpus_of_all: Machine,
) -> None:
    path = gpus_of_all.locks / "homerun-gpu-GPU-a"
    path.write_text("")
    path.chmod(0o600)
    os.chown(path, 65534, 65534)
    code = (
        "import sys; sys.path += sys.argv[1:]\n"
        "from homerun.system.gpus import shares\n"
        "from homerun.system.gpus.devices import Device\n"
        f"try: shares.take({CARD!r}, None, {{}})\nexcept shares.SharesFlaw as flaw: print(flaw)"
    )
    argv = ["setpriv", "--reuid=65533", "--clear-groups", sys.executable, "-c", code]
    argv += [str(ROOT / "store"), str(ROOT / "runner")]
    done = subprocess.run(argv, capture_output=True, text=True)

    assert done.stdout.strip().endswith(
        "is nobody's and cannot be opened (Permission denied): have it removed"
    )
