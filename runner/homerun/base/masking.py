"""Keeping secrets that were given as arguments out of the record.

What is masked goes by names: of options, of variables, of keys in JSON; by places: the user and
password in an address; and by shapes: tokens of well-known services. A secret that is neither named
nor placed nor shaped like one is not recognised. `secret_signs` says which names and shapes.
"""

from __future__ import annotations

from homerun.base.secret_signs import (
    MASK,
    SHORTEST_TOKEN,
    hides,
    is_plural,
    without_tokens,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_ENDS_OF_ADDRESS = "/?# \t\r\n\"'<>`,;)]}"
_MOST_CHARACTERS = 10_000
"""A longer text that only resembles JSON is masked as a whole."""

_QUOTES = "\"'"

_PROGRAMS = {
    "curl": ("-u", "-U", "-b", "-E", "--user", "--proxy-user"),
    "http": ("-a",),
    "https": ("-a",),
    "ldapsearch": ("-w",),
    "redis-cli": ("-a",),
    "smbclient": ("-U",),
    "sshpass": ("-p",),
}
"""Programs whose short options take secrets."""

_ATTACHED = {"mysql": "-p", "mysqldump": "-p", "mysqladmin": "-p", "mariadb": "-p", "7z": "-p"}
"""The same for an option that only takes what is written together with it."""

_ENDS_OF_COMMAND = ("|", "&", ";")
_LONGEST_CLUSTER = 8
_FEWEST_CHARACTERS = 6


def arguments(given: Iterable[str]) -> list[str]:
    """The arguments with the values of secret-looking options masked.

    `--api-key VALUE`, `--api-key=VALUE` and `API_KEY=VALUE` are masked; a flag without a value
    stays. The same goes for the words of an argument that is itself a line, as behind `-c`, for the
    keys of JSON, the parameters of addresses and connection strings, and headers.
    """
    words = _Words()
    return [words.mask(argument) for argument in given]


def text(given: str, known: Iterable[str] = ()) -> str:
    """A line of a log or a message, without the secrets in its addresses and its tokens.

    Args:
        known: further secrets, as `secrets_in` finds them.
    """
    for secret in known:
        given = given.replace(secret, MASK)
    return _without_places(given)


def texts(found: Any) -> Any:
    """What JSON or YAML holds, with each of its texts as `text` has it."""
    if isinstance(found, dict):
        return {key: texts(value) for key, value in found.items()}
    if isinstance(found, list):
        return [texts(item) for item in found]
    return text(found) if isinstance(found, str) else found


def is_masked(found: Any) -> bool:
    """Whether a secret was masked in what JSON or YAML holds."""
    if isinstance(found, dict):
        return any(map(is_masked, found.values()))
    if isinstance(found, list):
        return any(map(is_masked, found))
    return isinstance(found, str) and MASK in found


def secrets_in(lines: Iterable[str]) -> list[str]:
    """The passwords in the addresses of some lines, and users without one, the longest first.

    A short one could be a part of anything, and is left out.
    """
    found: set[str] = set()
    for line in lines:
        for part in line.split("://")[1:]:
            user, colon, password = part[: max(_end_of_user(part), 0)].partition(":")
            found.add(password if colon else user)
    plain = (one for one in found if len(one) >= _FEWEST_CHARACTERS and one != MASK)
    return sorted(plain, key=len, reverse=True)


def document(found: Any) -> Any:
    """What JSON or YAML holds, with the values of secret keys masked."""
    if isinstance(found, dict):
        return {
            key: MASK if hides(str(key), value) else document(value) for key, value in found.items()
        }
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return arguments(found)
    if isinstance(found, list):
        return [document(item) for item in found]
    return _value(found) if isinstance(found, str) else found


class _Words:
    """The words of one command line, masked one by one."""

    def __init__(self) -> None:
        self._option = ""  # whose value may follow
        self._is_secret = False  # whatever the option is called
        self._is_plural = False
        self._short: tuple[str, ...] = ()
        self._attached = ""

    def mask(self, word: str) -> str:
        """The next word, masked if need be."""
        self._note_program(word)
        if self._option:
            if word == "--" and not self._is_plural:
                return word  # `--password -- VALUE`
            if not word.startswith("--"):
                return self._value_of_option(word)
        self._option = ""
        own = self._of_program(word)
        if own is not None:
            return own
        option, equals, value = word.partition("=")
        if not _is_option(option, is_assigned=bool(equals)):
            return _value(word)
        if not equals:
            self._option, self._is_secret = option if hides(option) else "", False
            self._is_plural = is_plural(option)
            return _value(word)
        return f"{option}={MASK if hides(option, value) else _value(value)}"

    def _value_of_option(self, word: str) -> str:
        is_secret = self._is_secret or hides(self._option, word)
        if not self._is_plural:
            self._option = ""
        return MASK if is_secret else _value(word)

    def _note_program(self, word: str) -> None:
        name = word.rpartition("/")[2].strip(_QUOTES)
        if name in _PROGRAMS or name in _ATTACHED:
            self._short, self._attached = _PROGRAMS.get(name, ()), _ATTACHED.get(name, "")
        elif word.endswith(_ENDS_OF_COMMAND):
            self._short, self._attached = (), ""

    def _of_program(self, word: str) -> str | None:
        """A word that is an option of a program we know; None: it is not."""
        if self._attached and word.startswith(self._attached) and word != self._attached:
            return f"{self._attached}{MASK}"
        for option in self._short:
            is_long = option.startswith("--")
            if word == option or (not is_long and _is_cluster(word) and word[-1] == option[1]):
                self._option, self._is_secret, self._is_plural = option, True, False
                return word
            begin = f"{option}=" if is_long else option
            if word.startswith(begin):
                return f"{begin}{MASK}"
        return None


def _is_cluster(word: str) -> bool:
    """Whether it is short options in one word: `-sSu`."""
    return word[:1] == "-" and word[1:].isalpha() and len(word) < _LONGEST_CLUSTER


def _is_option(option: str, *, is_assigned: bool) -> bool:
    """Whether it is an option, or the name of what is assigned, and no text with a = in it."""
    name = option.lstrip(_QUOTES)
    if not is_assigned:
        return name.startswith("-") and not _has_blanks(name)
    return not any(c in "{[:;&?/" or c.isspace() for c in name)


def _has_blanks(text: str) -> bool:
    return " " in text or "\n" in text or "\t" in text


def _line(given: str) -> str:
    """A shell's line with its secrets masked; the rest of it stays as it is."""
    pieces = _split(given)
    words = _Words()
    return "".join(piece if piece.isspace() else words.mask(piece) for piece in pieces)


def _split(line: str) -> list[str]:
    """The words of a shell's line and what is between them; what is quoted stays together."""
    pieces, begin, quote = [], 0, ""
    for at, c in enumerate(line):
        if at > begin and not quote and c.isspace() != line[at - 1].isspace():
            pieces.append(line[begin:at])
            begin = at
        if c == quote:
            quote = ""
        elif c in _QUOTES and not quote:
            quote = c
    return [*pieces, line[begin:]]


def _value(text: str) -> str:
    """A value that is no secret as a whole, without those that it holds."""
    if len(text) < SHORTEST_TOKEN and text.isalnum():
        return text  # as most are
    name, colon, _ = text.partition(":")
    if colon and name.strip(" -\"'").replace("-", "").isalpha() and hides(name, "23"):
        end = text[-1] if text[:1] in _QUOTES and text[-1] == text[0] else ""
        return f"{name}: {MASK}{end}"  # a header; words such as `session:` begin other texts, too
    if "{" in text or "[" in text:
        found = _document(text)
        if found is not None:
            return found
        text = _almost_json(text)
    if _has_blanks(text):
        return _of_words(text)
    name, equals, value = text.partition("=")
    if equals and _is_option(name, is_assigned=True) and hides(name, value):
        return f"{name}={MASK}"
    return _without_places(_assignments(text, ";") if ";" in text else text)


def _of_words(text: str) -> str:
    """A value with blanks in it, which may be the line of a shell, or one word in quotes."""
    if len(_split(text)) > 1:
        return _without_places(_line(text))
    quote = text[0]
    if quote in _QUOTES and text[-1] == quote and len(text) > 1:
        return f"{quote}{_value(text[1:-1])}{quote}"
    return _without_places(text)


def _without_places(text: str) -> str:
    """A text without the secrets that stand in addresses, and those of well-known shapes."""
    if "://" in text:
        text = _addresses(text)
    elif "@" in text and ":" in text:
        text = _short_addresses(text)
    if "=" in text and ("&" in text or "?" in text):
        text = _assignments(text, "&?")
    return without_tokens(text)


def _document(text: str) -> str | None:
    """JSON with the values of secret keys masked; None: it is no JSON."""
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    masked = document(found)
    return text if masked == found else json.dumps(masked, ensure_ascii=False)


def _almost_json(text: str) -> str:
    """The dict of a Python program, or half of a JSON object, by its `key: value` pairs."""
    if len(text) > _MOST_CHARACTERS:
        return MASK
    import re

    key = r"""(?<![\w.\-])(["']?)([\w.\-]+)\1(\]?\s*[:=](?!=)\s*)"""
    value = r"""("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,{}\[\]]+)"""

    def mask(found: re.Match[str]) -> str:
        quote, name, between, value = found.groups()
        hidden = f'"{MASK}"' if quote else MASK
        return f"{quote}{name}{quote}{between}{hidden}" if hides(name, value) else found[0]

    return re.sub(key + value, mask, text)


def _addresses(text: str) -> str:
    """A text whose addresses, `scheme://user:password@host`, have lost user and password."""
    before, *parts = text.split("://")
    return "://".join([before, *(_without_user(part) for part in parts)])


def _without_user(rest: str) -> str:
    at = _end_of_user(rest)
    return rest if at < 0 else f"{MASK}{rest[at:]}"


def _end_of_user(rest: str) -> int:
    """Where the @ behind user and password stands in what follows `://`; -1: there are none."""
    end = min([at for at in map(rest.find, _ENDS_OF_ADDRESS) if at >= 0], default=len(rest))
    at = rest.rfind("@", 0, end)
    if at < 0 and not _is_host(rest[:end]):
        # A password with a slash or the like in it that is not encoded.
        word = rest.split(None, 1)[0] if rest.strip() else ""
        at = word.rfind("@")
    return at


def _is_host(authority: str) -> bool:
    """Whether what stands before the first slash is a host, perhaps with a port."""
    _, colon, port = authority.rpartition(":")
    return not colon or port == "" or port.isdecimal() or authority.startswith("[")


def _short_addresses(text: str) -> str:
    """The same for `user:password@host.name` and `user:password@host:path`, without a scheme."""
    if len(text) > _MOST_CHARACTERS:
        return MASK
    import re

    user, host = r"[\w.+\-]+:[^\s@/:\"']+", r"(?:[\w\-]+\.[\w.\-]+|(?!sha\d+:)[\w\-]+:)"
    return re.sub(rf"(?<![\w.+\-/:@]){user}@(?={host})", f"{MASK}@", text)


def _assignments(text: str, between: str) -> str:
    """`Name=value;Name=value` and `?name=value&name=value` with the values of secrets masked."""
    found, name = "", ""
    for sign in between:
        text = text.replace(sign, f"\0{sign}\0")
    for part in text.split("\0"):
        name, equals, value = part.partition("=")
        found += f"{name}={MASK}" if equals and hides(name, value) else part
    return found
