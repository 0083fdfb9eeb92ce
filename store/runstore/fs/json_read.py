"""Reading JSON without the json module.

Its scanner is a C module that can be called alone; what `json` loads around it (`re`, `enum` and a
dozen more) would cost a supervisor that starts the next run, or a command, more than the reading.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BLANKS = " \t\n\r"

_scanner: list[Callable[[str, int], tuple[Any, int]]] = []


class _Settings:
    """What `json.JSONDecoder` tells the scanner by default."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> float:
        """NaN and the infinities, as `json` reads them."""
        return float(name)


def loads(data: bytes) -> object:
    """The value in these bytes, just as `json.loads` reads it.

    Raises:
        ValueError, RecursionError: there is none, or something stands behind it.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or text[0] == "\ufeff" or "\0" in text:  # in another encoding, or none at all
        return _with_json(data)
    text = text.strip(_BLANKS)
    if not _scanner:
        _scanner.append(_made())
    try:
        value, end = _scanner[0](text, 0)
    except StopIteration:
        raise ValueError("there is no value") from None
    except SystemError:  # it wants to raise an error of the json module, which is not loaded
        return _with_json(data)
    if end != len(text):
        raise ValueError("something stands behind the value")
    return value


def _with_json(data: bytes) -> object:
    import json

    return json.loads(data)


def _made() -> Callable[[str, int], tuple[Any, int]]:
    """The C scanner; that of `json` in a Python that has none of this kind."""
    try:
        import _json

        module: Any = _json
        scanner: Callable[[str, int], tuple[Any, int]] = module.make_scanner(_Settings())
    except (ImportError, AttributeError, TypeError):
        import json

        decoder: Any = json.JSONDecoder()
        scanner = decoder.scan_once
    return scanner
