"""Silence: a script that prints nothing, logs nothing and computes nothing may hang.

What it prints and logs is told by the times of its files, what it computes by the samples of its
processor time. Without samples it is not known, and no run is called silent.
"""

from __future__ import annotations

import json
import os

from runstore import layout
from runstore.fs import atomic, facts
from runstore.metrics import samples
from runstore.metrics.samples import PREFIX
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "silent_after_s"
"""In settings.json: so many seconds without a sign of life are worth a word; 0: none ever are."""

AFTER_S = 600.0
IDLE_PERCENT = 2.0
"""Of a processor: what a script uses that only waits, with its timers and threads."""

_NAME = f'"{PREFIX}cpu_percent"'.encode()
_END = 1 << 22
"""Bytes of samples that are looked at: some hours of them at five seconds."""
_MISSED, _LATE_S = 3, 10.0


def lasts_s(run_folder: str, now: float) -> float | None:
    """How long a run that goes on has been silent, in seconds; None: it is not, or not for long.

    Args:
        now: Unix time.

    Raises:
        OSError: the disk does not tell.
    """
    root = f"{run_folder}/../.."
    after_s = _after_s(root)
    sign = max(_signs(run_folder), default=now)
    if not after_s or now - sign < after_s:
        return None
    taken = list(_samples(run_folder))
    latest = max((at for at, _ in taken), default=0.0)
    if now - latest > _MISSED * samples.interval_s(root) + _LATE_S:
        return None  # whether it computes is not known
    busy = max((at for at, percent in taken if percent >= IDLE_PERCENT), default=0.0)
    silent_s = now - max(sign, busy, min(at for at, _ in taken))
    return silent_s if silent_s >= after_s else None


def _after_s(root: str) -> float:
    said = (facts.read(root, layout.SETTINGS) or {}).get(SETTING)
    if not isinstance(said, (int, float)) or isinstance(said, bool) or not said >= 0:
        return AFTER_S
    return float(said)


def _signs(run_folder: str) -> Iterator[float]:
    """When the script last printed, when it last logged, and when it was started."""
    for folder in (layout.USER_LOGS, layout.RANK_LOGS, layout.METRICS):
        for name in _names(f"{run_folder}/{folder}"):
            yield os.lstat(f"{run_folder}/{folder}/{name}").st_mtime
    started = f"{attempts.folder(run_folder, attempts.begun(run_folder))}/{layout.STARTED}"
    if atomic.is_plain(started):
        yield os.lstat(started).st_mtime


def _samples(run_folder: str) -> Iterator[tuple[float, float]]:
    """The time and the value of each of the last samples of processor time."""
    folder = f"{run_folder}/{layout.SYSTEM}"
    for name in _names(folder):
        for line in samples.last_bytes(f"{folder}/{name}", _END).split(b"\n"):
            if _NAME not in line:
                continue
            try:
                point = json.loads(line)
                yield float(point["t"]), float(point["v"])
            except (ValueError, TypeError, KeyError):
                continue  # cut at the beginning of what was read, or damaged


def _names(folder: str) -> list[str]:
    try:
        return [name for name in atomic.names_in(folder) if atomic.is_plain(f"{folder}/{name}")]
    except (FileNotFoundError, NotADirectoryError):
        return []
