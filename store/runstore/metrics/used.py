"""What a run uses as lists show it: a number for each quantity.

While a run goes on that is the last sample's; once it is over the mean or the most of all samples,
or the total. What the kernel counted of a script's end goes before samples, and stands where there
are none.
"""

from __future__ import annotations

from runstore import layout, status
from runstore.fs import atomic, facts
from runstore.metrics import samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MEAN, _MOST = "mean", "max"
_KIB = 1024
_TOO_MUCH = 1e18
"""No machine counts so far: such a number is damage."""


def found(run_folder: str, shown: str) -> Mapping[str, Any]:
    """What is known of what a run uses, by quantity; {}: nothing.

    Args:
        shown: its status.

    Raises:
        OSError: the disk does not tell.
    """
    if not atomic.is_folder(f"{run_folder}/{layout.SYSTEM}"):
        return {}
    if shown in status.GOING_ON:
        return samples.latest(run_folder)
    if shown not in status.TERMINAL:
        return {}
    # Without the fact its supervisor was killed.
    return facts.read(run_folder, layout.USAGE) or samples.totals(run_folder)


def cpu_s(known: Mapping[str, Any], exited: Mapping[str, Any]) -> float | None:
    """Seconds of processor time."""
    told = [_of(exited, key) for key in ("cpu_user_s", "cpu_system_s")]
    numbers = [one for one in told if one is not None]
    return sum(numbers) if numbers else _of(known, "cpu_s")


def cpu_percent(known: Mapping[str, Any], exited: Mapping[str, Any]) -> float | None:
    """Processor time of one processor: now, or on average."""
    percent = _of(known, "cpu_percent", _MEAN)
    used, took = cpu_s({}, exited), _of(exited, "elapsed_s")
    if percent is None and used is not None and took:
        percent = 100 * used / took
    return None if percent is None else round(percent, 1)


def memory_kib(known: Mapping[str, Any], exited: Mapping[str, Any]) -> int | None:
    """Memory of all its processes: now, or at most; without samples that of the largest one."""
    most = _of(known, "memory", _MOST) or 0.0
    largest = exited.get("peak_memory_kib")
    kib = max(round(most / _KIB), largest if type(largest) is int else 0)
    return kib if 0 < kib < 1 << 63 else None


def gpu_percent(known: Mapping[str, Any]) -> float | None:
    """How busy its GPUs are, of one GPU: now, or on average."""
    percent = _of(known, "gpu_percent", _MEAN)
    return None if percent is None else round(percent, 1)


def joules(known: Mapping[str, Any]) -> float | None:
    """Energy that was counted: of processors and GPUs."""
    counted = [_of(known, name) for name in ("cpu_joules", "gpu_joules")]
    told = [one for one in counted if one is not None]
    return round(sum(told), 2) if told else None


def gpus(given: object) -> int | None:
    """How many GPUs it was given; None: it asked for none."""
    return len(given) or None if isinstance(given, list) else None


def kib(known: Mapping[str, Any], quantity: str) -> int | None:
    """Bytes of a quantity in KiB: now, at most, or in all."""
    number = _of(known, quantity, _MOST)
    return None if number is None else round(number / _KIB)


def _of(known: Mapping[str, Any], quantity: str, which: str = "") -> float | None:
    """The number of a quantity; None: it is not known."""
    told = known.get(quantity)
    number = told.get(which) if isinstance(told, dict) else told
    if not isinstance(number, (float, int)) or isinstance(number, bool):
        return None
    return float(number) if 0 <= number < _TOO_MUCH else None
