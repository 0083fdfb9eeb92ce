"""What is sampled of a run: its quantities, how samples are kept, and what they come to.

Samples are points like those of metrics, in logs of the same form in the run's folder `system/`,
one write for each sample. No reader of metrics looks there.
"""

from __future__ import annotations

import os
from collections import namedtuple
from time import time, time_ns

from runstore import layout
from runstore.fs import append, atomic, facts
from runstore.metrics import log as metric_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "system/"
"""What the names of the series begin with."""

PERCENT, BYTES, COUNT = "%", "bytes", ""
SECONDS, WATTS, CELSIUS, JOULES = "s", "W", "°C", "J"

Quantity = namedtuple("Quantity", "unit is_total help")
"""One that is sampled; `is_total`: it only grows, from the beginning of the run on."""

QUANTITIES = {
    "cpu_percent": Quantity(PERCENT, False, "processor time, of one processor"),
    "cpu_s": Quantity(SECONDS, True, "processor time of all processes"),
    "memory": Quantity(BYTES, False, "resident memory; what processes share counts for each"),
    "shared_once": Quantity(BYTES, False, "memory, where what processes share counts once"),
    "threads": Quantity(COUNT, False, "threads of all processes"),
    "processes": Quantity(COUNT, False, "the script and all below it"),
    "read_bytes": Quantity(BYTES, True, "read from disks"),
    "written_bytes": Quantity(BYTES, True, "written to disks"),
    "cpu_joules": Quantity(JOULES, True, "energy of processors, its share"),
    "gpu_percent": Quantity(PERCENT, False, "how busy its GPUs are, of one GPU"),
    "gpu_memory": Quantity(BYTES, False, "memory of GPUs"),
    "gpu_watts": Quantity(WATTS, False, "power of its GPUs"),
    "gpu_celsius": Quantity(CELSIUS, False, "temperature of the hottest of its GPUs"),
    "gpu_joules": Quantity(JOULES, True, "energy of its GPUs"),
}
"""By the attributes of `meter.Usage`, in the order in which they are shown."""


SETTING = "sample_s"
"""In settings.json: seconds between two samples; 0: none are taken."""

EVERY_S = 5.0
_LEAST_S = 0.5
_MISSED, _LATE_S = 3, 10.0
"""So many samples that are missing, and so late a one, make the last one old."""
_END = 1 << 11
"""Bytes in which the last sample is."""


def interval_s(root: str) -> float:
    """The seconds between two samples of the runs of a store; 0: none are taken."""
    said = (facts.read(root, layout.SETTINGS) or {}).get(SETTING)
    if not isinstance(said, (int, float)) or isinstance(said, bool) or not said >= 0:
        return EVERY_S
    return max(_LEAST_S, float(said)) if said else 0.0


def unit_of(name: str) -> str:
    """The unit of a series by its name; "": it has none."""
    quantity = QUANTITIES.get(name[len(PREFIX) :])
    return quantity.unit if quantity else COUNT


class SampleLog:
    """Appends samples of one run, each whole or not at all."""

    def __init__(self, run_folder: str) -> None:
        self._folder = f"{run_folder}/{layout.SYSTEM}"
        self._name = f"{os.getpid()}-{os.urandom(4).hex()}{layout.APPENDED}"

    def add(self, values: Mapping[str, float | None]) -> None:
        """Append one sample; a quantity that is None is left out.

        Raises:
            OSError: the disk did not take it, or the run is gone.
        """
        at = time_ns() // 1000
        lines = [
            f'\n{{"n":"{PREFIX}{name}","v":{_text(value)},"t":{at}e-6}}\n'
            for name, value in values.items()
            if value is not None
        ]
        atomic.make_folder(self._folder)
        # Opened each time: a sampler has many runs, and one may be removed meanwhile.
        descriptor = append.open_for_append(f"{self._folder}/{self._name}")
        try:
            os.write(descriptor, "".join(lines).encode())
        finally:
            os.close(descriptor)


def _text(value: float) -> str:
    return repr(value) if isinstance(value, int) else repr(round(value, 2))


def read(run_folder: str) -> dict[str, metric_log.Series]:
    """The samples of a run by the names of the series, in order; {} where none was taken.

    Raises:
        OSError: a log is not ours to read.
    """
    found = metric_log.read(run_folder, layout.SYSTEM)[0]
    known = [PREFIX + name for name in QUANTITIES]
    return {name: found[name] for name in known if name in found}


def totals(run_folder: str) -> dict[str, object]:
    """What the samples of a run come to; {} where none was taken.

    Returns:
        `samples`: how many; and by quantity the last value of what only grows, else its `mean` and
        its `max`.
    """
    found: dict[str, object] = {}
    samples = 0
    for name, series in read(run_folder).items():
        quantity = QUANTITIES[name[len(PREFIX) :]]
        numbers = [value for value in series.values if type(value) in (int, float)]
        if not numbers:
            continue
        samples = max(samples, len(numbers))
        mean = round(sum(numbers) / len(numbers), None if quantity.unit == BYTES else 2)
        told = max(numbers) if quantity.is_total else {"mean": mean, "max": max(numbers)}
        found[name[len(PREFIX) :]] = told
    return {"samples": samples, **found} if found else {}


def latest(run_folder: str) -> dict[str, float]:
    """The last sample of a run, by quantity; {} where none was taken, or none lately.

    Raises:
        OSError: the disk does not tell.
    """
    found: dict[str, float] = {}
    last = 0.0
    for name, value, at in _end_of_logs(f"{run_folder}/{layout.SYSTEM}"):
        if at > last:
            last, found = at, {}
        if at == last:
            found[name] = value
    late_s = _MISSED * interval_s(f"{run_folder}/../..") + _LATE_S
    return {name: found[name] for name in QUANTITIES if name in found and time() - last < late_s}


def last_bytes(path: str, size: int) -> bytes:
    """The last bytes of a log, at most so many.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = atomic.open_plain(path, os.O_RDONLY)
    try:
        return os.pread(descriptor, size, max(0, os.fstat(descriptor).st_size - size))
    finally:
        os.close(descriptor)


def _end_of_logs(folder: str) -> Iterator[tuple[str, float, float]]:
    """The quantity, the value and the time of the points at the end of each log."""
    from json import loads  # most runs that are looked at have no samples, or are over

    try:
        names = [name for name in atomic.names_in(folder) if atomic.is_plain(f"{folder}/{name}")]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        for line in last_bytes(f"{folder}/{name}", _END).split(b"\n"):
            try:
                point = loads(line)
                yield str(point["n"])[len(PREFIX) :], float(point["v"]), float(point["t"])
            except (ValueError, TypeError, KeyError):
                continue  # cut at the beginning of what was read, or damaged
