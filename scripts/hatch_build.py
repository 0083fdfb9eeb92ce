"""Builds Studio's pages into the wheel where npm is there and they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_WEB = os.path.join("runner", "homerun", "studio", "web")
_PAGES = os.path.join("runner", "homerun", "studio", "assets", "index.html")


class CustomBuildHook(BuildHookInterface[Any]):
    """Without npm the wheel has no pages: all else works, and Studio says what is missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages before the wheel is packed; an editable install takes what is there."""
        web = os.path.join(self.root, _WEB)
        npm = shutil.which("npm")
        if version == "editable" or os.path.exists(os.path.join(self.root, _PAGES)):
            return
        if npm is None or not os.path.isdir(web):
            self.app.display_warning("npm is not here: the wheel will have no pages for Studio")
            return
        for words in (["ci"], ["run", "build"]):
            subprocess.run([npm, *words], cwd=web, check=True, stdin=subprocess.DEVNULL)
