"""Hooks: the commands that the workspace's settings name for the end of a run; notifications.

`.runs/settings.json`, which people write:

    {"on_end": [{"command": ["notify-send", "a run failed"], "status": ["Failed"],
                 "experiment": ["digits"]}]}

`status` and `experiment` are conditions and may be left out. A command gets the script's
environment with the run's id, status and folder, is started after the outcome is published, and is
never waited for. Commands that the user has not trusted as they are (`runstore.fs.trust`) are not
started. A supervisor loads this module only where there is a settings.json, or a notification is
to be sent. Where to is in a file of the user's own (`homerun.notify.settings`).
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn
from runstore import layout
from runstore.fs import facts, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_SHELL = "/bin/sh"


def start(run_folder: str, mark: str, status: str, env: Mapping[str, str]) -> list[str]:
    """Start the commands that fit; a line for each that could not be started.

    Args:
        mark: what names the run to processes.
        env: the script's environment; an adopter has none, and starts nothing.
    """
    run = facts.read(run_folder, layout.RUN) or {}
    store = f"{run_folder}/../.."
    hooks = (facts.read(store, layout.SETTINGS) or {}).get("on_end")
    if not hooks:
        return []
    if not env:
        return ["on_end: nothing is started, since the run's supervisor was killed"]
    store_id = (facts.read(store, layout.STORE) or {}).get("store_id")
    if trust.trusted_hooks(store, str(store_id)) != trust.digest_of(hooks):
        return [f"on_end: nothing is started; {trust.NEW_HOOKS}"]
    told = []
    for command in _fitting(hooks, status, run.get("experiment")):
        try:
            told_env = environ.for_hook(env, str(run.get("id")), mark, status, run_folder)
            spawn.start(command[0], command, told_env, spawn.NOTHING_OPEN)
        except (OSError, ValueError) as error:
            from homerun.base import masking

            shown = masking.arguments(command)
            told.append(f"on_end: {shown} could not be started: {masking.text(str(error))}")
    return told


def notify(run_folder: str, mark: str, env: Mapping[str, str], *event: str) -> int:
    """Start the process that tells this run's user of an event; its pid.

    Nothing waits for it: an address that does not answer delays nothing.

    Args:
        event: as `homerun.notify.send` has it.

    Raises:
        OSError: it cannot be started.
    """
    argv = children.python("notify.send", os.path.realpath(run_folder), *event)
    told_env = environ.for_notifier(env, mark)
    return spawn.start(sys.executable, argv, told_env, spawn.NOTHING_OPEN[:2])


def _fitting(hooks: object, status: str, experiment: object) -> Iterator[list[str]]:
    for hook in hooks if isinstance(hooks, list) else ():
        if (
            isinstance(hook, dict)
            and _fits(hook, "status", status)
            and _fits(hook, "experiment", experiment)
        ):
            command = hook.get("command")
            if isinstance(command, str):
                yield [_SHELL, "-c", command]
            elif isinstance(command, list) and command:
                yield [str(word) for word in command]


def _fits(hook: Mapping[str, Any], key: str, value: object) -> bool:
    wanted = hook.get(key)
    return wanted is None or value == wanted or (isinstance(wanted, list) and value in wanted)
