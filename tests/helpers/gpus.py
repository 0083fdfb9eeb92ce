"""A machine with GPUs, as far as the library of their driver tells all processes of a test."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

_FAKE = Path(__file__).parent / "nvml" / "pynvml.py"


class Machine:
    """GPUs that a test says, told to every process that has `variables` in its environment.

    Args:
        folder: where it is kept.
        count: how many devices it begins with.
    """

    def __init__(self, folder: Path, count: int = 2) -> None:
        self.folder = folder
        self.locks = folder / "locks"
        self.locks.mkdir(parents=True)
        self.locks.chmod(0o1777)
        shutil.copy(_FAKE, folder / "pynvml.py")
        self.devices: list[dict[str, Any]] = [{"uuid": f"GPU-{n}"} for n in range(count)]
        self.write()

    @property
    def variables(self) -> dict[str, str]:
        """By which processes see it."""
        return {"HOMERUN_NVML": str(self.folder), "HOMERUN_GPU_LOCKS": str(self.locks)}

    def say(self, number: int, **said: Any) -> None:
        """Change what a device tells."""
        self.devices[number].update(said)
        self.write()

    def write(self, **more: Any) -> None:
        """Let all see what is said."""
        made = self.folder / f"new-{os.getpid()}"
        made.write_text(json.dumps({"devices": self.devices, **more}))
        made.rename(self.folder / "machine.json")
