"""Which options a script takes, as its text tells."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_BYTES = 1 << 20


def not_taken(arguments: Iterable[str], ours: Iterable[str], script: str) -> list[str]:
    """Those of a script's arguments that are other options, which the script does not take.

    Args:
        ours: the names of those options.
        script: the path of the script; its text, and that of the modules beside it which it
            imports, tells what it takes.
    """
    known = frozenset(ours)
    found = []
    for word in arguments:
        if word == "--":
            break
        name = word.partition("=")[0]
        if name in known and name not in found:
            found.append(name)
    if not found:
        return []
    texts = list(_texts(script))
    return [name for name in found if not any(_takes(text, name) for text in texts)]


def _takes(text: str, option: str) -> bool:
    """Whether a program has an option: it is spelled there, or is a parameter or field of it."""
    spelled = rf"(?<![\w-]){re.escape(option)}(?![\w-])"
    named = rf"(?<![\w.]){re.escape(option.lstrip('-').replace('-', '_'))}\s*[:=](?!=)"
    is_long = option.startswith("--")
    return bool(re.search(spelled, text) or (is_long and re.search(named, text)))


def _texts(script: str) -> Iterator[str]:
    text = _text(script)
    yield text
    folder = os.path.dirname(script)
    for name in re.findall(r"^\s*(?:from|import)\s+([\w.]+)", text, re.MULTILINE):
        place = os.path.join(folder, name.strip(".").replace(".", os.sep))
        yield _text(f"{place}.py")


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
