"""Who else is at a store while its runs are killed: copiers, collectors, scripts that plant links,
and root, where the store is another account's.

None of them may change what becomes of a run, or touch what is not the store's.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from random import Random

from homerun import Workspace
from homerun.base.errors import HomerunError
from homerun.runs import reconcile
from runstore.errors import LockTimeout, StoreError
from runstore.store import Store
from runstore.upkeep import check, garbage

END = "end"
"""The file in a case's folder that says that its run is over."""

PLACES = (
    *("children", "metrics", "labels", "properties", "user_logs", ".", "..", "../.."),
    *("../../.queue", "../../.slots", "../../.owners", "../../.index", "../../.snapshots"),
    *("../../.trash", "../../.ids", "../../.interpreters"),
)
"""Where a script can put links, from its run's folder."""

PLANT = f'for at in {" ".join(PLACES)}; do ln -sn "$1" "$HOMERUN_RUN_FOLDER/$at/planted-$2"; done; '
"""A line of a shell: a link from every place in the store to `$1`, under a name of `$2`."""


def copy(root: str, to: Path, chance: Random) -> None:
    """Copy a store in use, with hard links or without, look at all runs of the copy and cancel
    them there. A run that is made or removed meanwhile is in it, in part, or is not.
    """
    if chance.random() < 0.5:
        command = ["cp", "-al", root, str(to)]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
    else:
        try:
            shutil.copytree(root, to, symlinks=True)
        except shutil.Error:
            pass  # what went in the meantime
    store = Store(str(to))
    for record in store.runs():
        reconcile.bring_up_to_date(record)
    for record in store.runs():
        try:
            Workspace.of(store, {}).get_run(record.id).cancel()
        except (HomerunError, StoreError, LookupError):
            continue  # it says that this is a copy, or that the run is only there in part


def collect(root: str) -> None:
    """Remove what no run needs, and repair what is damaged, beside living runs."""
    store = Store(root)
    try:
        garbage.collect(store, trash_days=0.0)
        check.check(store, repair=True)
    except LockTimeout:
        return  # another collector is at it


class Visitor:
    """Root, as a lane knows it that another account plays: asked to look, by a line each.

    Args:
        ask: the descriptor that root reads from.
        answer: the descriptor on which it says what it found, once it has looked its last.
    """

    PATIENCE_S = 60.0

    def __init__(self, ask: int, answer: int) -> None:
        self._ask = ask
        self._answer = answer
        self._looks_at: Path | None = None

    def begin(self, root: str, run_id: str, folder: Path) -> None:
        """Have root look at a run until `end`."""
        asked = {"root": root, "run": run_id, "folder": str(folder)}
        os.write(self._ask, f"{json.dumps(asked)}\n".encode())
        self._looks_at = folder

    def end(self) -> list[str]:
        """What is broken, as root sees it; [] where it looks no more."""
        if self._looks_at is None:
            return []
        (self._looks_at / END).touch()
        self._looks_at = None
        poll = select.poll()
        poll.register(self._answer, select.POLLIN)
        if not poll.poll(self.PATIENCE_S * 1000):
            return ["root's look hangs"]
        breaks: list[str] = json.loads(os.read(self._answer, 1 << 20))
        return breaks
