"""`azureml.core.script_run_config`: homerun's own class."""

from __future__ import annotations

from homerun.config.script_run_config import ScriptRunConfig

__all__ = ["ScriptRunConfig"]
