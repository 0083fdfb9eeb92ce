"""`azureml.telemetry`: nothing is ever sent anywhere."""

from __future__ import annotations


def set_diagnostics_collection(
    send_diagnostics: bool = True, verbosity: object = None, reason: str = ""
) -> None:
    """Accepted: many notebooks begin with it."""
