"""The event files of a run in a folder of ours: its own ones as links, its scalars as one."""

from __future__ import annotations

import os
import time

from homerun.files.tensorboard import event_format
from homerun.metrics import points
from runstore import look
from runstore.errors import FileMissing
from runstore.metrics.follower import Follower
from runstore.run import files as run_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.metrics.follower import Point
    from runstore.run.record import Record

_OURS = f"{event_format.PREFIX}{{:010}}.homerun"
_UPLOADED = "files"
_DESCRIPTORS = "/proc/{}/fd/{}"


class EventFiles:
    """The event files of a run in a folder of their own, brought up to date by `refresh`.

    A link is made to a file that is no link itself, nor below one. Where the store is another
    user's, who could plant one afterwards, it leads to a descriptor that is open until `close`.

    Attributes:
        is_complete: the run is over, and all of it is in the folder.

    Args:
        folder: it is made.
    """

    def __init__(self, record: Record, folder: str) -> None:
        self.is_complete = False
        self._record = record
        self._folder = folder
        self._is_own = os.stat(record.store.root).st_uid == os.geteuid()
        self._follower = Follower(record.path)
        self._counts: dict[str, int] = {}
        self._open: list[int] = []
        self._linked: set[str] = set()
        self._made = 0
        self._is_begun = False
        self._unwritten = b""
        os.makedirs(folder, mode=0o700)

    def refresh(self) -> None:
        """Link what event files the run has by now, and add the points that are new.

        Raises:
            RunNotFound, OSError: the run is gone or cannot be read, or the folder cannot be
                written. What is not written yet is written by the next call.
        """
        is_over = look.at(self._record).is_over
        is_all = False
        while not is_all:
            news = self._follower.read()
            if news.is_anew:
                self._begin_anew()
            self._unwritten += b"".join(map(self._records_of, news.points))
            self._write()
            is_all = news.is_all
        self._link_all()
        self.is_complete = is_over

    def close(self) -> None:
        """Close what files are open: their links lead nowhere then."""
        while self._open:
            os.close(self._open.pop())

    def _link_all(self) -> None:
        failed: list[OSError] = []
        for name in run_files.names(self._record.path):
            if name not in self._linked and _is_event_file(name):
                try:
                    self._link(name)
                except FileMissing:  # removed just now
                    continue
                except OSError as error:  # the others can be shown all the same
                    failed.append(error)
                    continue
                self._linked.add(name)
        if failed:
            raise failed[0]

    def _link(self, name: str) -> None:
        descriptor = run_files.open_for_reading(self._record.path, name)
        try:
            if self._is_own:
                target = os.path.realpath(run_files.path_of(self._record.path, name))
            else:
                target = _DESCRIPTORS.format(os.getpid(), descriptor)
            is_below = name.split("/")[0] in run_files.FOLDERS
            link = os.path.join(self._folder, name if is_below else f"{_UPLOADED}/{name}")
            os.makedirs(os.path.dirname(link), mode=0o700, exist_ok=True)
            os.symlink(target, link)
        except BaseException:
            os.close(descriptor)
            raise
        if self._is_own:
            os.close(descriptor)
        else:
            self._open.append(descriptor)

    def _begin_anew(self) -> None:
        """Begin another file: TensorBoard reads no part of a file twice."""
        if self._is_begun:
            os.unlink(self._path)
        self._made += 1
        self._counts.clear()
        self._unwritten, self._is_begun = b"", False

    @property
    def _path(self) -> str:
        return os.path.join(self._folder, _OURS.format(self._made))

    def _records_of(self, point: Point) -> bytes:
        try:
            at = float(point.time)
        except OverflowError:  # a line that no homerun has written
            return b""
        records = []
        for name, value in points.values_of(point):
            if type(value) in (int, float):
                count = self._counts.get(name, 0)
                self._counts[name] = count + 1
                step = count if point.step is None else point.step
                records.append(event_format.scalar(name, value, at, step))
        return b"".join(records)

    def _write(self) -> None:
        """Write what is left, also of a record of which a full disk took a part only."""
        if not self._unwritten:
            return
        with open(self._path, "ab", buffering=0) as file:
            if not self._is_begun:
                self._unwritten = event_format.version(time.time()) + self._unwritten
                self._is_begun = True
            while self._unwritten:
                written = file.write(self._unwritten)
                self._unwritten = self._unwritten[written:]


def _is_event_file(name: str) -> bool:
    return name.rpartition("/")[2].startswith(event_format.PREFIX)
