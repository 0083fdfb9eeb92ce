"""Puts the pages of `docs/` into the wheel, where `homerun help` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """It starts no program: Studio's pages are taken as `make studio` has left them, or not at all.

    An editable install reads `docs/` itself.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add each page of the checkout, or of the sdist, and say it where Studio has none."""
        if version == "editable":
            return
        root = Path(self.root)
        for page in sorted(root.glob("docs/*.md")):
            build_data["force_include"][str(page)] = f"homerun/manual/pages/{page.name}"
        if not root.joinpath("runner/homerun/studio/assets/index.html").exists():
            self.app.display_warning("Studio's pages are not built: `make dist` builds them first")
