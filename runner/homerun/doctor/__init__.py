"""What works on this machine and in this store, and what to do about what does not.

A look changes nothing: no file is written, no process is started, nothing is imported that a run
would import. What cannot be known without that is told from what the system says of itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.doctor.finding import Finding
    from homerun.sdk.workspace import Workspace


def examine(workspace: Workspace) -> list[Finding]:
    """Look at everything: the interpreter, the kernel, the store, the machine, and tools."""
    from homerun.doctor import interpreter, kernel, machine, storage, tools

    store = workspace.store
    return [
        *interpreter.look(),
        *kernel.look(),
        *storage.look(store),
        *machine.look(),
        *tools.look(),
    ]
