"""TensorBoard over runs: a program of the user's, given a folder of event files that we keep."""

from __future__ import annotations

import atexit
import errno
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from http.client import HTTPConnection, HTTPException
from importlib import metadata
from threading import Event, Thread

from homerun.base.errors import HomerunError, MissingExtra, UserError
from homerun.files.tensorboard.event_files import EventFiles
from homerun.system import which
from runstore.errors import RunNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runstore.run.record import Record

    Titled = Iterable[tuple[str, Record]]

PORT = 6006
"""TensorBoard's own."""

_HOST = "127.0.0.1"
_REFRESH_S = 3
_LOOK_S = 0.1
_ANSWER_S = 5
_STOP_S = 5
_LOG = "tensorboard.log"
_SHOWN = "shown"

_log = logging.getLogger("homerun")


class TensorBoardServer:
    """A TensorBoard of runs, from `start` to `stop` or to the end of this process.

    Args:
        runs: gives the runs to show, each with the path that TensorBoard shows it under; it is
            asked again every few seconds.
        root: a folder to keep links and scalars in meanwhile, made where it is missing; None: that
            of temporary files.
        port: where it answers, on this machine only; None: 6006, or a free one where it is taken.
    """

    def __init__(self, runs: Callable[[], Titled], root: str | None, port: int | None) -> None:
        self._runs = runs
        self._root = root
        self._port = port
        self._folder = ""
        self._places: dict[str, EventFiles] = {}
        self._done: set[str] = set()
        self._troubled: set[str] = set()
        self._running: subprocess.Popen[bytes] | None = None
        self._is_over = Event()
        self._refreshing: Thread | None = None

    def start(self) -> str:
        """Start it and give its address, once it answers there.

        Raises:
            MissingExtra: there is no TensorBoard.
            UserError: the port is taken or none, or it has been started.
            HomerunError: it ended at once.
            OSError: the folder cannot be written.
        """
        if self._running is not None:
            raise UserError("this TensorBoard has been started; stop() it first")
        program = _program()
        port = _free_port() if self._port is None else _checked(self._port)
        self._is_over = Event()
        atexit.register(self.stop)
        try:
            self._begin(program, port)
        except BaseException:
            self.stop()
            raise
        return f"http://{_HOST}:{port}/"

    def wait(self) -> None:
        """Wait until it ends.

        Raises:
            HomerunError: it ended by itself, and not in good order.
        """
        if self._running is not None and self._running.wait():
            raise self._failure()

    def stop(self) -> None:
        """End it and remove its folder. Does nothing where it is not running."""
        self._is_over.set()
        if self._refreshing is not None:
            self._refreshing.join()
            self._refreshing = None
        if self._running is not None:
            self._running.terminate()
            try:
                self._running.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()
            self._running = None
        while self._places:
            self._places.popitem()[1].close()
        self._done.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""
        atexit.unregister(self.stop)

    def _begin(self, program: list[str], port: int) -> None:
        if self._root is not None:
            os.makedirs(self._root, exist_ok=True)
        self._folder = tempfile.mkdtemp(prefix="homerun-tensorboard-", dir=self._root)
        os.mkdir(self._shown, 0o700)
        with open(self._log_path, "wb") as log:
            self._running = subprocess.Popen(
                [*program, "--logdir", self._shown, "--host", _HOST, "--port", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,  # what lies in the user's folder is no package of TensorBoard
            )
        self._refresh()
        while not _shows(port, self._shown):
            if self._running.poll() is not None:
                raise self._failure()
            self._is_over.wait(_LOOK_S)
        self._refreshing = Thread(target=self._keep_refreshing, daemon=True)
        self._refreshing.start()

    @property
    def _shown(self) -> str:
        return os.path.join(self._folder, _SHOWN)

    @property
    def _log_path(self) -> str:
        return os.path.join(self._folder, _LOG)

    def _failure(self) -> HomerunError:
        with open(self._log_path, encoding="utf-8", errors="replace") as log:
            said = log.read().strip().splitlines() or ["it said nothing"]
        code = self._running.returncode if self._running is not None else 0
        return HomerunError(f"tensorboard ended with {code}: {said[-1].strip()}")

    def _keep_refreshing(self) -> None:
        while not self._is_over.wait(_REFRESH_S):
            try:
                self._refresh()
            except OSError as error:
                self._warn_once("", f"TensorBoard is not brought up to date: {error}")
            except Exception as error:  # noqa: BLE001 - the thread would end, and none be told
                told = f"{type(error).__name__}: {error}"
                self._warn_once("", f"TensorBoard is not brought up to date: {told}")

    def _refresh(self) -> None:
        """Bring all runs up to date that are not over and shown whole.

        Raises:
            OSError: the folder cannot be written.
        """
        for title, record in self._runs():
            if self._is_over.is_set():
                return
            if title in self._done:
                continue
            try:
                if title not in self._places:
                    self._places[title] = EventFiles(record, os.path.join(self._shown, title))
                self._places[title].refresh()
            except (RunNotFound, OSError) as error:
                if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                self._warn_once(title, f"TensorBoard does not show all of {record.id}: {error}")
                continue
            if self._places[title].is_complete:
                self._done.add(title)

    def _warn_once(self, title: str, told: str) -> None:
        if title not in self._troubled:
            self._troubled.add(title)
            _log.warning(told)


def _program() -> list[str]:
    """What starts a TensorBoard: the first in PATH, else that of this Python."""
    found = which.find("tensorboard")
    if found is not None:
        return [found]
    try:
        metadata.distribution("tensorboard")
    except metadata.PackageNotFoundError:
        raise MissingExtra("TensorBoard", "tensorboard") from None
    return [sys.executable, "-m", "tensorboard.main"]


def _checked(port: int) -> int:
    if not 0 < port < 1 << 16:
        raise UserError(f"{port} is not a port; give one from 1 to 65535: port=…")
    if not _is_free(port):
        raise UserError(f"port {port} is taken; give another one: port=…")
    return port


def _free_port() -> int:
    if _is_free(PORT):
        return PORT
    with socket.socket() as one:
        one.bind((_HOST, 0))
        return int(one.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((_HOST, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def _shows(port: int, folder: str) -> bool:
    """Whether the TensorBoard that answers at a port is that of a folder."""
    connection = HTTPConnection(_HOST, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/data/environment")
        told = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(told, dict) and told.get("data_location") == folder
