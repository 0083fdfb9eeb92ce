"""This homerun as it is installed: its version, and the line that installs more beside it."""

from __future__ import annotations

import os
import sys

__version__ = "0.1.0"

EXTRAS = {
    "gpu": ("nvidia-ml-py>=12",),
    "keyring": ("keyring>=24",),
    "notebook": ("ipykernel>=6.29", "nbclient>=0.8"),
    "plot": ("matplotlib>=3.7",),
    "studio": ("starlette>=0.40", "uvicorn>=0.30", "watchdog>=4"),
    "tensorboard": ("tensorboard>=2.12",),
}
"""What pyproject.toml names for each extra."""


def line_that_installs(*packages: str) -> str:
    """The command that installs packages for the Python of this process, from any folder.

    An environment of pipx is told by its own file; one without pip is uv's, or can be uv's.
    """
    import shlex  # each command asks for the version, few for this
    from importlib.util import find_spec

    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        return shlex.join(["pipx", "inject", "homerun", *packages])
    if find_spec("pip") is None and not sys.flags.no_site:
        return shlex.join(["uv", "pip", "install", "--python", sys.executable, *packages])
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])


def line_for_extra(extra: str) -> str:
    """The command that installs what an extra of homerun needs.

    It names the packages, so that it works wherever this homerun itself came from.
    """
    return line_that_installs(*EXTRAS[extra])
