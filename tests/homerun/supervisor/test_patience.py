"""Patience, by histories of errors and times."""

from __future__ import annotations

import errno
import os

import pytest

from homerun.supervisor.patience import StoreGone, insist
from runstore.errors import ReadOnlyStore


class History:
    """A clock that its own sleeps move, and an act that fails so often."""

    def __init__(self, error: Exception, times: int) -> None:
        self.now = 0.0
        self.error = error
        self.left = times
        self.slept: list[float] = []
        self.told: list[BaseException] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def act(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "done"

    def play(self) -> str:
        return insist(self.act, self.told.append, lambda: self.now, self.sleep)


def fails(number: int, times: int) -> History:
    return History(OSError(number, os.strerror(number)), times)


def test_a_moments_trouble_is_waited_out_in_growing_steps() -> None:
    history = fails(errno.EIO, 6)

    assert history.play() == "done"
    assert history.slept == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert history.told == [history.error] * 6


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ENFILE]
)
def test_what_can_be_mended_is_waited_out_for_days(number: int) -> None:
    history = fails(number, 20_000)

    assert history.play() == "done"
    assert history.now > 2 * 86400


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOTCONN, errno.ENODEV])
def test_a_disk_that_does_not_answer_for_an_hour_is_gone(number: int) -> None:
    history = fails(number, 20_000)

    with pytest.raises(StoreGone) as caught:
        history.play()

    assert caught.value.__cause__ is history.error
    assert 3600 <= history.now < 3700


def test_a_store_that_is_read_only_is_known_by_what_is_behind_its_error() -> None:
    error = ReadOnlyStore("run", "it is read-only")
    error.__cause__ = OSError(errno.EROFS, "read-only")

    assert History(error, 1000).play() == "done"


def test_an_error_of_another_kind_is_raised_at_once() -> None:
    history = History(ValueError("wrong"), 1)

    with pytest.raises(ValueError, match="wrong"):
        history.play()

    assert history.slept == []
