"""Starting a program in a session of its own, with nothing of our own signal set-up."""

from __future__ import annotations

import os

NOTHING_OPEN: list[tuple[int | str, ...]] = [
    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
]
"""The descriptors of a program whose output is not wanted."""

_UNCATCHABLE = (9, 19)


def start(
    program: str, argv: list[str], env: dict[str, str], actions: list[tuple[int | str, ...]]
) -> int:
    """Start a program, looked up in PATH if its name has no slash; its pid.

    `posix_spawn` and not a fork: it is safe beside threads, and runs no fork hooks. Where the
    libc cannot make a session on the way, the program has to make its own.

    Args:
        actions: what `posix_spawn` does with descriptors.

    Raises:
        OSError: it cannot be started.
    """
    every = [number for number in range(1, 32) if number not in _UNCATCHABLE]
    try:
        return os.posix_spawnp(
            program, argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=every
        )
    except NotImplementedError:
        return os.posix_spawnp(
            program, argv, env, file_actions=actions, setsigmask=(), setsigdef=every
        )
