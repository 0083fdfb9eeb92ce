"""Examine this machine and a store: everything that homerun needs, and what is wrong with it.

A look changes nothing: no file is written, nothing is imported that a run would import, and no
process is started but the command of an engine that a target names, for its version. What cannot
be known without that is told from what the system says of itself.
"""

from __future__ import annotations

from homerun.doctor import clusters, interpreter, kernel, machine, storage, tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.doctor.diagnosis import Diagnosis
    from runstore.store import Store


def examine(store: Store) -> list[Diagnosis]:
    """Look at everything: the interpreter, the kernel, the store, clusters, the machine, tools."""
    return [
        *interpreter.look(),
        *kernel.look(),
        *storage.look(store),
        *clusters.look(store),
        *machine.look(),
        *tools.look(),
    ]
