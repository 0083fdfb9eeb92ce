"""What tells a secret from other values: how it is called, and how it is shaped.

A name counts by its parts: those of `db-pass`, `DB_PASS`, `db.pass` and `dbPass` are `db` and
`pass`. `docs/security.md` has the table.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MASK = "*****"

_ANYWHERE = frozenset(
    (
        *("token", "secret", "password", "passwd", "pwd", "passphrase", "key", "credential"),
        *("cred", "authorization", "bearer", "sig", "signature", "sas", "cookie", "jwt", "otp"),
        *("dsn", "webhook"),
    )
)
"""Parts that make a name a secret's, wherever they stand in it."""

_SEVERAL = frozenset(
    ("secrets", "passwords", "credentials", "creds", "keys", "cookies", "webhooks", "signatures")
)
"""The same; options that are called so are followed by several values."""

_ENDINGS = (
    *("token", "secret", "password", "passphrase", "apikey", "accesskey", "privatekey"),
    *("accountkey", "sharedkey", "authkey", "connectionstring", "connstr", "sessionid"),
)
"""What such a part may end with, where words are written as one."""

_AT_THE_END = frozenset(("auth", "oauth", "session", "pat", "pass", "pin"))
"""Parts that do so as the last: `--pin` and `--session`, not `--pin-memory`, `--session-length`."""

_OF_DIGITS = frozenset(("pass", "pin"))
"""Those of them whose values may consist of digits."""

_CARRIERS = frozenset(("id", "code", "header", "string", "str", "value", "data"))
"""Last parts that stand for what is before them: `--session-id`, `--pin-code`."""

_OTHER_THINGS = frozenset(
    (
        *("file", "path", "dir", "folder", "directory", "name", "type", "kind", "mode"),
        *("method", "policy", "format", "column", "columns", "col"),
    )
)
"""Last parts that name something else about a secret: `--token-type`, `--key-file`."""

_NO_LOCKS = frozenset(
    (
        *("sort", "primary", "foreign", "public", "image", "text", "label", "target", "input"),
        *("column", "group", "metric", "feature", "index", "join", "dict", "data"),
    )
)
"""What stands before a `key` that locks nothing."""

_STRINGS = frozenset(("string", "str"))
_CONNECTIONS = frozenset(("connection", "conn"))

_NO_VALUES = frozenset(("true", "false", "yes", "no", "on", "off", "none", "null", "0", "1"))
_FEWEST_DIGITS = 4

SHORTEST_TOKEN = 15
_MOST_CHARACTERS = 100_000
"""A longer text that holds the sign of a secret is masked as a whole."""

_SHAPES = (
    ("hf_", r"hf_[A-Za-z0-9]{16,}"),
    ("gh", r"gh[pousr]_[A-Za-z0-9]{16,}"),
    ("github_pat_", r"github_pat_\w{16,}"),
    ("gl", r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|imt|agent)-[\w\-]{16,}"),
    ("xox", r"xox[abeoprs]-[\w\-]{10,}"),
    ("xapp-", r"xapp-[\w\-]{10,}"),
    ("AIza", r"AIza[\w\-]{30,}"),
    ("ya29.", r"ya29\.[\w\-]{16,}"),
    ("eyJ", r"eyJ[\w\-]{5,}\.eyJ[\w\-]{5,}(?:\.[\w\-]*)?"),
    ("npm_", r"npm_[A-Za-z0-9]{16,}"),
    ("pypi-", r"pypi-[\w\-]{30,}"),
    ("sk-", r"sk-(?:[a-z0-9]+-){0,3}[\w\-]*[A-Za-z0-9_]{16,}[\w\-]*"),
    ("k_", r"[rs]k_(?:live|test)_\w{16,}"),
    ("whsec_", r"whsec_[\w+/=]{16,}"),
    ("A", r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    ("dapi", r"dapi[0-9a-f]{32}"),
    ("nvapi-", r"nvapi-[\w\-]{16,}"),
    ("gsk_", r"gsk_[A-Za-z0-9]{16,}"),
    ("r8_", r"r8_[A-Za-z0-9]{16,}"),
    ("SG.", r"SG\.[\w\-]{16,}\.[\w\-]{16,}"),
    ("hv", r"hv[sbr]\.[\w\-]{16,}"),
    (":AA", r"[0-9]{6,}:AA[\w\-]{30,}"),
)
"""How the tokens of well-known services begin, with a sign that is quick to look for."""

_PLACES = (
    r"((?:hooks\.slack\.com/(?:services|workflows|triggers)"
    r"|discord(?:app)?\.com/api/webhooks|webhook\.office\.com)/)[^\s\"'<>]+"
)
"""Addresses whose path is itself a secret."""

_BLOCK = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$(?![\s\S]))"
)
_BLOCK_SIGN = "PRIVATE KEY-----"
_PLACE_SIGNS = ("hooks.slack.com", "/webhooks/", "webhook.office.com")


def hides(name: str, value: object = "") -> bool:
    """Whether a value is a secret by the name of its option, variable or key.

    Args:
        value: the text, or what JSON has. A boolean, and none, is no secret. A number is one only
            under a name that ends with the word for it.
    """
    words = _words(name)
    end = words[-1]
    last = words[-2] if len(words) > 1 and end in _CARRIERS else end
    is_anywhere = _is_anywhere(words)
    if not (is_anywhere or last in _AT_THE_END) or end in _OTHER_THINGS or _is_no_value(value):
        return False
    digits = _digits(value)
    if is_anywhere:
        return digits < 0 or end in _CARRIERS or _is_one(end)
    return digits < 0 or (last in _OF_DIGITS and digits >= _FEWEST_DIGITS)


def is_plural(name: str) -> bool:
    """Whether an option's name is that of several secrets."""
    return any(word in _SEVERAL for word in _words(name))


def without_tokens(text: str) -> str:
    """A text whose tokens and keys of well-known shapes are masked."""
    if len(text) < SHORTEST_TOKEN:
        return text
    has_block = _BLOCK_SIGN in text
    has_place = any(sign in text for sign in _PLACE_SIGNS)
    shapes = [shape for sign, shape in _SHAPES if sign in text]
    if not (has_block or has_place or shapes):
        return text
    if len(text) > _MOST_CHARACTERS:
        return MASK
    import re  # seldom needed

    if has_block:
        text = re.sub(_BLOCK, MASK, text)
    if has_place:
        text = re.sub(_PLACES, rf"\1{MASK}", text)
    if shapes:
        text = re.sub(rf"(?<![A-Za-z0-9])(?:{'|'.join(shapes)})", MASK, text)
    return text


def _is_anywhere(words: Sequence[str]) -> bool:
    before = ""
    for word in words:
        if _is_one(word) or word in _SEVERAL:
            if word != "key" or before not in _NO_LOCKS:
                return True
        elif word in _STRINGS and before in _CONNECTIONS:
            return True
        before = word
    return False


def _is_one(word: str) -> bool:
    return word in _ANYWHERE or word.endswith(_ENDINGS)


def _words(name: str) -> list[str]:
    """The parts of a name in lower case, without the numbers behind them; at least one."""
    plain = name.strip(" -+\"'")
    if not (plain.islower() or plain.isupper()):
        plain = _spelled_out(plain)
    spelled = plain.lower().replace("_", "-").replace(".", "-")
    words = [word.rstrip("0123456789") for word in spelled.split("-")]
    return [word for word in words if word] or [""]


def _spelled_out(name: str) -> str:
    """`db-Pass` for `dbPass`, `API-Key` for `APIKey`."""
    parts, begin = [], 0
    for at in range(1, len(name)):
        before, here, after = name[at - 1], name[at], name[at + 1 : at + 2]
        if here.isupper() and (not before.isupper() or after.islower()):
            parts.append(name[begin:at])
            begin = at
    return "-".join([*parts, name[begin:]])


def _is_no_value(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    return isinstance(value, str) and value.strip(" \"'").lower() in _NO_VALUES


def _digits(value: object) -> int:
    """Of how many digits a whole number consists; 0 for another number; -1 for what is none."""
    plain = str(value).strip(" \"'")
    if plain.isdecimal():
        return len(plain)
    try:
        float(plain)
    except ValueError:
        return -1
    return 0
