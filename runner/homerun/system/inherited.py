"""What a process inherits besides its environment: umask, nice value, processors, limits.

A run that waits is started by a process that frees slots, and that is another run's. Its script is
to have what its own submitter had. As text that is one line: `umask=18 nice=0 processors=3
limit7=1024:4096`, the processors as bits, limits by the kernel's numbers, each the soft and the
hard one.
"""

from __future__ import annotations

import os
import resource

_LIMIT = "limit"


def collect() -> str:
    """What this process has, as text."""
    found = {"umask": _umask(), "nice": os.getpriority(os.PRIO_PROCESS, 0)}
    if hasattr(os, "sched_getaffinity"):
        found["processors"] = sum(1 << number for number in os.sched_getaffinity(0))
    limits = [
        f"{_LIMIT}{number}={soft}:{hard}"
        for number in _limits()
        for soft, hard in [resource.getrlimit(number)]
    ]
    return " ".join([*(f"{name}={value}" for name, value in found.items()), *limits])


def adopt(text: str) -> list[str]:
    """Have the same in this process; what the kernel does not grant it, in words."""
    refused = []
    for part in text.split():
        name, _, value = part.partition("=")
        try:
            _set(name, value)
        except (OSError, ValueError) as error:
            refused.append(f"the script cannot have its submitter's {name} {value}: {error}")
    return refused


def known(text: str) -> dict[str, int]:
    """The numbers of such a text, without the limits."""
    pairs = [part.partition("=") for part in text.split()]
    return {name: int(value) for name, _, value in pairs if value.isdecimal()}


def _set(name: str, value: str) -> None:
    """Set one of them, unless it is so already.

    Raises:
        OSError, ValueError: it is not granted.
    """
    if name == "umask":
        os.umask(int(value))
    elif name == "nice":
        if os.getpriority(os.PRIO_PROCESS, 0) != int(value):
            os.setpriority(os.PRIO_PROCESS, 0, int(value))
    elif name == "processors":
        bits = int(value)
        wanted = {number for number in range(bits.bit_length()) if bits >> number & 1}
        if os.sched_getaffinity(0) != wanted:
            os.sched_setaffinity(0, wanted)
    elif name.startswith(_LIMIT):
        soft, _, hard = value.partition(":")
        _set_limit(int(name[len(_LIMIT) :]), int(soft), int(hard))


def _set_limit(number: int, soft: int, hard: int) -> None:
    """Set a limit; where the hard one may not be raised, the soft one as far as it goes.

    Raises:
        ValueError: a part of it is not granted.
    """
    now = resource.getrlimit(number)
    if now == (soft, hard):
        return
    try:
        resource.setrlimit(number, (soft, hard))
    except ValueError:
        most = now[1]
        is_above = soft == resource.RLIM_INFINITY or soft > most
        resource.setrlimit(number, (most if is_above else soft, most))
        raise


def _limits() -> list[int]:
    """The kernel's numbers of all limits; some have two names."""
    names = (name for name in dir(resource) if name.startswith("RLIMIT_"))
    return sorted({getattr(resource, name) for name in names})


def _umask() -> int:
    """The mask, without changing it for an instant: other threads may create files just then."""
    try:
        with open("/proc/self/status", "rb") as file:
            for line in file:
                if line.startswith(b"Umask:"):
                    return int(line.split()[1], 8)
    except OSError:
        pass  # not Linux
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
