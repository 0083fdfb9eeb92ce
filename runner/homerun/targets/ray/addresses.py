"""Addresses of dashboards, and what tells a cluster from another one by them."""

from __future__ import annotations

import os
from urllib import parse

EXAMPLE = "http://head:8265"

_PORT = 8265
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_address(given: str) -> str:
    """The address of a dashboard in full; a port that is not given is Ray's own.

    Raises:
        ValueError: it is none, or holds what may not stand in a record.
    """
    text = given.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = parse.urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or any(not one.isprintable() or one in ' "<>\\' for one in text):
        raise ValueError("that is not an address")
    if parts.scheme == "ray":
        raise ValueError("that is for Ray Client: give that of the dashboard")
    if parts.scheme not in ("http", "https"):
        raise ValueError("it begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("it would keep a password: set RAY_JOB_HEADERS or RAY_AUTH_TOKEN instead")
    if parts.query or parts.fragment:
        raise ValueError("it ends before `?` and `#`")
    if port is None and parts.scheme == "http":
        port = _PORT
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def cluster_at(address: str) -> str:
    """What tells a cluster from those at other addresses: the same loopback is on every host."""
    return f"{address} on {os.uname().nodename}" if is_loopback(address) else address


def is_loopback(address: str) -> bool:
    """Whether an address is that of the host itself."""
    return parse.urlsplit(address).hostname in _LOOPBACK
