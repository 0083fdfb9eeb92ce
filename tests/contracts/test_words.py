"""The prose of code: plain engineering English, without words that only their author knows."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

from helpers import sources
from helpers.sources import Module

WORDS = re.compile(
    r"\b(whoever|whomever|whosoever|nobody|somebody|anybody|everybody|someone"
    r"|heeds?|heeded|heeding|wish|wishes|wished|look(s|ed|ing)? after|be at hand|at hand"
    r"|put(s|ting)? on record|told of|nowise|likewise|hence|thereof|anew)\b",
    re.IGNORECASE,
)
"""What to say instead: the caller, another process, the user, a stop request, publish, again."""

MOST_TODAY = 104

PAGES = sources.ROOT / "runner/homerun/studio/web/src"
NAMES = re.compile(r"\banew\b(?=: boolean)|(?<=\.)anew\b")
"""The field of a series that says that it does not continue the last answer."""


def prose(module: Module) -> Iterator[tuple[int, str]]:
    """The strings, docstrings among them, and the comments of a module, each with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    text = module.path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def broken() -> list[str]:
    return [
        f"{module.path.relative_to(sources.ROOT)}:{line} says {match.group(0)!r}"
        for module in sources.product()
        for line, text in prose(module)
        for match in WORDS.finditer(text)
    ]


def test_docstrings_comments_and_messages_use_plain_words() -> None:
    found = broken()
    by_room = Counter(one.rsplit("/", 1)[0] for one in found)
    assert len(found) <= MOST_TODAY, (by_room, found[:40])


def test_the_pages_of_studio_use_plain_words() -> None:
    found = [
        f"{path.relative_to(sources.ROOT)}:{number} says {match.group(0)!r}"
        for path in sorted([*PAGES.rglob("*.ts"), *PAGES.rglob("*.tsx")])
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in WORDS.finditer(NAMES.sub("", line))
    ]
    assert found == []
