"""The site asks no network for anything: `make docs` has built it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers.sources import ROOT

SITE = ROOT / "build/site"
FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("use", "href")}


class Fetched(HTMLParser):
    """What a page has a browser fetch from elsewhere by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.is_drawn = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        said = dict(attrs)
        if tag == "pre" and "mermaid" in (said.get("class") or "").split():
            self.is_drawn = True  # the theme fetches a library for it
        self.found += [
            value
            for name, value in attrs
            if (tag, name) in FETCHED
            and value
            and value.startswith(("http:", "https:", "//"))
            and said.get("rel") not in ("canonical", "edit")
        ]


@pytest.mark.parametrize("page", sorted(SITE.glob("*.html")), ids=lambda page: page.stem)
def test_a_page_of_the_site_fetches_nothing_from_elsewhere(page: Path) -> None:
    parser = Fetched()
    parser.feed(page.read_text())

    assert (parser.found, parser.is_drawn) == ([], False)


def test_the_site_has_every_page() -> None:
    built = {page.stem for page in SITE.glob("*.html")}

    assert {page.stem for page in ROOT.glob("docs/*.md")} - built == set()
