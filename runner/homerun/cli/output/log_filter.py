"""The lines of a log on their way to a person: those that hold a pattern, progress bars folded.

Bytes go in as they come and out as whole lines. A line that is no text passes as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

_LONGEST = 1 << 20
"""A line that is longer counts as several; so nothing is kept that grows for ever."""

_STEERING = b"\b\t\r\x1b"
"""What a progress bar is drawn with; another control character makes a line no text."""

_NO_TEXT = bytes(byte for byte in range(32) if byte not in _STEERING) + b"\x7f"


class Sieve:
    """Lines that are let through, one piece of a log after another.

    Args:
        pattern: what a line has to hold; None: nothing special.
        folds: whether of what one line has shown over itself only the last is kept.
    """

    def __init__(self, pattern: re.Pattern[bytes] | None, folds: bool) -> None:
        self._pattern = pattern
        self._folds = folds
        self._rest = b""

    @property
    def lets_all_through(self) -> bool:
        """Whether no line is held back."""
        return self._pattern is None

    def is_let_through(self, line: bytes) -> bool:
        """Whether a whole line holds the pattern, as it is shown."""
        shown = folded(line) if self._folds else line
        return self._pattern is None or bool(self._pattern.search(shown.rstrip(b"\n")))

    @staticmethod
    def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pieces as lines with their ends, each as `pass_on` judges it."""
        rest = b""
        for piece in pieces:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > _LONGEST:
                yield rest
                rest = b""
        if rest:
            yield rest

    def pass_on(self, piece: bytes) -> bytes:
        """What is let through of the lines that end in this piece."""
        if self._pattern is None and not self._folds:
            return piece
        data = self._rest + piece
        end = data.rfind(b"\n") + 1
        if not end and len(data) > _LONGEST:
            end = len(data)
        whole, self._rest = data[:end], data[end:]
        if self._pattern is None and b"\r" not in whole:
            return whole
        lines = whole.split(b"\n")
        last = lines.pop()
        kept = [self._line(line + b"\n") for line in lines]
        return b"".join(kept) + (self._line(last) if last else b"")

    def rest(self) -> bytes:
        """What is let through of a last line without an end."""
        rest, self._rest = self._rest, b""
        return self._line(rest) if rest else b""

    def _line(self, line: bytes) -> bytes:
        if not self.is_let_through(line):
            return b""
        return folded(line) if self._folds else line


def folded(line: bytes) -> bytes:
    """A line as a terminal shows it at last, behind each `\\r`; what is no text stays."""
    end = next((end for end in (b"\r\n", b"\n") if line.endswith(end)), b"")
    text = line[: len(line) - len(end)]
    if b"\r" not in text or not _is_text(text):
        return line
    shown = [part for part in text.split(b"\r") if part.strip()]
    return (shown[-1] if shown else b"") + end


def _is_text(line: bytes) -> bool:
    if line.translate(None, _NO_TEXT) != line:
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
