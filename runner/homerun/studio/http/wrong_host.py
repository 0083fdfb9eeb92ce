"""What is said where Studio is asked for by a name that it does not know."""

from __future__ import annotations

import re
from html import escape

from starlette.responses import HTMLResponse, Response

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")
_PAGE = """<!doctype html>
<meta charset="utf-8"><title>Studio</title>
<h1>Studio is not meant for this name</h1>
<p>{said}</p>
<p>From another machine the safe way is <code>ssh -L 8765:localhost:8765 HOST</code>, with the port
that <code>homerun studio</code> prints there, and then <code>http://localhost:8765/</code>.</p>
"""


def refusal_of(name: str) -> str:
    """What to do; a name that is none is not repeated.

    Args:
        name: in lower case, without a port.
    """
    if not _NAME.fullmatch(name):
        return "this server is not meant for that host"
    return (
        f"Studio does not know the name {name}. Where it is one of this machine's or of its "
        f"proxy's, start Studio with: homerun studio --allow-host {name}"
    )


def explained(said: str) -> Response:
    """The same for people."""
    return HTMLResponse(_PAGE.format(said=escape(said)), 421)
