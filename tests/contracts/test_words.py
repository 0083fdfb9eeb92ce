"""The prose of code and pages: plain English, without words that only their author knows."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import sources
from helpers.sources import Module

WORDS = re.compile(
    r"\b(whoever|whomever|whosoever|nobody|somebody|anybody|everybody|someone"
    r"|heeds?|heeded|heeding|wish|wishes|wished|look(s|ed|ing)? after|be at hand|at hand"
    r"|put(s|ting)? on record|told of|also if|nowise|likewise|hence|thereof|anew)\b",
    re.IGNORECASE,
)
"""What to say instead: the caller, another process, the user, a stop request, publish, again."""

DOCS = sorted([*sources.ROOT.glob("*.md"), *sources.ROOT.glob("docs/**/*.md")])
PAGES = sources.ROOT / "runner/homerun/studio/web/src"

NAME = re.compile(r"`[^`]*`|\"[^\" ]*\"|\banew\b(?=: boolean)|(?<=\.)anew\b")
"""What is quoted: code, and the names of an answer's fields, such as the one that says that a
series does not continue the last answer."""


def prose(module: Module) -> Iterator[tuple[int, str]]:
    """The strings, docstrings among them, and the comments of a module, each with its line.

    A string without a blank is a name, such as that of a field of an answer.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    text = module.path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def broken(path: Path, line: int, text: str) -> list[str]:
    place = f"{path.relative_to(sources.ROOT)}:{line}"
    return [f"{place} says {match.group(0)!r}" for match in WORDS.finditer(text)]


def broken_lines(path: Path) -> list[str]:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return [one for line, text in lines for one in broken(path, line, NAME.sub("", text))]


def test_docstrings_comments_and_messages_use_plain_words() -> None:
    found = [
        one
        for module in sources.product()
        for line, text in prose(module)
        for one in broken(module.path, line, text)
    ]

    assert found == []


def test_the_pages_of_studio_use_plain_words() -> None:
    pages = sorted([*PAGES.rglob("*.ts"), *PAGES.rglob("*.tsx")])

    assert [one for path in pages for one in broken_lines(path)] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_a_document_uses_plain_words(page: Path) -> None:
    assert broken_lines(page) == []
