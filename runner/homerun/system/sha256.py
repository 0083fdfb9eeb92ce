"""Digests of a few bytes without OpenSSL, to load which takes a third of a start of Python."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def plain_sha256() -> Any:
    """A maker of SHA-256, as `hashlib.sha256`: quick to load, and slower with many bytes."""
    for module in ("_sha2", "_sha256"):
        try:
            return __import__(module).sha256
        except ImportError:
            continue
    import hashlib

    return hashlib.sha256


def digest(data: bytes) -> str:
    """32 hex digits for these bytes (BLAKE2b)."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(data, digest_size=16).hexdigest()
