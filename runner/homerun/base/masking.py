"""Keeping secrets that were given as arguments out of the record.

What is masked goes by names: of options, of variables, of keys in JSON; and by places: the user and
password in an address. A secret that is neither named nor placed like one is not recognised.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MASK = "*****"

_SECRET = frozenset(
    (
        *("token", "secret", "password", "passwd", "pwd", "passphrase", "key", "credential"),
        *("authorization", "bearer", "sig"),
    )
)
_SECRETS = frozenset(("secrets", "passwords", "credentials", "keys"))
"""Options that are followed by several values."""

_ENDINGS = ("token", "secret", "password", "apikey", "accesskey", "privatekey", "accountkey")
_ENDS_OF_ADDRESS = "/?# \t\r\n\"'<>`,;)]}"
_MOST_CHARACTERS = 10_000
"""A longer text that only resembles JSON is masked as a whole."""

_QUOTES = "\"'"


def arguments(given: list[str]) -> list[str]:
    """The arguments with the values of secret-looking options masked.

    `--api-key VALUE`, `--api-key=VALUE` and `API_KEY=VALUE` are masked; a flag without a value
    stays. The same goes for the words of a shell's line, which is what follows `-c`, for the keys
    of JSON, the parameters of addresses and connection strings, and headers.
    """
    masked: list[str] = []
    hides = 0  # how many of the next values
    for argument in given:
        option, equals, value = argument.partition("=")
        if hides and not argument.startswith("--"):
            masked.append(MASK)
            hides -= 1
        elif masked and masked[-1] == "-c":
            masked.append(_line(argument))
        elif _is_option(option, is_assigned=bool(equals)) and names_secret(option):
            masked.append(f"{option}={MASK}" if equals else argument)
            hides = 0 if equals else len(given) if _is_plural(option) else 1
        else:
            is_named = equals and option.lstrip("-+").replace("-", "_").replace(".", "_").isalnum()
            masked.append(f"{option}={_value(value)}" if is_named else _value(argument))
            hides = 0
    return masked


def names_secret(name: str) -> bool:
    """Whether an option, a variable or a key is called as secrets are."""
    words = _words(name)
    return any(word in _SECRET or word in _SECRETS or word.endswith(_ENDINGS) for word in words)


def _is_plural(name: str) -> bool:
    return any(word in _SECRETS for word in _words(name))


def _words(name: str) -> list[str]:
    return name.strip(" -\"'").lower().replace("_", "-").replace(".", "-").split("-")


def _is_option(option: str, *, is_assigned: bool) -> bool:
    """Whether it is an option, or the name of what is assigned, and no text with a = in it."""
    name = option.lstrip(_QUOTES)
    if not is_assigned:
        return name.startswith("-")
    return not any(c in "{[:;&?/" or c.isspace() for c in name)


def _line(given: str) -> str:
    """A shell's line with its secrets masked; one without any stays as it is."""
    words = _split(given)
    masked = arguments(words)
    return given if masked == words else " ".join(masked)


def _split(line: str) -> list[str]:
    """The words of a shell's line; what is quoted stays together, with its quotes."""
    words = [""]
    quote = ""
    for c in line:
        if c.isspace() and not quote:
            words.append("")
            continue
        if c == quote:
            quote = ""
        elif c in _QUOTES and not quote:
            quote = c
        words[-1] += c
    return [word for word in words if word]


def _value(text: str) -> str:
    """A value that is no secret as a whole, without those that it holds."""
    name, colon, _ = text.partition(":")
    if colon and name.strip(" -\"'").replace("-", "").isalpha() and names_secret(name):
        end = text[-1] if text[:1] in _QUOTES and text[-1] == text[0] else ""
        return f"{name}: {MASK}{end}"  # a header
    if "{" in text or "[" in text:
        text = _document(text)
    if "://" in text:
        text = _addresses(text)
    if "=" in text and (";" in text or "&" in text or "?" in text):
        text = _assignments(text)
    return text


def _document(text: str) -> str:
    """JSON, or what resembles it, with the values of secret keys masked."""
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _almost_json(text)
    masked = _masked(found)
    return text if masked == found else json.dumps(masked, ensure_ascii=False)


def _masked(found: Any) -> Any:
    if isinstance(found, dict):
        return {k: MASK if names_secret(k) else _masked(value) for k, value in found.items()}
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return arguments(found)
    if isinstance(found, list):
        return [_masked(item) for item in found]
    return _value(found) if isinstance(found, str) else found


def _almost_json(text: str) -> str:
    """The dict of a Python program, or half of a JSON object, by its `key: value` pairs."""
    if len(text) > _MOST_CHARACTERS:
        return MASK
    import re

    key = r"""(?<![\w.\-])(["']?)([\w.\-]+)\1(\s*[:=]\s*)"""
    value = r"""("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,{}\[\]]+)"""

    def mask(found: re.Match[str]) -> str:
        quote, name, between, _ = found.groups()
        hidden = f'"{MASK}"' if quote else MASK
        return f"{quote}{name}{quote}{between}{hidden}" if names_secret(name) else found[0]

    return re.sub(key + value, mask, text)


def _addresses(text: str) -> str:
    """A text whose addresses, `scheme://user:password@host`, have lost user and password."""
    before, *parts = text.split("://")
    return "://".join([before, *(_without_user(part) for part in parts)])


def _without_user(rest: str) -> str:
    end = min([at for at in map(rest.find, _ENDS_OF_ADDRESS) if at >= 0], default=len(rest))
    at = rest.rfind("@", 0, end)
    if at < 0 and not _is_host(rest[:end]):
        # A password with a slash or the like in it that is not encoded.
        word = rest.split(None, 1)[0] if rest.strip() else ""
        at = word.rfind("@")
    return rest if at < 0 else f"{MASK}{rest[at:]}"


def _is_host(authority: str) -> bool:
    """Whether what stands before the first slash is a host, perhaps with a port."""
    _, colon, port = authority.rpartition(":")
    return not colon or port == "" or port.isdecimal() or authority.startswith("[")


def _assignments(text: str) -> str:
    """`Name=value;Name=value` and `?name=value&name=value` with the values of secrets masked."""
    found, name = "", ""
    parts = text.replace(";", "\0;\0").replace("&", "\0&\0").replace("?", "\0?\0").split("\0")
    for part in parts:
        name, equals, _ = part.partition("=")
        found += f"{name}={MASK}" if equals and names_secret(name) else part
    return found
