"""The pages of the manual, each known by its topic: a wheel holds those of `docs/`."""

from __future__ import annotations

import os
import re

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INDEX = "index"
"""The page that lists all others, in the order in which they are read."""

_ENDING = ".md"
_LINK = re.compile(r"\]\(([\w-]+)\.md\)")
_FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
_COMMENT = re.compile(r"<!--.*?-->\n*", re.S)
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.M)


class Page:
    """A page as it was written.

    Attributes:
        topic: the name of its file, without the ending.
        text: in Markdown, without comments.
    """

    def __init__(self, topic: str, text: str) -> None:
        self.topic = topic
        self.text = _COMMENT.sub("", text)

    @property
    def title(self) -> str:
        """Its first heading."""
        found = _HEADING.search(self.text)
        return found[2] if found else self.topic

    def sections(self) -> Iterator[tuple[str, str]]:
        """Its headings, each with the text from there to the next one of the same rank or above."""
        shown = _FENCE.sub(lambda found: re.sub(r"^#", " ", found[0], flags=re.M), self.text)
        found = list(_HEADING.finditer(shown))  # a comment of a shell is no heading
        for place, heading in enumerate(found):
            ends = [one.start() for one in found[place + 1 :] if len(one[1]) <= len(heading[1])]
            yield heading[2], self.text[heading.start() : ends[0] if ends else None]

    def part(self, words: Sequence[str]) -> str | None:
        """The first section whose heading has all these words; None: there is none."""
        for heading, text in self.sections():
            if _has_all(heading, words):
                return text
        return None


def folder() -> str:
    """The folder of the pages: beside this module in a wheel, `docs/` in a checkout."""
    here = os.path.dirname(os.path.abspath(__file__))
    packed = os.path.join(here, "pages")
    source = os.path.join(os.path.abspath(os.path.join(here, *[os.pardir] * 3)), "docs")
    return packed if os.path.isdir(packed) else source


def page(topic: str) -> Page | None:
    """A page by its topic; None: there is none."""
    if not re.fullmatch(r"[a-z0-9-]+", topic):
        return None
    try:
        with open(os.path.join(folder(), topic + _ENDING), encoding="utf-8") as file:
            return Page(topic, file.read())
    except FileNotFoundError:
        return None


def topics() -> list[str]:
    """All topics, in the order of the index.

    Raises:
        UserError: this homerun was installed without its pages.
    """
    index = page(INDEX)
    if index is None:
        raise UserError(f"the pages of the manual are not in {folder()}: install homerun again")
    return list(dict.fromkeys(_LINK.findall(index.text)))


def where_words_stand(words: Sequence[str]) -> list[tuple[str, str]]:
    """Where all these words occur: topics, each with the heading of its innermost section.

    Those that have the words in their heading come first.
    """
    in_headings, in_texts = [], []
    for topic in topics():
        found = page(topic)
        for heading, text in found.sections() if found else ():
            own = _HEADING.split(text.partition("\n")[2], maxsplit=1)[0]
            if _has_all(heading, words):
                in_headings.append((topic, heading))
            elif _has_all(own, words):
                in_texts.append((topic, heading))
    return in_headings + in_texts


def _has_all(text: str, words: Sequence[str]) -> bool:
    low = text.lower()
    return all(word.lower() in low for word in words)
