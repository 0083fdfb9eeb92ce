"""Requests to the dashboard of a Ray cluster: JSON over HTTP, each with a limit of time.

Nothing leads elsewhere: a redirect is an error, since the request may carry a token. Whatever else
stands at the address, a web page, another protocol or a proxy's complaint, is told in one line.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from http.client import HTTPException
from urllib import error, parse, request

from homerun.targets.engines.engine import EngineError
from homerun.targets.ray import addresses, credentials
from homerun.targets.ray.addresses import EXAMPLE
from homerun.targets.ray.answers import TIMEOUT_S, NoAnswer, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 1 << 28
_AGENT = "homerun"  # what looks like a browser may not submit


class _Stay(request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


class Dashboard:
    """One cluster's dashboard.

    Args:
        address: as `addresses.check_address` gives it.
    """

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S) -> None:
        self.address = address
        self._timeout_s = timeout_s
        handlers: list[request.BaseHandler] = [_Stay()]
        if addresses.is_loopback(address):
            handlers.append(request.ProxyHandler({}))
        self._opener = request.build_opener(*handlers)

    def get(self, path: str) -> Any:
        """What stands there.

        Raises:
            NoAnswer, Refused, EngineError: nothing that can be used.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: object = None) -> Any:
        """What is answered to JSON.

        Raises:
            NoAnswer, Refused, EngineError: nothing that can be used.
        """
        return self._ask("POST", path, json.dumps({} if body is None else body).encode())

    def _ask(self, method: str, path: str, data: bytes | None) -> Any:
        headers = {"User-Agent": _AGENT, "Accept": "application/json", **credentials.headers()}
        if data is not None:
            headers["Content-Type"] = "application/json"
        asked = request.Request(f"{self.address}{path}", data, headers, method=method)
        until = time.monotonic() + self._timeout_s
        try:
            with self._opener.open(asked, timeout=self._timeout_s) as answer:
                text = _read(answer, until)
        except error.HTTPError as refused:
            with refused:
                raise self._refusal(refused, until) from None
        except error.URLError as wrong:
            raise self._silence(wrong.reason) from None
        except (OSError, HTTPException, ValueError) as wrong:
            raise self._silence(wrong) from None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            kind = "a web page" if text.lstrip()[:1] == b"<" else "something that is not JSON"
            raise EngineError(
                f"{self.address} answers with {kind}: is it the address of Ray's dashboard, such "
                f"as {EXAMPLE}?"
            ) from None

    def _refusal(self, refused: error.HTTPError, until: float) -> EngineError:
        code = refused.code
        if 300 <= code < 400:
            place = refused.headers.get("Location") or "another place"
            place = "".join(one for one in place.partition("?")[0] if one.isprintable())[:200]
            return EngineError(
                f"{self.address} leads elsewhere, to {place}, which is not followed: give the "
                "address of the dashboard itself"
            )
        if code in (401, 403):
            return Refused(
                f"{self.address} does not let you in ({code}): set RAY_AUTH_TOKEN, or "
                "RAY_JOB_HEADERS, to what it wants",
                code,
            )
        try:
            text = _read(refused, until)
        except (OSError, HTTPException):
            text = b""
        why = _last_line(text)
        if code == 404 and "does not exist" not in why:
            return Refused(
                f"{self.address} has no Ray jobs: is it the address of Ray's dashboard, such as "
                f"{EXAMPLE}?",
                code,
            )
        if code in (502, 503, 504):
            return NoAnswer(f"{self.address} does not reach Ray now ({code}): is its head running?")
        return Refused(f"{self.address} answers {code}: {why or 'it does not say why'}", code)

    def _silence(self, wrong: object) -> EngineError:
        if isinstance(wrong, (TimeoutError, socket.timeout)):  # one and the same from 3.10 on
            return NoAnswer(
                f"{self.address} did not answer within {self._timeout_s:g} s: is the cluster "
                "running, and to be reached from here?"
            )
        if isinstance(wrong, ConnectionRefusedError):
            return NoAnswer(
                f"nothing listens at {self.address}: start the cluster, or correct the address, "
                "which is the dashboard's"
            )
        if isinstance(wrong, socket.gaierror):
            return NoAnswer(
                f"there is no host {parse.urlsplit(self.address).hostname!r} to be found"
            )
        if isinstance(wrong, ssl.SSLError):
            return NoAnswer(f"{self.address} cannot be trusted, or does not speak TLS: {wrong}")
        if isinstance(wrong, (HTTPException, ConnectionError)):
            return NoAnswer(
                f"{self.address} does not speak HTTP, or broke off: the port is that of Ray's "
                f"dashboard, such as {EXAMPLE}"
            )
        return NoAnswer(f"{self.address} cannot be reached: {wrong}")


def _read(answer: Any, until: float) -> bytes:
    """A whole body.

    Raises:
        OSError: it does not come in time, is cut off, or has no end.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        part = answer.read1(1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise OSError(f"its answer is longer than {_MOST_BYTES >> 20} MiB")
        if time.monotonic() > until:
            raise TimeoutError
    if answer.length:  # bytes that it promised
        raise ConnectionError
    return b"".join(parts)


def _last_line(text: bytes) -> str:
    """What an error ends with: Ray answers with tracebacks, and a proxy with a page, which says
    nothing."""
    if text.lstrip()[:1] == b"<":
        return ""
    lines = (line.strip() for line in text.decode("utf-8", "replace").splitlines())
    said = [line for line in lines if any(one.isalpha() for one in line)]
    return "".join(one for one in said[-1] if one.isprintable())[:300] if said else ""
