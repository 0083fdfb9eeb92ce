"""What a request asks for: its parameters and its body, each checked when it is taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_MOST_FIELDS = 3_000
_LONGEST = 4_000
_MOST_VALUES = 1_000
_MOST_DIGITS = 18


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)


def bad(message: str) -> RefusedError:
    """The error of a request that is wrong in itself."""
    return RefusedError(400, "bad_request", message)


async def read(request: Request) -> Ask:
    """A request with its body.

    Raises:
        RefusedError: its query or its body cannot be read.
    """
    raw = request.scope["query_string"]
    try:
        unquote_to_bytes(raw).decode("utf-8" if raw.isascii() else "ascii")
    except UnicodeDecodeError:
        raise bad("the query cannot be read") from None
    if raw.count(b"&") >= _MOST_FIELDS:
        raise bad(f"the query has more than {_MOST_FIELDS} parameters")
    return Ask(request, await _object(request) if request.method == "POST" else {})


async def _object(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.body(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise bad("the body is not valid JSON") from None
    if not isinstance(found, dict):
        raise bad("the body is not a JSON object")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


class Ask:
    """A request whose parameters are checked when they are taken.

    Args:
        body: what a POST holds.

    Attributes:
        run: the run in the path; "" where there is none.
    """

    def __init__(self, request: Request, body: Mapping[str, Any]) -> None:
        self.run: str = request.path_params.get("id", "")
        self.headers = request.headers
        self.cookies = request.cookies
        self.body = body
        self._query = request.query_params

    # The query

    def texts(self, name: str) -> list[str]:
        """All values of a parameter."""
        found = self._query.getlist(name)
        if len(found) > _MOST_VALUES:
            raise bad(f"{name} is given {len(found)} times: at most {_MOST_VALUES}")
        if any(len(text) > _LONGEST for text in found):
            raise bad(f"{name} is longer than {_LONGEST} characters")
        return found

    def text(self, name: str) -> str | None:
        """The last value of a parameter; None where it is not given, or empty."""
        found = self.texts(name)
        return found[-1] if found and found[-1] else None

    def needed(self, name: str) -> str:
        """A parameter that has to be given."""
        found = self.text(name)
        if found is None:
            raise bad(f"{name} is missing")
        return found

    def flag(self, name: str) -> bool:
        """Whether a parameter says yes."""
        return self.text(name) in ("1", "true", "yes")

    def whole(self, name: str, otherwise: int, most: int) -> int:
        """A whole number from 0 on; what is more than `most` is that."""
        found = self.text(name)
        if found is None:
            return otherwise
        if not (found.isascii() and found.isdecimal() and len(found) <= _MOST_DIGITS):
            raise bad(f"{name} is a whole number from 0 on, not {found[:40]!r}")
        return min(int(found), most)

    def number(self, name: str) -> float | None:
        """A number, which is neither NaN nor infinite."""
        found = self.text(name)
        if found is None:
            return None
        try:
            number = float(found)
        except ValueError:
            raise bad(f"{name} is a number, not {found[:40]!r}") from None
        if number - number != 0.0:
            raise bad(f"{name} is a number, not {found[:40]!r}")
        return number

    # The body

    def said(self, name: str) -> str | None:
        """A text of the body; None where there is none."""
        found = self.body.get(name)
        if found is not None and not isinstance(found, str):
            raise bad(f"{name} is a text")
        return _whole_text(name, found) if found is not None else None

    def said_needed(self, name: str) -> str:
        """A text that the body has to hold."""
        found = self.said(name)
        if not found:
            raise bad(f"{name} is missing")
        return found

    def said_list(self, name: str) -> list[str]:
        """A list of texts of the body; numbers become text."""
        found = self.body.get(name)
        if found is None:
            return []
        if not isinstance(found, list) or len(found) > _MOST_VALUES:
            raise bad(f"{name} is a list of at most {_MOST_VALUES} texts")
        if not all(isinstance(one, (str, int, float)) for one in found):
            raise bad(f"{name} is a list of texts")
        return [_whole_text(name, str(one)) for one in found]

    def said_pairs(self, name: str) -> dict[str, str | None]:
        """Keys and texts of the body; a value may be null."""
        found = self.body.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict) or len(found) > _MOST_VALUES:
            raise bad(f"{name} is an object of at most {_MOST_VALUES} texts")
        if not all(one is None or isinstance(one, (str, int, float)) for one in found.values()):
            raise bad(f"{name} is an object of texts")
        return {
            _whole_text(name, key): None if one is None else _whole_text(name, str(one))
            for key, one in found.items()
        }

    def said_query(self, name: str) -> dict[str, list[str]] | None:
        """The query of an address in the body: lists of texts by name; None where there is none."""
        found = self.body.get(name)
        if found is None:
            return None
        if not isinstance(found, dict) or len(found) > _MOST_VALUES:
            raise bad(f"{name} is an object with lists of texts")
        if not all(isinstance(one, list) and len(one) <= _MOST_VALUES for one in found.values()):
            raise bad(f"{name} is an object with lists of texts")
        if not all(isinstance(text, str) for one in found.values() for text in one):
            raise bad(f"{name} is an object with lists of texts")
        return {
            _whole_text(name, key): [_whole_text(name, text) for text in one]
            for key, one in found.items()
        }

    def said_flag(self, name: str) -> bool:
        """Whether the body says yes."""
        found = self.body.get(name, False)
        if not isinstance(found, bool):
            raise bad(f"{name} is true or false")
        return found

    def said_whole(self, name: str) -> int | None:
        """A whole number of the body from 0 on; None where there is none."""
        found = self.said_number(name)
        if found is None:
            return None
        if found < 0 or found != int(found):
            raise bad(f"{name} is a whole number from 0 on")
        return int(found)

    def said_number(self, name: str) -> float | None:
        """A number of the body."""
        found = self.body.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or found - found != 0:
            raise bad(f"{name} is a number")
        return float(found)


def _whole_text(name: str, text: str) -> str:
    """The text itself, if a file can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise bad(f"{name} holds half a character") from None
    if "\0" in text:
        raise bad(f"{name} holds NUL")
    return text
