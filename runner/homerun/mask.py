"""Keeping secrets that were given as arguments out of the record."""

from __future__ import annotations

MASK = "*****"

_SECRET = frozenset(
    ("token", "secret", "secrets", "password", "passwd", "pwd", "passphrase", "key", "credentials")
)
_ENDINGS = ("token", "secret", "password", "apikey", "accesskey")


def arguments(given: list[str]) -> list[str]:
    """The arguments with the values of secret-looking options masked.

    `--api-key VALUE`, `--api-key=VALUE` and `API_KEY=VALUE` are masked; a flag without a value
    stays. The same goes for the words of a shell's line, which is what follows `-c`.
    """
    masked: list[str] = []
    hide_next = False
    for argument in given:
        option, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("--"):
            masked.append(MASK)
            hide_next = False
        elif masked and masked[-1] == "-c":
            masked.append(_line(argument))
        elif _is_secret(option, is_assigned=bool(equals)):
            masked.append(f"{option}={MASK}" if equals else argument)
            hide_next = not equals
        else:
            masked.append(argument)
            hide_next = False
    return masked


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
        elif c in "\"'" and not quote:
            quote = c
        words[-1] += c
    return [word for word in words if word]


def _is_secret(option: str, *, is_assigned: bool) -> bool:
    name = option.lstrip("\"'")
    if not name.startswith("-") and not is_assigned:
        return False
    words = name.strip("-").lower().replace("_", "-").replace(".", "-").split("-")
    return any(word in _SECRET or word.endswith(_ENDINGS) for word in words)
