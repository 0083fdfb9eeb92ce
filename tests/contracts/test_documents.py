"""The documents hang together: each link leads somewhere, no page is without one, each is made new.

Whether their commands and code do what they say is `make test-docs`.
"""

from __future__ import annotations

import re
import runpy
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from helpers.sources import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.M)
_FENCE = re.compile(r"^( *)```.*?^\1```$", re.M | re.S)

WORDS_A_MINUTE = 200
"""How fast a text is read of which part is code."""


@cache
def text_of(page: Path) -> str:
    """A page without its code."""
    return _FENCE.sub("", page.read_text())


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub and the site make them."""
    found: set[str] = set()
    for heading in _HEADING.findall(text_of(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        number = 0
        while (one := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(one)
    return found


def links(page: Path) -> list[str]:
    """Where its links lead, but for other sites."""
    found = _LINK.findall(re.sub(r"`[^`\n]*`", "", text_of(page)))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def lost(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.resolve())):
            found.append(f"{page.name}: {link}")
    return found


def test_every_link_leads_somewhere() -> None:
    assert [link for page in PAGES for link in lost(page)] == []


def test_the_index_leads_to_every_page() -> None:
    assert {*links(DOCS / "index.md")} == {page.name for page in DOCS.glob("*.md")} - {"index.md"}


def test_the_site_has_the_pages_in_the_order_of_the_index() -> None:
    said = yaml.load((ROOT / "mkdocs.yml").read_text(), _Plain)
    flat = [page for part in said["nav"] for page in _pages(part)]

    assert flat == ["index.md", *dict.fromkeys(links(DOCS / "index.md"))]


class _Plain(yaml.SafeLoader):
    """What the site's own tags stand for is of no interest here."""


_Plain.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def _pages(part: object) -> list[str]:
    if isinstance(part, str):
        return [part]
    below = part.values() if isinstance(part, dict) else part
    return [page for one in below for page in _pages(one)]  # type: ignore[attr-defined]


def test_getting_started_is_read_in_ten_minutes() -> None:
    words = len((DOCS / "getting-started.md").read_text().split())

    assert words / WORDS_A_MINUTE <= 10


def test_what_is_made_from_the_code_is_as_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["made_pages.py", "--check"])

    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(ROOT / "scripts/made_pages.py"), run_name="__main__")

    assert left.value.code == 0


def test_what_is_not_run_has_a_reason() -> None:
    texts = [page.read_text() for page in PAGES]

    assert [len(re.findall(r"<!-- not run: \S", text)) for text in texts] == [
        text.count("<!-- not run") for text in texts
    ]
