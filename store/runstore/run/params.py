"""The parameters of a run: what its arguments say by name, and what its script added.

One parser, and one rule for values, for a submit, for the runs of earlier versions, and for what a
rerun changes:

- `--lr 0.1`, `--lr=0.1`, `-x 3`: the word behind an option is its value, unless it is an option or
  a `key=value` itself. Dashes within the name become `_`, as for argparse.
- `--fast` without a value is true, `--no-fast` makes `fast` false.
- `lr=0.1`, `model.lr=0.1`, `+db=mysql`: a word of its own, as Hydra has it.
- Several numbers behind one option, and an option that is given several times, are a list:
  `--layers 64 32` and `--layers 64 --layers 32` are `[64, 32]`.
- Other words, and all behind a `--`, are no parameters.

A value that reads as a number is one, `true` and `false` are booleans, anything else is text.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Union

    One = Union[bool, int, float, str, None]
    Value = Union[One, list[One]]

_MOST_DIGITS = 18
"""A longer whole number is an id, or a hash: as text it keeps its digits everywhere."""

_NO = "no_"
_IN_KEYS = "_.-/@"
_IN_NUMBERS = frozenset("+-.0123456789eE")


def parse(arguments: Iterable[str]) -> dict[str, Value]:
    """The parameters in the arguments of a script, in their order."""
    found: dict[str, list[list[One]]] = {}
    for name, values in _named(list(map(str, arguments))):
        found.setdefault(name, []).append(values)
    return {
        name: given[0][0]
        if len(given) == len(given[0]) == 1
        else [one for values in given for one in values]
        for name, given in found.items()
    }


def _named(words: list[str]) -> Iterator[tuple[str, list[One]]]:
    """Each parameter as it stands in the words, with its values."""
    for name, (first, *values) in pieces(words):
        if not name:
            continue
        is_key = bool(_key(first))
        yield name, [value_of(first.partition("=")[2])] if is_key else _option(first, values)[1]


def pieces(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The words of a script, each parameter's together under its name; "" is that of any other."""
    at, end = 0, words.index("--") if "--" in words else len(words)
    named = words[:end]
    while at < end:
        word, at = named[at], at + 1
        key = _key(word)
        if key or not is_option(word):
            yield key, [word]
            continue
        until = at if "=" in word else _end_of_values(named, at)
        yield _option(word, named[at:until])[0], [word, *named[at:until]]
        at = until
    yield from (("", [word]) for word in words[end:])


def _option(word: str, values: list[str]) -> tuple[str, list[One]]:
    """An option's name and values."""
    name, equals, text = word.lstrip("-").partition("=")
    name = name.replace("-", "_")
    if equals or values:
        return name, [value_of(text)] if equals else [*map(value_of, values)]
    if name.startswith(_NO) and name != _NO:
        return name[len(_NO) :], [False]
    return name, [True]


def merged(run: Mapping[str, Any], logged: Mapping[str, Any]) -> dict[str, Value]:
    """The parameters of a run: those that it was submitted with, and the later ones in their place.

    Args:
        run: its run.json; that of an earlier version has arguments only.
        logged: what its labels say.
    """
    said = run.get("params")
    if not isinstance(said, dict):
        arguments = run.get("arguments")
        said = parse(arguments) if isinstance(arguments, list) else {}
    return {**{key: value for key, value in said.items() if is_param(value)}, **logged}


def is_param(value: object) -> bool:
    """Whether a record's value is one of a parameter: a number, a boolean, a text or null, or a
    list of these.
    """
    values = value if isinstance(value, list) else [value]
    return all(one is None or isinstance(one, (bool, int, float, str)) for one in values)


def value_of(text: str) -> One:
    """A text as the value that it reads as: a boolean, a number, or the text itself."""
    folded = text.casefold()
    if folded == "true" or folded == "false":
        return folded == "true"
    number = number_in(text)
    return text if number is None else number


def number_in(text: str) -> int | float | None:
    """The number that a text reads as; None where it is none: `inf`, `0x10`, `1_000`, `007`."""
    if not text or not _IN_NUMBERS.issuperset(text):
        return None
    digits = text.lstrip("+-")
    if digits.isdigit():
        is_plain = len(digits) <= _MOST_DIGITS and (digits[0] != "0" or digits == "0")
        return int(text) if is_plain and len(text) - len(digits) < 2 else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 else None


def is_option(word: str) -> bool:
    """Whether a word is an option, and no negative number."""
    name = word.lstrip("-")
    return name != word and bool(name) and (name[0].isalpha() or name[0] == "_")


def _key(word: str) -> str:
    """The key of a `key=value`; "" where the word is none, such as an address with a `=` in it."""
    key, equals, _ = word.partition("=")
    key = key.lstrip("+")
    is_one = equals and (key[:1].isalpha() or key[:1] == "_")
    return key if is_one and all(c.isalnum() or c in _IN_KEYS for c in key) else ""


def _end_of_values(words: list[str], at: int) -> int:
    """Where the values of an option end that begin at a place: numbers may be several."""
    if at >= len(words) or is_option(words[at]) or _key(words[at]):
        return at
    end = at + 1
    if number_in(words[at]) is not None:
        while end < len(words) and number_in(words[end]) is not None:
            end += 1
    return end


def spelled(value: Value) -> str:
    """A value as it is written: `true` for a boolean, `64, 32` for a list."""
    if isinstance(value, list):
        return ", ".join(map(spelled, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
