"""What a cluster wants to be let in: from Ray's own variables, and never in a record."""

from __future__ import annotations

import json
import os

from homerun.targets.engines.engine import EngineError

_HEADERS = "RAY_JOB_HEADERS"
"""A JSON object of headers, as for Ray's own command line."""

_TOKEN, _TOKEN_FILE, _MODE = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"
_USUAL_FILE = "~/.ray/auth_token"
"""Ray makes it for a cluster of one machine, which then wants the token."""


def headers() -> dict[str, str]:
    """The headers of a request.

    Raises:
        EngineError: a variable cannot be used; its value is not told.
    """
    found = _given()
    if not any(name.lower() == "authorization" for name in found):
        token = _token()
        if token:
            found["Authorization"] = f"Bearer {token}"
    if any(not _is_plain(one) for pair in found.items() for one in pair):
        raise EngineError(f"{_HEADERS} or {_TOKEN} holds what cannot stand in a header")
    return found


def _given() -> dict[str, str]:
    text = os.environ.get(_HEADERS)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise EngineError(
            f"{_HEADERS} is not a JSON object of texts: write it as " + """'{"Name": "value"}'"""
        )
    return found


def _token() -> str:
    """The token that Ray's own tools would send; "": there is none."""
    if os.environ.get(_MODE, "").lower() == "disabled":
        return ""
    token = os.environ.get(_TOKEN)
    if token:
        return token.strip()
    path = os.environ.get(_TOKEN_FILE)
    try:
        with open(os.path.expanduser(path or _USUAL_FILE), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        if not path:
            return ""
        why = "it is not there"
    except (OSError, ValueError) as error:
        why = str(error.strerror) if isinstance(error, OSError) else "it is not text"
    named = path or _USUAL_FILE
    raise EngineError(f"{named}, which has Ray's token, cannot be read: {why}")


def _is_plain(text: str) -> bool:
    return bool(text) and all(" " <= one <= "\xff" and one != "\x7f" for one in text)
