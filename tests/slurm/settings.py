"""The settings that name a cluster's targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runstore import layout


class Targets:
    """The targets in the store of the current folder."""

    def __init__(self, root: Path) -> None:
        self._path = root / layout.SETTINGS
        self._said: dict[str, dict[str, Any]] = {}

    def add(self, name: str, **said: str) -> None:
        """Have the store's settings name a target of the cluster."""
        self._said[name] = {"type": "slurm", **said}
        self._path.write_text(json.dumps({"targets": self._said}))
