"""Keeping secrets that were given as arguments out of the record."""

from __future__ import annotations

MASK = "*****"

_SECRET = frozenset(
    ("token", "secret", "secrets", "password", "passwd", "pwd", "passphrase", "key", "credentials")
)
_ENDINGS = ("token", "secret", "password", "apikey", "accesskey")


def arguments(given: list[str]) -> list[str]:
    """The arguments with the values of secret-looking options masked.

    `--api-key VALUE` and `--api-key=VALUE` are both masked; a flag without a value stays.
    """
    masked: list[str] = []
    hide_next = False
    for argument in given:
        option, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("--"):
            masked.append(MASK)
            hide_next = False
        elif _is_secret(option):
            masked.append(f"{option}={MASK}" if equals else argument)
            hide_next = not equals
        else:
            masked.append(argument)
            hide_next = False
    return masked


def _is_secret(option: str) -> bool:
    if not option.startswith("-"):
        return False
    words = option.strip("-").lower().replace("_", "-").replace(".", "-").split("-")
    return any(word in _SECRET or word.endswith(_ENDINGS) for word in words)
