"""`azureml.core.script_run`: homerun's own class."""

from __future__ import annotations

from homerun.sdk.run import ScriptRun

__all__ = ["ScriptRun"]
